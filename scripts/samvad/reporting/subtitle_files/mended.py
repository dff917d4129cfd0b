"""A subtitle file with what is mechanical mended: shown as a difference first, written beside its original."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError
from samvad.documents.subtitles import encodings, formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import MENDED
from samvad.reporting.subtitle_files.checked import FileCheck, check_cues
from samvad.stages.subtitle_gen import mending

#: Behind the name of the original.
ORIGINAL = ".orig"


@dataclass(frozen=True)
class MendedFile:
    """A file as it would be mended.

    Attributes:
        before: its check as it is.
        after: its check as it would be.
        text: what would be written.
        changed: how many cues differ.
        difference: lines of a unified difference between the file and what would be written.
    """

    before: FileCheck
    after: FileCheck
    text: str
    changed: int
    difference: tuple[str, ...]

    def write(self) -> Path:
        """Write it in the file's place; return where the original is kept.

        Raises:
            DiskError: it cannot be written.
        """
        path = self.before.path.resolve()
        kept, number = path.with_name(f"{path.name}{ORIGINAL}"), 1
        while kept.exists():
            number += 1
            kept = path.with_name(f"{path.name}{ORIGINAL}{number}")
        files.write_bytes(kept, path.read_bytes())
        files.write_text(path, self.text)
        return kept


def mend(checked: FileCheck) -> MendedFile | None:
    """Return a file mended, or None where there is nothing to mend.

    Raises:
        MediaError: not all of its text was read, so that some would be lost.
        SamvadError: what would be written does not say the same, or the file was not checked.
    """
    if checked.reading is None or checked.check is None:
        raise checked.error or MediaError(f"{checked.path} was not read.")
    if checked.fails_to_read:
        raise MediaError(
            f"{checked.path} is not mended: {checked.fails_to_read}", "Correct that first.", path=str(checked.path)
        )
    language = checked.check.language
    rules, cues = checked.asked.rules(language), checked.reading.cues
    kind = formats.ENDINGS[checked.path.suffix.lower()]
    mended = [_rounded(cue, kind) for cue in mending.mend(cues, rules, checked.asked.shots)]
    if tuple(mended) == cues and not any(note.kind == MENDED for note in checked.reading.notes):
        return None
    text = formats.write(kind, mended, language)
    again = formats.parse(text, kind)
    if again.cues != tuple(mended) or mending.words_of(again.cues) != mending.words_of(cues):
        raise MediaError(
            f"{checked.path} is not mended: as {kind} it would say something else than it does.", path=str(checked.path)
        )
    asked = replace(checked.asked, language=language)
    after = check_cues(checked.path, asked, again)
    return MendedFile(checked, after, text, _changed(cues, mended), _difference(checked, text))


def _rounded(cue: Cue, kind: str) -> Cue:
    """Return a cue with times that its format can hold: SubStation Alpha has hundredths of a second."""
    if kind != "ass":
        return cue
    return replace(cue, start_ms=cue.start_ms // 10 * 10, end_ms=cue.end_ms // 10 * 10)


def _changed(cues: Sequence[Cue], mended: Sequence[Cue]) -> int:
    return sum(one != other for one, other in zip(cues, mended, strict=True))


def _difference(checked: FileCheck, text: str) -> tuple[str, ...]:
    assert checked.reading is not None  # ``mend`` has read it
    original = encodings.decode(checked.path.read_bytes(), encoding=checked.reading.encoding).text.lstrip("\ufeff")
    name = str(checked.path)
    lines = difflib.unified_diff(original.splitlines(), text.splitlines(), name, f"{name} (mended)", n=2, lineterm="")
    return tuple(lines)
