"""The alerts: promtool's tests of the rules, and a real Prometheus that scrapes the metrics of real logs."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import event_shelf
import support
import tools
from samvad.reporting.metrics import exposition, totals

RULES = support.ROOT / "observability" / "prometheus"
TESTS = [RULES / "alerts_test.yml", RULES / "alerts_days_test.yml"]
ALERTS = {
    rule["alert"]: rule for rule in yaml.safe_load((RULES / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
}


def promtool(*options: object) -> subprocess.CompletedProcess[str]:
    command = [tools.program("promtool"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_rules_are_rules_and_keep_their_promises():
    done = promtool("check", "rules", RULES / "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("test", "rules", *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_in_which_it_is_raised_and_one_in_which_it_is_not():
    tests = [test for path in TESTS for test in yaml.safe_load(path.read_text("utf-8"))["tests"]]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    raised = {case["alertname"] for case in cases if case["exp_alerts"]}
    assert raised == set(ALERTS)
    # Of what fails often, the test itself holds stages that do not.
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} >= set(ALERTS) - {"SamvadStageFails"}


@pytest.mark.parametrize("expression", ["vector(1) > 2", "vector(1)"], ids=["never", "always"])
def test_an_alert_that_never_or_always_fires_fails_its_test(expression, tmp_path):
    document = yaml.safe_load((RULES / "alerts.yml").read_text("utf-8"))
    for rule in document["groups"][0]["rules"]:
        rule["expr"] = expression
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(document), "utf-8")
    copies = [shutil.copy(path, tmp_path) for path in TESTS]
    done = promtool("test", "rules", *copies)
    assert done.returncode != 0
    assert {name for name in ALERTS if f"alertname: {name}," in done.stdout + done.stderr} == set(ALERTS)


class Prometheus:
    """A Prometheus on the loopback, which scrapes one page that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.page = b""
        self._pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._pages.serve_forever, daemon=True).start()
        self._address = f"127.0.0.1:{_free_port()}"
        scrape = {"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{self._pages.server_port}"]}]}
        rules = yaml.safe_load((RULES / "alerts.yml").read_text("utf-8"))
        for rule in rules["groups"][0]["rules"]:
            rule.pop("for", None)  # a test has no hour to wait
        (folder / "alerts.yml").write_text(yaml.safe_dump(rules), "utf-8")
        document = {
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [scrape],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(document), "utf-8")
        options = {"config.file": "prometheus.yml", "storage.tsdb.path": "data", "web.listen-address": self._address}
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [tools.program("prometheus"), *(f"--{name}={value}" for name, value in options.items())],
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "GOMAXPROCS": "1"},
            )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=100)
        self._pages.shutdown()
        self._pages.server_close()

    def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """Return what an expression answers now: values by the values of the labels that are Samvad's."""
        answer = self._get(f"query?{urllib.parse.urlencode({'query': expression})}")
        return {
            tuple(
                value for name, value in sorted(one["metric"].items()) if name in ("stage", "status", "category")
            ): float(one["value"][1])
            for one in answer["result"]
        }

    def firing(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"}

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.end_headers()
                self.wfile.write(outer.page)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    started = Prometheus(tmp_path_factory.mktemp("prometheus"))
    try:
        wait_for(lambda: started.query("up") != {})
        yield started
    finally:
        started.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, for two minutes at most."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail("the condition did not come about")


def test_a_real_prometheus_reads_the_metrics_and_raises_what_the_logs_call_for(prometheus, tmp_path):
    now = datetime.now(UTC)

    def show(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        prometheus.page = exposition.text(totals.collect([folder], now, 7), now)

    wait_for(lambda: prometheus.firing() == {"SamvadMetricsMissing"})

    well = event_shelf.Run(tmp_path / "well" / "1", "film", now - timedelta(minutes=10))
    well.add("job_received")
    well.stage("asr", 90.0)
    well.finish("success", 60.0)
    well.write()
    show(tmp_path / "well")
    wait_for(lambda: prometheus.query('samvad_stage_results_total{status="success"} > 0') == {("asr", "success"): 1})
    wait_for(lambda: prometheus.firing() == set())
    assert prometheus.query("samvad_film_seconds_total") == {(): 60}
    assert prometheus.query("histogram_quantile(0.5, samvad_stage_realtime_ratio_bucket) > 0")["asr",] == pytest.approx(
        1.5, rel=0.5
    )

    ill = event_shelf.Run(tmp_path / "ill" / "1", "film", now - timedelta(hours=30))
    ill.add("job_received")
    for category in ("out_of_memory", "disk", "killed"):
        ill.moment = now - timedelta(minutes=40)
        ill.fail("asr", 0.5, category, "Error", "why")
    ill.write()
    shutil.copytree(tmp_path / "well", tmp_path / "ill", dirs_exist_ok=True, ignore=shutil.ignore_patterns("1"))
    show(tmp_path / "ill")
    expected = {"SamvadRunSilent", "SamvadOutOfMemory", "SamvadDiskFull", "SamvadStageKilled", "SamvadNoSuccess"}
    wait_for(lambda: prometheus.firing() >= expected)
    assert prometheus.firing() <= expected | {"SamvadStageFails"}
    assert prometheus.query("samvad_stage_failures_total > 0") == {
        ("disk", "asr"): 1,
        ("killed", "asr"): 1,
        ("out_of_memory", "asr"): 1,
    }

    prometheus.page = prometheus.page.replace(
        b"samvad_export_timestamp_seconds 1", b"samvad_export_timestamp_seconds 0"
    )
    wait_for(lambda: "SamvadMetricsStale" in prometheus.firing())


def test_every_expression_of_an_alert_is_read_by_prometheus(prometheus):
    for rule in ALERTS.values():
        prometheus.query(rule["expr"])
