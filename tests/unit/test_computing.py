"""What a machine computes with: told by CTranslate2 and by the kernel, and part of what a result depends on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import support
from samvad.core import computing, files, stages
from samvad.core.computing import Engine
from samvad.documents.provenance import RanCode
from samvad.runner import gpus, reuse
from samvad.runner.result_cache import key_of

INTEL = """
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info] CPU: GenuineIntel (SSE4.1=true, AVX=true, AVX2=true)
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info]  - Selected ISA: AVX2
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info]  - Use Intel MKL: true
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info]  - SGEMM backend: MKL (packed: true)
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info]  - GEMM_S16 backend: MKL (packed: true)
[2026-11-28 18:55:14.351] [ctranslate2] [thread 1] [info]  - GEMM_S8 backend: MKL (packed: true, u8s8 preferred: true)
"""
AMD = INTEL.replace("backend: MKL", "backend: DNNL").replace("GEMM_S16 backend: DNNL", "GEMM_S16 backend: none")
ARM = INTEL.replace("ISA: AVX2", "ISA: NEON").replace("GEMM_S8 backend: MKL", "GEMM_S8 backend: Ruy")
ARM = ARM.replace("SGEMM backend: MKL", "SGEMM backend: OpenBLAS")

#: In the environment of a stage: what this machine's CTranslate2 says of itself.
_ASK = (
    "from samvad.core import computing; e = computing.ctranslate2('cpu'); print(e.instruction_set, e.library, sep='|')"
)


@pytest.mark.parametrize(
    ("told", "instruction_set", "library"),
    [(INTEL, "AVX2", "MKL"), (AMD, "AVX2", "oneDNN"), (ARM, "NEON", "OpenBLAS, Ruy"), ("another log", None, None)],
)
def test_ctranslate2s_log_tells_its_instructions_and_library(told: str, instruction_set: Any, library: Any) -> None:
    assert computing.engine_of(told) == Engine("ctranslate2", instruction_set, library)


@pytest.mark.parametrize("environment", ["asr", "translation"])
@pytest.mark.parametrize("forced", ["GENERIC", ""])
def test_the_ctranslate2_that_is_installed_tells_it(environment: str, forced: str) -> None:
    line = ["bash", "-c", f'source envs/lib.bash; exec "$(environment_dir {environment})/bin/python" "$@"', "-"]
    done = subprocess.run(
        ["env", f"CT2_FORCE_CPU_ISA={forced}", "PYTHONPATH=scripts", *line, "-c", _ASK],
        cwd=support.ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    instruction_set, library = done.stdout.strip().split("|")
    assert instruction_set == (forced or instruction_set) and instruction_set.isupper()
    assert library not in ("None", "")


def test_without_ctranslate2_nothing_is_known_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "_ASK_CTRANSLATE2", "raise SystemExit('no such package')")
    computing._ctranslate2_on_cpu.cache_clear()
    try:
        assert computing.ctranslate2("cpu") == Engine("ctranslate2", None, None)
        assert computing.ctranslate2("cuda") == Engine("ctranslate2", None, "cuBLAS")
    finally:
        computing._ctranslate2_on_cpu.cache_clear()


def test_ctranslate2_is_asked_once_for_each_choice_of_the_environment(tmp_path: Path) -> None:
    def asked(**more: str) -> str:
        line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir asr)/bin/python" "$@"', "-"]
        code = "import logging; logging.basicConfig(level=logging.DEBUG); " + _ASK
        done = subprocess.run(
            ["env", *(f"{name}={value}" for name, value in more.items()), *line, "-c", code],
            cwd=support.ROOT, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": "scripts", "SAMVAD_ENVS": str(envs), "SAMVAD_CACHE": str(tmp_path)},
        )  # fmt: skip
        return done.stdout if "Running" in done.stderr else "known: " + done.stdout

    envs = files.cache_folder() / "envs"
    first = asked()
    assert not first.startswith("known") and asked() == f"known: {first}"
    generic = asked(CT2_FORCE_CPU_ISA="GENERIC")
    assert generic.startswith("GENERIC") and asked(CT2_FORCE_CPU_ISA="GENERIC") == f"known: {generic}"
    assert asked() == f"known: {first}"


def test_pytorch_is_told_of_only_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert computing.loaded() == []
    there, gone = SimpleNamespace(is_available=lambda: True), SimpleNamespace(is_available=lambda: False)
    backends = SimpleNamespace(mkl=gone, mkldnn=there, cpu=SimpleNamespace(get_cpu_capability=lambda: "AVX512"))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(backends=backends))
    assert computing.loaded() == [Engine("torch", "AVX512", "oneDNN")]
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    assert computing.loaded() == [Engine("torch", None, None)]


def test_the_processor_is_named_by_its_maker_and_its_vectors() -> None:
    intel = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse4_2 avx2 vmx avx512f amx_int8 fma\n\n"
    other = "processor\t: 1\nvendor_id\t: Other\nflags\t\t: avx\n"
    assert computing.processor_of(intel + other, "x86_64") == "GenuineIntel amx_int8 avx2 avx512f fma sse4_2"
    arm = "processor\t: 0\nFeatures\t: fp asimd sve i8mm crc32\nCPU implementer\t: 0x41\n"
    assert computing.processor_of(arm, "aarch64") == "0x41 asimd i8mm sve"
    assert computing.processor_of("", "riscv64") == "riscv64"
    assert computing.processor()


def test_an_engine_that_is_named_again_replaces_what_was_said_of_it() -> None:
    first, second, other = Engine("a", "AVX2", "MKL"), Engine("a", None, "cuBLAS"), Engine("b", None, None)
    assert computing.merged([first, other, second]) == [second, other]


RAN = RanCode("0" * 16, None, None, "sha256:" + "1" * 64)


def key(stage: str, record: reuse.Record) -> str:
    declared = stages.BY_NAME[stage]
    options = SimpleNamespace(**{item.name: () if item.many else None for item in declared.all_options})
    return key_of(reuse.ingredients(declared, RAN, record, options, {}))


@pytest.mark.parametrize("stage", ["asr", "translation"])
def test_results_of_other_instructions_or_another_library_are_other_results(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = [
        Engine("ctranslate2", *way) for way in (("AVX2", "MKL"), ("AVX", "MKL"), ("AVX2", "oneDNN"), (None, None))
    ]
    keys = {key(stage, reuse.Record(engines=[engine])) for engine in engines}
    assert len(keys) == len(engines)
    assert key(stage, reuse.Record(engines=[engines[0]])) in keys, "the same again is found"
    monkeypatch.setattr(gpus, "held_name", lambda: "NVIDIA H200")
    one = key(stage, reuse.Record(engines=[engines[0]], devices=("auto", "cuda")))
    monkeypatch.setattr(gpus, "held_name", lambda: "NVIDIA T4")
    assert key(stage, reuse.Record(engines=[engines[0]], devices=("auto", "cuda"))) != one


@pytest.mark.parametrize("stage", [stage.name for stage in stages.STAGES])
def test_another_processor_makes_other_results_only_where_a_model_computes(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for processor, setting in (("GenuineIntel avx2", ""), ("AuthenticAMD avx2", ""), ("AuthenticAMD avx2", "AVX2")):
        monkeypatch.setattr(computing, "processor", lambda processor=processor: processor)
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", setting)
        found.add(key(stage, reuse.Record()))
    assert len(found) == (3 if stage in {"asr", "ner", "lyrics_detection", "translation"} else 1)


def test_what_is_remembered_of_a_text_is_of_this_way_to_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = set()
    for engine in (Engine("ctranslate2", "AVX2", "MKL"), Engine("ctranslate2", "AVX2", "oneDNN")):
        monkeypatch.setattr(computing, "_ctranslate2_on_cpu", lambda engine=engine: engine)
        ways |= {computing.way("ctranslate2", "cpu"), computing.way("transformers", "cpu")}
    assert len(ways) == 3
