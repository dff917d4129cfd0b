"""Choose a GPU for a stage's process, and keep others of the same user off it for as long as the process lives.

Snakemake counts GPUs (the resource ``gpu``) but does not say which one a job is to use. So a stage takes a lease: a
file for each GPU whose lock the kernel lets go when the process ends, however it ends. The GPU is then the only one
that CUDA shows to the process, so this has to come before anything loads CUDA.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import files, locks, outside, subprocesses, this_machine, times
from samvad.core.errors import ToolError
from samvad.logs import events
from samvad.runner import slurm

log = logging.getLogger(__name__)

#: The variable by which CUDA, and so SLURM and users, say which GPUs a process may use.
VISIBLE = "CUDA_VISIBLE_DEVICES"
_POLL_SECONDS = 1.0
_TELL_SECONDS = 60.0
#: After so long, the leases of a SLURM job that nobody holds are swept away: each job has files of its own.
_OLD_SECONDS = 7 * 24 * 3600
#: Lines of ``nvidia-smi -L``: a GPU, and a part of one (MIG), which is listed under it.
_GPU_LINE = re.compile(r"GPU (?P<index>\d+): (?P<name>.*) \(UUID: (?P<uuid>GPU-[0-9A-Za-z-]+)\)")
_PART_LINE = re.compile(r"\s+(?P<name>MIG .*?)\s+Device\s+\d+: \(UUID: (?P<uuid>MIG-[0-9A-Za-z/-]+)\)")


@dataclass(frozen=True)
class Gpu:
    """A GPU, or a part of one (MIG) that a process can use by itself.

    Attributes:
        index: its number as the machine counts, or None where it is known by its id alone.
        uuid: its id; empty where nothing tells it.
        name: such as ``NVIDIA H200``; empty where nothing tells it.
        value: what names it in ``CUDA_VISIBLE_DEVICES``.
    """

    index: int | None
    uuid: str
    name: str
    value: str

    def __str__(self) -> str:
        """Return it as manifests show it: ``cuda:1 (NVIDIA H200)``."""
        number = "cuda" if self.index is None else f"cuda:{self.index}"
        known = self.name or self.uuid
        return f"{number} ({known})" if known else number

    @property
    def short(self) -> str:
        """Return it in a few signs: its number, or the beginning of its id; of a part of one, the part's id, too."""
        number = [] if self.index is None else [str(self.index)]
        part = self.uuid[:12] if self.uuid.startswith("MIG-") or self.index is None else ""
        return " ".join([*number, *([part] if part else [])])


class _Held:
    """The lease of this process: a process has one GPU at most."""

    gpu: Gpu | None = None
    handle: int | None = None
    #: The GPUs that the process could have taken beside it, and those that its helpers have, as they name them.
    others: Sequence[Gpu] = ()
    helpers: Sequence[str] = ()
    #: Ids of the GPUs of this machine that its helpers have.
    joined: frozenset[str] = frozenset()


def machine_gpus() -> list[Gpu]:
    """Return the GPUs of this machine that the driver shows, parts of a divided one (MIG) in its place.

    ``nvidia-smi`` tells; where it is missing, as in some containers, the devices' nodes tell their numbers.
    """
    try:
        return parse_listing(subprocesses.ask(["nvidia-smi", "-L"]))
    except ToolError as error:
        log.debug("The driver does not list its GPUs: %s", error.what)
    numbers = sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*") if path.name[6:].isdigit())
    return [Gpu(number, "", "", str(number)) for number in numbers]


def parse_listing(text: str) -> list[Gpu]:
    """Return the GPUs that ``nvidia-smi -L`` lists; instead of one that is divided, its parts."""
    found: list[Gpu] = []
    whole: Gpu | None = None
    for line in text.splitlines():
        if match := _GPU_LINE.match(line):
            whole = Gpu(int(match["index"]), match["uuid"], match["name"], match["uuid"])
            found.append(whole)
        elif whole and (match := _PART_LINE.match(line)):
            if found[-1] is whole:
                found.pop()
            found.append(replace(whole, uuid=match["uuid"], name=f"{whole.name} {match['name']}", value=match["uuid"]))
    return found


def usable(environ: Mapping[str, str], listed: Sequence[Gpu]) -> list[Gpu]:
    """Return the GPUs that a process may use: all that are listed, or those that ``CUDA_VISIBLE_DEVICES`` names.

    As CUDA does, numbers and (beginnings of) ids are taken up to the first that is neither.

    Args:
        environ: the environment.
        listed: from ``machine_gpus``; empty where nothing could be listed: then the variable is believed.
    """
    given = environ.get(VISIBLE)
    if given is None:
        return list(listed)
    found: list[Gpu] = []
    for value in (part.strip() for part in given.split(",")):
        gpu = _named(value, listed, in_order=environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID")
        if gpu is None:
            break
        found.append(gpu)
    return found


def take(device: str, holder: str, *, wait: bool = True) -> Gpu | None:
    """Take a GPU for this process until it ends, and show CUDA no other; wait while all are taken.

    Args:
        device: as configured: ``auto``, ``cuda``, or ``cpu``, for which none is taken.
        holder: who takes it, for those who wait.
        wait: False: return at once where all are taken.

    Returns:
        The GPU; None where none is wanted, there is none, or none is free and none is waited for.
    """
    if device == "cpu" or _Held.gpu is not None:
        return _Held.gpu
    gpus = usable(os.environ, machine_gpus())
    told = -_TELL_SECONDS
    while gpus:
        for gpu in gpus:
            handle = _try_lease(gpu, holder)
            if handle is not None:
                _Held.gpu, _Held.handle = gpu, handle
                _Held.others = [other for other in gpus if other is not gpu]
                os.environ[VISIBLE] = gpu.value
                _sweep(_lease_file(gpu).parent)
                taken = events.Event("gpu_taken", facts={"device": str(gpu), "gpu": gpu.short})
                events.emit(taken, f"GPU: {gpu}")
                return gpu
        if not wait:
            return None
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            used = "; ".join(f"{gpu} is used by {_holder(gpu)}" for gpu in gpus)
            events.emit(events.Event("gpu_awaited", counts={"gpus": len(gpus)}), f"Waiting for a GPU: {used}")
        time.sleep(_POLL_SECONDS)
    return None


def release() -> None:
    """Let go of the GPU that this process has taken."""
    if _Held.handle is not None:
        os.close(_Held.handle)
    _Held.gpu = _Held.handle = None
    _Held.others = _Held.helpers = ()
    _Held.joined = frozenset()


def others() -> list[Gpu]:
    """Return the GPUs that this process might have taken in place of its own: processes that help it may try them."""
    return list(_Held.others)


def helped_by(devices: Sequence[str]) -> None:
    """Note the GPUs on which other processes work for this one, as ``shown`` names them there."""
    _Held.helpers = tuple(devices)


def join(uuid: str) -> None:
    """Note a GPU of this machine, by its full id, that a process has which helps this one."""
    _Held.joined |= {uuid}


def is_anothers(uuid: str) -> bool:
    """Say whether a GPU, by its full id, is surely neither the one that this process has taken nor a helper's."""
    held = _Held.gpu.uuid if _Held.gpu else ""
    return held.startswith("GPU-") and not uuid.startswith(held) and uuid not in _Held.joined


def holds(uuid: str) -> bool:
    """Say whether a GPU, by its full id, is surely the one that this process has taken, whole, or a helper's."""
    held = _Held.gpu.uuid if _Held.gpu else ""
    return (held.startswith("GPU-") and uuid.startswith(held)) or uuid in _Held.joined


def held_id() -> str:
    """Return the full id of the GPU that this process has taken; empty where it has none, or nothing tells it."""
    return _Held.gpu.uuid if _Held.gpu else ""


def shown(device: str | None) -> str | None:
    """Return a device as manifests show it: ``cuda`` with the number and name of the GPU that this process has.

    The GPUs of processes that help it follow, each after a comma.
    """
    return ", ".join([str(_Held.gpu), *_Held.helpers]) if device == "cuda" and _Held.gpu else device


def held_name() -> str:
    """Return what the GPU that this process has is called, without its number; empty where nothing tells it."""
    return _Held.gpu.name if _Held.gpu else ""


def _named(value: str, listed: Sequence[Gpu], *, in_order: bool) -> Gpu | None:
    """Return the GPU that a part of ``CUDA_VISIBLE_DEVICES`` names, or None where it names none."""
    if value.startswith(("GPU-", "MIG-")):
        known = next((gpu for gpu in listed if gpu.uuid.startswith(value)), None)
        return replace(known, value=value) if known else Gpu(None, value, "", value)
    if not value.isdecimal():
        return None
    same = [gpu for gpu in listed if gpu.index == int(value)]
    if listed and not same:
        return None
    # CUDA counts the fastest GPU first, unless it is told otherwise: only among equals is the number certain.
    if len(same) == 1 and (in_order or len({gpu.name for gpu in listed}) == 1):
        return replace(same[0], value=value)
    return Gpu(int(value), "", "", value)


def _lease_file(gpu: Gpu) -> Path:
    """Return the file whose lock is the lease: one for each machine and GPU.

    In a SLURM job the numbers may be the job's own, counted from 0, and the GPUs are no other job's.
    """
    job = os.environ.get(slurm.JOB_VARIABLE, "")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", "-".join(filter(None, [job, gpu.uuid or f"gpu{gpu.index}"])))
    return files.cache_folder() / "gpus" / re.sub(r"[^A-Za-z0-9._-]", "_", this_machine.node() or "here") / name


def _try_lease(gpu: Gpu, holder: str) -> int | None:
    """Return the open file of the lease, or None where another process has it. A disk without locks gives every one."""
    handle = locks.try_take(_lease_file(gpu), unknown=logging.WARNING)
    if handle is None:
        return None
    said = json.dumps({"pid": os.getpid(), "holder": holder, "since": times.utc_now()}).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, said + b"\n", 0)
    return handle


def _sweep(folder: Path) -> None:
    for path in folder.glob("[0-9]*-*"):
        try:
            if time.time() - path.stat().st_mtime < _OLD_SECONDS:
                continue
            with outside.open_regular(path) as file:
                if locks.is_free(file.fileno()):
                    path.unlink()
        except OSError:  # another stage was quicker
            continue


def _holder(gpu: Gpu) -> str:
    try:
        facts = outside.json_value(outside.read_bytes(_lease_file(gpu)))
        return f"{facts['holder']} (process {facts['pid']}, since {facts['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it is just being taken
        return "another stage"
