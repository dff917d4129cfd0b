"""Take back a track that a person has edited: every later run of the job uses it, and none overwrites it."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from samvad.core import console, stages
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.documents import machine_cues, segments, stage_manifest
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen import checking, corrections, qc
from samvad.stages.translation import memory
from samvad.text import languages

#: The environment that the command runs in.
ENVIRONMENT = "text"

_STAGE = stages.BY_NAME["subtitle_gen"]


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        description=__doc__,
        epilog="Run the same workflow command again afterwards: stages 09 and 10 are made anew with the corrections. "
        "Exit codes: 0 success, 2 configuration, 3 the file cannot be read, 1 anything else.",
    )
    made.add_argument("job_folder", type=Path, help="the film's job: …/YYYY/MM/DD/USER/N")
    made.add_argument("file", type=Path, nargs="?", help="the edited track: .srt, .vtt, .ass or .ttml")
    made.add_argument("--language", help="its language; default: what stands in its name, as in film.en.srt")
    made.add_argument("--memory-file", type=Path, help="as translation.memory_file; default: in the cache folder")
    made.add_argument("--forget", action="store_true", help="take the corrections of the language back out of the job")
    return made


def language_of(options: argparse.Namespace) -> str:
    """Return the language that was given, or the one in the file's name."""
    if options.language:
        return languages.normalise(options.language, "--language")
    parts = options.file.name.split(".") if options.file else []
    if len(parts) < 3:
        raise ConfigurationError("The language of the track is not known.", "Give it, such as --language en.")
    return languages.normalise(parts[-2], f"the name of {options.file}")


def read_job(job_folder: Path, language: str) -> tuple[list[Cue], list[Origin], dict[int, Segment]]:
    """Return the machine's cues of a track, their origins, and the film's segments."""
    folder = job_folder / _STAGE.folder
    manifest = stage_manifest.read(folder / "manifest.json")
    made = manifest.output("cues")
    if made is None:
        raise ConfigurationError(f"{folder} was made by an older Samvad.", "Run the workflow again first.")
    tracks = machine_cues.read(job_folder / made.path).tracks
    if language not in tracks:
        raise ConfigurationError(
            f"{job_folder} has no subtitles in {languages.name(language)}.",
            f"It has them in {', '.join(map(languages.name, tracks)) or 'no language'}.",
        )
    source = next(item.path for item in manifest.inputs if item.type == "segments")
    document = segments.read(job_folder / source)
    cues, origins = [item.cue for item in tracks[language]], [item.origin for item in tracks[language]]
    return cues, origins, {segment.id: segment for segment in document.segments}


def take(options: argparse.Namespace, language: str) -> str:
    """Keep the edited track in the job; return what to tell the user."""
    corrected = sorted(formats.read(options.file).cues, key=lambda cue: (cue.start_ms, cue.end_ms))
    corrected = [cue for cue in corrected if cue.text.strip()]
    if not corrected:
        raise MediaError(f"{str(options.file)!r} has no cues.", "To remove all subtitles, set the film's targets.")
    machine, origins, by_id = read_job(options.job_folder, language)
    pairs = corrections.pair(machine, corrected)
    text = corrections.table(pairs, language, machine, corrected, origins, by_id)
    corrections.keep(options.job_folder, language, corrected, text)
    counts = Counter(item.how for item in pairs)
    lines = [
        f"{options.job_folder / corrections.FOLDER}: {len(corrected)} cues in {languages.name(language)} are kept."
    ]
    lines.append(", ".join(f"{counts[how]} {word}" for how, word in _WORDS.items() if counts[how]) + ".")
    lines += learned(options, corrections.path_of(options.job_folder, language).with_suffix(".tsv"))
    rules = qc.rules_of(options.job_folder / _STAGE.folder, language)
    found = [item for item in checking.check(corrected, rules) if item.level == "error"]
    lines += [f"Cue {item.cue}: {item.rule}: {item.message}" for item in found[:10]]
    lines += [f"… and {len(found) - 10} more; samvad check lists them."] if len(found) > 10 else []
    return "\n".join(
        [*lines, "Run the same workflow command again: the subtitles and the film are made anew with them."]
    )


def learned(options: argparse.Namespace, table: Path) -> list[str]:
    """Teach the translation memory what was corrected; return what to tell the user."""
    path = options.memory_file or memory.default_path()
    store = memory.Memory(path)
    count = store.learn(memory.read_corrections(table), str(table.resolve()))
    if store.problem:
        return [f"The translation memory learned nothing: {store.problem}"]
    # A film whose translation.memory_file is another one, or none, does not read it.
    won = "they win wherever the same is said in a film that uses it"
    return [f"The translation memory {path} learned {count} lines: {won}."] if count else []


_WORDS = {
    "same": "unchanged",
    "text": "with new text",
    "times": "with new times",
    "added": "added",
    "deleted": "deleted",
}


def forget(job_folder: Path, language: str) -> str:
    """Take the corrections of a language out of the job; return what to tell the user."""
    path = corrections.path_of(job_folder, language)
    if not path.is_file():
        raise ConfigurationError(f"{job_folder} has no corrections in {languages.name(language)}.")
    path.unlink()
    path.with_suffix(".tsv").unlink(missing_ok=True)
    return f"The corrections in {languages.name(language)} are forgotten: the next run makes its own subtitles again."


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        if not options.job_folder.is_dir():
            raise ConfigurationError(f"{options.job_folder} is no folder.", "Give the job's: …/YYYY/MM/DD/USER/N.")
        if options.forget == (options.file is not None):
            raise ConfigurationError("Give either an edited file, or --forget with --language.")
        language = language_of(options)
        print(forget(options.job_folder, language) if options.forget else take(options, language))
    except SamvadError as error:
        console.complain("samvad correct", error)
        return error.exit_code
    return 0
