"""What a reader of subtitle files found in one: its cues, and what it did not take as it stands.

Nothing vanishes: whatever a reader skips, mends or can't express is a note with its line, so that whoever asked for the
file can say so, and refuse to go on where text would be lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from samvad.documents.subtitles.cues import Cue

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
        text: what stands there, cut to a length for messages; empty where nothing can be shown.
    """

    line: int
    kind: str
    reason: str
    text: str = ""


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
