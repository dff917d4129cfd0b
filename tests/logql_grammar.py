"""Parse LogQL with the grammar of Loki's own editor, npm `@grafana/lezer-logql`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import support
import tools


@dataclass(frozen=True)
class Node:
    """A node of a syntax tree.

    Attributes:
        name: what it is called in the grammar.
        text: the part of the query that it covers.
        error: whether the grammar had to guess here.
        children: the nodes below it.
    """

    name: str
    text: str
    error: bool
    children: tuple[Node, ...]

    def child(self, *names: str) -> Node | None:
        """Return the first child of one of the names."""
        return next((child for child in self.children if child.name in names), None)

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, in order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()

    def errors(self) -> list[str]:
        """Return the texts at which the grammar had to guess."""
        return [node.text for node in self.walk() if node.error]


def parse(queries: list[str]) -> list[Node]:
    """Return a syntax tree for each query, all by one start of Node."""
    done = subprocess.run(
        [tools.program("node"), str(support.ROOT / "tests" / "logql" / "parse.cjs")],
        input=json.dumps(queries),
        env={**os.environ, "SAMVAD_LOGQL_MODULES": str(tools.logql_modules())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [_node(value) for value in json.loads(done.stdout)]


def _node(value: dict[str, Any]) -> Node:
    return Node(value["name"], value["text"], value["error"], tuple(_node(child) for child in value["children"]))
