"""A store of objects on this machine, for as long as a test wants it: moto's server, which answers as S3 does."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
            yield next(word for word in text.split() if word.startswith("http://"))
        finally:
            process.terminate()
            process.wait()


def put(store: str, path: str, body: bytes) -> None:
    """Make a bucket, or an object with these bytes."""
    kind = {"Content-Type": "application/octet-stream"}  # as a form moto waits for more
    request = urllib.request.Request(f"{store}/{path}", data=body, headers=kind, method="PUT")
    urllib.request.urlopen(request, timeout=20).close()
