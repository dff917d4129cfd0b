"""Open the page where films are finished: edit, hear again, put into the film, approve; for one film or the shelf."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
import webbrowser

from samvad.commands import _running
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration, film_row, naming
from samvad.workflow import command

#: The environment that the command runs in.
ENVIRONMENT = "review"

#: The same each time, so that an open page goes on after a crash: its edits belong to its address, port included.
PORT = 8420

_EPILOG = """The page is for whoever has the address, with its token, on this machine alone. For a team: docs/review.md.
Ctrl-C ends it; all that it showed as saved is on the disk."""


def parser() -> _running.Parser:
    """Return the parser of the command."""
    p = _running.Parser(description=__doc__, epilog=_EPILOG, allow_abbrev=False)
    p.add_argument("film", nargs="?", help="its id, title, file, or job; without it, the shelf")
    p.add_argument("--port", type=int, default=0, metavar="N", help=f"port to listen on; without it, {PORT}")
    p.add_argument("--host", default="127.0.0.1", help="address to listen on: of this machine alone (loopback)")
    p.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")
    p.add_argument("--profile", default="", help="where films are made: local-cpu, local-gpu, slurm, or a folder")
    p.add_argument("--name", default="", help="who edits, for the history; without it, who is logged in")
    p.add_argument(
        "--behind", default="", metavar="URL", help="the address under which a proxy serves it to a team, https://…"
    )
    p.add_argument(
        "--person-header",
        default="",
        metavar="NAME",
        help="with --behind: the header with who it is",
    )
    return p


def main(argv: list[str] | None = None) -> int:
    """Serve the pages until Ctrl-C."""
    options = parser().parse_args(argv)
    _check(options)
    import uvicorn

    from samvad.review import access, server
    from samvad.review.shelf import Shelf
    from samvad.review.state import State

    settings = configuration.project()
    shelf = Shelf(settings)
    film = shelf.add(naming.find(options.film, settings).folder) if options.film else ""
    path = f"/film/{film}" if film else "/"
    listening = listen(options.host, options.port)
    port = listening.getsockname()[1]
    name = options.host if ":" not in options.host else f"[{options.host}]"
    hosts, origins = {f"{name}:{port}".casefold()}, {f"http://{name}:{port}".casefold()}
    if options.behind:
        origin, host = access.origin_of(options.behind)
        hosts, origins = hosts | {host}, origins | {origin}
    secret = access.token()
    state = State(
        shelf, options.name or film_row.default_user(os.environ), options.person_header, profile=options.profile
    )
    secure = options.behind.startswith("https://")
    gate = access.Gate(server.app(state, film), secret, hosts, origins, f"samvad_{port}", secure=secure)
    base = options.behind.rstrip("/") or f"http://{name}:{port}"
    address = f"{base}{path}?token={secret}"
    print(f"Samvad's page: {printable(address)}\nCtrl-C ends it.", flush=True)
    if not options.no_browser and not options.behind:
        webbrowser.open(address)
    config = uvicorn.Config(
        gate,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
        ws="none",
    )

    class Serving(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            state.hub.close()  # pages that listen would be waited for, and torn off with a traceback
            await super().shutdown(sockets)

    Serving(config).run(sockets=[listening])
    return 0


def _check(options: argparse.Namespace) -> None:
    """Refuse what would open the page to others.

    Raises:
        ConfigurationError: the address is not this machine's own, or an option is wrong.
    """
    try:
        loopback = ipaddress.ip_address(options.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigurationError(
            f"--host: {options.host!r} is no address of this machine alone.",
            "Use 127.0.0.1 or ::1; a team is served through a proxy with TLS (docs/review.md).",
        )
    if not 0 <= options.port < 65536:
        raise ConfigurationError(f"--port: {options.port} is no port.", "Give a number from 1024 to 65535.")
    if options.behind and not options.behind.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ConfigurationError("--behind: a team's address begins with https://.", "Give the proxy a certificate.")
    command.profile(options.profile)
    if options.person_header and not options.behind:
        raise ConfigurationError("--person-header goes with --behind: anybody could send it otherwise.")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port of this machine; the next free one where nobody asked for one.

    Raises:
        ConfigurationError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wished in (port,) if port else (PORT, 0):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, wished))
        except OSError as error:
            made.close()
            if port:
                raise ConfigurationError(f"--port: {port} cannot be had ({error.strerror}).", "Give another.") from None
            print(f"Port {PORT} is taken: is another samvad review at work? Another one is used.", file=sys.stderr)
            continue
        made.listen(128)
        return made
    raise ConfigurationError("There is no free port.", "Give one: --port 8421.")
