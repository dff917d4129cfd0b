"""Make Grafana's dashboard and CloudWatch's saved queries from one list of questions, observability/queries.yaml."""

from __future__ import annotations

from samvad.core.typed_json import JsonObject

#: The last version of Grafana's classic dashboard model; Grafana 12 and later read it as it is.
SCHEMA_VERSION = 42
UID = "samvad"
_LOKI = {"type": "loki", "uid": "${datasource}"}
_COLUMNS = 24
_ROW_HEIGHT = 8
_STAT_HEIGHT = 4


def dashboard(source: JsonObject) -> JsonObject:
    """Return Grafana's dashboard.

    Args:
        source: the parsed list: rows of panels, and in each its queries.
    """
    panels: list[JsonObject] = []
    top = 0
    for row in source["rows"]:
        panels.append(_row(row["title"], len(panels) + 1, top))
        top += 1
        left = height = 0
        for panel in row["panels"]:
            if left + panel["width"] > _COLUMNS:
                left, top = 0, top + height
            height = panel.get("height", _STAT_HEIGHT if panel["type"] == "stat" else _ROW_HEIGHT)
            place = {"x": left, "y": top, "w": panel["width"], "h": height}
            panels.append(_panel(panel, len(panels) + 1, place))
            left += panel["width"]
        top += height
    return {
        "uid": UID,
        "title": "Samvad",
        "description": "Where films stand, how long stages take, and why they fail; from the event logs in Loki. "
        "Made from observability/queries.yaml: change it there.",
        "tags": ["samvad"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "5m",
        "time": {"from": "now-7d", "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": _variables()},
        "panels": panels,
    }


def saved_queries(source: JsonObject) -> JsonObject:
    """Return a CloudFormation template that saves the queries for CloudWatch Logs Insights."""
    resources = {}
    for row in source["rows"]:
        for panel in row["panels"]:
            for number, query in enumerate(panel["queries"]):
                if "cloudwatch" in query:
                    name = "".join(word.capitalize() for word in panel["id"].split("_")) + (
                        str(number) if number else ""
                    )
                    resources[name] = {
                        "Type": "AWS::Logs::QueryDefinition",
                        "Properties": {
                            "Name": f"samvad/{panel['title']}",
                            "LogGroupNames": [{"Ref": "LogGroup"}],
                            "QueryString": query["cloudwatch"],
                        },
                    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Saved queries on the event logs of Samvad. Made from observability/queries.yaml.",
        "Parameters": {
            "LogGroup": {"Type": "String", "Default": "samvad", "Description": "Log group with the event logs."}
        },
        "Resources": resources,
    }


def _row(title: str, number: int, top: int) -> JsonObject:
    place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: JsonObject, number: int, place: dict[str, int]) -> JsonObject:
    made: JsonObject = {
        "id": number,
        "type": panel["type"],
        "title": panel["title"],
        "description": panel["description"],
        "datasource": _LOKI,
        "gridPos": place,
        "targets": [_target(panel, query, index) for index, query in enumerate(panel["queries"])],
        "options": _OPTIONS[panel["type"]],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
    }
    if "interval" in panel:
        made["interval"] = panel["interval"]
    if panel["type"] == "table":
        made["transformations"] = [
            {"id": "labelsToFields", "options": {"mode": "columns"}},
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value #A": "Value"}}},
        ]
    return made


def _target(panel: JsonObject, query: JsonObject, index: int) -> JsonObject:
    ranged = panel["type"] in ("timeseries", "logs")
    target = {
        "refId": chr(ord("A") + index),
        "datasource": _LOKI,
        "editorMode": "code",
        "expr": query["logql"],
        "queryType": "range" if ranged else "instant",
    }
    if "legend" in query:
        target["legendFormat"] = query["legend"]
    if "lines" in panel:
        target["maxLines"] = panel["lines"]
    return target


def _defaults(panel: JsonObject) -> JsonObject:
    if panel["type"] == "logs":
        return {}
    defaults: JsonObject = {
        "unit": panel["unit"],
        "min": 0,
        "color": {"mode": "palette-classic" if panel["type"] == "timeseries" else "thresholds"},
        "thresholds": {
            "mode": "absolute",
            # Grafana takes the first step from minus infinity on.
            "steps": [
                {"color": color, "value": value if index else None}
                for index, (value, color) in enumerate(sorted(panel["thresholds"].items()))
            ],
        },
    }
    defaults |= {key: panel[key] for key in ("max", "decimals") if key in panel}
    if panel["type"] == "timeseries":
        defaults["custom"] = {"drawStyle": "bars", "fillOpacity": 60, "stacking": {"mode": "normal", "group": "A"}}
    if panel.get("run_link"):
        url = f"/d/{UID}?${{__url_time_range}}&var-datasource=${{datasource}}&var-run_id=${{__data.fields.run_id}}"
        defaults["links"] = [{"title": "The log of this run", "url": url, "targetBlank": False}]
    return defaults


_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[str, JsonObject] = {
    "stat": {"reduceOptions": _REDUCE, "colorMode": "value", "graphMode": "none", "textMode": "auto"},
    "bargauge": {"reduceOptions": _REDUCE, "orientation": "horizontal", "displayMode": "basic", "showUnfilled": True},
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "sortBy": [{"displayName": "Value", "desc": True}]},
    "logs": {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True, "sortOrder": "Descending"},
}


def _variables() -> list[JsonObject]:
    stage = {
        "name": "stage",
        "label": "Stage",
        "type": "query",
        "description": "Stages that the panels on stages show.",
        "datasource": _LOKI,
        "query": {"type": 1, "label": "stage", "stream": '{app="samvad"}', "refId": "stage"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }
    # Neither film nor run_id is a label of a stream: Loki cannot list their values. They are typed, or come by a link.
    return [
        {"name": "datasource", "label": "Loki", "type": "datasource", "query": "loki"},
        stage,
        _text_variable("film", "Film", "Film id, or a regular expression of ids.", ".*"),
        _text_variable(
            "run_id", "Run", "run_id of the run whose log is shown below; the links of tables set it.", ".+"
        ),
    ]


def _text_variable(name: str, label: str, description: str, value: str) -> JsonObject:
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "description": description,
        "query": value,
        "current": {"text": value, "value": value},
        "options": [{"text": value, "value": value, "selected": True}],
    }
