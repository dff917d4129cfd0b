"""Take back a track that a person has edited: every later run of the job uses it, and none overwrites it."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, stages
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.core.times import clock
from samvad.documents import approvals, machine_cues, probe, segments, stage_manifest
from samvad.documents.machine_cues import MachineCue, Origin
from samvad.documents.segments import Segment
from samvad.documents.subtitles import file_language, formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import LEFT, Note, Reading
from samvad.review.learning import learned
from samvad.settings import naming
from samvad.stages.subtitle_gen import checking, corrections, qc
from samvad.stages.subtitle_gen.corrections import Pair
from samvad.text import languages, scripts

#: The environment that the command runs in.
ENVIRONMENT = "text"

_STAGE = stages.BY_NAME["subtitle_gen"]
#: More cues than this, and than this share of a track, are not deleted without a word: a reader or an editor may have
#: passed over them.
_FEW_CUES, _FEW_SHARE = 3, 0.02
#: How many places and cues a message names.
_MOST_SHOWN = 20


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="Run the same workflow command again afterwards: stages 09 and 10 are made anew with the corrections. "
        "Exit codes: 0 success, 2 configuration (also a language that is not sure, or many deleted cues), 3 the file "
        "cannot be read, or text of it would be lost, 1 anything else.",
    )
    made.add_argument("job_folder", type=naming.place, help="the film, or its job: …/YYYY/MM/DD/USER/N")
    made.add_argument("file", type=console.path, nargs="?", help="the edited track: .srt, .vtt, .ass, .ssa or .ttml")
    made.add_argument("--language", help="its language; default: what stands in its name, as in film.en.srt")
    made.add_argument("--encoding", default="", help="of the file, such as cp1252; default: what is sure")
    made.add_argument("--delete", action="store_true", help="let the cues go that the file lacks, however many")
    made.add_argument(
        "--memory-file", help="as translation.memory_file; default: the one that the film was translated with"
    )
    made.add_argument("--forget", action="store_true", help="take the corrections of the language back out of the job")
    return made


@dataclass(frozen=True)
class Job:
    """What a film's job has of its subtitles.

    Attributes:
        tracks: the machine's cues by language.
        by_id: the film's segments by number.
        film_ms: how long the film is.
    """

    folder: Path
    tracks: Mapping[str, Sequence[MachineCue]]
    by_id: Mapping[int, Segment]
    film_ms: int


def read_job(folder: Path) -> Job:
    """Return what a job has of its subtitles.

    Raises:
        SamvadError: they are not made yet, or a record is damaged.
    """
    stage = folder / _STAGE.folder
    manifest = stage_manifest.read(stage / "manifest.json")
    made = manifest.output("cues")
    read = {item.type: folder / item.path for item in manifest.inputs}
    if made is None or not {"segments", "probe"} <= read.keys():
        raise ConfigurationError(f"{stage} was made by an older Samvad.", "Run the workflow again first.")
    document = segments.read(read["segments"])
    film_ms = max(document.duration_ms, probe.read(read["probe"]).duration_ms)
    by_id = {segment.id: segment for segment in document.segments}
    return Job(folder, machine_cues.read(folder / made.path).tracks, by_id, film_ms)


def language_of(options: argparse.Namespace, job: Job, reading: Reading) -> str:
    """Return the language of the track that a file is to replace.

    Raises:
        ConfigurationError: it is not known, is none of the job's, or the file says what another track of the job says.
    """
    language = file_language.of(options.file, [cue.text for cue in reading.cues], options.language)
    if language not in job.tracks:
        raise ConfigurationError(
            f"{job.folder} has no subtitles in {languages.name(language)}.",
            f"It has them in {', '.join(map(languages.name, job.tracks)) or 'no language'}"
            + (": give the right one, such as --language en." if not options.language else "."),
        )
    likeness = {code: _likeness(reading.cues, track) for code, track in job.tracks.items()}
    nearest = max(likeness, key=lambda code: (likeness[code], code == language))
    if not options.language and likeness[nearest] > 0.5 > 2 * likeness[language]:
        raise ConfigurationError(
            f"{options.file}: by its name it is in {languages.name(language)}, but {likeness[nearest]:.0%} of its "
            f"words are those of the film's track in {languages.name(nearest)}.",
            f"Give the language of the track that it is to replace: --language {nearest}, or {language}.",
        )
    return language


def _likeness(cues: Iterable[Cue], track: Iterable[MachineCue]) -> float:
    """Return the share (0 to 1) of a file's different words that a track of the job has as well."""
    written = _words(cue.text for cue in cues)
    return len(written & _words(item.cue.text for item in track)) / len(written) if written else 0.0


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in re.findall(f"[{scripts.WORD}]+", text.casefold())}


def take(options: argparse.Namespace) -> str:
    """Keep the edited track in the job; return what to tell the user."""
    known = options.language or getattr(file_language.in_name(options.file.name), "language", "")
    reading = formats.read(options.file, language=known, encoding=options.encoding)
    job = read_job(options.job_folder)
    corrected, mended = corrections.whole(options.file, reading, job.film_ms)
    if not corrected:
        raise MediaError(f"{str(options.file)!r} has no cues.", "To remove all subtitles, set the film's targets.")
    language = language_of(options, job, reading)
    machine = [item.cue for item in job.tracks[language]]
    origins: list[Origin] = [item.origin for item in job.tracks[language]]
    pairs = corrections.pair(machine, corrected)
    check_deleted(options, pairs, machine)
    text = corrections.table(pairs, language, machine, corrected, origins, job.by_id)
    corrections.keep(job.folder, language, corrected, text)
    lines = [f"{job.folder / corrections.FOLDER}: {len(corrected)} cues in {languages.name(language)} are kept."]
    counts = Counter(item.how for item in pairs)
    lines.append(", ".join(f"{counts[how]} {word}" for how, word in _WORDS.items() if counts[how]) + ".")
    lines += _said([*mended, *(note for note in reading.notes if note.kind == LEFT)])
    table = corrections.path_of(job.folder, language).with_suffix(".tsv")
    lines += learned(options.job_folder, table, options.memory_file)
    rules = qc.rules_of(job.folder / _STAGE.folder, language)
    found = [item for item in checking.check(corrected, rules) if item.level == "error"]
    lines += [f"Cue {item.cue}: {item.rule}: {item.message}" for item in found[:10]]
    lines += [f"… and {len(found) - 10} more; samvad check lists them."] if len(found) > 10 else []
    return "\n".join(
        [*lines, "Run the same workflow command again: the subtitles and the film are made anew with them."]
    )


def _said(notes: Sequence[Note]) -> list[str]:
    lines = [note.said() for note in notes[:_MOST_SHOWN]]
    return lines + ([f"… and {len(notes) - _MOST_SHOWN} more; samvad check lists them."] if notes[_MOST_SHOWN:] else [])


def check_deleted(options: argparse.Namespace, pairs: Sequence[Pair], machine: Sequence[Cue]) -> None:
    """Ask where more than a few cues of the machine's are not in a file; they may have been lost on the way.

    Raises:
        ConfigurationError: nobody said that they may go.
    """
    deleted = [machine[number] for item in pairs if item.how == "deleted" for number in item.machine]
    many = len(deleted) > max(_FEW_CUES, _FEW_SHARE * len(machine)) or 2 * len(deleted) > len(machine) > 1
    if not many or options.delete:
        return
    named = [f"{clock(cue.start_ms)}  {console.printable(cue.text)}" for cue in deleted[:_MOST_SHOWN]]
    named += [f"… and {len(deleted) - _MOST_SHOWN} more"] if len(deleted) > _MOST_SHOWN else []
    what = f"{options.file} lacks {len(deleted)} of the film's {len(machine)} cues:\n" + "\n".join(named) + "."
    if console.agreed(f"{what}\nDelete them from this film? [y/N] "):
        return
    raise ConfigurationError(what, "Is it the right file and language? If they are to go, say --delete.")


_WORDS = {
    "same": "unchanged",
    "text": "with new text",
    "times": "with new times",
    "added": "added",
    "deleted": "deleted",
}


def forget(options: argparse.Namespace) -> str:
    """Take the corrections of a language out of the job; return what to tell the user."""
    if not options.language:
        raise ConfigurationError("The language of the track is not known.", "Give it, such as --language en.")
    language = languages.normalise(options.language, "--language")
    path = corrections.path_of(options.job_folder, language)
    if not path.is_file():
        raise ConfigurationError(f"{options.job_folder} has no corrections in {languages.name(language)}.")
    path.unlink()
    path.with_suffix(".tsv").unlink(missing_ok=True)
    approvals.keep(options.job_folder, {language: None})  # what somebody approved is not there any more
    return f"The corrections in {languages.name(language)} are forgotten: the next run makes its own subtitles again."


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        if not options.job_folder.is_dir():
            raise ConfigurationError(
                f"{options.job_folder} is no film of the sheet, and no job's folder.",
                "`samvad list` has the films; a job's folder is …/YYYY/MM/DD/USER/N.",
            )
        if options.forget == (options.file is not None):
            raise ConfigurationError("Give either an edited file, or --forget with --language.")
        print(console.printable(forget(options) if options.forget else take(options), lines=True))
    except SamvadError as error:
        console.complain("samvad correct", error)
        return error.exit_code
    return 0
