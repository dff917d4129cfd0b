"""Write a film's transcript, or its job as a Workflow Run RO-Crate (Provenance Run Crate 0.5) for archives."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files, schemas
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import job_folder
from samvad.reporting import transcripts
from samvad.reporting.archive import crate, crate_files, history, history_text
from samvad.settings import naming
from samvad.stages.subtitle_gen import transcript

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_MEDIA = {"none": frozenset[str](), "result": crate_files.RESULTS, "all": crate_files.MEDIA}


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(description=__doc__)
    made.add_argument("job_folder", type=naming.place, help="a film, or its job: …/YYYY/MM/DD/USER/N")
    made.add_argument(
        "--output", type=console.path, required=True, metavar="PATH", help="new folder; or a file that ends in .zip"
    )
    made.add_argument(
        "--transcript",
        choices=transcript.KINDS,
        help="write the film's text for reading, with speakers and times, into the file --output",
    )
    made.add_argument("--language", default="", help="of the transcript; default: the film's first target")
    made.add_argument(
        "--media",
        choices=tuple(_MEDIA),
        default="none",
        help="what to carry of films and sound: none (they are described), the result, or the film and its sound too",
    )
    made.add_argument("--license", default="No licence is stated.", help="licence of the crate, in words")
    made.add_argument("--license-url", help="address of that licence")
    made.add_argument("--publisher", help="organization that publishes the crate")
    made.add_argument("--agent", help="who ran the job (default: the user in the job's folder)")
    made.add_argument(
        "--no-personal-data", action="store_true", help="leave out names of users and machines, and folders"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Write the crate of one job."""
    options = parser().parse_args(argv)
    try:
        if options.language and not options.transcript:
            raise ConfigurationError("--language is a transcript's.", "Give --transcript as well, or leave it out.")
        found = job_folder.find([options.job_folder])
        if len(found) != 1:
            raise ConfigurationError(f"{options.job_folder} holds {len(found)} jobs.", "Name the folder of one.")
        if options.transcript:
            write_transcript(found[0], options)
        else:
            export(job_folder.load(found[0]), options)
    except SamvadError as error:
        console.complain("samvad export", error)
        return error.exit_code
    print(options.output)
    return 0


def write_transcript(folder: Path, options: argparse.Namespace) -> None:
    """Write a job's text for reading.

    Raises:
        SamvadError: it has none yet, or something of that name is there already.
    """
    if options.output.exists() or options.output.is_symlink():
        raise ConfigurationError(f"{options.output} is there already.", "Choose another name, or delete it first.")
    text = transcripts.of_job(folder, options.transcript, options.language)
    with files.disk_errors(options.output, "write"):
        options.output.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(options.output, text)


def export(job: job_folder.Job, options: argparse.Namespace) -> None:
    """Gather, describe, write.

    Raises:
        SamvadError: the job has done nothing yet, or a file is not as its stage left it.
    """
    if not any(record.valid for record in job.attempts):
        raise ConfigurationError(f"{job.folder} has no valid record of a stage.", "Run the job, or verify it.")
    agent = options.agent or job.folder.parent.name
    private: tuple[str, ...] = ()
    if options.no_personal_data:
        private = crate_files.private_words(job)
        agent = options.agent or crate_files.LEFT_OUT
    parcel = crate_files.gather(job, _MEDIA[options.media], private)
    about = crate.About(agent, options.license, options.license_url, options.publisher, _snakemake())
    document = crate.describe(job, parcel.about, parcel.carried, tuple(parcel.records), about)
    told = json.dumps(crate_files.cleaned(document, private), ensure_ascii=False, indent=2)
    table = "\n".join(history_text.lines(history.of([job]), 100))
    readme = f"# What Samvad did to this film\n\n```\n{crate_files.hide(table, private)}\n```\n"
    crate_files.write(options.output, {"README.md": readme, "ro-crate-metadata.json": told + "\n"}, parcel)


def _snakemake() -> str:
    lock = (schemas.ROOT / "envs" / "workflow.yaml").read_text(encoding="utf-8")
    found = re.search(r"snakemake==(\S+)", lock)
    return found.group(1) if found else "unknown"
