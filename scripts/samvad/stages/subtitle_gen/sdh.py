"""What the deaf and hard of hearing are told beside the words: who speaks, where the voice changes, and what sounds.

Whether a speaker is in the picture is not known: a name stands wherever the voice changes. Sounds are those that stage
06 hears: music and singing, with YAMNet laughter and applause. A sound is named where nobody speaks, never over words.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from samvad.core import outside
from samvad.core.schemas import ROOT
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.media.sound_curve import SoundCurve
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import timing
from samvad.stages.subtitle_gen.units import Unit

_WORDS = ROOT / "config" / "sound_labels.tsv"
#: The sounds that have words, the more particular before the more general.
SOUNDS = ("applause", "laughter", "singing", "music")
_SPEAKER = "speaker"
#: The diarisation's own labels say that two voices differ, not whose they are.
_NUMBERED = re.compile(r"SPEAKER_\d+", re.IGNORECASE)
#: From this probability on a sound is there; where somebody speaks as probably, it is none to name.
_HEARD = 0.5
#: A sound that stops for less goes on.
_PAUSE_MS = 1500
#: How long a label stays, where there is room, and how long a name may be.
_SHOWN_MS, _MOST_CHARACTERS = 3000, 24


@dataclass(frozen=True)
class Sound:
    """A sound's kind, one of ``SOUNDS``, and its times in ms."""

    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Labelled:
    """A track's cues with the labels among them, and for how many sounds there was no room."""

    cues: tuple[Cue, ...]
    labels: int
    without_room: int


@functools.cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return the words for sounds and speakers, by language, from ``config/sound_labels.tsv``."""
    rows = [line.split("\t") for line in outside.read_text(_WORDS).splitlines() if line and not line.startswith("#")]
    head, *body = rows
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def in_brackets(text: str, rules: Rules) -> str:
    """Return a text between the profile's marks."""
    marks = rules.label_brackets or "[]"
    return f"{marks[0]}{text}{marks[-1]}"


def names_of(segments: Sequence[Segment], language: str) -> dict[str, str]:
    """Return what each speaker is called: the name that is known, else a number in the order in which they speak."""
    known = words().get(language, words()["en"])
    found: dict[str, str] = {}
    numbers = itertools.count(1)
    for segment in segments:
        label = segment.speaker
        if label is None or label in found:
            continue
        bare = " ".join(re.sub(r"[\[\](){}<>\x00-\x1f\x7f]", " ", label).split())[:_MOST_CHARACTERS].strip()
        named = bare and not _NUMBERED.fullmatch(bare)
        found[label] = bare if named else f"{known[_SPEAKER]} {next(numbers)}"
    return found


def with_names(units: Sequence[Unit], names: Mapping[str, str], rules: Rules) -> list[Unit]:
    """Return units with a speaker's name before each of which the voice changes; one voice alone in a film has none."""
    if len(names) <= 1:
        return list(units)
    made, speaks = [], None
    for unit in units:
        if unit.speaker is not None and unit.speaker != speaks and not unit.song:
            label = in_brackets(names[unit.speaker], rules)
            made.append(replace(unit, text=f"{label} {unit.text}", glued=False))
        else:
            made.append(unit)
        speaks = unit.speaker if unit.speaker is not None else speaks
    return made


def named_cues(
    cues: Sequence[Cue],
    origins: Sequence[Origin | None],
    document: SegmentsDocument,
    names: Mapping[str, str],
    rules: Rules,
) -> tuple[list[Cue], int]:
    """Return a person's cues with names where the voice changes, and how many had no room in their line."""
    by_id = {segment.id: segment for segment in document.segments}
    made, left, speaks = [], 0, None
    for cue, origin in zip(cues, origins, strict=True):
        said = [by_id[number] for number in origin.segments if number in by_id] if origin else []
        speakers = [segment.speaker for segment in said if segment.speaker]
        first = speakers[0] if speakers else None
        if first and first != speaks and len(names) > 1 and said[0].kind != "song" and cue.text.strip():
            label = in_brackets(names[first], rules)
            line = f"{label} {cue.lines[0]}"
            if len(line) > rules.max_line_characters:
                left += 1
            elif label not in cue.text:  # that person may have written it
                moved = tuple(
                    replace(style, start=style.start + len(label) + 1, end=style.end + len(label) + 1)
                    if style.line == 0
                    else style
                    for style in cue.styles
                )
                cue = replace(cue, lines=(line, *cue.lines[1:]), styles=moved)  # noqa: PLW2901 -- with its label
        made.append(cue)
        speaks = speakers[-1] if speakers else speaks
    return made, left


def sounds(curve: SoundCurve, rules: Rules) -> list[Sound]:
    """Return the sounds of a film that are long enough to be named, in order of time, none over another."""
    named = [_named(curve, step) for step in range(len(curve.speech))]
    found: list[Sound] = []
    for kind, steps in itertools.groupby(range(len(named)), key=lambda step: named[step]):
        if kind is None:
            continue
        first, *others = steps
        start_ms, end_ms = first * curve.step_ms, (others[-1] if others else first) * curve.step_ms + curve.step_ms
        if found and found[-1].kind == kind and start_ms - found[-1].end_ms <= _PAUSE_MS:
            start_ms = found.pop().start_ms
        found.append(Sound(kind, start_ms, end_ms))
    return [sound for sound in found if sound.end_ms - sound.start_ms >= rules.sound_label_ms]


def _named(curve: SoundCurve, step: int) -> str | None:
    if curve.speech[step] >= _HEARD:
        return None
    for kind in SOUNDS:
        values: tuple[float, ...] = getattr(curve, kind)
        if step < len(values) and values[step] >= _HEARD:
            return kind
    return None


def labelled(cues: Sequence[Cue], found: Sequence[Sound], rules: Rules, shots: Sequence[int]) -> Labelled:
    """Return a track's cues with labels of sounds where nothing else is shown.

    A label stays for its least time and as long as it takes to read, or is left out. Singing whose words are shown is
    not named, nor is a sound once more while it goes on behind dialogue.

    Args:
        cues: in order, without overlap.
        found: from ``sounds``.
        rules: the profile's.
        shots: times of the film's shot changes.
    """
    known = words().get(rules.language)
    if known is None:
        return Labelled(tuple(cues), 0, 0)
    made: list[Cue] = []
    without_room = 0
    for sound in found:
        if sound.kind in ("singing", "music") and _is_sung(cues, sound, rules):
            continue
        label = _placed([*cues, *made], sound, in_brackets(known[sound.kind], rules), rules, shots)
        made += [label] if label else []
        without_room += label is None
    together = sorted([*cues, *made], key=lambda cue: (cue.start_ms, cue.end_ms))
    return Labelled(tuple(together), len(made), without_room)


def _is_sung(cues: Sequence[Cue], sound: Sound, rules: Rules) -> bool:
    mark = rules.song_mark
    return any(
        (mark and mark in cue.text) or any(style.kind == "i" for style in cue.styles)
        for cue in cues
        if cue.start_ms < sound.end_ms and sound.start_ms < cue.end_ms
    )


def _placed(cues: Sequence[Cue], sound: Sound, text: str, rules: Rules, shots: Sequence[int]) -> Cue | None:
    """Return a label in the first stretch of a sound that leaves it time; None where there is none."""
    needed_ms = max(rules.min_cue_ms, rules.reading_ms(len(text), len(text.split())))
    for before, after in _free(cues, sound, rules):
        start_ms = timing.in_time(max(sound.start_ms, before), before, shots, rules)
        start_ms = max(start_ms, before, sound.start_ms - rules.first_word_ms)
        if before and start_ms - before < rules.close_gap_ms - rules.gap_ms:
            start_ms = before  # a gap that would flicker
        last_ms = min(sound.end_ms, after)
        end_ms = min(last_ms, start_ms + min(_SHOWN_MS, rules.max_cue_ms))
        if after - end_ms < rules.close_gap_ms - rules.gap_ms and after - start_ms <= rules.max_cue_ms:
            end_ms = after
        if end_ms - start_ms >= needed_ms:
            return Cue(start_ms, end_ms, (text,))
    return None


def _free(cues: Sequence[Cue], sound: Sound, rules: Rules) -> list[tuple[int, int]]:
    """Return the stretches between cues, a gap from each, that a sound reaches into."""
    ordered = sorted(cues, key=lambda cue: cue.start_ms)  # with the labels of the sounds before this one
    pairs, free_ms = [], 0
    for cue in ordered:
        pairs.append((free_ms, cue.start_ms - rules.gap_ms))
        free_ms = max(free_ms, cue.end_ms + rules.gap_ms)  # a person's cues may overlap
    pairs.append((free_ms, max(free_ms, sound.end_ms)))
    return [(start, end) for start, end in pairs if start < sound.end_ms and end > sound.start_ms and start < end]
