"""Make the methods of dataclasses when they are first called.

Python writes and compiles up to six functions for each frozen dataclass as its module is imported: for the hundred
classes that a stage's process loads, a third of its start, and few of them are ever called. Here the classes of this
project get functions that are compiled at their first call, and take the places of themselves then. Nothing depends on
it: where Python makes such methods in another way, all are made at once.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

_PACKAGE = "samvad"
#: The parameters of the function of Python's library that compiles a method (3.11 and 3.12).
_KNOWN = ("name", "args", "body", "globals", "locals", "return_type")


def begin() -> None:
    """Make the methods of the project's dataclasses late, from now on."""
    plain = getattr(dataclasses, "_create_fn", None)
    if inspect.isfunction(plain) and tuple(inspect.signature(plain).parameters) == _KNOWN:
        dataclasses._create_fn = _late_by(plain)  # type: ignore[attr-defined]


def _late_by(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return what stands in for the function that compiles a method."""

    def create(name: str, *given: Any, **named: Any) -> Any:
        module = (named.get("globals") or {}).get("__name__", "")
        if module.partition(".")[0] != _PACKAGE:
            return plain(name, *given, **named)
        made: list[Any] = []

        def late(self: Any, /, *arguments: Any, **more: Any) -> Any:
            if not made:
                method = plain(name, *given, **named)
                method.__qualname__ = late.__qualname__
                made.append(method)
                for kind in type(self).__mro__:
                    if kind.__dict__.get(name) is late:
                        setattr(kind, name, method)
            return made[0](self, *arguments, **more)

        late.__name__ = name
        return late

    return create
