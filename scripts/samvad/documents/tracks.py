"""The tracks document of stage 09: which subtitle tracks it made, in which files, and which files beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json


@dataclass(frozen=True)
class SubtitleFiles:
    """A subtitle track.

    Attributes:
        language: short code.
        translated: whether that is not the language spoken.
        cues: how many it has.
        hearing_impaired: whether it is for the deaf and hard of hearing.
        corrected: whether it is as a person corrected it.
        files: names in the stage's folder by kind, such as ``srt``.
        extra: keys that this version does not know.
    """

    language: str
    translated: bool
    cues: int
    files: dict[str, str]
    hearing_impaired: bool = False
    corrected: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that lead out of the stage's folder."""
        for kind, name in self.files.items():
            typed_json.check_name(name, f"files.{kind}")


#: What a further track is for: what is spoken in other languages than the film's; the deaf and hard of hearing, with
#: names and sounds; those who want two languages at once.
FORCED, SDH, BILINGUAL = "forced", "sdh", "bilingual"


@dataclass(frozen=True)
class FurtherTrack:
    """A track that is made of others, beside them: nobody corrects it by itself.

    Attributes:
        language: short code; of two, that of the upper lines.
        purpose: ``forced``, ``sdh`` or ``bilingual``.
        cues: how many it has; never none.
        files: names in the stage's folder by kind, such as ``srt``.
        second: short code of the lower lines' language; empty where there is one language.
        extra: keys that this version does not know.
    """

    language: str
    purpose: str
    cues: int
    files: dict[str, str]
    second: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that lead out of the stage's folder."""
        for kind, name in self.files.items():
            typed_json.check_name(name, f"files.{kind}")

    @property
    def forced(self) -> bool:
        """Say whether players show it by themselves to those who follow the film's main language."""
        return self.purpose == FORCED

    @property
    def hearing_impaired(self) -> bool:
        """Say whether it is for the deaf and hard of hearing."""
        return self.purpose == SDH

    @property
    def suffix(self) -> str:
        """Return what tells its files from others of the film: ``en.forced``, ``en.sdh``, ``hi-en.hi``."""
        if self.purpose == BILINGUAL:
            return f"{self.language}-{self.second}.{self.language}"
        return f"{self.language}.{self.purpose}"

    @property
    def key(self) -> str:
        """Return the same as stage 09's outputs are named by: ``en_forced``."""
        return self.suffix.split(".")[0].replace("-", "_") if self.second else self.suffix.replace(".", "_")


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """All tracks of a film.

    Attributes:
        tracks: in the order of its targets.
        further: tracks that are made of these.
        transcripts: names of the text for reading, by kind (``txt``, ``docx``) and language: ``txt_en``.
    """

    schema_version: str = "1.0"
    tracks: tuple[SubtitleFiles, ...]
    further: tuple[FurtherTrack, ...] = ()
    transcripts: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that lead out of the stage's folder."""
        for kind, name in self.transcripts.items():
            typed_json.check_name(name, f"transcripts.{kind}")


def read(path: Path) -> Tracks:
    """Read a tracks document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Tracks, "tracks.json of stage 09", "Run stage 09 again.")


def write(path: Path, tracks: Tracks) -> None:
    """Write a tracks document atomically."""
    typed_json.write(path, tracks)
