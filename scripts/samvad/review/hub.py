"""Who is told of what: the pages that have a film, or the shelf, open, each with a queue of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

#: A page that takes nothing for so many events is told to load anew.
_MOST_WAITING = 500
#: A comment so often keeps proxies from closing a silent connection.
_SILENCE_SECONDS = 15.0


class Hub:
    """Events by topic, such as a film's id; from any thread to the pages that listen."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[str, set[asyncio.Queue[tuple[str, str]]]] = {}
        self.closed = False

    def open(self) -> None:
        """Begin, in the server's loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Let all who listen go: the server ends."""
        self.closed = True
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(("bye", "{}"))

    def tell(self, topic: str, event: str, value: Any) -> None:
        """Tell all who listen to a topic; from any thread."""
        if self._loop is None or self._loop.is_closed():
            return
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self._loop.call_soon_threadsafe(self._put, topic, event, text)

    def _put(self, topic: str, event: str, text: str) -> None:
        for queue in self._queues.get(topic, ()):
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait((event, text))
            elif queue.qsize() == _MOST_WAITING:
                queue.put_nowait(("reload", "{}"))

    def windows(self, topic: str) -> int:
        """Return how many pages listen to a topic."""
        return len(self._queues.get(topic, ()))

    async def listen(self, topic: str, first: Callable[[], list[tuple[str, Any]]]) -> AsyncIterator[bytes]:
        """Yield a topic's events as a browser's EventSource reads them.

        Args:
            topic: which.
            first: what is told at the beginning.
        """
        queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._queues.setdefault(topic, set()).add(queue)
        try:
            self.tell(topic, "presence", {"windows": self.windows(topic)})
            yield b"retry: 1000\n\n"
            for event, value in first():
                yield _event(event, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
            while not self.closed:
                try:
                    event, text = await asyncio.wait_for(queue.get(), _SILENCE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event == "bye":
                    return
                yield _event(event, text)
        finally:
            self._queues[topic].discard(queue)
            self.tell(topic, "presence", {"windows": self.windows(topic)})


def _event(name: str, text: str) -> bytes:
    return f"event: {name}\ndata: {text}\n\n".encode()
