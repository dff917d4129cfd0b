"""What is said and written down: no secret in any form, nothing that a terminal obeys, no line that is another's."""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from samvad.core.console import printable
from samvad.core.redaction import MASK, Redactor
from samvad.logs import events
from samvad.models import http

NAMES = (
    "TMDB_API_KEY",
    "API_KEYS",
    "DB_PASS",
    "GPG_PASSPHRASE",
    "GITHUB_PAT",
    "AWS_SECRET",
    "X_TOKENS",
    "HUB_CREDS",
    "PASS",
)
SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Cs"]), min_size=8, max_size=24).filter(
    lambda text: (
        not text.startswith(("/", "./", "~")) and not any(sign in text for sign in ",;") and text == text.strip()
    )
)


@given(secret=SECRETS, name=st.sampled_from(NAMES))
def test_no_form_of_a_secret_is_left(secret: str, name: str) -> None:
    redact = Redactor({name: secret, "HOME": "/nowhere"})
    forms = [secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret), repr(secret)[1:-1]]
    forms += [
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        quote(quote(secret, safe=""), safe=""),
    ]
    forms += [secret.replace("'", "'\"'\"'")]
    for form in forms:
        said = redact(f"<<{form}>>")
        assert said.startswith("<<") and MASK in said and form not in said.replace(MASK, ""), form


@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=16, max_size=40),
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
)
def test_no_secret_is_left_in_base64_whatever_stands_around_it(secret: str, before: bytes, after: bytes) -> None:
    redact = Redactor({"API_KEY": secret, "HOME": "/nowhere"})
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in redact(f"Authorization: Basic {encoded}")


def test_several_keys_in_one_variable_are_several_secrets() -> None:
    redact = Redactor({"API_KEYS": "first-secret,second-secret", "HOME": "/nowhere"})
    assert redact("a first-secret b second-secret") == f"a {MASK} b {MASK}"


def test_the_password_of_an_address_is_a_secret_and_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://me:p%40ss-word@hub.example:8443/x"
    redact = Redactor({"HF_ENDPOINT": address, "HOME": "/nowhere"})
    for text in ("p%40ss-word", "p@ss-word", address):
        assert "ss-word" not in redact(f"it was {text}")
    assert http.address(address) == "hub.example:8443"
    assert http.address("https://token@hub.example") == "hub.example"
    assert http.address("https://h:999999/") == "h" and http.address("nothing") == "unknown"


def test_what_is_no_secret_stays() -> None:
    redact = Redactor({"PWD": "/srv/some/place", "COMPASS": "north-west", "PATH": "/usr/bin:/bin", "HOME": "/nowhere"})
    text = "north-west of /srv/some/place, /usr/bin"
    assert redact(text) == text


#: What terminals obey, or what turns, hides or forges text.
SIGNS = (
    "\x1b[2J",
    "\x1b]52;c;eA==\x07",
    "\x9b31m",
    "\x07",
    "\b",
    "\r",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\x7f",
    "\x00",
    "\u2028",
)


@given(parts=st.lists(st.sampled_from(SIGNS) | st.text(max_size=5), max_size=8))
def test_no_log_line_holds_what_a_terminal_obeys_or_another_line(parts: list[str]) -> None:
    text = "title " + "".join(parts).replace("\n", "\n[2025-01-01 00:00:00] [x] [ERROR] forged")
    record = logging.LogRecord("samvad.x", logging.INFO, "f.py", 1, "%s", (text,), None)
    line = events.TextFormatter("test").format(record)
    assert not any(sign in line for sign in SIGNS)
    assert all(not row.startswith("[2025-01-01") for row in line.split("\n")[1:])
    event = events.EventFormatter().format(record)
    assert "\n" not in event and not any(sign in event for sign in SIGNS)


def test_a_message_is_no_book() -> None:
    record = logging.LogRecord("samvad.x", logging.INFO, "f.py", 1, "%s", ("x" * 5_000_000,), None)
    assert len(events.TextFormatter("test").format(record)) < 110_000


def test_a_command_at_a_terminal_shows_names_and_obeys_none(tmp_path: Path) -> None:
    code = (
        "import sys; from samvad.core import console\n"
        "def main():\n    print('a\\x1b]52;c;eA==\\x07b\\u202ec\\x9bd', file=sys.stdout); return 0\n"
        "console.run(main)"
    )
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts"), "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-c", code], stdout=slave, check=True, env=environment)
    os.close(slave)
    said = os.read(master, 1000).decode()
    os.close(master)
    assert said == "a\\x1b]52;c;eA==\\x07b\\u202ec\\x9bd\r\n"
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert b"\x1b]52" in piped.stdout, "data that goes into a file is what it is"


@given(text=st.text())
def test_printable_keeps_what_can_be_shown(text: str) -> None:
    shown = printable(text)
    assert not any(sign in shown for sign in (*SIGNS, "\n", "\t"))
    if text.isprintable():
        assert shown == text
