"""Print for a terminal: no name may break a line or be obeyed, and a reader that has seen enough is no failure."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

#: Not printable by themselves, but they shape the letters of Indian and other scripts, and join emoji.
JOINERS = "\u200c\u200d"


def is_printable(sign: str) -> bool:
    """Return whether a character may stand on a line as it is: no control character, direction mark, or half of one."""
    return sign.isprintable() or sign in JOINERS or unicodedata.category(sign) == "Zs"


def printable(text: object, *, lines: bool = False) -> str:
    """Return a text with all that could break a line, move the cursor or turn the reading direction as an escape.

    Args:
        text: a name, a path or a message, from whoever made it.
        lines: whether it has several lines: then line ends and tabs stay.
    """
    whole = str(text)
    if whole.isprintable():
        return whole  # nearly all are
    kept = "\n\t" if lines else ""
    return "".join(sign if is_printable(sign) or sign in kept else _escaped(sign) for sign in whole)


def path(text: str) -> Path:
    """Return the path that an option or a word of a command names.

    Raises:
        argparse.ArgumentTypeError: the text is empty; Python's own reading of that is the folder one stands in.
    """
    if not text:
        raise argparse.ArgumentTypeError("an empty text is no path")
    return Path(text)


def agreed(question: str) -> bool:
    """Ask at a terminal, and return whether the answer is yes; elsewhere nobody is asked, and nothing agreed to."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return input(printable(question, lines=True)).strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        print()
        return False


def complain(program: str, error: object) -> None:
    """Print what is wrong to the standard error: ``samvad show: …``."""
    print(f"{program}: {printable(error, lines=True)}", file=sys.stderr)


def _escaped(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte of a file's name that is no UTF-8, as Python keeps it
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()


class _Terminal(io.TextIOWrapper):
    """The standard output of a command where that is a terminal: names and titles in it are shown, never obeyed."""

    def write(self, text: str) -> int:
        """Write a text without what could move the cursor, set the clipboard or turn the reading direction."""
        super().write(printable(text, lines=True))
        return len(text)

    def write_styled(self, text: str) -> None:
        """Write a text with styles of ours in it; what came from elsewhere has been made printable before."""
        super().write(text)


def write(text: str) -> None:
    """Write to the standard output a text that may hold colours of ours.

    Args:
        text: names and messages in it have gone through ``printable``; the styles were put around them afterwards.
    """
    if isinstance(sys.stdout, _Terminal):
        sys.stdout.write_styled(text)
    else:
        sys.stdout.write(text)


def run(main: Callable[[], int]) -> NoReturn:
    """Run a command's main function and exit with its code."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.isatty():
        encoding, errors = out.encoding, out.errors
        sys.stdout = _Terminal(out.detach(), encoding=encoding, errors=errors, line_buffering=True)
        sys.__stdout__ = sys.stdout  # type: ignore[misc] # curses asks this one, and what it was has been detached
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor at the interpreter's own last flush
        code = 0
    except KeyboardInterrupt:
        print(file=sys.stderr)
        code = 128 + signal.SIGINT
    sys.exit(code)
