"""The values that the verdicts of stage 07 rest on: what each segment says by itself, and what is known beside it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from samvad.documents.segments import Segment
from samvad.media.sound_curve import SoundCurve
from samvad.stages.hallucination_removal.limits import Limits
from samvad.text.repetition import compression_ratio, loop, other_scripts, plain

#: A value by name; None where there is nothing to measure.
Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Evidence:
    """What is known beside the text.

    Attributes:
        regions: start and end of each stretch of speech, in milliseconds and in order of time, or None where they are
            not known.
        curve: the sound curve, or None where stage 06 did not run.
        phrases: language of each known phrase, by its plain form.
    """

    regions: Sequence[tuple[int, int]] | None = None
    curve: SoundCurve | None = None
    phrases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What the other segments say about one.

    Attributes:
        repeats: how often the same text came before within the window.
        after_itself_ms: how long after the same text it begins, where that stands next before it.
        piece_text: plain text of everything decoded in one piece with it, where that piece says it more than once.
        spoken: the languages of the film; its own where they are not given.
    """

    repeats: int = 0
    after_itself_ms: int | None = None
    piece_text: str | None = None
    spoken: frozenset[str] = frozenset()


def measure(segment: Segment, context: Context, evidence: Evidence, limits: Limits) -> dict[str, float | None]:
    """Return every value by name; None where there is nothing to measure.

    Args:
        segment: the segment.
        context: what the other segments say about it.
        evidence: speech regions, sound curve, phrases.
        limits: the regions' margin and the least length of loops and texts are taken from them.
    """
    text = plain(segment.text)
    covered, times = loop(text, limits.loop_repeats)
    scores = [word.score for word in segment.words if word.score is not None]
    duration_ms = max(1, segment.end_ms - segment.start_ms)
    heard = evidence.curve.means(segment.start_ms, segment.end_ms) if evidence.curve else {}
    peak = evidence.curve.voice_peak(segment.start_ms, segment.end_ms) if evidence.curve else None
    return {
        "speech_overlap": _overlap(segment, evidence.regions, limits.region_margin_ms),
        "voice_peak": peak,
        **{f"heard_{name}": heard.get(name) for name in ("speech", "singing", "music")},
        "no_speech_prob": segment.decoding.get("no_speech_prob"),
        "avg_logprob": segment.decoding.get("avg_logprob"),
        "word_probability": round(sum(scores) / len(scores), 3) if scores else None,
        "letters": len(text.replace(" ", "")),
        "other_scripts": other_scripts(text, context.spoken or {segment.language}),
        "loop_characters": covered,
        "loop_repeats": times,
        "loop_share": round(covered / len(text), 2) if text else 0.0,
        "compression_ratio": _ratio(context.piece_text or text, limits.compression_characters),
        "repeats": context.repeats,
        "after_itself_ms": context.after_itself_ms,
        "characters_per_second": round(1000 * len(segment.text.strip()) / duration_ms, 1),
        "phrase": float(text in evidence.phrases),
    }


def contexts(segments: Sequence[Segment], limits: Limits) -> list[Context]:
    """Return what the neighbours say about each segment; segments must be in order of time."""
    keys = [plain(segment.text) or segment.text.strip() for segment in segments]
    pieces = _piece_texts(segments, keys)
    spoken = frozenset(segment.language for segment in segments)
    found = []
    first = 0
    for index, segment in enumerate(segments):
        while segments[first].end_ms < segment.start_ms - limits.repeat_window_ms and first < index:
            first += 1
        repeats = keys[first:index].count(keys[index])
        itself = repeats > 0 and keys[index - 1] == keys[index]
        after_ms = max(0, segment.start_ms - segments[index - 1].end_ms) if itself else None
        found.append(Context(repeats, after_ms, pieces[index], spoken))
    return found


def _piece_texts(segments: Sequence[Segment], keys: Sequence[str]) -> list[str | None]:
    """Return, for each segment whose text comes more than once in its decoded piece, the text of the piece.

    Segments that Whisper decoded in one piece stand together and share its figures to the last digit.
    """
    texts: list[str | None] = [None] * len(segments)
    for figures, group in groupby(range(len(segments)), key=lambda index: sorted(segments[index].decoding.items())):
        members = list(group)
        if not any(value is not None for _, value in figures):
            continue
        said = [keys[index] for index in members]
        for index in members:
            if said.count(keys[index]) > 1:
                texts[index] = " ".join(said)
    return texts


def _ratio(text: str, at_least: int) -> float | None:
    return round(compression_ratio(text), 2) if len(text) >= at_least else None


def _overlap(segment: Segment, regions: Sequence[tuple[int, int]] | None, margin_ms: int) -> float | None:
    """Return the part of a segment (0 to 1) that lies in speech regions, each widened by a margin."""
    if regions is None:
        return None
    start_ms, end_ms = segment.start_ms, max(segment.end_ms, segment.start_ms + 1)
    covered, position = 0, start_ms
    for region_start, region_end in regions[bisect_left(regions, start_ms - margin_ms, key=lambda region: region[1]) :]:
        if region_start - margin_ms >= end_ms:
            break
        first = max(position, region_start - margin_ms)
        position = max(position, min(end_ms, region_end + margin_ms))
        covered += max(0, position - first)
    return round(covered / (end_ms - start_ms), 3)
