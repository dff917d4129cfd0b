"""Signals that a segment's text was not spoken, each with its value, and the verdict that rests on them.

No single figure is to be trusted: a loop is decoded with confidence, a mumbled line without. Two signals that have
nothing to do with each other are.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from samvad.hallucination.text import compression_ratio, loop, plain
from samvad.lyrics.curve import SoundCurve
from samvad.segments import KEEP, QUARANTINE, SUSPECT, Segment, SegmentsDocument


@dataclass(frozen=True)
class Limits:
    """Where a value becomes a signal.

    Attributes:
        speech_overlap: less of the segment (0 to 1) in a speech region than this.
        region_margin_ms: regions are taken as this much wider on both sides: word times are not exact.
        voice_peak: nowhere in the segment a higher probability of speech or singing than this; generous, because
            in narrow-band recordings clear speech is heard at 0.1 on the average.
        no_speech_prob: more than this (Whisper's own limit).
        avg_logprob: less than this (Whisper's own limit).
        word_probability: a lower mean than this (base: 0.08 to 0.29 on English made of noise, 0.44 and up on speech).
        loop_characters: so many characters in a loop at least,
        loop_repeats: with its unit so often at least, so that ``No, no, no, no!`` is none,
        loop_share: in at least this part of the text (0 to 1), or in so many characters:
        loop_characters_alone: a loop however long the text around it.
        compression_ratio: more than this (Hindi of 120 words: 95 % under 1.68),
        compression_characters: in a text of so many characters at least; below, it says nothing.
        repeats: a text said so often before, within ``repeat_window_ms``,
        short_repeats: or this often, where it has fewer than ``short_characters``: people do repeat "Yes.".
        characters_per_second: more than this; nobody speaks twice as fast as people can read,
        pace_characters: in a text of so many characters at least; the times of a short word are too rough for it.
    """

    speech_overlap: float = 0.2
    region_margin_ms: int = 200
    voice_peak: float = 0.1
    no_speech_prob: float = 0.6
    avg_logprob: float = -1.0
    word_probability: float = 0.3
    loop_characters: int = 24
    loop_repeats: int = 4
    loop_share: float = 0.5
    loop_characters_alone: int = 60
    compression_ratio: float = 2.0
    compression_characters: int = 60
    repeats: int = 2
    short_repeats: int = 5
    short_characters: int = 12
    repeat_window_ms: int = 30_000
    characters_per_second: float = 35.0
    pace_characters: int = 20


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
    phrases: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """A sign that a text was not spoken: a short name for counting, and the reason in words."""

    name: str
    reason: str


@dataclass(frozen=True)
class Judged:
    """The document with verdicts, and the names of the signals of each segment, by its id."""

    document: SegmentsDocument
    signals: dict[int, tuple[str, ...]]


@dataclass(frozen=True)
class _Context:
    """What the other segments say about one.

    Attributes:
        repeats: how often the same text came before within the window.
        piece_text: plain text of everything decoded in one piece with it, where that piece says it more than once.
    """

    repeats: int
    piece_text: str | None


def judge(
    document: SegmentsDocument,
    evidence: Evidence,
    suspect_signals: int,
    quarantine_signals: int,
    limits: Limits | None = None,
) -> Judged:
    """Return the document with a verdict, reasons and values for every segment; nothing is taken away.

    Args:
        document: of the nearest earlier stage.
        evidence: speech regions, sound curve, phrases.
        suspect_signals: number of signals from which a segment is suspect.
        quarantine_signals: number from which it is quarantined.
        limits: where a value becomes a signal.
    """
    limits = limits or Limits()
    judged, names = [], {}
    for segment, context in zip(document.segments, _contexts(document.segments, limits), strict=True):
        values = measure(segment, context.repeats, context.piece_text, evidence, limits)
        found = signals(segment, values, limits)
        verdict = KEEP
        if len(found) >= quarantine_signals:
            verdict = QUARANTINE
        elif len(found) >= suspect_signals:
            verdict = SUSPECT
        reasons = () if verdict == KEEP else tuple(signal.reason for signal in found)
        names[segment.id] = tuple(signal.name for signal in found)
        judged.append(
            dataclasses.replace(segment, verdict=verdict, reasons=reasons, signals={**segment.signals, **values})
        )
    return Judged(dataclasses.replace(document, segments=tuple(judged)), names)


def measure(
    segment: Segment, repeats: int, piece_text: str | None, evidence: Evidence, limits: Limits
) -> dict[str, float | None]:
    """Return every value by name; None where there is nothing to measure.

    Args:
        segment: the segment.
        repeats: how often the same text came shortly before.
        piece_text: plain text of the decoded piece, where it repeats this segment's; else the segment's own is taken.
        evidence: speech regions, sound curve, phrases.
        limits: the regions' margin and the least length of loops and texts are taken from them.
    """
    text = plain(segment.text)
    covered, times = loop(text, limits.loop_repeats)
    scores = [word.score for word in segment.words if word.score is not None]
    duration_ms = max(1, segment.end_ms - segment.start_ms)
    peak = evidence.curve.voice_peak(segment.start_ms, segment.end_ms) if evidence.curve else None
    return {
        "speech_overlap": _overlap(segment, evidence.regions, limits.region_margin_ms),
        "voice_peak": peak,
        "no_speech_prob": segment.decoding.get("no_speech_prob"),
        "avg_logprob": segment.decoding.get("avg_logprob"),
        "word_probability": round(sum(scores) / len(scores), 3) if scores else None,
        "letters": len(text.replace(" ", "")),
        "loop_characters": covered,
        "loop_repeats": times,
        "loop_share": round(covered / len(text), 2) if text else 0.0,
        "compression_ratio": _ratio(piece_text or text, limits.compression_characters),
        "repeats": repeats,
        "characters_per_second": round(1000 * len(segment.text.strip()) / duration_ms, 1),
        "phrase": float(text in evidence.phrases),
    }


def signals(segment: Segment, values: Mapping[str, float | None], limits: Limits) -> tuple[Signal, ...]:
    """Return the signals that a segment's values give.

    The recogniser's doubt counts once, whether the mean of tokens or of words shows it. A known phrase counts only
    beside another signal: people do say "Thank you.". A song may repeat itself, and voice detectors do not hear
    singing, so these rules are not for songs.
    """
    found = _decoder_signals(values, limits) + _form_signals(segment, values, limits)
    if segment.kind != "song":
        found = _sound_signals(values, limits) + found + _repetition_signals(values, limits)
    if found and values["phrase"]:
        found.append(Signal("phrase", "the whole text is a phrase that Whisper is known to make up"))
    return tuple(found)


def _sound_signals(values: Mapping[str, float | None], limits: Limits) -> list[Signal]:
    found = []
    overlap, peak = values["speech_overlap"], values["voice_peak"]
    if overlap is not None and overlap < limits.speech_overlap:
        found.append(Signal("outside_speech", f"voice detection heard speech in only {overlap:.0%} of its time"))
    if peak is not None and peak < limits.voice_peak:
        found.append(Signal("no_voice", f"neither speech nor singing is heard at that time (at most {peak:.2f})"))
    return found


def _decoder_signals(values: Mapping[str, float | None], limits: Limits) -> list[Signal]:
    found = []
    no_speech, logprob, word = values["no_speech_prob"], values["avg_logprob"], values["word_probability"]
    if no_speech is not None and no_speech > limits.no_speech_prob:
        found.append(Signal("no_speech_prob", f"to the recogniser it is no speech (probability {no_speech:.2f})"))
    doubts = []
    if logprob is not None and logprob < limits.avg_logprob:
        doubts.append(f"mean log probability {logprob:.2f}")
    if word is not None and word < limits.word_probability:
        doubts.append(f"mean probability of a word {word:.2f}")
    if doubts:
        found.append(Signal("doubt", f"the recogniser was unsure of the words ({', '.join(doubts)})"))
    return found


def _form_signals(segment: Segment, values: Mapping[str, float | None], limits: Limits) -> list[Signal]:
    found = []
    pace = values["characters_per_second"] or 0.0
    if segment.text.strip() and not values["letters"]:
        found.append(Signal("no_letters", "the text has no letter and no digit"))
    if pace > limits.characters_per_second and len(segment.text.strip()) >= limits.pace_characters:
        found.append(Signal("pace", f"nobody speaks {pace:.0f} characters a second"))
    return found


def _repetition_signals(values: Mapping[str, float | None], limits: Limits) -> list[Signal]:
    found = []
    covered, times, share = (values[name] or 0 for name in ("loop_characters", "loop_repeats", "loop_share"))
    enough = share >= limits.loop_share or covered >= limits.loop_characters_alone
    if covered >= limits.loop_characters and enough:
        found.append(Signal("loop", f"the same piece of text comes {times:.0f} times over"))
    ratio, repeats = values["compression_ratio"], values["repeats"] or 0
    if ratio is not None and ratio > limits.compression_ratio:
        found.append(Signal("compression", f"the text repeats itself: it can be made {ratio:.1f} times smaller"))
    short = (values["letters"] or 0) < limits.short_characters
    if repeats >= (limits.short_repeats if short else limits.repeats):
        seconds = limits.repeat_window_ms // 1000
        found.append(Signal("repeats", f"the same text came {repeats:.0f} times in the {seconds} s before"))
    return found


def _contexts(segments: Sequence[Segment], limits: Limits) -> list[_Context]:
    """Return what the neighbours say about each segment."""
    keys = [plain(segment.text) or segment.text.strip() for segment in segments]
    pieces = _piece_texts(segments, keys)
    contexts = []
    first = 0
    for index, segment in enumerate(segments):
        while segments[first].end_ms < segment.start_ms - limits.repeat_window_ms and first < index:
            first += 1
        contexts.append(_Context(keys[first:index].count(keys[index]), pieces[index]))
    return contexts


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
