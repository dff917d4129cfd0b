"""The command lines of `./samvad`: what is wrong in them is refused with what was meant, and exit code 2."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that names the nearest option or value that there is, and takes no option for another that begins so."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **{"allow_abbrev": False, **named})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, with the nearest right word, and exit with code 2."""
        meant = nearest(*_meant(message, self._words()))
        self.exit(2, f"{self.prog}: {message}{meant}. `{self.prog} --help` says what there is.\n")

    def _words(self) -> list[str]:
        """Return the options of this command, and of its actions."""
        found = [word for action in self._actions for word in action.option_strings]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                found += [word for one in action.choices.values() for word in one._option_string_actions]
        return found


def nearest(word: str, known: list[str]) -> str:
    """Return `` (did you mean …?)``, or nothing where no word comes near."""
    close = difflib.get_close_matches(word, known, n=1) if word else []
    return f" (did you mean {close[0]}?)" if close else ""


def _meant(message: str, options: list[str]) -> tuple[str, list[str]]:
    if found := re.search(r"(?:unrecognized arguments|unknown option): (-[^ =]*)", message):
        return found[1], options
    if found := re.search(r"invalid choice: '?([^']*?)'? \(choose from (.*)\)", message, re.DOTALL):
        return found[1], [word.strip().strip("'") for word in found[2].split(",")]
    return "", []
