"""Look at this machine: programs, environments, models, disk, GPU, keys, network; each is well, or has its remedy."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import files, schemas
from samvad.core.console import printable
from samvad.core.errors import NetworkError, SamvadError
from samvad.models import http, patience, weights
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_WELL, _NOTE, _FAULT = "ok", "note", "FAULT"
#: Programs without which no film is subtitled.
_PROGRAMS = ("ffmpeg", "ffprobe", "mkvmerge", "mkvpropedit", "fc-match")
_ENVIRONMENTS = ("workflow", "media", "text", "asr", "translation", "review")
#: A film of two hours leaves about so much: its sound, a small copy, and the film once more with subtitles.
_FILM_GB = 10.0
_QUICK = patience.Policy(timeout_seconds=4.0, attempts=1)


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; ``remedy`` says what to do where it is not well."""

    what: str
    state: str
    found: str
    remedy: str = ""


def main(argv: list[str] | None = None) -> int:
    """Print a line for each thing; return 1 where something is missing that films need."""
    p = _parsing.Parser(description=__doc__, epilog="Exit code 1: something is missing that films need.")
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--offline", action="store_true", help="ask no address on the network")
    options = p.parse_args(argv)
    found = list(_findings(offline=options.offline))
    if options.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            print(printable(f"{one.state:6}{one.what:26}{one.found}"))
            if one.remedy:
                print(printable(f"{'':32}{one.remedy}"))
    return 1 if any(one.state == _FAULT for one in found) else 0


def _findings(*, offline: bool) -> Iterator[Finding]:
    for program in _PROGRAMS:
        place = shutil.which(program)
        yield Finding(
            program, _WELL if place else _FAULT, place or "is not installed", "" if place else "Run: make setup"
        )
    yield from map(_environment, _ENVIRONMENTS)
    try:
        settings = configuration.project()
        yield Finding("configuration", _WELL, "is valid")
    except SamvadError as error:
        yield Finding("configuration", _FAULT, error.what, error.remedy)
        return
    yield _films(settings)
    for key in ("asr.model", "translation.whisper_model"):
        yield _model(settings, key)
    yield from (_disk("results", naming.output_root(settings)), _disk("cache", files.cache_folder()))
    gpu = shutil.which("nvidia-smi")
    yield Finding("GPU", _WELL, "there is one: use --gpu" if gpu else "none is seen: films are made on the processor")
    yield _key("TMDB_API_KEY", "names are known from the film's cast", "stage 02 is skipped: names have no cast")
    yield _key("HF_TOKEN", "gated models can be fetched", "gated models, such as IndicTrans2, cannot be fetched")
    if not offline:
        yield _hub()


def _environment(name: str) -> Finding:
    lock = schemas.ROOT / "envs" / f"{name}.yaml"
    built_in = Path(os.environ.get("SAMVAD_ENVS") or files.cache_folder() / "envs")  # as envs/lib.bash has it
    folder = built_in / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    # Beside it may lie one with PyTorch's build for processors alone, which belongs to the list of today.
    pins = schemas.ROOT / "envs" / "torch-cpu.txt"
    for_cpu = folder.with_name(
        f"{folder.name}-cpu-{hashlib.sha256(pins.read_bytes() if pins.is_file() else b'').hexdigest()[:8]}"
    )
    what = f"environment {name}"
    if (folder / ".complete").exists() or os.environ.get("SAMVAD_DEPLOYMENT") == "conda":
        return Finding(what, _WELL, str(folder))
    if (for_cpu / ".complete").exists():
        if shutil.which("nvidia-smi"):
            return Finding(what, _NOTE, f"uses no GPU: {for_cpu}", "Run: SAMVAD_TORCH=cuda make setup")
        return Finding(what, _WELL, str(for_cpu))
    return Finding(what, _FAULT, "is not built", "Run: make setup (with --sdm conda, Snakemake builds its own)")


def _films(settings: dict[str, Any]) -> Finding:
    try:
        count = len(naming.films(settings))
    except SamvadError as error:
        return Finding("film sheet", _FAULT, error.what, error.remedy)
    if wrong := naming.bad_rows(settings):
        return Finding("film sheet", _FAULT, wrong[0], f"{len(wrong)} rows are wrong: their films are not made.")
    return Finding("film sheet", _WELL, f"{count} {'film' if count == 1 else 'films'} in {naming.sheet(settings)}")


def _model(settings: dict[str, Any], key: str) -> Finding:
    section, name = key.split(".")
    model = settings[section][name]
    try:
        found = weights.find_whisper(model)
    except SamvadError as error:
        return Finding(key, _FAULT, error.what, error.remedy)
    if found is None:
        return Finding(key, _FAULT, f"{model} is not on this machine", f"Run: ./samvad model {model}")
    return Finding(key, _WELL, f"{model}: {found.folder}")


def _disk(what: str, place: Path) -> Finding:
    there = next(folder for folder in (place, *place.absolute().parents) if folder.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    if not os.access(there, os.W_OK):
        return Finding(what, _FAULT, f"{there} cannot be written", "Name another folder, or change its permissions.")
    if free_gb < _FILM_GB:
        return Finding(what, _NOTE, f"{free_gb:.1f} GB free in {there}", f"A film may need {_FILM_GB:g} GB: make room.")
    return Finding(what, _WELL, f"{free_gb:.0f} GB free in {there}")


def _key(variable: str, well: str, without: str) -> Finding:
    if os.environ.get(variable):
        return Finding(variable, _WELL, f"is set: {well}")
    return Finding(variable, _NOTE, f"is not set: {without}", "Set it in the environment, if you have one.")


def _hub() -> Finding:
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    try:
        http.probe(address, "the model hub", address, _QUICK)
    except NetworkError:
        return Finding("model hub", _NOTE, "cannot be reached", "Films need none once their models are here.")
    return Finding("model hub", _WELL, "answers")
