"""Say where a film's results are: the subtitled film, the subtitles, the log."""

from __future__ import annotations

import json
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import outside, places, typed_json
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import job_manifest, job_summary
from samvad.media import addresses
from samvad.media.existing import found
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Print the summary of one job."""
    parser = _parsing.Parser(description=__doc__)
    parser.add_argument("film", help="its id, title, file, or job: …/YYYY/MM/DD/USER/N")
    parser.add_argument("--json", action="store_true", help="print the job's manifest, with how the job stands now")
    options = parser.parse_args(argv)
    folder = naming.find(options.film, configuration.project()).folder
    if not (folder / "manifest.json").is_file():
        raise ConfigurationError(f"{folder} holds no job yet (no manifest.json).", "Run it: samvad film PATH.")
    if options.json:
        manifest = typed_json.plain(job_manifest.read(folder))
        told = {"folder": str(folder), "state": job_manifest.status(folder), "manifest": manifest}
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return 0
    print(printable("\n".join([job_summary.of_job(folder), *_existing(folder)]), lines=True))
    return 0


def _existing(folder: Path) -> list[str]:
    """Return which subtitles the film had already, in lines; none where the film is not at hand, or has none."""
    named = job_manifest.read(folder).input.file
    media = places.work() / outside.home_path(named)
    if addresses.is_remote(named) or not media.is_file():
        return []
    try:
        there = found.of_film(media, naming.output_root(configuration.project()))
    except SamvadError:  # that it cannot be read is told where it is read
        return []
    return [f"  {'Had already:' if number == 0 else '':16} {item.told()}" for number, item in enumerate(there)]
