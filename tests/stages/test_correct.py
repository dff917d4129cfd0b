"""Edited tracks come back whole, for the right track, or not at all; and the memory never learns silence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from samvad.commands import correct
from samvad.core import typed_json
from samvad.documents import stage_manifest
from samvad.documents.segments import Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.stages.translation import memory
from samvad.stages.translation.memory import Memory

HINDI = ["एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ", "दस"]
ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SPANISH = ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"]
COUNT = 20
FILM_MS = 60_000


#: Of each handed file, the language that it is taken in, or None where it is refused, and what is said of it.
HANDED = {
    "Dr.No.srt": (None, "says no language"),
    "Let.It.Be.srt": (None, "says no language"),
    "ad10h.en.srt": (None, "line 15: lost: it comes after the film's end"),
    "blank.en.vtt": ("en", "mended"),
    "comment.en.ass": (None, "after the film's end"),
    "credits.en.srt": ("en", "goes after the film's end: taken to go with it (Subtitles by A. Person)"),
    "f03.en.hi.srt": ("en", "3 cues in English"),
    "film.en.hi.srt": ("en", "2 cues in English"),
    "neg.en.ass": (None, "lacks 2 of the film's 3 cues"),
    "overlap.en.srt": ("en", "overlap"),
    "reversed.en.srt": (None, "ends before it begins"),
    "se.en.srt": ("en", "3 cues in English"),
    "x.English.srt": ("en", "3 cues in English"),
    "x.en-US.srt": ("en", "3 cues in English"),
    "x.en.forced.srt": ("en", "3 cues in English"),
    "x.en_US.srt": ("en", "3 cues in English"),
    "x.it.srt": (None, "no subtitles in Italian"),
    "x.pt-BR.srt": (None, "no subtitles in Portuguese"),
}


def sentence(words: list[str], number: int) -> str:
    return " ".join(words[(number + step) % 10] for step in range(2 + number // 10)).capitalize() + "."


def make_job(folder: Path, document: SegmentsDocument, targets: str) -> Path:
    """Return a job whose tracks stage 09 has made."""
    job = support.make_job(folder)
    probe = support.probe_document(duration_ms=document.duration_ms)
    demux = support.finished_stage(job, "demux", {"probe": ("probe.json", probe)})
    content = json.dumps(typed_json.plain(document)).encode()
    asr = support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    options = ["--job-folder", job, "--film", "film", "--demux", demux, "--asr", asr, "--segments", asr]
    options = [*options, "--languages", *targets.split(), "--formats", "srt", "--shots=false"]
    done = support.run_script("subtitle_gen", *options)
    assert done.returncode == 0, done.stderr
    return job


@pytest.fixture(scope="module")
def made_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a job of a Hindi film with English and Spanish tracks."""
    segments = []
    for number in range(COUNT):
        start_ms, text = 3000 * number, sentence(HINDI, number)
        words = tuple(
            Word(start_ms + 400 * at, start_ms + 400 * at + 400, word) for at, word in enumerate(text.split())
        )
        translations = {
            "en": Translation(sentence(ENGLISH, number), "test"),
            "es": Translation(sentence(SPANISH, number), "test"),
        }
        segments.append(Segment(number + 1, start_ms, words[-1].end_ms, text, "hi", words, translations=translations))
    document = SegmentsDocument("hi", FILM_MS, tuple(segments))
    return make_job(tmp_path_factory.mktemp("job"), document, "hi en es")


@pytest.fixture
def job(made_job: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_job, tmp_path / "job"))


def track(job: Path, language: str = "en") -> list[Cue]:
    return list(formats.read(job / "09_subtitle_gen" / f"film.{language}.srt").cues)


def translated_with(job: Path, memory_file: str) -> None:
    """Have the job's records say which translation memory it has."""
    path = support.finished_stage(job, "translation", {})
    manifest = json.loads(path.read_text("utf-8"))
    manifest["config"] = {"memory_file": memory_file}
    manifest["config_hash"] = stage_manifest.config_hash(manifest["config"])
    path.write_text(json.dumps(manifest), encoding="utf-8")


Take = Callable[..., tuple[int, str, str]]


@pytest.fixture
def take(job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Take:
    """Return a function that writes an edited file and has the job take it back."""

    def write_and_take(name: str, text: str, *options: object) -> tuple[int, str, str]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        code = correct.main([str(job), str(path), *map(str, options)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return write_and_take


def srt(cues: list[Cue]) -> str:
    return formats.write("srt", cues)


# -- nothing is lost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "added", "said"),
    [
        ("x.en.vtt", "00:00:aa.000 --> 00:00:59.000\nLost words.\n", "lost"),
        ("x.en.srt", "21\n00:00:58,500 --> 00:00:58,000\nEnds first.\n", "ends before it begins"),
        ("x.en.srt", "21\n00:00:58,500 --> 00:00:58,500\nNever shown.\n", "ends where it begins"),
        ("x.en.srt", "21\n09:59:58,000 --> 09:59:59,000\nBuy it.\n", "after the film's end"),
        ("x.en.ass", "Dialogue: 0,bad,0:00:59.00,Default,,0,0,0,,Lost words.\n", "time cannot be read"),
    ],
)
def test_what_would_be_lost_is_refused_with_its_line_and_nothing_is_kept(
    name: str, added: str, said: str, job: Path, take: Take
) -> None:
    text = formats.write(name.rpartition(".")[2], track(job)) + added
    code, _, err = take(name, text)
    line = next(number for number, line in enumerate(text.split("\n"), start=1) if line == added.split("\n")[-2])
    assert (code, said in err) == (3, True), err
    assert any(f"line {number}: lost" in err for number in (line - 2, line - 1, line)), err
    assert not (job / "corrections").exists()


def test_times_outside_of_the_film_are_mended_and_named(job: Path, take: Take) -> None:
    cues = track(job)
    early = srt(cues).replace("00:00:00,000 -->", "-00:00:01,000 -->", 1)
    late = early + "21\n00:00:59,200 --> 00:01:04,000\nThe end.\n"
    code, out, err = take("x.en.srt", late)
    assert code == 0, err
    assert "goes after the film's end: taken to go with it (The end.)" in out
    kept = formats.read(job / "corrections" / "en.srt").cues
    assert (kept[0].start_ms, kept[-1].start_ms, kept[-1].end_ms) == (0, 59_200, FILM_MS)
    assert all(0 <= cue.start_ms < cue.end_ms <= FILM_MS for cue in kept)


def test_a_kept_track_that_was_broken_by_hand_fails_its_stage_by_line(job: Path, take: Take) -> None:
    from samvad.core.errors import MediaError
    from samvad.stages.subtitle_gen import corrections

    assert take("x.en.srt", srt(track(job)))[0] == 0
    path = job / "corrections" / "en.srt"
    path.write_text(path.read_text("utf-8") + "\n21\n00:00:58,500 --> 00:00:58,000\nEnds first.\n", encoding="utf-8")
    with pytest.raises(MediaError, match=r"line \d+: lost: it ends before it begins"):
        corrections.load(job, "en", FILM_MS)


# -- deletions -------------------------------------------------------------------------------------------------------


def test_a_few_deleted_cues_are_taken_and_many_only_when_told(job: Path, take: Take) -> None:
    cues = track(job)
    code, out, _ = take("x.en.srt", srt(cues[3:]))
    assert code == 0 and "3 deleted" in out
    code, _, err = take("x.en.srt", srt(cues[4:]))
    assert code == 2
    assert "lacks 4 of the film's 20 cues" in err and "00:00:00.000  One two." in err and "--delete" in err
    assert len(formats.read(job / "corrections" / "en.srt").cues) == COUNT - 3, "the older correction stays"
    assert take("x.en.srt", srt(cues[4:]), "--delete")[0] == 0
    assert len(formats.read(job / "corrections" / "en.srt").cues) == COUNT - 4


def test_a_track_of_another_film_is_not_taken_without_a_word(take: Take) -> None:
    code, _, err = take("x.en.srt", srt([Cue(1500, 2900, ("Quite another.",)), Cue(31_800, 32_900, ("One two.",))]))
    assert code == 2 and "--delete" in err


# -- the memory ------------------------------------------------------------------------------------------------------


def test_the_memory_of_the_films_own_configuration_learns_and_only_words(
    job: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    translated_with(job, str(tmp_path / "ours.sqlite"))
    cues = track(job)
    changed = [Cue(cues[0].start_ms, cues[0].end_ms, ("First, second.",)), *cues[2:]]
    changed[1] = Cue(cues[2].start_ms, cues[2].end_ms, ("♪",))
    code, out, err = take("x.en.srt", srt(changed))
    assert code == 0, err
    assert "1 deleted" in out and f"{tmp_path / 'ours.sqlite'} learned 1 lines" in out
    store = Memory(tmp_path / "ours.sqlite")
    assert [store.correction(sentence(HINDI, number), "hi", "en") for number in range(3)] == [
        "First, second.",
        None,
        None,
    ]
    assert not memory.default_path().exists()


@pytest.mark.parametrize("recorded", ["none", None])
def test_a_film_without_a_memory_teaches_none(
    recorded: str | None, job: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    if recorded:
        translated_with(job, recorded)
    edited = srt(track(job)).replace("One two.", "First, second.")
    code, out, _ = take("x.en.srt", edited)
    assert code == 0 and "No translation memory learns from it" in out
    assert not memory.default_path().exists()
    assert take("x.en.srt", edited, "--memory-file", tmp_path / "m.sqlite")[0] == 0
    assert Memory(tmp_path / "m.sqlite").correction(sentence(HINDI, 0), "hi", "en") == "First, second."


def test_the_default_memory_is_the_one_in_the_cache(
    job: Path, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    translated_with(job, "")
    assert take("x.en.srt", srt(track(job)).replace("One two.", "First, second."))[0] == 0
    assert Memory(memory.default_path()).correction(sentence(HINDI, 0), "hi", "en") == "First, second."


# -- the language ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of", "kept"),
    [
        ("x.en.srt", "en", "en"),
        ("x.en.hi.srt", "en", "en"),
        ("x.eng.sdh.srt", "en", "en"),
        ("x.en_US.srt", "en", "en"),
        ("x.English.srt", "en", "en"),
        ("x.hi.srt", "hi", "hi"),
        ("x.es-419.forced.srt", "es", "es"),
        ("x.hi.srt", "en", None),
        ("x.en.srt", "hi", None),
        ("x.es.srt", "en", None),
        ("x.it.srt", "en", None),
        ("x.pt-BR.srt", "es", None),
        ("Dr.No.srt", "en", None),
        ("Let.It.Be.srt", "en", None),
        ("x.srt", "en", None),
    ],
)
def test_a_track_replaces_the_one_in_its_own_language_or_none(
    name: str, of: str, kept: str | None, job: Path, take: Take
) -> None:
    code, _, err = take(name, srt(track(job, of)))
    if kept:
        assert code == 0, err
        assert [path.name for path in (job / "corrections").glob("*.srt")] == [f"{kept}.srt"]
    else:
        assert code == 2 and "--language" in err
        assert not (job / "corrections").exists()
        assert take(name, srt(track(job, of)), "--language", of)[0] == 0


def test_an_edited_track_of_any_format_is_taken(job: Path, take: Take) -> None:
    for kind in formats.KINDS:
        cues = [*track(job)[:-1], Cue(57_000, 59_000, (f"Edited as {kind}.",))]
        code, _, err = take(f"x.en.{kind}", formats.write(kind, cues, "en"))
        assert code == 0, err
        assert formats.read(job / "corrections" / "en.srt").cues[-1].text == f"Edited as {kind}."


@pytest.fixture(scope="module")
def english_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a job of the film that the handed files were edited for."""
    said = [
        (936, 2104, "Good morning."),
        (2184, 4456, "The train to the city leaves at nine."),
        (5900, 8760, "My sister is waiting for us near the old bridge."),
    ]
    segments = tuple(Segment(number, *one, "en", ()) for number, one in enumerate(said, start=1))
    return make_job(tmp_path_factory.mktemp("job"), SegmentsDocument("en", 11_000, segments), "en")


@pytest.mark.skipif(not (support.CASES / "edited").is_dir(), reason="the handed files are not here")
def test_handed_files_are_taken_or_refused_with_the_reason(
    english_job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for path in sorted((support.CASES / "edited").iterdir()):
        shutil.rmtree(english_job / "corrections", ignore_errors=True)
        code = correct.main([str(english_job), str(path)])
        said = capsys.readouterr()
        kept = [track.stem for track in (english_job / "corrections").glob("*.srt")]
        assert (code == 0) == bool(kept), path
        wanted = HANDED.get(path.name, ("?", ""))[1]
        found[path.name] = (kept[0] if kept else None, wanted if wanted in said.out + said.err else said.out + said.err)
    assert found == HANDED
