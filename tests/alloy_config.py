"""Read a configuration of Grafana Alloy and do to a line what its stages do, so that queries meet lines as shipped.

Alloy itself is not run. The syntax read here is Alloy's: blocks with a dotted name and perhaps a label, attributes,
and as values texts, numbers, truth values, lists, objects, and expressions, which stay text. Stages follow Alloy's
reference; one that is not known here raises.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import logql_answers
import logql_grammar
from logql_answers import Entry
from logql_grammar import Node

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
        return Expression(tuple(word for part in parts for word in (part.parts if isinstance(part, Expression) else [part])))

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


def shipped(stages: list[Block], line: str, filename: str) -> Entry | None:
    """Return what Loki gets of a line, or None where a stage drops it."""
    labels: dict[str, str] = {"filename": filename}
    extracted: dict[str, Any] = dict(labels)
    metadata: dict[str, str] = {}
    ts_ms: int | None = None
    for stage in stages:
        wanted = stage.attributes.get("values", {})
        if stage.name == "stage.json":
            try:
                document = json.loads(line)
            except ValueError:
                if stage.attributes["drop_malformed"]:
                    return None
                continue
            for name, path in stage.attributes["expressions"].items():
                extracted[name] = document.get(path or name)
        elif stage.name == "stage.timestamp":
            assert stage.attributes["format"] == "RFC3339Nano"
            moment = datetime.fromisoformat(extracted[stage.attributes["source"]])
            ts_ms = round(moment.timestamp() * 1000)
        elif stage.name == "stage.static_labels":
            labels |= wanted
        elif stage.name == "stage.labels":
            labels |= _texts(extracted, wanted)
        elif stage.name == "stage.structured_metadata":
            metadata |= _texts(extracted, wanted)
        elif stage.name == "stage.match":
            assert stage.attributes["action"] == "drop"
            if _selected(stage.attributes["selector"], line, labels):
                return None
        elif stage.name == "stage.label_drop":
            labels = {name: value for name, value in labels.items() if name not in wanted}
        else:
            raise ValueError(stage.name)
    assert ts_ms is not None, "no stage reads the time"
    return Entry(ts_ms, line, labels, metadata)


@functools.cache
def _selector(text: str) -> Node:
    (tree,) = logql_grammar.parse([text])
    return tree


def _selected(selector: str, line: str, labels: dict[str, str]) -> bool:
    """Return whether a selector in LogQL lets the line through."""
    return bool(logql_answers.lines(_selector(selector), [Entry(0, line, dict(labels), {})], -1, 0))


def _texts(extracted: dict[str, Any], wanted: dict[str, str]) -> dict[str, str]:
    """Return the values as texts; one that is not there, or null, makes no label."""
    found = {name: extracted.get(source or name) for name, source in wanted.items()}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
        if value is not None
    }
