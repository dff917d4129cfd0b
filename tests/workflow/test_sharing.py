"""Films that are done at once on one machine share its memory and its GPUs, and never take more than there is."""

from __future__ import annotations

import itertools
import subprocess
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import psutil
import pytest

import support
from samvad.core import stages
from workflow.project import Project, environment, new_project

FILMS = ("a", "b", "c", "e", "bad")
ASKED_MB = {"demux": 300, "asr": 450, "translation": 450}
MIB = 1 << 20
TOTAL_MB = 1000
#: In place of the work of a stage, as much memory as it asks for, less what Python takes. No GPU is here to compute on:
#: the GPUs' numbers are all that is made up.
END = "from samvad.runner.stage_run import Skipped; raise Skipped('its time is over')"
DEMUX = "held = bytearray(150_000_000); time.sleep(0.5); " + END
#: One film's first stage goes on until another film's stage is on the GPU.
SLOW = "[time.sleep(0.1) for _ in range(900) if run.film == 'slow' and not os.path.exists('on_gpu')]"
ON_GPU = (
    "from samvad.runner import gpus; gpus.take('cuda', run.film); run.devices('cuda', 'cuda'); "
    "open('on_gpu', 'w').close(); held = bytearray(300_000_000); time.sleep(1.5); " + END
)


class Span(NamedTuple):
    """When a stage ran, from its manifest, and where."""

    film: str
    stage: str
    start: str
    end: str
    device: str | None

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


class Done(NamedTuple):
    """A run that has ended."""

    code: int
    said: str
    spans: list[Span]
    peak_mb: float


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose three heavy stages take time and memory, and nothing else."""
    made = new_project(tmp_path_factory.mktemp("projects") / "sharing")
    made.work_first("extract_audio.py", DEMUX)
    made.work_first("extract_audio.py", SLOW)
    made.work_first("recognize_speech.py", ON_GPU)
    made.work_first("recognize_speech.py", "if run.film == 'bad': raise ValueError('no good')")
    made.work_first("translate_dialogue.py", ON_GPU)
    return made


def run(project: Project, gpus: str, films: tuple[str, ...], *more: str, **asks: int) -> Done:
    """Do films with the profile of a machine with a GPU, and measure the memory of all that Snakemake starts."""
    off = "tmdb,glossary_load,ner,lyrics_detection,hallucination_removal"
    rest = {"media": "film.mkv", "workflow": "translate", "stages_off": off}
    project.write_sheet(*({"user": name, **rest} for name in films))
    asked = [f"{stage}:mem_mb={size}" for stage, size in {**ASKED_MB, **asks}.items()]
    command = project.command("translate", "--cores", 32, *more, "--set-resources", *asked)
    command[command.index("profiles/local-cpu")] = "profiles/local-gpu"
    process = subprocess.Popen(
        command, cwd=project.root, env={**environment(), "CUDA_VISIBLE_DEVICES": gpus, "SAMVAD_CACHE": cache(project)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    peak, ended = [0.0], threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, peak, ended))
    watcher.start()
    said, _ = process.communicate(timeout=300)
    ended.set()
    watcher.join()
    return Done(process.returncode, said, list(spans(project, films)), peak[0])


def cache(project: Project) -> str:
    return support.new_cache(project.root)["SAMVAD_CACHE"]


def watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    """Keep the highest memory that all processes below Snakemake held at once, in MiB."""
    while not ended.wait(0.1):
        total = 0
        try:
            for child in psutil.Process(pid).children(recursive=True):
                total += child.memory_info().rss
        except psutil.Error:
            continue
        peak[0] = max(peak[0], total / MIB)


def spans(project: Project, films: tuple[str, ...]) -> Iterator[Span]:
    for film, stage in itertools.product(films, ASKED_MB):
        path = project.job(film)
        if (path / stages.BY_NAME[stage].folder / "manifest.json").is_file():
            manifest: dict[str, Any] = support.manifest_of(path, stage)
            device = manifest["software"]["device_actual"]
            yield Span(film, stage, manifest["started_at"], manifest["ended_at"], device)


def at_once(found: list[Span], at: Span) -> list[Span]:
    """Return what ran at the moment at which a stage began."""
    return [span for span in found if span.start <= at.start < span.end]


@pytest.mark.usefixtures("hub")
def test_memory_and_gpus_are_never_exceeded_and_a_film_that_fails_stops_no_other(project: Project) -> None:
    done = run(project, "0,1", FILMS, "--resources", f"mem_mb={TOTAL_MB}", "gpu=2")
    assert done.code != 0
    assert "no good" in done.said, done.said
    finished = {span.film for span in done.spans if span.stage == "translation"}
    assert finished == set(FILMS) - {"bad"}
    loads = [sum(ASKED_MB[span.stage] for span in at_once(done.spans, at)) for at in done.spans]
    assert 2 * ASKED_MB["demux"] <= max(loads) <= TOTAL_MB
    assert done.peak_mb <= TOTAL_MB
    on_gpu = [span for span in done.spans if span.stage != "demux"]
    assert {span.device for span in on_gpu} == {"cuda:0", "cuda:1"}
    for one, other in itertools.combinations(on_gpu, 2):
        assert one.device != other.device or not one.overlaps(other), (one, other)
    assert any(one.overlaps(other) for one, other in itertools.combinations(on_gpu, 2)), "both are used at once"


@pytest.mark.usefixtures("hub")
def test_a_single_gpu_has_one_stage_at_once_with_others_beside_it_and_too_large_a_stage_is_told(
    project: Project,
) -> None:
    """The number of GPUs is not given: it is found."""
    (project.root / "on_gpu").unlink(missing_ok=True)
    done = run(project, "0", ("quick", "slow"), "--resources", "mem_mb=800", translation=900)
    assert done.code == 0, done.said
    assert 'gpu=Resource("gpu", 1)' in done.said
    on_gpu = [span for span in done.spans if span.stage != "demux"]
    assert len(on_gpu) == 4
    assert not any(one.overlaps(other) for one, other in itertools.combinations(on_gpu, 2))
    slow = next(span for span in done.spans if (span.film, span.stage) == ("slow", "demux"))
    assert any(span.overlaps(slow) for span in on_gpu)
    assert done.said.index("translation asks for 800 MiB of memory or more") < done.said.index("01_demux started")
    assert "asr asks for" not in done.said
