"""The dashboard and the saved queries: made from the one source, and whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

import support
from samvad.commands import make_dashboard

FOLDER = support.ROOT / "observability"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "samvad.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

#: Grafana's own variables, besides the dashboard's.
BUILT_IN = {"__range", "__auto", "__url_time_range", "__data"}


def test_the_files_are_what_the_source_makes():
    for path, document in make_dashboard.documents().items():
        assert json.loads(path.read_text("utf-8")) == document, "run: ./samvad make-dashboard"


def test_every_variable_is_the_dashboard_s_or_grafana_s():
    known = BUILT_IN | {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    text = json.dumps(DASHBOARD["panels"])
    used = set(re.findall(r"\$\{?([a-z_]+)", text))
    assert used <= known
    assert {"stage", "film", "run_id", "datasource"} <= used
    assert set(re.findall(r"var-(\w+)=", text)) <= known


def test_panels_have_their_own_numbers_and_places():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_says_what_it_shows_in_a_unit_with_thresholds_in_order():
    for panel in PANELS:
        assert panel["title"] and panel["description"].endswith((".", "top.")), panel["title"]
        if panel["type"] == "logs":
            assert panel["targets"][0]["maxLines"] >= 1000, "Grafana's own default shows less than a run"
            continue
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"]
        values = [step["value"] for step in defaults["thresholds"]["steps"]]
        assert values[0] is None and values[1:] == sorted(values[1:])


def test_a_run_in_a_table_leads_to_its_log():
    tables = [panel for panel in PANELS if "run_id" in panel["targets"][0]["expr"] and panel["type"] == "table"]
    assert len(tables) == 3
    for panel in tables:
        (link,) = panel["fieldConfig"]["defaults"]["links"]
        assert "var-run_id=${__data.fields.run_id}" in link["url"]
        assert re.search(r"by \([^)]*run_id[^)]*\)", panel["targets"][0]["expr"]), "the table has the field"
    logs = [panel for panel in PANELS if panel["type"] == "logs" and "$run_id" in panel["targets"][0]["expr"]]
    assert len(logs) == 2, "its lines, and its progress"


def test_saved_queries_name_only_fields_of_events():
    known = re.split(
        r"\s+",
        "@timestamp level event message run_id film job_id stage attempt status duration_seconds error_type "
        "error_category error_message error_file counts.peak_rss_mb counts.cpu_seconds counts.output_bytes "
        "counts.warnings counts.cache_hit counts.film_seconds counts.core_hours counts.gpu_hours counts.energy_kwh "
        "counts.cost "
        "counts.times fields filter stats sort limit by as and in like asc desc count count_distinct sum avg max pct "
        "bin ispresent strcontains",
    )
    template = json.loads((FOLDER / "cloudwatch" / "samvad.json").read_text("utf-8"))
    assert template["Resources"]
    for name, resource in template["Resources"].items():
        assert re.fullmatch("[A-Za-z0-9]+", name)
        assert resource["Type"] == "AWS::Logs::QueryDefinition"
        text = re.sub(r'"[^"]*"|/[^/]*/', "", resource["Properties"]["QueryString"])
        named = re.findall(r"(?<=\bas )\w+", text)
        for word in re.findall(r"@?\b[a-z]\w*(?:\.\w+)?", text):
            assert word in known or word in named, (name, word)


def test_grafana_s_own_types_read_the_dashboard_and_lose_nothing_of_it():
    plugins.register_default_plugins()

    def read_and_written(text: str) -> Any:
        return json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(text))))

    text = json.dumps(DASHBOARD)
    assert list(lost(DASHBOARD, read_and_written(text))) == []
    misspelt = text.replace('"fieldConfig"', '"fieldConfg"')
    assert list(lost(json.loads(misspelt), read_and_written(misspelt))) != []


def lost(written: Any, read: Any, place: str = "") -> Iterator[str]:
    """Yield the places of what is not there any more, or is something else."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from lost(value, read.get(key), f"{place}/{key}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, value in enumerate(written):
            yield from lost(value, read[number], f"{place}/{number}")
    elif written != read:
        yield place
