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
from importlib import _bootstrap  # type: ignore[attr-defined] -- what it lacks there is taken for nothing
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
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

#: How often a thread that waits for another one looks whether that one waits for it, in seconds.
_LOOK_SECONDS = 0.05

_changed = threading.Condition()
#: Which thread loads a module, and which one a thread waits for.
_loaders: dict[str, int] = {}
_waiting: dict[int, int] = {}


class Later(types.ModuleType):
    """A module of which nothing has been used yet."""

    def __getattr__(self, name: str) -> Any:
        """Return what the module has by that name, once it is loaded."""
        if load(self):
            return getattr(self, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def load(module: types.ModuleType) -> bool:
    """Load a module of ``LATER``, while other threads wait, and return whether it is whole by now.

    It is not where this thread is at it itself, or where the thread that is at it waits for this one, to import a part
    of it: then it is used as it is, as Python does with packages that two threads import parts of.
    """
    me, name = threading.get_ident(), module.__name__
    with _changed:
        while type(module) is Later and (loader := _loaders.get(name)) is not None:
            if _waits_for(loader, me):
                return False
            _waiting[me] = loader
            _changed.wait(_LOOK_SECONDS)
            del _waiting[me]
        if type(module) is not Later:
            return True
        _loaders[name] = me
    try:
        module.__spec__.loader.plain.exec_module(module)
        module.__class__ = types.ModuleType
    finally:
        with _changed:
            del _loaders[name]
            _changed.notify_all()
    return True


def _waits_for(thread: int | None, me: int) -> bool:
    """Say whether a thread is one, or waits for it, for a module of ``LATER`` or for one that Python imports."""
    seen: set[int] = set()
    while thread is not None and thread not in seen:
        if thread == me:
            return True
        seen.add(thread)
        thread = _waiting.get(thread) or _imports_after(thread)
    return False


def _imports_after(thread: int) -> int | None:
    """Return the thread that imports what another one waits to import, as Python knows it; None where none does."""
    locks = getattr(_bootstrap, "_blocking_on", {}).get(thread)
    owners = [getattr(lock, "owner", None) for lock in (locks if isinstance(locks, list) else [locks])]
    return next((owner for owner in owners if owner is not None), None)


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


class Part:
    """Makes a module of a package that is loaded later: the package first, which may load that module by itself.

    That is not done while the module is looked for, when Python lets no other thread import anything.
    """

    def __init__(self, package: types.ModuleType) -> None:
        self.package = package
        self.spec: Any = None
        self.is_there = False

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Return the module: the one that is there by now, or one that is to be executed."""
        load(self.package)
        there = sys.modules.get(spec.name)
        if there is not None:
            self.is_there, self.spec = True, there.__spec__
            return there
        self.spec = _found(spec.name, self.package.__path__)
        return module_from_spec(self.spec)

    def exec_module(self, module: types.ModuleType) -> None:
        """Execute it, unless it was there, and leave it with what it is known by anywhere else."""
        module.__spec__ = self.spec
        if self.is_there:
            return
        self.spec._initializing = True  # other threads that import it wait
        try:
            self.spec.loader.exec_module(module)
        finally:
            self.spec._initializing = False


def _found(name: str, path: Any) -> ModuleSpec:
    """Return how Python finds a module without this file."""
    for finder in sys.meta_path:
        spec = None if isinstance(finder, Finder) else finder.find_spec(name, path)
        if spec is not None:
            return spec
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class Finder:
    """Finds modules as Python does by itself; those of ``LATER`` are loaded later."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module is loaded; None where Python is to find it by itself."""
        above = name.rpartition(".")[0]
        package = sys.modules.get(above)
        if type(package) is Later and _loaders.get(above) != threading.get_ident():
            return ModuleSpec(name, Part(package))
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
