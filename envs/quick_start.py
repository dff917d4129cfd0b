"""Let Snakemake start without the libraries that only some of its runs use.

envs/setup puts this file among the packages of the environment ``workflow``, with a line that Python reads as it
starts. Where the program is ``snakemake``, the modules of ``LATER`` are loaded when something of them is used, not
when they are imported: the SLURM plug-in, which Snakemake loads for its options in every run, imports pandas for a
report on jobs that are over, and smart_open, with which Snakemake opens its Snakefile, imports boto3 and requests for
files that lie elsewhere. From then on such a module is what it always is. Nothing depends on this: without it, all is
loaded at once.

Usage: PYTHON envs/quick_start.py   (the Python of that environment)
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import sysconfig
import threading
import types
from importlib import _bootstrap  # type: ignore[attr-defined]
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

NAME = "samvad_quick_start"
#: What Python runs as it starts: nothing but this comparison where the program is another.
LINE = (
    "import sys; any(word.rpartition('/')[2] == 'snakemake' for word in sys.orig_argv[1:3]) "
    f"and __import__('{NAME}').begin()\n"
)
#: Modules that Snakemake, its plug-ins and smart_open import whole and use in functions alone.
LATER = frozenset({"boto3", "botocore.client", "numpy", "pandas", "requests"})
#: Next to nothing of what Snakemake makes as it starts is garbage; looking for it takes a tenth of the time. The
#: numbers are those of rules/common.smk.
THRESHOLDS = (100_000, 50, 100)

#: Which thread loads a module.
_loaders: dict[str, int] = {}
_find_and_load = _bootstrap._find_and_load


class Later(types.ModuleType):
    """A module of which nothing has been used yet."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has by that name, once it is loaded."""
        if load(self):
            return getattr(self, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def load(module: types.ModuleType) -> bool:
    """Load a module of ``LATER`` and say whether it is whole by now. Other threads wait, by Python's own lock of it.

    It is not whole where this thread is at it itself, or where the thread that is at it waits for this one: then it is
    used as it is, as Python does with modules that two threads import while each needs the other's.
    """
    me, name = threading.get_ident(), module.__name__
    if _loaders.get(name) == me:
        return False
    lock = _bootstrap._ModuleLockManager(name)
    try:
        lock.__enter__()
    except _bootstrap._DeadlockError:
        return type(module) is not Later
    try:
        if type(module) is Later:
            _loaders[name] = me
            module.__spec__.loader.plain.exec_module(module)
            module.__class__ = types.ModuleType
    finally:
        _loaders.pop(name, None)
        lock.__exit__()
    return True


def find_and_load(name: str, import_: Any) -> types.ModuleType:
    """Import a module as Python does, but what it is part of is loaded first.

    That is done before Python takes the lock of the part: the thread that loads the package may need it.
    """
    above = name.rpartition(".")[0]
    while above:
        package = sys.modules.get(above)
        if type(package) is Later:
            load(package)
        above = above.rpartition(".")[0]
    return _find_and_load(name, import_)


class Loader:
    """Makes a module that is loaded when it is used, by what would have loaded it at once."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module, with its path and all that it is told by."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it empty, until something of it is looked for."""
        module.__class__ = Later

    def __getattr__(self, name: str) -> Any:
        """Answer what is asked of a package's files as the plain loader does."""
        return getattr(self.plain, name)


class Finder:
    """Finds modules as Python does by itself; those of ``LATER`` are loaded later."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module is loaded; None where Python is to find it by itself."""
        if name not in LATER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader)
        return spec


def begin() -> None:
    """Load the modules of ``LATER`` later, from now on."""
    gc.set_threshold(*THRESHOLDS)
    sys.meta_path.insert(0, Finder())
    _bootstrap._find_and_load = find_and_load  # what ``import`` and importlib.import_module call, by this name


def install() -> None:
    """Put this file where the Python that runs it looks for packages; where nothing can be written, nothing is said."""
    packages = sysconfig.get_path("purelib")
    with open(__file__, encoding="utf-8") as file:  # noqa: PTH123 -- pathlib is not imported: see begin
        own = file.read()
    for name, text in ((f"{NAME}.py", own), (f"{NAME}.pth", LINE)):
        place = os.path.join(packages, name)  # noqa: PTH118
        with contextlib.suppress(OSError):
            with open(f"{place}.{os.getpid()}", "w", encoding="utf-8") as file:  # noqa: PTH123
                file.write(text)
            os.replace(file.name, place)  # noqa: PTH105


if __name__ == "__main__":
    install()
