"""Take secrets out of text before it is written anywhere: values from the environment, and what looks like a token."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from samvad.core import outside

MASK = "[secret]"

#: Variables that hold a secret: the two services', and whatever names itself one.
_VARIABLE = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
#: A shorter value is no secret, and would be masked in half of all words.
_SHORTEST = 6
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
        values |= {value for value in (_stored_hub_token(environ),) if value}
        # Secrets also turn up quoted for an address, and escaped in JSON and in Python's way of showing text.
        forms = {form for value in values for form in (value, quote(value, safe=""), repr(value)[1:-1])}
        forms |= {json.dumps(value, ensure_ascii=plain)[1:-1] for value in values for plain in (True, False)}
        self._values = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with each secret replaced by ``[secret]``."""
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        for sign in _SIGNS:
            if sign in text:
                return _PATTERNS.sub(_masked, text)
        return text


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
