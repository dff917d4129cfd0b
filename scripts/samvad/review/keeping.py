"""What was decided on the page, in the files that the command line knows; and what people changed in these by hand.

Each file that was written is remembered by its checksum (``corrections/written.json``). One that has another since was
changed by a person: what they changed is taken into the document, as a step that can be undone. Where both have changed
the same cue, the page's stays, and the need ``conflict`` shows the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from samvad.core import files, places, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import added_tracks, approvals, at_work
from samvad.documents.approvals import Approval
from samvad.documents.machine_cues import Origin
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.review import carrying, tables
from samvad.review.film import FilmDocument
from samvad.review.film_state import Who
from samvad.review.lanes import Change, Lane, in_order, marked
from samvad.review.tables import Kind
from samvad.settings import film_sheet, naming
from samvad.settings.configuration import Film
from samvad.stages.subtitle_gen import corrections
from samvad.text import languages

NAME = "written.json"
_NOWHERE = Origin(0, 0, (), heard=False)


@dataclass(frozen=True)
class Written:
    """A file as it was written.

    Attributes:
        checksum: of it.
        revision: the step that it has.
        rows: of a table, the decisions that were written into it, by key.
    """

    checksum: str
    revision: int
    rows: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Record:
    """The files that were written, by their path; ``revision``: the step up to which all of them are."""

    revision: int = 0
    files: dict[str, Written] = field(default_factory=dict)


class Keeper:
    """Keeps a film's document and its files together.

    Args:
        film: the document.
        row: the film's row of the sheet, where it has one.
        settings: the configuration.
    """

    def __init__(self, film: FilmDocument, row: Film | None, settings: Mapping[str, Any]) -> None:
        self._film = film
        self._row = row
        self._settings = settings
        self._place = film.folder / corrections.FOLDER / NAME
        self._seen: dict[str, tuple[int, int] | None] = {}
        self.problems: list[str] = []
        self._broken: dict[str, Exception] = {}
        self._record = self._read()

    def _read(self) -> Record:
        self._stamp = _stamp(self._place)
        if self._stamp is None:
            return Record()
        return typed_json.read(self._place, Record, "list of written files", "Delete it: all files are looked at then.")

    @property
    def is_due(self) -> bool:
        """Say whether the document has steps that no file has."""
        return self._film.revision > self._record.revision

    def take_in(self) -> None:
        """Take what people have changed in the files since they were written into the document."""
        film = self._film
        with film.lock:
            self.problems, self._broken = [], {}
            if _stamp(self._place) != self._stamp:  # another server has written files
                self._record, self._seen = self._read(), {}
            for language in list(film.lanes):
                self._look(corrections.path_of(film.folder, language), partial(self._track, language))
            for kind in tables.KINDS:
                path = self._path(kind)
                if str(path) in self._record.files:
                    self._look(path, partial(self._table, kind))

    def _look(self, path: Path, take: Callable[[Path], None]) -> None:
        """Look at a file whose size or times are others than the last time; take it in where its bytes are, too."""
        stamp = _stamp(path)
        known = self._record.files.get(str(path))
        if (stamp is None and known is None) or self._seen.get(str(path), ()) == stamp:
            return
        try:
            checksum = files.sha256_of(path) if stamp else ""
            if known is None or known.checksum != checksum:
                take(path)
                self._remember({str(path): checksum})
            self._seen[str(path)] = stamp
        except (SamvadError, OSError) as error:
            self.problems.append(str(error))
            self._broken[str(path)] = error

    def _track(self, language: str, path: Path) -> None:
        film = self._film
        lane, known = film.lanes[language], self._record.files.get(str(path))
        decided: dict[str, tuple[Any, ...]] = {}
        if known is not None and known.revision <= film.revision:
            written = list(film.state_at(known.revision)[0].get(language, {}).values())
        else:
            written = list(film.machine(language))
        if path.is_file():
            found = corrections.load(film.folder, language, film.files.film_ms)
            given: Sequence[Cue] = found[0] if found else ()
            label = f"{path.name} was changed by hand"
        else:  # as `samvad correct --forget` does
            given = [cue.cue for cue in film.machine(language)]
            label = f"{path.name} was deleted: the machine's subtitles again"
            if (approval := film.decided.get(f"approved/{language}")) is not None:
                decided[f"approved/{language}"] = (approval, None)
        merged = carrying.merged(lane, [cue for cue in in_order(written) if cue.cue.text], given)
        self._tell(language, lane, merged, label, decided)

    def _tell(
        self, language: str, lane: Lane, merged: carrying.Merged, label: str, decided: dict[str, tuple[Any, ...]]
    ) -> None:
        both: dict[str, tuple[Any, ...]] = {
            f"conflict/{cue.id}": (
                self._film.decided.get(f"conflict/{cue.id}"),
                {
                    "lane": language,
                    "cue": cue.id if cue.id in lane.cues else None,
                    "start": cue.start_ms,
                    "end": cue.end_ms,
                    "file": [_cue_json(item) for item in theirs],
                },
            )
            for cue, theirs in merged.both
        }
        changes = {language: merged.change} if merged.change != Change() else {}
        if changes or both or decided:
            self._film.take(Who("by hand"), label, changes, {**both, **decided})

    def _table(self, kind: Kind, path: Path) -> None:
        known = self._record.files[str(path)]
        keys = list(known.rows)
        said = tables.now(path, kind, [known.rows[key] for key in keys])
        changed: dict[str, tuple[Any, ...]] = {}
        for key, value in zip(keys, said, strict=True):
            before = known.rows[key]
            if value != before[kind.answer[1]] and self._film.decided.get(key) == before:
                changed[key] = (before, {**before, kind.answer[1]: value} if value else None)
        if changed:
            self._film.take(Who("by hand"), f"{path.name} was changed by hand", {}, changed)

    def write(self, *, force: bool = False) -> list[Path]:
        """Write all that was decided into the files; return those of tracks that are a person's.

        While a run is at work on the film nothing is written: a stage that reads a file would fail by that.

        Args:
            force: write although a run is at work.

        Raises:
            SamvadError: a file cannot be written.
        """
        film = self._film
        with film.lock:
            if not force and at_work.busy(film.folder):
                return []
            self.take_in()
            kept, revision, made = [], film.revision, {}
            for language in film.lanes:
                path = corrections.path_of(film.folder, language)
                if str(path) in self._broken:  # a person's work, which nobody could read
                    continue
                if self._write_track(language, path):
                    kept.append(path)
                made[str(path)] = files.sha256_of(path) if path.is_file() else ""
            rows: dict[str, dict[str, Any]] = {}
            for kind in tables.KINDS:
                if str(self._path(kind)) in self._broken:
                    continue
                written = self._write_table(kind)
                if written is not None:
                    path, rows[str(path)] = written
                    made[str(path)] = files.sha256_of(path) if path.is_file() else ""
            self._write_approvals()
            added = [key.partition("/")[2] for key in film.decided if key.startswith("added/")]
            added_tracks.keep(film.folder, [code for code in added if film.lanes[code].cues])
            known = {key: item for key, item in self._record.files.items() if key not in made}
            known |= {key: Written(sum_, revision, rows.get(key, {})) for key, sum_ in made.items() if sum_}
            self._save(Record(revision=revision, files=known))
            self._seen = {}
            for error in self._broken.values():
                raise error
            return kept

    def _save(self, record: Record) -> None:
        if record != self._record:
            typed_json.write(self._place, record)
            self._record, self._stamp = record, _stamp(self._place)

    def _remember(self, checksums: Mapping[str, str]) -> None:
        """Take note that files are, as they are now, in the document."""
        revision, known = self._film.revision, dict(self._record.files)
        for path, checksum in checksums.items():
            if checksum:
                before = known.get(path)
                now = self._film.decided
                rows = {key: now[key] for key in (before.rows if before else ()) if key in now}
                known[path] = Written(checksum, revision, rows)
            else:
                known.pop(path, None)
        self._save(Record(revision=self._record.revision, files=known))

    def _write_track(self, language: str, path: Path) -> bool:
        """Write a track that is not the machine's any more, or approved; say whether it is a person's."""
        film = self._film
        lane, machine = film.lanes[language], list(film.machine(language))
        cues = [cue for item in lane.ordered() if (cue := item.cue).text]
        own, theirs = [cue.cue for cue in machine], f"approved/{language}" in film.decided
        if cues == own and not theirs:
            known = self._record.files.get(str(path))
            if known is not None and path.is_file():  # it has nothing of a person's any more
                path.unlink()
                path.with_suffix(".tsv").unlink(missing_ok=True)
            return False
        if not cues:
            self.problems.append(f"The subtitles in {languages.name(language)} have no cues: no file can say that.")
            return False
        text = formats.write("srt", cues)
        _prove(text, cues, path)
        if not path.is_file() or path.read_bytes() != text.encode():
            origins = [cue.origin or _NOWHERE for cue in machine]
            pairs = corrections.pair(own, cues)
            table = corrections.table(pairs, language, own, cues, origins, film.files.segments)
            corrections.keep(film.folder, language, cues, table)
        return True

    def _path(self, kind: Kind) -> Path:
        path = kind.place(self._film.folder, self._row)
        return path if path.is_absolute() else places.work() / path

    def _write_table(self, kind: Kind) -> tuple[Path, dict[str, Any]] | None:
        """Write the decisions of a kind; return the file, and what is in it of them; None where there are none."""
        path = self._path(kind)
        known = self._record.files.get(str(path))
        ours = {key: value for key, value in self._film.decided.items() if key.startswith(f"{kind.about}/")}
        before = dict(known.rows) if known else {}
        if not ours and not before:
            return None
        gone = [value for key, value in before.items() if key not in ours]
        tables.write(path, kind, ours.values(), gone)
        named = bool(self._row and kind.column and not getattr(self._row, kind.column))
        if ours and named:
            self._name_in_sheet(kind, path)
        return path, ours

    def _name_in_sheet(self, kind: Kind, path: Path) -> None:
        """Name a file in the film's row, so that the stages read it."""
        assert self._row is not None, "somebody asked"
        sheet = naming.sheet(self._settings)
        current = naming.films(self._settings).get(self._row.folder)
        if current is not None and not getattr(current, kind.column):
            film_sheet.change(sheet, {current.line: {kind.column: film_sheet.stored_path(str(path))}})
            self._row = naming.films(self._settings).get(self._row.folder)

    def _write_approvals(self) -> None:
        film = self._film
        changes: dict[str, Approval | None] = {}
        kept = approvals.read_optional(film.folder).tracks
        for language, lane in film.lanes.items():
            found, path = film.decided.get(f"approved/{language}"), corrections.path_of(film.folder, language)
            before = kept.get(language)
            if not found:
                if before is not None:
                    changes[language] = None
            elif path.is_file() and (before is None or (before.by, before.at) != (found["by"], found["at"])):
                machine = approvals.of_cues([cue.cue for cue in film.machine(language)])
                checksum = files.sha256_of(path)
                changes[language] = Approval(found["by"], found["at"], checksum, machine, len(lane.cues))
        if changes:
            approvals.keep(film.folder, changes)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells, for the price of a look, that a file is as it was; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _prove(text: str, cues: Sequence[Cue], path: Path) -> None:
    """Make sure that a file says what was to be written into it, before it takes the place of the one before.

    Raises:
        SamvadError: it does not.
    """
    found = formats.parse(text, "srt")
    if list(found.cues) != list(cues) or found.lost:
        different = next((one for one, other in zip(cues, found.cues, strict=False) if one != other), cues[-1])
        raise SamvadError(
            f"{path} would not say what the page has, at {different.start_ms} ms: {different.text!r}.",
            "Write that cue otherwise. Please report it.",
            path=str(path),
        )


def _cue_json(cue: Cue) -> dict[str, Any]:
    return {"start": cue.start_ms, "end": cue.end_ms, "text": marked(cue)}
