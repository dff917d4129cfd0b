"""Stands in for every stage's script: the real command line, attempts and manifest around work that takes no time.

Started in place of ``envs/run`` in a copy of the project. Each output says what it was made of, so that it changes when
its inputs or options do, and only then. A file ``faults`` in the project's folder lets stages fail in one of the ways
of ``FAULTS``, or lets something of ``CHANGES`` or ``LAST`` happen meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(os.environ["STAND_IN_FOR"], "scripts")))

from samvad.core import places, stages, variables
from samvad.core.errors import MediaError, ModelError
from samvad.documents import provenance
from samvad.media import fetched
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import Skipped, StageRun
from samvad.settings import subtitle_profiles


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _no_model() -> None:
    raise ModelError("The model is not there.", "Fetch it.")


def _no_memory() -> None:
    raise MemoryError


def _full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "audio.wav")


def _defect() -> None:
    raise ValueError("a defect")


def _skipped() -> None:
    raise Skipped("there is nothing to do")


def _held() -> None:
    """Say that the stage is here, and go on when that is taken away."""
    here = Path("held")
    here.touch()
    while here.exists():
        time.sleep(0.005)


def _elsewhere() -> None:
    """Lack, as another machine of a cluster does, what is there on this one."""
    here = provenance.host()
    provenance.host = lambda: replace(here, name="node7")
    raise MediaError("The film cannot be found.", "Put it back.", path=str(Path("a.mkv").absolute()))


def _eats() -> None:
    """Take more memory than any stand-in asks for, and keep it until somebody ends that."""
    eaten = bytearray(b"x") * (900 << 20)
    time.sleep(60 if eaten else 0)


def _replace_input(run: StageRun) -> None:
    """Put another file in the place of the first that the stage has read: the film, or what another stage made."""
    read = (item for item in run._record.inputs if item.type == "film" or not item.path.startswith("/"))
    path = run.job_folder / next(read).path
    other = path.with_name(f".{path.name}.other")
    other.write_bytes(path.read_bytes()[::-1])
    other.replace(path)


def _edit_code(_: StageRun) -> None:
    with Path("scripts/samvad/core/files.py").open("a", encoding="utf-8") as module:
        module.write("# edited\n")


def _kill_run(_: StageRun) -> None:
    """Kill -9 the run, and go on: the stage is to notice it."""
    os.kill(json.loads(Path(os.environ[variables.RUN]).read_text("utf-8"))["pid"], signal.SIGKILL)
    time.sleep(60)


def fill_bytes(run: StageRun) -> None:
    """Use up the last bytes of the job's disk, when all results but the record are written."""
    with (run.job_folder / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 12)):
            pass


def fill_inodes(run: StageRun) -> None:
    """Use up the last inodes of the job's disk, likewise."""
    (run.job_folder / "fillers").mkdir(exist_ok=True)
    with contextlib.suppress(OSError):
        for number in itertools.count():
            (run.job_folder / "fillers" / str(number)).touch()


#: What happens while a stage is at work, which then goes on as if nothing were.
CHANGES = {"input": _replace_input, "code": _edit_code, "run": _kill_run}
#: What happens when a stage's results are written, and its record is not.
LAST = {"brim": fill_bytes, "inodes": fill_inodes}
FAULTS = {
    "model": _no_model,
    "memory": _no_memory,
    "killed": _killed,
    "full": _full_disk,
    "defect": _defect,
    "skipped": _skipped,
    "held": _held,
    "eats": _eats,
    "elsewhere": _elsewhere,
    "sleeps": lambda: time.sleep(300),
}


def work(run: StageRun, options: Any) -> None:
    """Read all that the stage may read, fail where that is asked for, and write one small file of each kind."""
    read(run, options)
    fail(run)
    own = {name: value for name, value in run.config.items() if name not in ("media", "review")}
    made_of = [run.stage.name, own, sorted(item.checksum for item in run._record.inputs)]
    for pattern in run.stage.writes:
        kind = pattern.replace("*", "en")
        run.output(f"{kind}.json", kind).write_text(json.dumps([kind, made_of]), encoding="utf-8")
    if kind := fault_of(run, LAST):
        LAST[kind](run)


def read_film(run: StageRun, options: Any) -> None:
    """Read the film, which may have to be fetched."""
    if run.stage.name == "demux":
        facts = fetched.fetch(options.address, options.media) if options.address else None
        run.add_external_input(options.media, "film")
        if facts:
            run.came_from("media", options.address, facts.fingerprint)
    elif run.stage.name in ("subtitle_gen", "mux") and options.address:
        fetched.fetch(options.address, options.film_file)
        run.read_film(options.film_file)


def read(run: StageRun, options: Any) -> None:
    """Read what the options name, what other stages made, and what people have put there."""
    read_film(run, options)
    for item in run.stage.all_options:
        value = getattr(options, item.name)
        if item.content == "profile":
            for path in subtitle_profiles.load(value).files:
                run.holds(item.name, path)
        elif item.content == "file" and item.many:
            for path in value:
                run.add_external_input(places.find(path), item.name)
    for other in (*run.stage.needs, *run.stage.after):
        for kind in stages.BY_NAME[other].writes:
            run.read_optional(other, kind)
    if run.stage.reads_segments:
        run.read_segments()
    if getattr(options, "review", None):
        run.add_external_input(options.review, "review")
    correction = run.job_folder / "corrections" / "en.srt"
    if run.stage.corrected and correction.is_file():
        run.add_external_input(correction, "correction_en")


def fail(run: StageRun) -> None:
    """Fail, or let something happen, where the file of faults says so."""
    if kind := fault_of(run, CHANGES):
        CHANGES[kind](run)
    elif kind := fault_of(run, FAULTS):
        FAULTS[kind]()


def fault_of(run: StageRun, kinds: Collection[str]) -> str:
    """Return which of some kinds of faults a stage has; the file's lines are a stage, a film or ``-``, and a kind."""
    lines = Path("faults").read_text(encoding="utf-8").splitlines() if Path("faults").is_file() else []
    for stage, film, kind in map(str.split, lines):
        if stage == run.stage.name and film in ("-", run.film) and kind in kinds:
            return kind
    return ""


def main() -> int:
    """Run the stage that the script named on the command line belongs to; what is no stage's does its own work."""
    stage = next((stage for stage in stages.STAGES if stage.script == sys.argv[2]), None)
    if stage is None:
        own = os.path.join(os.environ["STAND_IN_FOR"], "envs", "run-itself")  # noqa: PTH118 -- an exec takes text
        os.execv(own, [own, *sys.argv[1:]])
    return run_stage(stage, work, sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
