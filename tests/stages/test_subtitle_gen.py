"""Stage 09 as a command: tracks, files, warnings and figures in the manifest."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysubs2
import pytest

import support
from samvad.core import typed_json
from samvad.documents import subtitle_check
from samvad.documents.segments import Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Style
from samvad.documents.word_account import Heard, Said
from samvad.media import shots
from samvad.stages.translation.memory import Memory
from samvad.text import word_forms

FILM_24 = {"frame_rate_numerator": 24, "frame_rate_denominator": 1}

DIALOGUE = (
    Segment(
        1,
        1000,
        3000,
        "तुम कहाँ थे कल रात?",
        "hi",
        tuple(Word(1000 + 400 * i, 1400 + 400 * i, word) for i, word in enumerate(["तुम", "कहाँ", "थे", "कल", "रात?"])),
        translations={"en": Translation("Where were you last night?", "test")},
    ),
    Segment(2, 3100, 4000, "Thanks for watching!", "en", verdict="quarantine"),
    Segment(3, 5000, 6500, "Nowhere, Papa & Mummy.", "en", translations={"hi": Translation("कहीं नहीं।", "test")}),
    Segment(
        4,
        20_000,
        24_000,
        "ये दोस्ती हम नहीं तोड़ेंगे",
        "hi",
        kind="song",
        translations={"en": Translation("", "test", flags=("empty",))},
    ),
)


#: What stage 04 takes for perhaps speech: the first has text, the second has none.
PERHAPS = [
    {"start_ms": start, "end_ms": end, "speech_ms": end - start} for start, end in ((1_000, 3_000), (40_000, 42_500))
]
#: Where other sound is too loud to hear anybody: the first has text.
LOUD = [
    {"start_ms": start, "end_ms": end, "speech_ms": end - start} for start, end in ((1_000, 3_000), (45_000, 59_000))
]


def make_inputs(
    tmp_path: Path,
    segments: tuple[Segment, ...],
    video: dict[str, Any] | None = FILM_24,
    speech: list[tuple[int, int]] | None = None,
    demux: Path | None = None,
    more_heard: str = "",
) -> list[object]:
    """Make stages 01 (unless there is one) and 04 of a job and return the options that name them.

    ``more_heard``: what recognition has heard, too, in the first segment, that is in no document since.
    """
    job = demux.parents[1] if demux else support.make_job(tmp_path)
    document = SegmentsDocument("hi" if segments else "und", 60_000, segments)
    picture = video and {**support.VIDEO, **video}
    outputs = {"probe": ("probe.json", support.probe_document(video=picture))}
    demux = demux or support.finished_stage(job, "demux", outputs)
    content = json.dumps(typed_json.plain(document)).encode()
    found = {"segments": ("segments.json", content)}
    if speech is not None:
        regions = [{"start_ms": start, "end_ms": end} for start, end in speech]
        sung = {"start_ms": 20_000, "end_ms": 24_000, "sung": True}
        found["speech_regions"] = ("speech_regions.json", json.dumps({"regions": [*regions, sung]}).encode())
        covered = {"schema_version": "1.1", "speech_ms": 0, "with_text_ms": 0, "perhaps": PERHAPS, "loud": LOUD}
        found["coverage"] = ("coverage.json", json.dumps(covered).encode())
    said = tuple(Said(one.id, one.start_ms, one.end_ms, one.text) for one in segments)
    said = tuple(replace(one, text=f"{one.text} {more_heard}") if one.id == 1 else one for one in said)
    heard = Heard(words=sum(len(word_forms.of(one.text)) for one in said), said=said)
    found["heard"] = ("heard.json", json.dumps(typed_json.plain(heard)).encode())
    asr = support.finished_stage(job, "asr", found)
    return ["--job-folder", job, "--film", "test", "--demux", demux, "--asr", asr, "--segments", asr]


def run(
    inputs: list[object],
    languages: str = "hi en",
    formats: str = "srt vtt",
    profile: object = "netflix",
    cache: dict[str, str] | None = None,
) -> tuple[Path, Any]:
    """Run the script; with a cache of its own, it looks for shot changes."""
    options = ["--languages", *languages.split(), "--formats", *formats.split(), "--profile", profile]
    options += [] if cache else ["--shots=false"]
    done = support.run_script("subtitle_gen", *inputs, *options, env=cache)
    return Path(str(inputs[1])), done


def profile_of(folder: Path, **rules: object) -> Path:
    """Write a profile that differs from Netflix's in some rules."""
    lines = [f"  {key}: {{value: {value}, source: test}}" for key, value in rules.items()]
    path = folder / "test profile.yaml"
    path.write_text("\n".join(["title: Test", "extends: netflix", "rules:", *lines]) + "\n", encoding="utf-8")
    return path


def figures(manifest: dict[str, Any]) -> dict[str, Any]:
    return {metric["name"]: metric["value"] for metric in manifest["metrics"]}


def warnings(manifest: dict[str, Any]) -> list[str]:
    return [item["message"] for item in manifest["warnings"]]


def test_a_word_that_was_heard_and_is_nowhere_since_makes_the_track_red_and_is_told(tmp_path: Path) -> None:
    reasoned = tuple(
        replace(one, reasons=("a phrase that is made up",)) if one.verdict == "quarantine" else one
        for one in DIALOGUE[:3]
    )
    for more, lost in (("", 0), ("अभी बोलो", 2)):
        job, done = run(make_inputs(tmp_path / f"lost{lost}", reasoned, more_heard=more))
        assert done.returncode == 0, done.stderr
        folder = job / "09_subtitle_gen"
        for track in subtitle_check.read(folder / "qc.json").tracks:
            assert track.words is not None and track.headline is not None
            assert (track.words.lost, track.words.added, track.headline.unexplained) == (lost, 0, lost)
            assert [(item.rule, item.words) for item in track.words.taken] == [
                ("not spoken: a phrase that is made up", 3)
            ]
            if lost:
                (found,) = track.words.unexplained
                assert (found.stage, found.start_ms, found.text) == ("04_asr", 1000, "अभी बोलो")
                assert track.headline.grade == "bad" and "2 words lost" in track.headline.told()
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        assert figures(manifest)["words_unexplained_hi"] == lost
        told = [line for line in warnings(manifest) if "without a record" in line]
        assert len(told) == (2 if lost else 0) and all("00:00:01.000 'अभी बोलो'" in line for line in told)
        assert ("अभी बोलो" in (folder / "report.html").read_text("utf-8")) == bool(lost)


def test_each_target_gets_its_files_with_the_text_in_its_language(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, DIALOGUE, speech=[(1000, 3000), (5000, 6500), (30_000, 33_500)]))
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    hindi = pysubs2.load(str(folder / "test.hi.srt"))
    assert [event.text for event in hindi] == ["तुम कहाँ थे कल रात?", "कहीं नहीं।", "♪ ये दोस्ती हम नहीं तोड़ेंगे ♪"]
    assert [(event.start, event.end) for event in hindi] == [(1000, 3000), (5000, 6500), (20_000, 24_000)]
    english = (folder / "test.en.vtt").read_text(encoding="utf-8")
    assert "Where were you last night?" in english
    assert "Nowhere, Papa &amp; Mummy." in english
    assert b"\r" not in (folder / "test.en.srt").read_bytes()

    tracks = json.loads((folder / "tracks.json").read_text("utf-8"))
    assert tracks == {
        "schema_version": "1.0",
        "tracks": [
            {
                "language": language,
                "translated": language == "en",
                "cues": cues,
                "hearing_impaired": False,
                "corrected": False,
                "files": {kind: f"test.{language}.{kind}" for kind in ("srt", "vtt")},
            }
            for language, cues in (("hi", 3), ("en", 2))
        ],
        "further": [],
        "transcripts": {},
    }
    for track in json.loads((folder / "qc.json").read_text("utf-8"))["tracks"]:
        assert track["missing"] == [[30_000, 33_500]]
        assert track["perhaps"] == [[40_000, 42_500]]
        assert (track["loud"], track["headline"]["loud_seconds"]) == ([[45_000, 59_000]], 14.0)
        assert (track["headline"]["speech_seconds"], track["headline"]["coverage"]) == (7.0, 0.5)
    report = (folder / "report.html").read_text("utf-8")
    assert "somebody speaks, and there is no text" in report and '"perhaps":[[40000,42500]]' in report
    assert '"loud":[[45000,59000]]' in report and "for 14 s other sound is louder than speech" in report
    manifest = support.manifest_of(job, "subtitle_gen")
    assert any("3.5 of 7.0 s of speech have no text in English" in text for text in warnings(manifest))
    kinds = {item["type"]: item["path"] for item in manifest["outputs"]}
    assert kinds["srt_hi"] == "09_subtitle_gen/test.hi.srt"
    assert set(kinds) - {"metadata"} == {
        "srt_hi",
        "vtt_hi",
        "srt_en",
        "vtt_en",
        "tracks",
        "qc",
        "cues",
        "shorter",
        "report",
    }
    assert {item["type"] for item in manifest["inputs"]} == {"probe", "segments", "speech_regions", "coverage", "heard"}
    assert figures(manifest)["within_all_rules_hi"] == 1
    assert figures(manifest)["cues_en"] == 2


def test_text_that_has_no_translation_is_left_out_with_a_warning_and_a_count(tmp_path: Path) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE))
    manifest = support.manifest_of(job, "subtitle_gen")
    assert figures(manifest)["segments_left_out_en"] == 1
    assert any(text.startswith("1 of 3 segments have no text in English") for text in warnings(manifest))


def test_quarantined_text_is_in_no_file(tmp_path: Path) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE))
    for path in (job / "09_subtitle_gen").glob("test.*"):
        assert "watching" not in path.read_text("utf-8")


def test_without_translation_the_film_gets_the_language_spoken_and_a_warning(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, (DIALOGUE[3],)), languages="ta en")
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "subtitle_gen")
    assert [name for name in ("hi", "ta", "en") if (job / f"09_subtitle_gen/test.{name}.srt").exists()] == ["hi"]
    assert any("text in Tamil: translation is off" in text for text in warnings(manifest))


def test_a_silent_film_gets_valid_empty_files_and_a_warning(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, ()), languages="en")
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    assert ((folder / "test.en.srt").read_bytes(), (folder / "test.en.vtt").read_bytes()) == (b"", b"WEBVTT\n\n")
    assert any("in English are empty" in text for text in warnings(support.manifest_of(job, "subtitle_gen")))


@pytest.mark.parametrize(
    ("video", "gap_ms"),
    [
        ({"frame_rate_numerator": 25, "frame_rate_denominator": 1}, 200),
        ({"frame_rate_numerator": 24_000, "frame_rate_denominator": 1001}, 209),
        ({"frame_rate_numerator": 90_000, "frame_rate_denominator": 1}, 209),
        (None, 209),
    ],
)
def test_the_gap_is_in_frames_of_the_film_or_of_cinema(
    tmp_path: Path, video: dict[str, Any] | None, gap_ms: int
) -> None:
    segments = (
        Segment(1, 0, 2000, "One sentence.", "hi", speaker="A"),
        Segment(2, 2000, 4000, "Two.", "hi", speaker="B"),
    )
    job, _ = run(
        make_inputs(tmp_path, segments, video),
        languages="hi",
        formats="srt",
        profile=profile_of(tmp_path, min_gap_frames=5),
    )
    first, second = pysubs2.load(str(job / "09_subtitle_gen" / "test.hi.srt"))
    assert second.start - first.end == gap_ms


def test_only_the_formats_asked_for_are_written(tmp_path: Path) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE), languages="hi", formats="vtt")
    assert sorted(path.name for path in (job / "09_subtitle_gen").glob("test.*")) == ["test.hi.vtt"]


def test_a_profile_of_ones_own_is_kept_and_breaches_are_listed_with_their_source(tmp_path: Path) -> None:
    profile = profile_of(
        tmp_path,
        max_line_characters=10,
        max_lines=3,
        reading_speed_cps=5,
        min_duration_seconds=1.5,
        max_duration_seconds=2.5,
    )
    job, done = run(make_inputs(tmp_path, DIALOGUE), languages="hi", profile=profile)
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    events = list(pysubs2.load(str(folder / "test.hi.srt")))
    assert all(len(line) <= 14 for event in events for line in event.text.split("\\N"))
    assert all(event.duration <= 2500 for event in events)
    (check,) = json.loads((folder / "qc.json").read_text("utf-8"))["tracks"]
    assert {item["rule"] for item in check["findings"]} >= {"reading speed"}
    assert {rule["rule"]: rule["source"] for rule in check["rules"]}["reading speed"] == "test"
    manifest = support.manifest_of(job, "subtitle_gen")
    assert figures(manifest)["within_reading_speed_hi"] == check["within"]["reading speed"] < 1
    assert any("too fast to read" in text for text in warnings(manifest))


def test_a_profile_that_is_wrong_is_refused_by_name(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, min_duration_seconds=8)
    job, done = run(make_inputs(tmp_path, DIALOGUE), profile=profile)
    assert done.returncode == 2
    assert "min_duration_seconds is above" in support.failed_manifest(job, "subtitle_gen")["errors"][0]["message"]
    assert not (job / "09_subtitle_gen" / "manifest.json").exists()


def test_all_formats_say_the_same(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, DIALOGUE), languages="hi", formats="srt vtt ass ttml")
    assert done.returncode == 0, done.stderr
    files = [job / "09_subtitle_gen" / f"test.hi.{kind}" for kind in ("srt", "vtt", "ass", "ttml")]
    assert [formats.read(path).cues for path in files] == [formats.read(files[0]).cues] * 4


def test_shot_changes_draw_the_times_to_them_and_known_ones_cost_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are known by the film's checksum; there is no film in this job."""
    cache = support.new_cache(tmp_path)
    monkeypatch.setenv("SAMVAD_CACHE", cache["SAMVAD_CACHE"])
    shots.remember("sha256:" + "0" * 64, [800, 3200])
    job, done = run(make_inputs(tmp_path, DIALOGUE), languages="hi", formats="srt", cache=cache)
    assert done.returncode == 0, done.stderr
    first = formats.read(job / "09_subtitle_gen" / "test.hi.srt").cues[0]
    assert (first.start_ms, first.end_ms) == (800, 3200 - 84)
    assert json.loads((job / "09_subtitle_gen" / "shots.json").read_text("utf-8"))["cuts_ms"] == [800, 3200]


def test_a_film_gives_its_shot_changes_and_a_small_copy_and_one_that_is_away_is_said(
    tmp_path: Path, sample: Any
) -> None:
    cache = support.new_cache(tmp_path)
    film = Path(shutil.copy2(sample.film, tmp_path / "film.mp4"))
    job = support.make_job(tmp_path)
    done = support.run_script("demux", "--job-folder", job, "--film", "test", f"--media={film}", env=cache)
    assert done.returncode == 0, done.stderr
    inputs = make_inputs(tmp_path, DIALOGUE, demux=job / "01_demux" / "manifest.json")
    _, done = run([*inputs, "--proxy-height=120"], cache=cache)
    assert done.returncode == 0, done.stderr
    folder, manifest = job / "09_subtitle_gen", support.manifest_of(job, "subtitle_gen")
    assert json.loads((folder / "shots.json").read_text("utf-8"))["cuts_ms"] == sample.truth["cuts_ms"]
    assert {"film"} <= {item["type"] for item in manifest["inputs"]} and not manifest.get("lacks")
    assert {"shots", "proxy"} <= {item["type"] for item in manifest["outputs"]}
    assert '"media":"proxy.mp4"' in (folder / "report.html").read_text("utf-8")

    film.unlink()
    shutil.rmtree(Path(cache["SAMVAD_CACHE"]) / "shots")
    _, done = run(inputs, cache=cache)
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "subtitle_gen")
    assert any("no shot changes" in text and "is gone" in text for text in warnings(manifest))
    assert [lack["place"] for lack in manifest["lacks"]] == [str(film)]
    assert not {"shots", "proxy"} & {item["type"] for item in manifest["outputs"]}


# -- corrections -----------------------------------------------------------------------------------------------------


def memory_of(job: object) -> Path:
    return Path(str(job)) / "memory.sqlite"


def correct(*options: object) -> subprocess.CompletedProcess[str]:
    command = [support.ROOT / "samvad", "correct", *options]
    if "--forget" not in options:
        command += ["--memory-file", memory_of(options[0])]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


EDITED = """1
00:00:01,000 --> 00:00:03,200
Where <i>were</i> you last night?

2
00:00:05,000 --> 00:00:06,500
Nowhere, Papa & Mummy.

7
00:00:30,000 --> 00:00:32,000
(A door closes.)
"""


def test_an_edited_track_comes_back_and_no_later_run_overwrites_it(tmp_path: Path) -> None:
    inputs = make_inputs(tmp_path, DIALOGUE)
    job, _ = run(inputs)
    edited = tmp_path / "शोले edited.en.srt"
    edited.write_text("\ufeff" + EDITED.replace("\n", "\r\n"), encoding="utf-8")
    done = correct(job, edited)
    assert done.returncode == 0, done.stderr
    assert "3 cues in English are kept" in done.stdout
    assert "1 unchanged, 1 with new times, 1 added" in done.stdout
    for _ in range(2):
        _, again = run(inputs)
        assert again.returncode == 0, again.stderr
        cues = formats.read(job / "09_subtitle_gen" / "test.en.srt").cues
        assert [cue.text for cue in cues] == [
            "Where were you last night?",
            "Nowhere, Papa & Mummy.",
            "(A door closes.)",
        ]
        assert cues[0].styles == (Style(0, 6, 10, "i"),)
        tracks = json.loads((job / "09_subtitle_gen" / "tracks.json").read_text("utf-8"))["tracks"]
        assert [track["corrected"] for track in tracks] == [False, True]
        assert "correction_en" in {item["type"] for item in support.manifest_of(job, "subtitle_gen")["inputs"]}


def test_the_pairs_tell_what_was_said_what_the_machine_wrote_and_what_a_person_made_of_it(tmp_path: Path) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE))
    edited = tmp_path / "x.srt"
    edited.write_text(EDITED.replace("last night", "yesterday"), encoding="utf-8")
    assert correct(job, edited, "--language", "en").returncode == 0
    with (job / "corrections" / "en.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["how"] for row in rows] == ["text", "same", "added"]
    assert rows[0] == {
        "how": "text",
        "start_ms": "1000",
        "end_ms": "3200",
        "segments": "1",
        "source_language": "hi",
        "source_text": "तुम कहाँ थे कल रात?",
        "language": "en",
        "machine_text": "Where were you last night?",
        "corrected_text": "Where were you yesterday?",
    }
    learned = Memory(memory_of(job))
    assert learned.correction("तुम कहाँ थे कल रात?", "hi", "en") == "Where were you yesterday?"
    assert learned.correction("तुम कहाँ थे कल रात?", "hi", "ta") is None


def test_corrections_can_be_forgotten(tmp_path: Path) -> None:
    inputs = make_inputs(tmp_path, DIALOGUE)
    job, _ = run(inputs)
    machine = (job / "09_subtitle_gen" / "test.en.srt").read_bytes()
    edited = tmp_path / "x.en.srt"
    edited.write_text(EDITED, encoding="utf-8")
    assert correct(job, edited).returncode == 0
    assert correct(job, "--forget", "--language", "en").returncode == 0
    run(inputs)
    assert (job / "09_subtitle_gen" / "test.en.srt").read_bytes() == machine


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "said"),
    [
        ("x.srt", EDITED, [], 2, "says no language"),
        ("x.es.srt", EDITED, [], 2, "has no subtitles in Spanish"),
        ("x.en.srt", "no cues", [], 3, "line 1: lost"),
        ("x.en.srt", "", [], 3, "has no cues"),
        ("x.en.srt", EDITED, ["--forget"], 2, "either"),
    ],
)
def test_what_cannot_be_taken_back_is_refused_and_nothing_is_kept(
    tmp_path: Path, name: str, content: str, options: list[str], code: int, said: str
) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE))
    edited = tmp_path / name
    edited.write_text(content, encoding="utf-8")
    done = correct(job, edited, *options)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (job / "corrections").exists()
