"""Say where a job's results are: the subtitled film, the subtitles, the log."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from samvad.documents import job_manifest

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Print the summary of one job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job_folder", type=Path, help="folder of the job: …/YYYY/MM/DD/USER/N")
    folder = parser.parse_args(argv).job_folder.resolve()
    if not (folder / "manifest.json").is_file():
        print(f"samvad show: {folder} holds no job yet (no manifest.json).", file=sys.stderr)
        return 2
    print(job_manifest.summary(folder))
    return 0
