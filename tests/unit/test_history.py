"""The page of benchmarks over time: every run of every ratio is on it, and lines join only what can be compared."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = "One & Co, 2 cores", "Other, 64 cores"


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the benchmarks' module, which writes into a folder of the test."""
    spec = importlib.util.spec_from_file_location("history", ROOT / "benchmarks" / "history.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LINES", tmp_path / "history.jsonl")
    monkeypatch.setattr(module, "PAGE", tmp_path / "history.html")
    return module


def page(history: ModuleType, runs: list[tuple[str, float, float]]) -> str:
    """Draw runs, each of a machine, its load, and a ratio."""
    lines = [
        {
            "at": f"2026-01-{day:02}T10:00:00Z",
            "commit": f"{day:012x}",
            "machine": machine,
            "load": load,
            "benchmark": "end to end",
            "ratios": {"ten stages, CPU": ratio},
        }
        for day, (machine, load, ratio) in enumerate(runs, 1)
    ]
    history.LINES.write_text("".join(json.dumps(line) + "\n" for line in lines))
    history.draw()
    return str(history.PAGE.read_text("utf-8"))


def test_a_machine_at_work_is_a_hollow_dot_that_no_line_leads_to(history: ModuleType) -> None:
    runs = [(SMALL, 1.0, 1.2), (SMALL, 9.0, 1.9), (SMALL, 1.5, 0.9), (LARGE, 60.0, 1.0)]
    drawn = page(history, runs)
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4" fill="([^"]+)"', drawn)
    assert [fill == "var(--page)" for _, _, fill in circles] == [False, True, False, False]
    (line,) = re.findall(r'<path d="M([^"]+)"', drawn)
    assert [point.split() for point in line.split("L")] == [list(circles[0][:2]), list(circles[2][:2])]
    heights = [float(y) for _, y, _ in circles]
    assert sorted(range(4), key=lambda place: -heights[place]) == [2, 3, 0, 1], "less is lower"
    assert 'class="one"' in drawn and "One &amp; Co" in drawn and "One & Co" not in drawn
    assert "against the median" not in drawn, "the last run is the only one of its machine"


def test_the_last_run_is_compared_with_those_before_it_on_its_machine(history: ModuleType) -> None:
    drawn = page(history, [(SMALL, 1.0, 1.0), (LARGE, 1.0, 7.0), (SMALL, 50.0, 9.0), (SMALL, 1.0, 0.9)])
    assert "-10% against the median of 1 before" in drawn


@pytest.mark.parametrize("ratio", [0.0, 0.011, 0.05, 0.99, 1.0, 3.2, 41.0, 170.0])
def test_every_ratio_has_room(history: ModuleType, ratio: float) -> None:
    drawn = page(history, [(SMALL, 1.0, ratio)])
    (height,) = re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', drawn)
    assert history.TOP <= float(height) <= history.TOP + history.HEIGHT


def test_a_page_without_runs_says_how_to_get_one(history: ModuleType) -> None:
    history.draw()
    assert "make bench" in history.PAGE.read_text("utf-8")
