"""Recognise or translate a stretch of a film anew: stages 04 and 08 themselves, on that piece of sound, in a job aside.

They run in their own environments by ``envs/run``, with the options that the film's stages had, but for what a person
asks for otherwise: another language or model, other words to be told beforehand, without the film's names or the music.
"""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samvad.core import files, outside, schemas, stages, subprocesses
from samvad.core.errors import ConfigurationError, SamvadError, ToolError
from samvad.core.typed_json import JsonObject
from samvad.documents import segments, stage_entries, stage_manifest
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.stage_manifest import StageManifest
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.models import weights
from samvad.review.job import JobFiles
from samvad.stages.asr import separation
from samvad.stages.translation import registry
from samvad.text import languages

#: So much sound beside the stretch is heard as well: a word at its edge is whole.
MARGIN_MS = 400
#: A longer stretch is the workflow's to do.
LONGEST_MS = 120_000
#: What a page asks for, and the option of the stage that it is; a model's commit is another model's no more.
_OPTIONS = {
    "asr": {"model": "model", "engine": "engine", "prompt": "prompt", "separate": "separate_voices"},
    "translation": {"model": "whisper_model", "backend": "backend"},
}
_REVISIONS = {"model": "revision", "whisper_model": "whisper_revision"}
#: So many words, of so many characters each, can be told beforehand: more than a prompt holds.
_MOST_WORDS, _LONGEST_WORD = 60, 80
_TERMS = "told.json"
#: Of demucs' models the one that it takes by itself.
_DEMUCS = "htdemucs"


@dataclass(frozen=True)
class Wish:
    """What is to be done anew.

    Attributes:
        start_ms: from here,
        end_ms: to here.
        language: spoken; empty: as the film's stage was told.
        changes: other options of the stage, by their names.
        words: that the recogniser is told before those of the film.
    """

    start_ms: int
    end_ms: int
    language: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def wish_of(asked: Mapping[str, Any], start_ms: int, end_ms: int, stage: str = "asr") -> Wish:
    """Return what a page asks for.

    Args:
        asked: by the page's names.
        start_ms: from here,
        end_ms: to here.
        stage: ``asr`` or ``translation``.

    Raises:
        ConfigurationError: the stretch is too long, or an option is none.
    """
    if end_ms - start_ms > LONGEST_MS:
        raise ConfigurationError(
            f"{(end_ms - start_ms) // 1000} s are more than {LONGEST_MS // 1000} s.", "Run the film again for that."
        )
    known = {item.name: item for item in stages.BY_NAME[stage].all_options}
    changes: dict[str, Any] = {}
    for key, name in _OPTIONS[stage].items():
        if asked.get(key) in (None, ""):
            continue
        try:
            text = str(asked[key]).lower() if isinstance(asked[key], bool) else str(asked[key])
            changes[name] = known[name].parse(text)
        except ValueError as error:
            raise ConfigurationError(f"{key}: {error}.") from None
        if name in _REVISIONS:
            changes[_REVISIONS[name]] = ""
    language = str(asked.get("language") or "")
    if language not in ("", "auto"):
        language = languages.normalise(language, "the language")
    return Wish(start_ms, end_ms, language, changes, _words(asked.get("words")))


def at_hand(files_: JobFiles) -> JsonObject:
    """Return what a page offers: models on this machine, backends, and the demucs model, empty without demucs."""
    configured = str(_config(files_, "asr").get("separate_voices") or separation.OFF)
    demucs = configured if configured != separation.OFF else _DEMUCS
    return {
        "models": [name for name in weights.known_models() if _is_here(name)],
        "backends": list(registry.BACKENDS),
        "separate": demucs if shutil.which("demucs") else "",
    }


def _is_here(name: str) -> bool:
    try:
        return weights.place_of(name) is not None
    except SamvadError:
        return False


def _words(text: object) -> tuple[str, ...]:
    if text is None:
        return ()
    if not isinstance(text, str):
        raise ConfigurationError("The words to be told beforehand are no text.")
    found = tuple(dict.fromkeys(" ".join(part.split()) for part in re.split(r"[,;\n]", text) if part.strip()))
    if len(found) > _MOST_WORDS or any(len(word) > _LONGEST_WORD for word in found):
        raise ConfigurationError(
            f"So many words cannot be told beforehand ({len(found)}).",
            f"Write {_MOST_WORDS} at most, with commas between them, none longer than {_LONGEST_WORD} characters.",
        )
    return found


def recognise(files_: JobFiles, wish: Wish, target: str = "") -> tuple[Segment, ...]:
    """Return what is recognised in a stretch, in the film's time; with a translation where a target is named.

    A person who asks has heard somebody there: where the film's detector hears nobody, all of the stretch is taken for
    speech.

    Raises:
        ConfigurationError: the film's sound is not there, or an option is wrong.
        ToolError: the stage failed; says why.
    """
    with _aside(files_, wish) as (job, first_ms):
        options = {**_config(files_, "asr"), **wish.changes}
        if wish.language:
            options["languages"] = () if wish.language == "auto" else (wish.language,)
        demux = job / stages.BY_NAME["demux"].folder / "manifest.json"
        words = ["--demux", str(demux), *_glossary(files_, job, wish.words)]
        asr = _run(job, "asr", words, options)
        if not _in_film(_document(job, asr), first_ms, wish):
            asr = _run(job, "asr", words, {**options, "vad": "none"})
        made = asr
        if target:
            made = _translate(files_, job, demux, asr, target, {})
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
        made = _translate(files_, job, demux, asr, target, wish.changes)
        return _in_film(_document(job, made), first_ms, wish)


def _translate(files_: JobFiles, job: Path, demux: Path, asr: Path, target: str, changes: Mapping[str, Any]) -> Path:
    # What is remembered is what the person does not want to see again.
    options = {**_config(files_, "translation"), **changes, "targets": (target,), "memory_file": "none"}
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
        stage_entries.file_record(folder / name, kind, shown=f"{folder.name}/{name}") for kind, name in made.items()
    )
    path = folder / "manifest.json"
    stage_manifest.write(replace(known, outputs=outputs, intermediate_files=()), path)
    return path


def _glossary(files_: JobFiles, job: Path, told: Sequence[str] = ()) -> list[str]:
    """Let the stage read the film's glossary, where it has one; return its words for that.

    Args:
        files_: the film.
        job: aside.
        told: words that the recogniser is told before those of the glossary.
    """
    folder = job / stages.BY_NAME["glossary_load"].folder
    if "glossary_load" in files_.manifests and not folder.exists():
        shutil.copytree(files_.folder / folder.name, folder, ignore=shutil.ignore_patterns("attempts", ".*"))
    if told:
        _tell(files_, folder, told)
    return ["--glossary-load", str(folder / "manifest.json")] if folder.exists() else []


def _tell(files_: JobFiles, folder: Path, told: Sequence[str]) -> None:
    """Put words before those that the film's glossary has the recogniser told; the film's own files stay."""
    known = files_.manifests.get("glossary_load")
    place = files_.output("glossary_load", "prompt_terms")
    terms = outside.json_value(outside.read_bytes(place)).get("terms", []) if place else []
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / _TERMS, {"terms": [*told, *terms]})
    others = [record for record in known.outputs if record.type != "prompt_terms"] if known else []
    record = stage_entries.file_record(folder / _TERMS, "prompt_terms", shown=f"{folder.name}/{_TERMS}")
    base = known or replace(files_.manifests["asr"], stage="glossary_load", stage_number=3)
    manifest = replace(base, outputs=(*others, record), intermediate_files=())
    stage_manifest.write(manifest, folder / "manifest.json")


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
