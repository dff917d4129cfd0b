"""A process that is told to stop waits for no program and no file that its threads are busy with."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import wave
from pathlib import Path

import pytest

import pressed
import support
from pressed import SOON, in_own_process
from samvad.core import checksums, stages, stopped_threads, subprocesses
from samvad.core.errors import SamvadError


def test_a_program_of_a_thread_ends_with_the_process() -> None:
    in_own_process(pressed.ends_soon, subprocesses.run, ["sleep", "60"])


def test_one_that_asks_for_more_and_more_programs_ends_too() -> None:
    in_own_process(pressed.ends_soon, pressed.programs_on_and_on)


@pytest.mark.parametrize("fails", [False, True])
def test_a_program_ends_where_its_end_is_all_that_is_waited_for(fails: bool) -> None:
    """At the end of a ``with`` statement, too, which a film that cannot be read comes to while others are read."""
    in_own_process(pressed.ends_where_only_the_end_is_waited_for, fails=fails)


def test_who_is_told_to_stop_twice_stops_as_well() -> None:
    """A terminal's Ctrl-C reaches a stage from the terminal and, as SIGTERM, from whoever started it."""
    in_own_process(pressed.ends_though_pressed_twice)


def test_a_file_is_not_hashed_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 36)  # a minute of hashing
    in_own_process(pressed.ends_soon, checksums.take, large)


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

    in_own_process(pressed.ends_soon, pressed.listen_on_and_on, sound)
