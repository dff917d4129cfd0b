"""``samvad retime``: a file that is off comes in time, what the film lacks is set aside, and nothing is invented."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import support
from samvad.commands import retime
from samvad.documents import segments
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media.retiming import retimed
from samvad.text import matching

COMMON = (
    "the",
    "a",
    "of",
    "to",
    "and",
    "in",
    "you",
    "that",
    "it",
    "is",
    "was",
    "for",
    "on",
    "are",
    "with",
    "his",
    "they",
)
SOUNDS = ["ba", "ko", "ri", "ten", "mol", "su", "da", "ver", "ni", "lak", "po", "shi"]


@dataclass(frozen=True)
class Film:
    """A film whose speech and subtitles are known."""

    cues: tuple[Cue, ...]
    words: tuple[Word, ...]
    length_ms: int

    @property
    def speech(self) -> list[tuple[int, int]]:
        """Return its stretches of speech."""
        found: list[list[int]] = []
        for word in self.words:
            if found and word.start_ms - found[-1][1] < 300:
                found[-1][1] = word.end_ms
            else:
                found.append([word.start_ms, word.end_ms])
        return [(start, end) for start, end in found]


def make_film(seed: int, count: int = 200) -> Film:
    dice = random.Random(seed)
    cues: list[Cue] = []
    words: list[Word] = []
    at = 5000
    for _ in range(count):
        at += dice.choice([250, 300, 900, 1500, 4000])
        start, said = at, []
        for _ in range(dice.randint(3, 9)):
            word = dice.choice(COMMON) if dice.random() < 0.5 else "".join(dice.choices(SOUNDS, k=dice.randint(2, 3)))
            words.append(Word(at, at + 60 + 60 * len(word), word))
            at = words[-1].end_ms + 20
            said.append(word)
        cues.append(Cue(start - 40, at + dice.choice([0, 100, 400]), (" ".join(said),)))
    return Film(tuple(cues), tuple(words), at + 5000)


def misheard(film: Film, share: float) -> list[Word]:
    """Return what a recogniser makes of it: words wrong, missing and invented, times a little off."""
    dice = random.Random(1)
    found = []
    for word in film.words:
        chance = dice.random()
        if chance < share / 4:
            continue
        text = "".join(dice.choices(SOUNDS, k=2)) if chance < share else word.text
        off = round(dice.gauss(0, 50))
        found.append(Word(word.start_ms + off, word.end_ms + off, text))
    return found


def moved(cues: Sequence[Cue], change: Callable[[float], float]) -> list[Cue]:
    return [replace(c, start_ms=round(change(c.start_ms)), end_ms=round(change(c.end_ms))) for c in cues]


FILM = make_film(3)
THIRD = FILM.length_ms / 3
CHANGES = {
    "late": lambda t: t + 4000,
    "early": lambda t: t - 3200,
    "a minute late": lambda t: t + 61_000,
    "23.976 as 25": lambda t: t * 24000 / 25025 + 900,
    "25 as 24": lambda t: t * 25 / 24,
    "a clock of its own": lambda t: t * 1.003 + 700,
    "two breaks": lambda t: t + 31_000 * (t > THIRD) + 12_500 * (t > 2 * THIRD),
}


@pytest.mark.parametrize("by", ["words", "speech"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_off_comes_in_time(change: str, by: str) -> None:
    """Within 100 ms, by the words or, where file and film share no language, by when somebody speaks.

    Without words a cue or two beside a cut may go with the wrong side.
    """
    given = moved(FILM.cues, CHANGES[change])
    heard = [misheard(FILM, 0.35)] if by == "words" else []
    found = retimed.retime(given, heard, FILM.speech, FILM.length_ms)
    assert found is not None and found.by == by
    off = [
        abs(item.now.start_ms - cue.start_ms) for item, cue in zip(found.verdicts, FILM.cues, strict=True) if item.now
    ]
    wrong = [one for one in off if one > 100]
    assert len(off) == len(given)
    assert len(wrong) <= (0 if by == "words" or change != "two breaks" else 4)


def test_a_file_in_time_is_left_as_it_is() -> None:
    found = retimed.retime(FILM.cues, [misheard(FILM, 0.2)], FILM.speech, FILM.length_ms)
    assert found is not None
    assert [item.now for item in found.verdicts] == list(FILM.cues)
    assert found.counts == {retimed.KEPT: len(FILM.cues)}


def test_a_scene_that_the_film_lacks_is_set_aside() -> None:
    """What was said there is laid over nothing else, and the rest is in time."""
    first, last = FILM.cues[80].start_ms - 100, FILM.cues[95].start_ms - 100

    def in_cut(time: float) -> float | None:
        return None if first <= time < last else time - (last - first) * (time >= last)

    words = [
        replace(word, start_ms=round(at), end_ms=round(at) + word.end_ms - word.start_ms)
        for word in FILM.words
        if (at := in_cut(word.start_ms)) is not None
    ]
    film = Film(FILM.cues, tuple(words), FILM.length_ms - (last - first))
    found = retimed.retime(FILM.cues, [misheard(film, 0.2)], film.speech, film.length_ms)
    assert found is not None
    gone = {number for number, item in enumerate(found.verdicts) if item.now is None}
    assert gone <= set(range(80, 95)) and len(gone) >= 13
    for number, item in enumerate(found.verdicts):
        right = in_cut(FILM.cues[number].start_ms)
        if item.now and right is not None:
            assert abs(item.now.start_ms - right) <= 100


def test_another_films_file_is_refused() -> None:
    """Neither its words nor its times are in the film: nothing is better than a guess."""
    other = make_film(4)
    for words in ([misheard(FILM, 0.2)], []):
        assert retimed.retime(other.cues, words, FILM.speech, FILM.length_ms) is None


def test_a_line_that_is_said_elsewhere_is_offered_and_not_moved() -> None:
    """The file has a line in the wrong place; its neighbours say one thing, its own words another."""
    cues = list(FILM.cues)
    stray = replace(cues[50], start_ms=cues[54].end_ms + 10, end_ms=cues[54].end_ms + 600)
    given = [*cues[:50], *cues[51:55], stray, *cues[55:]]
    found = retimed.retime(given, [misheard(FILM, 0.0)], FILM.speech, FILM.length_ms)
    assert found is not None
    item = found.verdicts[54]
    assert item.verdict in (retimed.OFFERED, retimed.WITH_NEIGHBOURS, retimed.NO_SPEECH, retimed.KEPT)
    assert item.now and abs(item.now.start_ms - stray.start_ms) < 200


def test_an_out_time_is_not_cut_below_reading_speed() -> None:
    cues = [replace(cue, end_ms=cue.start_ms + 5000) for cue in FILM.cues[:1]] + list(FILM.cues[1:])
    found = retimed.retime(moved(cues, lambda t: t + 2000), [misheard(FILM, 0.0)], FILM.speech, FILM.length_ms)
    assert found is not None
    for item in found.verdicts:
        assert item.now is not None
        needed = min(item.cue.duration_ms, 1000 * item.cue.characters / 25)
        assert item.now.duration_ms >= needed - 1


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ("the old man of kanpur came to us", "well the old man of Kanpoor came to us then"),
        ("मैं कल कानपुर से दिल्ली का टिकट लेकर", "main kal Kanpur se dilli ka ticket lekar"),
    ],
)
def test_words_are_matched_whatever_their_letters(given: str, heard: str) -> None:
    ours, theirs = matching.words(given), matching.words(heard)
    found = matching.matches(ours, theirs)
    assert len(found) >= len(ours) - 2
    assert found == sorted(found)


def test_two_texts_that_share_small_words_alone_do_not_match() -> None:
    dice = random.Random(5)
    one, other = ([dice.choice(COMMON) if dice.random() < 0.4 else f"{seed}{n}" for n in range(400)] for seed in "xy")
    assert len(matching.matches(one, other)) < 12


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job whose stage 04 is done."""
    film = make_film(3, 40)
    folder = support.make_job(tmp_path)
    said = [
        (cue, tuple(word for word in film.words if cue.start_ms <= word.start_ms < cue.end_ms)) for cue in film.cues
    ]
    found = tuple(
        Segment(number, words[0].start_ms, words[-1].end_ms, cue.text, "en", words)
        for number, (cue, words) in enumerate(said, start=1)
    )
    segments.write(tmp_path / "segments.json", SegmentsDocument("en", film.length_ms, found))
    document = (tmp_path / "segments.json").read_bytes()
    regions = {"regions": [{"start_ms": start, "end_ms": end} for start, end in film.speech]}
    support.finished_stage(
        folder,
        "asr",
        {
            "segments": ("segments.json", document),
            "speech_regions": ("r.json", json.dumps(regions).encode()),
        },
    )
    return folder


def run(job: Path, *options: object) -> int:
    return retime.main([*map(str, options), "--to", str(job)])


def test_the_command_writes_the_file_and_its_page(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = make_film(3, 40).cues
    file = tmp_path / "My film $(x) <b>.en.srt"
    file.write_text(formats.write("srt", moved(right, lambda t: t + 2500)), encoding="utf-8")
    before = file.read_bytes()
    assert run(job, file) == 0
    said = capsys.readouterr().out
    assert "-2.4" in said and "40 moved" in said
    made = formats.read(tmp_path / "My film $(x) <b>.en.retimed.srt").cues
    assert [cue.lines for cue in made] == [cue.lines for cue in right]
    assert max(abs(one.start_ms - two.start_ms) for one, two in zip(made, right, strict=True)) <= 100
    page = (tmp_path / "My film $(x) <b>.en.retimed.html").read_text(encoding="utf-8")
    assert "<b>.en" not in page and "My film $(x)" in page
    assert file.read_bytes() == before
    assert run(job, file) == 2  # what is there is not written over
    assert "--force" in capsys.readouterr().err
    assert run(job, file, "--force") == 0


def test_the_command_leaves_a_file_in_time_alone(job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.en.srt"
    file.write_text(formats.write("srt", make_film(3, 40).cues), encoding="utf-8")
    assert run(job, file) == 0
    assert "in time already" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.en.srt"]


def test_the_command_refuses_what_does_not_fit(job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.en.srt"
    file.write_text(formats.write("srt", make_film(9, 40).cues), encoding="utf-8")
    assert run(job, file) == 1
    assert "does not fit the film" in capsys.readouterr().err
    assert run(job, tmp_path / "none.en.srt") == 3
    (tmp_path / "film.pdf").write_bytes(b"%PDF")
    assert run(job, tmp_path / "film.pdf") == 2
    assert not list(tmp_path.glob("*.retimed*"))


def test_a_film_without_recognised_speech_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.en.srt"
    file.write_text(formats.write("srt", FILM.cues), encoding="utf-8")
    assert run(support.make_job(tmp_path), file) == 2
    assert "There is no film" in capsys.readouterr().err
