"""Stages 09 and 10: forced tracks, tracks for the deaf and hard of hearing, two languages in one, transcripts."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

import muxing
import support
from samvad.core import typed_json
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import sound_curve
from samvad.media.sound_curve import SoundCurve
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import sdh

FILM_24 = {**support.VIDEO, "frame_rate_numerator": 24, "frame_rate_denominator": 1}


def said(number: int, start_ms: int, text: str, language: str, speaker: str | None, **made: str) -> Segment:
    """Return a segment with words of 400 ms, and its translations by language."""
    words = [
        Word(start_ms + 400 * place, start_ms + 400 * place + 400, word) for place, word in enumerate(text.split())
    ]
    translations = {code: Translation(translated, "test") for code, translated in made.items()}
    return Segment(number, start_ms, words[-1].end_ms, text, language, tuple(words), speaker, translations=translations)


SCENE = (
    said(1, 1000, "तुम कल रात कहाँ थे, आशा?", "hi", "SPEAKER_00", en="Where were you last night, Asha?"),
    said(2, 4200, "घर पर थी।", "hi", "Asha", en="I was at home."),
    said(3, 6000, "Nobody believes you, my dear.", "en", "SPEAKER_00", hi="कोई तुम पर यक़ीन नहीं करता।"),
    said(4, 20_000, "Vamos a casa ahora mismo.", "es", "Asha", hi="चलो अभी घर चलें।", en="Let us go home right now."),
)
#: The further tracks of the film below that have a flag.
FLAGS = ((2, "forced"), (3, "hearing_impaired"))
#: Speech to 8.5 s, music from 9 to 16 s, laughter for half a second, applause from 30 s.
CURVE = SoundCurve(
    500,
    speech=tuple(0.9 if 2 <= step < 17 or 40 <= step < 46 else 0.0 for step in range(80)),
    singing=(0.0,) * 80,
    music=tuple(0.9 if 18 <= step < 32 else 0.1 for step in range(80)),
    source="yamnet",
    laughter=tuple(0.9 if step == 34 else 0.0 for step in range(80)),
    applause=tuple(0.8 if 60 <= step < 68 else 0.0 for step in range(80)),
)


def make_inputs(
    folder: Path, scene: tuple[Segment, ...] = SCENE, curve: SoundCurve | None = CURVE
) -> tuple[Path, list[object]]:
    """Make stages 01, 04 and 06 of a job; return it, and the options of stage 09 that name them."""
    job = support.make_job(folder)
    probe = {"probe": ("probe.json", support.probe_document(video=FILM_24, duration_ms=40_000))}
    demux = support.finished_stage(job, "demux", probe)
    content = json.dumps(typed_json.plain(SegmentsDocument("hi", 40_000, scene))).encode()
    asr = support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    inputs: list[object] = ["--job-folder", job, "--film", "test", "--demux", demux, "--asr", asr, "--segments", asr]
    if curve is not None:
        sound_curve.write(folder / "curve.json", curve)
        made = {"sound_curve": ("sound_curve.json", (folder / "curve.json").read_bytes())}
        inputs += ["--lyrics-detection", support.finished_stage(job, "lyrics_detection", made)]
    return job, inputs


def run(inputs: list[object], *options: str, targets: str = "hi en", kinds: str = "srt") -> Any:
    return support.run_script(
        "subtitle_gen", *inputs, "--languages", *targets.split(), "--formats", *kinds.split(), "--shots=false", *options
    )


def texts(path: Path) -> list[str]:
    return [cue.text for cue in formats.read(path).cues]


def warnings(job: Path) -> list[str]:
    return [item["message"] for item in support.manifest_of(job, "subtitle_gen")["warnings"]]


def test_a_forced_track_has_what_is_foreign_to_its_readers_and_no_track_is_empty(tmp_path: Path) -> None:
    job, inputs = make_inputs(tmp_path)
    done = run(inputs, "--further=forced")
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    assert texts(folder / "test.hi.forced.srt") == ["कोई तुम पर यक़ीन नहीं करता।", "चलो अभी घर चलें।"]
    assert texts(folder / "test.en.forced.srt") == ["Let us go home right now."]
    tracks = json.loads((folder / "tracks.json").read_text("utf-8"))
    assert [(item["language"], item["purpose"], item["cues"]) for item in tracks["further"]] == [
        ("hi", "forced", 2),
        ("en", "forced", 1),
    ]
    kinds = {item["type"]: item["path"] for item in support.manifest_of(job, "subtitle_gen")["outputs"]}
    assert kinds["srt_hi_forced"] == "09_subtitle_gen/test.hi.forced.srt"
    assert set(json.loads((folder / "qc.json").read_text("utf-8"))["further"]) == {"hi.forced", "en.forced"}

    job, inputs = make_inputs(tmp_path / "one language", SCENE[:2])
    done = run(inputs, "--further=forced")
    assert done.returncode == 0, done.stderr
    assert not list((job / "09_subtitle_gen").glob("*forced*"))
    assert "There is no forced track in Hindi" in " ".join(warnings(job))


def test_a_forced_track_follows_a_persons_correction(tmp_path: Path) -> None:
    job, inputs = make_inputs(tmp_path)
    assert run(inputs).returncode == 0
    corrected = (job / "09_subtitle_gen" / "test.en.srt").read_text("utf-8").replace("Let us go home", "We go home")
    (job / "corrections").mkdir()
    (job / "corrections" / "en.srt").write_text(corrected, "utf-8")
    done = run(inputs, "--further=forced")
    assert done.returncode == 0, done.stderr
    assert texts(job / "09_subtitle_gen" / "test.en.forced.srt") == ["We go home right now."]


def test_what_nothing_translates_is_told_of_a_forced_track_and_stands_once_in_a_track_of_two(tmp_path: Path) -> None:
    alike = said(5, 25_000, "Nobody translates this.", "en", None, hi="Nobody translates this.")
    job, inputs = make_inputs(tmp_path, (*SCENE, alike))
    assert run(inputs, "--further=forced", "--bilingual", "hi", "en").returncode == 0
    assert "1 of 3 segments stand as they were said" in " ".join(warnings(job))
    cues = formats.read(job / "09_subtitle_gen" / "test.hi-en.hi.srt").cues
    assert [cue.lines for cue in cues if "Nobody translates" in cue.text] == [("Nobody translates this.",)]


def test_sdh_names_speakers_where_the_voice_changes_and_sounds_where_nobody_speaks(tmp_path: Path) -> None:
    job, inputs = make_inputs(tmp_path)
    done = run(inputs, "--further=sdh", targets="hi en es")
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    cues = formats.read(folder / "test.en.sdh.srt").cues
    english = [cue.text for cue in cues]
    assert english == [
        "[Speaker 1] Where were you last night, Asha?",
        "[Asha] I was at home.",
        "[Speaker 1] Nobody believes you, my dear.",
        "[music]",
        "[Asha] Let us go home right now.",
        "[applause]",
    ]
    assert all(one.end_ms < other.start_ms for one, other in itertools.pairwise(cues))
    music, applause = cues[3], cues[5]
    assert 9000 <= music.start_ms < music.end_ms <= 16_000
    assert (applause.start_ms, applause.end_ms) == (30_000, 33_000)
    hindi = texts(folder / "test.hi.sdh.srt")
    assert hindi[1] == "[Asha] घर पर थी।"
    assert {"[संगीत]", "[तालियाँ]"} < set(hindi)
    assert hindi[0].startswith("[वक्ता 1] ")
    assert "[música]" in texts(folder / "test.es.sdh.srt")
    assert "[" not in (folder / "test.en.srt").read_text("utf-8")  # the plain track is as it was
    for name, check in json.loads((folder / "qc.json").read_text("utf-8"))["further"].items():
        assert [item for item in check["findings"] if item["level"] == "error"] == [], name


def test_labels_of_sounds_that_follow_each_other_are_never_shown_at_once() -> None:
    """A cut just before the second sound draws its label there, where the first one's still stands."""
    found = [sdh.Sound("music", 7000, 10_000), sdh.Sound("applause", 10_000, 14_000)]
    for cut in range(9500, 10_500, 40):
        made = sdh.labelled([Cue(1000, 2000, ("Hello.",))], found, Rules(), [cut])
        assert [cue.text for cue in made.cues] == ["Hello.", "[music]", "[applause]"]
        assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(made.cues)), cut


def test_no_label_stands_over_a_persons_cues_that_overlap() -> None:
    cues = [Cue(1000, 9000, ("Hello.",)), Cue(2000, 3000, ("You!",))]
    made = sdh.labelled(cues, [sdh.Sound("music", 3000, 14_000)], Rules(), [])
    (label,) = (cue for cue in made.cues if cue.text == "[music]")
    assert label.start_ms > 9000


def test_a_persons_empty_cue_gets_no_name() -> None:
    document = SegmentsDocument("hi", 40_000, SCENE)
    names = sdh.names_of(SCENE, "en")
    origins = [Origin(0, 1000, (1,), True), Origin(4200, 5000, (2,), True)]
    cues = [Cue(1000, 2000, ()), Cue(4200, 5000, ("At home.",))]
    assert sdh.named_cues(cues, origins, document, names, Rules()) == (
        [cues[0], Cue(4200, 5000, ("[Asha] At home.",))],
        0,
    )


def test_sounds_without_room_or_words_are_said(tmp_path: Path) -> None:
    crowded = tuple(said(n, 1000 * n, "ये तो हुआ", "hi", None, ta="இது நடந்தது") for n in range(1, 39))
    job, inputs = make_inputs(tmp_path, crowded)
    assert run(inputs, "--further=sdh", targets="hi ta").returncode == 0
    told = " ".join(warnings(job))
    assert "dialogue leaves no room" in told
    assert "no words for sounds in Tamil" in told
    job, inputs = make_inputs(tmp_path / "deaf", curve=None)
    assert run(inputs, "--further=sdh").returncode == 0
    assert "stage 06 has not listened" in " ".join(warnings(job))


@pytest.mark.parametrize("kinds", ["srt vtt ass ttml"])
def test_two_languages_stand_in_one_track_the_second_in_its_colour(tmp_path: Path, kinds: str) -> None:
    job, inputs = make_inputs(tmp_path)
    done = run(inputs, "--bilingual", "hi", "en", kinds=kinds)
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    cues = formats.read(folder / "test.hi-en.hi.srt").cues
    assert [cue.lines for cue in cues][:2] == [
        ("तुम कल रात कहाँ थे, आशा?", "Where were you last night, Asha?"),
        ("घर पर थी।", "I was at home."),
    ]
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(cues))
    for kind in kinds.split():
        path = folder / f"test.hi-en.hi.{kind}"
        assert [cue.lines for cue in formats.read(path).cues] == [cue.lines for cue in cues], kind
        colours = {"vtt": "<c.yellow>", "ass": "{\\1c&H00FFFF&}", "ttml": 'tts:color="yellow"'}
        assert (colours.get(kind, "</font>") in path.read_text("utf-8")) == (kind != "srt")
    check = json.loads((folder / "qc.json").read_text("utf-8"))["further"]["hi-en.hi"]
    assert [item for item in check["findings"] if item["level"] == "error"] == []
    assert check["limits"]["max_lines"] == 2


def test_the_checker_knows_a_track_in_two_languages(tmp_path: Path) -> None:
    job, inputs = make_inputs(tmp_path)
    assert run(inputs, "--bilingual", "hi", "en").returncode == 0
    path = job / "09_subtitle_gen" / "test.hi-en.hi.srt"
    done = checked(path)
    assert done.returncode == 0, done.stdout
    slow = path.with_name("slow.srt")
    slow.write_text(path.read_text("utf-8").replace("I was at home.", "I was at home. " * 5), "utf-8")
    done = checked(slow, "--language", "hi+en")
    assert done.returncode == 1
    assert "en: a line has" in done.stdout
    assert "hi:" not in done.stdout
    told = path.read_bytes()
    assert "nothing is mended" in checked(path, "--fix").stdout  # lines of two languages are never joined
    assert path.read_bytes() == told


def checked(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [support.ROOT / "samvad", "check", path, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_transcript_of_a_job_follows_its_corrections(tmp_path: Path) -> None:
    job, inputs = make_inputs(tmp_path)
    command = [support.ROOT / "samvad", "export", job, "--transcript", "txt", "--language", "en", "--output"]
    early = subprocess.run([*command, tmp_path / "early.txt"], capture_output=True, text=True, check=False)
    assert (early.returncode, "no subtitles yet" in early.stderr) == (2, True)
    crate = [word for word in command if word not in ("--transcript", "txt")]
    alone = subprocess.run([*crate, tmp_path / "crate"], capture_output=True, text=True, check=False)
    assert (alone.returncode, "--language is a transcript's" in alone.stderr) == (2, True)
    assert run(inputs).returncode == 0
    corrected = (job / "09_subtitle_gen" / "test.en.srt").read_text("utf-8").replace("at home", "at work")
    (job / "corrections").mkdir()
    (job / "corrections" / "en.srt").write_text(corrected, "utf-8")
    done = subprocess.run([*command, tmp_path / "film.txt"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[00:00:04] Asha: I was at work." in (tmp_path / "film.txt").read_text("utf-8")
    again = subprocess.run([*command, tmp_path / "film.txt"], capture_output=True, text=True, check=False)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    read = support.manifest_of(job, "subtitle_gen")["inputs"]
    made = job / next(item["path"] for item in read if item["type"] == "segments")
    made.write_text(made.read_text("utf-8").replace("at home", "away"), "utf-8")
    late = subprocess.run([*command, tmp_path / "late.txt"], capture_output=True, text=True, check=False)
    assert late.returncode and "is not what the film's subtitles were made of" in late.stderr
    assert not (tmp_path / "late.txt").exists()


def test_every_word_of_both_languages_is_in_the_track_of_two(tmp_path: Path) -> None:
    long_ = " ".join(["This is what nobody in this house wanted to hear from anyone at all"] * 3) + "."
    hindi = " ".join(["यह वह बात है जो इस घर में कोई भी किसी से सुनना नहीं चाहता था"] * 2) + "।"
    scene = (*SCENE[:3], said(4, 10_000, hindi, "hi", None, en=long_))
    job, inputs = make_inputs(tmp_path, scene)
    assert run(inputs, "--bilingual", "hi", "en").returncode == 0
    cues = formats.read(job / "09_subtitle_gen" / "test.hi-en.hi.srt").cues
    for code in ("hi", "en"):
        of_each = [
            line for cue in cues for line in cue.lines if any("a" <= letter <= "z" for letter in line) == (code == "en")
        ]
        once = [line for place, line in enumerate(of_each) if place == 0 or line != of_each[place - 1]]
        wanted = [item.text if item.language == code else item.translations[code].text for item in scene]
        assert " ".join(once) == " ".join(wanted)
    assert max(len(cue.lines) for cue in cues) <= 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--bilingual", "hi"], "Name two languages"),
        (["--bilingual", "hi", "hi"], "Name two languages"),
        (["--bilingual", "hi", "ta"], "ta, no target of the film"),
        (["--further=sdh", "--profile=bbc"], "are for the deaf already"),
        (["--further=sdh", "--sdh-profile=netflix"], "are not for the deaf"),
        (["--further=loud"], "none of forced, sdh"),
    ],
)
def test_what_cannot_be_made_is_refused_before_the_work(tmp_path: Path, options: list[str], told: str) -> None:
    job, inputs = make_inputs(tmp_path)
    done = run(inputs, *options)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert not (job / "09_subtitle_gen" / "test.hi.srt").exists()


def test_a_transcript_has_speakers_and_times_as_text_and_for_word(tmp_path: Path) -> None:
    song = replace(said(5, 25_000, "ये दोस्ती", "hi", None, en="This friendship"), kind="song")
    hostile = said(6, 30_000, "<b>& \x0b[x]", "hi", "Asha<w:p>", en="<b>& x")
    job, inputs = make_inputs(tmp_path, (*SCENE, song, hostile))
    done = run(inputs, "--transcript", "txt", "docx", "--title", "Film & <x>")
    assert done.returncode == 0, done.stderr
    folder = job / "09_subtitle_gen"
    lines = (folder / "test.en.txt").read_text("utf-8").splitlines()
    assert lines == [
        "[00:00:01] Speaker 1: Where were you last night, Asha?",
        "[00:00:04] Asha: I was at home.",
        "[00:00:06] Speaker 1: Nobody believes you, my dear.",
        "[00:00:20] Asha: Let us go home right now.",
        "[00:00:25] ♪ This friendship ♪",
        "[00:00:30] Asha w:p: <b>& x",
    ]
    assert paragraphs((folder / "test.en.docx").read_bytes()) == [
        "Film & <x> (English)",
        *(line.replace("[", "", 1).replace("] ", "  ", 1) for line in lines),
    ]
    first = (folder / "test.hi.docx").read_bytes()
    assert run(inputs, "--transcript", "txt", "docx", "--title", "Film & <x>").returncode == 0
    assert (folder / "test.hi.docx").read_bytes() == first  # the same text gives the same bytes
    kinds = {item["type"] for item in support.manifest_of(job, "subtitle_gen")["outputs"]}
    assert {"txt_hi", "docx_hi", "txt_en", "docx_en"} < kinds


def paragraphs(data: bytes) -> list[str]:
    """Return the text of each paragraph of a document of Word's."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return ["".join(text.text or "" for text in item.iter(f"{word}t")) for item in root.iter(f"{word}p")]


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_further_tracks_go_into_the_film_with_their_flags(tmp_path: Path, films: Path, container: str) -> None:
    further: dict[str, dict[str, object]] = {
        "hi_forced": {"language": "hi", "purpose": "forced"},
        "en_sdh": {"language": "en", "purpose": "sdh"},
        "hi_en": {"language": "hi", "second": "en", "purpose": "bilingual"},
    }
    inputs = muxing.make_job(tmp_path, films / "plain.mp4", further=further)
    result, done = muxing.run(inputs, "--container", container)
    assert done.returncode == 0, done.stderr
    result = result.with_suffix(f".{container}")
    streams = muxing.subtitle_streams(result)
    assert len(streams) == 5
    assert [stream["disposition"]["default"] for stream in streams] == [0, 1, 0, 0, 0]
    if container == "mkv":
        assert [stream["tags"]["title"] for stream in streams] == [
            "Hindi (Samvad)",
            "English (Samvad)",
            "Hindi forced (Samvad)",
            "English SDH (Samvad)",
            "Hindi + English (Samvad)",
        ]
        assert [stream["disposition"]["forced"] for stream in streams] == [0, 0, 1, 0, 0]
        assert [stream["disposition"]["hearing_impaired"] for stream in streams] == [0, 0, 0, 1, 0]
    assert [f"text of {key}" in muxing.text_of(result, place) for place, key in enumerate(further, start=2)] == [
        True
    ] * 3
    flags_told = "MP4 does not say what some tracks are for" in " ".join(muxing.messages(result.with_name("test.mkv")))
    assert flags_told == (container == "mp4" and not all(streams[n]["disposition"][flag] for n, flag in FLAGS))


@pytest.mark.skipif(not support.MEDIA.is_dir(), reason="the real recordings are not beside this checkout")
def test_music_between_real_speech_is_named_where_nobody_speaks(tmp_path: Path) -> None:
    # 7 s of a reading, 4 s of a saxophone three times over, 5 s of a reading.
    parts = ["B_english/en_librivox_0870.wav", *["C_music_noise/music_sax.wav"] * 3, "B_english/en_librivox_0890.wav"]
    sound, ends_ms = b"", [0]
    for name in parts:
        command = ["ffmpeg", "-v", "error", "-i", support.MEDIA / name, "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
        sound += subprocess.run(command, capture_output=True, check=True).stdout
        ends_ms.append(len(sound) // 32)
    soundfile.write(tmp_path / "audio.wav", np.frombuffer(sound, np.int16), 16_000)
    scene = []
    for number, (name, start_ms) in enumerate(((parts[0], 0), (parts[-1], ends_ms[4])), start=1):
        aligned = json.loads((support.MEDIA / "refs" / f"{Path(name).stem}.words.json").read_text("utf-8"))["w"]
        timed = tuple(
            Word(start_ms + round(1000 * word["b"]), start_ms + round(1000 * (word["b"] + word["d"])), word["t"])
            for word in aligned
            if word["t"].isalpha()
        )
        text = " ".join(word.text for word in timed)
        scene.append(Segment(number, timed[0].start_ms, timed[-1].end_ms, text, "en", timed))
    job, inputs = make_inputs(tmp_path, tuple(scene), None)
    demux = job / "01_demux"
    shutil.rmtree(demux)
    probe = support.probe_document(video=FILM_24, duration_ms=ends_ms[-1])
    heard = {"probe": ("probe.json", probe), "audio": ("audio.wav", (tmp_path / "audio.wav").read_bytes())}
    support.finished_stage(job, "demux", heard)
    done = support.run_script("lyrics_detection", *inputs)
    assert done.returncode == 0, done.stderr
    done = run(
        [*inputs, "--lyrics-detection", job / "06_lyrics_detection" / "manifest.json"], "--further=sdh", targets="en"
    )
    assert done.returncode == 0, done.stderr
    cues = formats.read(job / "09_subtitle_gen" / "test.en.sdh.srt").cues
    labels = [cue for cue in cues if cue.text.startswith("[")]
    assert [cue.text for cue in labels] == ["[music]"]
    assert scene[0].end_ms < labels[0].start_ms < labels[0].end_ms < scene[1].start_ms
    assert len(cues) > 3
