"""``samvad watch``: films that arrive are done when they are whole, and told of once, signed, without a secret."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import object_store
import support
from samvad.commands import watch
from samvad.core import times, variables
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest
from samvad.models import patience
from samvad.reporting import delivery
from samvad.workflow import notices

SECRET = "a-secret-of-forty-letters-that-nobody-knows"


class Hook(HTTPServer):
    """A webhook that answers as it is told, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []


class Receiver(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = support.make_job(tmp_path)
    state = SimpleNamespace(status="success", run="r_1")
    manifest = SimpleNamespace(
        input=job_manifest.Input("film.mkv", "A \n film", 1983, None),
        output=SimpleNamespace(files=(SimpleNamespace(path="10_mux/film.mkv"),)),
    )
    monkeypatch.setattr(job_manifest, "status", lambda _: state.status)
    monkeypatch.setattr(job_manifest, "reason", lambda _: "04_asr failed: the model is not there")
    monkeypatch.setattr(job_manifest, "read", lambda _: SimpleNamespace(run_id=state.run, **vars(manifest)))
    monkeypatch.setattr(
        patience, "policy", lambda: patience.Policy(first_pause_seconds=0.01, attempts=2, requests_per_second=100)
    )
    monkeypatch.setattr(watch, "STATE", state, raising=False)
    return folder


def tell(job: Path, hook: Hook, **environ: str) -> list[str]:
    address = f"http://127.0.0.1:{hook.server_port}/x"
    return list(notices.tell(job, notices.Ways(webhook=address), {notices.SECRET: SECRET, **environ}))


def test_a_webhook_gets_signed_news_once(job: Path, hook: Hook) -> None:
    assert tell(job, hook) == []
    assert tell(job, hook) == []
    ((headers, body),) = hook.got
    assert headers["X-Samvad-Signature"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    news = json.loads(body)
    assert (news["state"], news["title"], news["run"]) == ("success", "A \n film", "r_1")
    assert news["results"] == [str(job / "10_mux/film.mkv")]
    assert SECRET not in body.decode() and SECRET not in (job / notices.RECORD).read_text()


def test_a_webhook_that_fails_is_asked_again_now_and_at_the_next_look(job: Path, hook: Hook) -> None:
    hook.answers = [500, 503, 500, 200]
    (said,) = tell(job, hook)
    assert "503" in said and len(hook.got) == 2
    assert tell(job, hook) == [] and len(hook.got) == 4
    assert tell(job, hook) == [] and len(hook.got) == 4


def test_a_webhook_that_refuses_or_leads_elsewhere_is_no_success(job: Path, hook: Hook) -> None:
    hook.answers = [404, 302]
    assert "404" in tell(job, hook)[0]
    assert "302" in tell(job, hook)[0]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_of_the_page_is_one_that_systemd_takes(tmp_path: Path) -> None:
    page = (support.ROOT / "docs" / "watch.md").read_text("utf-8")
    (unit,) = re.findall(r"```text\n(# /etc/systemd.*?)```", page, re.DOTALL)
    here = unit.replace("/opt/samvad", str(support.ROOT)).replace("User=samvad", f"User={os.getuid()}")
    path = tmp_path / "samvad-watch.service"
    path.write_text(here, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(path.name) in line]) == (0, [])
    words = shlex.split(re.search(r"^ExecStart=\S+ watch (.*)$", here, re.MULTILINE)[1])  # type: ignore[index]
    assert watch.parser().parse_args(words).beside


def test_the_next_run_is_news_again(job: Path, hook: Hook) -> None:
    tell(job, hook)
    watch.STATE.run, watch.STATE.status = "r_2", "failed"  # type: ignore[attr-defined]
    tell(job, hook)
    assert json.loads(hook.got[1][1])["reason"] == "04_asr failed: the model is not there"


def test_a_film_that_runs_is_no_news(job: Path, hook: Hook) -> None:
    watch.STATE.status = "running"  # type: ignore[attr-defined]
    assert tell(job, hook) == [] and not hook.got


def test_a_command_gets_the_news_in_variables_and_no_shell_reads_them(job: Path, tmp_path: Path) -> None:
    script = tmp_path / "note"
    script.write_text('#!/bin/sh\nprintf "%s|%s" "$SAMVAD_STATE" "$SAMVAD_NEWS" >"$1"\n')
    script.chmod(0o755)
    wanted = notices.ways(f"'{script}' '{tmp_path / 'a; b'}'", "", "", {})
    assert list(notices.tell(job, wanted, dict(os.environ))) == []
    state, news = (tmp_path / "a; b").read_text().split("|", 1)
    assert (state, json.loads(news)["title"]) == ("success", "A \n film")
    again = notices.ways("false", "", "", {})
    (job / notices.RECORD).unlink()
    (said,) = notices.tell(job, again, dict(os.environ))
    assert "ended with 1" in said


@contextmanager
def mail_server(*offers: str) -> Iterator[tuple[int, list[str]]]:
    """Serve one conversation of SMTP (RFC 5321) with extensions; STARTTLS is offered, and then cannot be had."""
    listener = socket.create_server(("127.0.0.1", 0))
    got: list[str] = []

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as lines:

            def say(text: str) -> None:
                lines.write(f"{text}\r\n".encode())
                lines.flush()

            say("220 here")
            in_data = False
            for line in lines:
                word = line.decode().rstrip("\r\n")
                got.append(word)
                if in_data:
                    in_data = word != "."
                    if not in_data:
                        say("250 taken")
                elif word.upper() == "DATA":
                    in_data = True
                    say("354 go on")
                elif word.upper() == "QUIT":
                    say("221 bye")
                    return
                elif word.upper() == "STARTTLS":
                    say("454 not now")
                elif word.upper().startswith("EHLO"):
                    names = ["here", *offers]
                    for number, name in enumerate(names, 1):
                        say(f"250{' ' if number == len(names) else '-'}{name}")
                else:
                    say("250 well")

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    yield listener.getsockname()[1], got
    thread.join(5)
    listener.close()


def test_an_email_has_the_title_on_one_line(job: Path) -> None:
    with mail_server() as (port, got):
        environ = {notices.SERVER: f"smtp://127.0.0.1:{port}"}
        assert list(notices.tell(job, notices.ways("", "", "me@example.org", environ), environ)) == []
    assert "Subject: Samvad: A film: done" in got
    assert "rcpt to:<me@example.org>" in [line.lower() for line in got]


@pytest.mark.parametrize(("offers", "is_here"), [(("STARTTLS", "AUTH PLAIN"), True), (("AUTH PLAIN",), False)])
def test_no_password_goes_out_in_the_clear(
    job: Path, offers: tuple[str, ...], is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where TLS that was offered fails, nor where a server elsewhere offers none."""
    monkeypatch.setattr(notices, "_is_here", lambda _: is_here)
    with mail_server(*offers) as (port, got):
        environ = {notices.SERVER: f"smtp://me:{SECRET}@127.0.0.1:{port}"}
        (said,) = notices.tell(job, notices.ways("", "", "me@example.org", environ), environ)
    assert "mail server" in said
    assert SECRET not in said
    assert ("STARTTLS" in got) is is_here
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in got)


@pytest.mark.parametrize("address", ["server:587", "smtp://", "smtp://me@server:x", "https://server", "smtp://[::1"])
def test_a_mail_server_that_is_none_is_refused_unseen(address: str) -> None:
    with pytest.raises(ConfigurationError, match=notices.SERVER) as refused:
        notices.ways("", "", "me@example.org", {notices.SERVER: address})
    assert address not in str(refused.value).replace("Such as smtp://user:password@server:587", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("'", "", ""), "--command"),
        (("", "ftp://x", ""), "--webhook"),
        (("", "", "me"), "--email"),
        (("", "", "me@example.org"), notices.SERVER),
    ],
)
def test_a_way_that_cannot_be_gone_is_refused_before_the_watch(given: tuple[str, str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        notices.ways(*given, environ={})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--deliver", "nowhere"], "no store of objects"),
        (["--only", "no_stage"], "there is no stage 'no_stage'"),
        (["--set", "cache.enabled=false"], "is no setting of a film"),
        (["--targets", "klingon"], "klingon"),
        (["--ocr"], "--ocr alone changes nothing"),
    ],
)
def test_what_the_shelf_would_refuse_at_each_film_is_refused_before_the_watch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], said: str
) -> None:
    assert watch.main([str(tmp_path), "--source", "hi", "--targets", "en", "--once", *given]) == 2
    assert said in capsys.readouterr().err


def test_a_record_that_is_damaged_is_told_and_keeps_no_other_news(job: Path, hook: Hook) -> None:
    (job / notices.RECORD).write_text("[", encoding="utf-8")
    (said,) = tell(job, hook)
    assert notices.RECORD in said and not hook.got


def test_ctrl_c_while_something_runs_ends_the_watch_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs has the terminal meanwhile, and paths of its words begin where the watch stands."""
    (tmp_path / "films").mkdir()
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    program = tmp_path / "samvad"
    program.write_text("#!/bin/sh\npwd > was-in\nkill -INT $PPID\nexit 130\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watch.schemas, "ROOT", tmp_path)
    monkeypatch.setattr(watch, "_states", lambda *_: [(tmp_path, "stopped")])
    monkeypatch.setattr(watch.naming, "films", lambda _: {})
    monkeypatch.setattr(watch.configuration, "project", lambda: {"output_root": "out", "films": "films.tsv"})
    try:
        assert watch.main(["films", "--source", "hi", "--every", "60"]) == 0
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert Path("was-in").read_text("utf-8").strip() == str(tmp_path)


def test_the_shelf_is_given_its_own_words() -> None:
    given = ["/films", "--once", "--source=hi", "--webhook", "https://x", "--email=a@b", "--", "--command", "x"]
    assert watch._for_shelf(given) == ["/films", "--source=hi", "--", "--command", "x"]


def test_a_sheet_that_is_wrong_for_now_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks: list[int] = []

    def look(*_: Any) -> int:
        looks.append(1)
        if len(looks) == 1:
            raise ConfigurationError("The sheet is wrong.")
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    monkeypatch.setattr(watch, "_look", look)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert watch.main([str(tmp_path), "--every", "1"]) == 0
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert len(looks) == 2 and "The sheet is wrong." in capsys.readouterr().err


def test_films_of_another_folder_of_work_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row names a film from the folder of work; the shelf is asked from where the watch was."""
    monkeypatch.setenv(variables.WORK, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    film = tmp_path / "films" / "film.mkv"
    film.parent.mkdir()
    support.make_film(film)
    old = time.time() - 600
    os.utime(film, (old, old))
    asked: list[Any] = []
    monkeypatch.setattr(watch.subprocesses, "hand_over", lambda *given, **_: asked.append(given) or 0)
    row = SimpleNamespace(media="films/film.mkv", folder="2025/01/01/tester/1")
    monkeypatch.setattr(watch.naming, "films", lambda _: {"x": row})
    monkeypatch.setattr(watch.notices, "tell", lambda *_: [])
    monkeypatch.setattr(watch.job_manifest, "status", lambda _: "success")
    assert watch.main(["films", "--source", "hi", "--once"]) == 0 and not asked
    monkeypatch.setattr(watch.job_manifest, "status", lambda _: None)
    watch.main(["films", "--source", "hi", "--once"])
    ((words, folder),) = asked
    assert (words[1:], folder) == (["shelf", "films", "--source", "hi"], tmp_path)


def test_a_film_is_done_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is still being copied waits; what is done already starts nothing."""
    folder = tmp_path / "films"
    folder.mkdir()
    asked: list[Any] = []
    monkeypatch.setattr(watch.subprocesses, "hand_over", lambda words, *_, **__: asked.append(words) or 0)
    monkeypatch.setattr(watch.naming, "films", lambda _: {})
    film = folder / "film.mkv"
    support.make_film(film)
    given = [str(folder), "--source", "hi", "--once"]
    assert watch.main(given) == 0 and not asked
    old = time.time() - 600
    os.utime(film, (old, old))
    assert watch.main(given) == 0
    assert asked[0][1:] == ["shelf", str(folder), "--source", "hi"]
    row = SimpleNamespace(media=str(film), folder="2025/01/01/tester/1")
    monkeypatch.setattr(watch.naming, "films", lambda _: {"x": row})
    for state, runs in (("success", 1), ("failed", 1), ("stopped", 2), (None, 3)):
        monkeypatch.setattr(watch.job_manifest, "status", lambda _, state=state: state)
        monkeypatch.setattr(watch.notices, "tell", lambda *_: [])
        assert watch.main(given) == 0
        assert len(asked) == runs


def test_a_delivery_that_failed_is_tried_again_after_a_pause_and_a_done_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real store; at first nobody listens at its address."""
    (tmp_path / "store").mkdir()
    film = tmp_path / "films" / "film.mkv"
    film.parent.mkdir()
    support.make_film(film)
    old = time.time() - 600
    os.utime(film, (old, old))
    job = support.make_job(tmp_path / "out")
    support.finished_stage(job, "mux", {"subtitled_film": ("film.mkv", b"film")})
    job_manifest.path_of(job).write_text("{}", encoding="utf-8")
    row = SimpleNamespace(media=str(film), folder=str(job.relative_to(tmp_path / "out")))
    monkeypatch.setattr(watch.naming, "films", lambda _: {"x": row})
    monkeypatch.setattr(watch.naming, "output_root", lambda _: tmp_path / "out")
    monkeypatch.setattr(watch.notices, "tell", lambda *_: [])
    monkeypatch.setattr(job_manifest, "status", lambda _: "success")
    monkeypatch.setattr(watch.subprocesses, "hand_over", lambda *_, **__: pytest.fail("all films are done"))
    for name, value in (("ACCESS_KEY_ID", "AKID"), ("SECRET_ACCESS_KEY", SECRET)):
        monkeypatch.setenv(f"AWS_{name}", value)
    given = [str(film.parent), "--source", "hi", "--once", "--deliver", "s3://bucket/films"]
    under_way = job / delivery.UNDER_WAY
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert watch.main(given) == 1
        first = json.loads(under_way.read_text("utf-8"))
        assert first["failures"] == 1 and "cannot be reached" in first["reason"]
        assert "cannot be reached" in capsys.readouterr().err
        assert watch.main(given) == 1, "it waits"
        assert json.loads(under_way.read_text("utf-8")) == first and not capsys.readouterr().err
        _set_back(under_way, 61)
        assert watch.main(given) == 1
        assert json.loads(under_way.read_text("utf-8"))["failures"] == 2
        _set_back(under_way, 61)
        pause = delivery.pause_seconds(job, given[-1])
        assert pause is not None and 50 < pause <= 59, "the second pause is twice as long"
    with object_store.started(tmp_path / "store") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)
        object_store.put(server, "bucket", b"")
        _set_back(under_way, 121)
        assert watch.main(given) == 0
        assert "Delivered, and checked" in capsys.readouterr().out and not under_way.exists()
    assert watch.main(given) == 0, "nobody is asked any more"
    job_manifest.path_of(job).write_text('{"made": "anew"}', encoding="utf-8")
    assert delivery.pause_seconds(job, given[-1]) == 0 and delivery.pause_seconds(job, "s3://other") == 0
    assert SECRET not in (job / delivery.RECORD).read_text("utf-8")


def _set_back(record: Path, seconds: float) -> None:
    value = json.loads(record.read_text("utf-8"))
    failed = datetime.datetime.fromisoformat(value["failed_at"]) - datetime.timedelta(seconds=seconds)
    record.write_text(json.dumps({**value, "failed_at": times.utc_text(failed)}), encoding="utf-8")
