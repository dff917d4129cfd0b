"""Films at an address: asked for, fetched once, whole and checked, taken up after a cut, and never with a secret."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import film_server
import object_store
from film_server import FILM, Server
from samvad.core import variables
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.core.redaction import Redactor
from samvad.media import addresses, fetched
from samvad.models import patience

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SAMVAD_NETWORK", patience.Policy(first_pause_seconds=0, requests_per_second=1000).as_json())
    fetched._told.clear()
    with film_server.started() as made:
        yield made


def test_a_film_is_asked_for_without_a_byte_of_it_and_fetched_once(server: Server, tmp_path: Path) -> None:
    fetched.ask_all([server.address])
    assert fetched.now(server.address) == addresses.Facts(len(FILM), '"one"', "", "")
    assert [method for method, _, _ in server.asked] == ["HEAD"]
    place = fetched.place(server.address, tmp_path)
    assert place.name == "A film.mkv"
    for _ in range(2):
        assert fetched.fetch(server.address, place) == fetched.now(server.address)
    assert place.read_bytes() == FILM
    assert [method for method, _, _ in server.asked].count("GET") == 1
    assert fetched.give_back(server.address, tmp_path) and not place.parent.exists()


def test_a_film_that_is_cut_off_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut = len(FILM) // 3 + 1
    place = fetched.place(server.address, tmp_path)
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM
    assert [begin for method, _, begin in server.asked if method == "GET"] == [0, server.cut, 2 * server.cut]


def test_what_was_begun_is_taken_up_by_the_next_process(server: Server, tmp_path: Path) -> None:
    server.cut = 0
    place = fetched.place(server.address, tmp_path)
    with pytest.raises(SamvadError, match="ended in the middle"):
        fetched.fetch(server.address, place)
    place.with_name("part").write_bytes(FILM[:1000])
    server.cut = None
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM and server.asked[-1][2] == 1000


@pytest.mark.parametrize("ranges", [True, False])
def test_another_film_at_the_address_and_a_server_without_ranges_begin_anew(
    server: Server, tmp_path: Path, ranges: bool
) -> None:
    place = fetched.place(server.address, tmp_path)
    fetched.fetch(server.address, place)
    server.film, server.etag, server.ranges = FILM[::-1], '"two"', ranges
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM[::-1]
    place.unlink()
    place.with_name("part").write_bytes(FILM[:1000])
    server.film = FILM[::-1] if not ranges else FILM[:1000] + FILM[::-1][1000:]
    fetched.fetch(server.address, place)
    assert place.read_bytes() == server.film


def test_bytes_of_something_else_are_not_kept(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's page with a status of success, before which the rest of the film would look whole."""
    page = b"<html>Log in first</html>"
    place = fetched.place(server.address, tmp_path)
    real, pages = addresses.opened, [page]

    def opened(address: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Any:
        if method == "GET" and pages:
            answer = io.BytesIO(pages.pop())
            answer.status, answer.headers = 200, {"Content-Length": str(len(page))}  # type: ignore[attr-defined]
            return answer
        return real(address, method, headers)

    monkeypatch.setattr(addresses, "opened", opened)
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM


def test_a_server_that_heeds_no_condition_gives_no_film_of_two(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fetched.place(server.address, tmp_path)
    server.cut = len(FILM) // 2
    monkeypatch.setattr(addresses.Facts, "unchanged", {"X-Passed-Over": "1"})
    real = fetched._go_on

    def go_on(*given: Any) -> None:
        try:
            real(*given)
        finally:  # somebody replaces it by another of this size
            server.film, server.etag, server.cut = FILM[::-1], '"two"', None

    monkeypatch.setattr(fetched, "_go_on", go_on)
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM[::-1]


def test_an_address_in_letters_of_any_script_is_asked_for(server: Server) -> None:
    assert fetched.now(server.address.replace("A%20film", "फ़िल्म")) is not None
    assert addresses.request_url("https://h/फ़?é=%20#x", "GET", {}, addresses._NO_TIME).isascii()


@pytest.mark.parametrize("store", ["localhost:9000", "http://[bad", "http://h:x"])
def test_a_store_that_is_none_is_told_by_its_variable(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", store)
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL_S3"):
        addresses.look("s3://bucket/film.mkv")


def test_a_film_that_is_not_there_and_a_disk_without_room_are_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MediaError, match="There is no film at"):
        addresses.look(server.address.replace("films", "none"))
    assert fetched.now(server.address.replace("films", "none")) is None
    monkeypatch.setattr(fetched.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(SamvadError, match="has no room"):
        fetched.fetch(server.address, fetched.place(server.address, tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        "https://me:secret@host/film.mkv",
        "https://host/film.mkv?X-Amz-Signature=abc",
        "https://host/film.mkv?token=abc",
        "https://host/film.mkv?auth=abc",
        "https://host/film.mkv#access_token=abc",
        "s3://Bucket_/film.mkv",
        "s3://bucket",
        "https://host/a film.mkv",
        "https://host:99999/film.mkv",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        addresses.check(address)
    assert "secret" not in str(refused.value) and "abc" not in str(refused.value)


@pytest.mark.parametrize("name", ["%2e%2e%2fetc%2fpasswd", "..", "%00%0a.mkv", "a" * 400 + ".mkv", ""])
def test_a_hostile_name_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    place = fetched.place(f"https://host/films/{name}", tmp_path)
    assert place.resolve().parent.parent == tmp_path.resolve()
    place.parent.mkdir()
    place.write_bytes(b"")


def test_what_s3_is_asked_is_signed_as_its_documentation_has_it() -> None:
    """Amazon S3's "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" has this example."""
    url = addresses.request_url(
        "s3://examplebucket/test.txt",
        "GET",
        {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"},
        datetime.datetime(2013, 5, 24, tzinfo=datetime.UTC),
        86400,
    )
    assert url.startswith("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store.started(tmp_path_factory.mktemp("store")) as address:
        yield address


def test_an_object_of_a_store_is_fetched_with_keys_of_the_environment_that_nothing_shows(
    store: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, value in (("ENDPOINT_URL_S3", store), ("ACCESS_KEY_ID", "AKID"), ("SECRET_ACCESS_KEY", SECRET)):
        monkeypatch.setenv(f"AWS_{name}", value)
    address = "s3://films/hindi/Sholay (1975).mkv".replace(" ", "%20")
    for path, body in (("films", b""), ("films/hindi/Sholay%20%281975%29.mkv", FILM)):
        object_store.put(store, path, body)
    place = fetched.place(address, tmp_path)
    facts = fetched.fetch(address, place)
    assert place.read_bytes() == FILM and place.name == "Sholay (1975).mkv"
    assert facts.md5 == hashlib.md5(FILM).hexdigest()
    written = caplog.text + "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*.json"))
    assert SECRET not in written and "AKID" not in written and "X-Amz" not in written
    with pytest.raises(MediaError):
        addresses.look("s3://films/none.mkv")


def test_a_server_gets_the_credentials_of_its_host_and_nobody_else_does(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    header = f"Bearer {SECRET}"
    server.authorization = header
    with pytest.raises(ConfigurationError, match=rf'{{"127.0.0.1:{server.server_port}": "Bearer …"}}'):
        addresses.look(server.address)
    monkeypatch.setenv(
        variables.FILM_CREDENTIALS, json.dumps({f"127.0.0.1:{server.server_port}": header, "x.org": "Basic eA"})
    )
    place = fetched.place(server.address, tmp_path)
    fetched.fetch(server.address, place)
    assert place.read_bytes() == FILM and set(server.authorizations[1:]) == {header}

    with film_server.started() as other:
        server.leads_to = other.address
        addresses.look(server.address)
        assert other.authorizations == [None], "not where a server leads to"
        other.authorization = header
        with pytest.raises(ConfigurationError, match="Correct what SAMVAD_FILM_CREDENTIALS has for it"):
            addresses.look(server.address)
    redactor = Redactor({variables.FILM_CREDENTIALS: json.dumps({"x.org": header})})
    remedy = 'Set it to {"x.org": "Bearer …"}.'
    assert redactor(remedy) == remedy, "the name of a host is no secret"
    assert SECRET not in redactor(f"Authorization: {header}; {SECRET}") and redactor("x.org") == "x.org"
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("told", "address", "says"),
    [
        ("Bearer abc", "https://films.example.org/a.mkv", "is no list of headers by host"),
        ('["Bearer abc"]', "https://films.example.org/a.mkv", "is no list of headers by host"),
        ('{"films.example.org": "Bearer abc\\r\\nX: y"}', "https://films.example.org/a.mkv", "is no list of headers"),
        ('{"films.example.org": "Bearer abcdef"}', "http://films.example.org/a.mkv", "is not encrypted"),
    ],
)
def test_credentials_that_cannot_be_used_are_named_and_not_shown(
    told: str, address: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variables.FILM_CREDENTIALS, told)
    with pytest.raises(ConfigurationError, match=says) as caught:
        addresses.look(address)
    assert "abc" not in str(caught.value)
