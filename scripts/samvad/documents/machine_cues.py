"""The machine's own cues of each track, as stage 09 cut them: what a person's corrections are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json
from samvad.documents.subtitles.cues import Cue, Style


@dataclass(frozen=True)
class Origin:
    """Where a cue comes from.

    Attributes:
        said_from_ms: when its first word is spoken.
        said_to_ms: when its last word ends.
        segments: ids of its segments.
        heard: whether its words' times were heard, not reckoned from a translation's length.
        why: why it ends where it does, in words.
        full: its text with what was left out of it, so that it can be read; empty where nothing was.
    """

    said_from_ms: int
    said_to_ms: int
    segments: tuple[int, ...]
    heard: bool
    why: str = ""
    full: str = ""


@dataclass(frozen=True)
class MachineCue:
    """A cue with where it comes from; of each style: line, start, end, kind."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    styles: tuple[tuple[int | str, ...], ...]
    said_from_ms: int
    said_to_ms: int
    segments: tuple[int, ...]
    heard: bool
    why: str = ""
    full: str = ""

    @classmethod
    def of(cls, cue: Cue, origin: Origin) -> MachineCue:
        """Return a cue and its origin as one."""
        styles = tuple((style.line, style.start, style.end, style.kind) for style in cue.styles)
        return cls(cue.start_ms, cue.end_ms, cue.lines, styles, **vars(origin))

    @property
    def cue(self) -> Cue:
        """Return the cue; what is no style is passed over."""
        styles = []
        for style in self.styles:
            match style:
                case (int(line), int(start), int(end), str(kind)):
                    styles.append(Style(line, start, end, kind))
        return Cue(self.start_ms, self.end_ms, self.lines, tuple(styles))

    @property
    def origin(self) -> Origin:
        """Return where it comes from."""
        return Origin(self.said_from_ms, self.said_to_ms, self.segments, self.heard, self.why, self.full)


@dataclass(frozen=True, kw_only=True)
class MachineCues:
    """The cues of each track by language; ``extra``: keys that this version does not know."""

    schema_version: str = "1.0"
    tracks: dict[str, tuple[MachineCue, ...]]
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> MachineCues:
    """Read the machine's cues.

    Raises:
        SamvadError: the document is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, MachineCues, "cues.json of stage 09", "Run stage 09 again.")


def write(path: Path, cues: MachineCues) -> None:
    """Write the machine's cues atomically."""
    typed_json.write(path, cues)
