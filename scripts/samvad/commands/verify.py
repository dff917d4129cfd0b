"""Check jobs against their own records: hash every file again, check every manifest, walk from result to film."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import asdict

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.console import printable
from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.documents import at_work, job_folder
from samvad.reporting.archive import verify
from samvad.settings import naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_PROGRESS_SECONDS = 2.0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    codes = ", ".join(f"{code} {status}" for status, code in verify.EXIT_CODES.items())
    made = _parsing.Parser(
        description=__doc__,
        epilog=f"Exit codes, of the gravest thing found: 0 all is well, {codes}; 2 wrong usage.",
    )
    made.add_argument(
        "place", nargs="+", type=naming.place, help="a film, a job's folder, or one above jobs, such as out"
    )
    made.add_argument("--no-film", action="store_true", help="leave out what lies outside the job, such as the film")
    made.add_argument(
        "--film", type=console.path, metavar="PATH", help="where the film lies now, if it has moved (one job)"
    )
    made.add_argument(
        "--may-be-gone",
        nargs="+",
        default=[],
        metavar="TYPE",
        help="types of outputs that were deleted on purpose, such as audio",
    )
    made.add_argument(
        "--mend",
        action="store_true",
        help="withdraw what is not as recorded, and what was made of it, so that the same run as before makes it anew",
    )
    made.add_argument("--threads", type=int, default=min(4, os.cpu_count() or 1), help="files to read at a time")
    made.add_argument("--all", action="store_true", help="list the files that are as they should be, too")
    made.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return made


class Progress:
    """Tell on the terminal how much has been read, now and then."""

    def __init__(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self._lock = threading.Lock()
        self._next = time.monotonic() + _PROGRESS_SECONDS
        self.done_bytes = 0

    def __call__(self, count: int) -> None:
        """Take note of bytes that were read."""
        with self._lock:
            self.done_bytes += count
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _PROGRESS_SECONDS
                print(f"hashed {self.done_bytes / 1e9:.2f} of {self._total_bytes / 1e9:.2f} GB", file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Verify the jobs; return the exit code of the gravest finding."""
    options = parser().parse_args(argv)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    wanted = verify.Options(not options.no_film, options.film, frozenset(options.may_be_gone))
    try:
        loaded = [job_folder.load(folder) for folder in job_folder.find(options.place)]
    except SamvadError as error:
        console.complain("samvad verify", error)
        return error.exit_code
    if options.film and len(loaded) > 1:
        print("samvad verify: --film is of one job only.", file=sys.stderr)
        return 2
    paths = [path for job in loaded for path in verify.files_of(job, wanted) if path.is_file()]
    began = time.monotonic()
    progress = Progress(sum(path.stat().st_size for path in paths))
    hasher = verify.Hasher(max(1, options.threads), progress)
    hasher.take(paths)
    reports = [verify.verify(job, hasher, wanted) for job in loaded]
    seconds = time.monotonic() - began
    if options.json:
        if options.mend:
            for report in reports:
                _mended(report)
        print(json.dumps(_document(reports, progress.done_bytes, seconds), ensure_ascii=False, indent=2))
    else:
        for report in reports:
            print("\n".join(_text(report, options.all)) + "\n")
            if options.mend:
                print("\n".join(_mended(report)) + "\n")
        print(f"{len(reports)} jobs, {progress.done_bytes / 1e6:.1f} MB hashed in {seconds:.1f} s")
    found = {report.exit_code for report in reports} - {0}
    return min(found, default=0)


def _text(report: verify.Report, everything: bool) -> list[str]:
    job = report.job
    lines = [f"{printable(job.film)}  {printable(job.folder)}"]
    for finding in report.findings:
        if everything or finding.status != "ok":
            note = f"  ({printable(finding.note)})" if finding.note else ""
            lines.append(f"  {finding.status:9} {printable(finding.path)}{note}")
    readers = list(dict.fromkeys(step.read_by for step in report.lineage))
    for reader in readers:
        sources = dict.fromkeys(step.written_by or step.path for step in report.lineage if step.read_by == reader)
        lines.append(f"  {'lineage' if reader == readers[0] else '':9} {reader} ← {printable(', '.join(sources))}")
    for remedy in dict.fromkeys(finding.remedy for finding in report.findings if finding.remedy):
        lines.append(f"  {'to mend':9} {printable(remedy)}")
    counts = ", ".join(f"{number} {status}" for status, number in report.counts().items())
    return [*lines, f"  {'all is well' if not report.exit_code else 'NOT as recorded'}: {counts or 'nothing yet'}"]


def _mended(report: verify.Report) -> list[str]:
    if other := at_work.busy(report.job.folder):
        return [f"Nothing is withdrawn, for a run is at work on it: {printable(other)}."]
    gone = verify.mend(report)
    if not gone:
        return ["Nothing is withdrawn."]
    return [f"Withdrawn: {printable(path)}" for path in gone] + ["Now run the film again, with the same command."]


def _document(reports: list[verify.Report], hashed_bytes: int, seconds: float) -> JsonObject:
    return {
        "jobs": [
            {
                "job": str(report.job.folder),
                "film": report.job.film,
                "exit_code": report.exit_code,
                "counts": report.counts(),
                "lineage": [asdict(step) for step in report.lineage],
                "findings": [asdict(finding) for finding in report.findings],
            }
            for report in reports
        ],
        "hashed_bytes": hashed_bytes,
        "seconds": round(seconds, 3),
    }
