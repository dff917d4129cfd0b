"""What only the run at work on a job knows of it, and no record yet says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Process:
    """The run at work on a job; ``mark`` is the file that it touches and takes away at its end."""

    host: str
    pid: int
    mark: str


@dataclass
class RunState:
    """What only the run at work on a job knows; empty when none is.

    Attributes:
        process: the run, while it has work to do for this job.
        running: stages that run now, with the time (UTC) they began.
        pending: stages that the run will do, but has not begun: what they made before is out of date.
        failed: stages that failed in this run, with the reason.
        stopped: stages that were at work when it was stopped.
        off: stages of the film's workflow that are switched off, and by what.
    """

    process: Process | None = None
    running: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    off: dict[str, str] = field(default_factory=dict)
