"""A store of objects on this machine, for as long as a test wants it: moto's server, which answers as S3 does."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOGS: dict[str, Path] = {}


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """Start the server, with its log in the folder; give its address."""
    log = folder / "log"
    with log.open("w") as said:
        process = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", "0"], stdout=said, stderr=said)
        try:
            until = time.monotonic() + 60
            while "Running on http" not in (text := log.read_text("utf-8")):
                assert process.poll() is None and time.monotonic() < until, text
                time.sleep(0.05)
            address = next(word for word in text.split() if word.startswith("http://"))
            _LOGS[address] = log
            yield address
        finally:
            process.terminate()
            process.wait()


def put(store: str, path: str, body: bytes) -> None:
    """Make a bucket, or an object with these bytes."""
    kind = {"Content-Type": "application/octet-stream"}  # as a form moto waits for more
    request = urllib.request.Request(f"{store}/{path}", data=body, headers=kind, method="PUT")
    urllib.request.urlopen(request, timeout=20).close()


def log_of(address: str) -> str:
    """Return what a server has said so far: a line for each request that it has answered."""
    return _LOGS[address].read_text("utf-8")


@contextmanager
def cut_after(address: str, most_bytes: int, *, stall: bool = False) -> Iterator[str]:
    """Give an address that leads to a store until so many bytes were sent to it; then nobody answers there any more.

    Args:
        address: the store's.
        most_bytes: how much goes through, of all connections together.
        stall: whether the connections stay open then, and nothing is said.
    """
    place = urllib.parse.urlsplit(address)
    left, lock, ended = [most_bytes], threading.Lock(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def forward(source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counted:
                    with lock:
                        left[0] -= len(data)
                    if left[0] < 0:
                        if stall:
                            ended.wait()
                        else:
                            listener.close()
                        break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((place.hostname or "", place.port or 80))
                for pair in ((near, far, True), (far, near, False)):
                    threading.Thread(target=forward, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()
