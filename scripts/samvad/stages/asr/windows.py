"""Windows: what Whisper hears at once, 30 s at most; a window says which stretches of the film fill them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
#: Windows that are encoded in their own length hold so much at most, packed or with their pauses in them: the encoder's
#: attention grows with the square of the length, and in Hindi a small model loses less of a shorter one (Whisper base,
#: benchmarks/missing_words.py: docs/recognition.md, "What it costs").
SHORT_PACKED_MS, SHORT_SPAN_MS = 14_000, 18_000
#: What a window costs, and a second in it, and a cut in a pause of no length, of which nothing is left in one of so
#: much: a cut within a sentence costs words on both sides of it.
_WINDOW_PRICE, _SECOND_PRICE, _CUT_PRICE, _FREE_PAUSE_MS = 0.3, 0.01, 1.0, 1_500
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


def spans(speech: Sequence[Region], longest_ms: int = LONGEST_MS) -> list[Window]:
    """Return windows as WhisperX makes them: from the first word to the last, with all that lies between.

    WhisperX joins regions as long as they fit into 30 s (``Vad.merge_chunks``), wherever that cuts; here, the cuts are
    in long pauses. No window has more than one language.

    Args:
        speech: in order of time.
        longest_ms: how much sound a window holds at most, where no region is longer.
    """
    room = _room(speech)

    def window(regions_: Sequence[Region]) -> Window:
        start_ms = regions_[0].start_ms - room[regions_[0]][0]
        return Window(((start_ms, regions_[-1].end_ms + room[regions_[-1]][1]),), tuple(regions_))

    return [found for run in _runs(speech) for found in _parted(run, window, longest_ms)]


def packed(speech: Sequence[Region], longest_ms: int = LONGEST_MS) -> list[Window]:
    """Return windows full of speech: longer pauses are shortened, so that fewer windows are needed.

    Args:
        speech: in order of time.
        longest_ms: how much sound a window holds at most, where no region is longer.
    """
    room = _room(speech)
    return [
        found for run in _runs(speech) for found in _parted(run, lambda regions_: _window(regions_, room), longest_ms)
    ]


def _parted(run: Sequence[Region], window: Callable[[Sequence[Region]], Window], longest_ms: int) -> list[Window]:
    """Return regions in windows: few, and parted in long pauses (the cheapest way of all, by dynamic programming)."""
    prices, last = [0.0], list[tuple[int, Window]]()
    for end in range(1, len(run) + 1):
        ways = []
        for first in range(end - 1, -1, -1):
            made = window(run[first:end])
            if first < end - 1 and made.length_ms > longest_ms:
                break
            pause_ms = run[first].start_ms - run[first - 1].end_ms if first else _FREE_PAUSE_MS
            price = prices[first] + _WINDOW_PRICE + _SECOND_PRICE * made.length_ms / 1000
            ways.append((price + _CUT_PRICE * max(0.0, 1 - pause_ms / _FREE_PAUSE_MS), first, made))
        price, first, made = min(ways, key=lambda way: way[:2])
        prices.append(price)
        last.append((first, made))
    found: list[Window] = []
    end = len(run)
    while end:
        end, made = last[end - 1]
        found.append(made)
    return found[::-1]


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
