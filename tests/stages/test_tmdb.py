"""Stage 02 as it is run, against a small real server on this machine."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import support
from samvad.film import metadata

KEY = "0123456789abcdefsecretkey"

FILM = {
    "id": 14467,
    "title": "Jaane Tu... Ya Jaane Na",
    "original_title": "जाने तू या जाने ना",
    "release_date": "2008-07-04",
    "runtime": 155,
    "popularity": 12.5,
    "credits": {"cast": [{"name": "Imran Khan", "character": "Jai Singh Rathore", "order": 0}]},
    "alternative_titles": {"titles": [{"iso_3166_1": "IN", "title": "JTYJN", "type": ""}]},
    "translations": {"translations": [{"iso_639_1": "hi", "data": {"title": "जाने तू या जाने ना"}}]},
}
#: So that tests do not wait: the pauses are the policy's, only shorter.
NETWORK = {"timeout_seconds": 1, "attempts": 2, "first_pause_seconds": 0.05, "requests_per_second": 40}


@dataclass
class Tmdb:
    """A server that answers as TMDB does, after as many failures as it is told."""

    url: str = ""
    failures: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)
    film: dict[str, Any] = field(default_factory=lambda: dict(FILM))
    knows: tuple[str, ...] = ("Jaane", "जाने")


@pytest.fixture
def tmdb() -> Iterator[Tmdb]:
    state = Tmdb()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.bearers.append(self.headers.get("Authorization", ""))
            failure = state.failures.pop(0) if state.failures else None
            if isinstance(failure, int):
                self.send_response(failure)
                self.end_headers()
                self.wfile.write(self.path.encode())  # a server may echo the address, key and all
                return
            if callable(failure):
                failure(self)
                return
            if isinstance(failure, bytes):
                self.wfile.write(failure)
                return
            parts = urlsplit(self.path)
            if parts.path == "/3/search/movie":
                wanted = parse_qs(parts.query)["query"][0]
                results = [state.film] if any(word in wanted for word in state.knows) else []
                body = json.dumps({"results": results})
            else:
                assert parts.path == f"/3/movie/{FILM['id']}"
                body = json.dumps(state.film)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield state
        server.shutdown()


def fetch(
    job: Path,
    *options: str,
    key: str = KEY,
    url: str = "",
    title: str = "Jaane Tu Ya Jaane Na",
    network: dict[str, float] | None = None,
) -> subprocess.CompletedProcess[str]:
    return support.run_script(
        "tmdb", "--job-folder", job, "--film", "jaane", f"--title={title}", "--language", "en-US",
        "--max-cast", "30", "--verbose", *options,
        env={
            "TMDB_API_KEY": key, "SAMVAD_TMDB_URL": url, "NO_PROXY": "127.0.0.1,localhost",
            "SAMVAD_NETWORK": json.dumps({**NETWORK, **(network or {})}),
            **support.new_cache(job.parents[4]),
        },
    )  # fmt: skip


def metrics(job: Path) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "tmdb")["metrics"]}


def cached_answers(job: Path) -> list[Path]:
    return sorted((job.parents[4] / "cache" / "tmdb").glob("*.json"))


def everything_left(job: Path, done: subprocess.CompletedProcess[str]) -> str:
    texts = [path.read_text("utf-8") for path in job.rglob("*") if path.is_file()]
    assert len(texts) > 4
    return "\n".join([*texts, done.stdout, done.stderr])


def test_the_film_is_found_and_its_cast_written(tmp_path: Path, tmdb: Tmdb) -> None:
    job = support.make_job(tmp_path)
    done = fetch(job, "--year", "2008", url=tmdb.url)
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "tmdb")
    assert (manifest["status"], manifest["warnings"]) == ("success", [])
    written = json.loads((job / "02_tmdb" / "film_metadata.json").read_text("utf-8"))
    assert written["cast"] == [{"name": "Imran Khan", "character": "Jai Singh Rathore"}]
    assert (written["alternative_titles"], written["translations"]) == (["JTYJN"], {"hi": "जाने तू या जाने ना"})
    assert written["candidates"][0] | {"score": 0} == {
        "tmdb_id": 14467, "title": "Jaane Tu... Ya Jaane Na", "year": 2008, "score": 0,
    }  # fmt: skip
    assert written["candidates"][0]["score"] > 0.9
    assert written["attribution"].startswith("This product uses the TMDB API but is not endorsed")
    assert (written["source"], written["tmdb_id"], written["year"]) == ("tmdb", 14467, 2008)
    assert [urlsplit(path).path for path in tmdb.asked] == ["/3/search/movie", "/3/movie/14467"]
    assert "language=en-US" in tmdb.asked[1]
    assert KEY in tmdb.asked[0]
    assert KEY not in everything_left(job, done)


def test_a_read_access_token_goes_into_the_header(tmp_path: Path, tmdb: Tmdb) -> None:
    job = support.make_job(tmp_path)
    assert fetch(job, key="eyJhbGci.eyJhdWQi.c2ln", url=tmdb.url).returncode == 0
    assert support.manifest_of(job, "tmdb")["status"] == "success"
    assert tmdb.bearers[0] == "Bearer eyJhbGci.eyJhdWQi.c2ln"
    assert "eyJ" not in tmdb.asked[0]


def test_a_failure_that_may_pass_is_tried_again(tmp_path: Path, tmdb: Tmdb) -> None:
    tmdb.failures = [503]
    job = support.make_job(tmp_path)
    assert fetch(job, url=tmdb.url).returncode == 0
    assert support.manifest_of(job, "tmdb")["status"] == "success"
    assert len(tmdb.asked) == 3


@pytest.mark.parametrize(
    ("failures", "requests", "reason"),
    [
        ([401], 1, "refused the key"),
        ([404], 1, "status 404"),
        ([500, 500], 2, "status 500"),
        ([429, 429], 2, "status 429"),
        ([b"HTTP/1.1 200 OK\r\n\r\n<html>log in here</html>"], 1, "not JSON"),
        ([b"HTTP/1.1 200 OK\r\n\r\n[1, 2]"], 1, "no list of results"),
        ([b"HTTP/1.1 200 OK\r\n: broken header\r\n\r\n{"], 1, "not JSON"),
        ([b"nonsense\r\n\r\n", b""], 2, "cannot be reached"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b""], 2, "cannot be reached"),
    ],
)
def test_a_service_in_trouble_skips_the_stage_and_shows_no_key(
    tmp_path: Path, tmdb: Tmdb, failures: list[Any], requests: int, reason: str
) -> None:
    tmdb.failures = failures
    job = support.make_job(tmp_path)
    done = fetch(job, url=tmdb.url)
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "tmdb")
    assert (manifest["status"], manifest["outputs"]) == ("skipped", [])
    assert reason in manifest["warnings"][0]["message"]
    assert len(tmdb.asked) == requests
    assert KEY not in everything_left(job, done)


def test_a_dead_service_skips_the_stage_and_shows_no_key(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    job = support.make_job(tmp_path)
    done = fetch(job, url=url)
    assert done.returncode == 0, done.stderr
    assert "cannot be reached" in support.manifest_of(job, "tmdb")["warnings"][0]["message"]
    assert KEY not in everything_left(job, done)


def test_a_silent_service_is_not_waited_for_longer_than_allowed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        job = support.make_job(tmp_path)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = fetch(job, url=url, network={"timeout_seconds": 0.3})
    manifest = support.manifest_of(job, "tmdb")
    assert "did not answer within 0.3 s" in manifest["warnings"][0]["message"]
    assert manifest["duration_seconds"] < 10
    assert KEY not in everything_left(job, done)


def test_an_unknown_name_and_https_where_there_is_none_show_no_key(tmp_path: Path, tmdb: Tmdb) -> None:
    for number, url in enumerate(("http://no-such-host.invalid", "http://a..b", tmdb.url.replace("http:", "https:"))):
        job = support.make_job(tmp_path, f"2025/01/01/tester/{number + 1}")
        done = fetch(job, url=url)
        assert support.manifest_of(job, "tmdb")["status"] == "skipped"
        assert KEY not in everything_left(job, done)


@pytest.mark.parametrize("key", ["", "  ", "ключ", "two words"])
def test_without_a_usable_key_nothing_is_asked(tmp_path: Path, tmdb: Tmdb, key: str) -> None:
    job = support.make_job(tmp_path)
    done = fetch(job, key=key, url=tmdb.url)
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "tmdb")
    assert manifest["status"] == "skipped"
    assert "TMDB_API_KEY" in manifest["warnings"][0]["message"]
    assert tmdb.asked == []


def test_a_film_that_tmdb_does_not_know_skips_the_stage(tmp_path: Path, tmdb: Tmdb) -> None:
    job = support.make_job(tmp_path)
    assert fetch(job, "--year", "2008", url=tmdb.url, title='-गरम "हवा" & $HOME?').returncode == 0
    manifest = support.manifest_of(job, "tmdb")
    assert manifest["status"] == "skipped"
    assert "knows no film" in manifest["warnings"][0]["message"]


def test_an_answer_of_the_wrong_shape_skips_the_stage(tmp_path: Path, tmdb: Tmdb) -> None:
    tmdb.film["credits"] = {"cast": "everybody"}
    job = support.make_job(tmp_path)
    assert fetch(job, url=tmdb.url).returncode == 0
    assert "credits.cast" in support.manifest_of(job, "tmdb")["warnings"][0]["message"]


def test_how_long_the_film_lasts_at_tmdb_is_kept_for_those_who_know_how_long_this_one_is(
    tmp_path: Path, tmdb: Tmdb
) -> None:
    job = support.make_job(tmp_path)
    assert fetch(job, url=tmdb.url).returncode == 0
    assert metadata.read(job / "02_tmdb" / "film_metadata.json").runtime_minutes == 155


def test_a_file_takes_the_place_of_tmdb_and_needs_no_key(tmp_path: Path, tmdb: Tmdb) -> None:
    (tmp_path / "film.json").write_text(json.dumps(FILM), encoding="utf-8")
    job = support.make_job(tmp_path)
    done = fetch(job, "--file", str(tmp_path / "film.json"), key="", url=tmdb.url)
    assert done.returncode == 0, done.stderr
    assert json.loads((job / "02_tmdb" / "film_metadata.json").read_text("utf-8"))["source"] == "file"
    assert "film_metadata_file" in [item["type"] for item in support.manifest_of(job, "tmdb")["inputs"]]
    assert tmdb.asked == []


def test_a_wrong_file_fails_the_stage_with_its_name_and_key(tmp_path: Path) -> None:
    (tmp_path / "film.json").write_text('{"title": "T", "year": "MMVIII"}', encoding="utf-8")
    job = support.make_job(tmp_path)
    assert fetch(job, "--file", str(tmp_path / "film.json")).returncode == 2
    message = support.failed_manifest(job, "tmdb")["errors"][0]["message"]
    assert "film.json" in message
    assert "'year'" in message


def test_a_body_that_comes_drop_by_drop_is_not_waited_for(tmp_path: Path, tmdb: Tmdb) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(600):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.1)

    tmdb.failures = [drip, drip]
    job = support.make_job(tmp_path)
    assert fetch(job, url=tmdb.url, network={"timeout_seconds": 0.3}).returncode == 0
    manifest = support.manifest_of(job, "tmdb")
    assert "sent its answer too slowly" in manifest["warnings"][0]["message"]
    assert manifest["duration_seconds"] < 30, "a minute, were it waited for to its end"


def test_a_redirect_is_not_followed_with_the_key(tmp_path: Path, tmdb: Tmdb) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"{tmdb.url}/3/elsewhere?api_key={KEY}")
        handler.end_headers()

    tmdb.failures = [elsewhere]
    job = support.make_job(tmp_path)
    done = fetch(job, url=tmdb.url)
    assert "status 302" in support.manifest_of(job, "tmdb")["warnings"][0]["message"]
    assert len(tmdb.asked) == 1
    assert KEY not in everything_left(job, done)


def test_a_service_that_asks_for_a_pause_gets_it(tmp_path: Path, tmdb: Tmdb) -> None:
    times: list[float] = []

    def later(handler: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        handler.send_response(429)
        handler.send_header("Retry-After", "1")
        handler.end_headers()

    tmdb.failures = [later, lambda handler: (times.append(time.monotonic()), handler.send_error(404))]
    assert fetch(support.make_job(tmp_path), url=tmdb.url).returncode == 0
    assert times[1] - times[0] >= 1.0


def test_pauses_double_from_try_to_try(tmp_path: Path, tmdb: Tmdb) -> None:
    times: list[float] = []

    def fail(handler: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        handler.send_error(503)

    tmdb.failures = [fail, fail, fail, fail]
    network = {"attempts": 3, "first_pause_seconds": 0.4}
    assert fetch(support.make_job(tmp_path), url=tmdb.url, network=network).returncode == 0
    assert len(times) == 3
    assert times[1] - times[0] >= 0.4
    assert times[2] - times[1] >= 0.8


def test_an_answer_is_used_again_until_it_is_too_old(tmp_path: Path, tmdb: Tmdb) -> None:
    first, second, third = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2, 3))
    assert fetch(first, url=tmdb.url).returncode == 0
    asked = len(tmdb.asked)
    assert fetch(second, url=tmdb.url).returncode == 0
    assert len(tmdb.asked) == asked == 2
    assert metrics(second)["tmdb_from_cache"] == 2
    kept = [json.loads((job / "02_tmdb" / "film_metadata.json").read_text("utf-8")) for job in (first, second)]
    assert kept[0] == kept[1]
    assert KEY not in "".join(path.read_text("utf-8") for path in cached_answers(second))
    assert fetch(third, url=tmdb.url, network={"cache_days": 0}).returncode == 0
    assert len(tmdb.asked) == 4


def test_an_old_answer_is_better_than_none_when_the_service_is_down(tmp_path: Path, tmdb: Tmdb) -> None:
    first, second, third = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2, 3))
    assert fetch(first, url=tmdb.url).returncode == 0
    for path in cached_answers(first):
        value = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**value, "fetched": time.time() - 12 * 86_400}), "utf-8")
    tmdb.failures = [500] * 4
    assert fetch(second, url=tmdb.url).returncode == 0
    manifest = support.manifest_of(second, "tmdb")
    assert manifest["status"] == "success"
    assert "status 500" in manifest["warnings"][0]["message"]
    assert "12 days ago" in manifest["warnings"][0]["message"]
    for path in cached_answers(first):
        value = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**value, "fetched": time.time() - 200 * 86_400}), "utf-8")
    tmdb.failures = [500] * 4
    assert fetch(third, url=tmdb.url).returncode == 0
    assert support.manifest_of(third, "tmdb")["status"] == "skipped"


def test_a_damaged_answer_in_the_cache_is_asked_for_again(tmp_path: Path, tmdb: Tmdb) -> None:
    first, second = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    assert fetch(first, url=tmdb.url).returncode == 0
    for path in cached_answers(first):
        path.write_bytes(path.read_bytes()[:20])
    assert fetch(second, url=tmdb.url).returncode == 0
    assert support.manifest_of(second, "tmdb")["status"] == "success"
    assert len(tmdb.asked) == 4


def test_a_service_that_fails_and_fails_is_left_alone_by_later_films(tmp_path: Path, tmdb: Tmdb) -> None:
    jobs = [support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in range(1, 5)]
    network = {"attempts": 3, "breaker_failures": 5, "breaker_seconds": 600, "first_pause_seconds": 0.01}
    tmdb.failures = [503] * 20
    for job in jobs[:3]:
        assert fetch(job, url=tmdb.url, network=network).returncode == 0
    assert len(tmdb.asked) == 5
    message = support.manifest_of(jobs[2], "tmdb")["warnings"][0]["message"]
    assert "failed 5 times in a row and is left alone" in message
    tmdb.failures = []
    time.sleep(1.0)
    assert fetch(jobs[3], url=tmdb.url, network={**network, "breaker_seconds": 1}).returncode == 0
    assert support.manifest_of(jobs[3], "tmdb")["status"] == "success"


def test_a_title_in_devanagari_is_also_looked_for_in_latin_letters(tmp_path: Path, tmdb: Tmdb) -> None:
    tmdb.knows = ("jaane",)
    tmdb.film["original_title"] = tmdb.film["title"]
    job = support.make_job(tmp_path)
    assert fetch(job, "--year", "2008", url=tmdb.url, title="जाने तू या जाने ना").returncode == 0
    manifest = support.manifest_of(job, "tmdb")
    assert manifest["status"] == "success", manifest["warnings"]
    assert "TMDB writes the title" in manifest["warnings"][0]["message"]


def test_a_pinned_film_is_not_searched_for(tmp_path: Path, tmdb: Tmdb) -> None:
    job = support.make_job(tmp_path)
    assert fetch(job, "--tmdb-id", str(FILM["id"]), url=tmdb.url, title="Quite another title").returncode == 0
    assert [urlsplit(path).path for path in tmdb.asked] == ["/3/movie/14467"]
    assert support.manifest_of(job, "tmdb")["status"] == "success"
