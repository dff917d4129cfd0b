"""Put a finished film's results into a store of objects: s3://BUCKET/PREFIX."""

from __future__ import annotations

import json
import sys

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.reporting import delivery
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> _parsing.Parser:
    """Return the parser of the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN alone, the place "
        "from AWS_REGION and AWS_ENDPOINT_URL_S3. What is there already is not sent again, what was cut off is gone on "
        "with by the same command, and an object that Samvad did not send is never written over or taken away. Exit "
        "codes: 0 all is there; 2 what was asked for is not possible; 5 the store does not answer; 6 a result is not "
        "what its stage has made.",
    )
    made.add_argument("films", nargs="+", metavar="FILM", help="its id, title, file or job")
    made.add_argument("--to", required=True, metavar="ADDRESS", help="s3://BUCKET/PREFIX")
    made.add_argument(
        "--remove-left",
        action="store_true",
        help="take away what was sent before and is no result any more, such as a track that was taken out; "
        "without it, it is named",
    )
    made.add_argument("--json", action="store_true", help="print what is there as JSON")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code: that of the last film that could not be served."""
    options = parser().parse_args(argv)
    code, records = 0, []
    try:
        delivery.check(options.to)
        settings = configuration.project()
    except SamvadError as error:
        console.complain("samvad deliver", error)
        return error.exit_code

    def tell(line: str) -> None:
        if not options.json:
            print(console.printable(f"Sending {line}"), flush=True)

    for named in options.films:
        try:
            folder = naming.find(named, settings).folder
            record = delivery.deliver(
                folder, naming.output_root(settings), options.to, tell, remove_left=options.remove_left
            )
        except SamvadError as error:
            sys.stdout.flush()
            console.complain("samvad deliver", error)
            code = error.exit_code
            continue
        records.append(delivery.as_dict(record))
        if not options.json:
            place = record.files[-1].key.removesuffix("/manifest.json")
            size = sum(item.size_bytes for item in record.files) / 1e6
            bucket = options.to[5:].partition("/")[0]
            for item in record.left:
                line = f"No result any more, but still there: s3://{bucket}/{item.key}   (--remove-left takes it away)"
                print(console.printable(line))
            print(
                console.printable(
                    f"There, and checked: {len(record.files)} files, {size:.1f} MB, s3://{bucket}/{place}/"
                )
            )
    if options.json:
        print(json.dumps(records, ensure_ascii=False))
    return code
