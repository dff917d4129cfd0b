"""Words of the prompt where nobody speaks: taken out where they are not heard without it, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.from_prompt import PromptGuard
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window

TERMS = ("Rahul", "Connaught Place")
#: Somebody speaks in the first three seconds and from the eleventh on; between there is music.
WINDOW = Window(((0, 14_000),), (Region(0, 3000, language="en"), Region(11_000, 14_000, language="en")))
FIGURES: dict[str, float | None] = dict.fromkeys(("avg_logprob", "no_speech_prob", "compression_ratio", "temperature"))


def chunk(*words: tuple[str, int]) -> Chunk:
    """Return what was decoded from the window: words of 300 ms."""
    made = tuple(RawWord(f" {text}", at, at + 300, 0.9) for text, at in words)
    return Chunk(0, 14_000, "en", " ".join(text for text, _ in words), made, FIGURES, WINDOW)


class Model:
    """A model that hears something else without a prompt; counts how often it is asked."""

    def __init__(self, *heard: Chunk) -> None:
        self.heard = list(heard)
        self.asked: list[DecodingStrategy] = []

    def decode(self, windows: Sequence[Window], strategy: DecodingStrategy) -> list[Chunk]:
        self.asked.append(strategy)
        assert len(windows) == len(self.heard)
        return self.heard


def clean(told: Chunk, *heard: Chunk, voice: float = 0.9) -> tuple[Chunk, list[tuple[int, str]], int]:
    model = Model(*heard)
    found, taken = PromptGuard(model.decode, TERMS, lambda *_: voice).clean([told])
    assert all(not strategy.prompt for strategy in model.asked)
    return found[0], [(word.start_ms, word.text.strip()) for word in taken], len(model.asked)


HELLO = (("Hello,", 500), ("Rahul.", 1200))


def test_a_term_in_music_that_is_not_heard_without_the_prompt_is_taken_out() -> None:
    told = chunk(*HELLO, ("Rahul.", 6000), ("Goodbye.", 12_000))
    found, taken, _ = clean(told, chunk(*HELLO, ("Goodbye.", 12_000)))
    assert found.text == "Hello, Rahul. Goodbye."
    assert [word.start_ms for word in found.words] == [500, 1200, 12_000], "the name that was said stays"
    assert taken == [(6000, "Rahul.")]


def test_several_words_of_one_term_are_taken_out_together() -> None:
    told = chunk(*HELLO, ("Connaught", 5000), ("Place.", 5400))
    found, taken, _ = clean(told, chunk(*HELLO))
    assert found.text == "Hello, Rahul." and len(taken) == 2


def test_a_term_that_is_heard_without_the_prompt_too_was_said_whatever_its_times_are() -> None:
    told = chunk(*HELLO, ("Rahul.", 6000))
    found, taken, asked = clean(told, chunk(("Hello,", 500), ("Rahul.", 1200), ("Rahul!", 2500)))
    assert (found, taken, asked) == (told, [], 1)


def test_other_words_and_terms_in_speech_cost_no_second_hearing() -> None:
    told = chunk(*HELLO, ("Thank", 6000), ("you.", 6400), ("Rahul", 11_500))
    assert clean(told)[1:] == ([], 0)


def test_where_a_song_detector_hears_no_voice_nobody_speaks_though_another_detector_says_so() -> None:
    told = chunk(("Rahul.", 1200))
    found, taken, _ = clean(told, replace(chunk(), text=""), voice=0.02)
    assert (found.text, found.words, taken) == ("", (), [(1200, "Rahul.")])


def test_a_piece_without_its_sound_is_left_as_it_is() -> None:
    told = replace(chunk(*HELLO, ("Rahul.", 6000)), window=None)
    assert clean(told) == (told, [], 0)
