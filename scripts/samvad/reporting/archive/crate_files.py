"""Gather the files of a run crate and write them, as a folder or as a ZIP: all of it or nothing."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, outside, schemas, stages, subprocesses
from samvad.core.errors import ChangedFileError, ConfigurationError, ToolError
from samvad.documents.job_folder import Job
from samvad.documents.stage_entries import FileRecord
from samvad.reporting.archive.crate import MAIN

#: Types of files that are large: a crate carries them only if it is asked to.
RESULTS = frozenset({"subtitled_film"})
MEDIA = RESULTS | {"film", "audio", "proxy"}
LEFT_OUT = "left-out"
_TEXTS = (".json", ".tsv", ".txt", ".srt", ".vtt")


@dataclass(frozen=True)
class Parcel:
    """What goes into a crate.

    Attributes:
        sources: the workflow's own files: their content by path in the crate.
        about: what each of them is.
        carried: place in the crate by recorded path.
        files: where each of those lies now, by place in the crate.
        records: manifests as they are to be written, by place in the crate.
    """

    sources: dict[str, bytes]
    about: dict[str, str]
    carried: dict[str, str]
    files: dict[str, Path]
    records: dict[str, bytes]


def gather(job: Job, media: frozenset[str], private: tuple[str, ...]) -> Parcel:
    """Choose the files of a crate, and check that they are what the records say.

    Args:
        job: the job.
        media: types of large files to carry.
        private: words that may not be in the crate, such as names of machines; a file with one of them stays out.

    Raises:
        ChangedFileError: a file is missing or has changed, or a link leads from the job's folder to another place.
    """
    carried, places = {}, {}
    for record in job.final.values():
        for item in (*record.valid.outputs, *record.valid.inputs) if record.valid else ():
            inside = not item.path.startswith("/")
            path = _own(job, item.path) if inside else Path(item.path)
            if item.type in MEDIA - media or item.path in carried:
                continue
            digits = item.checksum.removeprefix("sha256:")
            place = f"results/{item.path}" if inside else f"inputs/{digits[:8]}-{path.name}"
            _check(path, item)
            if private and _tells(path, private):
                continue
            carried[item.path] = place
            places[place] = path
    records = {
        f"records/{path.relative_to(job.folder).as_posix()}": _without(
            outside.read_text(_own(job, path.relative_to(job.folder).as_posix()), errors="replace"), private
        )
        for path in _record_files(job)
    }
    sources, about = _sources(job)
    return Parcel(sources, about, carried, places, records)


def private_words(job: Job) -> tuple[str, ...]:
    """Return what may point to a person or a machine: host names, the job's user, folders; the longest first."""
    manifests = [record.valid for record in job.attempts if record.valid]
    hosts = {manifest.host.name for manifest in manifests}
    outside = [item.path for manifest in manifests for item in manifest.inputs if item.path.startswith("/")]
    folders = {str(Path(path).parent) for path in outside} | {str(job.folder), str(schemas.ROOT), str(Path.home())}
    words = {*hosts, *folders, "/".join(job.folder.parts[-2:])} - {"", "/", LEFT_OUT}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def hide(text: str, private: tuple[str, ...]) -> str:
    """Return a text without private words; one is a word only where no letter, digit or - goes on with it."""
    for word in private:
        text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", LEFT_OUT, text)
    return text


def cleaned(value: Any, private: tuple[str, ...]) -> Any:
    """Return a JSON value with ``hide`` done to all its texts."""
    if isinstance(value, dict):
        return {key: cleaned(item, private) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item, private) for item in value]
    return hide(value, private) if isinstance(value, str) else value


def write(target: Path, texts: dict[str, str], parcel: Parcel) -> None:
    """Write the crate; a target whose name ends in .zip becomes one file.

    Args:
        target: the new folder or file.
        texts: the metadata document and what else is not in the parcel, by path in the crate.
        parcel: from ``gather``.

    Raises:
        ConfigurationError: the target is there already.
        DiskError: there is no room.
    """
    if target.exists() or target.is_symlink():
        raise ConfigurationError(f"{target} is there already.", "Choose another name, or delete it first.")
    content = {
        **parcel.sources,
        **parcel.records,
        **{place: text.encode("utf-8", "backslashreplace") for place, text in texts.items()},
    }
    with files.disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            if target.suffix.lower() == ".zip":
                _write_zip(made / "crate.zip", content, parcel)
                (made / "crate.zip").replace(target)
            else:
                _write_folder(made / "crate", content, parcel)
                (made / "crate").replace(target)
        finally:
            shutil.rmtree(made)


def _write_folder(folder: Path, content: dict[str, bytes], parcel: Parcel) -> None:
    for place, data in content.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)
    for place, path in parcel.files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / place)


def _write_zip(target: Path, content: dict[str, bytes], parcel: Parcel) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in content.items():
            archive.writestr(place, data)
        for place, path in parcel.files.items():
            stored = path.suffix.lower() in (".mkv", ".mp4", ".wav")
            archive.write(path, place, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)


def _tells(path: Path, private: tuple[str, ...]) -> bool:
    if path.suffix.lower() not in _TEXTS:
        return False
    text = outside.read_text(path, errors="replace")
    return hide(text, private) != text


def _check(path: Path, item: FileRecord) -> None:
    remedy = "Run samvad verify to see all that is not as it was."
    if not path.is_file():
        raise ChangedFileError(f"{path} is gone.", remedy, path=str(path))
    if path.stat().st_size != item.size_bytes or files.sha256_of(path) != item.checksum:
        raise ChangedFileError(f"{path} is not what its stage wrote or read.", remedy, path=str(path))


def _own(job: Job, path: str) -> Path:
    """Return a file of the job's folder; a link to another place is none of the job's, and goes into no crate."""
    try:
        return outside.inside(job.folder, path)
    except (ValueError, OSError, RuntimeError):  # RuntimeError: links that lead to each other
        raise ChangedFileError(
            f"{job.folder / path} is a link that leads out of the job's folder.",
            "Put the file itself there, or run the film again.",
            path=str(job.folder / path),
        ) from None


def _record_files(job: Job) -> list[Path]:
    own = [path for path in (job.folder / "manifest.json", job.folder / "run.json") if path.is_file()]
    return [*own, *(record.path for record in (*job.final.values(), *job.attempts) if record.valid)]


def _without(text: str, private: tuple[str, ...]) -> bytes:
    if not private:
        return text.encode()
    return (json.dumps(cleaned(outside.json_value(text), private), ensure_ascii=False, indent=2) + "\n").encode()


def _sources(job: Job) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the workflow's files as they were when the job's last stage ran, or as they are now without git."""
    manifests = [record.valid for record in job.attempts if record.valid]
    software = max(manifests, key=lambda manifest: manifest.started_at).software
    commit = software.git_commit
    used = [stage for stage in stages.STAGES if any(record.stage is stage for record in job.attempts if record.valid)]
    wanted = {"Snakefile": "A film goes in, a subtitled film comes out: a workflow of ten stages."}
    wanted |= {
        "rules/settings.smk": "The first look at files of settings.",
        "rules/common.smk": "Configuration and input functions.",
        "config/config.yaml": "The defaults of all keys.",
    }
    wanted |= {f"rules/{stage.folder}.smk": f"The rule of stage {stage.folder}." for stage in used}
    wanted |= {f"scripts/{stage.script}": f"The command of stage {stage.folder}." for stage in used}
    sources, about = {}, {}
    for name, what in wanted.items():
        place = MAIN if name == "Snakefile" else f"workflow/{name}"
        shown = _at_commit(name, commit)
        note = "" if not software.git_dirty else " Files differed from the commit when the job ran."
        if shown is None:
            shown, note = (schemas.ROOT / name).read_bytes(), " As it is now; the version that ran is not known."
        sources[place], about[place] = shown, what + note
    return sources, about


def _at_commit(name: str, commit: str | None) -> bytes | None:
    if commit is None:
        return None
    try:
        return subprocesses.ask(["git", "-C", str(schemas.ROOT), "show", f"{commit}:{name}"]).encode("utf-8")
    except ToolError:
        return None
