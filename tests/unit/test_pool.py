"""Pieces of work are shared out among decoders, each is done once or more and given back once, and none is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from samvad.stages.asr import pool as pools
from samvad.stages.asr.pool import LostDecoderError, Pool

#: How long one waits for another who is sure to come, on a machine that may be busy.
PATIENCE_SECONDS = 30


class StandIn:
    """A decoder that takes a fixed time for a piece; the pool only needs its name and its end."""

    def __init__(self, name: str, *, own: bool = False, refuse: str = "") -> None:
        self.name, self.own, self.at_once = name, own, 1
        self.refuse = refuse
        self.closed = 0

    def begin(self) -> None:
        if self.refuse:
            raise LostDecoderError(self.refuse)

    def decode(self, *_: object) -> list[Any]:
        return []

    def languages(self, *_: object) -> list[dict[str, float]]:
        return []

    def close(self) -> None:
        self.closed += 1


def team(number: int) -> list[StandIn]:
    return [StandIn("own", own=True), *(StandIn(f"helper {n}") for n in range(1, number))]


def done(pool: Pool, works: Sequence[Any]) -> list[Any]:
    return pool.results([pool.submit(work) for work in works])


@pytest.mark.parametrize("number", [1, 2, 4, 8, 16])
def test_as_many_pieces_are_at_work_at_once_as_there_are_decoders(number: int) -> None:
    pool = Pool(team(number))
    all_at_once, by_whom = threading.Barrier(number), []

    def work(decoder: Any, n: int) -> int:
        all_at_once.wait(PATIENCE_SECONDS)  # none goes on before as many others have begun
        by_whom.append(decoder.name)
        return n

    assert done(pool, [lambda decoder, n=n: work(decoder, n) for n in range(32)]) == list(range(32))
    pool.close()
    assert pool.done == dict.fromkeys(by_whom, 32 // number) and len(pool.done) == number


def test_what_a_lost_decoder_had_in_hand_is_done_by_another() -> None:
    told: list[str] = []
    decoders = team(2)
    pool = Pool(decoders, told.append)
    both = threading.Barrier(2)

    def work(decoder: Any, n: int) -> int:
        if n < 2:
            both.wait(PATIENCE_SECONDS) if not told else None
        if decoder.name == "helper 1":
            raise LostDecoderError("the GPU fell off the bus")
        return n

    assert done(pool, [lambda decoder, n=n: work(decoder, n) for n in range(10)]) == list(range(10))
    assert told == [
        "The decoder on helper 1 is left out (the GPU fell off the bus): 1 go on, and do what it had in hand."
    ]
    assert pool.done == {"own": 10} and pool.at_once == 1
    assert decoders[1].closed == 1
    pool.close()


def test_who_never_begins_holds_up_nobody() -> None:
    told: list[str] = []
    pool = Pool([StandIn("own", own=True), StandIn("n2", refuse="no GPU is free there")], told.append)
    assert done(pool, [lambda _, n=n: n for n in range(5)]) == list(range(5))
    assert len(told) == 1 and "n2 is left out (no GPU is free there)" in told[0]
    pool.close()


def test_nothing_is_left_to_who_had_no_memory_for_the_weights() -> None:
    """It would wait there for ever."""
    told: list[str] = []
    helper = StandIn("n2")
    helper.begin = lambda: _raise(MemoryError("CUDA failed with error out of memory"))  # type: ignore[method-assign]
    pool = Pool([StandIn("own", own=True), helper], told.append)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(told) == 1 and "n2 is left out (CUDA failed" in told[0]
    with pytest.raises(RuntimeError, match="out of memory"):
        pool.submit(lambda _: _raise(RuntimeError("out of memory"))).result(PATIENCE_SECONDS)
    pool.close()


def test_what_one_has_no_memory_for_ends_when_the_other_is_left_out_meanwhile() -> None:
    """The other is left out for what it failed at before, while it has the piece in hand."""
    decoders = team(2)
    first, tried, ended = threading.Event(), threading.Event(), threading.Event()
    decoders[1].begin = lambda: _wait(first)  # type: ignore[method-assign]
    pool = Pool(decoders)

    def large(decoder: Any) -> None:
        if decoder.own:
            first.set()
            raise MemoryError("out of memory")
        tried.set()
        ended.wait(PATIENCE_SECONDS)
        raise LostDecoderError("it was ended")

    piece = pool.submit(large)
    assert tried.wait(PATIENCE_SECONDS)
    pool._lose(decoders[1], "it has less memory than the others")
    ended.set()
    with pytest.raises(MemoryError):
        piece.result(PATIENCE_SECONDS)
    pool.close()


def _raise(error: Exception) -> None:
    raise error


def _wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS)


def test_a_piece_that_is_too_large_for_two_is_too_large() -> None:
    """The stage goes on with smaller batches then; nobody is left out, and nothing else is begun."""
    told: list[str] = []
    pool = Pool(team(4), told.append)
    tried: set[str] = set()

    def large(decoder: Any) -> None:
        tried.add(decoder.name)
        raise RuntimeError("CUDA failed with error out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        done(pool, [large])
    assert len(tried) == 2 and told == []
    assert done(pool, [lambda _: 1]) == [1]
    pool.close()


def test_another_error_is_the_askers() -> None:
    pool = Pool(team(2))

    def wrong(_: Any) -> None:
        raise ValueError("not trained on the language")

    with pytest.raises(ValueError, match="not trained"):
        done(pool, [wrong, *[lambda _: time.sleep(0.01)] * 20])
    pool.close()


def test_what_hangs_is_done_once_more_by_who_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_SLOW_SECONDS", 0.2)
    monkeypatch.setattr(pools, "_LOOK_SECONDS", 0.05)
    pool = Pool(team(2))
    stuck, hung, won = threading.Event(), threading.Event(), []

    def work(decoder: Any, n: int) -> int:
        if decoder.name == "helper 1":
            hung.set()
            stuck.wait(4 * PATIENCE_SECONDS)
        else:
            hung.wait(PATIENCE_SECONDS)
        return n

    began = time.monotonic()
    futures = [pool.submit(lambda decoder, n=n: work(decoder, n), won.append) for n in range(8)]
    assert pool.results(futures) == list(range(8))
    assert hung.is_set() and time.monotonic() - began < 3 * PATIENCE_SECONDS
    stuck.set()
    pool.close()
    assert sorted(won) == list(range(8)), "what two have done counts once"


def test_who_never_answers_is_named_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A film may be done before SLURM says that a node is down: that it was down is told all the same."""
    monkeypatch.setattr(pools, "_SLOW_SECONDS", 0.2)
    monkeypatch.setattr(pools, "_LOOK_SECONDS", 0.05)
    said: list[str] = []
    pool = Pool(team(3), said.append)
    begun, dead, late = (threading.Event() for _ in range(3))

    def work(decoder: Any, n: int) -> int:
        if decoder.name == "helper 1":
            begun.set()
            dead.wait(4 * PATIENCE_SECONDS)
        elif decoder.name == "helper 2" and not late.is_set():
            late.wait(PATIENCE_SECONDS)  # overtaken as well, but it answers
        else:
            begun.wait(PATIENCE_SECONDS)
        return n

    assert pool.results([pool.submit(lambda decoder, n=n: work(decoder, n)) for n in range(8)]) == list(range(8))
    late.set()
    while len(pool._overtaken) > 1:
        time.sleep(0.01)
    threading.Timer(0.2, dead.set).start()
    pool.close()
    assert len(said) == 1 and said[0].startswith("The decoder on helper 1 is left out")


def test_the_urgent_comes_first_and_what_is_not_wanted_any_more_is_not_begun() -> None:
    pool = Pool(team(1))
    gate, order = threading.Event(), []
    first = pool.submit(lambda _: gate.wait(PATIENCE_SECONDS))
    later = [pool.submit(lambda _, n=n: order.append(n), urgent=False) for n in range(3)]
    now = pool.submit(lambda _: order.append("now"))
    pool.hasten(later[2])
    pool.cancel(later[0])
    gate.set()
    pool.results([first, now, later[1], later[2]])
    assert order == [2, "now", 1] and later[0].cancelled()
    pool.close()


def test_the_end_waits_for_nobody_elsewhere_and_cancels_the_rest() -> None:
    pool = Pool(team(1))
    gate = threading.Event()
    begun = threading.Event()
    pool.submit(lambda _: (begun.set(), gate.wait(PATIENCE_SECONDS)))
    waiting = pool.submit(lambda _: 1)
    begun.wait(PATIENCE_SECONDS)
    threading.Timer(0.1, gate.set).start()
    pool.close()
    assert waiting.cancelled()
