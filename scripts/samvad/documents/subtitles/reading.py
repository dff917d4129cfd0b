"""What a reader of subtitle files found in one: its cues, and what it did not take as it stands.

Nothing vanishes: whatever a reader skips, mends or can't express is a note with its line, so that whoever asked for the
file can say so, and refuse to go on where text would be lost. The readers of all formats gather what they find in a
``Collector``, so that the same is said of the same thing, and every cue that is read can be shown: it begins at 0 or
later, ends after it begins, and its text has no character that a document can't hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from samvad.core.console import printable
from samvad.core.times import clock
from samvad.documents.subtitles import styled
from samvad.documents.subtitles.cues import Annotation, Cue, Piece, from_parts

#: Text or times that a player shows, or was meant to show, are not among the cues.
LOST = "lost"
#: It was broken, and taken by a repair that is sure.
MENDED = "mended"
#: A player does not show it, or cues can't hold it (a comment, a drawing, a colour); nobody's words are missing.
LEFT = "left out"


@dataclass(frozen=True)
class Note:
    """Something in a file that is not among its cues as it stands there.

    Attributes:
        line: its line, from 1; 0 stands for the file as a whole.
        kind: ``LOST``, ``MENDED`` or ``LEFT``.
        reason: why, in words that fit behind "line 7: ".
        text: what stands there, whole: whoever prints it cuts it; empty where nothing can be shown.
    """

    line: int
    kind: str
    reason: str
    text: str = ""

    def said(self) -> str:
        """Return it in a line for people, with its text cut."""
        place = f"line {self.line}" if self.line else "the file"
        text = self.text if len(self.text) <= _TEXT_SHOWN else f"{self.text[: _TEXT_SHOWN - 1]}…"
        return printable(f"{place}: {self.kind}: {self.reason}" + (f" ({text})" if text else ""))


#: How many characters of a text a message shows.
_TEXT_SHOWN = 80


@dataclass(frozen=True)
class Reading:
    """What was read in a file.

    Attributes:
        cues: in the order in which they are written.
        notes: in the order of their lines.
        encoding: how its bytes were read, such as ``utf-8``.
    """

    cues: tuple[Cue, ...]
    notes: tuple[Note, ...] = ()
    encoding: str = "utf-8"

    @property
    def lost(self) -> tuple[Note, ...]:
        """Return the notes on what is missing from the cues."""
        return tuple(note for note in self.notes if note.kind == LOST)


#: The latest time that is believed, a million hours: what says more is a slip, and would overflow where others keep it.
LATEST_MS = 3_600_000_000_000

#: What ends a line wherever it stands in a text: line separators of other systems than files.
_LINE_ENDS = re.compile("[\r\v\f\x85\u2028\u2029]")
#: What no XML document can hold, and no player shows: control characters, halves of characters, no characters at all.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass
class Collector:
    """What a reader has found so far."""

    cues: list[Cue] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def lost(self, line: int, reason: str, text: str = "") -> None:
        """Say that text or times are missing from the cues."""
        self.notes.append(Note(line, LOST, reason, text))

    def mended(self, line: int, reason: str, text: str = "") -> None:
        """Say that something was broken and is taken by a repair that is sure."""
        self.notes.append(Note(line, MENDED, reason, text))

    def left(self, line: int, reason: str, text: str = "") -> None:
        """Say that something that no player shows, or no cue can hold, is left out."""
        self.notes.append(Note(line, LEFT, reason, text))

    def cue(
        self, line: int, start_ms: int, end_ms: int, parts: Iterable[Piece | tuple[str, frozenset[str]]], *, top: bool
    ) -> None:
        """Take a cue, if it can be shown at all; say what is wrong with it if it cannot.

        Args:
            line: the line of the file where it begins.
            start_ms: when it appears; a time before 0 is taken for 0, as players do.
            end_ms: when it goes.
            parts: its text in pieces, with the characters that the file has.
            top: whether it stands at the top of the picture.
        """
        made = from_parts(max(0, start_ms), end_ms, self._clean(line, parts), top=top, file_line=line)
        if made.start_ms < end_ms <= LATEST_MS:
            if start_ms < 0:
                self.mended(line, f"it begins before the film ({_shown(start_ms)}): taken to begin with it", made.text)
            self.cues.append(made)
            return
        if end_ms > LATEST_MS or start_ms > LATEST_MS:
            why = "its times are beyond a million hours"
        elif end_ms <= start_ms:
            why = "it ends where it begins" if end_ms == start_ms else "it ends before it begins"
        else:
            why = "it ends before the film begins"
        times = f"{_shown(start_ms)} --> {_shown(end_ms)}"
        if made.text:
            self.lost(line, f"{why}, so no player shows it ({times})", styled.with_readings_in_line(made).text)
        else:
            self.left(line, f"{why}, and has no text ({times})")

    def _clean(self, line: int, parts: Iterable[Piece | tuple[str, frozenset[str]]]) -> list[Piece]:
        """Return pieces without the characters that no document can hold."""
        cleaned = []
        readings: dict[Annotation, Annotation] = {}
        for part in parts:
            piece = part if isinstance(part, Piece) else Piece(*part)
            if _LINE_ENDS.search(piece.text):
                self.mended(line, "a line separator in its text is taken for the line end that it means", piece.text)
                piece = piece._replace(text=_LINE_ENDS.sub("\n", piece.text))
            if found := sorted(set(_CONTROLS.findall(piece.text))):
                codes = ", ".join(f"U+{ord(sign):04X}" for sign in found)
                self.mended(line, f"control characters in its text are taken out ({codes})", piece.text)
                piece = piece._replace(text=_CONTROLS.sub("", piece.text))
            if piece.ruby is not None:
                plain = " ".join(_CONTROLS.sub("", piece.ruby.reading).split())
                piece = piece._replace(ruby=readings.setdefault(piece.ruby, Annotation(plain)))
            cleaned.append(piece)
        return cleaned

    def reading(self) -> Reading:
        """Return all that was found. A file in which no cue was read says so, whatever else is said of it."""
        notes = _gathered(sorted(self.notes, key=lambda note: note.line))
        if not self.cues:
            was_empty = not notes or all(note.kind == LEFT for note in notes)
            notes.insert(0, Note(0, LEFT if was_empty else LOST, "no cue was read in it"))
        return Reading(tuple(self.cues), tuple(notes))


#: How many notes of a file may say the same; more are told in one, or nobody reads the others.
_MOST_ALIKE = 10
_LINES_NAMED = 5


def _gathered(notes: list[Note]) -> list[Note]:
    """Return notes in which what is mended or left out in the same way again and again is told once, with its lines."""
    alike: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        alike.setdefault((note.kind, note.reason), []).append(note)
    kept = []
    for note in notes:
        same = alike[note.kind, note.reason]
        if note.kind == LOST or len(same) <= _MOST_ALIKE:
            kept.append(note)
        elif note is same[0]:
            lines = ", ".join(str(other.line) for other in same[1 : 1 + _LINES_NAMED])
            reason = f"{note.reason}; {len(same)} times, next in lines {lines} …"
            kept.append(replace(note, reason=reason, text="\n".join(other.text for other in same)))
    return kept


def _shown(time_ms: int) -> str:
    """Return a time for a message; one that is no time at all is cut."""
    text = ("-" if time_ms < 0 else "") + clock(abs(time_ms))
    return text if len(text) < 24 else f"{text[:12]}…"
