"""Hostile inputs by the thousand, and what reads them: whatever comes, a reader answers, or says what is wrong.

A reader takes a folder and bytes. It may return, or raise an error for people (``SamvadError``); anything else, and
anything that takes longer than ``SLOW_SECONDS`` of the processor, is a finding. ``make fuzz`` runs ten thousand of
them; a small part with a fixed seed is a test.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import logging
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import synthetic_events

import support
from samvad.commands import (
    correct,
    export,
    history,
    make_index,
    propose_resources,
    query,
    report,
    show,
    verify,
)
from samvad.core import outside, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import (
    job_folder,
    job_manifest,
    machine_cues,
    mux_proof,
    names,
    probe,
    run_mark,
    run_record,
    segments,
    stage_manifest,
    subtitle_check,
    tracks,
)
from samvad.documents import review as review_document
from samvad.documents.machine_cues import MachineCue, MachineCues
from samvad.documents.mux_proof import Place, Proof, StreamProof, TrackProof
from samvad.documents.names import CastCount, FilmName, Names
from samvad.documents.subtitle_check import CheckedRule, Checks, TrackCheck
from samvad.documents.subtitles import formats
from samvad.film import glossary_table, metadata
from samvad.media import film_file, film_headers
from samvad.reporting.metrics import totals
from samvad.reporting.pages import shelf_page
from samvad.runner import result_cache
from samvad.settings import configuration, resource_requests, subtitle_profiles
from samvad.stages.ner import overrides
from samvad.stages.tmdb import client, search
from samvad.text import phrases
from samvad.workflow import event_merging

SLOW_SECONDS = 5.0
#: Values that one may put in the place of any other in a document.
ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        2**63,
        10**400,
        1.5,
        -0.0,
        1e308,
        [],
        {},
        "",
        "\0",
        "\n",
        " ",
        "../../x",
        "/etc/passwd",
    ),
    *(
        "..",
        ".",
        "\ud800",
        "\x1b]52;c;eA==\x07",
        "\u202eabc",
        "{x}",
        "$(id)",
        "-V",
        "--help",
        "<script>alert(1)</script>",
    ),
    *(["a"] * 3, {"a": {"b": {"c": []}}}, "x" * 100_000, "9" * 5000, "sha256:../../x", "2025-01-01T00:00:00.000Z"),
)
#: Texts that are not what a JSON reader expects at all.
ODD_TEXTS = (
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"NaN",
    b"[1e999]",
    b'{"a":1}',
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"\xff\xfe\x00",
    b"\x00" * 4096,
    b"\xef\xbb\xbfnull",
    b'{"a":"\\ud800"}',
    b"1" + b"0" * 400,
    b"{" + b'"k":1,' * 10_000 + b'"k":1}',
)
ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\n",
    b"\r",
    b"\t",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"<",
    b"&",
    b"-->",
    b"9" * 30,
    b"\xed\xa0\x80",
)
ODD_TIMES = (b"99:99:99,999", b"-1:00:00,000", b"999999999999999999999:00:00.000", b"1e400", b"NaN", b"00:00:00", b"t")


@dataclass(frozen=True)
class Finding:
    """An input that a reader did not take as it should: what it was, what became of it."""

    reader: str
    data: bytes
    said: str


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return a text with some of it changed, repeated, taken out, or put elsewhere."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 2, 8, 64)))
        match chance.randrange(7):
            case 0:
                data[at:to] = b""
            case 1:
                data[at:at] = chance.choice(ODD_BYTES)
            case 2:
                data[at:to] = chance.randbytes(to - at)
            case 3:
                data[at:at] = data[at:to] * chance.choice((2, 50))
            case 4:
                data[at:to] = chance.choice(ODD_TIMES)
            case 5:
                del data[at:]
            case _:
                other = chance.randrange(len(data) + 1)
                data[other:other] = data[at:to]
    return bytes(data)


def mutated_json(seed: bytes, chance: random.Random) -> bytes:
    """Return a JSON document in which some values are others, or keys are gone, new or twice."""
    if chance.random() < 0.05:
        return chance.choice(ODD_TEXTS)
    if chance.random() < 0.15:
        return mutated(seed, chance)
    value = json.loads(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        holder, key = chance.choice(list(_places(value)) or [(None, None)])
        if holder is None:
            break
        if chance.random() < 0.2 and isinstance(holder, dict):
            del holder[key]
        elif chance.random() < 0.1:
            holder[key] = copy.deepcopy(value)
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD_VALUES))
    return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)


#: What makes an input of a valid one.
Mutator = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """Something that reads: its name, valid inputs, what makes others of them, how, and its share of a campaign."""

    name: str
    seeds: tuple[bytes, ...]
    mutate: Mutator
    read: Callable[[Path, bytes], object]
    share: int = 4


def _file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    """Return a function that writes the bytes into a file of a name and reads that."""

    def run(folder: Path, data: bytes) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return read(path)

    return run


MOVIE = {
    **{"id": 7, "title": "Film", "original_title": "फ़िल्म", "release_date": "2008-07-04", "runtime": 120},
    "credits": {"cast": [{"name": "Imran Khan", "character": "Jai", "order": 0}, {"name": "Genelia", "order": 1}]},
    "alternative_titles": {"titles": [{"title": "Another"}]},
    "translations": {"translations": [{"iso_639_1": "en", "data": {"title": "Film"}}]},
}
FOUND = {
    "results": [{"id": 7, "title": "Film", "original_title": "Film", "release_date": "2008-07-04", "popularity": 3.5}]
}
SHEET = (
    "film\tmedia\ttitle\tyear\tsource\ttargets\tuser\tdate\tjob\tworkflow\n"
    "a\tfilm.mkv\tA film\t2008\thi\ten\tme\t2025-01-01\t1\tsubtitle\n"
    'b\t"film\ttwo.mkv"\tनमस्ते\t\thi,en\ten,hi\tme\t2025-01-01\t2\ttranscribe\n'
).encode()
SRT = "1\n00:00:01,000 --> 00:00:02,000\nनमस्ते\n\n2\n00:00:03,000 --> 00:00:04,000\n<i>Hello</i> there\n\n".encode()
VTT = b"WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000 line:10% align:start\n<v Ann>Hello <b>you</b> &amp; me\n\n"
ASS = (
    b"[Script Info]\nPlayResX: 384\nPlayResY: 288\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    b"Style: Default,Arial,20\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    b"Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\i1}Hello{\\i0}\\Nthere\n"
)
TTML = (
    b'<?xml version="1.0" encoding="UTF-8"?><tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en" '
    b'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" ttp:tickRate="1000"><body><div>'
    b'<p begin="1s" end="2s">Hello<br/>there</p><p begin="00:00:03:10" dur="500t">x</p></div></body></tt>'
)
CUE = MachineCue(0, 900, ("Hello",), (("i", 0, 0, 5),), 0, 900, (1,), heard=True)
CHECK = TrackCheck("en", 1, (CheckedRule("overlap", "error", "x"),), {"gap": 2}, {"hard": 1.0}, ())
PROOF = Proof("mkvmerge", (StreamProof(0, "audio", "x", (Place(1, 0.0, 1.0, True),)),), (TrackProof("en", 1),), ())


def _cues(path: Path) -> object:
    read = machine_cues.read(path)
    return [(cue.cue, cue.origin) for cues in read.tracks.values() for cue in cues]


DOCUMENTS: dict[str, tuple[object, Callable[[Path], object]]] = {
    "names": (Names(names=(FilmName("A", "person", "tmdb", 7, 0),), cast=(CastCount("A", "B", 7, 0),)), names.read),
    "proof": (PROOF, mux_proof.read),
    "cues": (MachineCues(tracks={"en": (CUE,)}), _cues),
    "checks": (Checks(profile="netflix", tracks=(CHECK,)), subtitle_check.read),
}
CONFIG_KEYS = (
    b"output_root: out\nasr:\n  model: base\n  prompt: ''\nsubtitle:\n  profile: netflix\nstages: {tmdb: false}\n"
)
SEGMENTS = json.dumps(
    {
        "schema_version": "1.0",
        "language": "hi",
        "duration_ms": 5000,
        "segments": [{"id": 1, "start_ms": 0, "end_ms": 900, "text": "नमस्ते", "language": "hi", "words": []}],
    }
).encode()
LINE = (
    b'{"ts":"2025-01-01T00:00:00.000Z","event":"stage_result","stage":"asr","status":"success",'
    b'"counts":{"peak_rss_mb":5}}\n'
)


def _stage_manifest(folder: Path) -> bytes:
    made = support.finished_stage(support.make_job(folder, "seed/1"), "demux", {"audio": ("audio.wav", b"x")})
    return made.read_bytes()


def _config(path: Path) -> object:
    try:
        value = outside.yaml_value(path)
    except ValueError:
        return None  # its callers name the file
    whole = outside.yaml_value(support.ROOT / "config" / "config.yaml")
    return configuration.check({**whole, **value} if isinstance(value, dict) else value)


class _Asked(client.Service):
    """TMDB with one answer to the search and another for the film; the stage skips what raises NetworkError."""

    answers: tuple[Any, Any] = (None, None)

    def ask(self, path: str, **query: str | int) -> Any:
        return self.answers[path.startswith("movie/")]


def _tmdb(which: int) -> Callable[[Path, bytes], object]:
    def run(folder: Path, data: bytes) -> object:
        service = _Asked(key="x")
        answers: list[Any] = [FOUND, MOVIE]
        answers[which] = client._parsed(data)
        service.answers = (answers[0], answers[1])
        film, _ = search.find_film(service, "Film", 2008, 10)
        metadata.write(folder / "film_metadata.json", film)
        return metadata.read(folder / "film_metadata.json")

    return run


def _tmdb_cache(folder: Path, data: bytes) -> object:
    memo = folder / "memo.json"
    memo.write_bytes(data)
    return client._read(memo)


def _cache(folder: Path, data: bytes) -> object:
    cache = result_cache.ResultCache(folder / "cache", 1 << 30)
    place = cache._place(result_cache.key_of({"stage": "asr"}))
    place.mkdir(parents=True, exist_ok=True)
    (place / "entry.json").write_bytes(data)
    (folder / "target").mkdir(exist_ok=True)
    cache.entries()
    return cache.fetch({"stage": "asr"}, folder / "target")


def _cache_seed() -> bytes:
    entry = result_cache.Entry("asr", {"stage": "asr"}, (), run_id="r", made_at="2025-01-01T00:00:00.000Z")
    return result_cache._record(entry)


def _job(folder: Path, data: bytes) -> object:
    job = folder / "2025/01/01/me/1"
    (job / "01_demux/attempts/01").mkdir(parents=True, exist_ok=True)
    for path in ("01_demux/manifest.json", "01_demux/attempts/01/manifest.json", "manifest.json", "run.json"):
        (job / path).write_bytes(data)
    job_folder.load(job)
    job_manifest.read_optional(job)
    job_manifest.status(job)
    shelf_page.write(folder)
    return run_record.read_optional(job)


def _asked_of_a_job(folder: Path, data: bytes) -> object:
    """What commands make of a job in which one record, and what a stage left for people, is another."""
    job = folder / "2025/01/01/me/1"
    shutil.rmtree(job, ignore_errors=True)
    support.finished_stage(support.make_job(folder, "2025/01/01/me/1"), "demux", {"audio": ("audio.wav", b"x")})
    made = support.finished_stage(job, "subtitle_gen", {"tracks": ("tracks.json", b"{}")}).parent
    for path in (("manifest.json", "04_asr/manifest.json", "run.json")[len(data) % 3], "10_mux/proof.json"):
        (job / path).parent.mkdir(exist_ok=True)
        (job / path).write_bytes(data)
    for name in ("qc.json", "cues.json", "tracks.json"):
        (made / name).write_bytes(data)
    lines = [(verify, [str(job), "--mend"]), (verify, [str(folder), "--json", "--all"]), (show, [str(job)])]
    lines += [(history, [str(job), "--output-root", str(folder)]), (propose_resources, [str(folder)])]
    lines += [(export, [str(job), "--output", str(folder / "crate.zip")]), (make_index, [str(folder)])]
    lines += [(correct, [str(job)]), (correct, [str(job), str(_edited(folder)), "--delete"])]
    (folder / "crate.zip").unlink(missing_ok=True)
    command, words = lines[len(data) // 3 % len(lines)]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        out.reconfigure = lambda **_: None  # type: ignore[attr-defined]
        return command.main(words)


def _edited(folder: Path) -> Path:
    path = folder / "edited.en.srt"
    path.write_bytes(SRT)
    return path


def _document(name: str, seed: object, read: Callable[[Path], object]) -> Reader:
    return Reader(name, (json.dumps(seed).encode(),), mutated_json, _file(f"{name}.json", read), 1)


def _logs(folder: Path, data: bytes) -> object:
    attempt = folder / "job/01_demux/attempts/01"
    attempt.mkdir(parents=True, exist_ok=True)
    (attempt / "events.jsonl").write_bytes(data)
    (folder / "job/logs").mkdir(exist_ok=True)
    (folder / "job/logs/99_pipeline_x.jsonl").write_bytes(data)
    event_merging.run_of(attempt)
    list(event_merging.whole_lines(data))
    return totals.collect([folder], datetime(2026, 1, 1, tzinfo=UTC), 30)


def mutated_lines(seed: bytes, chance: random.Random) -> bytes:
    """Return lines of JSON of which some are others."""
    lines = seed.splitlines()
    for place in chance.sample(range(len(lines) - 1), chance.choice((1, 3, 8))):
        lines[place] = mutated_json(lines[place], chance)
    return b"\n".join(lines) + b"\n"


def _asked(folder: Path, data: bytes) -> object:
    """What ``samvad query`` and ``samvad report`` make of the log of a run."""
    log = folder / "2025/11/27/me/1/logs/99_pipeline_20251127_000000.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(data)
    page = ["--output", str(folder / "report.html")]
    lines = [(query, [name]) for name in ("volume", "active", "failures", "slow", "memory")]
    lines += [(query, ["why", "film-00000"]), (report, page), (report, [*page, "--run", "film-00000"])]
    command, words = lines[len(data) % len(lines)]  # one for each input: every one of them loads it anew
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return command.main([*words, "--no-index", str(folder)])


def _log_of_a_run(folder: Path) -> bytes:
    synthetic_events.make_shelf(folder / "shelf", films=3, events=60, seed=5)
    return sorted((folder / "shelf").rglob("99_pipeline_*.jsonl"))[0].read_bytes()


def _film(path: Path) -> object:
    film_file.check(path, "")
    return film_headers.read(path)


def small_films(folder: Path) -> tuple[bytes, ...]:
    """Return small films of several kinds, made by ffmpeg."""
    made = []
    for kind, codecs in {
        "mkv": ["-c:v", "mpeg4"],
        "mp4": ["-c:v", "mpeg4"],
        "avi": [],
        "ts": ["-c:v", "mpeg4", "-c:a", "aac"],
        "wav": ["-vn"],
    }.items():
        path = folder / f"small.{kind}"
        source = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=5:duration=1", "-f", "lavfi", "-i", "sine=duration=1"]
        command = ["ffmpeg", "-v", "error", "-y", *source, "-b:v", "8k", "-ar", "8000", *codecs, str(path)]
        subprocess.run(command, check=True, capture_output=True)
        made.append(path.read_bytes())
    return tuple(made)


def readers(folder: Path) -> list[Reader]:
    """Return all readers; films are among them where ffmpeg is there to make some."""
    stage = _stage_manifest(folder)
    found = [
        Reader("sheet", (SHEET,), mutated, _file("films.tsv", configuration.load_films)),
        Reader("config", (CONFIG_KEYS,), mutated, _file("config.yaml", _config), share=2),
        Reader(
            "resources",
            (b"stages:\n  asr: {cores: 2}\n",),
            mutated,
            _file("r.yaml", lambda p: resource_requests.load(str(p))),
            1,
        ),
        Reader(
            "profile",
            (b"extends: netflix\nname: x\ntitle: X\n",),
            mutated,
            _file("p.yaml", lambda p: subtitle_profiles.load(str(p))),
            1,
        ),
        Reader("tmdb-search", (json.dumps(FOUND).encode(),), mutated_json, _tmdb(0)),
        Reader("tmdb-movie", (json.dumps(MOVIE).encode(),), mutated_json, _tmdb(1)),
        Reader(
            "tmdb-file",
            (json.dumps(MOVIE).encode(), b'{"title":"A","cast":[{"name":"B"}]}'),
            mutated_json,
            _file("t.json", lambda p: metadata.read_file(p, 10)),
        ),
        Reader("tmdb-cache", (b'{"fetched": 1e9, "answer": {}}',), mutated_json, _tmdb_cache, 2),
        Reader("srt", (SRT,), mutated, _file("a.srt", formats.read)),
        Reader("vtt", (VTT,), mutated, _file("a.vtt", formats.read)),
        Reader("ass", (ASS,), mutated, _file("a.ass", formats.read)),
        Reader("ttml", (TTML,), mutated, _file("a.ttml", formats.read)),
        Reader("manifest", (stage,), mutated_json, _file("manifest.json", stage_manifest.read)),
        Reader("probe", (support.probe_document(),), mutated_json, _file("probe.json", probe.read), 2),
        Reader("segments", (SEGMENTS,), mutated_json, _file("segments.json", segments.read), 2),
        Reader(
            "tracks",
            (
                b'{"schema_version":"1.0","tracks":[{"language":"en","translated":true,"cues":1,"files":{"srt":"a.srt"}}]}',
            ),
            mutated_json,
            _file("tracks.json", tracks.read),
            1,
        ),
        Reader(
            "mark",
            (b'{"host":"a","pid":1,"since_ns":5,"locks":["a.lock"]}',),
            mutated_json,
            _file("m.json", run_mark.read),
            2,
        ),
        Reader("job", (stage, b'{"run_id":"r","film":"a"}'), mutated_json, _job),
        Reader("cache", (_cache_seed(),), mutated_json, _cache),
        Reader("logs", (LINE * 3,), mutated, _logs, 2),
        Reader("commands", (stage, b'{"run_id":"r","film":"a"}', SEGMENTS), mutated_json, _asked_of_a_job, 2),
        *(_document(name, typed_json.plain(seed), read) for name, (seed, read) in DOCUMENTS.items()),
        Reader("questions", (_log_of_a_run(folder),), mutated_lines, _asked, 1),
        Reader(
            "glossary",
            (b"source\ttarget\nbhai\tbrother\n",),
            mutated,
            _file("g.tsv", lambda p: glossary_table.read(p, "g", overrides.LAYOUT, lambda row, line: row)),
            1,
        ),
        Reader(
            "overrides",
            (b"old\tnew\ttime\nRahul\tRahool\t0:01:02\n",),
            mutated,
            _file("o.tsv", lambda p: overrides.read(p, "o")),
            2,
        ),
        Reader("phrases", (b"language\tphrase\tsource\nen\tthank you\tx\n",), mutated, _file("h.tsv", phrases.read), 1),
        Reader(
            "review",
            (b"start\tend\tverdict\ttext\n0:00:01.000\t0:00:02.000\tspeech\tx\n",),
            mutated,
            _file("q.tsv", review_document.read_verdicts),
            2,
        ),
    ]
    if shutil.which("ffmpeg"):
        found.append(Reader("film", small_films(folder), mutated, _file("film.mkv", _film), share=4))
    return found


def tried(reader: Reader, folder: Path, data: bytes) -> Finding | None:
    """Give an input to a reader; return what is wrong with what became of it, or None."""
    began = time.process_time()
    try:
        reader.read(folder, data)
    except SamvadError as error:
        if error.category == "bug" or len(str(error)) > 4000:
            return Finding(reader.name, data, f"a message that is no help: {str(error)[:200]}")
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Finding(
            reader.name, data, f"{type(error).__name__}: {str(error)[:200]} ({place.filename}:{place.lineno})"
        )
    took = time.process_time() - began
    return Finding(reader.name, data, f"{took:.1f} s") if took > SLOW_SECONDS else None


def campaign(count: int, seed: int, folder: Path, seconds: float = 1e9) -> tuple[dict[str, int], list[Finding]]:
    """Give many inputs to all readers, each its share.

    Args:
        count: how many in all.
        seed: of the chance by which they are made.
        folder: where files may be written.
        seconds: when to stop before that.

    Returns:
        How many each reader was given, and what was found; one finding for each place of the code.
    """
    chance = random.Random(seed)
    known = readers(folder)
    turns = [reader for reader in known for _ in range(reader.share)]
    given: dict[str, int] = dict.fromkeys((reader.name for reader in known), 0)
    found: dict[tuple[str, str], Finding] = {}
    ends = time.monotonic() + seconds
    for number in range(count):
        if time.monotonic() > ends:
            break
        reader = turns[number % len(turns)]
        place = folder / reader.name
        if number % 50 == 0:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(exist_ok=True)
        data = reader.mutate(chance.choice(reader.seeds), chance)
        given[reader.name] += 1
        finding = tried(reader, place, data)
        if finding is not None:
            found.setdefault((reader.name, finding.said.rsplit("(", 1)[-1]), finding)
    return given, list(found.values())


def main(words: list[str] | None = None) -> int:
    """Run a campaign, print its counts and what was found; return 1 where something was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="the same seed, the same inputs")
    parser.add_argument("--seconds", type=float, default=600.0, help="stop after so long")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="folder for the inputs of findings")
    options = parser.parse_args(words)
    logging.disable(logging.CRITICAL)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        given, found = campaign(options.count, options.seed, Path(folder), options.seconds)
    for name, number in sorted(given.items()):
        print(f"{number:6} {name}")
    print(f"{sum(given.values()):6} inputs in {time.monotonic() - began:.0f} s, {len(found)} findings")
    for number, finding in enumerate(found):
        options.keep.mkdir(parents=True, exist_ok=True)
        path = options.keep / f"{options.seed}-{number}.{finding.reader}"
        path.write_bytes(finding.data)
        print(f"{finding.reader}: {finding.said}\n       {path}")
    return int(bool(found) or sum(given.values()) < options.count)


if __name__ == "__main__":
    sys.exit(main())
