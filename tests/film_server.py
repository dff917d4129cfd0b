"""A server that has one film, with what the ones on the internet have: tags, ranges, and connections that are cut."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

FILM = bytes(range(256)) * 4096


class Server(http.server.ThreadingHTTPServer):
    """Serves one film, and is cut off after so many bytes of each answer."""

    film = FILM
    etag = '"one"'
    cut: int | None = None
    ranges = True
    #: The header Authorization that is asked for, and the address that it leads to instead.
    authorization: str | None = None
    leads_to: str | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, int]] = []
        self.authorizations: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/films/A%20film.mkv"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self._answer(0)

    def do_GET(self) -> None:
        self._answer(len(self.server.film))

    def _answer(self, most: int) -> None:
        server = self.server
        if not self.path.startswith("/films/"):
            self.send_error(404)
            return
        server.authorizations.append(self.headers.get("Authorization"))
        if server.authorization and server.authorizations[-1] != server.authorization:
            self.send_error(401)
            return
        if server.leads_to:
            self.send_response(302)
            self.send_header("Location", server.leads_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.headers.get("If-Match", server.etag) != server.etag:
            self.send_error(412)
            return
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")) if server.ranges else 0
        server.asked.append((self.command, self.path, begin))
        self.send_response(206 if begin else 200)
        self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(len(server.film) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(server.film) - 1}/{len(server.film)}")
        self.end_headers()
        body = server.film[begin:][:most][: server.cut]
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def started() -> Iterator[Server]:
    """Serve the film until the end of the block."""
    with Server() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()
