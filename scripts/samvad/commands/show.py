"""Say where a job's results are: the subtitled film, the subtitles, the log."""

from __future__ import annotations

import argparse

from samvad.core import console
from samvad.core.console import printable
from samvad.documents import job_manifest

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Print the summary of one job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job_folder", type=console.path, help="folder of the job: …/YYYY/MM/DD/USER/N")
    folder = parser.parse_args(argv).job_folder.resolve()
    if not folder.name.isdigit():
        console.complain("samvad show", f"{folder} is no job's folder, which ends in USER/N, such as me/1.")
        return 2
    if not (folder / "manifest.json").is_file():
        console.complain("samvad show", f"{folder} holds no job yet (no manifest.json).")
        return 2
    print(printable(job_manifest.summary(folder), lines=True))
    return 0
