"""Write figures about all jobs for Prometheus: derived from their event logs, in the textfile collector's format."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import SamvadError
from samvad.reporting.metrics import exposition, totals

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Derive the metrics; write them to a file, whole or not at all, or print them."""
    parser = _parsing.Parser(
        description=__doc__,
        epilog="Every call derives all figures anew: call it as often as you like, once a minute from cron or a "
        "systemd timer. Exit codes: 0 success, 2 a folder is missing, 6 the file could not be written.",
    )
    parser.add_argument("places", nargs="+", type=console.path, metavar="OUT_ROOT", help="folder below which jobs lie")
    parser.add_argument("--textfile", type=console.path, help="file to write, such as DIR/samvad.prom; default: print")
    parser.add_argument(
        "--forget-days",
        type=float,
        default=7,
        help="days of silence after which a run counts as gone, not as active (default: 7)",
    )
    options = parser.parse_args(argv)
    now = datetime.now(UTC)
    try:
        metrics = exposition.text(totals.collect(options.places, now, options.forget_days), now)
        if options.textfile:
            files.write_bytes(options.textfile, metrics)
        else:
            sys.stdout.buffer.write(metrics)
    except SamvadError as error:
        console.complain("samvad export-metrics", error)
        return error.exit_code
    return 0
