"""A lock keeps others out until its process ends, and a file that is taken away by its holder confuses nobody."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import support
from samvad.core import locks
from samvad.core.errors import DiskError

HOLD = "import sys, time; from pathlib import Path; from samvad.core import locks; locks.take(Path(sys.argv[1])); {}"


def holder(path: Path) -> subprocess.Popen[str]:
    """Start a process that holds a lock until it is killed."""
    code = HOLD.format("print('held', flush=True); time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], cwd=support.ROOT / "scripts", stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_another_process_is_kept_out_until_the_holder_ends_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with holder(path) as process:
        assert locks.try_take(path) is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    handle = locks.try_take(path)
    assert handle is not None
    os.close(handle)


@pytest.mark.parametrize("remove", [False, True])
def test_of_many_one_is_inside_at_a_time_also_where_the_file_is_taken_away(tmp_path: Path, remove: bool) -> None:
    path, inside, most = tmp_path / "lock", [], []

    def work() -> None:
        for _ in range(50):
            with locks.exclusive(path, remove=remove):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 400 and set(most) == {1}
    assert path.exists() != remove


def test_a_disk_that_knows_no_locks_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locks.exclusive(tmp_path / "lock"):
        handle = locks.try_take(tmp_path / "lock", unknown=30)
        assert handle is not None
        os.close(handle)
    assert "No locks available" in caplog.text


def test_a_file_where_the_locks_folder_should_be_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(DiskError, match=r"guard\.lock cannot be written \(Not a directory\)"):
        locks.take(tmp_path / "folder" / "guard.lock")
