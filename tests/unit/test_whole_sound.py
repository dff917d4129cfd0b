"""All of a result's sound is held against the film's: what is new, missing, moved or swapped is found anywhere."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

from samvad.media.packet_runs import Run
from samvad.stages.mux.packets import are_same, compared
from samvad.stages.mux.whole import Beside, Found

RATE_HZ = 16_000
Sound = NDArray[np.float64]


@functools.cache
def _film() -> Sound:
    """Return half a minute of two channels: four bursts as uneven as speech, and silence before, between and after."""
    random = np.random.default_rng(1)
    made = np.zeros((30 * RATE_HZ, 2))
    for begin, end in ((3.0, 7.0), (9.0, 13.0), (15.5, 19.0), (21.0, 25.0)):
        time = np.arange(round((end - begin) * RATE_HZ)) / RATE_HZ
        for channel, loud in enumerate((0.3, 0.2)):
            steps = np.arange(0.0, end - begin + 0.3, 0.15)
            swell = np.clip(np.interp(time, steps, random.uniform(-0.3, 1.0, len(steps))), 0, 1)
            made[round(begin * RATE_HZ) :][: len(time), channel] = loud * swell * random.normal(0, 0.5, len(time))
    return made


OTHER = np.random.default_rng(2).normal(0, 0.05, (2 * RATE_HZ, 2))


def heard(film: Sound, result: Sound, shift: float = 0.0) -> Found:
    """Compare two sounds that come in uneven blocks of bytes."""
    length = max(len(film), len(result))
    both = np.hstack([np.pad(one, ((0, length - len(one)), (0, 0))) for one in (film, result)])
    data = (np.clip(both, -1, 1) * 32767).astype("<i2").tobytes()
    beside = Beside(film.shape[1], shift)
    for begin in range(0, len(data), 70_001):
        beside.take(data[begin : begin + 70_001])
    return beside.end()


def _at(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _mixed(at: float, length: float, loud: float = 1.0) -> Sound:
    made = _film().copy()
    made[_at(at) : _at(at + length)] += loud * OTHER[: _at(length)]
    return made


def _with(begin: float, end: float, samples: Sound | float) -> Sound:
    made = _film().copy()
    made[_at(begin) : _at(end)] = samples
    return made


def test_the_same_sound_is_the_same() -> None:
    assert heard(_film(), _film()) == Found(compared=True)
    assert heard(np.zeros((RATE_HZ * 9, 2)), np.zeros((RATE_HZ * 9, 2))) == Found()


@pytest.mark.parametrize("samples", [3, 96, 480])
def test_what_rounding_of_times_and_decoders_do_is_no_difference(samples: int) -> None:
    """Times are rounded, a hole is filled 30 ms later, the loudest is cut, and soft noise is another each time."""
    random = np.random.default_rng(3)
    late = np.roll(_film(), samples, axis=0) + random.normal(0, 0.0003, _film().shape)
    late[_at(14.0) :] = np.roll(late[_at(14.0) :], -samples, axis=0)
    assert heard(_film() + random.normal(0, 0.0003, _film().shape), late) == Found(compared=True)
    assert heard(_film(), np.roll(_film(), 1600, axis=0), 0.1) == Found(compared=True), "as late as is known"


@pytest.mark.parametrize(
    ("result", "at"),
    [
        pytest.param(_mixed(7.5, 1.0), 7.5, id="a second in a pause"),
        pytest.param(_mixed(13.6, 0.3), 13.6, id="0.3 s in a pause"),
        pytest.param(_mixed(7.5, 1.0, 0.06), 7.5, id="softly"),
        pytest.param(_mixed(1.0, 1.0), 1.0, id="before the sound begins"),
        pytest.param(_mixed(27.0, 1.0), 27.0, id="when it is over"),
        pytest.param(np.concatenate([_film(), OTHER]), 30.0, id="behind the film"),
        pytest.param(_mixed(10.0, 1.0, 3.0), 10.0, id="over the film's own"),
        pytest.param(_with(7.2, 8.6, _film()[_at(16.0) : _at(17.4)]), 7.2, id="the film's own sound once more"),
    ],
)
def test_sound_that_is_not_the_films_is_found_where_it_is(result: Sound, at: float) -> None:
    found = heard(_film(), result)
    assert found.other and found.other[0][0] / 1000 == pytest.approx(at, abs=0.4)
    assert found.other[0][1] == (at != 10.0), "whether the film is silent there"


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(_with(10.0, 10.6, 0.0), id="silenced"),
        pytest.param(_with(9.0, 13.0, 0.3 * _film()[_at(9.0) : _at(13.0)]), id="softer"),
        pytest.param(_with(9.0, 13.0, _film()[_at(9.0) : _at(13.0), ::-1]), id="channels swapped"),
        pytest.param(np.concatenate([_film()[: _at(13.0)], _film()[_at(22.0) :]]), id="nine seconds left out"),
    ],
)
def test_sound_of_the_film_that_is_not_in_its_place_is_found(result: Sound) -> None:
    assert heard(_film(), result).other


@pytest.mark.parametrize("late_ms", [40, 100, 500, -250])
def test_a_part_that_comes_at_another_time_is_found_with_its_shift(late_ms: int) -> None:
    late = _at(late_ms / 1000)
    result = _with(8.0, 14.0, 0.0)
    result[_at(9.0) + late : _at(13.0) + late] = _film()[_at(9.0) : _at(13.0)]
    shifts = [shift_ms for _, shift_ms in heard(_film(), result).moved]
    assert len(shifts) > 3
    assert set(shifts) == {float(late_ms)}


def _packets(*numbers: int, step_us: int = 20_000, begin_us: int = 0) -> Run:
    return Run(begin_us + step_us * np.arange(len(numbers)), np.array(numbers, dtype=np.uint64))


ALL = tuple(range(1, 60))


def test_the_very_packets_at_their_times_are_the_same_sound() -> None:
    film = _packets(*ALL, begin_us=1_400_000)
    assert are_same(film, _packets(*ALL), 1_400_000)
    assert are_same(film, _packets(*ALL[2:], begin_us=40_000), 1_400_000), "priming that nobody hears is left out"
    assert are_same(_packets(7, 7, 7, 7), _packets(7, 7, 7, 7), 0)


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(_packets(*ALL[:30], *ALL[31:]), id="one missing"),
        pytest.param(_packets(*ALL[:30], 99, *ALL[31:]), id="another"),
        pytest.param(_packets(*ALL[:30], ALL[29], *ALL[30:]), id="one twice"),
        pytest.param(_packets(*ALL, 99), id="one more at the end"),
        pytest.param(_packets(*ALL[:-1]), id="the last missing"),
        pytest.param(_packets(*ALL[9:], begin_us=180_000), id="the first nine missing"),
        pytest.param(_packets(*ALL, step_us=21_000), id="a clock that is too fast"),
        pytest.param(Run(None, np.array(ALL, dtype=np.uint64)), id="no times"),
        pytest.param(_packets(), id="none"),
    ],
)
def test_other_packets_or_times_prove_nothing(result: Run) -> None:
    assert not are_same(_packets(*ALL), result, 0)
    assert not are_same(result, _packets(*ALL), 0)


@pytest.mark.parametrize(
    ("result", "lost", "altered"),
    [
        (ALL, (), ()),
        ((*ALL[:30], *ALL[31:]), (30,), ()),
        ((*ALL[:30], 99, *ALL[31:]), (), (30,)),
        ((*ALL[:30], 98, *ALL[30:]), (30,), ()),
        ((*ALL[:30], ALL[29], *ALL[30:]), (29,), ()),
        ((*ALL[:30], ALL[31], ALL[30], *ALL[32:]), (30, 32), ()),
        (ALL[:-1], (), (58,)),
        (ALL[:-2], (57,), ()),
        ((*ALL[:20], ALL[19], *ALL[20:40], *ALL[45:]), (40, 19), ()),
        ((*ALL[:20], *ALL[22:40], 97, *ALL[40:50]), (50, 20, 40), ()),
    ],
)
def test_packets_that_are_lost_new_or_in_another_order_are_told_from_altered_ones(
    result: tuple[int, ...], lost: tuple[int, ...], altered: tuple[int, ...]
) -> None:
    for is_sound in (True, False):
        found = compared(_packets(*ALL), _packets(*result), is_sound=is_sound)
        assert found is not None and (found.lost, found.altered) == (lost, altered)
    assert compared(_packets(*ALL), _packets(*range(100, 160)), is_sound=True) is None, "it has another form"
