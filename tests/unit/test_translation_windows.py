from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from samvad.stages.translation import windows
from samvad.stages.translation.backends import Line
from samvad.stages.translation.guards import Decoded


def line(number: int, start_ms: int, end_ms: int, language: str = "es") -> Line:
    return Line(number, language, "a", start_ms, end_ms, start_ms, end_ms)


def test_neighbours_of_one_language_are_heard_together():
    lines = [
        line(1, 0, 2000),
        line(2, 2100, 4000),
        line(4, 4100, 6000),
        line(5, 6100, 8000, "hi"),
        line(6, 12000, 13000, "hi"),
    ]
    # 3 was English or quarantined; 5 is Hindi; before 6 there is a long pause
    assert windows.windows_of(lines) == [(0, 1), (2,), (3,), (4,)]


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 20_000), st.sampled_from(["es", "hi"])), max_size=40))
def test_windows_hold_every_line_once_in_order_and_fit_whisper(times):
    lines, at = [], 0
    for number, (pause, length, language) in enumerate(times, 1):
        lines.append(line(number, at + pause, at + pause + length, language))
        at += pause + length
    found = windows.windows_of(lines)
    assert [place for window in found for place in window] == list(range(len(lines)))
    for window in found:
        assert len({lines[place].language for place in window}) == 1
        assert len(window) == 1 or lines[window[-1]].end_ms - lines[window[0]].start_ms <= 28_000


def test_a_translation_with_a_sentence_for_each_line_is_shared_out():
    lines = [line(1, 0, 2000), line(2, 2100, 4000)]
    parts = windows.share_out(Decoded("Good night, Raúl. Where is my brother?", -4.0, 10), lines)
    assert [part.text for part in parts] == ["Good night, Raúl.", "Where is my brother?"]
    assert all(abs(part.log_probability / part.tokens + 0.4) < 1e-9 for part in parts)


def test_a_translation_that_does_not_fit_its_lines_is_not_shared_out():
    lines = [line(1, 0, 2000), line(2, 2100, 4000)]
    assert windows.share_out(Decoded("Good night and where is my brother?", -4.0, 10), lines) is None
    assert (
        windows.share_out(Decoded("No. He has been away from this town for a long, long time.", -4.0, 10), lines)
        is None
    )
    assert windows.share_out(Decoded("", 0.0, 0), lines) is None


def test_a_window_is_halved_at_its_widest_pause_and_in_the_middle_where_all_are_alike():
    lines = [line(1, 0, 1000), line(2, 1100, 2000), line(3, 4000, 5000), line(4, 5100, 6000)]
    assert windows.halves((0, 1, 2, 3), lines) == [(0, 1), (2, 3)]
    assert windows.halves((0, 1), lines) == [(0,), (1,)]
    even = [line(number, number * 1000, number * 1000 + 900) for number in range(4)]
    assert windows.halves((0, 1, 2, 3), even) == [(0, 1), (2, 3)]
