from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core import times


@given(st.integers(min_value=0, max_value=100 * 3600 * 1000))
def test_the_clock_reads_back_as_the_same_milliseconds(time_ms):
    hours, minutes, rest = times.clock(time_ms).split(":")
    seconds, milliseconds = rest.split(".")
    assert ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(milliseconds) == time_ms


def test_subrip_has_a_comma():
    assert times.clock(3_723_004, ",") == "01:02:03,004"


def test_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="negative"):
        times.clock(-1)


def test_utc_times_end_in_z():
    assert times.utc_now().endswith("Z")
    assert len(times.utc_now()) == len("2025-11-27T13:30:05.123Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01:02:03.500", 3_723_500),
        ("62:03,5", 3_723_500),
        (" 3723.5 ", 3_723_500),
        ("0", 0),
        ("0:00.001", 1),
        ("100:00", 6_000_000),
    ],
)
def test_what_people_write_for_a_time_is_read(text, expected):
    assert times.from_clock(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "1:75", "1:60:00", "-5", "1:2:3:4", "1.2345", "٣", "1e3"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is no time"):
        times.from_clock(text)


@given(st.integers(0, 10**9))
def test_the_clock_s_text_is_read_back(time_ms):
    assert times.from_clock(times.clock(time_ms)) == time_ms
