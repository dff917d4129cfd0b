"""Who may ask the server: one token, one host, one origin; and what every answer says to the browser."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samvad.core import files, outside

#: The largest body of a request.
MOST_BYTES = 16 << 20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}
#: A page that another origin may not read, opened from here, takes no cookie with it.
_STATE = "samvad"


def token() -> str:
    """Return the token of this user's server: the same after a crash, so that an open page goes on.

    It lies in a file of the user's state that nobody else may read.
    """
    place = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / _STATE / "review.token"
    try:
        kept = outside.read_text(place, largest=1 << 10).strip()
        if len(kept) >= 32 and not place.stat().st_mode & 0o077:
            return kept
    except (OSError, UnicodeDecodeError):
        pass
    made = secrets.token_urlsafe(32)
    try:
        files.make_private(place.parent)
        place.unlink(missing_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(made)
    except OSError:
        pass  # without a home the token lives as long as the server
    return made


class Gate:
    """Lets in who has the token, under the server's own name, from its own pages.

    Args:
        app: what is behind it.
        secret: the token.
        hosts: values of the header Host that are the server's own: others are names that lead here without its will.
        origins: values of the header Origin that are its own.
        cookie: the name of the cookie that keeps the token.
        secure: whether the cookie goes over TLS alone.
    """

    def __init__(
        self, app: ASGIApp, secret: str, hosts: Iterable[str], origins: Iterable[str], cookie: str, *, secure: bool
    ) -> None:
        self._app = app
        self._secret = secret
        self._hosts, self._origins = frozenset(hosts), frozenset(origins)
        self._cookie = cookie
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)  # a report, which is no page of ours, has a stricter policy
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._refusal(scope) or self._welcome(scope)
        if answer is not None:
            await answer(scope, receive, sent)
        else:
            await self._app(scope, receive, sent)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return why a request is not even looked at; None where it may be."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.get("host", "").casefold() not in self._hosts:
            return _refused("This address is not the server's.", "Open the one that samvad review printed.")
        origin = headers.get("origin")
        if origin is not None and origin.casefold() not in self._origins:
            return _refused("Another page has asked.", "Only this server's own pages may.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and (
            method not in ("GET", "HEAD") or scope["path"].startswith("/api/")
        ):
            return _refused("Another page has asked.", "Only this server's own pages may.")
        if method not in ("GET", "HEAD", "POST"):
            return _refused(f"{method} does nothing here.", "", 405)
        return _wrong_post(headers) if method == "POST" else None

    def _welcome(self, scope: Scope) -> Response | None:
        """Return the redirection for the first address, with the cookie; a refusal without either; else None."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = next((value for name, value in query if name == "token"), None)
        if given is not None and scope["method"] in ("GET", "HEAD") and self._is_secret(given):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # From where it was asked for: a proxy may serve this under a path of its own, and no other host is meant.
            name = quote(scope["path"].rpartition("/")[2], safe="~")
            answer = RedirectResponse(f"./{name}" + (f"?{rest}" if rest else ""), status_code=303)
            answer.set_cookie(
                self._cookie, self._secret, max_age=400 * 86400, httponly=True, samesite="strict", secure=self._secure
            )
            return answer
        if self._is_secret(self._cookie_of(scope)):
            return None
        if scope["path"].startswith("/api/"):
            return _refused("This browser has no key to the server.", "Open the address that samvad review printed.")
        return PlainTextResponse(
            "This browser has no key to the server. Open the address that samvad review printed, with its ?token=…\n",
            status_code=403,
        )

    def _is_secret(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode())

    def _cookie_of(self, scope: Scope) -> str:
        # Another server of this machine may have set cookies that Python's own parser stops at.
        return cookie_parser(Headers(scope=scope).get("cookie", "")).get(self._cookie, "")


def _wrong_post(headers: Headers) -> Response | None:
    """Return what is wrong with a request that would change something; None where nothing is."""
    if headers.get("x-samvad") != "1" or headers.get("origin") is None:
        return _refused("The request does not come from a page of this server.", "")
    if headers.get("content-type", "").partition(";")[0].strip().casefold() != "application/json":
        return _refused("A request has JSON.", "", 415)
    length = headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return _refused(f"A request has {MOST_BYTES >> 20} MiB at most, and says how much.", "", 413)
    return None


def _refused(error: str, remedy: str, code: int = 403) -> Response:
    return JSONResponse({"error": error, "remedy": remedy}, status_code=code)


def origin_of(url: str) -> tuple[str, str]:
    """Return the origin and the host of an address, as browsers send them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".casefold(), parts.netloc.casefold()
