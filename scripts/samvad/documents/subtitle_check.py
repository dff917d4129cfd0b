"""The check of a film's subtitle tracks against a profile's rules, as stage 09 writes it: ``qc.json``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import stages, typed_json
from samvad.core.errors import SamvadError
from samvad.documents.headline import Headline
from samvad.documents.word_account import Funnel


@dataclass(frozen=True)
class Finding:
    """A cue that breaks a rule.

    Attributes:
        cue: its number in the file, from 1.
        rule: its name.
        level: ``error`` or ``warning``; ``note`` where it breaks no rule, but a person would object to it.
        value: what was found.
        limit: what is allowed, or None.
        unit: of both.
        message: in words.
    """

    cue: int
    rule: str
    level: str
    value: float | str
    limit: float | str | None
    unit: str
    message: str


@dataclass(frozen=True)
class CheckedRule:
    """A rule, how grave its breach is (``error`` or ``warning``), and where it is written."""

    rule: str
    level: str
    source: str


@dataclass(frozen=True)
class Doubt:
    """A cue whose translation a person should look at: its number in the file, from 1, and the flags of stage 08."""

    cue: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class TrackCheck:
    """The check of a track.

    Attributes:
        language: short code.
        cues: how many it has.
        rules: those that it was checked against.
        limits: their figures by name.
        within: share (0 to 1) of the cues that keep each rule, and some of them together.
        findings: every breach.
        objections: what a person would object to beside them; no part of ``within``.
        objected: how many cues each kind of these is found at.
        doubts: every cue whose translation is doubtful.
        missing: stretches of speech (start and end in ms) without text.
        perhaps: stretches without text that may be speech under other sound, likewise.
        loud: stretches without text where other sound is louder than the film's speech, likewise; no fault.
        headline: what the track is worth; None where only a file was checked.
        words: the way of the words that were heard into the track; None where that is not known.
    """

    language: str
    cues: int
    rules: tuple[CheckedRule, ...]
    limits: dict[str, float | str | bool | None]
    within: dict[str, float]
    findings: tuple[Finding, ...]
    objections: tuple[Finding, ...] = ()
    objected: dict[str, int] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    missing: tuple[tuple[int, ...], ...] = ()
    perhaps: tuple[tuple[int, ...], ...] = ()
    loud: tuple[tuple[int, ...], ...] = ()
    headline: Headline | None = None
    words: Funnel | None = None


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The check of all tracks.

    Attributes:
        profile: the profile's title.
        tracks: in the order of the film's targets.
        further: the check of each further track, by what its files are named: ``en.forced``, ``en.sdh``, ``hi-en.hi``.
        extra: keys that this version does not know.
    """

    schema_version: str = "1.1"
    profile: str
    tracks: tuple[TrackCheck, ...]
    further: dict[str, TrackCheck] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Checks:
    """Read the check of a film's tracks.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Checks, "qc.json of stage 09", "Run stage 09 again.")


def write(path: Path, checks: Checks) -> None:
    """Write the check of a film's tracks atomically."""
    typed_json.write(path, checks)


def headlines(job_folder: Path) -> dict[str, Headline]:
    """Return what a job's tracks are worth, by language; none where stage 09 has not said it."""
    try:  # of all that is in it, only this: a shelf has thousands
        value = typed_json.load(job_folder / stages.BY_NAME["subtitle_gen"].folder / "qc.json", "qc.json", "")
        found = {track["language"]: track.get("headline") for track in value["tracks"]}
        return {str(code): typed_json.parse(Headline, item) for code, item in found.items() if item}
    except (SamvadError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def words(job_folder: Path) -> dict[str, Funnel]:
    """Return the way of a job's words into each track, by language; none where stage 09 has not said it."""
    try:
        checks = read(job_folder / stages.BY_NAME["subtitle_gen"].folder / "qc.json")
    except SamvadError:
        return {}
    return {check.language: check.words for check in checks.tracks if check.words}
