"""What happens in the sample film, and when: the script, and the timeline that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samvad.core.typed_json import JsonObject

FRAME_RATE = 24
# Three frames at 24 a second are exactly 125 ms: a cut there is a whole frame and a whole millisecond.
_CUT_GRID_MS = 125
_TAIL_MS = 1500

NAMES = ("Rahul", "Priya", "Mumbai", "Raúl", "Madrid")


@dataclass(frozen=True)
class Voice:
    """A voice of espeak-ng: its name with variant, speed in words a minute, place between left (-1) and right (1)."""

    name: str
    language: str
    speed_wpm: int
    pan: float


VOICES = {
    "Rahul": Voice("en-us+m3", "en", 150, -0.2),
    "Priya": Voice("en-gb-x-rp+f2", "en", 140, 0.2),
    "Rahul in Spanish": Voice("es-419", "es", 150, -0.2),
    "Raúl": Voice("es", "es", 150, 0.2),
}


@dataclass(frozen=True)
class Line:
    """One line of dialogue, ``pause_ms`` after whatever came before; ``cut_ms`` after its start the picture may cut."""

    speaker: str
    text: str
    pause_ms: int = 700
    english: str | None = None
    cut_ms: int | None = None


@dataclass(frozen=True)
class Shot:
    """A hard cut to a picture, ``pause_ms`` after whatever came before (rounded up to the grid of cuts)."""

    picture: str
    caption: str = ""
    pause_ms: int = 0


@dataclass(frozen=True)
class Stretch:
    """A sound without words: ``music``, ``noise`` or (digital) ``silence``."""

    kind: str
    duration_ms: int
    pause_ms: int = 0


STORY: tuple[Line | Shot | Stretch, ...] = (
    Shot("title", "Samvad sample film"),
    Stretch("music", 10_800, pause_ms=500),
    Shot("morning", "A morning in Delhi", pause_ms=500),
    Line("Priya", "Good morning, Rahul. Did you sleep well?", pause_ms=400),
    Line("Rahul", "Not at all, Priya. I was thinking about my brother.", pause_ms=500),
    Line("Priya", "Have you heard anything from him?", pause_ms=600),
    Line("Rahul", "He wrote to me from Mumbai, but that was a year ago.", pause_ms=900),
    Shot("station", "The station", pause_ms=500),
    Line("Priya", "Then we should go to Mumbai and look for him.", pause_ms=250),
    Line("Rahul", "There is a train this evening. Will you come with me?"),
    Line("Priya", "Of course I will come with you.", pause_ms=500, cut_ms=1000),
    Shot("rain", "Mumbai, the next evening", pause_ms=800),
    Stretch("noise", 5_500),
    Shot("house", "A house in Mumbai"),
    Line("Rahul", "It has been raining all day. Where are we, Priya?", pause_ms=1000),
    Line("Priya", "This is the house where your brother used to live.", pause_ms=600),
    Line("Priya", "Be careful, Rahul. The man inside only speaks Spanish.", pause_ms=800, cut_ms=2000),
    Line("Rahul", "I learned a little Spanish in school.", pause_ms=500),
    Shot("door", "At the door", pause_ms=800),
    Line(
        "Rahul in Spanish",
        "Buenas noches, Raúl. ¿Dónde está mi hermano?",
        pause_ms=1200,
        english="Good evening, Raúl. Where is my brother?",
    ),
    Line(
        "Raúl",
        "Tu hermano no está aquí. Está en Madrid.",
        pause_ms=800,
        english="Your brother is not here. He is in Madrid.",
    ),
    Line("Rahul in Spanish", "¿Quién está con él?", pause_ms=600, english="Who is with him?"),
    Line("Raúl", "Está con su madre.", pause_ms=800, english="He is with his mother."),
    Shot("night", pause_ms=1600),
    Stretch("silence", 5_500),
    Shot("train", "The last train"),
    Line("Rahul", "My brother is in Madrid with our mother.", pause_ms=800),
    Line("Priya", "Then we have to find another train.", pause_ms=600),
)


@dataclass(frozen=True)
class PlacedLine:
    """A line at the time when it is heard, from its first sound to its last."""

    line: Line
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class PlacedShot:
    """A picture from its first frame (``start_ms``, on a frame) to that of the next."""

    shot: Shot
    start_ms: int
    end_ms: int

    @property
    def frames(self) -> int:
        """Return how many frames it stands."""
        return (self.end_ms - self.start_ms) * FRAME_RATE // 1000


@dataclass(frozen=True)
class PlacedStretch:
    """A stretch without words, where it lies."""

    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Timeline:
    """The whole film: what is heard and seen when."""

    lines: tuple[PlacedLine, ...]
    shots: tuple[PlacedShot, ...]
    stretches: tuple[PlacedStretch, ...]
    duration_ms: int

    @property
    def cuts_ms(self) -> list[int]:
        """Return the time of every cut: the first frame of each shot but the first."""
        return [shot.start_ms for shot in self.shots[1:]]


def place(story: tuple[Line | Shot | Stretch, ...], durations_ms: Mapping[Line, int]) -> Timeline:
    """Lay the story out in time.

    Args:
        story: begins with a shot.
        durations_ms: how long each line is heard; another release of espeak-ng speaks at another pace.

    Raises:
        ValueError: the story does not begin with a shot.
    """
    if not story or not isinstance(story[0], Shot):
        raise ValueError("a story begins with a shot")
    clock_ms = 0
    lines: list[PlacedLine] = []
    stretches: list[PlacedStretch] = []
    starts: list[tuple[int, Shot]] = []
    for item in story:
        clock_ms += item.pause_ms
        if isinstance(item, Shot):
            clock_ms = _next_cut(clock_ms)
            starts.append((clock_ms, item))
        elif isinstance(item, Stretch):
            stretches.append(PlacedStretch(item.kind, clock_ms, clock_ms + item.duration_ms))
            clock_ms += item.duration_ms
        else:
            lines.append(PlacedLine(item, clock_ms, clock_ms + durations_ms[item]))
            if item.cut_ms is not None:
                # The picture goes closer: the same shot again, from another side.
                starts.append((_next_cut(clock_ms + item.cut_ms), Shot(f"{starts[-1][1].picture} closer")))
            clock_ms += durations_ms[item]
    duration_ms = _next_cut(clock_ms + _TAIL_MS)
    ends = [start for start, _ in starts[1:]] + [duration_ms]
    shots = [PlacedShot(shot, start, end) for (start, shot), end in zip(starts, ends, strict=True)]
    return Timeline(tuple(lines), tuple(shots), tuple(stretches), duration_ms)


def truth(timeline: Timeline, film: str) -> JsonObject:
    """Return what is true of the film, for the tests and benchmarks that compare with it; times in milliseconds."""
    return {
        "film": film,
        "duration_ms": timeline.duration_ms,
        "frame_rate": FRAME_RATE,
        "lines": [_line_truth(placed) for placed in timeline.lines],
        "cuts_ms": timeline.cuts_ms,
        "stretches": [
            {"kind": placed.kind, "start_ms": placed.start_ms, "end_ms": placed.end_ms} for placed in timeline.stretches
        ],
        "names": list(NAMES),
    }


def _line_truth(placed: PlacedLine) -> JsonObject:
    voice = VOICES[placed.line.speaker]
    known: JsonObject = {
        "start_ms": placed.start_ms,
        "end_ms": placed.end_ms,
        "speaker": placed.line.speaker.removesuffix(" in Spanish"),
        "voice": voice.name,
        "language": voice.language,
        "text": placed.line.text,
    }
    if placed.line.english is not None:
        known["english"] = placed.line.english
    return known


def _next_cut(time_ms: int) -> int:
    return -(-time_ms // _CUT_GRID_MS) * _CUT_GRID_MS
