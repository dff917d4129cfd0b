"""What a stage reads: other stages' results, the film, files and weights that options name; each held and recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from samvad.core import checksums, files, held_files
from samvad.core.declarations import Stage
from samvad.core.errors import ChangedFileError, MediaError, SamvadError
from samvad.documents import stage_entries, stage_manifest
from samvad.documents.media_facts import MediaFacts
from samvad.documents.stage_entries import Content, FileRecord, Given
from samvad.logs.spans import span
from samvad.models import weights
from samvad.runner import attempts, staging
from samvad.runner.options import Invocation
from samvad.runner.reuse import Record, Reuse, cache_from


class StageInputs:
    """The part of ``StageRun`` that reads.

    Attributes:
        stage: the stage's row of the table.
        job_folder: the job's folder.
        work_folder: where the stage writes its files.
    """

    def __init__(self, stage: Stage, invocation: Invocation[Any]) -> None:
        self.stage = stage
        self.job_folder = invocation.job_folder.resolve()
        self.folder = self.job_folder / stage.folder
        self.work_folder = self.folder  # until it begins
        self.film = invocation.film
        self._run = attempts.run_facts(self.job_folder, self.film)
        self._invocation = invocation
        self._record = Record()
        self._reuse: Reuse | None = None
        self._contents: dict[tuple[str, Path], Content] = {}  # two options may lead to one place
        self._named: dict[Path, tuple[str, str]] = {}  # option and fingerprint of what is no input, as it was first

    def read(self, stage: str, kind: str) -> Path:
        """Return the path of another stage's output, checked and recorded as an input with its maker's checksum.

        Args:
            stage: that stage's name.
            kind: type of the output, such as ``audio``.

        Raises:
            ChangedFileError: the file is gone, or is not what its maker wrote; says what mends it.
        """
        return self._read(self._invocation.manifests[stage], kind)

    def read_segments(self) -> Path:
        """Return the path of the segments document of the nearest earlier stage that is on, as ``read`` does."""
        if self._invocation.segments is None:
            raise RuntimeError(f"stage {self.stage.name} declares that it reads no segments")
        return self._read(self._invocation.segments, "segments")

    def reads_segments_of(self, stage: str) -> bool:
        """Say whether the segments document that ``read_segments`` gives is a stage's."""
        found = self._invocation.segments
        return found is not None and stage_manifest.read(found).stage == stage

    def _read(self, manifest_path: Path, kind: str) -> Path:
        found = self._read_optional(manifest_path, kind)
        if found is None:
            maker = stage_manifest.read(manifest_path).stage
            raise SamvadError(f"Stage {maker} of this film made no {kind}.", f"See {manifest_path}.")
        return found

    def read_optional(self, stage: str, kind: str) -> Path | None:
        """Return as ``read`` does, or None where the stage was switched off, skipped, or made no such file."""
        if stage not in (*self.stage.needs, *self.stage.after):
            raise RuntimeError(f"stage {self.stage.name} declares that it reads nothing of {stage}")
        manifest_path = self._invocation.manifests.get(stage)
        return None if manifest_path is None else self._read_optional(manifest_path, kind)

    def _read_optional(self, manifest_path: Path, kind: str) -> Path | None:
        with span("reading"):
            while True:
                found = staging.resolve_output(manifest_path, kind, self.job_folder, cache_from(self._run.cache))
                if found is None:
                    return None
                output, path, status = found
                held = self.hold(path)
                if staging.is_same(held.status, status):
                    break
                held_files.release(path)  # it was made anew between the look and the opening
        self._add_input(replace(output, mtime_ns=status.st_mtime_ns))
        return path

    def hold(self, path: Path, what: str = "") -> held_files.Held:
        """Open a file before it is read, so that it is the same one until the stage's end; return what is open.

        What the other methods return is held already. ``check_inputs`` compares it with what it was.

        Raises:
            DiskError: it cannot be read.
        """
        with files.disk_errors(path, "read"):
            return held_files.hold(path, self.work_folder, what)

    def check_inputs(self) -> None:
        """Check that everything that was read is what it was when it was opened; the stage's end does so in any case.

        Call it before something that was made of an input goes where others find it.

        Raises:
            ChangedFileError: a file, or a folder of weights, was changed, replaced or moved away.
        """
        for item in self._record.inputs:
            path = self.job_folder / item.path
            held = held_files.find(path)
            if held is not None:
                with files.disk_errors(path, "read"):
                    held.check(item.checksum)
        for place, (_, fingerprint) in self._named.items():
            known = next((item for (_, path), item in self._contents.items() if path == place), None)
            with files.disk_errors(place, "read"):
                if _fingerprint(place) != fingerprint and (
                    known is None or not place.exists() or checksums.of_place(place) != known.checksum
                ):
                    what = f"{place} was changed while the stage ran. Nothing that was made of it is kept."
                    raise ChangedFileError(what, "Run the same command again.", path=str(place))

    def read_film(self, moved_to: Path | None = None) -> Path:
        """Return the path of the film that stage 01 read, or where it was moved to, recorded with its checksum.

        Raises:
            MediaError: the film is gone or has changed since.
            DiskError: it cannot be read.
        """
        demux_manifest = self._invocation.manifests["demux"]
        film = stage_manifest.read(demux_manifest).film_file()
        if film is None:
            raise MediaError(f"{demux_manifest} names no film.", "Delete it and run again.", path=str(demux_manifest))
        path = Path(film.path)
        path = path if path.is_file() or moved_to is None else moved_to.absolute()
        remedy = f"Put the film back, or delete {demux_manifest} and run again to begin anew with the film as it is."
        if not path.is_file():
            raise MediaError(f"The film {path} is gone.", remedy, path=str(path))
        status = self.hold(path, "film").status
        with span("reading"), files.disk_errors(path, "read"):
            record = stage_entries.file_record(path, "film", shown=str(path), checksum=film.checksum, outside=True)
            same = replace(record, media=film.media) == film
            same = same or (status.st_size == film.size_bytes and checksums.checksum(path) == film.checksum)
        if not same:
            raise MediaError(f"The film {path} has changed since stage 01 read it.", remedy, path=str(path))
        self._add_input(replace(record, media=film.media))
        return path

    def add_external_input(
        self, path: Path, kind: str, media: MediaFacts | None = None, *, checksum: str | None = None
    ) -> Path:
        """Record a file that no stage made, such as the film or a glossary, before it is read; return its path.

        Args:
            path: where it lies.
            kind: what it is, such as ``film``.
            media: facts of a media file.
            checksum: if it has been taken already (``sha256:…``).

        Raises:
            DiskError: it cannot be read.
        """
        shown = str(path.absolute())
        self.hold(path)
        self._add_input(
            stage_entries.file_record(path, kind, shown=shown, checksum=checksum, media=media, outside=True)
        )
        return path

    def holds(self, option: str, place: Path) -> str:
        """Record what an option's value, or a model's name, led to: a folder of weights; return its checksum.

        What a value itself names, is recorded in any case; this is for what is found by a name.

        Raises:
            DiskError: it cannot be read.
            ChangedFileError: it was changed while it was read.
        """
        place = place.absolute()
        with span("reading"), files.disk_errors(place, "read"):
            _, fingerprint = self._named.setdefault(place, (option, _fingerprint(place)))
            taken = Content(option, str(place), fingerprint, checksums.of_place(place))
        self._contents[option, place] = taken
        return taken.checksum

    def came_from(self, option: str, address: str, fingerprint: str) -> None:
        """Record where the film that was read had been fetched from, and what was known of it there.

        Args:
            option: the option that named it.
            address: where it lies; holds no secret.
            fingerprint: what tells it from another film at that address.
        """
        film = next(item for item in self._record.inputs if item.type == "film")
        self._contents[option, Path(address)] = Content(option, address, fingerprint, film.checksum)

    def has_read(self, kind: str) -> bool:
        """Say whether a file of a kind is among the inputs by now."""
        return any(item.type == kind for item in self._record.inputs)

    def has_read_what(self, stage: str, kind: str) -> bool:
        """Say whether what was read of a kind by now is what an earlier stage has read of it, by the checksums."""
        theirs = stage_manifest.read(self._invocation.manifests[stage]).inputs
        own, others = (
            {item.checksum for item in items if item.type == kind} for items in (self._record.inputs, theirs)
        )
        return bool(own) and own == others

    def describe(self, kind: str, media: MediaFacts) -> None:
        """Add the facts of a media file, found while the stage worked, to the inputs of that kind."""
        self._record.inputs[:] = [
            replace(record, media=media) if record.type == kind else record for record in self._record.inputs
        ]

    def _add_input(self, record: FileRecord) -> None:
        if self._reuse is not None:
            raise RuntimeError(f"{record.path} is read after reuse(): the cache's key does not hold it")
        self._record.inputs.append(record)

    def _look_at_named(self) -> None:
        """Take note of what options name before anything is read of it: weights, and what becomes an input."""
        for item in self.stage.all_options:
            value = getattr(self._invocation.options, item.name)
            if item.content in ("file", "model") and isinstance(value, str) and value:
                place = Path(value).expanduser().absolute()
                if place.exists():
                    with files.disk_errors(place, "read"):
                        self._named[place] = (item.name, _fingerprint(place))

    def _given(self) -> tuple[Given, ...]:
        """Return the manifests that the command line names, by what their stages made."""
        named = dict(self._invocation.manifests)
        if self._invocation.segments is not None:
            named["segments"] = self._invocation.segments
        found = {option: stage_manifest.read_optional(path) for option, path in sorted(named.items())}
        return tuple(
            Given(option, manifest.stage, stage_manifest.result_of(manifest))
            for option, manifest in found.items()
            if manifest is not None
        )

    def _pinned(self) -> dict[str, str]:
        """Return the commits that are pinned for the models that options name."""
        named = {
            item.name: getattr(self._invocation.options, item.name)
            for item in self.stage.all_options
            if item.content == "model"
        }
        return {option: commit for option, name in named.items() if (commit := weights.pinned_commit(name))}


def _fingerprint(place: Path) -> str:
    """Return the fingerprint of a file or folder; of one that has gone meanwhile, that of nothing."""
    return checksums.fingerprint(place) if place.exists() else "0" * 16
