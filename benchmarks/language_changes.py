"""What cutting stretches of speech where their language changes is worth, and what it costs.

English and Hindi recordings joined without a pause (joined_speech.py), and one language by several voices, are
recognised by stage 04's recogniser (Whisper base, int8), once with each stretch in one language and once cut. For each
joined recording: changes of language that lie within a stretch; cuts, and how far they are off; words wrong in English
and consonants wrong or missing in Hindi, in what stands in the film's time where they were said; CPU ms of naming and
of recognising. What was not cut is not recognised again, and --no-decoding only cuts. Half 0 is what limits were set
on, half 1 what they are reported on. With --vote nobody says which languages are spoken (`source: auto`): the last
lines tell what the survey of a film of all of them, joined with pauses between, found.

Usage: envs/run asr ../benchmarks/language_changes.py [--half 1] [--engines whisperx,faster-whisper] [--only NAME …]
           [--no-decoding] [--vote]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import joined_speech
import numpy as np
from own_script import consonants, edits
from own_script import plain as indic
from recognition import plain, write_wav

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.media.audio import FilmAudio  # noqa: E402
from samvad.models import weights  # noqa: E402
from samvad.stages.asr import language, language_changes, memory, regions, second_languages  # noqa: E402
from samvad.stages.asr.engine import Engine, EngineOptions  # noqa: E402
from samvad.stages.asr.recogniser import Recogniser  # noqa: E402
from samvad.stages.asr.regions import Region  # noqa: E402
from samvad.stages.asr.whisperx_engine import WhisperXEngine  # noqa: E402

GIVEN = ("hi", "en")
ENGINES = {"faster-whisper": Engine, "whisperx": WhisperXEngine}
#: A change nearer than this to the edge of a stretch is no change within it.
_WITHIN_MS = 2_500
_COUNTED = ("words", "words wrong", "consonants", "consonants wrong", "naming ms", "recognising ms")


def recogniser_of(engine: str, audio: FilmAudio, made: dict[str, Any]) -> Recogniser:
    """Return a recogniser; the weights of each engine are loaded once."""
    if engine not in made:
        options = EngineOptions("cpu", "int8", os.cpu_count() or 1, 5, "native")
        made[engine] = memory.OutOfMemoryFallback(
            lambda _: ENGINES[engine](weights.resolve_whisper("base"), options),
            memory.Setting("cpu", "int8", 8),
            print,
        )
    return Recogniser(made[engine], audio, "native", (), 4, lambda *_: None)


def edit_words(first: list[str], second: list[str]) -> int:
    """Return the edit distance between two rows of words."""
    signs = {word: chr(number) for number, word in enumerate({*first, *second})}
    return edits("".join(map(signs.get, first)), "".join(map(signs.get, second)))


def judge(chunks: Any, said: tuple[joined_speech.Said, ...]) -> Counter[str]:
    """Count what is wrong in the words that stand where each recording is."""
    found: Counter[str] = Counter()
    words = [(word.start_ms + word.end_ms, word.text) for chunk in chunks for word in chunk.words]
    for one in said:
        text = " ".join(text for twice_ms, text in words if one.start_ms <= twice_ms / 2 < one.end_ms)
        if one.language == "en":
            known, heard = plain(one.text), plain(text)
            found += Counter({"words": len(known), "words wrong": edit_words(known, heard)})
        else:
            sounds, other = consonants(indic(one.text)), consonants(indic(text))
            found += Counter({"consonants": len(sounds), "consonants wrong": edits(sounds, other)})
    return found


def listen(
    one: joined_speech.Joined, audio: FilmAudio, engines: list[str], decoding: bool, made: dict[str, Any]
) -> list[Counter[str]]:
    """Recognise one with every engine, uncut and cut; print a row for each; return the counts in that order."""
    speech = regions.cut_long(regions.silero_regions(audio, 0.5), 28_000, audio)
    counts: list[Counter[str]] = []
    for engine in engines:
        recogniser = recogniser_of(engine, audio, made)
        before: list[Region] = []
        for way in ("uncut", "cut"):
            hear = second_languages.remembering(recogniser.detect_language_briefly)
            began = time.process_time()
            found = language_changes.Found(list(speech))
            if way == "cut":
                found = language_changes.cut(hear, audio, speech, GIVEN)
            named = language.name_languages(hear, found.speech, GIVEN)
            naming = Counter({"naming ms": round(1000 * (time.process_time() - began))})
            if not decoding:
                counts.append(naming)
            elif named == before:
                counts.append(Counter({**counts[-1], **naming}))
            else:
                began = time.process_time()
                chunks = recogniser.recognise(named)
                spent = round(1000 * (time.process_time() - began))
                counts.append(judge(chunks, one.said) + naming + Counter({"recognising ms": spent}))
            before = named
            show(f"{one.half} {one.name} {engine} {way}", counts[-1], places(one, speech, found))
    return counts


def places(one: joined_speech.Joined, speech: list[Region], found: language_changes.Found) -> str:
    """Return in words which changes of language within stretches there are, and which were found."""
    inside = [
        at_ms
        for at_ms in one.changes
        if any(region.start_ms + _WITHIN_MS <= at_ms <= region.end_ms - _WITHIN_MS for region in speech)
    ]
    off = [
        min((abs(change.at_ms - at_ms) for at_ms in one.changes), default=-1) for change in found.changes if change.cut
    ]
    return f"{len(inside)} changes in stretches, cuts off by {off} ms, {len(found.unsure)} unsure"


def show(name: str, count: Counter[str], more: str = "") -> None:
    """Print one line."""
    print(
        f"{name:42} " + ", ".join(f"{key} {count[key]}" for key in _COUNTED) + (f"; {more}" if more else ""), flush=True
    )


def survey(all_joined: list[joined_speech.Joined], made: dict[str, Any]) -> None:
    """Print what is found in a film of all of them of which nobody has said what is spoken."""
    pause = np.zeros(joined_speech.RATE_HZ, np.float32)
    with tempfile.TemporaryDirectory(prefix="samvad-changes-") as folder:
        parts = [part for one in all_joined for part in (one.samples, pause)]
        audio = FilmAudio(write_wav(Path(folder) / "film.wav", (np.concatenate(parts) * 32767).astype("<i2").tobytes()))
        speech = regions.cut_long(regions.silero_regions(audio, 0.5), 28_000, audio)
        recogniser = recogniser_of("faster-whisper", audio, made)
        vote = language.vote(recogniser.detect_language, speech)
        hear = recogniser.detect_language_briefly
        print(vote.shares, second_languages.survey(recogniser.detect_language, hear, speech, vote.language))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", type=int, choices=(0, 1), default=1)
    parser.add_argument("--engines", default="faster-whisper,whisperx")
    parser.add_argument("--only", nargs="+", choices=joined_speech.PATTERNS, help="some of the recordings")
    parser.add_argument("--no-decoding", action="store_true", help="only cut")
    parser.add_argument("--vote", action="store_true", help="only tell what the survey of languages finds")
    options = parser.parse_args()
    if not joined_speech.MEDIA.is_dir():
        sys.exit(f"The recordings are not at {joined_speech.MEDIA}.")
    chosen = [one for one in joined_speech.joined(options.half) if one.name in (options.only or joined_speech.PATTERNS)]
    made: dict[str, Any] = {}
    if options.vote:
        survey(chosen, made)
        return
    engines = options.engines.split(",")
    sums = [Counter[str]() for _ in range(2 * len(engines))]
    with tempfile.TemporaryDirectory(prefix="samvad-changes-") as folder:
        for one in chosen:
            audio = FilmAudio(
                write_wav(Path(folder) / f"{one.name}.wav", (one.samples * 32767).astype("<i2").tobytes())
            )
            sums = [
                total + count
                for total, count in zip(sums, listen(one, audio, engines, not options.no_decoding, made), strict=True)
            ]
    for place, total in enumerate(sums):
        show(f"half {options.half} {engines[place // 2]} {('uncut', 'cut')[place % 2]}", total)


if __name__ == "__main__":
    main()
