"""The text of a finished film for reading: who said what when, as a person has corrected it where one has."""

from __future__ import annotations

from pathlib import Path

from samvad.core import checksums, stages
from samvad.core.errors import ChangedFileError, ConfigurationError
from samvad.documents import job_manifest, machine_cues, segments, stage_manifest, tracks
from samvad.stages.subtitle_gen import corrections, transcript
from samvad.text import languages

_STAGE = stages.BY_NAME["subtitle_gen"]


def of_job(folder: Path, kind: str, language: str = "") -> bytes:
    """Return a job's transcript.

    Args:
        folder: of the job.
        kind: ``txt`` or ``docx``.
        language: short code of the track; empty: the film's first target.

    Raises:
        SamvadError: the film has no such subtitles yet, its text is another one by now, or a record is damaged.
    """
    stage = folder / _STAGE.folder
    manifest = stage_manifest.read_optional(stage / "manifest.json")
    if manifest is None or manifest.status != "success":
        raise ConfigurationError(f"{folder} has no subtitles yet.", "Run the film first.")
    made = {track.language: track for track in tracks.read(stage / "tracks.json").tracks}
    code = languages.normalise(language, "--language") if language else next(iter(made), "")
    if code not in made:
        raise ConfigurationError(
            f"{folder} has no subtitles in {languages.name(code) if code else 'any language'}.",
            f"It has them in {', '.join(map(languages.name, made)) or 'none'}.",
        )
    given = {item.type: item for item in manifest.inputs}.get("segments")
    if given is None:
        raise ConfigurationError(f"{stage} was made by an older Samvad.", "Run the workflow again first.")
    said_in = folder / given.path
    document = segments.read(said_in)
    if checksums.checksum(said_in) != given.checksum:
        raise ChangedFileError(f"{said_in} is not what the film's subtitles were made of.", "Run the film again.")
    said = transcript.of_segments(document, code)
    corrected = corrections.load(folder, code, document.duration_ms)
    if corrected is not None:
        machine = machine_cues.read(stage / "cues.json").tracks.get(code, ())
        origins = corrections.origins_of(
            corrected[0], [item.cue for item in machine], [item.origin for item in machine]
        )
        said = transcript.of_cues(corrected[0], origins, document, code)
    if kind == "txt":
        return transcript.as_text(said).encode()
    return transcript.as_docx(said, job_manifest.read(folder).input.title or folder.name, code)
