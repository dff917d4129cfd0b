"""What is proposed from past runs: a law that is known is found again, and where there is none, that is said."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.core import stages
from samvad.reporting import resource_proposals
from samvad.reporting.resource_proposals import Run
from samvad.settings import resource_requests


def runs(stage: str = "asr", number: int = 60, seed: int = 1, **values: Any) -> list[Run]:
    """Return runs by a law: 1000 MiB and 400 more an hour, 5 minutes and 30 more an hour; by chance a tenth more."""
    chance = random.Random(seed)
    made = []
    for _ in range(number):
        hours, more = chance.uniform(0.2, 3), 1 + 0.1 * chance.random()
        values_of_run = {"kind": ("cpu", "base"), "ended_at": "2025-01-01T00:00:00.000Z", **values}
        made.append(Run(stage, hours, (1000 + 400 * hours) * more, (5 + 30 * hours) * more, **values_of_run))
    return made


def test_a_known_law_is_found_again() -> None:
    (found,) = resource_proposals.propose(runs(), 1.0, 1.0)
    assert found.memory is not None and found.minutes is not None
    assert found.memory.per_hour == pytest.approx(420, rel=0.1)
    assert found.minutes.per_hour == pytest.approx(31.5, rel=0.1)
    for run in runs():
        assert run.memory_mb <= found.memory.at(run.film_hours) <= run.memory_mb * 1.15 + 300
        assert run.minutes <= found.minutes.at(run.film_hours) <= run.minutes * 1.25 + 2


def test_a_few_odd_runs_do_not_move_it() -> None:
    odd = [Run("asr", 0.5, 90_000, 900, ("cpu", "base"), "2025-01-01T00:00:00.000Z")] * 2
    (found,) = resource_proposals.propose([*runs(), *odd], 0.95, 1.0)
    assert found.memory is not None
    assert found.memory.at(2) < 3000


def test_the_margin_goes_on_top() -> None:
    (one,), (more,) = (resource_proposals.propose(runs(), 0.95, margin) for margin in (1.0, 1.5))
    assert one.memory is not None and more.memory is not None
    assert more.memory.per_hour == pytest.approx(1.5 * one.memory.per_hour)


@pytest.mark.parametrize("number", [1, 4])
def test_too_few_runs_give_no_proposal_and_say_so(number: int) -> None:
    (found,) = resource_proposals.propose(runs(number=number), 0.95, 1.3)
    assert found.memory is None and "too few runs" in found.why_not and found.runs == number


def test_films_of_one_length_give_no_proposal_and_say_so() -> None:
    same = [Run("asr", 1.0, 1000 + number, 5, ("cpu",), "2025-01-01T00:00:00.000Z") for number in range(20)]
    (found,) = resource_proposals.propose(same, 0.95, 1.3)
    assert found.memory is None and "one length" in found.why_not


def test_runs_with_other_models_or_on_another_device_are_left_out() -> None:
    old = [
        Run("asr", hours / 2, 50_000, 500, ("cuda", "large-v3"), "2024-01-01T00:00:00.000Z") for hours in range(1, 9)
    ]
    (found,) = resource_proposals.propose([*old, *runs()], 0.95, 1.3)
    assert (found.runs, found.left_out) == (60, 8)
    assert found.memory is not None and found.memory.at(3) < 5000


def write_job(root: Path, number: int, hours: float, memory_mb: float, *, hit: bool = False) -> None:
    """Write a job whose stage 01 took so much."""
    job = support.make_job(root, f"2025/01/01/tester/{number}")
    path = support.finished_stage(job, "demux", {"audio": ("audio.wav", b"sound")}, [])
    manifest = json.loads(path.read_text("utf-8"))
    film = {**manifest["outputs"][0], "type": "film", "path": "/films/film.mkv"}
    manifest["inputs"] = [film]
    manifest["job_id"] = f"tester/{number}"
    manifest["metrics"] = [{"name": "film_duration", "value": hours * 3600, "unit": "s"}]
    manifest["resources"] = {**manifest["resources"], "peak_rss_mb": memory_mb, "wall_seconds": 60 * hours}
    manifest["cache"]["hit"] = hit
    attempt = path.parent / "attempts" / "01"
    attempt.mkdir(parents=True)
    for place in (path, attempt / "manifest.json"):
        place.write_text(json.dumps(manifest), "utf-8")


def propose(*options: object) -> subprocess.CompletedProcess[str]:
    command = [support.ROOT / "samvad", "propose-resources", *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_command_reads_manifests_and_writes_a_table_that_can_be_used(tmp_path: Path) -> None:
    root = tmp_path / "out"
    for number in range(1, 9):
        write_job(root, number, number / 2, 100 + 50 * number / 2)
    write_job(root, 9, 1, 90_000, hit=True)  # from the cache: it tells nothing
    output = tmp_path / "mine.yaml"
    done = propose(root, "--output", output, "--margin", 1)
    assert done.returncode == 0, done.stderr
    assert "demux" in done.stdout and "0.50 to 4.00" in done.stdout
    table = resource_requests.load(str(output))
    assert table.stages["demux"]["mem_mb_per_hour"] == 50
    assert table.stages["demux"]["mem_mb"] == 400  # 100, and what Snakemake takes
    assert table.stages["demux"]["runtime_per_hour"] == pytest.approx(1, abs=1)
    assert table.stages["mux"] == resource_requests.load().stages["mux"], "what was not measured stays"


def test_the_command_says_when_nothing_can_be_proposed(tmp_path: Path) -> None:
    write_job(tmp_path / "out", 1, 1, 100)
    done = propose(tmp_path / "out", "--output", tmp_path / "mine.yaml")
    assert done.returncode == 1 and "nothing can be proposed" in done.stderr and "too few runs" in done.stdout
    assert not (tmp_path / "mine.yaml").exists()
    nowhere = propose(tmp_path / "none")
    assert nowhere.returncode == 2 and "is not a folder" in nowhere.stderr


def test_stages_are_proposed_in_their_order() -> None:
    names = [found.stage for found in resource_proposals.propose([*runs("mux"), *runs("demux")], 0.95, 1.3)]
    assert names == ["demux", "mux"] and set(names) <= set(stages.BY_NAME)
