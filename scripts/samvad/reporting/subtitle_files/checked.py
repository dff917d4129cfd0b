"""A subtitle file, checked: what was read in it, what was not, and which rules its cues break."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import typed_json
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.documents import segments
from samvad.documents.subtitle_check import TrackCheck
from samvad.documents.subtitles import file_language, formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import MENDED, Reading
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import agreement, bilingual, checking, objections, qc, speech
from samvad.text import languages

#: What the command ends with when a file breaks a rule whose breach is an error.
BREACHES = 1


@dataclass(frozen=True)
class Asked:
    """What files are checked by.

    Attributes:
        profile: its name or file.
        language: of all files; None: what stands in each name.
        rate: the film's frames a second.
        shots: times of the film's shot changes in ms; None where they are not known.
        words: the segments document with the times of words.
        encoding: of all files; empty: what is sure of each.
        published: a person's subtitles of the same speech, whose cue ends are compared.
    """

    profile: str
    language: str | None
    rate: Fraction
    shots: list[int] | None = None
    words: Path | None = None
    encoding: str = ""
    published: Path | None = None

    def rules(self, language: str) -> Rules:
        """Return the rules for a language."""
        return subtitle_profiles.load(self.profile).rules(language, self.rate)


@dataclass(frozen=True)
class FileCheck:
    """The check of a file.

    Attributes:
        reading: what was read in it; None where it could not be.
        check: by the rules; None where it could not be read, or is in no language that is known.
        figures: what its cues come to.
        error: why it could not be read or checked.
        two_languages: whether it has two, each checked by its own rules.
        agreement: how far its cues end where the published ones do; None where none were given.
    """

    path: Path
    asked: Asked
    reading: Reading | None = None
    check: TrackCheck | None = None
    figures: dict[str, float] | None = None
    error: SamvadError | None = None
    agreement: agreement.Agreement | None = None
    two_languages: bool = False

    @property
    def cues(self) -> tuple[Cue, ...]:
        """Return the cues that were read."""
        return self.reading.cues if self.reading else ()

    @property
    def fails_to_read(self) -> str:
        """Return why not all of its text was read, in words; an empty text where all was."""
        if self.reading is None:
            return self.error.what if self.error else "It was not read."
        if self.reading.lost:
            return f"Text or times are lost in {len(self.reading.lost)} places."
        return "" if self.reading.cues else "No cue was read in it."

    def exit_code(self, *, strict: bool) -> int:
        """Return what the command is to end with for this file alone.

        Args:
            strict: whether warnings, and what had to be mended to be read, count as well.
        """
        codes = [0]
        if self.error is not None:
            codes.append(max(self.error.exit_code, ConfigurationError.exit_code))
        if self.reading is not None and self.fails_to_read:
            codes.append(MediaError.exit_code)
        levels = {item.level for item in self.check.findings} if self.check else set()
        mended = self.reading is not None and any(note.kind == MENDED for note in self.reading.notes)
        if "error" in levels or (strict and (levels or mended)):
            codes.append(BREACHES)
        return max(codes)

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values, as the command prints it."""
        made: dict[str, object] = {"file": str(self.path), "profile": self.asked.profile}
        if self.error is not None:
            made["error"] = {"category": self.error.category, "what": self.error.what, "remedy": self.error.remedy}
        if self.reading is not None:
            made |= {"encoding": self.reading.encoding, "notes": typed_json.plain(list(self.reading.notes))}
            made |= {
                "times": [[cue.start_ms, cue.end_ms] for cue in self.cues],
                "texts": [cue.text for cue in self.cues],
                "lines": [cue.file_line for cue in self.cues],
            }
        if self.check is not None:
            known = {"shots": self.asked.shots is not None, "first_words": self.asked.words is not None}
            made |= {**typed_json.plain(self.check), "figures": self.figures, "checked": known}
        if self.agreement is not None:
            made["agreement"] = {**vars(self.agreement), "f1": round(self.agreement.f1, 4)}
        return made


def check_file(path: Path, asked: Asked) -> FileCheck:
    """Return the check of a file; one that cannot be read or checked says so in it."""
    if path.is_dir():
        return FileCheck(path, asked, error=_why_not(path))
    named = file_language.in_name(path.name)
    try:
        known = asked.language or (named.language if named else "")
        reading = formats.read(path, language=known, encoding=asked.encoding)
    except SamvadError as error:
        return FileCheck(path, asked, error=error)
    try:
        return check_cues(path, asked, reading)
    except SamvadError as error:
        return FileCheck(path, asked, reading, error=error)


def check_cues(path: Path, asked: Asked, reading: Reading) -> FileCheck:
    """Return the check of what was read in a file.

    Raises:
        ConfigurationError: its language is not known.
        SamvadError: the profile, or the times of words, cannot be read.
    """
    if two := _two_languages(path, asked.language):
        return _check_two(path, asked, reading, *two)
    language = file_language.of(path, [cue.text for cue in reading.cues], asked.language, by_words=True)
    rules, cues = asked.rules(language), reading.cues
    said = speech.times_of(cues, segments.read(asked.words), language) if asked.words else None
    context = checking.Context(asked.shots, said)
    found = checking.check(cues, rules, context)
    figures = {name: round(value, 4) for name, value in qc.figures(cues, found).items()}
    published = formats.read(asked.published, language=language).cues if asked.published else None
    agreed = None if published is None else agreement.of(cues, published, language)
    track = qc.track_check(cues, rules, found, objections.find(cues, rules, context))
    return FileCheck(path, asked, reading, track, figures, agreement=agreed)


#: Two languages in the name of a track that has both: ``film.hi-en.hi.srt``.
_TWO = re.compile(r"\.(?P<upper>[a-z]{2,3})-(?P<lower>[a-z]{2,3})\.(?P=upper)\.[A-Za-z]+$")


def _two_languages(path: Path, asked: str | None) -> tuple[str, ...]:
    """Return the languages of a track in two, the upper lines' first; empty where it is in one."""
    if asked and "+" in asked:
        upper, _, lower = asked.partition("+")
        return languages.normalise(upper, "--language"), languages.normalise(lower, "--language")
    found = _TWO.search(path.name) if not asked else None
    named = (found["upper"], found["lower"]) if found else ()
    return named if all(languages.from_tag(code) for code in named) else ()  # not of "film.re-up.re.srt"


def _check_two(path: Path, asked: Asked, reading: Reading, upper: str, lower: str) -> FileCheck:
    """Return the check of a track in two languages: each by its own rules, as long as its text stays."""
    cues, rules = reading.cues, asked.rules(upper)
    found = bilingual.check(bilingual.pairs_in(cues, upper, lower), rules, asked.rules(lower))
    figures = {name: round(value, 4) for name, value in qc.figures(cues, found).items()}
    return FileCheck(path, asked, reading, qc.track_check(cues, rules, found, []), figures, two_languages=True)


def files_in(places: Iterable[Path]) -> list[Path]:
    """Return the files that are named, and the subtitle files below the folders that are, each once.

    A folder of which none come, or that cannot be read, is among them: its check says so, and it stops no other.
    """
    found: dict[Path, None] = {}
    for place in places:
        below = sorted(_below(place)) if place.is_dir() else [place]
        found |= dict.fromkeys(below or [place])
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    unreadable: list[Path] = []
    for parent, _, names in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
        for path in (Path(parent, name) for name in names):
            if path.suffix.lower() in formats.ENDINGS and (path.suffix.lower() != ".xml" or _is_ttml(path)):
                yield path
    yield from unreadable


def _why_not(folder: Path) -> SamvadError:
    """Return why no file of a folder is checked."""
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return MediaError(f"{folder} cannot be read ({error.strerror}).", path=str(folder))
    return ConfigurationError(
        f"{folder} has no subtitle file in it.", f"Known are {', '.join(sorted(formats.ENDINGS))}."
    )


def _is_ttml(path: Path) -> bool:
    """Return whether an XML file is timed text; one that cannot be read is, so that it is named."""
    if not path.is_file():
        return True
    try:
        with path.open("rb") as file:
            head = file.read(4096).replace(b"\0", b"")  # the letters of UTF-16 have one each
    except OSError:
        return True
    return b"<tt" in head or b":tt" in head


def worst(checks: Sequence[FileCheck], *, strict: bool) -> int:
    """Return what the command is to end with: the gravest of all files'."""
    return max((checked.exit_code(strict=strict) for checked in checks), default=0)
