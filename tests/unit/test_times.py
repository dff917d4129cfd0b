from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad import times


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
