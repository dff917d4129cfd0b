"""When cues come and go: drawn to shot changes, chained, long enough to be seen, never over each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.settings.subtitle_rules import Rules


def in_time(onset_ms: int, said_before_ms: int, shots: Sequence[int], rules: Rules) -> int:
    """Return when a cue comes whose first word begins at ``onset_ms``.

    Just after a shot change, or a little before one, it comes with the change; a little farther before one, it comes at
    the edge of the window before it (Netflix, Subtitle Timing Guidelines, 2).

    Args:
        onset_ms: when its first word begins.
        said_before_ms: when the word before that ends: the cue never comes earlier than two frames before.
        shots: times of the shot changes, in order.
        rules: the windows.
    """
    if not shots:
        return onset_ms
    place = bisect_right(shots, onset_ms)
    # The last two frames of a word may run over the change: its cue has gone by then.
    free_from_ms = said_before_ms - rules.shot_gap_ms
    if place and onset_ms - shots[place - 1] < rules.shot_window_ms and shots[place - 1] >= free_from_ms:
        return shots[place - 1]
    if place < len(shots):
        ahead_ms = shots[place] - onset_ms
        if ahead_ms <= rules.onto_shot_ms:
            return shots[place]
        edge_ms = shots[place] - rules.shot_window_ms
        if onset_ms - edge_ms >= 0 and edge_ms >= max(0, said_before_ms):
            return edge_ms
    return onset_ms


def out_time(
    start_ms: int, said_ms: int, needed_ms: int, room_ms: int, shots: Sequence[int], rules: Rules, *, followed: bool
) -> int:
    """Return when a cue goes: with its last word, or later where it is to be read and there is room.

    Args:
        start_ms: when it comes.
        said_ms: when its last word ends.
        needed_ms: how long it takes to read it.
        room_ms: when it must be gone.
        shots: times of the shot changes, in order.
        rules: the limits.
        followed: whether ``room_ms`` is the smallest gap before the next cue, not the end of the film.
    """
    last_ms = min(room_ms, start_ms + rules.max_cue_ms)
    end_ms = min(max(said_ms, start_ms + needed_ms), last_ms)
    pulled_ms = _before_shot(start_ms, said_ms, needed_ms, end_ms, shots, rules)
    # The next cue must be far enough from the change to stay where it is.
    apart_ms = max(rules.close_gap_ms, rules.shot_window_ms + rules.shot_gap_ms) - rules.gap_ms
    if pulled_ms is not None and (not followed or room_ms - pulled_ms >= apart_ms):
        return pulled_ms
    if followed and end_ms < room_ms <= last_ms and room_ms - end_ms < rules.close_gap_ms - rules.gap_ms:
        return room_ms
    if not shots or end_ms == room_ms:
        return end_ms
    drawn_ms = _to_shot(start_ms, said_ms, needed_ms, end_ms, last_ms, shots, rules)
    if followed and drawn_ms < room_ms <= last_ms and room_ms - drawn_ms < rules.close_gap_ms - rules.gap_ms:
        return room_ms
    return drawn_ms


def _before_shot(
    start_ms: int, said_ms: int, needed_ms: int, end_ms: int, shots: Sequence[int], rules: Rules
) -> int | None:
    """Return the out-time before a shot change that a cue crosses by less than the window, if it is read by then."""
    place = bisect_left(shots, end_ms)
    if not place or end_ms - shots[place - 1] >= rules.shot_window_ms:
        return None
    before_ms = shots[place - 1] - rules.shot_gap_ms
    read = before_ms >= start_ms + max(needed_ms, rules.min_cue_ms)
    return before_ms if read and before_ms >= said_ms - rules.shot_window_ms else None


def _to_shot(
    start_ms: int, said_ms: int, needed_ms: int, end_ms: int, last_ms: int, shots: Sequence[int], rules: Rules
) -> int:
    """Return an out-time that is just before a shot change, or at least a window after one."""
    for shot_ms in shots[bisect_left(shots, end_ms - rules.shot_window_ms) :]:
        before_ms = shot_ms - rules.shot_gap_ms
        if before_ms - end_ms >= rules.shot_window_ms:
            break
        if end_ms <= before_ms <= last_ms:
            return before_ms
        if before_ms < end_ms < shot_ms + rules.shot_window_ms:
            if before_ms >= max(said_ms - rules.shot_window_ms, start_ms + max(needed_ms, rules.min_cue_ms)):
                return before_ms
            if shot_ms + rules.shot_window_ms <= last_ms:
                return shot_ms + rules.shot_window_ms
    return end_ms


@dataclass(frozen=True)
class Wish:
    """When a cue would come and go if it were alone, in ms.

    Attributes:
        start_ms: with its first word.
        end_ms: when it goes.
        needed_ms: how long it takes to read.
        early_ms: how much earlier it may come, where it could not be read otherwise.
        said_ms: when its last word ends.
        late_ms: how much later it may come, for the one before it to be read.
    """

    start_ms: int
    end_ms: int
    needed_ms: int
    early_ms: int
    said_ms: int
    late_ms: int = 0


def settle(wishes: Sequence[Wish], limit_ms: int, rules: Rules) -> list[tuple[int, int]]:
    """Give every cue its shortest time, the time to read it, and the gap after it, as far as there is room.

    A cue that is too short comes earlier as far as the one before it can spare the time, and pushes the next one later
    for what is still missing. One that is too fast comes earlier into silence only, and pushes nobody.

    Args:
        wishes: for each cue, in order.
        limit_ms: end of the film; no cue stays longer, unless there is no other room.
        rules: the limits.
    """
    placed: list[list[int]] = []
    for index, wish in enumerate(wishes):
        start_ms = max(wish.start_ms, placed[-1][1] + rules.gap_ms) if placed else max(0, wish.start_ms)
        short_ms = rules.min_cue_ms - (wish.end_ms - start_ms)
        fast_ms = min(wish.early_ms, wish.needed_ms - (wish.end_ms - start_ms))
        if max(short_ms, fast_ms) > 0:
            earliest_ms = 0
            if placed:
                before = wishes[index - 1]
                seen_ms = placed[-1][0] + max(rules.min_cue_ms, before.needed_ms)
                earliest_ms = min(placed[-1][1], max(seen_ms, 0 if short_ms > 0 else before.said_ms)) + rules.gap_ms
            start_ms = min(start_ms, max(earliest_ms, start_ms - max(short_ms, fast_ms)))
            if placed:
                placed[-1][1] = min(placed[-1][1], start_ms - rules.gap_ms)
        end_ms = max(wish.end_ms, start_ms + rules.min_cue_ms)
        if index + 1 < len(wishes):
            end_ms += _spared(wishes[index + 1], end_ms, start_ms + wish.needed_ms - end_ms, rules)
        placed.append([start_ms, end_ms])
    _pull_back(placed, limit_ms, rules)
    return [(start_ms, min(end_ms, start_ms + rules.max_cue_ms)) for start_ms, end_ms in placed]


def _spared(wish: Wish, end_ms: int, missing_ms: int, rules: Rules) -> int:
    """Return how much of the time that is missing to read a cue the next one spares, by coming later."""
    slack_ms = wish.end_ms - wish.start_ms - max(wish.needed_ms, rules.min_cue_ms)
    already_ms = max(0, end_ms + rules.gap_ms - wish.start_ms)
    return max(0, min(missing_ms, wish.late_ms - already_ms, slack_ms - already_ms))


def _pull_back(placed: list[list[int]], limit_ms: int, rules: Rules) -> None:
    """Move the last cues earlier where they would stay beyond the end of the film, if there is room for them."""
    shortest_ms = len(placed) * (rules.min_cue_ms + rules.gap_ms)
    if not placed or placed[-1][1] <= limit_ms or shortest_ms > limit_ms:
        return
    latest_ms = limit_ms
    for times in reversed(placed):
        if times[1] <= latest_ms:
            break
        times[1] = latest_ms
        times[0] = min(times[0], latest_ms - rules.min_cue_ms)
        latest_ms = times[0] - rules.gap_ms
