"""Patience, the circuit breaker and the polite rate, shared by processes."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from samvad.core import files, variables
from samvad.core.errors import ConfigurationError, ModelError, NetworkError
from samvad.models import http, patience, weights
from samvad.models.http import TransientError, call
from samvad.models.patience import CircuitOpenError, Policy
from samvad.settings import configuration
from samvad.stages.tmdb import client
from support import ROOT

QUICK = Policy(first_pause_seconds=0.01, requests_per_second=40, breaker_seconds=60)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.delenv(variables.NETWORK, raising=False)
    return tmp_path


def failing(times: int, asked: list[float]) -> Callable[[], str]:
    def ask() -> str:
        asked.append(time.monotonic())
        if len(asked) <= times:
            raise TransientError("answered with status 503")
        return "answer"

    return ask


def test_what_may_pass_is_tried_again_with_pauses_that_double() -> None:
    asked: list[float] = []
    rules = replace(QUICK, first_pause_seconds=0.1, requests_per_second=1000)
    assert call("e", "It", failing(2, asked), rules) == "answer"
    assert asked[1] - asked[0] >= 0.1
    assert asked[2] - asked[1] >= 0.2


def test_what_will_not_pass_is_tried_once_and_opens_nothing() -> None:
    asked = []

    def refuse() -> None:
        asked.append(1)
        raise NetworkError("It refused.")

    for _ in range(7):
        with pytest.raises(NetworkError, match="refused"):
            call("e", "It", refuse, QUICK)
    assert len(asked) == 7


def test_after_all_tries_the_last_reason_is_told() -> None:
    with pytest.raises(NetworkError, match=r"It answered with status 503 \(3 attempts\)"):
        call("e", "It", failing(9, []), QUICK)


def test_five_failures_in_a_row_open_the_breaker_of_that_endpoint_alone() -> None:
    asked: list[float] = []
    ask = failing(99, asked)
    for _ in range(2):
        with pytest.raises(NetworkError):
            call("e", "It", ask, QUICK)
    with pytest.raises(CircuitOpenError, match="failed 5 times in a row and is left alone for"):
        call("e", "It", ask, QUICK)
    assert len(asked) == 5
    assert call("other", "It", lambda: "answer", QUICK) == "answer"


def test_a_success_starts_the_count_anew() -> None:
    for _ in range(4):
        with pytest.raises(NetworkError):
            call("e", "It", failing(9, []), replace(QUICK, attempts=1))
        assert call("e", "It", lambda: "answer", QUICK) == "answer"


def open_breaker(endpoint: str) -> None:
    with pytest.raises(NetworkError):
        call(endpoint, "It", failing(99, []), replace(QUICK, attempts=5))


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that lets so many seconds go by on the clock of the breaker, and on no other."""
    waited, now = [0.0], time.time
    monkeypatch.setattr(patience, "time", SimpleNamespace(**vars(time) | {"time": lambda: now() + sum(waited)}))
    return waited.append


def test_after_its_time_one_try_is_let_through_and_closes_or_opens_it(wait: Callable[[float], None]) -> None:
    open_breaker("e")
    short = replace(QUICK, breaker_seconds=100, attempts=1)
    with pytest.raises(CircuitOpenError):
        call("e", "It", lambda: "answer", short)
    wait(105)
    asked: list[float] = []
    with pytest.raises(NetworkError, match="status 503"):
        call("e", "It", failing(99, asked), short)
    with pytest.raises(CircuitOpenError):
        call("e", "It", failing(99, asked), short)
    assert len(asked) == 1
    wait(105)
    assert call("e", "It", lambda: "answer", short) == "answer"
    assert call("e", "It", lambda: "answer", short) == "answer"


def test_while_one_process_tries_the_others_wait_and_a_killed_one_does_not_block_them_for_ever(
    wait: Callable[[float], None],
) -> None:
    open_breaker("e")
    short = replace(QUICK, breaker_seconds=100)
    wait(105)
    trying = patience.Breaker("e", short)
    trying.check("It")
    with pytest.raises(CircuitOpenError, match="while another process tries"):
        patience.Breaker("e", short).check("It")
    wait(105)  # that process was killed
    patience.Breaker("e", short).check("It")


CHILD = """
import sys
sys.path.insert(0, "scripts")
from samvad.models import http, patience
from samvad.core.errors import NetworkError
def ask():
    print("asked", flush=True)
    raise http.TransientError("cannot be reached")
rules = patience.Policy(attempts=1, first_pause_seconds=0, requests_per_second=40)
for _ in range(int(sys.argv[1])):
    try:
        http.call("shared", "It", ask, rules)
    except NetworkError as error:
        print(type(error).__name__, flush=True)
"""


def test_processes_share_the_breaker_and_it_outlives_them(cache: Path) -> None:
    command = [sys.executable, "-c", CHILD]
    running = [subprocess.Popen([*command, "1"], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    said = [process.communicate()[0] for process in running]
    assert "".join(said).count("asked") == 5
    after = subprocess.run([*command, "3"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert after.split() == ["CircuitOpenError"] * 3


def test_no_more_calls_than_the_rate_allows() -> None:
    began = time.monotonic()
    for _ in range(5):
        call("e", "It", lambda: "answer", replace(QUICK, requests_per_second=10))
    assert time.monotonic() - began >= 0.3
    assert len(list((files.cache_folder() / "network" / "e" / "rate-10").iterdir())) == 5


def test_a_cache_folder_that_cannot_be_written_stops_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "file" / "below"))
    assert call("e", "It", failing(1, []), QUICK) == "answer"


def test_a_longer_pause_than_anybody_waits_is_told() -> None:
    def ask() -> None:
        raise TransientError("answered with status 429", retry_after_seconds=3600)

    with pytest.raises(NetworkError, match="asks to wait 3600 s"):
        call("e", "It", ask, QUICK)


def test_an_endpoints_name_is_no_path(cache: Path) -> None:
    open_breaker("../../up $HOME")
    assert [path.parent for path in (cache / "network").iterdir()] == [cache / "network"]


def test_the_policy_comes_from_the_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert patience.policy() == Policy()
    monkeypatch.setenv(variables.NETWORK, Policy(attempts=7).as_json())
    assert patience.policy().attempts == 7
    for text in ("nonsense", "[1]", json.dumps({"attempts": "many"}), json.dumps({"trials": 3})):
        monkeypatch.setenv(variables.NETWORK, text)
        with pytest.raises(ConfigurationError, match="SAMVAD_NETWORK"):
            patience.policy()


def test_the_defaults_are_those_of_the_configuration() -> None:
    import yaml

    written = yaml.safe_load((ROOT / "config" / "config.yaml").read_text("utf-8"))["network"]
    assert Policy(**written) == Policy()


def test_whole_numbers_may_be_written_with_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (variables.NETWORK, variables.SCRATCH, variables.WAIT_SECONDS, variables.SILENCE_SECONDS):
        monkeypatch.setenv(name, "")
    config = configuration.project()
    config["network"] |= {"attempts": 3.0, "breaker_failures": 2.0}
    configuration.check(config)
    configuration.tell_stages(config, None)
    assert repr((patience.policy().attempts, patience.policy().breaker_failures)) == "(3, 2)"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[int], list[str]]]:
    """A hub of models on this machine that answers with the statuses it is told."""
    statuses: list[int] = []
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(statuses.pop(0) if statuses else 503)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv(variables.NETWORK, QUICK.as_json())
        yield statuses, asked
        server.shutdown()


def test_the_model_hub_is_called_by_the_same_rules(hub: tuple[list[int], list[str]]) -> None:
    statuses, asked = hub

    def fetch() -> Path:
        return weights.hub_snapshot("owner/name", "0" * 40, ["config.json"], ("model.bin",))

    statuses += [503, 404]
    with pytest.raises(ModelError, match="answers 404 for owner/name"):
        fetch()
    assert asked == [f"/owner/name/resolve/{'0' * 40}/config.json"] * 2
    for _ in range(3):
        with pytest.raises(NetworkError, match=r"not in the cache, and the hub .* cannot be reached"):
            fetch()
    assert len(asked) == 2 + 5  # then it is left alone


def drips(connection: socket.socket) -> None:
    """A header that never ends, a letter at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def continues(connection: socket.socket) -> None:
    """For ever the word to go on."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def many_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000_000):
        connection.sendall(b"X-%d: %s\r\n" % (number, b"y" * 100))


@pytest.fixture
def strange_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Start a server that answers every connection with a function; return its address."""
    servers = []

    def start(answer: Callable[[socket.socket], None]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=speak, args=(connection,), daemon=True).start()

        def speak(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.recv(1000)
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("answer", [drips, continues, many_headers])
def test_a_server_that_never_ends_its_headers_is_not_waited_for(
    strange_server: Callable[[Callable[[socket.socket], None]], str],
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[socket.socket], None],
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    address = strange_server(answer)
    rules = patience.Policy(timeout_seconds=0.3, attempts=2, first_pause_seconds=0.01)
    began = time.monotonic()
    with pytest.raises(NetworkError):
        http.probe(f"strange-{answer.__name__}", "The hub", address, rules)
    service = client.Service(key="0123456789", url=address, rules=rules)
    with pytest.raises(NetworkError):
        service.ask("search/movie", query=answer.__name__)
    assert time.monotonic() - began < 60
