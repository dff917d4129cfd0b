"""How much text that nobody spoke stage 07 catches, and how many true words it costs, by language.

Clips are made by code (benchmarks/clips.py): sounds without speech, and synthetic speech, clean and under music and
noise; real recordings are added where they are at hand. Each is decoded once, whole, without voice detection: the worst
case. What was decoded is kept in the folder, so that a second run costs seconds. Limits were set on one half of the
clips; the figures that count are those of the other half, which was made afterwards.

Usage: python benchmarks/hallucination.py [--folder build/benchmarks/hallucination]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import clips
import numpy as np
from clips import LANGUAGES, ROOT, Clip
from rapidfuzz import fuzz

from samvad.documents.segments import QUARANTINE, SegmentsDocument
from samvad.media import sound_curve, sound_events
from samvad.stages.asr import sentences
from samvad.stages.asr.regions import Region
from samvad.stages.hallucination_removal import verdicts
from samvad.stages.hallucination_removal.limits import Limits
from samvad.stages.hallucination_removal.measures import Evidence
from samvad.stages.hallucination_removal.signals import REPETITION
from samvad.text import phrases
from samvad.text.repetition import plain

LISTS = [ROOT / "config" / "hallucinations" / f"{name}.tsv" for name in LANGUAGES]
#: A decoded word counts as a true one where it is this much like the word of the reference in its place (0 to 100).
_ALIKE = 75


@dataclass(frozen=True)
class Case:
    """A clip as decoded in one language."""

    clip: Clip
    language: str
    document: SegmentsDocument
    evidence: Evidence


def prepare(folder: Path) -> list[tuple[Clip, str]]:
    """Write all clips and the list of what is to be decoded; return each clip with its file."""
    folder.mkdir(parents=True, exist_ok=True)
    made, jobs = [], []
    silent = clips.silent_clips() + clips.real_silent_clips()
    for clip in [*silent, *clips.spoken_clips(), *clips.real_spoken_clips(), *clips.real_sung_clips()]:
        samples = (np.clip(clip.samples, -1, 1) * 32767).round().astype("<i2")
        name = f"{hashlib.sha256(samples.tobytes()).hexdigest()[:16]}.wav"
        if not (folder / name).is_file():
            clips.write_wav(folder / name, clip.samples)
        made.append((clip, name))
        rank = 0 if clip.condition == "clean" or clip.real or clip.name.endswith(" 0") else 1
        for language in [clip.language] if clip.language else LANGUAGES:
            jobs.append({"file": name, "language": language, "mode": "raw", "rank": rank})
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    return made


def decode(folder: Path) -> dict[str, Any]:
    """Decode what is not decoded yet, in the environment `asr`; return all answers."""
    command = '. envs/lib.bash; exec "$(environment_dir asr)/bin/python" benchmarks/decode_clips.py "$1"'
    subprocess.run(["bash", "-c", command, "decode", str(folder.absolute())], cwd=ROOT, check=True)
    answers: dict[str, Any] = json.loads((folder / "decoded.json").read_text("utf-8"))
    return answers


def cases(folder: Path, made: list[tuple[Clip, str]], answers: dict[str, Any]) -> list[Case]:
    """Return every clip as segments, with what else is known of it."""
    known = phrases.read_all([path for path in LISTS if path.is_file()])
    found = []
    for clip, name in made:
        heard_at = folder / f"{name}.curve.json"
        if not heard_at.is_file():
            sound_curve.write(heard_at, sound_events.listen(folder / name))
        heard = sound_curve.read(heard_at)
        for language in [clip.language] if clip.language else LANGUAGES:
            answer = answers.get(f"{name} {language} raw")
            if answer is None:
                continue
            evidence = Evidence([tuple(region) for region in answer["regions"]], heard, known)
            found.append(Case(clip, language, document(answer, language), evidence))
    return found


def document(answer: dict[str, Any], language: str) -> SegmentsDocument:
    """Return what was decoded as stage 04 would cut it."""
    pieces = []
    for piece in answer["pieces"]:
        figures = {name: piece[name] for name in ("avg_logprob", "no_speech_prob", "compression_ratio")}
        words = [sentences.RawWord(*word) for word in piece["words"] if word[0].strip()]
        pieces.append(
            sentences.Chunk(
                piece["start_ms"],
                piece["end_ms"],
                language,
                piece["text"],
                tuple(words),
                {**figures, "temperature": 0.0},
            )
        )
    whole = [Region(piece.start_ms, piece.end_ms, language) for piece in pieces]
    return SegmentsDocument(language, 60_000, tuple(sentences.build_segments(pieces, whole, 14_000)))


def true_words(reference: str, decoded: list[str]) -> list[bool]:
    """Return for each decoded word whether it was said: the longest common run of like words, in order."""
    said = plain(reference).split()
    alike = [[bool(word) and fuzz.ratio(word, other) >= _ALIKE for other in said] for word in map(plain, decoded)]
    best = np.zeros((len(decoded) + 1, len(said) + 1), dtype=int)
    for i in range(len(decoded) - 1, -1, -1):
        for j in range(len(said) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1], best[i + 1, j + 1] + alike[i][j])
    found, j = [False] * len(decoded), 0
    for i in range(len(decoded)):
        while j < len(said) and best[i, j] == best[i, j + 1]:
            j += 1
        if j < len(said) and alike[i][j] and best[i, j] == best[i + 1, j + 1] + 1:
            found[i] = True
            j += 1
    return found


def figures(chosen: list[Case], strictness: str, limits: Limits | None = None) -> dict[str, Counter[str]]:
    """Return counts by language: clips without speech, with text, with text left; true words, and those lost."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in chosen:
        judged = verdicts.judge(case.document, case.evidence, verdicts.RULES[strictness], limits)
        count = counts[case.language]
        left = [
            segment for segment in judged.document.segments if segment.verdict != QUARANTINE and segment.text.strip()
        ]
        if case.clip.condition == clips.SUNG:
            continue
        if not case.clip.language:
            count["silent"] += 1
            count["texts"] += bool([segment for segment in case.document.segments if segment.text.strip()])
            count["left"] += bool(left)
            heard = bool(case.evidence.regions) and bool(case.document.segments)  # what stage 04 would decode at all
            count["behind"] += heard
            count["behind left"] += heard and bool(left)
            continue
        kept = {(word.start_ms, word.text) for segment in left for word in segment.words}
        words = [word for segment in case.document.segments for word in segment.words]
        said = true_words(case.clip.text, [word.text for word in words])
        count["words"] += sum(said)
        lost = sum(true and (word.start_ms, word.text) not in kept for word, true in zip(words, said, strict=True))
        count["lost"] += lost
        whole = [segment for segment in judged.document.segments if not REPETITION & set(judged.signals[segment.id])]
        count["heard"] += sum(len(segment.words) for segment in whole)
        count["heard lost"] += sum(len(segment.words) for segment in whole if segment.verdict == QUARANTINE)
        count[f"words {case.clip.condition}"] += sum(said)
        count[f"lost {case.clip.condition}"] += lost
    return counts


def sung(chosen: list[Case], strictness: str) -> str:
    """Return how many decoded words of songs are taken out, with what stage 06 says of them and without it."""
    lost, total = {"song": 0, "dialogue": 0}, 0
    for case in chosen:
        if case.clip.condition != clips.SUNG:
            continue
        total += sum(len(segment.words) for segment in case.document.segments)
        for kind in lost:
            marked = replace(
                case.document, segments=tuple(replace(segment, kind=kind) for segment in case.document.segments)
            )
            judged = verdicts.judge(marked, case.evidence, verdicts.RULES[strictness]).document
            lost[kind] += sum(len(segment.words) for segment in judged.segments if segment.verdict == QUARANTINE)
    return f"words of songs: {total}; taken out: {lost['song']} as songs, {lost['dialogue']} if they were not marked"


def table(counts: dict[str, Counter[str]]) -> str:
    """Return the counts as lines of text."""
    lines = [
        f"{'':6}{'clips':>7}{'text':>7}{'left':>7}{'caught':>9}"
        f"{'behind VAD':>12}{'left':>6}{'true words':>12}{'lost':>6}{'share':>8}{'all words':>11}{'lost':>6}"
    ]
    for language in LANGUAGES:
        count = counts[language]
        caught = 1 - count["left"] / max(1, count["texts"])
        lines.append(
            f"{language:6}{count['silent']:7}{count['texts']:7}{count['left']:7}{caught:9.1%}"
            f"{count['behind']:12}{count['behind left']:6}"
            f"{count['words']:12}{count['lost']:6}{count['lost'] / max(1, count['words']):8.2%}"
            f"{count['heard']:11}{count['heard lost']:6}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "benchmarks" / "hallucination")
    options = parser.parse_args()
    made = prepare(options.folder)
    found = cases(options.folder, made, decode(options.folder))
    for strictness in verdicts.RULES:
        for half, what in ((0, "the half that limits were set on"), (1, "the other half")):
            for real in (False, True):
                chosen = [case for case in found if case.clip.half == half and case.clip.real == real]
                print(f"\n{strictness}, {what}, {'recordings' if real else 'made by code'}")
                print(table(figures(chosen, strictness)))
        print(f"\n{strictness}, {sung(found, strictness)}")
        by_condition = figures([case for case in found if case.clip.half == 1], strictness)
        for condition in clips.CONDITIONS:
            words = [
                f"{name} {by_condition[name][f'lost {condition}']} of {by_condition[name][f'words {condition}']}"
                for name in LANGUAGES
            ]
            print(f"true words lost, the other half, {condition}: {', '.join(words)}")


if __name__ == "__main__":
    main()
