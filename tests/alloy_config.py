"""Read a configuration of Grafana Alloy and do to a line what its stages do, so that queries meet lines as shipped.

Alloy itself is not run. The syntax read here is Alloy's: blocks with a dotted name and perhaps a label, attributes,
and as values texts, numbers, truth values, lists, objects, and expressions, which stay text. Stages follow Alloy's
reference; one that is not known here raises. The selector of ``stage.match`` is no LogQL: Alloy reads it by a small
grammar of its own (matchers of labels, then filters of lines, and ``"…"`` as the only kind of text), which is what
``Selector`` reads, and no more.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from logql_answers import Entry

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*)|(?P<newline>\n)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<mark>[{}\[\]()=,+])"""
)


@dataclass
class Block:
    """A block: its name (``stage.json``), its label, its attributes, the blocks inside it."""

    name: str
    label: str | None
    attributes: dict[str, Any] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Expression:
    """A value that Alloy computes: the names and texts in it, in order."""

    parts: tuple[str, ...]


class Reader:
    """Read the blocks of a configuration."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match or match.lastgroup is None:
                raise ValueError(f"no Alloy from here on: {text[position : position + 40]!r}")
            if match.lastgroup != "space":
                self._tokens.append((match.lastgroup, match.group()))
            position = match.end()
        self._tokens.append(("end", ""))

    def blocks(self, end: tuple[str, str] = ("end", "")) -> Block:
        """Return the attributes and blocks up to ``end``, as the body of a block without a name."""
        body = Block("", None)
        while not self._at(*end):
            if self._skip("newline"):
                continue
            name = self._take("name")
            if self._at("mark", "="):
                self._take("mark")
                if name in body.attributes:
                    raise ValueError(f"{name} is set twice")
                body.attributes[name] = self._value()
            else:
                label = json.loads(self._take("text")) if self._at("text") else None
                self._take("mark", "{")
                inside = self.blocks(("mark", "}"))
                body.blocks.append(Block(name, label, inside.attributes, inside.blocks))
            if not self._at(*end):
                self._take("newline")
        self._take(*end)
        return body

    def _value(self) -> Any:
        first = self._simple_value()
        parts = [first]
        while self._at("mark", "+"):
            self._take("mark")
            parts.append(self._simple_value())
        if len(parts) == 1:
            return first
        return Expression(
            tuple(word for part in parts for word in (part.parts if isinstance(part, Expression) else [part]))
        )

    def _simple_value(self) -> Any:
        kind, text = self._tokens[0]
        if text == "[":
            return self._list("[", "]", self._value)
        if text == "{":
            return dict(self._list("{", "}", self._pair))
        self._take(kind)
        if kind == "text":
            return json.loads(text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "name":
            if text in ("true", "false"):
                return text == "true"
            arguments = self._list("(", ")", self._value) if self._at("mark", "(") else []
            return Expression((text, *map(str, arguments)))
        raise ValueError(f"no value: {text!r}")

    def _pair(self) -> tuple[str, Any]:
        key = json.loads(self._take("text")) if self._at("text") else self._take("name")
        self._take("mark", "=")
        return key, self._value()

    def _list(self, opening: str, closing: str, item: Any) -> list[Any]:
        """Read items up to the closing bracket. After a line break there must be a comma before it, as in Go."""
        self._take("mark", opening)
        found = []
        self._skip("newline")
        while not self._at("mark", closing):
            found.append(item())
            if not self._at("mark", closing):
                self._take("mark", ",")
                self._skip("newline")
        self._take("mark", closing)
        return found

    def _at(self, kind: str, text: str | None = None) -> bool:
        return self._tokens[0][0] == kind and text in (None, self._tokens[0][1])

    def _skip(self, kind: str) -> bool:
        found = False
        while self._at(kind):
            self._tokens.pop(0)
            found = True
        return found

    def _take(self, kind: str, text: str | None = None) -> str:
        if not self._at(kind, text):
            raise ValueError(f"{text or kind} wanted, found {self._tokens[0]} before {self._tokens[1:6]}")
        return self._tokens.pop(0)[1]


@dataclass
class _Line:
    """A line on its way: what the stages have made of it so far."""

    text: str
    labels: dict[str, str]
    extracted: dict[str, Any]
    metadata: dict[str, str] = field(default_factory=dict)
    ts_ms: int | None = None
    dropped: bool = False


def shipped(stages: list[Block], line: str, filename: str) -> Entry | None:
    """Return what Loki gets of a line, or None where a stage drops it."""
    made = _Line(line, {"filename": filename}, {"filename": filename})
    for stage in stages:
        _STAGES[stage.name](made, stage.attributes)
        if made.dropped:
            return None
    assert made.ts_ms is not None, "no stage reads the time"
    return Entry(made.ts_ms, line, made.labels, made.metadata)


def _json(line: _Line, wanted: dict[str, Any]) -> None:
    try:
        document = json.loads(line.text)
    except ValueError:
        line.dropped = wanted["drop_malformed"]
        return
    for name, path in wanted["expressions"].items():
        line.extracted[name] = document.get(path or name)


def _timestamp(line: _Line, wanted: dict[str, Any]) -> None:
    assert wanted["format"] == "RFC3339Nano"
    line.ts_ms = round(datetime.fromisoformat(line.extracted[wanted["source"]]).timestamp() * 1000)


def _match(line: _Line, wanted: dict[str, Any]) -> None:
    assert wanted["action"] == "drop"
    line.dropped = _selector(wanted["selector"]).matches(line.labels, line.text)


def _drop_labels(line: _Line, wanted: dict[str, Any]) -> None:
    line.labels = {name: value for name, value in line.labels.items() if name not in wanted["values"]}


_STAGES: dict[str, Callable[[_Line, dict[str, Any]], None]] = {
    "stage.json": _json,
    "stage.timestamp": _timestamp,
    "stage.match": _match,
    "stage.static_labels": lambda line, wanted: line.labels.update(wanted["values"]),
    "stage.labels": lambda line, wanted: line.labels.update(_texts(line.extracted, wanted["values"])),
    "stage.structured_metadata": lambda line, wanted: line.metadata.update(_texts(line.extracted, wanted["values"])),
    "stage.label_drop": _drop_labels,
}


_SELECTOR_TOKEN = re.compile(
    r"""\s+|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<mark>=~|!~|!=|\|=|\|~|[{}=,])|(?P<name>[A-Za-z_]\w*)"""
)


class Selector:
    """A selector of ``stage.match``: ``{label="text", …}``, and after it ``|= "text"`` and the like.

    Raises:
        ValueError: Alloy would not load the configuration.
    """

    def __init__(self, text: str) -> None:
        self._left = list(self._tokens(text))
        self._matchers: list[tuple[str, str, str]] = []
        self._filters: list[tuple[str, str]] = []
        self._take("{")
        while not self._matchers or self._left[0][1] == ",":
            if self._matchers:
                self._take(",")
            self._matchers.append((self._take(kind="name"), self._take("=", "!=", "=~", "!~"), self._text()))
        self._take("}")
        while self._left[0][0] != "end":
            self._filters.append((self._take("|=", "!=", "|~", "!~"), self._text()))

    def matches(self, labels: dict[str, str], line: str) -> bool:
        """Return whether a line of a stream is meant. A pattern must match all of a label, and any part of a line."""
        for name, operator, wanted in self._matchers:
            found = labels.get(name, "")
            same = bool(re.fullmatch(wanted, found)) if "~" in operator else found == wanted
            if same == operator.startswith("!"):
                return False
        for operator, wanted in self._filters:
            there = bool(re.search(wanted, line)) if "~" in operator else wanted in line
            if there == operator.startswith("!"):
                return False
        return True

    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        position = 0
        while position < len(text):
            match = _SELECTOR_TOKEN.match(text, position)
            if not match:
                raise ValueError(f"no selector of Alloy's from here on: {text[position:]!r}")
            if match.lastgroup:
                yield match.lastgroup, match.group()
            position = match.end()
        yield "end", ""

    def _text(self) -> str:
        return str(json.loads(self._take(kind="text")))

    def _take(self, *marks: str, kind: str = "mark") -> str:
        found, text = self._left.pop(0)
        if found != kind or (marks and text not in marks):
            raise ValueError(f"{' or '.join(marks) or kind} wanted, found {text!r}")
        return text


@functools.cache
def _selector(text: str) -> Selector:
    return Selector(text)


def _texts(extracted: dict[str, Any], wanted: dict[str, str]) -> dict[str, str]:
    """Return the values as texts; one that is not there, or null, makes no label."""
    found = {name: extracted.get(source or name) for name, source in wanted.items()}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
        if value is not None
    }
