"""A real SLURM on this machine for as long as a test wants it: a controller and several nodes, each a process.

Every daemon is a child of the test's process, and the kernel ends it when that process ends, however it ends. SLURM's
programs read `/etc/slurm`, and no variable makes all of them look elsewhere: two files are put there, and taken away at
the end. Where a SLURM is configured already, nothing is touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import tools
from workflow.project import Project

ETC = Path("/etc/slurm")
_MARK = "# Written by the tests of Samvad, and taken away by them."
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
_UP_SECONDS = 60.0
#: One cluster at a time: `/etc/slurm` is the machine's. Whoever comes second waits.
_TURN = Path("/tmp/samvad-slurm.turn")
_STEP = re.compile(r"slurmstepd: \[(\d+)\.")

#: For the end of a project's Snakefile. The plugin asks for the states of jobs 10 s later each time that none ended:
#: a job that was held for a minute is found ended half a minute late. No option makes it ask sooner.
_ASK_OFTEN = """

from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda executor: 1, lambda executor, seconds: None)
"""

_SLURM_CONF = """{mark}
ClusterName=samvad
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Steps that take more memory than their job asked for are ended.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=2
SlurmdTimeout=5
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes={names} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={names} MaxTime=INFINITE State=UP
"""


class Cluster:
    """Three nodes of four CPUs and 20 GB each, of which the first has one GPU (of which only the number is real)."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self.folder = folder
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self._ports = _free_ports(nodes + 1)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all daemons, and wait until every node is up."""
        (self.folder / "state").mkdir()
        (self.folder / "spool").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._configure()
        places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{name}={self.folder}/munge.{suffix}" for name, suffix in places.items()]
        self._spawn("munged", "munged", "--foreground", "--force", *options)
        _wait_for((self.folder / "munge.socket").exists, "munged")
        self.start_controller()
        for node in self.nodes:
            self.start_node(node)
        _wait_for(lambda: set(self.states()) == {"idle"} and len(self.states()) == len(self.nodes), "the nodes")

    def stop(self) -> None:
        """End all daemons and what they started, and take the configuration away."""
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            subprocess.run(["scancel", "--user=root", "--signal=KILL"], capture_output=True, timeout=5, check=False)
        for name in [name for name in self._processes if name != "munged"] + ["munged"]:
            self.kill(name)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_controller(self) -> None:
        """Start the controller; it knows the jobs of the one before."""
        self._spawn("slurmctld", "slurmctld", "-D")
        _wait_for(lambda: _ask("scontrol", "ping", check=False).find("UP") >= 0, "slurmctld")

    def restart_controller(self) -> None:
        """Stop the controller and start it anew, as its administrator does."""
        process = self._processes.pop("slurmctld")
        process.terminate()
        process.wait(60)
        self.start_controller()

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        self._spawn(node, "slurmd", "-D", "-N", node)

    def kill(self, name: str) -> None:
        """Kill a daemon and all that it has started: of a node, its jobs too, so that it can tell nobody."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        steps, others = self._steps(name) if name in self.nodes else ([], [])
        family = _family(process.pid)
        process.kill()
        for found in [*steps, *family, *others]:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.kill()
        process.wait()

    def states(self) -> list[str]:
        """Return the states of the nodes."""
        return _ask("sinfo", "--noheader", "--Node", "--partition=cpu", "--format=%t").split()

    def jobs(self, *, every: bool = False) -> list[dict[str, str]]:
        """Return the jobs that are queued or run, or all that the controller knows: id, name, state, …"""
        keys = {"id": "%i", "name": "%j", "state": "%T", "node": "%N", "memory": "%m", "comment": "%k"}
        states = ["--states=all"] if every else []
        lines = _ask("squeue", "--noheader", "--sort=i", *states, f"--format={'|'.join(keys.values())}").splitlines()
        return [dict(zip(keys, line.split("|"), strict=True)) for line in lines]

    def state_of(self, number: str) -> str:
        """Return the state of a job, also of one that has ended."""
        return next(job["state"] for job in self.jobs(every=True) if job["id"] == number)

    def control(self, *words: str) -> None:
        """Give the controller a command."""
        _ask("scontrol", *words)

    def _steps(self, node: str) -> tuple[list[psutil.Process], list[psutil.Process]]:
        """Return the processes that look after the steps of a node's jobs, and those of the jobs themselves.

        Both have left the family of the node's daemon. At the end, when no controller answers, every step is ours.
        """
        numbers = None
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            numbers = {job["id"] for job in self.jobs() if job["node"] == node}
        steps, others = [], []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                step = _STEP.match(" ".join(process.cmdline()))
                if step and (numbers is None or step.group(1) in numbers):
                    steps.append(process)
                    others += _family(process.pid)
                elif process.environ().get("SLURMD_NODENAME") == node:
                    others.append(process)
                    # Of a job with several nodes, whose steps are told apart by what they look after.
                    steps += [above for above in process.parents() if _STEP.match(" ".join(above.cmdline()))]
        return steps, others

    def _configure(self) -> None:
        host = platform.node()
        lines = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory=20000"
            + (" Gres=gpu:1" if node == "n1" else "")
            for node, port in zip(self.nodes, self._ports[1:], strict=True)
        ]
        text = _SLURM_CONF.format(
            mark=_MARK,
            host=host,
            port=self._ports[0],
            folder=self.folder,
            nodes="\n".join(lines),
            names=",".join(self.nodes),
        )
        ETC.mkdir(exist_ok=True)
        (ETC / "gres.conf").write_text(f"{_MARK}\nNodeName=n1 Name=gpu File=/dev/null\n", encoding="utf-8")
        (ETC / "slurm.conf").write_text(text, encoding="utf-8")

    def _spawn(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )


def on_slurm(project: Project, *arguments: object, **settings: object) -> list[str]:
    """Return the command line of somebody with a cluster, who asks often whether a job has ended."""
    often = ("--slurm-init-seconds-before-status-checks=1", "--max-status-checks-per-second=2")
    command = project.command(*often, *arguments, **settings)
    return [word.replace("profiles/local-cpu", "profiles/slurm") for word in command]


def ask_often(project: Project) -> None:
    """Let Snakemake ask each second, in this project, whether a job has ended."""
    with (project.root / "Snakefile").open("a", encoding="utf-8") as file:
        file.write(_ASK_OFTEN)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster, one test after the other.

    Where that cannot be, the test is skipped; in continuous integration it fails where something is missing.
    """
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            tools.missing(f"SLURM's program {program}")
    if os.geteuid() != 0:
        tools.missing("SLURM for this user: its daemons want root's rights, and it")
    with _TURN.open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _leave_others_alone()
        made = Cluster(Path(tempfile.mkdtemp(prefix="samvad-slurm-", dir="/tmp")))
        try:
            made.start()
            yield made
        finally:
            made.stop()


def _leave_others_alone() -> None:
    """Skip the test where another SLURM is configured or runs; take away what a killed test left.

    Another test's is none: who has the turn has the machine's only one, but daemons of a test that was killed may be a
    moment behind it.
    """
    deadline = time.monotonic() + _UP_SECONDS
    while (found := _daemons()) and time.monotonic() < deadline:
        time.sleep(0.1)
    if found:
        pytest.skip(f"another SLURM is running here ({', '.join(sorted(found))}) and is left alone")
    for name in ("slurm.conf", "gres.conf"):
        path = ETC / name
        if path.exists():
            if _MARK not in path.read_text(encoding="utf-8", errors="replace"):
                pytest.skip(f"{path} is that of another SLURM, which is left alone")
            path.unlink()


def _daemons() -> set[str]:
    return {"slurmctld", "slurmd"} & {process.info["name"] for process in psutil.process_iter(["name"])}


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _ask(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _UP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            if condition():
                return
        time.sleep(0.05)
    pytest.fail(f"{what} did not come up within {_UP_SECONDS:.0f} s")


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
