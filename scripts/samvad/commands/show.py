"""Say where a film's results are: the subtitled film, the subtitles, the log."""

from __future__ import annotations

import argparse

from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Print the summary of one job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", help="its id, title, file, or job: …/YYYY/MM/DD/USER/N")
    folder = naming.find(parser.parse_args(argv).film, configuration.project()).folder
    if not (folder / "manifest.json").is_file():
        raise ConfigurationError(f"{folder} holds no job yet (no manifest.json).", "Run it: samvad film PATH.")
    print(printable(job_manifest.summary(folder), lines=True))
    return 0
