"""Two pictures for the docs, as SVG: the stages with what flows between them, and the way that logs take.

The first is drawn of the stages' declarations, and of the calls by which their code reads what others made. Boxes lead
to the pages that tell more, and what the pointer is on tells its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from samvad.core import schemas, stages
from samvad.core.declarations import Stage
from samvad.workflow import event_merging

_STYLE = """<style>
text { font: 14px sans-serif; fill: #222; } .soft { fill: #666; font-size: 12px; } .number { font-weight: bold; }
.box rect { fill: #eef3fa; stroke: #5b7ba6; rx: 6px; } a:hover rect { fill: #dbe7f7; }
.wire { stroke-width: 2.5; fill: none; } g:hover > .wire { stroke-width: 5; } .ring { stroke-width: 2.5; fill: #fff; }
.guide { stroke: #bbb; stroke-dasharray: 2 4; fill: none; }
.arrow { stroke: #666; stroke-width: 1.5; fill: none; marker-end: url(#head); }
@media (prefers-color-scheme: dark) { svg { background: #fff; } }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0 0L8 4L0 8z" fill="#666"/></marker></defs>"""
_COLOURS = (
    "#1f77b4",
    "#b35900",
    "#2c8a2c",
    "#b02a2a",
    "#7b52ab",
    "#7a5548",
    "#b8439b",
    "#555555",
    "#857b00",
    "#0e8a96",
)
_BOX_WIDTH, _BOX_HEIGHT, _ROW, _TOP, _WIRE = 330, 44, 62, 130, 38


@dataclass(frozen=True)
class Flow:
    """A kind of file that one stage makes (None: the film, which is there) and others read; the last two by number."""

    kind: str
    maker: int | None
    readers: tuple[int, ...]


def flows() -> list[Flow]:
    """Return what flows between the stages: by the declarations, and by what their code asks for."""
    found: dict[tuple[int | None, str], set[int]] = {}
    for stage in stages.STAGES:
        if stage.reads_segments:
            maker = stages.BY_NAME[stages.segments_source(stage.name, dict.fromkeys(stages.BY_NAME, True))]
            found.setdefault((maker.number, "segments"), set()).add(stage.number)
        for other, kind in _asked(stage):
            number = None if other is None else stages.BY_NAME[other].number
            found.setdefault((number, kind), set()).add(stage.number)
    made = [Flow(kind, maker, tuple(sorted(readers))) for (maker, kind), readers in found.items()]
    return sorted(made, key=lambda flow: (flow.maker or 0, flow.readers, flow.kind))


def _asked(stage: Stage) -> Iterator[tuple[str | None, str]]:
    """Yield which stage's files of what kind a stage's code asks for; None is the film."""
    if any(item.name == "media" for item in stage.all_options):
        yield None, "film"
    scripts = schemas.ROOT / "scripts"
    for path in [scripts / stage.script, *sorted((scripts / "samvad" / "stages" / stage.name).glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr == "read_film":
                    yield None, "film"
                elif node.func.attr in ("read", "read_optional") and len(node.args) == 2:
                    other, kind = node.args
                    if isinstance(other, ast.Constant) and other.value in stages.BY_NAME:
                        yield str(other.value), str(kind.value) if isinstance(kind, ast.Constant) else "subtitle files"


def of_stages() -> str:
    """Return the picture of the stages: a row each, and a wire for each kind of file that goes from one to others."""
    wires = flows()
    left = 20
    width = left + _BOX_WIDTH + 40 + _WIRE * len(wires) + 60
    height = _TOP + _ROW * len(stages.STAGES) + 10
    parts = [
        _box(left, _y(stage) - _BOX_HEIGHT // 2, f"{stage.number:02d} {stage.name}", stage.summary, "../stages.md")
        for stage in stages.STAGES
    ]
    far = left + _BOX_WIDTH + 40 + _WIRE * len(wires)
    parts += [f'<path class="guide" d="M{left + _BOX_WIDTH} {_y(stage)}H{far}"/>' for stage in stages.STAGES]
    parts.append(
        f'<text class="soft" x="{left}" y="30">A disc: the stage makes it. A ring: the stage reads it. '
        "Dashed lines only lead the eye.</text>"
    )
    for place, flow in enumerate(wires):
        x = left + _BOX_WIDTH + 40 + _WIRE * place
        parts += _wire(flow, x, _COLOURS[place % len(_COLOURS)])
    return _svg(width, height, "The stages, and what flows between them", parts)


def _y(stage: Stage) -> int:
    return _TOP + _ROW * stages.STAGES.index(stage) + _BOX_HEIGHT // 2


def _wire(flow: Flow, x: int, colour: str) -> list[str]:
    """Return a wire: from the stage that makes the files (a disc) down to the last that reads them (a ring at each)."""
    numbers = {stage.number: _y(stage) for stage in stages.STAGES}
    top = numbers[flow.maker] if flow.maker is not None else _TOP - 20
    ends = [numbers[number] for number in flow.readers]
    names = {stage.number: stage.folder for stage in stages.STAGES}
    maker = names.get(flow.maker or 0, "the film itself")
    hint = f"{flow.kind}: {maker} → {', '.join(names[number] for number in flow.readers)}"
    rings = "".join(f'<circle class="ring" cx="{x}" cy="{y}" r="6" stroke="{colour}"/>' for y in ends)
    return [
        f'<g><title>{escape(hint)}</title><path class="wire" stroke="{colour}" d="M{x} {top}V{max(ends)}"/>',
        f'<circle cx="{x}" cy="{top}" r="6" fill="{colour}"/>{rings}',
        f'<text transform="translate({x + 5} {top - 10}) rotate(-55)" fill="{colour}">{escape(flow.kind)}</text></g>',
    ]


def of_logs() -> str:
    """Return the picture of the logs' way: who writes which file, and who reads it."""
    run = {channel: f"logs/{name}_<start>" for channel, name in event_merging.CHANNELS.items()}
    parts = [
        _box(20, 30, "a stage's process", "each line once, with its run, film and stage", "../logs.md"),
        _box(20, 150, "NN_stage/attempts/MM/", "stage.log, events.jsonl, performance.jsonl", "../logs.md"),
        _box(20, 270, "NN_stage/stage.log", "the same text, of the last attempt", "../finding-failures.md"),
        _box(420, 30, "the workflow's one process", "hears of each job, merges when a stage ends", "../design.md"),
        _box(420, 150, f"{run['events']}.log, .jsonl", "the run: its own lines, and the stages' events", "../logs.md"),
        _box(420, 210, f"{run['performance']}.jsonl", "measured figures, spans among them", "../logs.md"),
        _box(420, 330, "manifest.json, run.json", "where the film stands: ./samvad show", "../records.md"),
        _box(
            820,
            90,
            "./samvad query, ./samvad report",
            "answers and a page, of the files alone",
            "../finding-failures.md",
        ),
        _box(820, 170, "Alloy → Loki → Grafana", "the dashboard", "../../observability/README.md"),
        _box(820, 250, "./samvad export-metrics → Prometheus", "figures and alarms", "../../observability/README.md"),
        *map(_arrow, _ARROWS),
    ]
    return _svg(1170, 400, "The way of the logs", parts)


#: Ways, in pixels.
_ARROWS = (
    "M185 74V148",
    "M185 194V268",
    "M350 52H418",
    "M350 172H418",
    "M585 74V148",
    "M750 165L818 118",
    "M750 172L818 190",
    "M750 180L818 266",
    "M750 232L818 122",
    "M300 194V262H790L818 206",
    "M420 66H400V352H418",
)


def _arrow(way: str) -> str:
    return f'<path class="arrow" d="{way}"/>'


def _box(x: int, y: int, title: str, text: str, link: str) -> str:
    short = text if len(text) <= 52 else text[:51].rsplit(" ", 1)[0] + " …"
    return (
        f'<a href="{link}"><g class="box"><title>{escape(text)}</title>'
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}"/>'
        f'<text class="number" x="{x + 10}" y="{y + 18}">{escape(title)}</text>'
        f'<text class="soft" x="{x + 10}" y="{y + 35}">{escape(short)}</text></g></a>'
    )


def _svg(width: int, height: int, title: str, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, f"<title>{escape(title)}</title>", _STYLE, *parts, "</svg>", ""])
