"""The metrics for Prometheus: what they say of a shelf, how they are written, and what bad logs do to them."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from prometheus_client.parser import text_string_to_metric_families

import event_shelf
import tools
from event_shelf import NOW
from samvad.commands import export_metrics
from samvad.core.errors import ConfigurationError
from samvad.reporting.metrics import exposition, totals


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    event_shelf.make(folder)
    return folder


def metrics(*places: Path, now=NOW, forget_days: float = 7) -> dict[tuple[str, ...], float]:
    """Return values by name and label values, in the order of the labels' names."""
    text = exposition.text(totals.collect(places, now, forget_days), now).decode("utf-8")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_are_duckdb_s(root):
    found = metrics(root)
    events = f"read_json('{root}/**/99_pipeline_*.jsonl', ignore_errors=true)"

    def rows(sql: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(row[:-1]): row[-1] for row in duckdb.sql(f"WITH events AS (SELECT * FROM {events}) {sql}").fetchall()
        }

    checks = {
        "samvad_stage_results_total": "SELECT stage, status, count(*) FROM events "
        "WHERE event = 'stage_result' GROUP BY ALL",
        "samvad_stage_failures_total": "SELECT error_category, stage, count(*) FROM events "
        "WHERE event = 'stage_result' AND status = 'failed' GROUP BY ALL",
        "samvad_jobs_total": "SELECT status, count(*) FROM events WHERE event = 'job_finished' GROUP BY ALL",
        "samvad_stage_cache_hits_total": "SELECT stage, count(*) FROM events "
        "WHERE event = 'stage_result' AND status = 'success' AND counts.cache_hit = 1 GROUP BY ALL",
        "samvad_film_seconds_total": "SELECT sum(counts.film_seconds) FROM events "
        "WHERE event = 'job_finished' AND status = 'success'",
        "samvad_stage_duration_seconds_sum": "SELECT stage, sum(duration_seconds) FROM events "
        "WHERE event = 'stage_result' AND status = 'success' AND coalesce(counts.cache_hit, 0) = 0 GROUP BY ALL",
        "samvad_stage_span_seconds_sum": "SELECT message, stage, sum(duration_seconds) FROM events "
        "WHERE event = 'span' GROUP BY ALL",
        "samvad_stage_span_seconds_count": "SELECT message, stage, count(*) FROM events "
        "WHERE event = 'span' GROUP BY ALL",
        "samvad_stage_retries_total": "SELECT stage, count(*) FROM events WHERE event = 'stage_retry' GROUP BY ALL",
        "samvad_stage_peak_memory_bytes": "SELECT stage, 1048576 * arg_max(counts.peak_rss_mb, ts) FROM events "
        "WHERE event = 'stage_result' GROUP BY ALL",
        "samvad_stage_last_success_timestamp_seconds": "SELECT stage, epoch(max(ts)) FROM events "
        "WHERE event = 'stage_result' AND status = 'success' GROUP BY ALL",
        "samvad_last_failure_timestamp_seconds": "SELECT error_category, epoch(max(ts)) FROM events "
        "WHERE event = 'stage_result' AND status = 'failed' GROUP BY ALL",
        "samvad_stage_realtime_ratio_sum": "SELECT r.stage, sum(r.duration_seconds / j.counts.film_seconds) "
        "FROM events r JOIN events j USING (run_id) WHERE r.event = 'stage_result' AND r.status = 'success' "
        "AND coalesce(r.counts.cache_hit, 0) = 0 "
        "AND j.event = 'job_finished' AND j.counts.film_seconds > 0 GROUP BY ALL",
    }
    for name, sql in checks.items():
        expected = rows(sql)
        assert expected, name
        assert {key[1:]: value for key, value in found.items() if key[0] == name and value} == pytest.approx(
            expected
        ), name


def test_buckets_hold_what_is_not_above_their_bound(root):
    found = metrics(root)
    ratios = duckdb.sql(
        f"WITH events AS (SELECT * FROM read_json('{root}/**/99_pipeline_*.jsonl', ignore_errors=true)) "
        "SELECT r.duration_seconds / j.counts.film_seconds FROM events r JOIN events j USING (run_id) "
        "WHERE r.event = 'stage_result' AND r.stage = 'asr' AND r.status = 'success' "
        "AND coalesce(r.counts.cache_hit, 0) = 0 "
        "AND j.event = 'job_finished' AND j.counts.film_seconds > 0"
    ).fetchall()
    for bound in (*totals.RATIO_BOUNDS, float("inf")):
        key = "+Inf" if bound == float("inf") else str(bound)
        expected = sum(ratio <= bound for (ratio,) in ratios)
        assert found["samvad_stage_realtime_ratio_bucket", key, "asr"] == expected


def test_a_run_goes_on_until_it_ends_is_run_again_or_is_forgotten(tmp_path):
    run = event_shelf.Run(tmp_path / "2025/11/28/desk/1", "film", NOW - timedelta(hours=3))
    run.add("job_received")
    run.stage("demux", 5)
    run.moment = NOW - timedelta(minutes=2)
    run.add("progress", "audio_seconds", stage="asr", counts={"done": 1, "total": 2})
    run.write()
    began, heard = NOW - timedelta(hours=3), NOW - timedelta(minutes=2)
    found = metrics(tmp_path)
    assert found["samvad_active_runs",] == 1
    assert found["samvad_active_run_oldest_start_timestamp_seconds",] == began.timestamp()
    assert found["samvad_active_run_stalest_event_timestamp_seconds",] == heard.timestamp(), "the attempt's own file"
    assert metrics(tmp_path, now=NOW + timedelta(days=8))["samvad_active_runs",] == 0
    assert metrics(tmp_path, now=NOW + timedelta(days=8), forget_days=9)["samvad_active_runs",] == 1

    again = event_shelf.Run(run.folder, "film", NOW - timedelta(minutes=1))
    again.add("job_received")
    again.finish("success", 60)
    again.write()
    found = metrics(tmp_path)
    assert found["samvad_active_runs",] == 0
    assert ("samvad_active_run_oldest_start_timestamp_seconds",) not in found


def test_every_series_that_counts_is_there_before_anything_happened(tmp_path):
    found = metrics(tmp_path)
    assert found["samvad_stage_failures_total", "disk", "mux"] == 0
    assert found["samvad_stage_results_total", "asr", "failed"] == 0
    assert found["samvad_active_runs",] == 0
    assert not any("last_success" in key[0] for key in found), "a time that never was is no time"


def test_promtool_finds_nothing_to_mend_and_finds_a_fault(root, tmp_path):
    for folder in (root, tmp_path):
        text = exposition.text(totals.collect([folder], NOW, 7), NOW)
        done = subprocess.run(
            [tools.program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wrong = text.replace(b"samvad_film_seconds_total", b"samvad_film_minutes")
    done = subprocess.run(
        [tools.program("promtool"), "check", "metrics"], input=wrong, capture_output=True, check=False
    )
    assert done.returncode != 0


def test_calling_twice_counts_nothing_twice_and_leaves_one_file(root, tmp_path, capsys):
    textfile = tmp_path / "samvad.prom"

    def exported() -> str:
        assert export_metrics.main([str(root), str(root), "--textfile", str(textfile)]) == 0
        lines = textfile.read_text("utf-8").splitlines()
        return "\n".join(line for line in lines if not line.startswith("samvad_export_timestamp_seconds"))

    assert exported() == exported()
    assert [path.name for path in tmp_path.iterdir()] == ["samvad.prom"]
    assert capsys.readouterr() == ("", "")


def test_a_missing_folder_is_named_and_the_old_file_stays(root, tmp_path, capsys):
    textfile = tmp_path / "samvad.prom"
    textfile.write_text("old\n")
    assert export_metrics.main([str(root), str(tmp_path / "gone"), "--textfile", str(textfile)]) == 2
    assert str(tmp_path / "gone") in capsys.readouterr().err
    assert textfile.read_text() == "old\n"
    with pytest.raises(ConfigurationError):
        totals.collect([textfile], NOW, 7)


def test_no_log_makes_series_without_end_or_breaks_the_file(tmp_path):
    run = event_shelf.Run(tmp_path / "2025/11/28/desk/1", "film", NOW - timedelta(hours=1))
    hostile = 'x"} 1\n# HELP \\ {run_id="9"'
    run.add("stage_result", stage=hostile, status=hostile, duration_seconds="long", counts=[1])
    run.add("stage_result", stage="asr", status="failed", error_category=hostile, counts={"peak_rss_mb": None})
    run.add("stage_result", stage="asr", status="success", duration_seconds=None, counts={"cache_hit": True})
    run.add("job_finished", status=["success"], counts={"film_seconds": "60"})
    run.write()
    log = next(tmp_path.rglob("99_pipeline_*.jsonl"))
    torn = [b'{"event":"stage_result"', b'["stage_result"]', b'{"event":"stage_result","ts":7}', b"\x00\xff"]
    log.write_bytes(log.read_bytes() + b"".join(line + b"\n" for line in torn) + b'{"ts":"2025-11-28T1')
    found = metrics(tmp_path)
    assert found["samvad_stage_results_total", "other", "other"] == 1
    assert found["samvad_stage_failures_total", "other", "asr"] == 1
    assert found["samvad_stage_cache_hits_total", "asr"] == 1
    assert found["samvad_jobs_total", "other"] == 1
    assert found["samvad_log_unreadable_lines_total",] == 3
    assert found["samvad_log_lines_total",] == 9
    assert len(found) < 500


def test_a_film_s_hostile_folder_is_read(tmp_path):
    run = event_shelf.Run(tmp_path / "it's $HOME [x] *\n क़िस्सा" / "1", "film", NOW - timedelta(hours=1))
    run.add("job_received")
    run.fail("demux", 1, "disk", "DiskError", 'No space at "/x\\y\n"')
    run.finish("failed", None)
    run.write()
    found = metrics(tmp_path)
    assert found["samvad_stage_failures_total", "disk", "demux"] == 1
    assert found["samvad_jobs_total", "failed"] == 1


def test_a_shelf_of_events_that_do_not_matter_is_not_parsed(tmp_path, monkeypatch):
    run = event_shelf.Run(tmp_path / "1", "film", NOW - timedelta(hours=1))
    for _ in range(50):
        run.add("log", "a text", stage="asr")
    run.stage("asr", 3)
    run.finish("success", 60)
    run.write()
    parsed = []
    real = json.loads
    monkeypatch.setattr(json, "loads", lambda line: parsed.append(line) or real(line))
    metrics(tmp_path)
    assert len(parsed) == 4, "two spans, a result and an end"
