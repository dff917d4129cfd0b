"""Which films were found done, and by what was looked at: a shelf's finished films cost a few looks at files each.

A film is on the list with one checksum of all that it was judged by: the manifests of its stages and of its job, every
result, the film itself, decisions, weights, lists, variables. As long as that is so it is done, and neither its
manifests are read nor Snakemake is asked. The list lies in Snakemake's folder and may be lost: whoever is not on it is
judged by the records. What was changed within the last seconds is not trusted to have a time of its own, as in
``checksums``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from samvad.core import files, outside, schemas, stages, this_machine
from samvad.core.errors import SamvadError
from samvad.documents import provenance
from samvad.runner.code_hash import code_hash
from samvad.settings.configuration import Film
from samvad.workflow import looks

_VERSION = 1
#: What judges films: with other texts of these, all are judged anew.
_JUDGES = ("rules", *(f"scripts/samvad/{room}" for room in ("core", "documents", "settings", "workflow")))
#: As coarse as the clock of any file system in use (FAT has 2 s).
_SETTLED_NS = 2_000_000_000
#: What stands for a film's own path and its job's folder in the names of looks, which most films then share.
_FILM, _JOB = "film", "job/"

#: A look as the list has it: its kind, and its name.
_Look = tuple[str, str]


class DoneList:
    """The list of one project and one folder of jobs.

    Args:
        output_root: where the job folders are.
        told: what all films are judged by besides what is looked at, such as code and configuration; with another, no
            film of the list counts.
    """

    def __init__(self, output_root: Path, told: str) -> None:
        self._output_root = output_root
        self._told = told
        place = hashlib.sha256(os.fsencode(output_root.absolute())).hexdigest()
        self._path = Path(".snakemake") / "samvad_done" / f"{place[:16]}.json"
        self._looks: list[tuple[_Look, ...]] = []
        self._films: dict[str, tuple[str, int, str]] = {}
        self._numbers: dict[tuple[_Look, ...], int] = {}
        self._new = False
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            self._read(outside.json_value(outside.read_bytes(self._path)))

    def holds(self, film: Film, asked: Iterable[str]) -> bool:
        """Say whether a film was done, as far as it is asked for, and all that says so is what it was."""
        known = self._films.get(film.folder)
        if known is None or known[0] != _row(film, asked):
            return False
        place = f"{self._output_root}/{film.folder}/"
        return known[2] == _sum(looks.again(*_whole(look, film, place)) for look in self._looks[known[1]])

    def add(self, film: Film, asked: Iterable[str], notes: looks.Notes) -> None:
        """Take note of a film that is done.

        Args:
            film: its row.
            asked: the stages that are asked for.
            notes: what it was judged by.
        """
        now = time.time_ns()
        for (kind, _), found in notes.seen.items():
            if kind == "file" and isinstance(found, tuple) and now - max(found[1], found[3]) < _SETTLED_NS:
                return
        place = f"{self._output_root}/{film.folder}/"
        named = tuple(_short(look, film, place) for look in notes.seen)
        number = self._numbers.setdefault(named, len(self._looks))
        if number == len(self._looks):
            self._looks.append(named)
        self._films[film.folder] = (_row(film, asked), number, _sum(notes.seen.values()))
        self._new = True

    def keep(self) -> None:
        """Write the list where it has grown. Where that cannot be, the next run judges again."""
        if not self._new:
            return
        value = {"version": _VERSION, "told": self._told, "looks": self._looks, "films": self._films}
        with contextlib.suppress(OSError, SamvadError):
            files.write_text(self._path, json.dumps(value, ensure_ascii=True))
            self._new = False

    def _read(self, value: dict[str, object]) -> None:
        if value["version"] != _VERSION or value["told"] != self._told:
            return
        found = [tuple((str(kind), str(name)) for kind, name in named) for named in value["looks"]]  # type: ignore[attr-defined]
        films = {}
        for folder, (row, number, seen) in value["films"].items():  # type: ignore[attr-defined]
            if found[number]:
                films[str(folder)] = (str(row), int(number), str(seen))
        self._looks, self._films = found, films
        self._numbers = {named: number for number, named in enumerate(found)}


def told_to_all(config: Mapping[str, Any]) -> str:
    """Return a checksum of what all films are judged by: configuration, code, environments, pinned models, switches."""
    judges = [path for folder in _JUDGES for path in sorted((schemas.ROOT / folder).rglob("*")) if _is_code(path)]
    told = [
        config,
        {stage.name: code_hash(stage.name) for stage in stages.STAGES},
        {name: provenance.lock_hash(name) for name in sorted({stage.environment for stage in stages.STAGES})},
        _identity(schemas.ROOT / "config" / "models.yaml"),
        [_identity(path) for path in judges],
        sorted(item for item in os.environ.items() if item[0].startswith("STAGE_")),
        this_machine.node(),
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _is_code(path: Path) -> bool:
    return path.suffix in (".py", ".smk")


def _identity(path: Path) -> tuple[str, int, int] | None:
    try:
        there = path.stat()
    except OSError:
        return None
    return path.name, there.st_size, there.st_mtime_ns


def _row(film: Film, asked: Iterable[str]) -> str:
    """Return a checksum of a film's row, wherever it stands in the sheet, and of what is asked for."""
    said = [getattr(film, name) for name in Film.__dataclass_fields__ if name != "line"]
    return hashlib.blake2b(repr([said, sorted(asked)]).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _sum(found: Iterable[object]) -> str:
    return hashlib.blake2b(repr(list(found)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _short(look: _Look, film: Film, place: str) -> _Look:
    kind, name = look
    if kind == "file" and name == film.media:
        return _FILM, ""
    if kind == "file" and name.startswith(place):
        return _JOB, name[len(place) :]
    return look


def _whole(look: _Look, film: Film, place: str) -> _Look:
    kind, name = look
    if kind == _FILM:
        return "file", film.media
    if kind == _JOB:
        return "file", f"{place}{name}"
    return look
