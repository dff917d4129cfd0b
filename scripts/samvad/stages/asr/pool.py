"""Decoders that share the pieces of one film: threads of this process, processes on other GPUs or other nodes.

A piece is decoded by whichever decoder is free. A decoder that is lost (its process ended, its GPU failed, its node is
down) costs what it had in hand: the others do that again. A piece that one has no memory for is tried on another
before anybody takes it for too large. When nothing is left to begin, a free decoder does once more what another has
had in hand for much longer than pieces take: a node that hangs holds up no film. All give the same of the same piece,
so the first answer counts.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from samvad.core.failures import is_memory_shortage
from samvad.media.audio import FilmAudio
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window

log = logging.getLogger(__name__)

#: A piece that no two decoders have memory for is too large for all of them.
_SHORT_OF_MEMORY = 2
#: A decoder that had no memory for so many pieces that another could decode is left out.
_STRIKES = 2
#: A piece is begun once more when it takes so many times as long as the mean, and so many seconds, at least.
_SLOW_TIMES, _SLOW_SECONDS = 6.0, 30.0
_LOOK_SECONDS = 0.5
#: How long the end waits for what this process's own decoder has in hand.
_JOIN_SECONDS = 120.0


class LostDecoderError(Exception):
    """A decoder is no more, or was never to be had; says why."""


class Decoder(Protocol):
    """What decodes pieces.

    Attributes:
        name: for people, such as ``cuda:1 (NVIDIA H200)``.
        at_once: how many pieces it works on at a time.
        own: whether it is in this process: it is never lost.
    """

    name: str
    at_once: int
    own: bool

    def begin(self) -> None:
        """Wait until it can work.

        Raises:
            LostDecoderError: it never will.
        """

    def decode(self, audio: FilmAudio, unit: Sequence[Window], strategy: DecodingStrategy, hear: bool) -> list[Chunk]:
        """Decode windows together.

        Raises:
            LostDecoderError: it is no more.
        """

    def languages(self, audio: FilmAudio, group: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        """Return the probability of each language in windows that are heard in their own length."""

    def close(self) -> None:
        """End it, whatever it is doing."""


class _Task:
    """A piece of work: what it is, who has it in hand since when, and who had no memory for it."""

    def __init__(self, work: Callable[[Decoder], Any], won: Callable[[Any], None], order: tuple[bool, int]) -> None:
        self.work = work
        self.won = won
        self.order = order
        self.future: Future[Any] = Future()
        self.short: set[str] = set()
        self.begun: dict[str, float] = {}


class Pool:
    """Shares pieces of work out among decoders.

    Args:
        decoders: the first is this process's own.
        tell: is told in words of each that is lost.
    """

    def __init__(self, decoders: Sequence[Decoder], tell: Callable[[str], None] = log.warning) -> None:
        self._decoders = list(decoders)
        self._tell = tell
        self._changed = threading.Condition()
        self._waiting: list[_Task] = []
        self._running: list[_Task] = []
        self._gone: set[str] = set()
        self._strikes: dict[str, int] = {}
        # Who has in hand what another has done meanwhile: it hangs, or its node is down.
        self._overtaken: set[tuple[str, _Task]] = set()
        self._count, self._finished, self._seconds = 0, 0, 0.0
        self.done: dict[str, int] = {}
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(decoder,), name=f"decoder {decoder.name}", daemon=True)
            for decoder in self._decoders
            for _ in range(decoder.at_once)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def at_once(self) -> int:
        """Return how many pieces are worked on at a time."""
        with self._changed:
            return sum(decoder.at_once for decoder in self._decoders if decoder.name not in self._gone)

    @property
    def shared(self) -> bool:
        """Return whether there are decoders besides this process's own."""
        return len(self._decoders) > 1

    def submit(
        self, work: Callable[[Decoder], Any], won: Callable[[Any], None] = lambda _: None, *, urgent: bool = True
    ) -> Future[Any]:
        """Have a piece of work done by whichever decoder is free.

        Args:
            work: does it on the decoder that it is given.
            won: is called with what came of it, once, before anybody gets it.
            urgent: whether it comes before what is not.
        """
        with self._changed:
            self._count += 1
            task = _Task(work, won, (not urgent, self._count))
            self._waiting.append(task)
            self._changed.notify_all()
        return task.future

    def hasten(self, future: Future[Any]) -> None:
        """Make a piece of work urgent: somebody waits for it now."""
        with self._changed:
            for task in self._waiting:
                if task.future is future:
                    task.order = (False, task.order[1])

    def results(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """Return what came of pieces of work, in their order; at the first error the rest is not begun any more."""
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                self.cancel(future)
            raise

    def cancel(self, future: Future[Any]) -> None:
        """Begin a piece of work no more; what is being done goes on, for nobody."""
        with self._changed:
            self._waiting = [task for task in self._waiting if task.future is not future]
            future.cancel()

    def close(self) -> None:
        """End all decoders; what was asked for and not done is cancelled."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            for task in [*self._waiting, *self._running]:
                task.future.cancel()
            self._waiting = []
            own = {decoder.name for decoder in self._decoders if decoder.own}
            silent = sorted({name for name, _ in self._overtaken} - self._gone - own)
            self._changed.notify_all()
        for name in silent:
            # Its node may be down: on a cluster it takes minutes until anybody is told so.
            self._tell(f"The decoder on {name} is left out (it never answered): others did what it had in hand.")
        for decoder in self._decoders:
            decoder.close()
        # A thread that is inside of CTranslate2 when the interpreter goes away would take the process down with it.
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, decoder: Decoder) -> None:
        try:
            decoder.begin()
        except Exception as error:  # whatever it is: nobody is to leave a piece to it
            self._lose(decoder, str(error) or type(error).__name__)
            return
        try:
            while (task := self._next(decoder)) is not None:
                self._do(decoder, task)
                del task  # it holds what it was made of
        except LostDecoderError as error:
            self._lose(decoder, str(error))

    def _do(self, decoder: Decoder, task: _Task) -> None:
        try:
            result = task.work(decoder)
        except LostDecoderError:
            self._put_back(decoder, task)
            raise
        except BaseException as error:
            if is_memory_shortage(error) and self._try_elsewhere(decoder, task):
                log.warning("%s had no memory for a piece: another decoder tries it.", decoder.name)
                return
            self._end(decoder, task, error=error)
        else:
            self._end(decoder, task, result)

    def _next(self, decoder: Decoder) -> _Task | None:
        """Wait for something to do; None when there is nothing any more."""
        with self._changed:
            while not self._closed and decoder.name not in self._gone:
                task = min(
                    (task for task in self._waiting if decoder.name not in task.short),
                    key=lambda task: task.order,
                    default=None,
                )
                if task is not None:
                    self._waiting.remove(task)
                    self._running.append(task)
                else:
                    task = self._held_up(decoder)
                if task is not None:
                    task.begun[decoder.name] = time.monotonic()
                    return task
                self._changed.wait(_LOOK_SECONDS if self._running and self.shared else None)
        return None

    def _held_up(self, decoder: Decoder) -> _Task | None:
        """Return what one other decoder has had in hand for far too long."""
        if not self._finished:
            return None
        slow = max(_SLOW_SECONDS, _SLOW_TIMES * self._seconds / self._finished)
        now = time.monotonic()
        for task in self._running:
            if len(task.begun) == 1 and decoder.name not in {*task.begun, *task.short}:
                ((other, since),) = task.begun.items()
                if now - since > slow:
                    log.warning("%s does once more what %s has not done in %.0f s.", decoder.name, other, now - since)
                    return task
        return None

    def _end(self, decoder: Decoder, task: _Task, result: Any = None, error: BaseException | None = None) -> None:
        """Take what came of a piece, unless another decoder was quicker."""
        with self._changed:
            since = task.begun.pop(decoder.name)
            self._overtaken.discard((decoder.name, task))
            first = not task.future.done()
            if task in self._running:
                self._running.remove(task)
            if error is None:
                self._finished += 1
                self._seconds += time.monotonic() - since
                self.done[decoder.name] = self.done.get(decoder.name, 0) + 1
            if not first:
                return
            self._overtaken |= {(name, task) for name in task.begun}
            if error is not None:
                task.future.set_exception(error)
                return
            try:
                task.won(result)
            except BaseException as caught:
                task.future.set_exception(caught)
                return
            task.future.set_result(result)
            strikes = [name for name in task.short if self._struck(name)]
        for name in strikes:
            self._lose(
                next(decoder for decoder in self._decoders if decoder.name == name),
                "it has less memory than the others",
            )

    def _struck(self, name: str) -> bool:
        """Note that a decoder had no memory for what another could do; say whether it is to be left out."""
        self._strikes[name] = self._strikes.get(name, 0) + 1
        own = any(decoder.own for decoder in self._decoders if decoder.name == name)
        return self._strikes[name] >= _STRIKES and not own

    def _try_elsewhere(self, decoder: Decoder, task: _Task) -> bool:
        """Leave a piece that a decoder has no memory for to the others; say whether there is one to try."""
        with self._changed:
            task.short.add(decoder.name)
            left = [one for one in self._decoders if one.name not in {*self._gone, *task.short}]
            if len(task.short) >= _SHORT_OF_MEMORY or not left or task.future.done():
                return False
            task.begun.pop(decoder.name, None)
            self._wait_again(task)
            return True

    def _put_back(self, decoder: Decoder, task: _Task) -> None:
        with self._changed:
            task.begun.pop(decoder.name, None)
            self._wait_again(task)
            self._give_up()  # where it was left out while it had the piece in hand

    def _give_up(self) -> None:
        """Let go of what only those now gone could have tried: it would wait for ever."""
        living = {one.name for one in self._decoders if one.name not in self._gone}
        for task in [task for task in self._waiting if living <= task.short]:
            self._waiting.remove(task)
            if not task.future.done():
                task.future.set_exception(MemoryError("who could have tried is lost, and no other has the memory"))

    def _wait_again(self, task: _Task) -> None:
        if task.begun or task.future.done():  # another has it in hand, or nobody wants it
            return
        if task in self._running:
            self._running.remove(task)
        task.order = (False, task.order[1])
        self._waiting.append(task)
        self._changed.notify_all()

    def _lose(self, decoder: Decoder, why: str) -> None:
        with self._changed:
            if decoder.name in self._gone or self._closed:
                return
            self._gone.add(decoder.name)
            left = sum(one.at_once for one in self._decoders if one.name not in self._gone)
            self._give_up()
            self._changed.notify_all()
        self._tell(f"The decoder on {decoder.name} is left out ({why}): {left} go on, and do what it had in hand.")
        with contextlib.suppress(Exception):
            decoder.close()
