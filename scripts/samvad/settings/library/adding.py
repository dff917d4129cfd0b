"""Give the new films of a shelf rows in the film sheet, and know the others again by their bytes."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import checksums, files, places, stages
from samvad.core.errors import MediaError, SamvadError
from samvad.documents import beside_files, stage_manifest
from samvad.documents.stage_entries import FileRecord
from samvad.media import addresses, film_headers
from samvad.media.existing import found as existing
from samvad.settings import configuration, film_row, film_sheet, film_values
from samvad.settings.library import titles
from samvad.settings.library.finding import Found, Look


@dataclass
class Shelf:
    """How the films of a folder stand in the sheet.

    Attributes:
        jobs: the job of each film, new or known; a film with several rows has several.
        added: jobs of films that are new.
        moved: films that lie elsewhere than they did, with their old path.
        copies: files with the same bytes as another's, with that one's path or job.
        unknown: files that are no films, with the reason.
        other_wishes: known films whose rows ask for something else.
        gone: films of the sheet whose place is in the folder, and that are not there any more.
        skipped: films that have subtitles of every target language already, with which, where that is asked for.
        not_skipped: films that have subtitles which do not count, with the reasons.
    """

    jobs: list[configuration.Film] = field(default_factory=list)
    added: list[configuration.Film] = field(default_factory=list)
    moved: dict[Path, str] = field(default_factory=dict)
    copies: dict[Path, str] = field(default_factory=dict)
    unknown: dict[Path, str] = field(default_factory=dict)
    other_wishes: list[configuration.Film] = field(default_factory=list)
    gone: list[configuration.Film] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    not_skipped: dict[Path, str] = field(default_factory=dict)


def add(look: Look, path: Path, options: argparse.Namespace, output_root: Path) -> Shelf:
    """Bring the sheet up to date with what was found on a shelf.

    A film is known by its path; else by its bytes: as a copy of one that is in the sheet, or as one that is in the
    sheet under a path where nothing is any more.

    Args:
        look: what was found.
        path: the film sheet; made where it is missing.
        options: of ``film_row.add_options``: what to do with every film; and, where they are there, ``skip_existing``
            and ``ocr``.
        output_root: where the jobs' folders are.

    Raises:
        SamvadError: the sheet or an option is wrong.
    """
    wished = film_row.requested_columns(options)
    known = _Known(film_sheet.known(path), output_root)
    wrong = film_sheet.wrong_rows(path)
    shelf = Shelf(unknown=dict(look.unknown))
    new: list[tuple[Found, dict[str, str]]] = []
    moves: dict[int, dict[str, str]] = {}
    skips = getattr(options, "skip_existing", False)
    own = tuple(beside_files.of_all(output_root)) if skips else ()
    for found in look.films:
        if skips and _is_skipped(found, wished["targets"], own, options, output_root, shelf):
            continue
        same = known.at(found.path)
        if not same and (error := wrong.get(film_sheet.stored_path(str(found.path)))):
            shelf.unknown[found.path] = str(error)
            continue
        if not same and (same := known.moved_to(found)):
            shelf.moved[found.path] = same[0].media
            place = film_sheet.stored_path(str(found.path))
            moves |= {row.line: {"media": place} for row in same if row.sheet == str(path.resolve())}
            known.remember(found)
        elif not same and (other := known.copy_of(found)):
            shelf.copies[found.path] = other
            continue
        if same:
            shelf.jobs += same
            shelf.other_wishes += [row for row in same if _asks_otherwise(row, wished)]
            continue
        try:
            new.append((found, _new_row(found, options)))
        except SamvadError as refused:
            shelf.unknown[found.path] = refused.what
        else:
            known.remember(found)
    shelf.gone = known.gone(look.folder)
    if moves:
        film_sheet.change(path, moves)
    if new:
        shelf.added = film_sheet.add_all(path, [row for _, row in new], output_root)
        shelf.jobs += shelf.added
    return shelf


def _is_skipped(
    found: Found,
    targets: str,
    own: Collection[beside_files.Written],
    options: argparse.Namespace,
    output_root: Path,
    shelf: Shelf,
) -> bool:
    """Return whether a film is passed over for its subtitles; take note of what there are."""
    try:
        there = existing.of_film(found.path, output_root, own)
    except MediaError:
        return False  # it is told of where its row is made
    verdict = existing.judge(there, targets.split(","), bitmaps=options.ocr)
    if verdict.has_all:
        shelf.skipped[found.path] = verdict.told
    elif there:
        shelf.not_skipped[found.path] = verdict.told
    return verdict.has_all


class _Known:
    """The films that are in the sheet, by path and by what they hold."""

    def __init__(self, rows: list[configuration.Film], output_root: Path) -> None:
        self._output_root = output_root
        self._by_path: dict[str, list[configuration.Film]] = {}
        self._by_size: dict[int, list[tuple[Path, str]]] = {}
        self._gone: dict[int, list[configuration.Film]] = {}
        self._moved: list[list[configuration.Film]] = []
        self._fingerprints: dict[Path, str] = {}
        for row in (row for row in rows if not addresses.is_remote(row.media)):
            place = places.work() / row.media
            self._by_path.setdefault(_place(place), []).append(row)
            try:
                self._by_size.setdefault(place.stat().st_size, []).append((place, f"job {row.folder}"))
            except OSError:
                record = self._record(row)
                if record:
                    self._gone.setdefault(record.size_bytes, []).append(row)

    def at(self, path: Path) -> list[configuration.Film]:
        """Return the rows of the film that lies at a path."""
        return self._by_path.get(_place(path), [])

    def moved_to(self, found: Found) -> list[configuration.Film]:
        """Return the rows of a film that was done, whose path is gone, and whose bytes are those of this file."""
        candidates = self._gone.get(found.size, [])
        if not candidates:
            return []
        checksum = checksums.checksum(found.path)
        same = [row for row in candidates if (record := self._record(row)) and record.checksum == checksum]
        self._gone[found.size] = [row for row in candidates if row not in same]
        self._moved.append(same)
        return same

    def gone(self, folder: Path) -> list[configuration.Film]:
        """Return the rows of films whose place is below a folder, which are not there, and were found nowhere else."""
        moved = {row.folder for rows in self._moved for row in rows}
        return [
            row
            for rows in self._by_path.values()
            for row in rows
            if row.folder not in moved
            and (place := places.work() / row.media).is_relative_to(folder)
            and not place.exists()
        ]

    def copy_of(self, found: Found) -> str | None:
        """Return which film, of the sheet or of this shelf, has the same bytes; None where none has."""
        for path, name in self._by_size.get(found.size, []):
            if self._fingerprint(path) == self._fingerprint(found.path):
                return name
        return None

    def remember(self, found: Found) -> None:
        """Take note of a new film, for copies that come after it."""
        self._by_size.setdefault(found.size, []).append((found.path, str(found.path)))

    def _fingerprint(self, path: Path) -> str:
        if path not in self._fingerprints:
            self._fingerprints[path] = files.sampled_fingerprint(path)
        return self._fingerprints[path]

    def _record(self, row: configuration.Film) -> FileRecord | None:
        """Return what stage 01 of a job recorded of its film; None where it has not run."""
        path = self._output_root / row.folder / stages.BY_NAME["demux"].folder / "manifest.json"
        manifest = stage_manifest.read_optional(path)
        return manifest.film_file() if manifest else None


def _new_row(found: Found, options: argparse.Namespace) -> dict[str, str]:
    header = film_headers.read(found.path)
    if not header.of_kind("video"):
        raise MediaError("It has no moving pictures.")
    if not header.of_kind("audio"):
        raise MediaError("It has no sound.")
    title, year = titles.guess(found.path)
    nothing = dict.fromkeys(("film", "tmdb_file", "tmdb_id", "text"), "")  # what is said of one film alone
    own = {"media": str(found.path), "title": title, "year": year, **nothing}
    return film_row.new_row(argparse.Namespace(**{**vars(options), **own}))


def _place(path: Path) -> str:
    return film_sheet.stored_path(str(path))


def _asks_otherwise(row: configuration.Film, wished: Mapping[str, str]) -> bool:
    theirs = {
        "source": ",".join(row.source) or "auto",
        "targets": ",".join(row.targets),
        "workflow": row.workflow,
        "stages_off": ",".join(row.stages_off),
        "settings": film_values.settings_text(row.settings),
    }
    return any(value != wished[name] for name, value in theirs.items())
