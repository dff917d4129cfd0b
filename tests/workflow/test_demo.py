"""The sample film, from the file to its subtitles, by the command that a user types."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

import jiwer
import pysubs2
import pytest

import support
from samvad.core import files, schemas, stages

pytestmark = [pytest.mark.slow, pytest.mark.model]

TOLERANCE_MS = 500
#: What a model says may differ a little from one processor to another. One line, or one name, in so many may be wrong.
ONE_IN = 8
LOG_LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[pipeline\] \[(INFO|WARNING|ERROR)\] \S.*")

Cues = list[pysubs2.SSAEvent]


@pytest.fixture(scope="module")
def english(demo: Any) -> Cues:
    return list(pysubs2.load(str(demo.job / "09_subtitle_gen" / "demo.en.srt"), encoding="utf-8"))


def plain(cues: Cues) -> str:
    return " ".join(cue.plaintext.replace("\n", " ") for cue in cues)


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def error_rate(truth: str, found: str) -> float:
    return jiwer.wer(words(truth), words(found))


def in_english(line: dict[str, Any]) -> str:
    return line.get("english", line["text"])


def cues_of(line: dict[str, Any], cues: Cues) -> Cues:
    """Return the cues of a line of the film: those whose middle lies in it."""
    return [cue for cue in cues if line["start_ms"] <= (cue.start + cue.end) / 2 <= line["end_ms"]]


def mkv_streams(film: Path) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", film]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    return found


@pytest.mark.parametrize("stage", [stage.name for stage in stages.STAGES])
def test_every_stage_leaves_a_valid_manifest_its_log_and_the_record_of_its_one_try(demo: Any, stage: str) -> None:
    manifest = support.manifest_of(demo.job, stage)
    folder = demo.job / stages.BY_NAME[stage].folder
    assert manifest["status"] == ("skipped" if stage == "tmdb" else "success")
    assert manifest["exit_code"] == 0 and manifest["errors"] == []
    assert (manifest["film"], manifest["job_id"], manifest["attempt"]) == ("demo", "demo/1", 1)
    assert re.match(rf"\[[-\d: ]+\] \[{stage}\] \[INFO\] Stage {stage} begins", (folder / "stage.log").read_text())
    assert isinstance(json.loads((folder / "metadata.json").read_text("utf-8")), dict)
    assert [path.name for path in (folder / "attempts").iterdir()] == ["01"]
    assert json.loads((folder / "attempts" / "01" / "manifest.json").read_text("utf-8")) == manifest
    assert (folder / "attempts" / "01" / "stage.log").read_text() == (folder / "stage.log").read_text()
    assert not list(folder.glob(".*")), "nothing half-made stays"
    for output in manifest["outputs"]:
        assert files.sha256_of(demo.job / output["path"]) == output["checksum"]


@pytest.mark.parametrize("stage", ["asr", "translation"])
def test_it_is_recorded_what_the_model_was_computed_with(demo: Any, stage: str) -> None:
    engines = {engine["name"]: engine for engine in support.manifest_of(demo.job, stage)["software"]["engines"]}
    engine = engines["ctranslate2"]
    assert engine["library"]
    if support.manifest_of(demo.job, stage)["software"]["device_actual"] == "cpu":
        assert engine["instruction_set"] == os.environ.get("CT2_FORCE_CPU_ISA", engine["instruction_set"])
        assert engine["instruction_set"]


def test_the_stages_of_a_run_bear_its_number(demo: Any) -> None:
    numbers = {support.manifest_of(demo.job, stage.name)["run_id"] for stage in stages.STAGES}
    assert numbers == {json.loads((demo.job / "manifest.json").read_text("utf-8"))["run_id"]}
    assert re.fullmatch(r"demo_\d{8}T\d{6}Z_[a-z0-9]{6}", numbers.pop())


def test_what_a_stage_read_is_what_an_earlier_one_wrote(demo: Any) -> None:
    written: dict[str, str] = {}
    for stage in stages.STAGES:
        manifest = support.manifest_of(demo.job, stage.name)
        for found in manifest["inputs"]:
            if not Path(found["path"]).is_absolute() and found["path"].startswith(tuple("01")):
                assert written[found["path"]] == found["checksum"], (stage.name, found["path"])
        written |= {output["path"]: output["checksum"] for output in manifest["outputs"]}


def test_the_jobs_manifest_says_that_all_went_well_and_where_the_film_is(demo: Any, sample: Any) -> None:
    manifest = json.loads((demo.job / "manifest.json").read_text("utf-8"))
    assert schemas.problems(manifest, "job_manifest") == []
    assert manifest["pipeline"]["status"] == "success"
    assert manifest["pipeline"]["failed_stages"] == []
    assert manifest["pipeline"]["skipped_stages"] == ["tmdb"]
    assert len(manifest["pipeline"]["completed_stages"]) == 9
    assert manifest["input"]["title"] == "Samvad sample film"
    assert manifest["input"]["duration_seconds"] == pytest.approx(sample.truth["duration_ms"] / 1000, abs=0.1)
    (film,) = [output for output in manifest["output"]["files"] if output["type"] == "subtitled_film"]
    assert files.sha256_of(demo.job / film["path"]) == film["checksum"]


def test_the_pipelines_log_tells_people_what_happened(demo: Any) -> None:
    (log,) = (demo.job / "logs").glob("99_pipeline_*.log")
    lines = log.read_text("utf-8").splitlines()
    assert [line for line in lines if not LOG_LINE.fullmatch(line)] == []
    for stage in stages.STAGES:
        status = "skipped" if stage.name == "tmdb" else "success"
        said = rf"\] Stage {stage.name}: {status} \(\d+\.\d s\)(?:$|: )"  # a skip has its reason behind it
        assert re.search(said, log.read_text("utf-8"), re.MULTILINE), stage.name
    assert re.search(r"Job finished: success \(\d+\.\d s\)$", lines[-1])


def test_the_run_says_at_its_end_where_the_film_is(demo: Any) -> None:
    job = demo.job.relative_to(demo.project.root)
    assert f"/{job}/10_mux/demo.mkv" in demo.said
    assert f"/{job}/09_subtitle_gen/demo.en.srt" in demo.said


def test_ffprobe_finds_picture_sound_and_the_english_track(demo: Any) -> None:
    streams = mkv_streams(demo.job / "10_mux" / "demo.mkv")
    assert [stream["codec_type"] for stream in streams] == ["video", "audio", "subtitle"]
    subtitle = streams[2]
    assert (subtitle["codec_name"], subtitle["tags"]["language"]) == ("subrip", "eng")
    assert subtitle["tags"]["title"] == "English (Samvad)"
    assert subtitle["disposition"]["forced"] == 0
    # The film is mostly in English, so its English track is no translation, and mux.default_track asks for one.
    assert subtitle["disposition"]["default"] == 0


def test_mkvmerge_finds_them_too(demo: Any) -> None:
    command = ["mkvmerge", "-J", demo.job / "10_mux" / "demo.mkv"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["container"]["type"] == "Matroska" and found["errors"] == []
    assert [track["type"] for track in found["tracks"]] == ["video", "audio", "subtitles"]
    assert found["tracks"][2]["properties"]["language_ietf"] == "en"
    assert found["tracks"][2]["properties"]["forced_track"] is False
    assert found["container"]["properties"]["title"] == "Samvad sample film"


def test_the_film_carries_the_same_subtitles_as_the_file(demo: Any, english: Cues) -> None:
    command = ["ffmpeg", "-v", "error", "-i", demo.job / "10_mux" / "demo.mkv", "-map", "0:s:0", "-f", "srt", "-"]
    track = pysubs2.SSAFile.from_string(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [(cue.start, cue.end, cue.plaintext) for cue in track] == [
        (cue.start, cue.end, cue.plaintext) for cue in english
    ]


def test_webvtt_says_the_same_as_subrip(demo: Any, english: Cues) -> None:
    vtt = list(pysubs2.load(str(demo.job / "09_subtitle_gen" / "demo.en.vtt"), encoding="utf-8"))
    assert [(cue.start, cue.end, cue.plaintext) for cue in vtt] == [
        (cue.start, cue.end, cue.plaintext) for cue in english
    ]


def test_the_dialogue_is_read_as_it_was_spoken(english: Cues, sample: Any) -> None:
    lines = [line for line in sample.truth["lines"] if line["language"] == "en"]
    truth = " ".join(line["text"] for line in lines)
    found = " ".join(plain(cues_of(line, english)) for line in lines)
    rate = error_rate(truth, found)
    assert rate <= 0.15, f"WER {rate:.3f}: {found}"


def test_the_whole_film_is_read_in_english(english: Cues, sample: Any) -> None:
    rate = error_rate(" ".join(map(in_english, sample.truth["lines"])), plain(english))
    assert rate <= 0.2, f"WER {rate:.3f}: {plain(english)}"


def said_and_found(names: list[str], said: str, found: str) -> tuple[int, int]:
    """Return how often names are said, and how often of these they are found in their spelling."""
    counts = [[len(re.findall(rf"\b{name}\b", text)) for text in (said, found)] for name in names]
    return sum(often for often, _ in counts), sum(min(count) for count in counts)


def test_names_are_spelled_right(english: Cues, sample: Any) -> None:
    spoken = " ".join(map(in_english, sample.truth["lines"]))
    said, found = said_and_found(["Rahul", "Priya", "Mumbai", "Madrid"], spoken, plain(english))
    assert found >= said - said // ONE_IN, plain(english)


def test_the_spanish_scene_is_read_in_english(english: Cues, sample: Any) -> None:
    lines = [line for line in sample.truth["lines"] if line["language"] == "es"]
    scene = plain([cue for line in lines for cue in cues_of(line, english)])
    rate = error_rate(" ".join(line["english"] for line in lines), scene)
    assert rate <= 0.5, f"WER {rate:.3f}: {scene}"
    assert error_rate(" ".join(line["text"] for line in lines), scene) >= 0.7, f"it is Spanish: {scene}"


def test_what_is_spanish_goes_through_the_translator_and_what_is_english_stays_as_it_is(demo: Any) -> None:
    document = json.loads((demo.job / "08_translation" / "segments.json").read_text("utf-8"))
    shown = [segment for segment in document["segments"] if segment["verdict"] != "quarantine"]
    assert {segment["language"] for segment in shown} == {"en", "es"}
    for segment in shown:
        made = segment["translations"]["en"]
        assert made["backend"] == ("whisper" if segment["language"] == "es" else "same language")
        assert segment["language"] == "es" or made["text"] == segment["text"]


def test_the_transcript_keeps_the_language_that_was_spoken(demo: Any, sample: Any) -> None:
    document = json.loads((demo.job / "04_asr" / "segments.json").read_text("utf-8"))
    assert document["language"] == "en"
    wrong = []
    for line in sample.truth["lines"]:
        inside = [
            segment
            for segment in document["segments"]
            if line["start_ms"] <= (segment["start_ms"] + segment["end_ms"]) / 2 <= line["end_ms"]
        ]
        if {segment["language"] for segment in inside} != {line["language"]}:
            wrong.append(line["text"])
    assert len(wrong) <= len(sample.truth["lines"]) // ONE_IN, wrong
    truth = " ".join(line["text"] for line in sample.truth["lines"] if line["language"] == "es")
    spanish = " ".join(segment["text"] for segment in document["segments"] if segment["language"] == "es")
    rate = error_rate(truth, spanish)
    assert rate <= 0.5, f"WER {rate:.3f}: {spanish}"


def test_every_line_is_shown_when_it_is_spoken(english: Cues, sample: Any) -> None:
    found = {}
    for line in sample.truth["lines"]:
        if shown := cues_of(line, english):
            found[line["text"]] = (shown[0].start - line["start_ms"], shown[-1].end - line["end_ms"])
    late = {text: errors for text, errors in found.items() if max(map(abs, errors)) > TOLERANCE_MS}
    wrong = len(late) + len(sample.truth["lines"]) - len(found)
    assert wrong <= len(sample.truth["lines"]) // ONE_IN, f"start and end error in ms: {late}; shown: {list(found)}"
    assert statistics.median(abs(error) for errors in found.values() for error in errors) <= TOLERANCE_MS / 2, found


@pytest.mark.parametrize("kind", ["music", "noise", "silence"])
def test_nothing_is_shown_where_nobody_speaks(english: Cues, sample: Any, kind: str) -> None:
    stretches = [stretch for stretch in sample.truth["stretches"] if stretch["kind"] == kind]
    assert stretches
    for stretch in stretches:
        start, end = stretch["start_ms"] + TOLERANCE_MS, stretch["end_ms"] - TOLERANCE_MS
        assert [cue.plaintext for cue in english if cue.start < end and cue.end > start] == []


def test_cues_come_in_order_and_leave_each_other_alone(english: Cues, sample: Any) -> None:
    position = 0
    for cue in english:
        assert position <= cue.start < cue.end <= sample.truth["duration_ms"]
        assert len(cue.plaintext.splitlines()) <= 2
        assert all(len(line) <= 42 for line in cue.plaintext.splitlines())
        position = cue.end


def test_music_is_no_song(demo: Any) -> None:
    assert json.loads((demo.job / "06_lyrics_detection" / "songs.json").read_text("utf-8"))["songs"] == []
    document = json.loads((demo.job / "08_translation" / "segments.json").read_text("utf-8"))
    assert {segment["kind"] for segment in document["segments"]} == {"dialogue"}


def test_speech_that_was_spoken_is_not_quarantined(demo: Any) -> None:
    document = json.loads((demo.job / "07_hallucination_removal" / "segments.json").read_text("utf-8"))
    assert [segment["text"] for segment in document["segments"] if segment["verdict"] == "quarantine"] == []


def test_every_spoken_name_is_recognised_in_its_one_spelling(demo: Any, sample: Any) -> None:
    document = json.loads((demo.job / "05_ner" / "segments.json").read_text("utf-8"))
    said, found = (" ".join(item["text"] for item in items) for items in (sample.truth["lines"], document["segments"]))
    spoken, right = said_and_found(sample.truth["names"], said, found)
    assert right >= spoken - spoken // ONE_IN, found
    names = json.loads((demo.job / "05_ner" / "names.json").read_text("utf-8"))["names"]
    assert [name["variants"] for name in names if len(name["variants"]) > 1] == []


def test_of_one_film_the_command_proposes_nothing_and_says_what_it_has_seen(demo: Any) -> None:
    done = demo.project.samvad("propose-resources", demo.job)
    assert done.returncode == 0, done.stderr
    for stage in stages.STAGES:
        ran = support.manifest_of(demo.job, stage.name)["status"] == "success"
        assert bool(re.search(rf"^{stage.name} +1 +0.02 to 0.02", done.stdout, re.MULTILINE)) == ran, stage.name
    assert "too few runs" in done.stdout
