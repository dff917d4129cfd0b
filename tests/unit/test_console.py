"""Commands that print end quietly when nobody reads on."""

from __future__ import annotations

import subprocess
import sys

import support

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
