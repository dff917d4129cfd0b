"""Let Snakemake start without the libraries that only some of its runs use.

envs/setup puts this file among the packages of the environment ``workflow``, with a line that Python reads as it
starts. Where the program is ``snakemake``, the modules of ``LATER`` are loaded when something of them is used, not
when they are imported: the SLURM plug-in, which Snakemake loads for its options in every run, imports pandas for a
report on jobs that are over, and smart_open, with which Snakemake opens its Snakefile, imports boto3 and requests for
files that lie elsewhere. From then on such a module is what it always is. Nothing depends on this: without it, all is
loaded at once.

Snakemake 9.27 keeps what it remembers of jobs in files, or in a database where it is told to. For the database alone it
declares that record by sqlmodel, which loads SQLAlchemy and pydantic: a quarter of what a film's run costs Snakemake.
Here the record is a plain one (``Record``) until somebody asks for the database, or a file of it is damaged.

Its reports (``--report``) are written with docutils and jinja2, which are loaded when a report is made.

Each of its five kinds of plug-ins lists all that can be imported, to find its own by their names: here it is listed once.

Usage: PYTHON envs/quick_start.py   (the Python of that environment)
"""

from __future__ import annotations

import _signal
import contextlib
import gc
import os
import sys
import sysconfig
import threading
import types
from collections.abc import Iterator
from importlib import _bootstrap  # type: ignore[attr-defined]
from importlib import import_module
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
#: Where Snakemake declares what it remembers of a job, and what keeps that in a database.
RECORDS, DATABASE = "snakemake.persistence", "snakemake.persistence.db"
#: What collects Snakemake's reports, with what it takes from docutils and what begins one; and what makes pages of them.
REPORTS, PAGES = "snakemake.report", "snakemake.report.html_reporter"
BEGIN_REPORTS = ("auto_report", "report")
#: Versions of Snakemake in whose code nothing but the database needs more of the record than ``Record`` has, and
#: nothing but ``BEGIN_REPORTS`` is used of the reports.
PLAIN_IN = ("9.27.0",)
#: Next to nothing of what Snakemake makes as it starts is garbage; looking for it takes a tenth of the time. The
#: numbers are those of rules/common.smk.
THRESHOLDS = (100_000, 50, 100)

#: Whether Ctrl-C was pressed: Snakemake takes what stops it while it reads ``--config`` for a value that is no YAML, and
#: goes on. rules/settings.smk looks here.
interrupted = False

#: Which thread loads a module.
_loaders: dict[str, int] = {}
_declaring = threading.Lock()
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


class Record:
    """What sqlmodel makes of the declaration of a record, as far as files of JSON need it: fields and what they are."""

    #: What each field is, and what it holds until it is set; by name, in their order.
    _fields: dict[str, tuple[Any, Any]]

    def __init_subclass__(cls) -> None:
        """Read the declaration."""
        own = vars(cls)
        cls._fields = {name: (kind, own.get(name)) for name, kind in own["__annotations__"].items()}

    def __init__(self) -> None:
        self.__dict__ = {name: made() if callable(made) else made for name, (_, made) in self._fields.items()}

    @classmethod
    def model_validate(cls, found: Any) -> Any:
        """Return a record of what a file holds; whether something is wrong with that is for sqlmodel to say, and how."""
        known = {name: found[name] for name in cls._fields if name in found} if type(found) is dict else None
        if known is None or not all(fits(value, cls._fields[name][0]) for name, value in known.items()):
            return with_sqlmodel(cls).model_validate(found)
        record = cls()
        record.__dict__.update(known)
        return record

    def model_dump(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {name: getattr(self, name) for name in self._fields}


def field(default: Any = None, default_factory: Any = None, **_: Any) -> Any:
    """Return what a field holds until it is set, or what makes that; its column in a database is nothing here."""
    return default_factory or default


def fits(value: Any, kind: Any) -> bool:
    """Say whether a value of JSON is of a kind just as it is: nothing is turned into anything."""
    if kind is Any:
        return True
    if type(kind) is types.UnionType:
        return any(fits(value, one) for one in kind.__args__)
    if getattr(kind, "__origin__", None) is list:
        return type(value) is list and all(fits(one, kind.__args__[0]) for one in value)
    if getattr(kind, "__origin__", None) is dict:
        of = kind.__args__
        return type(value) is dict and all(fits(name, of[0]) and fits(one, of[1]) for name, one in value.items())
    return type(value) is kind


def with_sqlmodel(record: type) -> Any:
    """Declare the record of jobs by sqlmodel, as Snakemake does by itself, and return it.

    Its declaration is run once more, in its own module: from then on that has what it has without this file.
    """
    module = sys.modules[record.__module__]
    with _declaring:
        if record is getattr(module, record.__name__):
            import ast

            import sqlalchemy
            import sqlmodel

            tree = ast.parse(module.__loader__.get_source(module.__name__))
            tree.body = [part for part in tree.body if isinstance(part, ast.ClassDef) and part.name == record.__name__]
            names = vars(module)
            names.update(Column=sqlalchemy.Column, JSON=sqlalchemy.JSON)
            names.update(SQLModel=sqlmodel.SQLModel, Field=sqlmodel.Field)
            exec(compile(tree, module.__file__, "exec"), names)  # noqa: S102 -- Snakemake's own code
    return getattr(module, record.__name__)


class Records(Loader):
    """Loads Snakemake's records of jobs without sqlmodel."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Let what the module imports be the little that it needs."""
        with standing_in(
            {"sqlalchemy": {"Column": field, "JSON": None}, "sqlmodel": {"SQLModel": Record, "Field": field}}
        ):
            self.plain.exec_module(module)


class Database(Loader):
    """Loads what keeps Snakemake's records of jobs in a database when it is told to."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Have the one name that Snakemake imports, which loads the rest when it is called."""

        def begin_database(*given: Any, **options: Any) -> Any:
            record = sys.modules[RECORDS].MetadataRecord  # type: ignore[attr-defined]
            if issubclass(record, Record):
                with_sqlmodel(record)
            if module.DbPersistence is begin_database:
                self.plain.exec_module(module)
            return module.DbPersistence(*given, **options)

        module.DbPersistence = begin_database  # type: ignore[attr-defined]


@contextlib.contextmanager
def standing_in(names: dict[str, dict[str, Any]]) -> Iterator[bool]:
    """Let modules be there that have a few names and nothing else; say whether they are, for not if one is loaded."""
    if any(name in sys.modules for name in names):
        yield False
        return
    for name, has in names.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(has)
    try:
        yield True
    finally:
        for name in names:
            del sys.modules[name]


class Reports(Loader):
    """Loads what collects Snakemake's reports without docutils, until one is to be made."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the module with names in place of docutils; what begins a report runs it again, as it is, first."""
        directives = types.SimpleNamespace(register_directive=lambda *_: None)
        names = {
            "docutils.parsers.rst.directives.images": {name: type(name, (), {}) for name in ("Image", "Figure")},
            "docutils.parsers.rst": {"directives": directives},
            "docutils.core": {"publish_file": None, "publish_parts": None},
        }
        with standing_in(names) as is_light:
            self.plain.exec_module(module)
        if is_light:
            vars(module).update({name: self.beginning(module, name) for name in BEGIN_REPORTS})

    def beginning(self, module: types.ModuleType, name: str) -> Any:
        """Return what stands in for a function of the module, and loads all of it when it is called."""

        def begin_report(*given: Any, **options: Any) -> Any:
            with _declaring:
                if vars(module)[name] is begin_report:
                    self.plain.exec_module(module)
            return vars(module)[name](*given, **options)

        return begin_report


class Pages(Loader):
    """Loads what makes pages of Snakemake's reports without jinja2, until it is called."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Let what the module takes from jinja2 be functions that call it."""

        def later(name: str) -> Any:
            return lambda *given, **options: getattr(import_module("jinja2"), name)(*given, **options)

        with standing_in({"jinja2": {name: later(name) for name in ("Environment", "PackageLoader")}}):
            self.plain.exec_module(module)


class Finder:
    """Finds modules as Python does by itself; those of ``LATER`` are loaded later."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module is loaded; None where Python is to find it by itself."""
        kinds = {RECORDS: Records, DATABASE: Database, REPORTS: Reports, PAGES: Pages}
        if name not in LATER and name not in kinds:
            return None
        if name in kinds and not is_plain():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = kinds.get(name, Loader)(spec.loader)
        return spec


def is_plain() -> bool:
    """Say whether the Snakemake that is being loaded is of a version of ``PLAIN_IN``."""
    place = os.path.dirname(os.path.dirname(sys.modules["snakemake"].__file__ or ""))  # noqa: PTH120
    return any(os.path.exists(f"{place}/snakemake-{version}.dist-info") for version in PLAIN_IN)  # noqa: PTH110


def listed_once(plain: Any) -> Any:
    """Return what stands in for ``pkgutil.iter_modules``: of the same places, it lists what can be imported only once."""
    known: dict[tuple[str, ...], list[Any]] = {}

    def iter_modules(path: Any = None, prefix: str = "") -> Iterator[Any]:
        if path is not None or prefix:
            return plain(path, prefix)  # type: ignore[no-any-return]
        places = tuple(map(str, sys.path))
        if places not in known:
            known[places] = list(plain())
        return iter(known[places])

    return iter_modules


def stopped(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    """Say that Ctrl-C has ended it, not which module was being loaded."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("Stopped.\n")
    else:
        sys.__excepthook__(kind, error, trace)


def interrupt(number: int, frame: types.FrameType | None) -> None:
    """Do what Python does at Ctrl-C, and keep in mind that it was pressed."""
    global interrupted  # noqa: PLW0603 -- a signal's handler has nowhere else to say so
    interrupted = True
    _signal.default_int_handler(number, frame)


def begin() -> None:
    """Load the modules of ``LATER`` later, from now on; Ctrl-C while they are loaded ends it without a traceback."""
    gc.set_threshold(*THRESHOLDS)
    sys.excepthook = stopped
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # not where it is ignored
        _signal.signal(_signal.SIGINT, interrupt)
    sys.meta_path.insert(0, Finder())
    _bootstrap._find_and_load = find_and_load  # what ``import`` and importlib.import_module call, by this name
    import pkgutil  # Snakemake's own first import would be this, too

    pkgutil.iter_modules = listed_once(pkgutil.iter_modules)


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
