"""Make Grafana's dashboard and CloudWatch's saved queries from observability/queries.yaml."""

from __future__ import annotations

from pathlib import Path

from samvad.commands import _parsing
from samvad.core import files, schemas
from samvad.core.typed_json import JsonObject

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

FOLDER = schemas.ROOT / "observability"


def documents() -> dict[Path, JsonObject]:
    """Return what is to be written, by file."""
    import yaml

    from samvad.reporting.metrics import dashboard

    source = yaml.safe_load((FOLDER / "queries.yaml").read_text(encoding="utf-8"))
    return {
        FOLDER / "grafana" / "samvad.json": dashboard.dashboard(source),
        FOLDER / "cloudwatch" / "samvad.json": dashboard.saved_queries(source),
    }


def main(argv: list[str] | None = None) -> int:
    """Write both files."""
    _parsing.Parser(description=__doc__).parse_args(argv)
    for path, document in documents().items():
        files.write_json(path, document)
        print(path.relative_to(schemas.ROOT))
    return 0
