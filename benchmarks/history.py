"""What benchmarks gave over time: a line for each run in history.jsonl, and a page that draws the ratios.

Ratios are of two things measured in the same minutes, so that machines and their load matter less. Each machine has a
line of its own; a run beside other work (its load was above one and a half times the cores) is a hollow dot, and no
part of the line.

Usage: python benchmarks/history.py      # draws history.html anew
"""

from __future__ import annotations

import html
import json
import os
import platform
import re
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES = Path(__file__).with_name("history.jsonl")
PAGE = Path(__file__).with_name("history.html")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 130, 44, 62, 12, 22
#: Told apart without seeing red and green alike (Okabe and Ito's palette).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#666;--grid:#ddd;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--grid:#444;--page:#181818}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2em auto;padding:0 1em;
max-width:780px}
h1{font-size:1.5em}h2{font-size:1.2em;margin:2em 0 0}h3{font-size:1em;margin:1.4em 0 .2em;font-weight:600}
h3 span{font-weight:400;color:var(--soft)}svg{width:100%;height:auto;display:block}
svg text{font-size:11px;fill:var(--soft)}svg .now{fill:var(--ink);font-weight:600;font-size:12px}
.grid{stroke:var(--grid)}.one{stroke:var(--soft);stroke-dasharray:4 3}
.key span{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin:0 .3em 0 1em}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
td,th{padding:.15em .9em .15em 0;text-align:left}td:first-child,th:first-child{text-align:right}
summary{color:var(--soft);cursor:pointer;font-size:13px}
"""


def append(benchmark: str, ratios: dict[str, float], facts: dict[str, object]) -> None:
    """Add a run: its ratios, each named after what was divided by what, and what else is to be known of it."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    changed = subprocess.run(
        ["git", "-C", str(ROOT), "status", "--porcelain", "scripts"], capture_output=True, check=False
    )
    line = {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit + ("+" if changed.stdout else ""),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1),
        "benchmark": benchmark,
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        **facts,
    }
    with LINES.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    draw()


def read() -> list[dict]:
    """Return all runs, in order."""
    return [json.loads(line) for line in LINES.read_text("utf-8").splitlines()] if LINES.exists() else []


def draw() -> None:
    """Write the page."""
    runs = read()
    machines = list(dict.fromkeys(run["machine"] for run in runs))
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(machines)}
    body = ""
    for benchmark in dict.fromkeys(run["benchmark"] for run in runs):
        own = [run for run in runs if run["benchmark"] == benchmark]
        body += f"<h2>{html.escape(benchmark[:1].upper() + benchmark[1:])}</h2>"
        for name in dict.fromkeys(name for run in own for name in run["ratios"]):
            body += _chart(name, [(run, run["ratios"][name]) for run in own if name in run["ratios"]], colours)
    key = "".join(f'<span style="background:{colour}"></span>{html.escape(name)}' for name, colour in colours.items())
    nothing = "" if runs else "<p>No run yet: <code>make bench</code> adds one.</p>"
    PAGE.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Benchmarks over time</title><style>{STYLE}</style><h1>Benchmarks over time</h1>"
        f"<p>Ratios of two things that were measured in the same minutes, {len(runs)} run{'s'[: len(runs) != 1]}: "
        "less is better, and at the "
        "dashed line both cost the same. A hollow dot was measured beside other work, and no line leads to it. Point "
        f'at a dot for its commit.</p><p class="key">{key}</p>{nothing}{body}</html>\n',
        encoding="utf-8",
    )


def _chart(name: str, points: list[tuple[dict, float]], colours: dict[str, str]) -> str:
    """Return a ratio's chart, from zero up, with its runs one beside the other, and the same as a table."""
    steps = _ticks(max(value for _, value in points))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)

    def y_of(value: float) -> float:
        return TOP + HEIGHT * (1 - value / steps[-1])

    places = [(LEFT + place * step, y_of(value)) for place, (_, value) in enumerate(points)]
    drawn = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y_of(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in steps
    )
    if steps[-1] >= 1:
        drawn += f'<line class="one" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(1):.1f}" y2="{y_of(1):.1f}"/>'
    for machine, colour in colours.items():
        line = [
            place for place, (run, _) in zip(places, points, strict=True) if run["machine"] == machine and _idle(run)
        ]
        if len(line) > 1:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
            drawn += f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (x, y), (run, value) in zip(places, points, strict=True):
        said = html.escape(" · ".join((f"{value:g}", run["at"], run["commit"], run["machine"], f"load {run['load']}")))
        colour = colours[run["machine"]]
        fill = colour if _idle(run) else "var(--page)"
        drawn += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}" stroke-width="2">'
            f"<title>{said}</title></circle>"
        )
    x, y = places[-1]
    drawn += f'<text class="now" x="{x + 9:.1f}" y="{y + 4:.1f}">{points[-1][1]:g}</text>'
    first, last = (points[place][0]["at"][:10] for place in (0, -1))
    below = TOP + HEIGHT + 16
    drawn += f'<text x="{LEFT}" y="{below}">{first}</text>'
    if len(points) > 1:
        drawn += f'<text x="{WIDTH - RIGHT}" y="{below}" text-anchor="end">{last}</text>'
    rows = "".join(
        f"<tr><td>{value:g}<td>{run['at']}<td>{html.escape(run['commit'])}<td>{run['load']}"
        f"<td>{html.escape(run['machine'])}"
        for run, value in reversed(points)
    )
    title = html.escape(name[:1].upper() + name[1:])
    return (
        f"<h3>{title} <span>{_compared(points)}</span></h3>"
        f'<svg viewBox="0 0 {WIDTH} {TOP + HEIGHT + BOTTOM}" role="img" aria-label="{title}">{drawn}</svg>'
        f"<details><summary>All runs</summary><table><tr><th>ratio<th>when<th>commit<th>load<th>machine{rows}</table>"
        "</details>"
    )


def _compared(points: list[tuple[dict, float]]) -> str:
    """Say how the last run is beside the median of those before it on its machine, with nothing beside either."""
    last, value = points[-1]
    before = [other for run, other in points[:-1] if run["machine"] == last["machine"] and _idle(run)]
    if not before or not _idle(last):
        return ""
    usual = statistics.median(before)
    return f"{value / usual - 1:+.0%} against the median of {len(before)} before" if usual else ""


def _idle(run: dict) -> bool:
    """Return whether a machine had, at a run's end, no more to do than its cores can."""
    cores = re.search(r"(\d+) cores$", run["machine"])
    return run["load"] <= 1.5 * int(cores[1]) if cores else True


def _ticks(top: float) -> list[float]:
    """Return round numbers from 0 to one that is not below the largest value: four or five of them."""
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if 4 * step >= top)
    count = next(count for count in range(1, 5) if count * step >= top)
    return [round(place * step, 3) for place in range(count + 1)]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    draw()
