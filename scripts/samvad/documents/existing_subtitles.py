"""The document of subtitles that a film had already: stage 01 reads them, stage 04 uses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json
from samvad.core.typed_json import ShapeError

#: What becomes of them: nothing; their text takes the place of what is recognised; what is recognised is compared with
#: them; their names are told to the recogniser.
IGNORE, TRANSLATE, MEASURE, PROMPT = "ignore", "translate", "measure", "prompt"
USES = (IGNORE, TRANSLATE, MEASURE, PROMPT)


@dataclass(frozen=True)
class ExistingCue:
    """A cue, in ms on the film's clock; ``sure``: how sure OCR is of its words, 0 to 100, None of text."""

    start_ms: int
    end_ms: int
    text: str
    sure: float | None = None


@dataclass(frozen=True, kw_only=True)
class ExistingSubtitles:
    """Subtitles that a film had already, and what is to become of them.

    Attributes:
        use: one of ``USES``.
        source: which they are, in words: ``track 2: Hindi (subrip)``.
        language: short code.
        ocr: whether they were pictures, read by OCR.
        cues: in order of time.
        extra: keys that this version does not know.
    """

    schema_version: str = "1.0"
    use: str
    source: str
    language: str
    ocr: bool
    cues: tuple[ExistingCue, ...]
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a use that there is not, and times that are none."""
        if self.use not in USES:
            raise ShapeError(f"is {self.use!r}, but must be one of {', '.join(USES)}", ".use")
        for number, cue in enumerate(self.cues):
            if not 0 <= cue.start_ms < cue.end_ms:
                raise ShapeError("does not end after it begins", f".cues[{number}]")


def read(path: Path) -> ExistingSubtitles:
    """Read such a document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, ExistingSubtitles, "existing subtitles of stage 01", "Run stage 01 again.")


def write(path: Path, found: ExistingSubtitles) -> None:
    """Write such a document atomically."""
    typed_json.write(path, found)
