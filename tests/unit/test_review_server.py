"""The server of the page: closed to all but its own pages, and what it answers to these."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import support
from samvad.commands import review as command
from samvad.core.errors import ConfigurationError
from samvad.review import access, reports, server
from samvad.review.shelf import Shelf
from samvad.review.state import State

HOST, ORIGIN, SECRET = "127.0.0.1:8420", "http://127.0.0.1:8420", "s" * 43
FILM = "2025~01~01~tester~1"
OWN = {"X-Samvad": "1", "Origin": ORIGIN}


def client_of(root: Path, tmp_path: Path) -> tuple[TestClient, State]:
    settings: dict[str, Any] = {"output_root": str(root), "films": str(tmp_path / "films.tsv")}
    state = State(Shelf(settings), "me")
    gate = access.Gate(server.app(state), SECRET, {HOST}, {ORIGIN}, "samvad_8420", secure=False)
    return TestClient(gate, base_url=ORIGIN), state


@pytest.fixture
def client(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    with client_of(tmp_path / "out", tmp_path)[0] as made:
        made.cookies.set("samvad_8420", SECRET)
        yield made


def post(client: TestClient, path: str, value: object, **headers: str) -> Any:
    return client.post(path, json=value, headers={**OWN, **headers})


def test_without_the_token_nothing_is_answered_and_with_it_a_cookie_that_only_this_site_sends(
    client: TestClient,
) -> None:
    client.cookies.clear()
    for path in ("/", f"/film/{FILM}", "/api/films", f"/api/films/{FILM}/media", "/static/film.js", "/?token=wrong"):
        assert client.get(path, follow_redirects=False).status_code == 403, path
    answer = client.get(f"/film/{FILM}?token={SECRET}&x=1", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == f"./{FILM}?x=1"
    kept = answer.headers["set-cookie"].lower()
    assert "httponly" in kept and "samesite=strict" in kept and "path=/" in kept
    assert client.get("/api/films").status_code == 200
    away = client.get(f"//evil.example/?token={SECRET}", follow_redirects=False)
    assert away.headers.get("location", "./") == "./"
    for odd in ("/film/a%0d%0aSet-Cookie:x", "/film/http:%2f%2fevil.example", "/%5c%5cevil.example"):
        location = client.get(f"{odd}?token={SECRET}", follow_redirects=False).headers.get("location", "./")
        assert location.startswith("./") and not {":", "\\", "\r", "\n"} & set(location)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:8420"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8421"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_another_name_or_another_page_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/films", headers=headers).status_code == 403
    asked = {"edits": [{"op": "delete", "lane": "en", "cue": "en-1"}]}
    assert post(client, f"/api/films/{FILM}/edits", asked, **headers).status_code == 403


@pytest.mark.parametrize("missing", ["X-Samvad", "Origin", "Content-Type"])
def test_a_form_of_another_page_changes_nothing(client: TestClient, missing: str) -> None:
    headers = {**OWN, "Content-Type": "application/json"}
    headers["Content-Type" if missing == "Content-Type" else missing] = "text/plain"
    if missing != "Content-Type":
        del headers[missing]
    asked = json.dumps({"edits": [{"op": "delete", "lane": "en", "cue": "en-1"}]})
    assert client.post(f"/api/films/{FILM}/edits", content=asked, headers=headers).status_code in (403, 415)
    assert client.get(f"/api/films/{FILM}").json()["revision"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fserver.py",
        "/static/%2e%2e",
        "/static/..%5cserver.py",
        "/static/film.js%00.css",
        "/film/.x",
        "/api/films/..~..~..~..~etc",
        "/api/films/2025~01~01~..~1",
        "/api/films/2025~01~01~tester~1%2f..%2f2",
        "/api/films/2025~01~01~nobody~9",
        "/api/films/%2fetc%2fpasswd/media",
    ],
)
def test_no_path_leads_out_of_pages_and_jobs(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_a_job_that_is_a_link_out_of_the_jobs_is_none(client: TestClient, job: Path, tmp_path: Path) -> None:
    shutil.copytree(job, tmp_path / "elsewhere" / "1")
    (job.parent / "2").symlink_to(tmp_path / "elsewhere" / "1")
    assert client.get("/api/films/2025~01~01~tester~2").status_code == 400


def test_every_answer_has_a_strict_policy(client: TestClient) -> None:
    for path in ("/", f"/film/{FILM}", "/api/films", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_edits_of_two_windows_conflict_and_are_told_to_both(client: TestClient) -> None:
    def send(text: str, window: str, base: int, **more: Any) -> Any:
        edits = [{"op": "set_text", "lane": "en", "cue": "en-1", "text": text}]
        return post(client, f"/api/films/{FILM}/edits", {"edits": edits, "client": window, "base": base, **more})

    made = send("Mine", "one", 0, label="typing").json()
    assert made["revision"] == 2 and made["cues"]["en"][0]["text"] == "Mine" and made["log"]["label"] == "typing"
    refused = send("Hers", "two", 0)
    assert refused.status_code == 409
    assert refused.json()["conflicts"][0]["theirs"]["cue"]["text"] == "Mine"
    assert send("Hers", "two", 2).status_code == 200
    history = client.get(f"/api/films/{FILM}/history").json()
    assert [item["kind"] for item in history] == ["edit", "edit", "base"] and history[1]["touches"] == ["en-1"]
    was = client.get(f"/api/films/{FILM}/at/2").json()["lanes"]["en"]
    assert was[0]["text"] == "Mine"
    wrong = post(client, f"/api/films/{FILM}/edits", {"edits": [{"op": "x"}]})
    assert wrong.status_code == 400 and "There is no edit" in wrong.json()["error"]


def test_the_name_in_the_history_is_the_one_that_the_person_gave(client: TestClient) -> None:
    assert post(client, "/api/you", {"name": "आशा"}).json() == {"you": "आशा"}
    edits = [{"op": "delete", "lane": "en", "cue": "en-1"}]
    assert post(client, f"/api/films/{FILM}/edits", {"edits": edits}).json()["by"] == "आशा"


def test_the_check_is_that_of_samvad_check(client: TestClient) -> None:
    cues = [
        {"start": 1000, "end": 1200, "text": "A line that nobody can read in so short a time, and that is too long"}
    ]
    flags = post(client, "/api/check", {"film": FILM, "lane": "en", "cues": cues}).json()["flags"][0]
    assert {"shortest", "reading speed", "line length"} <= {flag[0] for flag in flags}


def test_peaks_and_spectra_show_the_tone_and_the_silence(client: TestClient) -> None:
    """The sound is a second of 1 kHz, a second of silence, and so on; at each zoom."""
    for to, px in ((60_000, 60), (2000, 512), (4000, 4000), (100, 400)):
        answer = client.get(f"/api/films/{FILM}/peaks?from=0&to={to}&px={px}")
        found = np.frombuffer(answer.content, dtype=np.int8).reshape(-1, 2)
        assert found.shape == (px, 2) and "max-age" in answer.headers["cache-control"]
        middles = (np.arange(px) + 0.5) * to / px
        loud = (middles // 1000).astype(int) % 2 == 0
        edge = np.minimum(middles % 1000, 1000 - middles % 1000) < 2 * max(16, to / px)
        if px < 400 or to > 1000:
            assert (found[loud & ~edge, 1] > 60).all() and (found[~loud & ~edge] == 0).all(), (to, px)
    beyond = np.frombuffer(client.get(f"/api/films/{FILM}/peaks?from=-2000&to=62000&px=64").content, dtype=np.int8)
    assert not beyond.reshape(-1, 2)[[0, 1, 62, 63]].any()
    rows = np.frombuffer(
        client.get(f"/api/films/{FILM}/spectrogram?from=0&to=2000&px=20&height=64").content, dtype=np.uint8
    ).reshape(64, 20)
    assert abs(int(np.argmax(rows[:, 4])) - (63 - 8)) <= 1, "1 of 8 kHz"
    assert rows[:, 15].max() == 0
    for wrong in ("from=5&to=1&px=9", "from=0&to=10&px=0", "from=0&to=10&px=99999", "from=x&to=1&px=1", "to=1"):
        assert client.get(f"/api/films/{FILM}/peaks?{wrong}").status_code == 400


def test_a_word_is_found_in_all_films_of_the_shelf(client: TestClient, job: Path) -> None:
    shutil.copytree(job, job.parent / "2")
    asked = {"kind": "replace", "find": "home", "with": "away", "lane": "en"}
    made = post(client, "/api/proposals", asked).json()
    while made["state"] == "running":
        made = client.get(f"/api/proposals/{made['id']}").json()
    assert {item["film"] for item in made["items"]} == {FILM, FILM[:-1] + "2"} and len(made["items"]) == 18
    assert post(client, "/api/proposals", {"kind": "recognise"}).status_code == 400


def test_a_film_that_is_not_there_is_said_and_the_shelf_has_the_others(client: TestClient) -> None:
    answer = client.get(f"/api/films/{FILM}/media")
    assert answer.status_code == 404 and "not where its record says" in answer.json()["error"]
    films = client.get("/api/films").json()["films"]
    assert [film["id"] for film in films] == [FILM] and films[0]["page"]
    refused = post(client, f"/api/films/{FILM}/run", {"what": "finish"})
    assert refused.status_code == 400 and "no row in the film sheet" in refused.json()["error"]


def test_the_token_outlives_a_crash_and_nobody_else_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = access.token()
    assert access.token() == first and len(first) > 40
    place = tmp_path / "samvad" / "review.token"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o644)
    assert access.token() != first, "somebody may have read it"


@pytest.mark.parametrize(
    "words",
    [
        ["--host", "0.0.0.0"],
        ["--host", "192.168.1.2"],
        ["--host", "example.org"],
        ["--port", "99999"],
        ["--behind", "http://films.example"],
        ["--person-header", "X-User"],
    ],
    ids=str,
)
def test_what_would_open_it_to_others_is_refused(words: list[str]) -> None:
    with pytest.raises(ConfigurationError):
        command.main([*words, "--no-browser"])


def serve(job: Path, tmp_path: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    """Start the command; return its process, and the address that it prints."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "SAMVAD_CACHE": str(tmp_path / "cache")}
    environment |= {"PYTHONPATH": str(support.ROOT / "scripts")}
    words = [sys.executable, "-P", "-m", "samvad.commands", "review", str(job), "--no-browser", "--port", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def ask(address: str, path: str, cookie: str, value: object = None) -> Any:
    origin = address.partition("/film")[0]
    headers = {"Cookie": cookie, "Origin": origin, "X-Samvad": "1", "Content-Type": "application/json"}
    data = None if value is None else json.dumps(value).encode()
    return urllib.request.urlopen(urllib.request.Request(origin + path, data, headers), timeout=30)


def test_the_command_tells_other_windows_and_loses_nothing_to_kill_9(job: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (job / "manifest.json").write_text("{}", encoding="utf-8")  # what tells a job from another folder
    process, address = serve(job, tmp_path, port)
    cookie = f"samvad_{port}={address.partition('token=')[2]}"
    edits = [{"op": "set_text", "lane": "en", "cue": "en-1", "text": "Saved"}]
    try:
        with ask(address, f"/api/films/{FILM}/events", cookie) as events:
            assert b"retry" in events.readline()
            with ask(address, f"/api/films/{FILM}/edits", cookie, {"edits": edits, "key": "k", "client": "w"}) as done:
                assert json.load(done)["revision"] == 2
            told = next(line for line in events if line.startswith(b'data: {"revision":2'))
            assert json.loads(told[6:])["cues"]["en"][0]["text"] == "Saved"
    finally:
        process.kill()
        process.communicate()
    process, again = serve(job, tmp_path, port)
    try:
        assert again == address, "an open page goes on"
        with ask(again, f"/api/films/{FILM}", cookie) as answer:
            lanes = json.load(answer)["lanes"]
        assert lanes[1]["cues"][0]["text"] == "Saved"
    finally:
        process.terminate()
        process.communicate(timeout=100)
    assert "Saved" in (job / "corrections" / "en.srt").read_text("utf-8"), "what is due is written at the end"


def test_a_sheet_that_is_being_edited_refuses_no_edit_and_what_was_saved_is_in_the_files_when_the_server_ends(
    job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    sheet = tmp_path / "films.tsv"
    shutil.copy(support.ROOT / "config" / "films.tsv", sheet)
    with client_of(tmp_path / "out", tmp_path)[0] as client:
        client.cookies.set("samvad_8420", SECRET)
        assert client.get(f"/api/films/{FILM}").status_code == 200
        sheet.write_text("no\theader\n", "utf-8")
        edits = [{"op": "set_text", "lane": "en", "cue": "en-1", "text": "Saved"}]
        assert post(client, f"/api/films/{FILM}/edits", {"base": 0, "client": "w", "edits": edits}).status_code == 200
        time.sleep(1.2)  # a look of the server's fails at the sheet
    assert "Saved" in (job / "corrections" / "en.srt").read_text("utf-8")


def test_cookies_of_other_servers_of_this_machine_do_not_shut_the_page_out(client: TestClient) -> None:
    client.cookies.clear()
    theirs = f'their app={{"a":1}}; b=[x,y]; samvad_8420={SECRET}'
    assert client.get("/api/films", headers={"Cookie": theirs}).status_code == 200


def test_a_report_is_shown_in_a_frame_whose_scripts_reach_nothing_of_the_page(client: TestClient, job: Path) -> None:
    for kind in ("report", "run"):
        page = client.get(f"/film/{FILM}/{kind}")
        assert page.status_code == 200 and "unsafe" not in page.headers["content-security-policy"]
    answer = client.get(f"/film/{FILM}/report/file")
    policy = answer.headers["content-security-policy"]
    assert answer.content == (job / "09_subtitle_gen" / "report.html").read_bytes()
    assert policy.startswith("sandbox allow-scripts allow-downloads;") and "allow-same-origin" not in policy
    assert "connect-src" not in policy and "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "attachment" in client.get(f"/film/{FILM}/report/file?save=1").headers["content-disposition"]
    assert client.get(f"/api/films/{FILM}/reports").json()["report"] == f"/film/{FILM}/report"
    for odd in ("anything", "..%2freport", "static"):
        assert client.get(f"/film/{FILM}/{odd}").status_code in (400, 404)
        assert client.get(f"/film/{FILM}/{odd}/file").status_code in (400, 404)


def test_runs_of_two_projects_with_the_same_job_have_reports_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(words: list[Any], **_: Any) -> SimpleNamespace:
        of, output = (str(word).split("=", 1)[1] for word in words[-2:])
        Path(output).write_text(of, "utf-8")
        return SimpleNamespace(code=0)

    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reports.subprocesses, "run", run)
    jobs = [support.make_job(tmp_path / name) for name in ("one", "other")]
    for job in jobs:
        (job / "manifest.json").write_text("{}", "utf-8")
    for _ in range(2):
        assert [reports.find(FILM, job, "run").read_text("utf-8") for job in jobs] == [str(job) for job in jobs]


def test_the_document_is_as_the_last_step_left_it_and_the_same_where_nothing_was_done(client: TestClient) -> None:
    path = f"/api/films/{FILM}"
    first, again = client.get(path), client.get(path)
    assert first.json() == again.json() and first.json()["lanes"][1]["cues"][0]["text"] != "Anew."
    edits = [{"op": "set_text", "lane": "en", "cue": "en-1", "text": "Anew."}]
    assert post(client, f"{path}/edits", {"edits": edits}).status_code == 200
    found = client.get(path).json()
    assert found["lanes"][1]["cues"][0]["text"] == "Anew." and found["revision"] == 2 and found["id"] == FILM
    need = next(one for one in found["needs"] if one["kind"] == "quarantine")
    assert post(client, f"{path}/edits", {"edits": [need["choices"][0]["edit"]]}).status_code == 200
    assert next(one for one in client.get(path).json()["needs"] if one["id"] == need["id"])["done"]


def test_the_shelf_counts_what_needs_a_person_as_the_edits_left_it(client: TestClient) -> None:
    def row() -> dict[str, Any]:
        return next(one for one in client.get("/api/films").json()["films"] if one["id"] == FILM)

    before, document = row(), client.get(f"/api/films/{FILM}").json()
    assert row() == before, "a film that was opened and not edited is as it was"
    doubtful = next(one for one in document["needs"] if one["kind"] == "translation")
    path = f"/api/films/{FILM}/edits"
    assert post(client, path, {"edits": doubtful["choices"][0]["edits"]}).status_code == 200
    assert row()["needs"] == before["needs"] - 1
    assert post(client, path, {"edits": [{"op": "undo", "entry": 2}]}).status_code == 200
    assert row()["needs"] == before["needs"]
