"""Windows: what Whisper hears at once, 30 s at most; a window says which stretches of the film fill them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from samvad.media.audio import FilmAudio
from samvad.stages.asr import regions
from samvad.stages.asr.regions import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LONGEST_MS = 30_000
#: Packed windows that are encoded in their own length hold so much at most: the encoder's attention grows with the
#: square of the length. Windows with their pauses in them do not: with 14 s, 10.6 % of four minutes' words were wrong
#: in place of 8.6 (benchmarks/recognition.py, base, ``whisperx``); packed ones had 9.2 in place of 9.6.
SHORT_MS = 14_000
#: A pause longer than this is shortened to it where stretches are packed. Enough to be heard as a pause.
_PAUSE_MS = 600
#: So much sound before the first region and after the last is heard as well: a detector cuts soft first syllables.
_MARGIN_MS = 200
#: A window with less speech than this is not cut further: the model needs to know what a word is said about.
_SHORTEST_MS = 6_000
#: Sound that is encoded in its own length is followed by so much silence (ms), and filled up to a multiple of so much.
_SILENCE_MS, _LENGTHS_MS = 2_000, 1_000
#: So many tokens, and so many for each second, are more than anybody says. A letter of Telugu takes two or three.
_TOKENS_MORE, _TOKENS_A_SECOND = 30, 40


@dataclass(frozen=True)
class Window:
    """Stretches of a film, heard one right after the other.

    Attributes:
        stretches: (start, end) in ms from the film's start, in order.
        speech: the regions in it; all of one language.
    """

    stretches: tuple[tuple[int, int], ...]
    speech: tuple[Region, ...]

    @property
    def start_ms(self) -> int:
        """Return where its first stretch begins in the film."""
        return self.stretches[0][0]

    @property
    def end_ms(self) -> int:
        """Return where its last stretch ends in the film."""
        return self.stretches[-1][1]

    @property
    def language(self) -> str:
        """Return the language spoken in it."""
        return self.speech[0].language

    @property
    def length_ms(self) -> int:
        """Return how much sound it holds."""
        return sum(end - start for start, end in self.stretches)

    @property
    def speech_ms(self) -> int:
        """Return how much of it is speech or singing."""
        return sum(region.length_ms for region in self.speech)

    @property
    def sung(self) -> bool:
        """Return whether most of it is singing."""
        return 2 * sum(region.length_ms for region in self.speech if region.sung) > self.speech_ms

    def samples(self, audio: FilmAudio) -> npt.NDArray[np.float32]:
        """Return its sound."""
        import numpy as np

        return np.concatenate([audio.piece(start, end) for start, end in self.stretches])

    def in_film(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """Return the film's times of a stretch of the window: where its larger part lies, if it crosses a seam."""
        most, times, begin = -10 * LONGEST_MS, (0, 0), 0
        for start, end in self.stretches:
            # Negative outside: then the nearest stretch has the largest value.
            shared = min(end_ms, begin + end - start) - max(start_ms, begin)
            if shared >= most:
                first, last = (start + min(max(at_ms - begin, 0), end - start) for at_ms in (start_ms, end_ms))
                most, times = shared, (first, max(first, last))
            begin += end - start
        return times


def spans(speech: Sequence[Region]) -> list[Window]:
    """Return windows as WhisperX makes them: from the first word to the last, with all that lies between.

    Regions are joined as long as they fit into 30 s (WhisperX, ``Vad.merge_chunks``), language by language.
    """
    room = _room(speech)
    windows = []
    for run in _runs(speech):
        first = 0
        for number in range(1, len(run) + 1):
            if number == len(run) or run[number].end_ms - run[first].start_ms > LONGEST_MS - 2 * _MARGIN_MS:
                start_ms = run[first].start_ms - room[run[first]][0]
                end_ms = run[number - 1].end_ms + room[run[number - 1]][1]
                windows.append(Window(((start_ms, end_ms),), tuple(run[first:number])))
                first = number
    return windows


def packed(speech: Sequence[Region], longest_ms: int = LONGEST_MS) -> list[Window]:
    """Return windows full of speech: longer pauses are shortened, so that fewer windows are needed.

    Args:
        speech: in order of time.
        longest_ms: how much sound a window holds at most, where no region is longer.
    """
    room = _room(speech)
    windows = []
    for run in _runs(speech):
        current: list[Region] = []
        for region in run:
            if current and _window([*current, region], room).length_ms > longest_ms:
                windows.append(_window(current, room))
                current = []
            current.append(region)
        windows.append(_window(current, room))
    return windows


def smaller(window: Window, audio: FilmAudio) -> list[Window]:
    """Return a window cut in two at its longest pause near the middle, or in a quiet moment; itself if it is short."""
    speech = window.speech
    room = _room(speech)
    room[speech[0]] = (speech[0].start_ms - window.start_ms, room[speech[0]][1])
    room[speech[-1]] = (room[speech[-1]][0], window.end_ms - speech[-1].end_ms)
    if window.speech_ms < _SHORTEST_MS:
        return [window]
    if len(speech) > 1:
        half = window.speech_ms / 2
        done = 0
        worth = []
        for before, after in pairwise(speech):
            done += before.length_ms
            worth.append(min(after.start_ms - before.end_ms, 2_000) - abs(done - half) / 2)
        cut = 1 + max(range(len(worth)), key=worth.__getitem__)
        return [_window(speech[:cut], room), _window(speech[cut:], room)]
    before, after = regions.halves(speech[0], audio)
    lead_ms, tail_ms = room[speech[0]]
    return [_window([before], {before: (lead_ms, 0)}), _window([after], {after: (0, tail_ms)})]


def short_ms(batch: Sequence[Window]) -> int:
    """Return in what length (ms) some windows are encoded together where they need not be filled up to 30 s."""
    longest_ms = max(window.length_ms for window in batch) + _SILENCE_MS
    return min(-(-longest_ms // _LENGTHS_MS) * _LENGTHS_MS, LONGEST_MS)


def most_tokens(batch: Sequence[Window]) -> int:
    """Return how many tokens nobody says more than in any of some windows: what goes on beyond them is a loop."""
    return _TOKENS_MORE + _TOKENS_A_SECOND * max(window.length_ms for window in batch) // 1000


def _runs(speech: Sequence[Region]) -> list[list[Region]]:
    """Group regions so that no window reaches over speech of another language, nor joins song and speech."""
    return [list(run) for _, run in groupby(speech, key=lambda region: (region.language, region.sung))]


def _room(speech: Sequence[Region]) -> dict[Region, tuple[int, int]]:
    """Return how much sound in ms may be heard before and after each region: at most half of the pause."""
    room = {}
    before_ms = 0
    for number, region in enumerate(speech):
        lead_ms = region.start_ms - before_ms if number == 0 else (region.start_ms - before_ms) // 2
        following = speech[number + 1] if number + 1 < len(speech) else None
        tail_ms = (following.start_ms - region.end_ms) // 2 if following else _MARGIN_MS
        room[region] = (max(0, min(lead_ms, _MARGIN_MS)), max(0, min(tail_ms, _MARGIN_MS)))
        before_ms = region.end_ms
    return room


def _window(speech: Sequence[Region], room: dict[Region, tuple[int, int]]) -> Window:
    stretches: list[tuple[int, int]] = []
    for region in speech:
        start_ms, end_ms = region.start_ms, region.end_ms
        if stretches:
            pause_ms = start_ms - stretches[-1][1]
            if pause_ms <= _PAUSE_MS:
                stretches[-1] = (stretches[-1][0], end_ms)
                continue
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + _PAUSE_MS // 2)
            start_ms -= _PAUSE_MS // 2
        stretches.append((start_ms, end_ms))
    stretches[0] = (stretches[0][0] - room[speech[0]][0], stretches[0][1])
    stretches[-1] = (stretches[-1][0], stretches[-1][1] + room[speech[-1]][1])
    return Window(tuple(stretches), tuple(speech))
