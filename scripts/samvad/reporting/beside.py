"""A film's subtitles beside the film, named as Plex, Jellyfin, Kodi and Emby read them: ``Film.en.srt``.

What lies there and was not written by Samvad is never written over. What was is known by a record in the job's folder,
which has its checksum: a file that somebody has edited since is somebody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from samvad.core import files, outside, places, stages, typed_json
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.documents import beside_files, job_manifest, stage_manifest, tracks


def write(job_folder: Path) -> list[str]:
    """Write a finished film's subtitles beside it; return what to tell the user.

    Raises:
        SamvadError: the film has no subtitles yet or is not there, or a file there is somebody's or cannot be written.
    """
    film = _film(job_folder)
    record = beside_files.read(job_folder)
    known = {item.path: item.sha256 for item in record.files}
    due: list[tuple[Path, bytes]] = []
    for name, data in _subtitles(job_folder, film):
        path = film.with_name(name)
        there = _sha256(path) if path.is_file() and not path.is_symlink() else None
        if path.is_symlink() or (path.exists() and there != known.get(str(path)) and there != _digest(data)):
            raise ConfigurationError(
                f"{path} is there, and Samvad did not write it, or somebody has changed it since.",
                "Move it away; nothing was written.",
                path=str(path),
            )
        due.append((path, data))
    for path, data in due:
        if not path.is_file() or path.read_bytes() != data:
            files.write_bytes(path, data)
            known[str(path)] = _digest(data)
            # At once: a file that is not in the record would be taken for somebody's.
            written = tuple(beside_files.Written(*item) for item in sorted(known.items()))
            typed_json.write(job_folder / beside_files.RECORD, beside_files.Record(files=written))
    return [f"Beside the film: {path}" for path, _ in due]


def _film(job_folder: Path) -> Path:
    manifest = job_manifest.read(job_folder)
    film = places.work() / outside.home_path(manifest.input.file)
    if not film.is_file():
        raise MediaError(f"{manifest.input.file} is not there: nothing can be written beside it.", "Is its disk away?")
    return film.absolute()


def _subtitles(job_folder: Path, film: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each track, from the result of stage 09."""
    folder = job_folder / stages.BY_NAME["subtitle_gen"].folder
    manifest = stage_manifest.read_optional(folder / "manifest.json")
    if manifest is None or manifest.status != "success":
        raise ConfigurationError(f"{job_folder} has no subtitles yet.", "Run the film first.")
    document = tracks.read(folder / "tracks.json")
    named = [(f"{track.language}{'.sdh' * track.hearing_impaired}", track.files) for track in document.tracks]
    named += [(track.suffix, track.files) for track in document.further]
    for suffix, made in named:
        if "srt" not in made:
            raise ConfigurationError(
                "Media servers read SubRip beside a film, and the film has no such files.",
                "Add srt to subtitle.formats, and run the film again.",
            )
        path = folder / made["srt"]
        try:
            yield f"{film.stem}.{suffix}.srt", path.read_bytes()
        except OSError as error:
            raise SamvadError(f"{path} cannot be read ({error.strerror}).", "Run the film again.") from None


def _sha256(path: Path) -> str:
    return _digest(path.read_bytes())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
