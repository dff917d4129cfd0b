"""Whatever a model writes: stage 04's segments follow each other, each takes time, and no word is lost or doubled."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.stages.asr import given_text, parting, quiet, sentences, windows
from samvad.stages.asr.account import HEARD_ANEW, Account
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.in_turn import in_turn
from samvad.stages.asr.recogniser import Recogniser
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import word_frequency

FIGURES = {"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.0, "temperature": 0.0}
FILM_MS = 60_000
# fmt: off
VOCABULARY = (
    "the", "a", "train", "city", "leaves", "at", "nine", "sister", "river", "two",
    "baskets", "mangoes", "nobody", "told", "lantern", "market", "rains", "yes", "no",
)
# fmt: on


class Sound:
    """Sound of one level, with silences that say nothing of where speech was found."""

    duration_ms = FILM_MS

    def __init__(self, dice: random.Random) -> None:
        self.levels = np.full(FILM_MS // 10, 0.1, np.float32)
        at = 0
        while at < len(self.levels):
            at += dice.randint(30, 400)
            length = dice.randint(10, 150)
            self.levels[at : at + length] = 0.0005
            at += length

    def piece(self, start_ms: int, end_ms: int) -> Any:
        samples = np.arange(max(0, start_ms) * 16, min(end_ms, FILM_MS) * 16)
        return self.levels[np.minimum(samples // 160, len(self.levels) - 1)]


class Wanton:
    """In place of a model: writes what models write at their worst, at any times inside a window. No word twice."""

    own_length = multilingual = True
    batches_at_once, batches_ahead = 1, 0

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.written = 0
        self.packs = dice.random() < 0.5

    def windows(self, speech: Sequence[Region]) -> list[Window]:
        return windows.packed(speech, 14_000) if self.packs else windows.spans(speech, 18_000)

    def brief_language_probabilities(self, _: Sound, found: Sequence[Window], __: int) -> list[dict[str, float]]:
        return [{self.dice.choice(("en", "es", "hi")): self.dice.choice((0.3, 0.9))} for _ in found]

    def decode(self, _: Sound, found: Sequence[Window], strategy: DecodingStrategy, **asks: Any) -> list[Chunk]:
        chunks = [self._chunk(window, strategy) for window in found]
        return [replace(one, heard=self._shares(asks), tokens=self.dice.randint(0, 30)) for one in chunks]

    def _shares(self, asks: dict[str, Any]) -> dict[str, float]:
        """Return what a window of a first try sounds like: any language."""
        return {self.dice.choice(("en", "es", "hi")): self.dice.choice((0.3, 0.9))} if asks.get("hear") else {}

    def _word(self) -> str:
        self.written += 1
        dice = random.Random(self.written)
        syllables = (dice.choice("bcdfghjklmnprstvxz") + dice.choice("aeiouy") for _ in range(dice.randint(1, 4)))
        return "".join(syllables) + "q" + "".join("abcdefghij"[int(figure)] for figure in str(self.written))

    def _texts(self, kind: str) -> list[str]:
        dice = self.dice
        if kind == "nothing":
            return []
        some = [self._word() for _ in range(dice.randint(1, 40))]
        if kind == "loop":
            return some[: dice.randint(1, 3)] * dice.randint(4, 20)
        if kind == "loop beside words":
            return some[3:] + some[: dice.randint(1, 3)] * dice.randint(4, 9)
        return ["lalalalalalalala"] * 3 if kind == "syllables" else some

    def _chunk(self, window: Window, strategy: DecodingStrategy) -> Chunk:
        dice = self.dice
        kinds = {"plain": 8, "drawn out": 4, "crammed": 3, "loop": 2, "loop beside words": 2, "nothing": 1}
        (kind,) = dice.choices([*kinds, "syllables"], [*kinds.values(), 1])
        step = {"drawn out": (300, 3_000), "crammed": (0, 80)}.get(kind, (100, 500))
        last_ms = window.length_ms if dice.random() < 0.6 else dice.randint(0, window.length_ms)
        at_ms = dice.choice((0, dice.randint(0, 1_500)))
        words = []
        for text in self._texts(kind):
            length_ms = dice.randint(*step) if dice.random() > 0.05 else dice.randint(0, 4_000)
            at_ms = min(last_ms, at_ms + (dice.randint(0, 6_000) if dice.random() < 0.05 else 0))
            times = window.in_film(at_ms, min(at_ms + length_ms, last_ms))
            words.append(RawWord(f" {text}{dice.choice(('', '', '', '', '.', ','))}", *times, dice.random() ** 0.3))
            at_ms += length_ms
        sure = {"avg_logprob": -1.7 * dice.random() ** 2, "no_speech_prob": dice.random() ** 3}
        figures = {**FIGURES, **sure, "temperature": strategy.temperature}
        text = parting.text_of(words)
        return Chunk(window.start_ms, window.end_ms, window.language, text, tuple(words), figures, window)


class Batches:
    """In place of what watches the memory."""

    def __init__(self, engine: Wanton) -> None:
        self.engine = engine
        self.setting = SimpleNamespace(batch_size=8)

    def map(self, work: Any, items: Sequence[Any], _: int = 1) -> Iterator[Any]:
        for first in range(0, len(items), 8):
            yield from work(items[first : first + 8])


def speech_of(dice: random.Random) -> list[Region]:
    found: list[Region] = []
    at_ms = 0
    while True:
        at_ms += dice.randint(40, 3_000) if dice.random() < 0.8 else dice.randint(3_000, 15_000)
        length_ms = dice.randint(300, 9_000)
        if at_ms + length_ms > FILM_MS:
            return found or [Region(0, 3_000, "en")]
        found.append(Region(at_ms, at_ms + length_ms, dice.choice(["en"] * 9 + ["es"]), dice.random() < 0.08))
        at_ms += length_ms


def faults(segments: Sequence[Segment]) -> list[str]:
    """Return what is wrong with the times and the texts of segments."""
    found = [f"{one.id} begins in {before.id}" for before, one in pairwise(segments) if one.start_ms < before.end_ms]
    for one in segments:
        edges = [one.start_ms, *(at for word in one.words for at in (word.start_ms, word.end_ms)), one.end_ms]
        if edges != sorted(edges) or edges[0] != edges[1] or edges[-1] != edges[-2]:
            found.append(f"{one.id}: its words are not in order inside it: {edges}")
        found += [f"{one.id}: {word.text} takes no time" for word in one.words if word.end_ms <= word.start_ms]
        if one.text.split() != [part for word in one.words for part in word.text.split()]:
            found.append(f"{one.id}: its words are not its text")
    return found


def recognise(seed: int) -> tuple[list[Chunk], list[Segment], Account]:
    """Return what stage 04 makes of a film of which a wanton model writes the text."""
    dice = random.Random(seed)
    sound, speech, kept, peak = Sound(dice), speech_of(dice), Account(), dice.random()
    perhaps = [
        Region(left.end_ms + 100, right.start_ms - 100, "en", faint=dice.random() < 0.3)
        for left, right in pairwise(speech)
        if right.start_ms - left.end_ms > 1_200 and dice.random() < 0.4
    ]
    recogniser = Recogniser(
        Batches(Wanton(dice)), sound, "any", (), dice.choice((0, 4, 4, 4)), lambda *_: None,  # type: ignore[arg-type]
        voice_peak=lambda *_: peak, account=kept,
    )  # fmt: skip
    chunks = recogniser.recognise(speech, perhaps)
    found = sentences.build_segments(chunks, speech, 14_000, quiet.pauses(sound, speech))  # type: ignore[arg-type]
    kept.into_segments(chunks, found)
    return chunks, found, kept


@pytest.fixture(autouse=True)
def uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all words be English ones: what is heard as Spanish is heard anew."""
    monkeypatch.setattr(word_frequency, "uses", lambda _, language: 5.0 if language == "en" else 2.0)


@pytest.mark.parametrize("seed", [*range(40), 162, 241, 247, 272, 301, 584])
def test_whatever_a_model_writes_segments_are_in_order_take_time_and_lose_no_word(seed: int) -> None:
    chunks, found, kept = recognise(seed)
    assert (faults(found), kept.unexplained) == ([], [])
    assert [one.start_ms for one in chunks] == sorted(one.start_ms for one in chunks)


def piece(dice: random.Random, name: str, start_ms: int, end_ms: int, count: int) -> Chunk:
    """Return a piece whose words stand in order anywhere in it."""
    times = sorted(dice.randint(start_ms, end_ms) for _ in range(2 * count))
    words = tuple(RawWord(f" {name}{n}", times[2 * n], times[2 * n + 1], 0.9) for n in range(count))
    window = Window(((start_ms, end_ms),), (Region(start_ms, end_ms, "en"),))
    return Chunk(start_ms, end_ms, "en", parting.text_of(words), words, FIGURES, window)


def test_a_new_piece_goes_between_words_in_order_and_none_is_lost_or_doubled() -> None:
    for seed in range(200):
        dice = random.Random(seed)
        edges = sorted(dice.sample(range(0, 30_000, 50), 6))
        old = [piece(dice, f"old{n}x", *edges[2 * n : 2 * n + 2], dice.randint(0, 12)) for n in range(3)]
        first_ms = dice.randint(0, 28_000)
        new = piece(dice, "new", first_ms, first_ms + dice.randint(1_000, 9_000), dice.randint(1, 12))
        chunks = parting.put_in(old, [new], Account())
        found = sentences.build_segments(chunks, [], 14_000)
        said = Counter(word.text for one in found for word in one.words)
        before = Counter(word.text.strip() for one in [*old, new] for word in one.words)
        without_new = Counter(word.text.strip() for one in old for word in one.words)
        assert (faults(found), seed) == ([], seed)
        assert said == (before if "new" in " ".join(said) else without_new)
        for name in ("old0x", "old1x", "old2x", "new"):
            own = [int(word.text.removeprefix(name)) for one in found for word in one.words if name in word.text]
            assert own == sorted(own), seed


def test_a_word_at_the_edge_of_a_window_stays_before_the_text_that_is_put_after_it() -> None:
    """A gap's window begins 200 ms before the gap, in the last word that was written."""
    old = Chunk(0, 10_000, "en", "", (RawWord(" early", 1_900, 2_100, 0.9),), FIGURES)
    window = Window(((1_800, 6_000),), (Region(2_000, 6_000, "en"),))
    new = Chunk(1_800, 6_000, "en", "anew", (RawWord(" anew", 2_200, 2_600, 0.9),), FIGURES, window)
    assert [one.text for one in parting.put_in([old], [new], Account())] == ["early", "anew"]


def test_two_pieces_in_place_of_one_loop_leave_nothing_of_it_where_they_stand() -> None:
    """What is left of the loop beside the first is none any more: it would stand beside the second."""
    words = tuple(RawWord(f" {'gone' if n % 2 else 'astray'}", 500 * n, 500 * n + 400, 0.9) for n in range(24))
    window = Window(((0, 12_000),), (Region(0, 12_000, "en"),))
    loop = Chunk(0, 12_000, "en", parting.text_of(words), words, FIGURES, window)
    parts = (
        Chunk(at, at + 6_000, "en", text, (RawWord(f" {text}", at + 500, at + 900, 0.9),), FIGURES, window)
        for at, text in ((0, "one"), (6_000, "two"))
    )
    kept = Account()
    found = parting.put_in([loop], list(parts), kept)
    assert [one.text for one in found if one.text] == ["one", "two"]
    assert [(item.rule, item.words) for item in kept.taken] == [(HEARD_ANEW, 24)]


def said(dice: random.Random, lines: Sequence[str]) -> SegmentsDocument:
    """Return what a recogniser made of lines: some are missing, some words too, others are wrong."""
    found: list[Segment] = []
    at_ms = dice.randint(0, 2_000)
    for line in lines:
        words = []
        for text in line.split() if dice.random() < 0.85 else ():
            if dice.random() < 0.9:
                end_ms = at_ms + dice.randint(20, 500)
                words.append(Word(at_ms, end_ms, text if dice.random() < 0.7 else f"{dice.choice(VOCABULARY)}x"))
                at_ms = end_ms + dice.choice((0, 0, dice.randint(0, 300)))
        at_ms += dice.choice((0, dice.randint(0, 4_000)))
        if words:
            text = " ".join(word.text for word in words)
            found.append(Segment(len(found) + 1, words[0].start_ms, words[-1].end_ms, text, "en", tuple(words)))
    return SegmentsDocument("en", at_ms + 100, tuple(found))


def test_a_given_text_stands_in_order_and_each_of_its_words_takes_time() -> None:
    for seed in range(150):
        dice = random.Random(seed)
        lines = [" ".join(dice.choices(VOCABULARY, k=dice.randint(1, 9))) + "." for _ in range(dice.randint(1, 12))]
        document = said(dice, lines)
        given, at_ms = [], 0
        for line in lines:
            own = (at_ms, at_ms + dice.randint(300, 3_000)) if seed % 2 else None
            at_ms += dice.randint(300, 3_500)
            given += [given_text.Line(line, when=own)] if dice.random() < 0.85 else []
        speech = [(one.start_ms, one.end_ms) for one in document.segments]
        placed = given_text.place(document, given, speech).document
        assert (faults(placed.segments), seed) == ([], seed)
        assert all(one.end_ms <= document.duration_ms for one in placed.segments)


def test_a_sentence_that_an_aligner_ends_later_leaves_the_next_one_its_time() -> None:
    """The next one may be in another language, or have no letter that the aligner knows."""
    aligned = Segment(1, 0, 1_200, "Go on.", "en", (Word(0, 500, "Go"), Word(600, 1_200, "on.")))
    kept = Segment(2, 1_000, 1_400, "42.", "en", (Word(1_000, 1_400, "42."),))
    found = in_turn([aligned, kept], 5_000)
    assert [(one.start_ms, one.end_ms) for one in found] == [(0, 1_000), (1_000, 1_400)]
    assert faults(found) == []
    apart = [aligned, Segment(2, 1_300, 1_400, "42.", "en", (Word(1_300, 1_400, "42."),))]
    assert in_turn(apart, 5_000) == apart


def test_words_at_the_end_of_a_film_stay_in_it() -> None:
    words = (Word(4_900, 5_000, "The"), Word(5_000, 5_000, "end"), Word(5_000, 5_000, "comes."))
    (found,) = in_turn([Segment(1, 4_900, 5_000, "The end comes.", "en", words)], 5_000)
    assert faults([found]) == [] and found.end_ms == 5_000
