"""A failure says what failed: its kind comes from where it was raised, and a defect is called a defect."""

from __future__ import annotations

import errno
import os
import queue
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from samvad.core import files, subprocesses
from samvad.core.errors import ChangedFileError, MediaError, NetworkError, SamvadError
from samvad.core.failures import Failure, describe
from samvad.documents import segments
from samvad.models import http, patience

FILM = "/films/दिल से.mkv"


def system(number: int, file: str | None = None) -> OSError:
    """An error as the system raises it: of the class that Python has for its number."""
    return OSError(number, os.strerror(number), *([file] if file else []))


def reading(error: OSError) -> None:
    with files.disk_errors(Path(FILM), "read"):
        raise error


def writing(error: OSError) -> None:
    with files.disk_errors(Path(FILM)):
        raise error


def copying_from_elsewhere() -> None:
    with files.disk_errors(Path("/out/film.mkv")):
        raise system(errno.EACCES, FILM)


def a_program_that_hangs() -> None:
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.1, check=False)


def a_program_that_says_nothing() -> None:
    subprocesses.run([sys.executable, "-c", "import time; time.sleep(60)"], silence_seconds=0.2)


def a_program_that_is_killed() -> None:
    subprocesses.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])


def a_service_that_does_not_answer() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    http.probe(f"test-{os.getpid()}", "The hub", url, patience.Policy(attempts=1, breaker_failures=99))


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def failure_of(act: Callable[[], object]) -> Failure:
    try:
        act()
    except BaseException as caught:
        return describe(caught)
    pytest.fail("nothing was raised")


class LibrarysError(OSError):
    """As requests and others have them: of the system's family, with meanings of their own."""


TABLE: dict[str, tuple[Callable[[], object], str, tuple[str, ...]]] = {
    "an error of our own": (raising(MediaError("It is cut short.", "Copy it.")), "media", ("cut short. Copy it.",)),
    # -- the disk, by what was done with it
    "a file that may not be read": (lambda: reading(system(errno.EACCES)), "disk", (FILM, "cannot be read", "permis")),
    "a file that may not be written": (lambda: writing(system(errno.EACCES)), "disk", ("be written", "output_root")),
    "a file that may not be used": (raising(system(errno.EACCES, FILM)), "disk", (FILM, "be used", "permissions")),
    "the source of a copy": (copying_from_elsewhere, "disk", (FILM, "cannot be used", "permissions")),
    "a disk that is read-only": (raising(system(errno.EROFS, FILM)), "disk", (FILM, "cannot be written")),
    "a full disk": (lambda: writing(system(errno.ENOSPC)), "disk", ("No space", f"disk of {FILM}", "Free some")),
    "a full disk of no known file": (raising(system(errno.ENOSPC)), "disk", ("No space is left on a disk.", "Free")),
    "a quota": (lambda: writing(system(errno.EDQUOT)), "disk", ("Your quota", FILM, "Free some")),
    "a disk that fails": (lambda: reading(system(errno.EIO)), "disk", (FILM, "be read: its disk fails", "dmesg")),
    "a disk that fails, of no known file": (raising(system(errno.EIO)), "disk", ("A disk fails", "dmesg")),
    "a file server that is gone": (lambda: reading(system(errno.ESTALE)), "disk", (FILM, "its disk fails", "server")),
    "a file server that is slow": (raising(system(errno.ETIMEDOUT, FILM)), "disk", (FILM, "its disk fails", "server")),
    "no list of words": (lambda: segments.read(Path(__file__)), "changed", ("is not JSON", "Run its stage again")),
    "no file at all": (lambda: segments.read(Path("/no/f.json")), "changed", ("/no/f.json does not exist",)),
    "a file that another stage's is not": (raising(ChangedFileError("It is gone.")), "changed", ("It is gone.",)),
    # -- limits, programs and memory
    "too many files": (raising(system(errno.EMFILE, FILM)), "configuration", ("no more files", "ulimit -n")),
    "too many files of a machine": (raising(system(errno.ENFILE)), "configuration", ("no more files",)),
    "a program that is missing": (lambda: subprocesses.run(["no-program"]), "configuration", ("no-program", "setup")),
    "a program that hangs": (a_program_that_hangs, "configuration", (Path(sys.executable).name, "within 0.1 s")),
    "a program that is silent": (a_program_that_says_nothing, "media", (Path(sys.executable).name, "nothing for 0 s")),
    "Python's memory": (raising(MemoryError()), "out_of_memory", ("not enough memory", "batch_size")),
    "the system's memory": (raising(system(errno.ENOMEM)), "out_of_memory", ("not enough memory",)),
    "a GPU's memory": (raising(RuntimeError("CUDA failed with error out of memory")), "out_of_memory", ("batch_size",)),
    "C++'s memory": (raising(RuntimeError("std::bad_alloc")), "out_of_memory", ("batch_size",)),
    "a GPU's wrong address": (raising(RuntimeError("an illegal memory access was encountered")), "bug", ("defect",)),
    "a program that is killed": (a_program_that_is_killed, "out_of_memory", (Path(sys.executable).name, "was killed")),
    "a stop": (raising(KeyboardInterrupt()), "stopped", ("stopped", "same command again")),
    # -- the network, where something was asked of it
    "a service": (a_service_that_does_not_answer, "network", ("The hub", "cannot be reached")),
    "a connection that was refused": (raising(system(errno.ECONNREFUSED)), "network", ("connection failed", "refused")),
    "a connection that was reset": (raising(system(errno.ECONNRESET)), "network", ("connection failed", "reset")),
    "no way to a host": (raising(system(errno.EHOSTUNREACH)), "network", ("connection failed", "No route")),
    # -- what says nothing of a place
    "a broken pipe": (raising(system(errno.EPIPE)), "bug", ("BrokenPipeError", "defect")),
    "a time that ran out": (raising(TimeoutError("timed out")), "bug", ("TimeoutError", "defect")),
    "a queue that stayed empty": (raising(queue.Empty()), "bug", ("Empty", "defect")),
    "a number of a library's own": (raising(LibrarysError(errno.EPERM, "a bad certificate")), "bug", ("defect",)),
    "a certificate": (raising(ssl.SSLError(1, "certificate verify failed")), "bug", ("SSLError", "defect")),
}


def test_a_stage_whose_slurm_job_has_used_up_its_time_was_stopped_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for end, category in ((time.time() + 60, "stopped"), (time.time(), "killed")):
        monkeypatch.setenv("SLURM_JOB_END_TIME", f"{end:.0f}")
        found = failure_of(raising(KeyboardInterrupt()))
        assert (found.category, found.status) == (category, "stopped" if category == "stopped" else "failed")
    assert "asked for was over" in found.message


@pytest.mark.parametrize("name", TABLE)
def test_what_was_raised_has_a_kind_and_words(name: str) -> None:
    act, category, words = TABLE[name]
    found = failure_of(act)
    assert found.category == category, found.message
    assert [word for word in words if word not in found.message] == [], found.message


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if FILM in row[2]])
def test_the_file_at_fault_is_told_apart(name: str) -> None:
    assert failure_of(TABLE[name][0]).file == FILM


DEFECTS = [KeyError, TypeError, AttributeError, AssertionError, IndexError, ValueError, ZeroDivisionError, RuntimeError]
CAUSES = [
    system(errno.ECONNREFUSED),
    system(errno.EPIPE),
    system(errno.ENOSPC, FILM),
    system(errno.EACCES, FILM),
    system(errno.EIO),
    TimeoutError("timed out"),
    urllib.error.URLError("no answer"),
    subprocess.TimeoutExpired(["ffmpeg"], 5),
    MemoryError(),
    NetworkError("The hub cannot be reached."),
]


@given(st.sampled_from(DEFECTS), st.lists(st.tuples(st.sampled_from(CAUSES), st.booleans()), min_size=1, max_size=4))
def test_a_defect_is_one_whatever_was_being_handled(
    defect: type[Exception], chain: list[tuple[BaseException, bool]]
) -> None:
    raised = defect("film_id")
    above: BaseException = raised
    for kind, explicit in chain:
        cause = type(kind)(*kind.args)
        above.__context__ = cause
        if explicit:
            above.__cause__ = cause
        above = cause
    found = describe(raised)
    assert (found.category, found.type) == ("bug", defect.__name__)
    assert "This is a defect: please report it" in found.message


@given(st.sampled_from(CAUSES), st.booleans())
def test_what_the_place_said_that_raised_it_stands(cause: BaseException, explicit: bool) -> None:
    def act() -> None:
        try:
            raise type(cause)(*cause.args)
        except BaseException as error:
            if explicit:
                raise MediaError("The film is cut short.") from error
            raise MediaError("The film is cut short.") from None

    assert failure_of(act).category == "media"


@given(st.integers(1, 140), st.sampled_from([None, FILM]))
def test_what_is_not_known_to_be_written_is_not_said_to_be(number: int, file: str | None) -> None:
    message = describe(system(number, file)).message
    assert "cannot be read" not in message
    assert "cannot be written" not in message or number == errno.EROFS
    assert "output_root" not in message or number in (errno.EROFS, errno.ENOSPC, errno.EDQUOT)


STAGE = """
import errno, os, sys
from pathlib import Path
from samvad.core import files
from samvad.runner.stage_process import run_stage
from samvad.stages.demux.options import STAGE

def work(run, options):
    ACT

sys.exit(run_stage(STAGE, work))
"""


@pytest.mark.parametrize(
    ("act", "category", "exit_code", "kind", "words"),
    [
        (
            "try:\n        raise ConnectionRefusedError(errno.ECONNREFUSED, 'refused')\n"
            "    except OSError:\n        {}['duration_ms']",
            *("bug", 1, "KeyError", "KeyError: 'duration_ms' This is a defect"),
        ),
        ("Path('/proc/1/mem/film.mkv').read_bytes()", "bug", 1, "NotADirectoryError", "/proc/1/mem"),
        (
            "with files.disk_errors(Path('/films/a.mkv'), 'read'):\n        raise OSError(errno.EACCES, 'denied')",
            *("disk", 6, "DiskError", "/films/a.mkv cannot be read (denied). Change its permissions."),
        ),
        ("raise BrokenPipeError(errno.EPIPE, 'Broken pipe')", "bug", 1, "BrokenPipeError", "This is a defect"),
        ("bytearray(1 << 60)", "out_of_memory", 7, "MemoryShortageError", "not enough memory"),
    ],
)
def test_the_failed_manifest_says_so(
    tmp_path: Path, act: str, category: str, exit_code: int, kind: str, words: str
) -> None:
    job = support.make_job(tmp_path)
    code = STAGE.replace("ACT", act)
    done = subprocess.run(
        [sys.executable, "-c", code, "--job-folder", job, "--film", "test", "--media", FILM],
        cwd=support.ROOT / "scripts",
        env={**os.environ, **support.new_cache(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    (error,) = support.failed_manifest(job, "demux")["errors"]
    assert (error["category"], error["type"]) == (category, kind), error
    assert words in error["message"] and words in done.stderr


def test_every_kind_of_our_errors_is_one_that_manifests_know() -> None:
    from samvad.core import schemas

    found, classes = set(), [SamvadError]
    for one in classes:
        classes += one.__subclasses__()
        found.add(one.category)
    schema = schemas.schema("stage_manifest")["properties"]["errors"]["items"]["properties"]["category"]
    assert found == set(schema["enum"])
