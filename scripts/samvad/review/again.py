"""Recognise or translate a stretch of a film anew: stages 04 and 08 themselves, on that piece of sound, in a job aside.

They run in their own environments by ``envs/run``, with the options that the film's stages had, but for what a person
asks for otherwise: another language or model, without the film's names, without the music.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samvad.core import files, schemas, stages, subprocesses
from samvad.core.errors import ConfigurationError, ToolError
from samvad.documents import segments, stage_manifest
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.stage_manifest import StageManifest
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.review.job import JobFiles

#: So much sound beside the stretch is heard as well: a word at its edge is whole.
MARGIN_MS = 400
#: A longer stretch is the workflow's to do.
LONGEST_MS = 120_000
_OPTIONS = {"model": "model", "engine": "engine", "prompt": "prompt", "separate": "separate_voices"}


@dataclass(frozen=True)
class Wish:
    """What is to be done anew.

    Attributes:
        start_ms: from here,
        end_ms: to here.
        language: spoken; empty: as the film's stage was told.
        changes: other options of stage 04, by their names.
    """

    start_ms: int
    end_ms: int
    language: str = ""
    changes: Mapping[str, Any] | None = None


def wish_of(asked: Mapping[str, Any], start_ms: int, end_ms: int) -> Wish:
    """Return what a page asks for.

    Raises:
        ConfigurationError: the stretch is too long, or an option is none.
    """
    if end_ms - start_ms > LONGEST_MS:
        raise ConfigurationError(
            f"{(end_ms - start_ms) // 1000} s are more than {LONGEST_MS // 1000} s.", "Run the film again for that."
        )
    known = {item.name: item for item in stages.BY_NAME["asr"].all_options}
    changes: dict[str, Any] = {}
    for key, name in _OPTIONS.items():
        if asked.get(key) in (None, ""):
            continue
        try:
            text = str(asked[key]).lower() if isinstance(asked[key], bool) else str(asked[key])
            changes[name] = known[name].parse(text)
        except ValueError as error:
            raise ConfigurationError(f"{key}: {error}.") from None
    return Wish(start_ms, end_ms, str(asked.get("language") or ""), changes)


def recognise(files_: JobFiles, wish: Wish, target: str = "") -> tuple[Segment, ...]:
    """Return what is recognised in a stretch, in the film's time; with a translation where a target is named.

    Raises:
        ConfigurationError: the film's sound is not there, or an option is wrong.
        ToolError: the stage failed; says why.
    """
    with _aside(files_, wish) as (job, first_ms):
        options = {**_config(files_, "asr"), **(wish.changes or {})}
        if wish.language:
            options["languages"] = () if wish.language == "auto" else (wish.language,)
        demux = job / stages.BY_NAME["demux"].folder / "manifest.json"
        asr = _run(job, "asr", ["--demux", str(demux), *_glossary(files_, job)], options)
        made = asr
        if target:
            made = _translate(files_, job, demux, asr, target)
        return _in_film(_document(job, made), first_ms, wish)


def translate(files_: JobFiles, wish: Wish, said: Sequence[Segment], target: str) -> tuple[Segment, ...]:
    """Return some segments with another translation, in the film's time.

    Args:
        files_: the film.
        wish: the stretch.
        said: its segments, with the texts that are to be translated.
        target: language.

    Raises:
        ConfigurationError: the film's sound is not there.
        ToolError: the stage failed; says why.
    """
    with _aside(files_, wish) as (job, first_ms):
        folder = job / stages.BY_NAME["asr"].folder
        folder.mkdir(parents=True)
        moved = tuple(_moved(replace(segment, translations={}), -first_ms) for segment in said)
        document = replace(files_.document, segments=moved, duration_ms=wish.end_ms - first_ms + MARGIN_MS)
        segments.write(folder / "segments.json", document)
        asr = _with_outputs(files_, "asr", folder, {"segments": "segments.json"})
        demux = job / stages.BY_NAME["demux"].folder / "manifest.json"
        return _in_film(_document(job, _translate(files_, job, demux, asr, target)), first_ms, wish)


def _translate(files_: JobFiles, job: Path, demux: Path, asr: Path, target: str) -> Path:
    # What is remembered is what the person does not want to see again.
    options = {**_config(files_, "translation"), "targets": (target,), "memory_file": "none"}
    words = ["--demux", str(demux), "--asr", str(asr), "--segments", str(asr), *_glossary(files_, job)]
    return _run(job, "translation", words, options)


@contextmanager
def _aside(files_: JobFiles, wish: Wish) -> Iterator[tuple[Path, int]]:
    """Yield a job of its own with the piece of sound as its film's, and where that begins in the film, in ms."""
    path = files_.output("demux", "audio")
    if path is None:
        raise ConfigurationError("The film's sound is not there any more.", "Run stage 01 again: samvad rerun.")
    place = files.cache_folder() / "review" / "again"
    files.make_private(files.cache_folder())
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place) as folder:
        job = Path(folder) / "2000" / "01" / "01" / "again" / "1"
        demux = job / stages.BY_NAME["demux"].folder
        demux.mkdir(parents=True)
        first_ms = max(0, wish.start_ms - MARGIN_MS)
        _write_piece(FilmAudio(path), first_ms, wish.end_ms + MARGIN_MS, demux / "audio.wav")
        _with_outputs(files_, "demux", demux, {"audio": "audio.wav"})
        yield job, first_ms


def _write_piece(audio: FilmAudio, start_ms: int, end_ms: int, target: Path) -> None:
    piece = audio.integers(start_ms * SAMPLE_RATE_HZ // 1000, end_ms * SAMPLE_RATE_HZ // 1000)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(piece.tobytes())


def _with_outputs(files_: JobFiles, stage: str, folder: Path, made: Mapping[str, str]) -> Path:
    """Write the manifest of a film's stage anew, as if it had made other files; return its path."""
    known = files_.manifests.get(stage)
    if known is None:
        raise ConfigurationError(f"The film has no record of stage {stage}.", "Run the film again.")
    outputs = tuple(
        stage_manifest.file_record(folder / name, kind, shown=f"{folder.name}/{name}") for kind, name in made.items()
    )
    path = folder / "manifest.json"
    stage_manifest.write(replace(known, outputs=outputs, intermediate_files=()), path)
    return path


def _glossary(files_: JobFiles, job: Path) -> list[str]:
    """Let the stage read the film's glossary, where it has one; return its words for that."""
    stage = stages.BY_NAME["glossary_load"]
    if "glossary_load" not in files_.manifests:
        return []
    if not (job / stage.folder).exists():
        ignored = shutil.ignore_patterns("attempts", ".*")
        shutil.copytree(files_.folder / stage.folder, job / stage.folder, ignore=ignored)
    return ["--glossary-load", str(job / stage.folder / "manifest.json")]


def _config(files_: JobFiles, stage: str) -> dict[str, Any]:
    known: StageManifest | None = files_.manifests.get(stage)
    return dict(known.config) if known else {}


def _run(job: Path, stage: str, words: Sequence[str], options: Mapping[str, Any]) -> Path:
    """Run a stage's script; return its manifest.

    Raises:
        ToolError: it failed; says why.
    """
    row = stages.BY_NAME[stage]
    flags = [word for item in row.all_options if item.name in options for word in item.words(options[item.name])]
    run = str(schemas.ROOT / "envs" / "run")
    common = ["--job-folder", str(job), "--film", "again", *words]
    done = subprocesses.run([run, row.environment, row.script, *common, *flags])
    if done.code:
        told = done.last_line.rpartition("[ERROR] ")[2] or "no message"
        raise ToolError(f"Stage {row.folder} failed: {told}", "Ask for it otherwise.")
    return job / row.folder / "manifest.json"


def _document(job: Path, manifest: Path) -> SegmentsDocument:
    made = stage_manifest.read(manifest).output("segments")
    if made is None:
        raise ToolError(f"{manifest} names no segments.", "Please report this.")
    return segments.read(job / made.path)


def _in_film(document: SegmentsDocument, first_ms: int, wish: Wish) -> tuple[Segment, ...]:
    """Return the segments that lie mostly in the stretch, in the film's time."""
    found = (_moved(segment, first_ms) for segment in document.segments)
    return tuple(
        segment
        for segment in found
        if 2 * (min(segment.end_ms, wish.end_ms) - max(segment.start_ms, wish.start_ms))
        > segment.end_ms - segment.start_ms
    )


def _moved(segment: Segment, by_ms: int) -> Segment:
    words = tuple(
        replace(word, start_ms=max(0, word.start_ms + by_ms), end_ms=max(0, word.end_ms + by_ms))
        for word in segment.words
    )
    start_ms, end_ms = max(0, segment.start_ms + by_ms), max(0, segment.end_ms + by_ms)
    return replace(segment, start_ms=start_ms, end_ms=end_ms, words=words)
