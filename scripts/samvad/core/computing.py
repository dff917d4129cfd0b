"""What a machine computes with: the processor's instructions, and the library that multiplies matrices for an engine.

The same weights give slightly different numbers by another library or other instructions, and now and then another
word. So manifests name them, and results of different ones are different results to the cache.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import json
import logging
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samvad.core import checksums, files, outside, subprocesses, this_machine
from samvad.core.errors import SamvadError, ToolError

log = logging.getLogger(__name__)

_PROCESSOR_FILE = Path("/proc/cpuinfo")
#: Instructions that libraries choose their kernels by: vectors and matrices, of x86 and of ARM.
_VECTORS = re.compile(r"(sse4|avx|amx|fma|f16c|asimd|sve|sme|i8mm|bf16)\w*")
#: Variables that hold a library back from what the processor can do, or make it choose another way.
_CHOICES = (
    *("MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
    *("ATEN_CPU_CAPABILITY", "CT2_PACKED_GEMM"),
)
#: Variables that begin so may decide what CTranslate2, and the libraries that it calls, compute with.
_DECIDING = ("CT2_", "MKL_", "DNNL_", "ONEDNN_", "LD_")
#: CTranslate2 tells nobody what it chose but its log, when it is about to load a model. Here it finds none.
_ASK_CTRANSLATE2 = """
import logging, os, ctranslate2
ctranslate2.set_log_level(logging.INFO)
try:
    ctranslate2.Translator(os.devnull)
except RuntimeError:
    pass
"""


@dataclass(frozen=True)
class Engine:
    """What runs a model, and how.

    Attributes:
        name: such as ``ctranslate2``.
        instruction_set: the one that its own code uses, such as ``AVX2``; None on a GPU, or where it does not say.
        library: what multiplies matrices for it, such as ``MKL``, ``oneDNN`` or ``cuBLAS``; None where it does not say.
    """

    name: str
    instruction_set: str | None
    library: str | None


def ctranslate2(device: str) -> Engine:
    """Return what CTranslate2 computes with on a device (``cpu`` or ``cuda``).

    It is asked in a process of its own, in which nothing else is loaded. That takes a tenth of a second, and what it
    says is remembered: the same libraries choose the same on the same processor, by the same variables.
    """
    return Engine("ctranslate2", None, "cuBLAS") if device == "cuda" else _ctranslate2_on_cpu()


@functools.cache
def _ctranslate2_on_cpu() -> Engine:
    memo = _memo()
    known = engine_of(outside.read_text(memo)) if memo is not None and memo.is_file() else None
    if known is not None and known.instruction_set:
        return known
    try:
        done = subprocesses.run([sys.executable, "-c", _ASK_CTRANSLATE2], silence_seconds=subprocesses.ANSWER_SECONDS)
    except ToolError as error:
        log.debug("CTranslate2 could not be asked what it computes with: %s", error)
        return Engine("ctranslate2", None, None)
    told = done.stdout + done.tail
    if memo is not None and engine_of(told).instruction_set:
        try:
            files.write_text(memo, told)
        except (OSError, SamvadError) as error:
            log.debug("What CTranslate2 computes with is not remembered: %s", error)
    return engine_of(told)


def _memo() -> Path | None:
    """Return the file that remembers what the installed CTranslate2 says of itself here; None where it is not found."""
    found = importlib.machinery.PathFinder.find_spec("ctranslate2")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    try:
        libraries = [*package.glob("*.so*"), *package.with_name("ctranslate2.libs").glob("*")]
        these = [checksums.identity(path, path.stat()) for path in sorted(libraries)]
    except OSError:
        return None
    deciding = {name: value for name, value in sorted(os.environ.items()) if name.startswith(_DECIDING)}
    told = json.dumps([_ASK_CTRANSLATE2, these, processor(), deciding])
    return files.cache_folder() / "versions" / hashlib.sha256(told.encode()).hexdigest()[:32]


def engine_of(told: str) -> Engine:
    """Return what CTranslate2's log tells of itself.

    Args:
        told: the lines; without those that are looked for, what they would tell is None.
    """
    chosen = re.search(r"Selected ISA: (\w+)", told)
    # Weights of int8 are multiplied by the one, what is left in float32 by the other. MKL and oneDNN do both.
    libraries = re.findall(r"(?:GEMM_S8|SGEMM) backend: (\w+)", told)
    named = {"DNNL": "oneDNN"}
    shown = sorted({named.get(library, library) for library in libraries} - {"none"})
    return Engine("ctranslate2", chosen.group(1) if chosen else None, ", ".join(shown) or None)


def loaded() -> list[Engine]:
    """Return what is known of engines that this process has loaded by now; nothing is loaded for it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    try:
        libraries = [("MKL", torch.backends.mkl), ("oneDNN", torch.backends.mkldnn)]
        there = [name for name, backend in libraries if backend.is_available()]
        return [Engine("torch", str(torch.backends.cpu.get_cpu_capability()), ", ".join(there) or None)]
    except (AttributeError, RuntimeError) as error:  # half loaded, or another version
        log.debug("PyTorch does not tell what it computes with: %s", error)
        return [Engine("torch", None, None)]


def merged(engines: Iterable[Engine]) -> list[Engine]:
    """Return each engine once, by its name; what was recorded last of it counts."""
    return list({engine.name: engine for engine in engines}.values())


def way(runtime: str, device: str) -> str:
    """Return in a few characters how a text comes about here, for what is remembered of one text by itself.

    Args:
        runtime: what runs the model: of ``ctranslate2`` it is known how.
        device: ``cpu`` or ``cuda``.
    """
    engine = ctranslate2(device) if runtime == "ctranslate2" else Engine(runtime, None, None)
    told = json.dumps([engine.instruction_set, engine.library, processor(), choices()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@functools.cache
def processor() -> str:
    """Return the processor's maker and the instructions by which libraries choose their kernels.

    MKL, oneDNN, PyTorch and ONNX Runtime each look at the processor themselves, whatever CTranslate2 was told to use.
    """
    try:
        return processor_of(_PROCESSOR_FILE.read_text("utf-8", "replace"), this_machine.architecture())
    except OSError:
        return this_machine.architecture()


def processor_of(listed: str, machine: str) -> str:
    """Return what the kernel's list says of its first processor.

    Args:
        listed: the content of ``/proc/cpuinfo``.
        machine: such as ``x86_64``, for a list that says nothing.
    """
    facts: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    vectors = sorted(
        {word for word in (facts.get("flags") or facts.get("Features", "")).split() if _VECTORS.match(word)}
    )
    maker = facts.get("vendor_id") or facts.get("CPU implementer") or machine
    return " ".join([maker, *vectors])


def choices() -> dict[str, str]:
    """Return the variables of the environment by which a user has made a library choose otherwise."""
    return {name: os.environ[name] for name in _CHOICES if os.environ.get(name)}
