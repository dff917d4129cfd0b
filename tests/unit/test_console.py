"""What commands print: no name is obeyed by a terminal, and a reader that has seen enough is no failure."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from samvad.core.console import printable

PRINT = """
import sys
sys.path.insert(0, {scripts!r})
from samvad.core import console
def main():
    for number in range(200_000):
        print(number)
    return {code}
console.run(main)
"""


def program(code: int) -> list[str]:
    return [sys.executable, "-c", PRINT.format(scripts=str(support.ROOT / "scripts"), code=code)]


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    with subprocess.Popen(program(3), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_the_exit_code_is_the_commands_own() -> None:
    assert subprocess.run(program(3), stdout=subprocess.DEVNULL, check=False).returncode == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("film\u202egpj.mkv", r"film\u202egpj.mkv"),
        ("a\u2066b\u2069\u200f\u061c", r"a\u2066b\u2069\u200f\u061c"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\ufeff\x00", r"\ufeff\x00"),
    ],
    ids=ascii,
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(name: str, shown: str) -> None:
    assert printable(name) == shown


@pytest.mark.parametrize(
    "name", ["क्\u200dष नमस्\u200cते", "می\u200cخواهم", "👩\u200d🚀", "Jaane\xa0Tu", "東京\u3000物語", ""]
)
def test_names_of_every_script_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


def test_a_message_of_several_lines_keeps_them() -> None:
    assert printable("two faults:\n\tone\n\x1b[31mtwo", lines=True) == "two faults:\n\tone\n\\x1b[31mtwo"


@given(st.text(st.characters(), max_size=40))
def test_nothing_printable_breaks_a_line_or_cannot_be_encoded(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in shown)
    shown.encode()
