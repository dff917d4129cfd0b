"""Take secrets out of text before it is written anywhere: values from the environment, and what looks like a token."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

from samvad.core import outside, variables

MASK = "[secret]"

#: Variables that hold a secret: the two services', and whatever names itself one.
_VARIABLE = re.compile(
    r"(?:^|_)(?:API_?KEYS?|KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASS|PASSPHRASES?|PAT|CREDENTIALS?|CREDS?)$",
    re.IGNORECASE,
)
#: A shorter value is no secret, and would be masked in half of all words.
_SHORTEST = 6
#: Of a secret in base64, so many letters; fewer could be anything.
_SHORTEST_ENCODED = 8
#: What looks like a secret, whoever it belongs to: a hub token; a key in an address, header or option; a user's
#: password in an address. Group 1 is kept.
_PATTERNS = re.compile(
    r"(?i)(\bhf_)[A-Za-z0-9]{16,}"
    r"|((?:api_?key|token|password|passwd|secret)(?:=|%3D|\"?: ?\"?|\\\": ?\\\"))[^\s&\"'\\,;}]{6,}"
    r"|(\bBearer )[A-Za-z0-9._~+/-]{12,}=*"
    r"|(://[^/\s:@\"']*:)[^/\s@\"']+(?=@)"
)
#: One of these is in every text that _PATTERNS can match. Looking for them costs a fiftieth of the expression.
_SIGNS = (
    *("://", "hf_", "HF_", "key", "Key", "KEY", "oken", "OKEN", "passw", "Passw", "PASSW"),
    *("ecret", "ECRET", "earer", "EARER"),
)


class Redactor:
    """Masks secrets in text.

    Args:
        environ: the environment whose secrets are to be masked.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values: list[str] = []
        self.learn(environ)

    def learn(self, environ: Mapping[str, str]) -> None:
        """Mask the secrets of this environment from now on."""
        values = {value for name, value in environ.items() if _VARIABLE.search(name) and _is_secret(value)}
        by_host = environ.get(variables.FILM_CREDENTIALS, "")  # its words are names of hosts as well
        several = values - {by_host}
        values |= {part for value in several for part in re.split(r"[,;\s]+", value) if _is_secret(part)}
        values |= set(_authorizations(by_host))
        values |= {value for value in (_stored_hub_token(environ),) if value}
        values |= {secret for value in environ.values() for secret in _of_address(value)}
        self._values = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with each secret replaced by ``[secret]``."""
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        for sign in _SIGNS:
            if sign in text:
                return _PATTERNS.sub(_masked, text)
        return text


def _forms(value: str) -> Iterator[str]:
    """Yield a secret as it may turn up: quoted for an address, a shell or a page, escaped, encoded, or quoted twice."""
    plain = value.encode("utf-8", "surrogatepass")
    import html  # where there is a secret

    once = (quote(value, safe=""), quote(value), quote_plus(value), html.escape(value))
    yield from (value, *once, repr(value)[1:-1], value.replace("'", "'\"'\"'"))
    for escaped in (json.dumps(value, ensure_ascii=True)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield escaped
        yield json.dumps(escaped)[1:-1]
    yield from (quote(form, safe="") for form in once[:3])
    # What stands before it decides how base64 begins, and what follows how it ends: the middle is always the same.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).decode().rstrip("=")
        middle = encoded[(0, 2, 3)[before] :][: -1 if (len(plain) + before) % 3 else None]
        if len(middle) >= _SHORTEST_ENCODED:
            yield from (middle, middle.replace("+", "-").replace("/", "_"))


def _of_address(value: str) -> Iterator[str]:
    """Yield the password in an address, as it stands and as it is meant."""
    if "://" not in value or "@" not in value:
        return
    try:
        password = urlsplit(value).password
    except ValueError:
        return
    yield from (form for form in (password or "", unquote(password or "")) if len(form) >= _SHORTEST)


def _authorizations(value: str) -> Iterator[str]:
    """Yield what is secret in headers of Authorization by host: each, and what stands behind the scheme's name."""
    try:
        found = json.loads(value) if value else {}
    except ValueError:
        return
    for header in found.values() if isinstance(found, dict) else ():
        for secret in (str(header), str(header).partition(" ")[2]):
            if _is_secret(secret):
                yield secret


def _masked(match: re.Match[str]) -> str:
    kept = next((group for group in match.groups() if group is not None), "")
    return f"{kept}{MASK}"


def _is_secret(value: str) -> bool:
    """Tell a secret from a setting such as HF_TOKEN=false, and from a path, which must stay readable."""
    return len(value) >= _SHORTEST and not value.startswith(("/", "./", "~")) and not value.isspace()


def _stored_hub_token(environ: Mapping[str, str]) -> str | None:
    """Return the token that ``huggingface-cli login`` has stored, which the hub's library reads by itself."""
    home = environ.get("HF_HOME") or str(Path(environ.get("HOME", "/")) / ".cache" / "huggingface")
    path = Path(environ.get("HF_TOKEN_PATH") or Path(home) / "token")
    try:
        value = outside.read_text(path).strip()
    except (OSError, UnicodeDecodeError):
        return None
    return value if _is_secret(value) else None


_redactor = Redactor(os.environ)


def redact(text: str) -> str:
    """Return the text without the secrets of this process's environment."""
    return _redactor(text)


def learn(environ: Mapping[str, str]) -> None:
    """Mask the secrets of this environment from now on; for a process whose environment has changed since its start."""
    _redactor.learn(environ)
