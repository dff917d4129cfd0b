"""Where the words of a film went, from recognition to its subtitles: what rules took out, and what nothing explains.

Stage 04 writes what was heard (``heard.json``); stage 09 follows it into each track and writes a ``Funnel`` into
``qc.json``. A word that a stage has lost, and no record says why, is a failure of proof: the track is red.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json
from samvad.core.times import clock

SCHEMA_VERSION = "1.0"
#: So many places are named in a warning.
_SHOWN = 5


@dataclass(frozen=True)
class Taken:
    """Words that a rule, or a person, took out.

    Attributes:
        stage: folder of the stage, such as ``07_hallucination_removal``.
        rule: its name, in words.
        why: what it rests on, in words; empty where the name says it.
        start_ms: where they were heard, in ms; None where that is not known.
        end_ms: likewise.
        words: how many they are.
        text: the words.
    """

    stage: str
    rule: str
    why: str
    start_ms: int | None
    end_ms: int | None
    words: int
    text: str


@dataclass(frozen=True)
class Unexplained:
    """Words that went, or came, in a stage, and no record says why.

    Attributes:
        stage: folder of the stage.
        how: ``lost``, or ``added``.
        start_ms: where that is, in ms.
        end_ms: likewise.
        words: how many they are.
        text: the words, in small letters.
    """

    stage: str
    how: str
    start_ms: int
    end_ms: int
    words: int
    text: str


@dataclass(frozen=True)
class Said:
    """What a segment says as recognition wrote it: its number, when it begins in ms, and its text."""

    id: int
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What recognition heard.

    Attributes:
        words: how many words were recognised, with those that were taken out.
        given: how many words of a text that was given stand in the place of others.
        taken: what stage 04 took out.
        unexplained: what it lost without a record.
        said: each segment, in order of time.
    """

    schema_version: str = SCHEMA_VERSION
    words: int
    given: int = 0
    taken: tuple[Taken, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Step:
    """How many words there are at a place of the way, what that place is, and what there is to say of it."""

    stage: str
    what: str
    words: int
    note: str = ""


@dataclass(frozen=True)
class Funnel:
    """The way of a film's words into a track.

    Attributes:
        steps: in the order of the way; a translation counts its own words from there on.
        taken: what was taken out, by stage and time.
        unexplained: what went or came without a record; with one of them, nothing is proved.
    """

    schema_version: str = "1.0"
    steps: tuple[Step, ...] = ()
    taken: tuple[Taken, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()

    @property
    def lost(self) -> int:
        """Return how many words are lost without a record."""
        return sum(item.words for item in self.unexplained if item.how == "lost")

    @property
    def added(self) -> int:
        """Return how many words came from nowhere."""
        return sum(item.words for item in self.unexplained if item.how == "added")

    def told(self) -> str:
        """Return the way in a line: its counts, what was taken out by which rule, and what is not explained."""
        if not self.steps:
            return "nothing was heard"
        last = len(self.steps) - 1
        told = [s for n, s in enumerate(self.steps) if n in (0, last) or s.words != self.steps[n - 1].words]
        said = " → ".join(f"{step.words} {step.what}" for step in told)
        rules = by_rule(self.taken)
        out = "; taken out: " + ", ".join(f"{rule} {words}" for rule, words in rules.items()) if rules else ""
        wrong = [f"{self.lost} LOST WITHOUT A RECORD"] if self.lost else []
        wrong += [f"{self.added} FROM NOWHERE"] if self.added else []
        return f"{said}{out}; {', '.join(wrong) if wrong else 'each word accounted for'}"


def by_rule(taken: Iterable[Taken]) -> dict[str, int]:
    """Return how many words each rule took out, in the order of the way."""
    found: dict[str, int] = {}
    for item in taken:
        found[item.rule] = found.get(item.rule, 0) + item.words
    return found


def in_words(found: Sequence[Unexplained]) -> str:
    """Return what is not explained, with its times and words, for a warning; of much, the first."""
    shown = "; ".join(f"{clock(item.start_ms)} {item.text!r} ({item.how}, {item.stage})" for item in found[:_SHOWN])
    return f"{shown} and {len(found) - _SHOWN} more places" if len(found) > _SHOWN else shown


def read_heard(path: Path) -> Heard:
    """Read what recognition heard.

    Raises:
        ChangedFileError: it is missing or damaged.
    """
    return typed_json.read(path, Heard, "record of the words that were heard", "Run stage asr again.")


def write_heard(path: Path, heard: Heard) -> None:
    """Write what recognition heard."""
    typed_json.write(path, heard)
