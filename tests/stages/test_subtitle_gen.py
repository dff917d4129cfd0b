"""Stage 09 as a command: tracks, files, warnings and figures in the manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pysubs2
import pytest

import support
from samvad.segments import Segment, SegmentsDocument, Translation, Word, as_json

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


def make_inputs(tmp_path: Path, segments: tuple[Segment, ...], video: dict[str, Any] | None = FILM_24) -> list[object]:
    """Make stages 01 and 04 of a job and return the options that name them."""
    job = support.make_job(tmp_path)
    document = SegmentsDocument("hi" if segments else "und", 60_000, segments)
    demux = support.finished_stage(job, "demux", {"probe": ("probe.json", json.dumps({"video": video}).encode())})
    content = json.dumps(as_json(document)).encode()
    asr = support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    return ["--job-folder", job, "--film", "test", "--demux", demux, "--asr", asr, "--segments", asr]


def run(
    inputs: list[object], languages: str = "hi en", formats: str = "srt vtt", **changed: object
) -> tuple[Path, Any]:
    """Run the script with the rules of the configuration, some of them changed."""
    rules = {
        "max-line-characters": 42,
        "max-lines": 2,
        "reading-speed-cps": 20,
        "min-cue-ms": 833,
        "max-cue-ms": 7000,
        "min-gap-frames": 2,
        **{key.replace("_", "-"): value for key, value in changed.items()},
    }
    options = [part for key, value in rules.items() for part in (f"--{key}", value)]
    done = support.run_script(
        "subtitle_gen", *inputs, "--languages", *languages.split(), "--formats", *formats.split(), *options
    )
    job = Path(str(inputs[1]))
    return job, done


def figures(manifest: dict[str, Any]) -> dict[str, Any]:
    return {metric["name"]: metric["value"] for metric in manifest["metrics"]}


def warnings(manifest: dict[str, Any]) -> list[str]:
    return [item["message"] for item in manifest["warnings"]]


def test_each_target_gets_its_files_with_the_text_in_its_language(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, DIALOGUE))
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
            {"language": "hi", "translated": False, "cues": 3, "files": {"srt": "test.hi.srt", "vtt": "test.hi.vtt"}},
            {"language": "en", "translated": True, "cues": 2, "files": {"srt": "test.en.srt", "vtt": "test.en.vtt"}},
        ],
    }
    manifest = support.manifest_of(job, "subtitle_gen")
    kinds = {item["type"]: item["path"] for item in manifest["outputs"]}
    assert kinds["srt_hi"] == "09_subtitle_gen/test.hi.srt"
    assert set(kinds) == {"srt_hi", "vtt_hi", "srt_en", "vtt_en", "tracks"}
    assert {item["type"] for item in manifest["inputs"]} == {"probe", "segments"}
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
    job, _ = run(make_inputs(tmp_path, segments, video), languages="hi", formats="srt", min_gap_frames=5)
    first, second = pysubs2.load(str(job / "09_subtitle_gen" / "test.hi.srt"))
    assert second.start - first.end == gap_ms


def test_only_the_formats_asked_for_are_written(tmp_path: Path) -> None:
    job, _ = run(make_inputs(tmp_path, DIALOGUE), languages="hi", formats="vtt")
    assert sorted(path.name for path in (job / "09_subtitle_gen").glob("test.*")) == ["test.hi.vtt"]


def test_every_rule_can_be_set_and_breaches_are_listed(tmp_path: Path) -> None:
    job, _ = run(
        make_inputs(tmp_path, DIALOGUE),
        languages="hi",
        max_line_characters=10,
        max_lines=3,
        reading_speed_cps=5,
        min_cue_ms=1500,
        max_cue_ms=2500,
    )
    folder = job / "09_subtitle_gen"
    events = list(pysubs2.load(str(folder / "test.hi.srt")))
    assert all(len(line) <= 14 for event in events for line in event.text.split("\\N"))
    assert all(event.duration <= 2500 for event in events)
    facts = json.loads((folder / "metadata.json").read_text("utf-8"))
    assert {item["rule"] for item in facts["breaches"]["hi"]} >= {"reading speed"}
    assert figures(support.manifest_of(job, "subtitle_gen"))["within_reading_speed_hi"] < 1


def test_rules_that_no_cue_can_keep_are_refused_by_name(tmp_path: Path) -> None:
    job, done = run(make_inputs(tmp_path, DIALOGUE), min_cue_ms=3000, max_cue_ms=2000)
    assert done.returncode == 2
    assert "subtitle.max_cue_ms" in support.failed_manifest(job, "subtitle_gen")["errors"][0]["message"]
    assert not (job / "09_subtitle_gen" / "manifest.json").exists()
