"""A subtitle file with what is mechanical mended: shown as a difference first, written beside its original."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

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
    return MendedFile(checked, after, text, _changed(cues, mended), _difference(checked, text, again.cues))


def _rounded(cue: Cue, kind: str) -> Cue:
    """Return a cue with times that its format can hold: SubStation Alpha has hundredths of a second."""
    if kind != "ass":
        return cue
    start_ms = cue.start_ms // 10 * 10
    return replace(cue, start_ms=start_ms, end_ms=max(start_ms + 10, cue.end_ms // 10 * 10))


def _changed(cues: Sequence[Cue], mended: Sequence[Cue]) -> int:
    return sum(one != other for one, other in zip(cues, mended, strict=True))


def _difference(checked: FileCheck, text: str, again: Sequence[Cue]) -> tuple[str, ...]:
    """Return a unified difference; cue by cue, for on whole files of 20,000 cues difflib takes hours."""
    assert checked.reading is not None  # ``mend`` has read it
    original = encodings.decode(checked.path.read_bytes(), encoding=checked.reading.encoding).text.lstrip("\ufeff")
    old, new = original.splitlines(), text.splitlines()
    edges = zip(_edges(checked.cues, len(old)), _edges(again, len(new)), strict=True)
    steps: list[_Step] = []
    for (old_from, new_from), (old_to, new_to) in itertools.pairwise(edges):
        for step in _steps(old[old_from:old_to], new[new_from:new_to]):
            steps.append((step[0], step[1] + old_from, step[2] + old_from, step[3] + new_from, step[4] + new_from))
    lines = [f"--- {checked.path}", f"+++ {checked.path} (mended)"]
    for group in _Known(_joined(steps)).get_grouped_opcodes(_CONTEXT_LINES):
        first, last = group[0], group[-1]
        lines.append(f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@")
        for how, old_from, old_to, new_from, new_to in group:
            if how == "equal":
                lines += [f" {line}" for line in old[old_from:old_to]]
                continue
            lines += [f"-{line}" for line in old[old_from:old_to]]
            lines += [f"+{line}" for line in new[new_from:new_to]]
    return tuple(lines)


_CONTEXT_LINES = 2
#: Pieces with more lines than this are shown as replaced.
_MOST_LINES = 400


#: What becomes of lines (``equal``, ``replace``, ``delete``, ``insert``), from and to which old ones, which new ones.
_Step = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


class _Known(difflib.SequenceMatcher[str]):
    """Groups steps that are known already, as a unified difference has them."""

    def __init__(self, steps: list[_Step]) -> None:
        super().__init__(None, "", "")
        self._steps = steps

    def get_opcodes(self) -> list[_Step]:
        return self._steps


def _edges(cues: Sequence[Cue], count: int) -> list[int]:
    """Return where cues begin in a file's lines, and the file's ends; one that is out of order has no piece."""
    edges = [0]
    for cue in cues:
        edges.append(min(count, max(edges[-1], cue.file_line - 1)))
    return [*edges, count]


def _steps(old: Sequence[str], new: Sequence[str]) -> list[_Step]:
    if len(old) > _MOST_LINES or len(new) > _MOST_LINES:
        return [("replace", 0, len(old), 0, len(new))]
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _joined(steps: Sequence[_Step]) -> list[_Step]:
    """Return steps with neighbours that stay equal as one."""
    joined: list[_Step] = []
    for step in steps:
        if joined and joined[-1][0] == step[0] == "equal":
            joined[-1] = ("equal", joined[-1][1], step[2], joined[-1][3], step[4])
        else:
            joined.append(step)
    return joined
