"""What Samvad's stage scripts share.

The modules at the top of this package are used by two stages or more. A folder (``demux``, ``asr``, …) holds
what only that stage needs. Heavy libraries are imported inside the one function that uses them, so that every
script answers ``--help`` under a plain Python 3.11.
"""

import gc
import os
import sys
from types import TracebackType

__version__ = "0.1.0"

#: Inode, size, and the two times of change in nanoseconds.
FileState = tuple[int, int, int, int]


def file_state(path: str | os.PathLike[str] | int) -> FileState | None:
    """Return what changes whenever a file, by path or opened, is written or replaced; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- pathlib is not imported yet
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing of Ctrl-C: while modules are loaded, nobody wants to read which one it was."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


def _code_of_a_stage() -> dict[str, FileState | None]:
    """Return the state of all code by path, where a stage's script is at work; nothing elsewhere.

    This runs before any other module of the project is imported: ``runner.own_code`` compares it with the code that
    the stage's manifest names. It takes some 2 ms.
    """
    scripts = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main is None or os.path.dirname(os.path.realpath(main)) != scripts:  # noqa: PTH120
        return {}
    paths = [
        os.path.join(folder, name)  # noqa: PTH118
        for folder, _, names in os.walk(scripts)
        for name in names
        if name.endswith(".py")
    ]
    return {path: file_state(path) for path in paths}


#: What the code was when a stage's process began; empty in other processes.
FIRST_STATES = _code_of_a_stage()
if FIRST_STATES:
    # Next to nothing of what a stage's process makes as it starts is garbage, and looking for it took a tenth of that
    # time. ``runner.stage_process`` has it looked for again before the stage's work begins.
    gc.disable()
    sys.excepthook = _stopped
from samvad.core import late_methods  # noqa: E402 -- it is code, too

late_methods.begin()
