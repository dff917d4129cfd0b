"""What benchmarks gave over time: a line for each run in history.jsonl, and a page that draws the ratios.

Ratios are of two things measured in the same minutes, so that machines and their load matter less.

Usage: python benchmarks/history.py      # draws history.html anew
"""

from __future__ import annotations

import html
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES = Path(__file__).with_name("history.jsonl")
PAGE = Path(__file__).with_name("history.html")
WIDTH, HEIGHT, LEFT, TOP = 720, 120, 60, 16


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
    series: dict[str, list[tuple[dict, float]]] = {}
    for run in runs:
        for name, value in run["ratios"].items():
            series.setdefault(f"{run['benchmark']}: {name}", []).append((run, value))
    charts = "".join(_chart(name, points) for name, points in series.items())
    style = (
        "body{font:14px system-ui;margin:2em;max-width:780px}svg{width:100%}text{font-size:11px;fill:#666}"
        "path{fill:none;stroke:#27c;stroke-width:2}circle{fill:#27c}line{stroke:#ccc}"
    )
    PAGE.write_text(
        f"<!doctype html><meta charset=utf-8><title>Benchmarks over time</title><style>{style}</style>"
        "<h1>Benchmarks over time</h1><p>Ratios of two things that were measured in the same minutes; "
        f"{len(runs)} runs. Point at a dot for commit and machine.</p>{charts}\n",
        encoding="utf-8",
    )


def _chart(name: str, points: list[tuple[dict, float]]) -> str:
    top = max(value for _, value in points) * 1.1 or 1.0
    step = (WIDTH - LEFT - 20) / max(1, len(points) - 1)
    places = [(LEFT + place * step, TOP + HEIGHT * (1 - value / top)) for place, (_, value) in enumerate(points)]
    dots = ""
    for (x, y), (run, value) in zip(places, points, strict=True):
        said = html.escape(" · ".join((f"{value:g}", run["at"], run["commit"], run["machine"])))
        dots += f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3"><title>{said}</title></circle>'
    one = TOP + HEIGHT * (1 - 1 / top)
    line = f'<line x1="{LEFT}" x2="{WIDTH}" y1="{one:.0f}" y2="{one:.0f}"/>' if top > 1 else ""
    path = "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in places)
    return (
        f'<h2>{html.escape(name)}</h2><svg viewBox="0 0 {WIDTH} {HEIGHT + 2 * TOP}">{line}'
        f'<text x="0" y="{places[-1][1] + 4:.0f}">{points[-1][1]:g}</text><path d="{path}"/>{dots}</svg>'
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    draw()
