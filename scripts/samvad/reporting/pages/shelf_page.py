"""The index of a shelf: one page over all jobs of an output root, with links to the films' reports."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from samvad.core import files, schemas, stages
from samvad.core.errors import SamvadError
from samvad.core.times import clock
from samvad.core.typed_json import JsonObject
from samvad.documents import job_manifest, subtitle_check, tracks
from samvad.documents.headline import Headline
from samvad.documents.job_manifest import ApprovedTrack
from samvad.reporting.pages.filling import fill
from samvad.text import languages

NAME = "index.html"
_PAGE = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "shelf"
#: A job's folder below the output root: YYYY/MM/DD/USER/N.
_JOBS = "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/*/[0-9]*/manifest.json"


def write(output_root: Path) -> Path:
    """Write the index of an output root and return its path."""
    films = [film for path in sorted(output_root.glob(_JOBS)) if (film := _film(path, output_root)) is not None]
    text = json.dumps({"films": films}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page, target = fill(_PAGE, {"DATA": text}), output_root / NAME
    if not target.is_file() or target.read_text(encoding="utf-8") != page:  # a run that does nothing changes nothing
        files.write_text(target, page)
    return target


def _film(path: Path, root: Path) -> JsonObject | None:
    """Return a film as the index shows it, or None where its record cannot be read."""
    job = path.parent
    manifest = job_manifest.read_optional(job)
    if manifest is None:
        return None
    given, failed = manifest.input, manifest.pipeline.failed_stages
    duration = given.duration_seconds
    about = [str(given.year)] if given.year else []
    about += [clock(round(duration * 1000)).rsplit(".", 1)[0]] if duration else []
    return {
        "job": job.relative_to(root).as_posix(),
        "title": given.title or Path(given.file).name,
        "about": " · ".join([*about, job.relative_to(root).as_posix()]),
        "status": manifest.pipeline.status,
        "error": f"{', '.join(failed)} failed" if failed else None,
        "tracks": _tracks(job),
        "report": _link(job / stages.BY_NAME["subtitle_gen"].folder / "report.html", root),
        "poster": _link(job / stages.BY_NAME["demux"].folder / "poster.jpg", root),
    }


def _tracks(job: Path) -> list[JsonObject]:
    folder = job / stages.BY_NAME["subtitle_gen"].folder
    try:
        listed = tracks.read(folder / "tracks.json").tracks
        checks = subtitle_check.read(folder / "qc.json").tracks
    except SamvadError:
        return []
    approved = {item.language: item for item in job_manifest.approved_tracks(job)}
    headlines = {check.language: check.headline for check in checks if check.headline}
    return [
        {
            "name": languages.name(track.language),
            "cues": track.cues,
            "corrected": track.corrected,
            "approved": _approved(approved.get(track.language)),
            **_worth(headlines.get(track.language)),
        }
        for track in listed
    ]


def _approved(found: ApprovedTrack | None) -> str | None:
    """Return who has approved a track, and when, in words; None where nobody has."""
    if found is None:
        return None
    return f"approved by {found.by}, {found.at[:10]}" + ("; changed since" if found.changed else "")


def _worth(found: Headline | None) -> JsonObject:
    """Return a track's grade and what it is worth in words; of a track that nobody judged, that it is not known."""
    if found is None:
        return {"grade": "none", "told": "made by an earlier version: not judged"}
    return {"grade": found.grade, "told": found.told()}


def _link(path: Path, root: Path) -> str | None:
    return quote(path.relative_to(root).as_posix()) if path.is_file() else None
