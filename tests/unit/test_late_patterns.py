"""samvad.core.late_patterns: patterns that are compiled late find what all patterns find."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from samvad.core import late_patterns
from samvad.core.late_patterns import LatePattern
from support import ROOT


def made_by(module: str, code: str) -> dict[str, object]:
    """Return what code of a module defines; patterns are made late in this process, as soon as samvad is imported."""
    names: dict[str, object] = {"__name__": module, "re": re}
    exec(compile(code, module, "exec"), names)
    return names


def test_a_module_of_the_project_has_patterns_that_are_compiled_at_their_first_use() -> None:
    found = made_by("samvad.somewhere", 'P = re.compile(r"(?P<word>[a-z]+)-(\\d)", re.IGNORECASE)')["P"]
    assert isinstance(found, LatePattern) and "search" not in vars(found)
    plain = re.compile(r"(?P<word>[a-z]+)-(\d)", re.IGNORECASE)
    assert isinstance(plain, re.Pattern), "this module is none of the project's"
    for text in ("Ab-1, cd-2", "nothing"):
        assert found.findall(text) == plain.findall(text)
        assert found.sub(r"\2\g<word>", text) == plain.sub(r"\2\g<word>", text)
        assert bool(found.fullmatch(text)) == bool(plain.fullmatch(text))
    assert (found.pattern, found.flags, found.groups, dict(found.groupindex)) == (
        plain.pattern, plain.flags, plain.groups, dict(plain.groupindex)
    )  # fmt: skip
    assert "search" in vars(found), "the first use compiled it, and no later one does so again"
    with pytest.raises(AttributeError):
        _ = found.nothing


def test_functions_and_other_modules_get_patterns() -> None:
    within = made_by("samvad.somewhere", "def make(text):\n    return re.compile(text)\n")["make"]
    assert isinstance(within("a"), re.Pattern)  # type: ignore[operator]
    with pytest.raises(re.error):
        within("(")  # type: ignore[operator]
    assert isinstance(made_by("elsewhere", 'P = re.compile("a")')["P"], re.Pattern)


def test_begun_twice_it_is_begun_once() -> None:
    begun = re.compile
    late_patterns.begin()
    assert re.compile is begun


def test_every_pattern_of_the_project_can_be_compiled() -> None:
    code = (
        "import pkgutil, importlib, re, samvad\n"
        "from samvad.core.late_patterns import LatePattern\n"
        "made = []\n"
        "init = LatePattern.__init__\n"
        "LatePattern.__init__ = lambda self, *given: (made.append(self), init(self, *given))[1]\n"
        "for module in pkgutil.walk_packages(samvad.__path__, 'samvad.'):\n"
        "    try:\n"
        "        importlib.import_module(module.name)\n"
        "    except (ImportError, SystemExit):\n"
        "        pass\n"
        "for pattern in made: pattern.pattern\n"
        "print(len(made))\n"
    )
    line = [sys.executable, "-c", code]
    told = subprocess.run(line, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert int(told.stdout.split()[-1]) > 150
