"""Compile the patterns of this project's modules when they are first used.

A stage's process imports modules with some fifty patterns, at a fifth of a millisecond each, and uses few of them.
``re.compile``, called as one of the project's modules is imported, gives what stands in for the pattern; calls from
functions, and those of other libraries, give the pattern itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

_PACKAGES = ("samvad", "__main__")
#: What a pattern has; taken over at the first use, so that a later one costs nothing more.
_HAS = tuple(name for name in dir(re.Pattern) if not name.startswith("_"))


class LatePattern:
    """Stands in for a pattern: it is used by its methods, and is no ``re.Pattern`` for ``re.sub`` and the like."""

    def __init__(self, plain: Callable[..., Any], pattern: str | bytes, flags: int) -> None:
        self._given = plain, pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Compile it, and take over all that it has."""
        if name not in _HAS:
            raise AttributeError(name)
        plain, pattern, flags = self._given
        made = plain(pattern, flags)
        vars(self).update({each: getattr(made, each) for each in _HAS})
        return getattr(made, name)


def begin() -> None:
    """Compile the project's patterns late, from now on."""
    if re.compile.__module__ == re.__name__:
        re.compile = _late_by(re.compile)


def _late_by(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands in for ``re.compile``."""

    def compile_late(pattern: Any, flags: Any = 0) -> Any:
        caller = sys._getframe(1)
        module = str(caller.f_globals.get("__name__", "")).partition(".")[0]
        if module in _PACKAGES and caller.f_code.co_name == "<module>" and isinstance(pattern, str | bytes):
            return LatePattern(plain, pattern, flags)
        return plain(pattern, flags)

    return compile_late
