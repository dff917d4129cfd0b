"""Say why a film failed: the cause, the file at fault, the log's last lines, and what to do."""

from __future__ import annotations

from samvad.commands import _parsing, query
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Ask the event logs of the film's job."""
    p = _parsing.Parser(description=__doc__, epilog="`samvad query` asks more, of many films.")
    p.add_argument("film", help="its id, title, file, or job")
    p.add_argument("--json", action="store_true", help="print JSON")
    options = p.parse_args(argv)
    job = naming.find(options.film, configuration.project())
    return query.main(["why", str(job.folder), *(["--json"] if options.json else [])])
