"""SLURM: what a job has on its nodes, and the jobs that a killed run has left.

These work on, and must have ended before another run does the same work.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from samvad.core import subprocesses
from samvad.core.errors import ClusterError, ToolError
from samvad.logs import events

log = logging.getLogger(__name__)

#: SLURM sets it in the environment of a job: the number of the job.
JOB_VARIABLE = "SLURM_JOB_ID"
#: Likewise: what SLURM calls the node, which need not be the machine's own name.
NODE_VARIABLE = "SLURMD_NODENAME"
#: SLURM takes 300 s by default to find out that a node is dead; until then its jobs do not end.
PATIENCE_SECONDS = 600.0
_ANSWER_SECONDS = 60.0
_POLL_SECONDS = 2.0
#: What ``scontrol show job --details`` says of each node, or of several that have the same.
_SHARE = re.compile(r"^\s+Nodes=(?P<nodes>\S+) CPU_IDs=(?P<cpus>\S*) Mem=\S* GRES=(?P<gres>\S*)", re.MULTILINE)
#: A kind of GPU may begin with a digit, as parts of one do (``gpu:1g.5gb:2``).
_GPUS = re.compile(r"\bgpu(?::[^:,(]+)?:(\d+)(?=[,(]|$)")
#: What tells a job's processes which job they are of; the rest of what SLURM sets is of the step that sets it.
_OF_THE_JOB = (JOB_VARIABLE, "SLURM_JOBID", "SLURM_CLUSTER_NAME", "SLURM_CONF")


@dataclass(frozen=True)
class Share:
    """What a job has on one of its nodes: how many CPUs and GPUs."""

    node: str
    cpus: int
    gpus: int


def cancel(name: str, patience_seconds: float = PATIENCE_SECONDS) -> int:
    """Cancel the jobs of a run that was killed, and wait until the last of them has ended.

    Args:
        name: the name that all jobs of the run have.
        patience_seconds: for how long to wait for an answer of SLURM, and for the end of the jobs.

    Returns:
        How many there were.

    Raises:
        ClusterError: SLURM does not answer, or jobs have not ended: nothing may be started that does the same work.
    """
    deadline = time.monotonic() + patience_seconds
    found = left = _left(name, deadline)
    if found:
        log.warning("Cancelling %d SLURM jobs of a run that was killed: %s", len(found), ", ".join(sorted(found)))
    while left:
        _ask(["scancel", f"--name={name}"], name, deadline)
        time.sleep(_POLL_SECONDS)
        left = _left(name, deadline)
        if left and time.monotonic() > deadline:
            states = ", ".join(f"{number} ({state})" for number, state in sorted(left.items()))
            raise ClusterError(
                f"SLURM jobs of a run that was killed have been cancelled, but do not end: {states}.",
                "Wait until `squeue` shows them no more (of a dead node: until SLURM, or its administrator, has set it "
                "down), and run again.",
            )
    return len(found)


def note_node() -> None:
    """Write into the log which job of SLURM this process is of, and on which node; nothing outside SLURM."""
    job, node = os.environ.get(JOB_VARIABLE, ""), os.environ.get(NODE_VARIABLE, "")
    if job and node:
        event = events.Event("slurm_job", facts={"job": job, "node": node})
        events.emit(event, f"SLURM job {job} on node {node}")


def shares() -> list[Share]:
    """Return what the SLURM job of this process has on its nodes other than this one; empty outside SLURM.

    A job has more than one node only where its resources say so (``nodes``).
    """
    job, here = os.environ.get(JOB_VARIABLE, ""), os.environ.get(NODE_VARIABLE, "")
    if not job or not here:
        return []
    try:
        told = subprocesses.ask(["scontrol", "show", "job", "--details", job], _ANSWER_SECONDS)
        found = shares_of(told, lambda nodes: subprocesses.ask(["scontrol", "show", "hostnames", nodes]).split())
    except ToolError as error:
        log.warning("SLURM does not say which nodes this job has, so only this one works: %s", error.what)
        return []
    return [share for share in found if share.node != here]


def shares_of(told: str, names: Callable[[str], list[str]]) -> list[Share]:
    """Return what ``scontrol show job --details`` tells of a job's nodes.

    Args:
        told: its words.
        names: gives the nodes that a list such as ``n[1-3]`` stands for.
    """
    return [
        Share(node, _numbers(match["cpus"]), sum(int(number) for number in _GPUS.findall(match["gres"])))
        for match in _SHARE.finditer(told)
        for node in names(match["nodes"])
    ]


def on_node(node: str, cpus: int) -> list[str]:
    """Return the words that start a command on another node of this job; it ends with the job.

    It shares the node with whatever the job has there: which GPU is its own it finds out by itself.
    """
    job = os.environ.get(JOB_VARIABLE, "")
    words = [f"--jobid={job}", "--overlap", "--nodes=1", "--ntasks=1", f"--nodelist={node}", f"--cpus-per-task={cpus}"]
    return ["srun", "--quiet", "--cpu-bind=none", *words]


def for_a_step(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to start a step of this job from: without what this process's own step was told."""
    return {
        name: value
        for name, value in environ.items()
        if name in _OF_THE_JOB or not name.startswith(("SLURM_", "SRUN_", "SBATCH_", "PMI", "CUDA_VISIBLE"))
    }


def _numbers(text: str) -> int:
    """Return how many numbers a list such as ``0-3,8`` holds."""
    ends = [part.split("-") for part in text.split(",") if part]
    return sum(int(last[-1]) - int(last[0]) + 1 for last in ends)


def tell(job: str, comment: str) -> None:
    """Let ``squeue`` say what a job is at: a group's jobs bear no film's name. Where SLURM does not hear it, no matter.

    Args:
        job: the job's number.
        comment: what to say.
    """
    subprocesses.start(["scontrol", "update", f"JobId={job}", f"Comment={comment}"])


def _left(name: str, deadline: float) -> dict[str, str]:
    """Return the jobs of a run that wait, run, or are ending, with their states."""
    said = _ask(["squeue", "--noheader", f"--name={name}", "--format=%i|%T"], name, deadline)
    return dict(line.split("|", 1) for line in said.splitlines() if "|" in line)


def _ask(command: list[str], name: str, deadline: float) -> str:
    """Return what a command of SLURM's answers; ask again until the deadline, for a controller may be starting anew."""
    said = f"{command[0]} is not installed here"
    while shutil.which(command[0]):
        try:
            return subprocesses.ask(command, _ANSWER_SECONDS)
        except ToolError as error:
            said = error.what.rstrip(".")
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    raise ClusterError(
        f"A run that was killed may have left SLURM jobs at work, and SLURM does not tell: {said}.",
        "Run again on a machine of the cluster while its controller answers. Or make sure of it yourself (`scancel "
        f"--name={name}`) and delete the file in .snakemake/samvad_runs that holds this name.",
    )
