"""How far the films of a run are: what the views show."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import outside, this_machine
from samvad.core.console import printable
from samvad.workflow import event_merging
from samvad.workflow.progress.estimates import LEAST_TOLD, Estimates, remaining_seconds

#: More than this is not read of an attempt's events at once; of a longer piece the end is enough.
_MAX_BYTES = 1 << 20
#: A stage that has not said that it is done is not taken for done, however long it is at it.
_NEARLY = 0.99
#: What is in the lines that say where a stage runs.
_OF_PLACE = (b'"event":"slurm_job"', b'"event":"gpu_')


@dataclass
class Running:
    """A stage at work.

    Attributes:
        before: the last attempt before it, or None.
        done: how much it has done, in units of ``unit``, of ``total``.
        host: the machine that its process runs on, as that says itself; empty until it has.
        node: what SLURM calls that machine; empty outside SLURM.
        gpu: the GPU that it has taken: its number, or the beginning of its id; empty where it has none.
        awaits_gpu: it waits until one is free.
        told_after: how many seconds after its start it last said how far it is; None: it has not.
    """

    stage: str
    before: Path | None
    since: float
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    host: str = ""
    node: str = ""
    gpu: str = ""
    awaits_gpu: bool = False
    source: Path | None = None
    offset: int = 0
    told_after: float | None = None

    @property
    def share(self) -> float | None:
        """Return how much is done, 0 to 1, or None where it has not said."""
        return min(1.0, self.done / self.total) if self.total > 0 else None

    @property
    def share_by_now(self) -> float | None:
        """Return the same with what it has done since it last said so, if it went on as fast: it says so by pieces."""
        if self.share is None or not self.told_after or not LEAST_TOLD <= self.share < _NEARLY:
            return self.share
        return min(_NEARLY, self.share * max(1.0, self.elapsed / self.told_after))

    @property
    def elapsed(self) -> float:
        """Return the seconds since it was started."""
        return time.monotonic() - self.since

    @property
    def machine(self) -> str:
        """Return what the machine is called, in short; empty until its process has said something."""
        # Of a domain's many names, the first part tells the machines apart.
        return printable(self.node or self.host.split(".")[0])

    def place(self, here: str, *, sent_away: bool) -> str:
        """Return where it runs, in few words; empty where that is this machine, and no GPU.

        Args:
            here: what this machine is called.
            sent_away: stages are sent to a cluster: what has said nothing yet waits for a node.
        """
        if not self.host:
            return "waits for a node" if sent_away else ""
        at = [self.machine] if self.node or self.host != here else []
        at += [f"GPU {printable(self.gpu)}"] if self.gpu else []
        waits = ["waits for a GPU"] if self.awaits_gpu else []
        return ", ".join([*([f"on {', '.join(at)}"] if at else []), *waits])

    def follow(self, job_folder: Path) -> None:
        """Read what the attempt has written since the last time. A file that cannot be read now is read later."""
        if self.source is None:
            newest = next(reversed(event_merging.attempts_of(job_folder, self.stage)), None)
            if newest is None or newest == self.before:
                return  # it waits for a node, or has only just begun
            self.source = newest / "events.jsonl"
        try:
            with outside.open_regular(self.source) as file:  # opened anew each time: NFS shows what is new only then
                size = file.seek(0, 2)
                self.offset = max(self.offset, size - _MAX_BYTES)
                file.seek(self.offset)
                data = file.read()
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self.offset += len(whole)
        self._take(whole.splitlines())

    def _take(self, lines: list[bytes]) -> None:
        """Take what new lines say of how far it is, and where it runs."""
        for line in lines:
            if not any(mark in line for mark in _OF_PLACE) or (event := event_merging.parse(line)) is None:
                continue
            name, facts = event.get("event"), event.get("facts", {})
            if name == "slurm_job":
                self.node = str(facts.get("node", ""))
            elif name in ("gpu_taken", "gpu_awaited"):
                self.gpu, self.awaits_gpu = str(facts.get("gpu", "")), name == "gpu_awaited"
        if not self.host and lines and (event := event_merging.parse(lines[0])) is not None:
            self.host = str(event.get("host", ""))
        for line in reversed(lines):
            if b'"event":"progress"' in line and (event := event_merging.parse(line)) is not None:
                counts = event.get("counts", {})
                self.done, self.total = float(counts.get("done", 0)), float(counts.get("total", 0))
                self.unit = str(event.get("message", ""))
                self.told_after = self.elapsed
                return


#: States of the stages of a film that is done.
_DONE = frozenset({"success", "skipped"})
#: Before so much of all work is done, how fast it goes says little.
_LEAST_SHARE = 0.02


@dataclass
class FilmProgress:
    """A film in this run.

    Attributes:
        states: for each stage it goes through: waiting, running, success, skipped or failed.
        film_seconds: its duration, once it is known.
    """

    name: str
    folder: Path
    states: dict[str, str]
    began: float = field(default_factory=time.monotonic)
    running: dict[str, Running] = field(default_factory=dict)
    film_seconds: float | None = None

    @property
    def elapsed(self) -> float:
        """Return the seconds since its first stage was started in this run."""
        return time.monotonic() - self.began

    def remaining(self, estimates: Estimates, planned: Collection[str] | None = None) -> float | None:
        """Return how long the film is likely to need still; None where nothing is known of a stage that it needs.

        Args:
            estimates: what is known.
            planned: stages that this run does for any film; None: all.
        """
        total = 0.0
        for stage, state in self.states.items():
            if state not in ("waiting", "running") or (planned is not None and stage not in planned):
                continue
            seconds = estimates.seconds(stage, self.film_seconds)
            if run := self.running.get(stage):
                seconds = remaining_seconds(seconds, run.elapsed, run.share_by_now)
            if seconds is None:
                return None
            total += seconds
        return total


def _done_share(run: Running, expected: float | None) -> float:
    """Return how much of a stage is likely to be done, 0 to 1: by what it usually takes, where it does not say."""
    told = run.share_by_now
    if told is None or (told < LEAST_TOLD and expected):
        return min(_NEARLY, run.elapsed / expected) if expected else 0.0
    return told


class Shelf:
    """The films of a run and how far each is. Snakemake's thread writes it, a view's thread reads it.

    Args:
        output_root: where the job folders are.
        sent_away: stages are sent to a cluster.
    """

    def __init__(self, output_root: Path, *, sent_away: bool = False) -> None:
        self.here = this_machine.node()
        self.sent_away = sent_away
        self.lock = threading.Lock()
        self.films: dict[str, FilmProgress] = {}
        self.estimates = Estimates()
        self.output_root = output_root
        self.began = time.monotonic()
        self.steps: tuple[int, int] = (0, 0)
        self.planned: frozenset[str] | None = None
        self.counts_planned: dict[str, int] = {}
        self.ended: Counter[str] = Counter()
        self.expected = 0
        self.part = ""

    @property
    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return time.monotonic() - self.began

    def follow(self) -> None:
        """Read the progress of every stage at work. The lock is not held while files are read."""
        with self.lock:
            at_work = [(film.folder, run) for film in self.films.values() for run in film.running.values()]
        for folder, run in at_work:
            run.follow(folder)

    def remaining(self, film: FilmProgress) -> float | None:
        """Return how long a film is likely to need still in this run, or None."""
        return film.remaining(self.estimates, self.planned)

    def whole_remaining(self) -> float | None:
        """Return how long the run is likely to take still, by how fast it has been; None where too little is known.

        Each stage weighs what it takes for a film of the mean length of those whose length is known.
        """
        lengths = [film.film_seconds for film in self.films.values() if film.film_seconds]
        mean = sum(lengths) / len(lengths) if lengths else None
        weights = {stage: self.estimates.seconds(stage, mean) for stage in self.counts_planned}
        skipped = [stage for stage, weight in weights.items() if weight is None and self.ended[stage]]
        weights.update(
            dict.fromkeys(skipped, 0.0)
        )  # it has ended, and took no time that is known: it had nothing to do
        known = {stage: weight for stage, weight in weights.items() if weight is not None}
        if len(known) < len(weights):
            return None
        whole = sum(known[stage] * count for stage, count in self.counts_planned.items())
        done = sum(known.get(stage, 0.0) * count for stage, count in self.ended.items())
        done += sum(
            known.get(stage, 0.0) * _done_share(run, known.get(stage))
            for film in self.films.values()
            for stage, run in list(film.running.items())
        )
        if whole <= 0 or done < _LEAST_SHARE * whole:
            return None
        return max(0.0, self.elapsed * (whole - done) / done)

    def place(self, run: Running) -> str:
        """Return where a stage runs, in few words; empty where that is this machine, and no GPU."""
        return run.place(self.here, sent_away=self.sent_away)

    def machines(self) -> set[str]:
        """Return the machines that stages are at work on, as far as they have said so."""
        runs = [run for film in list(self.films.values()) for run in list(film.running.values())]
        return {run.machine for run in runs if run.machine}

    def counts(self) -> dict[str, int]:
        """Return how many films are at work, failed, and done."""
        films = list(self.films.values())
        running = sum(bool(film.running) for film in films)
        failed = sum("failed" in film.states.values() and not film.running for film in films)
        done = sum(bool(film.states) and set(film.states.values()) <= _DONE for film in films)
        return {"running": running, "failed": failed, "done": done}
