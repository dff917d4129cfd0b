"""A process that is told to stop waits for no program and no file that its threads are busy with."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from samvad.core import checksums, stages, stopped_threads, subprocesses
from samvad.core.errors import SamvadError, StoppedError
from samvad.media import sound_events

#: Seconds in which a process that is told to stop has done so; what it is busy with would take a minute.
SOON = 5.0


def stopped_while(work: Callable[..., object], *arguments: object) -> BaseException | None:
    """Let a thread work, and stop this process as Ctrl-C does; return how the thread ended."""
    began = threading.Event()

    def call() -> None:
        began.set()
        work(*arguments)

    def press() -> None:
        began.wait()
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(2) as pool:
        done = pool.submit(call)
        waits = [pool.submit(time.sleep, 0.5) for _ in range(200)]
        done.result()
    assert sum(one.cancelled() for one in waits) > 190, "what had not begun was waited for"
    return done.exception()


def test_a_program_of_a_thread_ends_with_the_process() -> None:
    before = time.monotonic()
    error = stopped_while(subprocesses.run, ["sleep", "60"])
    assert isinstance(error, StoppedError)
    assert time.monotonic() - before < SOON
    assert subprocesses.run(["true"]).code == 0, "the next one runs as ever"


def test_one_that_asks_for_more_and_more_programs_ends_too() -> None:
    def go_on() -> None:
        for _ in range(600):
            subprocesses.run(["sleep", "0.1"])

    before = time.monotonic()
    assert isinstance(stopped_while(go_on), StoppedError)
    assert time.monotonic() - before < SOON


def press_soon(*waits: float) -> None:
    """Press Ctrl-C after so many seconds, and so many after that."""

    def press() -> None:
        for seconds in waits:
            time.sleep(seconds)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()


@pytest.mark.parametrize("fails", [False, True])
def test_a_program_ends_where_its_end_is_all_that_is_waited_for(fails: bool) -> None:
    """At the end of a ``with`` statement, too, which a film that cannot be read comes to while others are read."""
    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(2) as pool:
        done = pool.submit(subprocesses.run, ["sleep", "60"])
        press_soon(0.3)
        if fails:
            raise SamvadError("broken", "mend it")
    assert isinstance(done.exception(0), StoppedError)


def test_who_is_told_to_stop_twice_stops_as_well() -> None:
    """A terminal's Ctrl-C reaches a stage from the terminal and, as SIGTERM, from whoever started it."""

    def compute() -> subprocesses.Done:
        time.sleep(0.8)  # what looks at nothing meanwhile
        return subprocesses.run(["sleep", "60"])

    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(1) as pool:
        done = pool.submit(compute)
        press_soon(0.2, 0.2)
        done.result()
    assert isinstance(done.exception(0), StoppedError)
    assert subprocesses.run(["true"]).code == 0, "the next one runs as ever"


def test_a_file_is_not_hashed_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 36)  # a minute of hashing
    before = time.monotonic()
    assert isinstance(stopped_while(checksums.take, large), StoppedError)
    assert time.monotonic() - before < SOON


def test_after_an_error_the_rest_is_done(tmp_path: Path) -> None:
    """One film that cannot be read stops nothing else; only whoever stops the process does."""
    with pytest.raises(SamvadError), stopped_threads.Pool(1) as pool:
        done = pool.submit(subprocesses.run, ["sleep", "0.3"])
        raise SamvadError("broken", "mend it")
    assert done.result().code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stage_01_stops_while_it_reads_the_packets_of_a_film(tmp_path: Path, number: signal.Signals) -> None:
    """ffprobe reads a film of 1 GB for half a minute; here it gives the first packets and is at it for a minute."""
    film = support.make_film(tmp_path / "film.mp4")
    job, programs, begun = support.make_job(tmp_path), tmp_path / "bin", tmp_path / "begun"
    programs.mkdir()
    real = subprocess.run(["which", "ffprobe"], capture_output=True, text=True, check=True).stdout.strip()
    (programs / "ffprobe").write_text(
        f'#!/bin/bash\ncase "$*" in *packet=stream_index*) touch {begun}; exec sleep 60 ;; esac\nexec {real} "$@"\n',
        "utf-8",
    )
    (programs / "ffprobe").chmod(0o755)
    row = stages.BY_NAME["demux"]
    process = subprocess.Popen(
        [support.ROOT / "envs/run", row.environment, row.script, f"--job-folder={job}", "--film=a", f"--media={film}"],
        env={**os.environ, **support.new_cache(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        while not begun.exists():
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(number)
        before = time.monotonic()
        process.wait(50)
        took = time.monotonic() - before
    finally:
        process.kill()
        process.communicate()
    assert took < SOON
    assert support.attempt_of(job, "demux")["status"] == "stopped"


def test_no_pool_of_threads_is_left_that_would_be_waited_for() -> None:
    """Whoever reads films in threads does so in a Pool; others fetch, hash archives or decode speech."""
    known = {
        "samvad/media/fetched.py",
        "samvad/reporting/archive/verify.py",
        "samvad/reporting/object_store.py",
        "samvad/stages/asr/helper.py",
    }
    assert support.modules_with(lambda text: " ThreadPoolExecutor(" in text) == known


def test_who_listens_for_songs_in_a_thread_stops_with_the_process(tmp_path: Path) -> None:
    sound = tmp_path / "audio.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 3_600))

    def go_on() -> None:
        while True:
            sound_events.listen(sound)

    before = time.monotonic()
    assert isinstance(stopped_while(go_on), StoppedError)
    assert time.monotonic() - before < SOON
