"""Answer LogQL in Python, for the tests: a second reading of each query, to be compared with DuckDB's.

Only what the dashboard's queries use is known, each as Loki's documentation gives it; anything else raises. That
includes a binary operation whose operand is another one without brackets, since the grammar here does not know which
binds tighter.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from logql_grammar import Node

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]


@dataclass(frozen=True)
class Entry:
    """A line in Loki: its time in ms, its text, its stream's labels, and what structured metadata and parsers add."""

    ts_ms: int
    line: str
    stream: Mapping[str, str]
    labels: Mapping[str, str]
    value: float = math.nan


@dataclass(frozen=True)
class _Asked:
    """What a query is asked of, and how many series an aggregation in it may have."""

    entries: list[Entry]
    max_series: int | None = None


class UnknownError(Exception):
    """The query uses what this reading does not know."""


class QueryError(Exception):
    """Loki would refuse the query, or end it with an error."""


def vector(tree: Node, entries: list[Entry], at_ms: int, max_series: int | None = None) -> Vector:
    """Return what a metric query answers at an instant.

    Args:
        tree: the query.
        entries: what Loki holds.
        at_ms: the instant.
        max_series: Loki's ``max_query_series``: it shards each aggregation, and refuses a part of more series.
    """
    answer = _metric(_expression(tree), _Asked(entries, max_series), at_ms)
    if isinstance(answer, float):
        raise UnknownError("a number alone")
    return answer


def lines(tree: Node, entries: list[Entry], start_ms: int, end_ms: int) -> list[tuple[int, str]]:
    """Return the lines that a log query answers between two times, each with its own time, oldest first."""
    found = _pipeline(_only(_expression(tree), "LogExpr"), entries)
    return sorted((entry.ts_ms, entry.line) for entry in found if start_ms < entry.ts_ms <= end_ms)


def _expression(tree: Node) -> Node:
    assert tree.name == "LogQL" and not tree.errors(), tree.errors()
    return tree.children[0]


def _only(node: Node, name: str) -> Node:
    """Return the node of that name below nodes that are nothing but brackets."""
    while node.name != name:
        if len(node.children) != 1:
            raise UnknownError(node.text)
        node = node.children[0]
    return node


# -- metric queries ------------------------------------------------------------------------------------------------


def _metric(node: Node, asked: _Asked, at_ms: int) -> Vector | float:
    while node.name in ("Expr", "MetricExpr"):
        (node,) = node.children
    if node.name == "LiteralExpr":
        return float(node.text)
    if node.name == "VectorExpr":
        return {frozenset(): float(_child(node, "Number").text)}
    if node.name in ("RangeAggregationExpr", "VectorAggregationExpr"):
        aggregation = _range_aggregation if node.name == "RangeAggregationExpr" else _vector_aggregation
        found = aggregation(node, asked, at_ms)
        # A bare count within `sum by` is summed in each shard, before anything is counted.
        if asked.max_series is not None and len(found) > asked.max_series and _is_grouped(node):
            raise QueryError(f"maximum of series ({asked.max_series}) reached for a single query: {len(found)}")
        return found
    if node.name == "BinOpExpr":
        return _binary(node, asked, at_ms)
    raise UnknownError(f"{node.name}: {node.text}")


def _is_grouped(node: Node) -> bool:
    return node.name == "VectorAggregationExpr" or node.child("Grouping") is not None


def _binary(node: Node, asked: _Asked, at_ms: int) -> Vector:
    left_node, operator, modifier, right_node = node.children
    if modifier.text:
        raise UnknownError(modifier.text)
    for side in (left_node, right_node):
        if _bare_operation(side):
            raise UnknownError(f"no brackets around {side.text}")
    left, right = _metric(left_node, asked, at_ms), _metric(right_node, asked, at_ms)
    if isinstance(right, float):
        raise UnknownError(node.text)
    if isinstance(left, float):
        return {labels: _ARITHMETIC[operator.name](left, value) for labels, value in right.items()}
    if operator.name == "Or":
        return right | left
    if operator.name == "And":
        return {labels: value for labels, value in left.items() if labels in right}
    if operator.name == "Unless":
        return {labels: value for labels, value in left.items() if labels not in right}
    arithmetic = _ARITHMETIC[operator.name]
    return {labels: arithmetic(value, right[labels]) for labels, value in left.items() if labels in right}


def _bare_operation(side: Node) -> bool:
    node = side
    while node.name in ("Expr", "MetricExpr") and len(node.children) == 1:
        node = node.children[0]
    return node.name == "BinOpExpr" and node.text == side.text


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "Div": lambda left, right: left / right if right else math.nan,
    "Mul": lambda left, right: left * right,
}


def _vector_aggregation(node: Node, asked: _Asked, at_ms: int) -> Vector:
    operator = node.children[0].children[0].name
    inner = _metric(_child(node, "MetricExpr"), asked, at_ms)
    if isinstance(inner, float):
        raise QueryError("an aggregation of a number")
    if operator == "Topk":
        count = int(_child(node, "Number").text)
        return dict(sorted(inner.items(), key=lambda item: -item[1])[:count])
    groups: defaultdict[Labels, list[float]] = defaultdict(list)
    for labels, value in inner.items():
        groups[_group(labels, node.child("Grouping"))].append(value)
    return {labels: _OVER_VECTOR[operator](values) for labels, values in groups.items()}


_OVER_VECTOR: dict[str, Callable[[list[float]], float]] = {
    "Sum": math.fsum,
    "Max": max,
    "Count": lambda v: float(len(v)),
}


def _range_aggregation(node: Node, asked: _Asked, at_ms: int) -> Vector:
    operator = node.children[0].children[0].name
    selected = _child(node, "LogRangeExpr")
    start_ms = at_ms - _duration_ms(_child(_child(selected, "Range"), "Duration").text)
    found = [entry for entry in _pipeline(selected, asked.entries) if start_ms < entry.ts_ms <= at_ms]
    unwrapped = selected.child("UnwrapExpr") is not None
    grouping = node.child("Grouping")
    if (operator == "CountOverTime") == unwrapped:
        raise QueryError(f"{operator} and unwrap: {node.text}")
    if grouping and operator not in _GROUPED:
        raise QueryError(f"grouping is not allowed for {operator}")
    groups: defaultdict[Labels, list[float]] = defaultdict(list)
    for entry in found:
        if "__error__" in entry.labels:
            raise QueryError(f"a line in error ({entry.labels['__error__']}): {entry.line}")
        labels = frozenset((name, value) for name, value in {**entry.stream, **entry.labels}.items() if value)
        groups[_group(labels, grouping) if grouping else labels].append(entry.value)
    quantile = node.child("Number")
    if operator == "AvgOverTime":
        return _averages(groups, selected, grouping, [e for e in asked.entries if start_ms < e.ts_ms <= at_ms])
    if operator == "QuantileOverTime":
        return {labels: _quantile(values, float(_child(node, "Number").text)) for labels, values in groups.items()}
    if quantile:
        raise UnknownError(node.text)
    return {labels: _OVER_TIME[operator](values) for labels, values in groups.items()}


_GROUPED = ("AvgOverTime", "MaxOverTime", "MinOverTime", "QuantileOverTime")
_OVER_TIME: dict[str, Callable[[list[float]], float]] = {
    "CountOverTime": lambda values: float(len(values)),
    "SumOverTime": math.fsum,
    "MaxOverTime": max,
}


def _averages(
    groups: Mapping[Labels, list[float]], selected: Node, grouping: Node | None, entries: list[Entry]
) -> Vector:
    """Return averages as Loki answers them: a sum over a count, and the count is that of the query without ``unwrap``.

    So a line without the value makes the average less, unless the pipeline leaves it out before ``unwrap``.
    """
    counts: defaultdict[Labels, int] = defaultdict(int)
    for entry in _pipeline(selected, entries, unwrap=False):
        labels = frozenset((name, value) for name, value in {**entry.stream, **entry.labels}.items() if value)
        counts[_group(labels, grouping) if grouping else labels] += 1
    return {labels: math.fsum(values) / counts[labels] for labels, values in groups.items()}


def _quantile(values: list[float], quantile: float) -> float:
    """Return a quantile as Prometheus and Loki do: between the nearest ranks, by linear interpolation."""
    ordered = sorted(values)
    rank = quantile * (len(ordered) - 1)
    low, high = math.floor(rank), min(math.floor(rank) + 1, len(ordered) - 1)
    weight = rank - low
    return ordered[low] * (1 - weight) + ordered[high] * weight


def _group(labels: Labels, grouping: Node | None) -> Labels:
    """Return the labels that remain: those named after `by`, where they are there; none without a grouping."""
    if grouping is None:
        return frozenset()
    if not grouping.child("By"):
        raise UnknownError(grouping.text)
    names = {part.text for part in _child(grouping, "Labels").walk() if part.name == "Identifier"}
    return frozenset(label for label in labels if label[0] in names)


def _duration_ms(text: str) -> int:
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if not match:
        raise UnknownError(text)
    return int(match[1]) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[match[2]]


# -- log pipelines -------------------------------------------------------------------------------------------------


def _pipeline(node: Node, entries: list[Entry], *, unwrap: bool = True) -> list[Entry]:
    """Return the entries that a selector and its pipeline let through, as the pipeline leaves them.

    Args:
        node: the query.
        entries: what Loki holds.
        unwrap: whether ``unwrap``, and what filters after it, count.
    """
    selector = [_matcher(matcher) for matcher in _child(node, "Selector").walk() if matcher.name == "Matcher"]
    steps: list[Callable[[Entry], Entry | None]] = []
    for part in node.walk():
        if part.name == "PipelineStage":
            steps.append(_step(part.children[-1]))
    unwraps = node.child("UnwrapExpr")
    if unwraps and unwrap:
        steps += _unwrap_steps(unwraps)
    found: list[Entry] = []
    for entry in entries:
        if all(matches(entry.stream) for matches in selector):
            kept: Entry | None = entry
            for step in steps:
                kept = step(kept) if kept else None
            if kept:
                found.append(kept)
    return found


def _step(node: Node) -> Callable[[Entry], Entry | None]:
    if node.name == "LabelFilter":
        matches = _matcher(_child(node, "Matcher"))
        return lambda entry: entry if matches({**entry.stream, **entry.labels}) else None
    if node.name == "LineFilters":
        (line_filter,) = node.children
        wanted = _string(_child(line_filter, "String").text)
        keep = {"PipeExact": True, "Neq": False}[line_filter.children[0].children[0].name]
        return lambda entry: entry if (wanted in entry.line) == keep else None
    if node.name == "JsonExpressionParser":
        wanted = [
            (_child(part, "Identifier").text, _string(_child(part, "String").text))
            for part in node.walk()
            if part.name == "LabelExtractionExpression"
        ]
        return lambda entry: _with_json(entry, wanted)
    if node.name == "LineFormatExpr":
        template = _string(_child(node, "String").text)
        return lambda entry: replace(entry, line=_formatted(template, {**entry.stream, **entry.labels}))
    raise UnknownError(f"{node.name}: {node.text}")


def _matcher(node: Node) -> Callable[[Mapping[str, str]], bool]:
    """Return a test of labels. A label that is not there counts as empty; a pattern must match all of the value."""
    name, operator, text = (child.text for child in node.children)
    value = _string(text)
    pattern = re.compile(value) if "~" in operator else None

    def matches(labels: Mapping[str, str]) -> bool:
        found = labels.get(name, "")
        same = bool(pattern.fullmatch(found)) if pattern else found == value
        return same == operator.startswith("=")

    return matches


def _with_json(entry: Entry, wanted: list[tuple[str, str]]) -> Entry:
    """Read values from the line; what is not there, or null, is empty."""
    labels = dict(entry.labels)
    document = json.loads(entry.line)
    for name, path in wanted:
        if name in entry.stream or name in entry.labels:
            raise UnknownError(f"{name} is a label already: Loki would call the value {name}_extracted")
        value: Any = document
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        labels[name] = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return replace(entry, labels=labels)


def _formatted(template: str, labels: Mapping[str, str]) -> str:
    text = re.sub(r"\{\{\.(\w+)\}\}", lambda match: labels.get(match[1], ""), template)
    if "{{" in re.sub(r"\{\{\.(\w+)\}\}", "", template):
        raise UnknownError(template)
    return text


def _unwrap_steps(node: Node) -> list[Callable[[Entry], Entry | None]]:
    """Return the steps of `unwrap`: take the value and its label away; a text that is no number is an error."""
    if any(part.name == "ConvOp" for part in node.walk()):
        raise UnknownError(node.text)
    identifiers = [part.text for part in node.walk() if part.name == "Identifier"]
    name = identifiers[0]

    def unwrap(entry: Entry) -> Entry | None:
        labels = dict(entry.labels)
        if not labels.get(name):
            return None  # not there, or empty: Loki leaves the line out, without an error
        text = labels.pop(name)
        try:
            return replace(entry, labels=labels, value=float(text))
        except ValueError:
            return replace(entry, labels={**labels, "__error__": "SampleExtractionErr"}, value=0.0)

    return [unwrap, *(_step(part) for part in node.walk() if part.name == "LabelFilter")]


def _string(text: str) -> str:
    return text[1:-1] if text.startswith("`") else str(json.loads(text))


def _child(node: Node, name: str) -> Node:
    found = node.child(name)
    if found is None:
        raise UnknownError(f"no {name} in {node.text}")
    return found
