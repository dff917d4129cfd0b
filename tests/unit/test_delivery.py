"""Results in a store of objects: whole, checked, sent once, and never over what is somebody else's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import object_store
import support
from samvad.commands import deliver as command
from samvad.core.errors import ChangedFileError, ConfigurationError, NetworkError, SamvadError
from samvad.documents import job_manifest
from samvad.reporting import delivery
from samvad.reporting import object_store as stores

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#: More than boto3 sends in one piece (8 MB).
FILM = bytes(range(256)) * 40_000
NAME = "Ein $(film) 100% é.en.srt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with object_store.started(tmp_path_factory.mktemp("store")) as address:
        yield address


@pytest.fixture
def store(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a bucket of the test's own, and put its credentials into the environment."""
    for name, value in (("ENDPOINT_URL_S3", server), ("ACCESS_KEY_ID", "AKID"), ("SECRET_ACCESS_KEY", SECRET)):
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    object_store.put(server, bucket, b"")
    return bucket


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = support.make_job(tmp_path / "out")
    support.finished_stage(folder, "subtitle_gen", {"srt_en": (NAME, b"1\n")})
    support.finished_stage(folder, "mux", {"subtitled_film": ("film.mkv", FILM)})
    job_manifest.path_of(folder).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(job_manifest, "status", lambda _: "success")
    return folder


def client(server: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=server, aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1"
    )


def held(server: str, bucket: str) -> dict[str, bytes]:
    asked = client(server)
    found = asked.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: asked.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found}


def send(job: Path, tmp_path: Path, address: str) -> list[str]:
    told: list[str] = []
    delivery.deliver(job, tmp_path / "out", address, told.append)
    return told


def test_a_film_s_results_are_there_byte_by_byte_and_are_sent_once(
    server: str, store: str, job: Path, tmp_path: Path
) -> None:
    address = f"s3://{store}/shelf/of%20mine/"
    told = send(job, tmp_path, address)
    below = f"shelf/of mine/{job.relative_to(tmp_path / 'out')}"
    there = held(server, store)
    assert there[f"{below}/10_mux/film.mkv"] == FILM and there[f"{below}/09_subtitle_gen/{NAME}"] == b"1\n"
    assert set(there) >= {f"{below}/{name}/manifest.json" for name in ("09_subtitle_gen", "10_mux")}
    assert told[-1] == f"s3://{store}/{below}/manifest.json" and len(told) == len(there)
    record = json.loads((job / delivery.RECORD).read_text("utf-8"))
    assert {item["key"] for item in record["files"]} == set(there)
    assert SECRET not in json.dumps(record) and "AKID" not in json.dumps(record)
    assert send(job, tmp_path, address) == []

    shutil.rmtree(job / "09_subtitle_gen")
    support.finished_stage(job, "subtitle_gen", {"srt_en": (NAME, b"2\n")})
    assert {line.rpartition("/")[2] for line in send(job, tmp_path, address)} == {NAME, "manifest.json"}
    assert held(server, store)[f"{below}/09_subtitle_gen/{NAME}"] == b"2\n"


def test_what_is_somebody_else_s_stays_and_nothing_is_sent(server: str, store: str, job: Path, tmp_path: Path) -> None:
    key = f"{job.relative_to(tmp_path / 'out')}/10_mux/film.mkv"
    object_store.put(server, f"{store}/{key}", b"theirs")
    with pytest.raises(ConfigurationError, match="Samvad did not send it"):
        send(job, tmp_path, f"s3://{store}")
    assert held(server, store) == {key: b"theirs"} and not (job / delivery.RECORD).exists()


def test_a_result_that_is_not_what_was_made_is_not_sent(server: str, store: str, job: Path, tmp_path: Path) -> None:
    (job / "10_mux" / "film.mkv").write_bytes(FILM[:-1])
    with pytest.raises(ChangedFileError, match=r"film\.mkv is not what stage 10_mux has made"):
        send(job, tmp_path, f"s3://{store}/x")
    assert held(server, store) == {}


def test_a_film_with_other_subtitles_than_lie_beside_it_is_not_sent(
    server: str, store: str, job: Path, tmp_path: Path
) -> None:
    path = job / "09_subtitle_gen" / NAME
    read = [support.file_record(path, "srt_en", f"09_subtitle_gen/{NAME}")]
    shutil.rmtree(job / "10_mux")
    support.finished_stage(job, "mux", {"subtitled_film": ("film.mkv", FILM)}, read)
    assert send(job, tmp_path, f"s3://{store}/x")
    shutil.rmtree(path.parent)
    support.finished_stage(job, "subtitle_gen", {"srt_en": (NAME, b"2\n")})
    with pytest.raises(ChangedFileError, match="was made anew since stage 10_mux read it"):
        send(job, tmp_path, f"s3://{store}/y")
    assert not [key for key in held(server, store) if key.startswith("y/")]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("s3://no-such-bucket-at-all/x", "There is no bucket"),
        ("https://host/x", "no store of objects"),
        ("s3://", "no store of objects"),
        ("s3://Bad_Bucket/x", "no address of an object"),
        ("s3://bucket/x?sig=1", "no address of an object"),
    ],
)
def test_a_wrong_address_is_named(store: str, job: Path, tmp_path: Path, address: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        send(job, tmp_path, address)
    assert not (job / delivery.RECORD).exists()


def test_a_store_that_does_not_answer_is_no_success(
    store: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(NetworkError, match="cannot be reached") as caught:
            send(job, tmp_path, f"s3://{store}/x")
    assert SECRET not in str(caught.value) and not (job / delivery.RECORD).exists()


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_PROFILE", "nobody's"), ("AWS_CONFIG_FILE", "config"), ("AWS_REGION", "no region")]
)
def test_settings_that_are_none_are_named(
    store: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (tmp_path / "config").write_text("[default\nno table", "utf-8")
    monkeypatch.setenv(name, str(tmp_path / value) if value == "config" else value)
    with pytest.raises(ConfigurationError, match="No store can be asked") as caught:
        send(job, tmp_path, f"s3://{store}/x")
    assert SECRET not in str(caught.value)


def test_a_file_of_somebody_s_sends_nothing_elsewhere(
    server: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {server}\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    assert stores.opened(store).client.meta.endpoint_url.endswith("amazonaws.com")


def test_without_credentials_nothing_is_asked_and_none_are_taken_from_files(
    store: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=a\naws_secret_access_key=b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert command.main([str(job), "--to", f"s3://{store}/x"]) == ConfigurationError.exit_code
    assert "Set AWS_ACCESS_KEY_ID" in capsys.readouterr().err


def test_a_film_that_is_not_done_is_not_sent(
    store: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_manifest, "status", lambda _: "failed")
    with pytest.raises(SamvadError, match="is not done"):
        send(job, tmp_path, f"s3://{store}/x")


#: Of four parts, each with other bytes.
LONG = b"".join(bytes([number]) * stores.PART_BYTES for number in range(3)) + b"the end"


@pytest.fixture
def long_job(job: Path) -> Path:
    shutil.rmtree(job / "10_mux")
    support.finished_stage(job, "mux", {"subtitled_film": ("film.mkv", LONG)})
    return job


def uploads(server: str, bucket: str) -> list[str]:
    return [item["UploadId"] for item in client(server).list_multipart_uploads(Bucket=bucket).get("Uploads", [])]


def requests_of(server: str, word: str) -> list[str]:
    return [line for line in object_store.log_of(server).splitlines() if word in line]


def arrived(server: str, bucket: str, upload: dict[str, Any]) -> list[int]:
    told = client(server).list_parts(Bucket=bucket, Key=upload["key"], UploadId=upload["upload_id"])
    return [part["Size"] for part in told.get("Parts", ())]


def cut_off(server: str, job: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send through a line that is cut for good after two parts and a half."""
    with object_store.cut_after(server, 5 * stores.PART_BYTES // 2) as line:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", line)
        monkeypatch.setattr(stores, "_AT_ONCE", 1)
        with pytest.raises(NetworkError, match="cannot be reached, or broke off"):
            send(job, tmp_path, address)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)


def test_a_file_that_was_cut_off_is_gone_on_with_where_it_was(
    server: str, store: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(server, long_job, tmp_path, f"s3://{store}/x", monkeypatch)
    noted = json.loads((long_job / delivery.UNDER_WAY).read_text("utf-8"))
    assert noted["failures"] == 1 and [item["upload_id"] for item in noted["uploads"]] == uploads(server, store)
    before = len(requests_of(server, "partNumber="))
    assert arrived(server, store, noted["uploads"][0])[:2] == [stores.PART_BYTES] * 2

    told = send(long_job, tmp_path, f"s3://{store}/x")
    again = requests_of(server, "partNumber=")[before:]
    assert [number for number in "1234" if any(f"partNumber={number}" in line for line in again)] == ["3", "4"]
    assert any("16.8 MB were there of a try before" in line for line in told)
    there = held(server, store)
    assert next(body for key, body in there.items() if key.endswith("film.mkv")) == LONG
    assert not uploads(server, store) and not (long_job / delivery.UNDER_WAY).exists()


def test_a_part_that_is_not_the_file_s_is_sent_again(
    server: str, store: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(server, long_job, tmp_path, f"s3://{store}/x", monkeypatch)
    (begun,) = json.loads((long_job / delivery.UNDER_WAY).read_text("utf-8"))["uploads"]
    other = bytes([9]) * stores.PART_BYTES
    client(server).upload_part(Bucket=store, Key=begun["key"], UploadId=begun["upload_id"], PartNumber=1, Body=other)
    send(long_job, tmp_path, f"s3://{store}/x")
    assert next(body for key, body in held(server, store).items() if key.endswith("film.mkv")) == LONG


def test_an_upload_of_a_film_that_was_made_anew_is_aborted_and_nobody_else_s(
    server: str, store: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(server, long_job, tmp_path, f"s3://{store}/x", monkeypatch)
    (begun,) = json.loads((long_job / delivery.UNDER_WAY).read_text("utf-8"))["uploads"]
    theirs = client(server).create_multipart_upload(Bucket=store, Key=begun["key"])["UploadId"]
    shutil.rmtree(long_job / "10_mux")
    support.finished_stage(long_job, "mux", {"subtitled_film": ("film.mkv", FILM)})
    send(long_job, tmp_path, f"s3://{store}/x")
    assert uploads(server, store) == [theirs]
    assert next(body for key, body in held(server, store).items() if key.endswith("film.mkv")) == FILM


def test_an_upload_in_another_bucket_is_not_forgotten(
    server: str, store: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would find it again, and its parts would be kept, and paid for."""
    object_store.put(server, f"{store}-2", b"")
    cut_off(server, long_job, tmp_path, f"s3://{store}/x", monkeypatch)
    cut_off(server, long_job, tmp_path, f"s3://{store}-2/x", monkeypatch)
    begun = json.loads((long_job / delivery.UNDER_WAY).read_text("utf-8"))["uploads"]
    assert [upload["bucket"] for upload in begun] == [store, f"{store}-2"]
    send(long_job, tmp_path, f"s3://{store}-2/x")
    send(long_job, tmp_path, f"s3://{store}/x")
    assert not uploads(server, store) and not (long_job / delivery.UNDER_WAY).exists()


def test_an_upload_that_the_store_has_forgotten_is_begun_anew(
    server: str, store: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(server, long_job, tmp_path, f"s3://{store}/x", monkeypatch)
    (begun,) = json.loads((long_job / delivery.UNDER_WAY).read_text("utf-8"))["uploads"]
    client(server).abort_multipart_upload(Bucket=store, Key=begun["key"], UploadId=begun["upload_id"])
    send(long_job, tmp_path, f"s3://{store}/x")
    assert next(body for key, body in held(server, store).items() if key.endswith("film.mkv")) == LONG


def test_what_was_killed_while_it_sent_is_gone_on_with(server: str, store: str, long_job: Path, tmp_path: Path) -> None:
    """A process of its own, as `samvad deliver` is one; nothing of it runs after the kill."""
    code = (
        "import sys; from pathlib import Path; from samvad.documents import job_manifest; "
        "from samvad.reporting import delivery; job_manifest.status = lambda _: 'success'; "
        "delivery.deliver(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], print)"
    )
    words = [sys.executable, "-c", code, str(long_job), str(tmp_path / "out"), f"s3://{store}/x"]
    environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")}
    with (
        object_store.cut_after(server, 5 * stores.PART_BYTES // 2, stall=True) as line,
        subprocess.Popen(words, env=environment | {"AWS_ENDPOINT_URL_S3": line}) as process,
    ):
        until = time.monotonic() + 60
        while not (long_job / delivery.UNDER_WAY).exists():
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        process.kill()
    assert len(uploads(server, store)) == 1
    send(long_job, tmp_path, f"s3://{store}/x")
    assert next(body for key, body in held(server, store).items() if key.endswith("film.mkv")) == LONG
    assert not uploads(server, store)


def test_what_is_no_result_any_more_is_named_and_taken_away_where_that_is_wished(
    server: str, store: str, job: Path, tmp_path: Path
) -> None:
    address = f"s3://{store}/x"
    shutil.rmtree(job / "09_subtitle_gen")
    support.finished_stage(
        job,
        "subtitle_gen",
        {"srt_en": ("a.en.srt", b"1\n"), "srt_hi": ("a.hi.srt", b"2\n"), "srt_ta": ("a.ta.srt", b"3\n")},
    )
    send(job, tmp_path, address)
    shutil.rmtree(job / "09_subtitle_gen")
    support.finished_stage(job, "subtitle_gen", {"srt_en": ("a.en.srt", b"1\n")})
    below = f"x/{job.relative_to(tmp_path / 'out')}"
    for name in ("a.ta.srt", "b.srt"):
        client(server).put_object(Bucket=store, Key=f"{below}/09_subtitle_gen/{name}", Body=b"somebody's")
    for _ in range(2):
        record = delivery.deliver(job, tmp_path / "out", address, print)
        assert [item.file for item in record.left] == ["09_subtitle_gen/a.hi.srt"]
    before = held(server, store)
    record = delivery.deliver(job, tmp_path / "out", address, print, remove_left=True)
    after = held(server, store)
    assert set(before) - set(after) == {f"{below}/09_subtitle_gen/a.hi.srt"} and not record.left
    assert after[f"{below}/09_subtitle_gen/a.ta.srt"] == b"somebody's"


def test_a_record_that_names_what_is_not_of_its_job_takes_nothing_away(
    server: str, store: str, job: Path, tmp_path: Path
) -> None:
    address = f"s3://{store}/x"
    other = support.make_job(tmp_path / "out" / "other")
    support.finished_stage(other, "mux", {"subtitled_film": ("film.mkv", b"other")})
    job_manifest.path_of(other).write_text("{}", encoding="utf-8")
    theirs = delivery.deliver(other, tmp_path / "out", address, print)
    send(job, tmp_path, address)
    record = json.loads((job / delivery.RECORD).read_text("utf-8"))
    record["left"] = json.loads((other / delivery.RECORD).read_text("utf-8"))["files"]
    (job / delivery.RECORD).write_text(json.dumps(record), encoding="utf-8")
    delivery.deliver(job, tmp_path / "out", address, print, remove_left=True)
    assert {item.key for item in theirs.files} <= set(held(server, store))


def test_parts_are_as_large_as_the_store_needs_them_to_be() -> None:
    assert stores._part_bytes(1 << 30) == stores.PART_BYTES
    for size in (200 << 30, 5 << 40):
        assert size / stores._part_bytes(size) <= 10_000 and stores._part_bytes(size) % (1 << 20) == 0
