"""What films cost: hours of machines, energy, money; and what a shelf will cost before it is made."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import muxing
import support
from samvad.core import stages
from samvad.documents import costs, job_manifest, job_summary, live_run, run_record, stage_manifest
from samvad.documents.costs import MachineUse, Prices
from samvad.documents.run_record import RunRecord
from samvad.reporting import budget
from samvad.runner.energy import ProcessorEnergy
from samvad.settings import configuration
from samvad.settings.stage_settings import StageSettings

PRICES = Prices("INR", core_hour=2.0, gpu_hour=80.0, gpu_hours={"H200": 300.0, "H200 MIG": 50.0}, kwh=10.0)


class Counters:
    """The kernel's files of a machine with two processors, the memory of one, and zones that are parts of these."""

    def __init__(self, folder: Path) -> None:
        self.powercap, self.stat = folder / "powercap", folder / "stat"
        zones = {"intel-rapl:0": "package-0", "intel-rapl:1": "package-1", "intel-rapl:0:0": "core"}
        for name, kind in {**zones, "intel-rapl:0:1": "dram", "intel-rapl:2": "psys"}.items():
            zone = self.powercap / name
            zone.mkdir(parents=True)
            (zone / "name").write_text(f"{kind}\n")
            (zone / "max_energy_range_uj").write_text("1000000000\n")
        self.write(0, 0)

    def write(self, joules: int, busy_ticks: int, idle: int = 77_777) -> None:
        """Let every zone have counted so much, and the processors been busy for so long."""
        for zone in self.powercap.iterdir():
            (zone / "energy_uj").write_text(f"{(950 + joules) * 1_000_000 % 1_000_000_000}\n")
        self.write_busy(busy_ticks, idle)

    def write_busy(self, busy_ticks: int, idle: int = 77_777) -> None:
        """Let the processors have been busy for so long."""
        user, system = busy_ticks // 2, busy_ticks - busy_ticks // 2
        self.stat.write_text(f"cpu  {user} 0 {system} {idle} 50 0 0 0 0 0\ncpu0 1 2 3 4\n")


def test_a_stage_has_its_share_of_what_processors_and_memory_took(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    seconds = itertools.count()
    energy = ProcessorEnergy(counters.powercap, counters.stat, lambda: next(seconds))
    counters.write(40, 500)
    energy.sample()
    counters.write(100, 1000)  # each count has gone round in between
    assert energy.joules(4.0, 100) == pytest.approx(3 * 100 * 4 / 10), "two packages, one memory; busy for 10 s"
    assert energy.joules(400.0, 100) == pytest.approx(300), "never more than all"


def test_a_count_that_began_again_while_the_machine_slept_has_not_gone_round(tmp_path: Path) -> None:
    """Of 262 kJ, the usual range, a laptop's sleep would have made 70 watt hours."""
    counters = Counters(tmp_path)
    (zone := counters.powercap / "intel-rapl:0" / "energy_uj").write_text("50000000")
    for other in counters.powercap.iterdir():
        if other.name != "intel-rapl:0":
            (other / "energy_uj").unlink()
    (counters.powercap / "intel-rapl:0" / "max_energy_range_uj").write_text("262143328850")
    seconds = itertools.count(0.0, 0.25)  # each reading asks for the time twice
    energy = ProcessorEnergy(counters.powercap, counters.stat, lambda: next(seconds))
    zone.write_text("3000000")
    energy.sample()
    zone.write_text("5000000")
    counters.write_busy(1000)
    assert energy.joules(10.0, 100) == 5.0


def test_zones_that_may_not_be_read_leave_the_others(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    denied = counters.powercap / "intel-rapl:1" / "energy_uj"
    denied.unlink()
    denied.symlink_to("/proc/self/mem")  # what may not be read, also for root
    energy = ProcessorEnergy(counters.powercap, counters.stat)
    for zone in ("intel-rapl:0", "intel-rapl:0:1"):
        (counters.powercap / zone / "energy_uj").write_text("960000000")
    counters.write_busy(1000)
    assert energy.joules(10.0, 100) == pytest.approx(20)


def test_where_nothing_tells_nothing_is_said(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    assert ProcessorEnergy(tmp_path / "none", counters.stat).joules(1.0, 100) is None
    assert ProcessorEnergy(counters.powercap, tmp_path / "none").joules(1.0, 100) is None
    for zone in counters.powercap.iterdir():
        (zone / "energy_uj").unlink()
        (zone / "energy_uj").symlink_to("/proc/self/mem")  # what may not be read, also for root
    assert ProcessorEnergy(counters.powercap, counters.stat).joules(1.0, 100) is None


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def stage_of(job: Path, name: str, hours: float, *, device: str = "cpu", film_hours: float = 0.0, **used: Any) -> Path:
    """Make a stage that took so long, with the settings of the project."""
    path = support.finished_stage(job, name, {})
    config = configuration.check(yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8")), "x")
    told = json.loads(path.read_text(encoding="utf-8"))
    item = stages.BY_NAME[name]
    options = {one.name: one.as_json(one.of_config(config[item.key][one.name])) for one in item.config_options}
    metrics = [{"name": "film_duration", "value": film_hours * 3600, "unit": "s"}] if film_hours else []
    change(
        path,
        config=options,
        config_hash=stage_manifest.config_hash(options),
        metrics=metrics,
        software={**told["software"], "device_actual": device},
        resources={**support.USAGE, "wall_seconds": hours * 3600, "cpu_seconds": hours * 1800, **used},
    )
    return path


def test_each_gpu_of_a_film_that_had_several_costs_its_hours(tmp_path: Path) -> None:
    device = "cuda:0 (NVIDIA H200), cuda:1 (NVIDIA H200), cuda:0 (NVIDIA L4)"
    asr = stage_manifest.read(stage_of(support.make_job(tmp_path), "asr", 0.5, device=device, cores=4))
    assert costs.use_of(asr).gpu_hours == {"NVIDIA H200": 1.0, "NVIDIA L4": 0.5}


def test_hours_energy_and_money_of_a_job_count_attempts_that_failed_too(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    prices = PRICES
    run_record.write(job, RunRecord(run_id="r_20250101T000000Z_abc123", film="f", title="T", prices=prices))
    assert run_record.read(job).prices == prices
    stage_of(job, "demux", 0.5, cores=2, cpu_energy_joules=3_600_000.0)
    asr = stage_of(job, "asr", 0.25, device="cuda:1 (NVIDIA H200)", cores=4, gpu_energy_joules=1_800_000.0)
    told = json.loads(asr.read_text(encoding="utf-8"))
    error = {"timestamp": told["timestamp"], "type": "E", "category": "disk", "message": "m", "file": None}
    failed = {**told, "status": "failed", "exit_code": 4, "errors": [{**error, "traceback": ""}], "attempt": 1}
    change(asr, attempt=2, retries=1)
    for number, value in ((1, failed), (2, json.loads(asr.read_text(encoding="utf-8")))):
        place = job / "04_asr/attempts" / f"{number:02d}"
        place.mkdir(parents=True)
        (place / "manifest.json").write_text(json.dumps(value), encoding="utf-8")
    manifest = job_manifest.write(job, ["demux", "asr"], live_run.RunState())
    found = manifest.cost
    assert found is not None and found.attempts == 3
    assert (found.core_hours, found.gpu_hours, found.energy_kwh) == (0.5 * 2 + 2 * 0.25 * 4, {"NVIDIA H200": 0.5}, 2.0)
    assert found.amount == pytest.approx(3.0 * 2 + 0.5 * 300 + 2.0 * 10) and found.currency == "INR"
    assert "3 core hours, 0.5 hours of NVIDIA H200, 2000.0 Wh measured, 176.00 INR" in job_summary.of_job(job)


def test_without_prices_there_is_no_money_and_of_older_records_busy_cores_count() -> None:
    use = MachineUse(2.0, {"GPU": 1.0})
    assert use.cost(None) is None
    assert use.cost(PRICES) == 2 * 2 + 80
    assert PRICES.of_gpu("NVIDIA H200 MIG 1g.18gb") == 50
    config = yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8"))
    assert configuration.prices(configuration.check(config, "x")) is None
    config["cost"] |= {"currency": "EUR", "core_hour": 0.05}
    assert configuration.prices(configuration.check(config, "x")) == Prices("EUR", 0.05, 0, {}, 0)


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A project with two earlier films, of one hour and of three, and its configuration with prices."""
    config = yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8"))
    config["cost"] |= {"currency": "INR", "core_hour": 2}
    out = tmp_path / "out"
    for number, (film_hours, hours) in enumerate([(1.0, 0.2), (3.0, 0.2)], 1):
        job = support.make_job(out, f"2025/01/01/me/{number}")
        stage_of(job, "demux", hours, film_hours=film_hours, cores=2)
        asr = stage_of(job, "asr", 2 * hours, cores=4)
        first = job / "04_asr/attempts/01/manifest.json"
        first.parent.mkdir(parents=True)
        first.write_text(asr.read_text(encoding="utf-8"), encoding="utf-8")
        # Made once more, and taken from the cache: that tells nothing of the work.
        kept = {"key": f"sha256:{'0' * 64}", "hit": True, "made_by": "x"}
        change(asr, attempt=2, retries=1, cache=kept, resources=support.USAGE)
    return out, configuration.check(config, "x")


def films(folder: Path, *rows: dict[str, str]) -> list[configuration.Film]:
    sheet = folder / "films.tsv"
    usual = {"targets": "en", "source": "hi", "user": "me", "workflow": "transcribe", "stages_off": "ner"}
    lines = ["\t".join(configuration.COLUMNS)]
    for number, row in enumerate(rows, 10):
        own = {**usual, "film": f"f{number}", "title": f"F{number}", "job": f"{number}", "date": "2025-01-01", **row}
        lines.append("\t".join(own.get(name, "") for name in configuration.COLUMNS))
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(configuration.load_films(sheet).values())


def test_a_shelf_is_reckoned_from_what_earlier_films_took_here(
    project: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, config = project
    film = support.make_film(tmp_path / "new.mp4")
    rows = films(tmp_path, {"media": str(film)}, {"media": str(tmp_path / "gone.mp4")})
    found = budget.reckon(rows, config, out)
    hours = found.film_hours
    assert hours == pytest.approx(2 / 3600, rel=0.2), "two seconds, by the header"
    by_stage = {one.stage: one for one in found.stages}
    assert by_stage["demux"].use.core_hours == pytest.approx(hours * (0.4 * 2) / 4)
    assert by_stage["asr"].use.core_hours == pytest.approx(hours * (0.8 * 4) / 4)
    assert by_stage["asr"].low.core_hours == pytest.approx(hours * 1.6 / 3)
    assert by_stage["asr"].high.core_hours == pytest.approx(hours * 1.6)
    text = budget.text(found)
    assert "To be made: 2 films, 2.0 s" in text and "Based on 2 films, 4 h 00 min in length" in text and "INR" in text
    assert "Left out" in text and "gone.mp4" in text
    assert "02_tmdb" in text and "no film was made so" in text, "what is not known is named"


def test_a_film_is_as_long_as_its_picture_whatever_its_subtitles_claim(tmp_path: Path) -> None:
    config = configuration.check(yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8")), "x")
    text, film = tmp_path / "hours.srt", tmp_path / "film.mkv"
    text.write_text("1\n00:00:00,500 --> 10:00:00,000\nlong\n\n", encoding="utf-8")
    plain = support.make_film(tmp_path / "new.mp4")
    muxing.ffmpeg("-i", plain, "-i", text, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt", film)
    found = budget.reckon(films(tmp_path, {"media": str(film)}), config, tmp_path / "out")
    assert 3600 * found.film_hours == pytest.approx(2, abs=0.2)


def test_what_is_done_costs_nothing_and_another_model_is_not_reckoned_by_this_one(
    project: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, config = project
    film = support.make_film(tmp_path / "new.mp4")
    for stage in stages.STAGES:
        if stages.is_in(stage, "transcribe"):
            support.finished_stage(out / "2025/01/01/me/10", stage.name, {})
    rows = films(tmp_path, {"media": str(film)}, {"media": str(film), "settings": "asr.model=large-v3"})
    found = budget.reckon(rows, config, out)
    assert (found.films, found.done) == (1, 1)
    (asr,) = [one for one in found.stages if one.stage == "asr"]
    assert "model large-v3" in asr.why_not and asr.use.core_hours == 0
    wanted = StageSettings(stages.BY_NAME["asr"], config).values(rows[1])
    assert wanted["model"] == "large-v3"


def test_where_no_film_was_made_here_that_is_said(tmp_path: Path) -> None:
    config = configuration.check(yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8")), "x")
    film = support.make_film(tmp_path / "new.mp4")
    text = budget.text(budget.reckon(films(tmp_path, {"media": str(film)}), config, tmp_path / "out"))
    assert "no film was made on this machine yet" in text and "cost.currency" in text


def test_figures_are_told_as_people_read_them() -> None:
    assert costs.money(0.0123, "EUR") == "0.0123 EUR" and costs.money(12.345, "EUR") == "12.35 EUR"
    assert costs.money(None, None) == ""
