"""What `samvad film` and `samvad shelf` share: how the workflow is run, and what is shown of it afterwards."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import files, schemas, stages, subprocesses
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, ModelError, SamvadError
from samvad.documents import job_manifest, job_summary, subtitle_check
from samvad.documents.existing_subtitles import IGNORE, USES
from samvad.models import weights
from samvad.reporting import beside, delivery
from samvad.settings import configuration, film_row, film_sheet, naming
from samvad.settings.configuration import Film
from samvad.settings.stage_settings import StageSettings
from samvad.workflow import command, models_check

#: Each of so few films is shown with all of its results; of more, how many are done.
_SHOWN = 3
#: Profiles that work on this machine: what is not here is nowhere.
_HERE = ("profiles/local-cpu", "profiles/local-gpu")


class Parser(_parsing.Parser):
    """A parser that takes words for Snakemake after ``--``."""

    def split(self, argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
        """Return the command's own options, and what stands after ``--``."""
        words = list(sys.argv[1:] if argv is None else argv)
        at = words.index("--") if "--" in words else len(words)
        return self.parse_args(words[:at]), words[at + 1 :]


def add_options(p: argparse.ArgumentParser) -> None:
    """Add the options that say what is to be done with films, and where and how the workflow runs."""
    film_row.add_options(p)
    p.add_argument(
        "--model",
        default="",
        metavar="NAME",
        help="Whisper model for these films, such as large-v3: fetched if need be",
    )
    p.add_argument(
        "--engine", default="", metavar="NAME", help="engine that runs it, for these films: the key asr.engine"
    )
    p.add_argument(
        "--beside", action="store_true", help="write the subtitles beside the film, too, as media servers read them"
    )
    p.add_argument(
        "--existing",
        choices=USES,
        default="",
        help="what becomes of subtitles that the film has already: translate them instead of what is recognised, "
        "measure by them, or prompt the recogniser with their names: the key demux.existing",
    )
    p.add_argument(
        "--ocr", action="store_true", help="read subtitles that are pictures, too, with tesseract: the key demux.ocr"
    )
    p.add_argument(
        "--skip-existing",
        action="store_true",
        help="pass over films that have subtitles of every target language already, in them or beside them",
    )
    p.add_argument(
        "--deliver",
        default="",
        metavar="ADDRESS",
        help="put the results into a store of objects, too: s3://BUCKET/PREFIX",
    )
    p.add_argument("--only", default="", metavar="STAGE", help="go no further than this stage, such as subtitle_gen")
    add_run_options(p)


def add_run_options(p: argparse.ArgumentParser) -> None:
    """Add the options that say where and how the workflow runs."""
    p.add_argument("--profile", default="", help="where it runs: local-cpu, local-gpu, slurm, or a profile's folder")
    p.add_argument("--gpu", action="store_true", help="the same as --profile local-gpu")
    p.add_argument(
        "--cores", default="", metavar="N", help="use so many processor cores; without it, as the profile says"
    )
    p.add_argument("--dry-run", "-n", action="store_true", help="say what would be done, and write nothing")


def prepare(options: argparse.Namespace) -> None:
    """Check the options of ``add_options`` that are no columns of the sheet, and make settings of the film's of some.

    Raises:
        ConfigurationError: one is wrong.
    """
    check_run_options(options)
    if options.deliver:
        delivery.check(options.deliver)
    if options.only and options.only not in stages.BY_NAME:
        close = difflib.get_close_matches(options.only, stages.BY_NAME, n=1)
        raise ConfigurationError(
            f"--only: there is no stage {options.only!r}.",
            f"Did you mean {close[0]}?" if close else f"The stages are {', '.join(stages.BY_NAME)}.",
        )
    if options.model:
        try:
            weights.check_name(options.model)
        except ModelError as error:  # before a row with it is written
            raise ConfigurationError(f"--model: {error.what}", error.remedy) from None
        options.settings += [f"asr.model={options.model}", f"translation.whisper_model={options.model}"]
    if options.existing:
        options.settings += [f"demux.existing={options.existing}"]
    if options.ocr:
        if not (options.existing or options.skip_existing or _uses_existing(options.settings)):
            raise ConfigurationError(
                "--ocr alone changes nothing: nothing is to become of the subtitles that a film has already.",
                "Add --existing translate, measure or prompt, or --skip-existing.",
            )
        options.settings += ["demux.ocr=true"]
    if options.engine:
        options.settings += [f"asr.engine={options.engine}"]


def _uses_existing(own: Sequence[str]) -> bool:
    """Return whether the films' settings, or the project's, make something of subtitles that a film has already."""
    named = any(part.strip().startswith("demux.existing") for text in own for part in text.split(";"))
    return named or configuration.project()["demux"]["existing"] != IGNORE


def check_run_options(options: argparse.Namespace) -> None:
    """Check the options of ``add_run_options``, and put the profile's path in place of its name.

    Raises:
        ConfigurationError: one is wrong.
    """
    if options.gpu and options.profile:
        raise ConfigurationError("--gpu and --profile name two profiles.", "Give one of them.")
    options.profile = command.profile("local-gpu" if options.gpu else options.profile)
    if options.cores and not re.fullmatch("[1-9][0-9]{0,3}|all", options.cores):
        raise ConfigurationError(f"--cores: {options.cores!r} is no number of cores.", "Write a number, or all.")


@contextmanager
def sheet_for(options: argparse.Namespace, settings: Mapping[str, Any], more: list[str]) -> Iterator[Path]:
    """Give the film sheet that rows are written into, and tell Snakemake of it where it is not the configured one.

    For ``--dry-run`` it is a copy of all rows, which is gone afterwards.

    Args:
        options: of ``add_run_options`` and ``film_row.add_options``.
        settings: the configuration, checked.
        more: words for Snakemake; gets the sheet's name.
    """
    path: Path = options.sheet.absolute() if options.sheet else naming.sheet(settings)
    if options.dry_run:
        with tempfile.TemporaryDirectory(prefix="samvad-plan-") as folder:
            copy = Path(folder, "films.tsv")
            film_sheet.write_copy(path, copy)
            more[:] = _with_config(more, f"films={copy}")
            yield copy
        return
    with files.disk_errors(path):
        if not options.sheet and settings["films"] == configuration.SHEET:
            moved = film_sheet.take_over(path, "demo")
            if moved:
                print(printable(f"{moved} rows of yours are in {path} now, and no longer in {configuration.SHEET}."))
        if options.sheet:
            more[:] = _with_config(more, f"films={path}")
        yield path


def _with_config(words: Sequence[str], setting: str) -> list[str]:
    """Return words for Snakemake with one more setting; of several ``--config`` it would heed the last alone."""
    parted = [part for word in words for part in (word.split("=", 1) if word.startswith("--config=") else [word])]
    for at, word in enumerate(parted):
        if word in ("--config", "-C"):
            return [*parted[: at + 1], setting, *parted[at + 1 :]]
    return [*parted, "--config", setting]


def run(settings: Mapping[str, Any], films: Sequence[Film], options: argparse.Namespace, more: list[str]) -> int:
    """Make films, show how they stand, and return Snakemake's exit code; not 0 where a film is not done."""
    only = getattr(options, "only", "")
    targets: list[str] = []
    left_out: list[ConfigurationError] = []
    for film in films:
        try:
            targets += _targets(settings, film, only)
        except ConfigurationError as error:  # one film stops no other
            left_out.append(error)
            print(printable(f"{film.title!r} is left out: {error}"), file=sys.stderr)
    if not targets:
        raise left_out[0]
    if not options.dry_run:
        _fetch_models(settings, films, by_default=options.profile in _HERE)
    words = [*(["--cores", options.cores] if options.cores else []), *(["-n"] if options.dry_run else []), *more]
    code = command.run(options.profile, targets, words)
    if options.dry_run or code == 130:
        return code
    folders = [naming.output_root(settings) / film.folder for film in films]
    done = show(folders)
    whole = bool(done or only) and not left_out
    if getattr(options, "beside", False):
        whole = _write_beside(folders) and whole
    if address := getattr(options, "deliver", ""):
        whole = _deliver(folders, naming.output_root(settings), address) and whole
    return code or (0 if whole else 1)


def _done(folders: Iterable[Path], what: str) -> tuple[list[Path], bool]:
    """Return the films that are done, and whether all are; where not, say what that means for the others."""
    done: list[Path] = []
    others: list[Path] = []
    for folder in folders:
        (done if job_manifest.status(folder) == "success" else others).append(folder)
    if others:
        which = printable(str(others[0])) if len(others) == 1 else f"{len(others)} films"
        print(f"  Not done, so that {what} {'it' if len(others) == 1 else 'them'}: {which}", file=sys.stderr)
    return done, not others


def _write_beside(folders: Iterable[Path]) -> bool:
    """Write the subtitles of films that are done beside these; return whether those of all films are there."""
    done, whole = _done(folders, "nothing is written beside")
    for folder in done:
        try:
            print(printable("\n".join(f"  {line}" for line in beside.write(folder)), lines=True))
        except SamvadError as error:
            print(printable(f"  {error}"), file=sys.stderr)
            whole = False
    return whole


def _deliver(folders: Iterable[Path], root: Path, address: str) -> bool:
    """Send the results of films that are done into a store; return whether it has those of all films."""
    done, whole = _done(folders, "nothing is delivered of")
    for folder in done:
        try:
            sent = delivery.deliver(folder, root, address, _tell_sending)
            print(f"  Delivered, and checked: {len(sent.files)} files")
            for item in sent.left:
                print(
                    printable(f"  No result any more, but still there: {item.key}   (./samvad deliver … --remove-left)")
                )
        except (SamvadError, OSError) as error:
            print(printable(f"  {error}"), file=sys.stderr)
            whole = False
    return whole


def _tell_sending(line: str) -> None:
    print(printable(f"  Sending {line}"), flush=True)


def _targets(settings: Mapping[str, Any], film: Film, only: str) -> list[str]:
    if not only:
        return film_row.end_targets(settings, film)
    if not configuration.switches(settings, film)[only]:
        raise ConfigurationError(f"--only: the stage {only} of {film.title!r} is switched off.", "Switch it on.")
    return [f"{str(settings['output_root']).rstrip('/')}/{film.folder}/{stages.BY_NAME[only].folder}/manifest.json"]


def _fetch_models(settings: Mapping[str, Any], films: Iterable[Film], *, by_default: bool) -> None:
    """Fetch the Whisper models that films still need: before the work, not an hour into it.

    Args:
        settings: the configuration, checked.
        films: the films.
        by_default: whether the configured models are looked for, too, and not only those of rows.

    Raises:
        ModelError: none of the films can be made, for want of one.
    """
    root = naming.output_root(settings)
    known = [(stage, StageSettings(stage, settings)) for stage in stages.STAGES if stage.refuses]
    needed: dict[tuple[str, str], set[str]] = {}
    for film in films:
        own = {(key, value) for key, _, value in film.settings}
        on = configuration.switches(settings, film)
        for stage, its in known:
            if not on[stage.name] or (root / film.folder / stage.folder / "manifest.json").is_file():
                continue
            for name, revision in models_check.wanted(stage, its.values(film), film):
                if by_default or (stage.key, name) in own:
                    needed.setdefault((name, revision), set()).add(film.folder)
    lost: dict[str, set[str]] = {}
    for (name, revision), folders in sorted(needed.items()):
        if not _is_fetched(name, revision):
            lost.setdefault(name, set()).update(folders)
    if lost and set.union(*lost.values()) >= {film.folder for film in films}:
        raise ModelError(f"The model {', '.join(lost)} is not to be had.", "What is printed above says why.")


def _is_fetched(name: str, revision: str) -> bool:
    """Fetch a Whisper model unless it is here; return whether it is."""
    try:
        if weights.place_of(name, revision) is not None:
            return True
    except ModelError:
        return True  # no model at all: the plan says so, with the film that asks for it
    at = ["--revision", revision] if revision else []
    return subprocesses.hand_over([str(schemas.ROOT / "samvad"), "model", *at, "--", name], schemas.ROOT) == 0


def show(folders: Sequence[Path]) -> bool:
    """Print how films stand; return whether all are done."""
    print()
    states = {folder: job_manifest.status(folder) for folder in folders}
    done = [folder for folder, state in states.items() if state == "success"]
    begun = [folder for folder in folders if job_manifest.path_of(folder).is_file()]
    is_short = len(folders) <= _SHOWN
    if is_short and begun:
        print(printable(job_summary.of_jobs(begun), lines=True))
    if len(folders) > 1:
        print(f"{len(folders)} films: {len(done)} done, {len(folders) - len(done)} not.")
    for folder in folders:
        told = _told(folder) if folder in done else job_manifest.reason(folder)
        if told and not (is_short and folder in begun):
            print(printable(f"  {told}"))
    if not is_short:
        print("".join(printable(f"  {note}") + "\n" for note in job_summary.shared_notes(begun)), end="")
    index = next((path for path in (folder.parents[4] / "index.html" for folder in folders) if path.is_file()), None)
    if index:
        print(f"  All films:       {printable(index)}")
    return len(done) == len(folders)


def _told(folder: Path) -> str | None:
    """Return what a person should know of a film's subtitles, or None where nothing is to be looked at."""
    found = {key: item for key, item in subtitle_check.headlines(folder).items() if item.grade != "good"}
    manifest = job_manifest.read_optional(folder)
    if not found or manifest is None:
        return None
    return f"{manifest.input.title}: " + "; ".join(f"{key}: {item.told()}" for key, item in found.items())
