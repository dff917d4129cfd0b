"""Find a film by what people call it: its id, title, file, or job; every command takes any of them."""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import console, places
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest
from samvad.settings import configuration, film_sheet
from samvad.settings.configuration import Film

_FOLDER = re.compile(r"(?<![^/])([0-9]{4})/([0-9]{2})/([0-9]{2})/([A-Za-z0-9][A-Za-z0-9._-]*)/([0-9]+)(?=/|\Z)")
#: So many films are named where one is not found.
_NAMED = 5


@dataclass(frozen=True)
class Job:
    """A job that was found.

    Attributes:
        folder: of its results, absolute.
        film: its row of the film sheet; None where the sheet has none any more.
    """

    folder: Path
    film: Film | None


def output_root(settings: Mapping[str, Any]) -> Path:
    """Return the folder of all jobs, absolute."""
    return (places.work() / Path(settings["output_root"]).expanduser()).absolute()


def look_at_output_root(root: Path) -> None:
    """Make sure that jobs can have their folders: behind a link to a disk that is away every film would look new.

    Args:
        root: the folder of all jobs; it, and folders above it, need not be there yet.

    Raises:
        ConfigurationError: it, or what should be a folder above it, is a link to nothing, or no folder.
    """
    place = next((place for place in (root, *root.parents) if os.path.lexists(place)), root)
    if os.path.lexists(place) and not place.is_dir():
        away = place.is_symlink() and not place.exists()
        what = f"a link to {place.readlink()}, where nothing is" if away else "no folder"
        raise ConfigurationError(
            f"output_root is {root}, and {place} is {what}: nothing can be said of the films' jobs.",
            "Is its disk away? Bring it back; or correct output_root." if away else "Correct output_root.",
            path=str(place),
        )


def in_the_way(folder: Path) -> str:
    """Return what stands where the folder of a job is to be, in words for people; empty where nothing does.

    Args:
        folder: of the job; it, and folders above it, need not be there yet.
    """
    try:
        if stat.S_ISDIR(folder.stat().st_mode):
            return ""
    except (FileNotFoundError, NotADirectoryError):
        pass  # it is not there, or something above it is no folder
    except OSError:
        return ""  # whoever opens it says why it cannot be
    place = next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)
    if not os.path.lexists(place) or place.is_dir():
        return ""
    return f"what lies at {place} is no folder: move it away"


def target(asked: str, root: str) -> str:
    """Return a file of a job as the rules call it, where it is asked for by another path to it; else the same.

    Args:
        asked: what Snakemake was asked for: a file, or the name of a rule.
        root: the folder of all jobs, as the configuration has it.
    """
    match = _FOLDER.search(asked)
    if match is None or asked.startswith(f"{root}/"):
        return asked
    above = asked[: match.start()] or "."
    if os.path.realpath(above) != os.path.realpath(root):
        return asked
    return f"{root}/{asked[match.start() :]}"


def sheet(settings: Mapping[str, Any]) -> Path:
    """Return the film sheet that commands write into, absolute: one's own, where the key names the project's."""
    named = settings["films"]
    return places.work() / (configuration.OWN_SHEET if named == configuration.SHEET else named)


def films(settings: Mapping[str, Any]) -> dict[str, Film]:
    """Return the films of the film sheets by job folder; none where there is no sheet yet.

    Raises:
        ConfigurationError: a sheet is wrong.
    """
    return configuration.read_sheet(*_sheets(settings))[0]


def bad_rows(settings: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with rows of the film sheets, of which no film is made."""
    return [str(bad.error) for bad in configuration.read_sheet(*_sheets(settings))[1]]


def _sheets(settings: Mapping[str, Any]) -> list[Path]:
    return [path for path in configuration.sheets(settings["films"], places.work()) if path.exists()]


def find(named: str, settings: Mapping[str, Any]) -> Job:
    """Return the job that is meant; the newest, where a film has several.

    Args:
        named: a job's folder or a path in it, ``YYYY/MM/DD/USER/N``, a film id, a title (with or without the year), or
            the film's file.
        settings: the configuration, checked.

    Raises:
        ConfigurationError: there is no such film; names those that are called nearly so.
    """
    known = films(settings)
    root = output_root(settings)
    same = all_of(named, known.values()) if named.strip() else []
    if not same and (found := _job_at(named, root)):
        folder, job = found
        is_ours = folder.resolve() == (root / job).resolve()
        return Job(folder, known.get(job) if is_ours else None)
    if not same:
        raise ConfigurationError(f"There is no film {named!r} in {sheet(settings)}.", _near(named, known.values()))
    film = max(same, key=lambda film: (film.date, film.job, film.line))
    return Job(root / film.folder, film)


def place(text: str) -> Path:
    """Return the path that a person means by a path, or by a film: then the folder of its job.

    Raises:
        argparse.ArgumentTypeError: the text is empty.
    """
    path = console.path(text)
    if path.exists():
        return path
    try:
        return find(text, configuration.project()).folder
    except ConfigurationError:  # whoever looks there says so
        return path


def _job_at(named: str, root: Path) -> tuple[Path, str] | None:
    """Return the folder of the job that a path leads to, and the job as ``Film.folder`` has it.

    A folder below another root than the configured one is a job's where it holds a manifest: others are called so, too.
    """
    if match := _FOLDER.fullmatch(named.rstrip("/")):
        return (root / match.group(), match.group()) if (root / match.group()).is_dir() else None
    place = os.path.normpath(Path(named).absolute())
    match = _FOLDER.search(place)
    folder = Path(place[: match.end()]) if match else None
    if match is None or folder is None or not folder.is_dir():
        return None
    is_job = folder.is_relative_to(root) or job_manifest.path_of(folder).is_file()
    return (folder, match.group()) if is_job else None


def all_of(named: str, known: Iterable[Film]) -> list[Film]:
    """Return the rows of a film that is named by its id, its title, or its file."""
    wanted = _plain(named)
    rows = list(known)
    by_id = [film for film in rows if film.film == named]
    by_title = [film for film in rows if wanted in (_plain(film.title), _plain(f"{film.title} ({film.year})"))]
    stored = film_sheet.stored_path(named)
    by_file = [film for film in rows if film_sheet.text_of(film)["media"] == stored]
    return by_id or by_title or by_file


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


def _near(named: str, known: Iterable[Film]) -> str:
    typed = places.own_command()
    names = {_plain(name): name for film in known for name in (film.film, film.title)}
    close = difflib.get_close_matches(_plain(named), names, n=_NAMED, cutoff=0.5)
    if close:
        return f"Did you mean {', '.join(repr(names[name]) for name in close)}? `{typed} list` has all."
    return f"`{typed} list` has all; `{typed} film PATH` adds one."
