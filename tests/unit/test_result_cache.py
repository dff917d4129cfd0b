"""The cache of results: never a wrong hit, never a failure of its own, never larger than it may be."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samvad.core import files, stages
from samvad.documents.provenance import Model, RanCode
from samvad.documents.stage_entries import FileRecord, Metric
from samvad.runner import result_cache, reuse
from samvad.runner.result_cache import CachedFile, Entry, ResultCache, Said, key_of
from samvad.stages.hallucination_removal.options import Options

DIGEST = "sha256:" + "0123456789abcdef" * 4
RAN = RanCode("0123456789abcdef", None, None, DIGEST)
INGREDIENTS: dict[str, Any] = {
    "stage": "asr",
    "code": "5c1d0b2a9e8f7766",
    "environment": DIGEST,
    "machine": "x86_64",
    "config": {"beam_size": 5, "languages": ["hi", "en"], "model": "base", "vad_threshold": 0.5, "align": None},
    "inputs": [["audio", DIGEST]],
    "tools": {"ffmpeg": "5.1.6", "whisperx": "3.8.6"},
    "models": [{"name": "whisper base", "revision": None, "checksum": DIGEST}],
    "devices": ["auto", "cpu"],
    "engines": [{"name": "ctranslate2", "instruction_set": "AVX2", "library": "MKL"}],
    "processor": "GenuineIntel avx2 avx512f",
    "aligners": ["WAV2VEC2_ASR_BASE_960H"],
}


def entry(content: bytes = b"text", name: str = "segments.json", **changes: Any) -> Entry:
    checksum = f"sha256:{__import__('hashlib').sha256(content).hexdigest()}"
    given = {"stage": "asr", "ingredients": INGREDIENTS, "run_id": "f_20250101T000000Z_abc123"}
    return Entry(**{**given, "files": (CachedFile(name, "segments", len(content), checksum),), **changes})


def stored(cache: ResultCache, folder: Path, content: bytes = b"text", **changes: Any) -> Entry:
    folder.mkdir(exist_ok=True)
    (folder / "segments.json").write_bytes(content)
    made = entry(content, **changes)
    cache.store(made, folder)
    return made


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "cache", 1 << 30)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key in value:
            yield (*path, key, None)  # the key itself
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the ingredients with one byte of one of them changed."""
    made = copy.deepcopy(value)
    *way, last = path
    if last is None:
        *way, last = way
        place = made
        for step in way:
            place = place[step]
        place[last + "x"] = place.pop(last)
        return made
    place = made
    for step in way:
        place = place[step]
    old = place[last]
    if isinstance(old, str):
        place[last] = old[:-1] + chr(ord(old[-1]) ^ 1)
    elif old is None:
        place[last] = ""
    else:
        place[last] = old + 1
    return made


@pytest.mark.parametrize("path", list(leaves(INGREDIENTS)), ids=lambda path: ".".join(map(str, path)))
def test_one_byte_of_any_ingredient_makes_another_key_and_no_hit(cache, tmp_path, target, path):
    stored(cache, tmp_path / "job")
    other = changed(INGREDIENTS, path)
    assert other != INGREDIENTS
    assert key_of(other) != key_of(INGREDIENTS)
    assert cache.fetch(other, target) is None
    assert list(target.iterdir()) == []


def test_the_key_holds_all_that_a_stage_has_recorded(tmp_path):
    phrases = tmp_path / "phrases.tsv"
    phrases.write_text("x")
    record = reuse.Record(
        inputs=[FileRecord("phrases", str(phrases), 1, 0, DIGEST, None)],
        tools={"ffmpeg": "5.1"},
        models=[Model("m", "r", "c")],
        devices=("auto", "cpu"),
    )
    options = Options(phrases=(phrases,))
    found = reuse.ingredients(stages.BY_NAME["hallucination_removal"], RAN, record, options, {"more": 1})
    assert found["config"] == {"strictness": "strict", "review": None}, "a file counts by its content, wherever it lies"
    assert found["inputs"] == [["phrases", DIGEST]]
    assert found["models"] == [{"name": "m", "revision": "r", "checksum": "c"}]
    assert (found["tools"], found["devices"], found["more"]) == ({"ffmpeg": "5.1"}, ["auto", "cpu"], 1)
    assert (found["code"], found["environment"]) == (RAN.code, RAN.lock_hash)
    record.inputs.clear()
    with pytest.raises(RuntimeError, match="was not read before the cache"):
        reuse.ingredients(stages.BY_NAME["hallucination_removal"], RAN, record, options, {})


def test_what_was_stored_comes_back(cache, tmp_path, target):
    made = stored(cache, tmp_path / "job", record=Said(metrics=(Metric("words", 3, "words"),)))
    found = cache.fetch(INGREDIENTS, target)
    assert found == made
    assert (target / "segments.json").read_bytes() == b"text"


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "folder", "entry"])
def test_a_damaged_result_is_no_result(cache, tmp_path, target, damage, caplog):
    stored(cache, tmp_path / "job")
    place = next(cache.folder.glob("*/*/segments.json"))
    if damage == "flip":
        place.write_bytes(b"tex\x75")
    elif damage == "truncate":
        place.write_bytes(b"tex")
    elif damage == "remove":
        place.unlink()
    elif damage == "folder":
        place.unlink()
        place.mkdir()
    else:
        (place.parent / "entry.json").write_text('{"format": 1, "stage"')
    assert cache.fetch(INGREDIENTS, target) is None
    assert list(target.iterdir()) == []
    assert [path.name for path in cache.damaged()] == [key_of(INGREDIENTS)[7:]]
    assert f"{place.parent} is damaged" in caplog.text
    stored(cache, tmp_path / "job")
    assert cache.fetch(INGREDIENTS, target) is not None, "the result made anew takes the damaged one's place"


def test_a_record_with_any_one_bit_changed_is_no_record(cache, tmp_path, target):
    said = Said(metrics=(Metric("words", 3, "words"),), warnings=("शोर",), facts={"vote": {"hi": 0.75}})
    made = stored(cache, tmp_path / "job", record=said, ingredients={**INGREDIENTS, "config": {"beam_size": 5}})
    place = next(cache.folder.glob("*/*/entry.json"))
    data = place.read_bytes()
    assert cache.fetch(made.ingredients, target) == made
    (target / "segments.json").unlink()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(result_cache._DamagedError):
            result_cache._parsed(bytes(flipped))
    place.write_bytes(flipped)
    assert cache.fetch(made.ingredients, target) is None, "the last of them"
    assert not place.exists() and cache.damaged() != [] and list(target.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/b", "", ".", "..", "entry.json"], ids=lambda name: name or "nothing"
)
def test_a_record_that_names_files_elsewhere_is_no_record(cache, tmp_path, target, name):
    made = entry(files=(CachedFile("a", "segments", 4, DIGEST),))
    object.__setattr__(made.files[0], "name", name)  # as somebody may write it who knows how the checksum is made
    place = cache.folder / key_of(INGREDIENTS)[7:9] / key_of(INGREDIENTS)[7:]
    place.mkdir(parents=True)
    (place / "entry.json").write_bytes(result_cache._record(made))
    assert cache.fetch(INGREDIENTS, target) is None
    assert not place.exists() and len(cache.damaged()) == 1


def test_damaged_results_go_in_time(cache, tmp_path, target):
    stored(cache, tmp_path / "job")
    next(cache.folder.glob("*/*/segments.json")).write_bytes(b"tex\x75")
    assert cache.fetch(INGREDIENTS, target) is None
    cache.shrink()
    [aside] = cache.damaged()
    os.utime(aside, (1, 1))
    cache.shrink()
    assert cache.damaged() == []


def test_a_deleted_file_comes_back_from_the_result_it_was_of(cache, tmp_path, target):
    made = stored(cache, tmp_path / "work", b"words")
    key, checksum = key_of(INGREDIENTS), made.files[0].checksum
    assert cache.restore_file(key, checksum, target / "a.json")
    assert (target / "a.json").read_bytes() == b"words"
    assert not cache.restore_file(DIGEST, checksum, target / "b.json"), "another result"
    assert not cache.restore_file(key, DIGEST, target / "b.json"), "another file"
    next(cache.folder.glob("*/*/segments.json")).write_bytes(b"sword")
    assert not cache.restore_file(key, checksum, target / "b.json"), "another content"
    assert [path.name for path in target.iterdir()] == ["a.json"]


def test_an_entry_under_a_wrong_name_is_not_used(cache, tmp_path, target):
    stored(cache, tmp_path / "job", ingredients={**INGREDIENTS, "code": "other"})
    wrong = next(cache.folder.glob("*/*/entry.json")).parent
    right = cache.folder / key_of(INGREDIENTS)[7:9] / key_of(INGREDIENTS)[7:]
    right.parent.mkdir(exist_ok=True)
    wrong.rename(right)
    assert cache.fetch(INGREDIENTS, target) is None


def test_a_second_best_result_is_used_until_it_expires(cache, tmp_path, target):
    stored(cache, tmp_path / "job", expires_at=time.time() + 60)
    assert cache.fetch(INGREDIENTS, target) is not None
    stored(cache, tmp_path / "job", expires_at=time.time() - 1)
    assert cache.fetch(INGREDIENTS, target) is None


def test_the_least_recently_used_go_first(tmp_path, target):
    cache = ResultCache(tmp_path / "cache", 3500)
    made = []
    for number in range(3):
        mine = {**INGREDIENTS, "code": str(number)}
        made.append(stored(cache, tmp_path / "job", bytes([number]) * 1000, ingredients=mine))
        place = cache.folder / key_of(mine)[7:9] / key_of(mine)[7:] / "entry.json"
        os.utime(place, (number + 1, number + 1))
    assert cache.fetch(made[0].ingredients, target) is not None, "used now: no longer the oldest"
    stored(cache, tmp_path / "job", b"x" * 1000, ingredients={**INGREDIENTS, "code": "3"})
    assert sorted(listed.entry.ingredients["code"] for listed in cache.entries()) == ["0", "2", "3"]


def test_a_result_larger_than_the_cache_stays_until_the_next(tmp_path, target):
    cache = ResultCache(tmp_path / "cache", 10)
    stored(cache, tmp_path / "job", b"x" * 1000)
    assert cache.fetch(INGREDIENTS, target) is not None
    stored(cache, tmp_path / "job", b"y" * 1000, ingredients={**INGREDIENTS, "code": "other"})
    assert len(cache.entries()) == 1


def test_a_large_file_is_shared_and_protected_a_small_one_is_copied(cache, tmp_path, target):
    job = tmp_path / "job"
    job.mkdir()
    (job / "audio.wav").write_bytes(b"a" * (9 << 20))
    (job / "probe.json").write_bytes(b"{}")
    made = entry(
        files=tuple(
            CachedFile(name, "t", (job / name).stat().st_size, files.sha256_of(job / name))
            for name in ("audio.wav", "probe.json")
        )
    )
    cache.store(made, job)
    assert cache.fetch(INGREDIENTS, target) is not None
    assert (target / "audio.wav").stat().st_ino == (job / "audio.wav").stat().st_ino
    assert not (target / "audio.wav").stat().st_mode & 0o222
    assert (target / "probe.json").stat().st_ino != (job / "probe.json").stat().st_ino
    assert (target / "probe.json").stat().st_mode & 0o200


def test_a_cache_that_cannot_be_written_fails_nothing(tmp_path, target, caplog):
    (tmp_path / "cache").write_text("a file, not a folder")
    cache = ResultCache(tmp_path / "cache", 1 << 30)
    with cache.lock(INGREDIENTS):
        assert cache.fetch(INGREDIENTS, target) is None
        stored(cache, tmp_path / "job")
    assert "could not be kept" in caplog.text
    assert cache.entries() == []


def test_a_cache_deleted_while_it_is_used_fails_nothing(cache, tmp_path, target):
    import shutil

    with cache.lock(INGREDIENTS):
        shutil.rmtree(cache.folder)
        stored(cache, tmp_path / "job")
    assert cache.fetch(INGREDIENTS, target) is not None


def _make_once(folder: str, log: str, number: int) -> None:
    cache = ResultCache(Path(folder), 1 << 30)
    work = Path(log).parent / f"work-{number}"
    work.mkdir()
    with cache.lock(INGREDIENTS):
        if cache.fetch(INGREDIENTS, work) is None:
            with Path(log).open("a") as file:
                file.write(f"{number}\n")
            time.sleep(0.5)
            stored(cache, work / "made")


def test_two_jobs_at_once_make_a_result_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    jobs = [
        context.Process(target=_make_once, args=(str(tmp_path / "cache"), str(tmp_path / "log"), n)) for n in range(4)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    assert len((tmp_path / "log").read_text().split()) == 1


def _hold_for_ever(folder: str, held: str) -> None:
    with ResultCache(Path(folder), 1).lock(INGREDIENTS):
        Path(held).touch()
        time.sleep(60)


def test_the_lock_of_a_killed_job_is_free(cache, tmp_path):
    context = multiprocessing.get_context("spawn")
    job = context.Process(target=_hold_for_ever, args=(str(cache.folder), str(tmp_path / "held")))
    job.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.05)
    os.kill(job.pid, signal.SIGKILL)
    job.join()
    done = threading.Event()

    def take() -> None:
        with cache.lock(INGREDIENTS):
            done.set()

    threading.Thread(target=take, daemon=True).start()
    assert done.wait(50)


def test_what_a_killed_job_left_half_stored_is_no_result_and_goes_in_time(cache, tmp_path, target):
    left = cache.folder / ".new-dead"
    left.mkdir(parents=True)
    (left / "segments.json").write_bytes(b"te")
    assert cache.fetch(INGREDIENTS, target) is None
    os.utime(left, (1, 1))
    stored(cache, tmp_path / "job")
    assert not left.exists()


def test_an_entry_of_another_version_is_passed_over(cache, tmp_path, target, monkeypatch):
    made = stored(cache, tmp_path / "job")
    place = next(cache.folder.glob("*/*/entry.json"))
    monkeypatch.setattr(result_cache, "_FORMAT", result_cache._FORMAT + 1)
    later = result_cache._record(made)
    monkeypatch.undo()
    value = {key: item for key, item in json.loads(later).items() if key != "checksum"}
    for text in (later, json.dumps({**value, "format": 1}).encode()):
        place.write_bytes(text)
        assert cache.fetch(INGREDIENTS, target) is None
        assert cache.entries() == [] and cache.damaged() == [] and place.exists()
    assert ResultCache(cache.folder, 0).shrink() == 1, "it takes room like any other"
