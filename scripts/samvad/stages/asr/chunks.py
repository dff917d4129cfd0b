"""What comes out of decoding: words with times, in pieces of at most 30 s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from samvad.stages.asr.windows import Window


@dataclass(frozen=True)
class Heard:
    """What the model wrote where a word was put into another script: its letters, and the word in Latin ones."""

    text: str
    roman: str


@dataclass(frozen=True)
class RawWord:
    """A word as decoded: its text with the space before it, times in ms from the film's start, probability.

    ``heard`` is what it was written as, where it was put into another script.
    """

    text: str
    start_ms: int
    end_ms: int
    probability: float
    heard: Heard | None = None


@dataclass(frozen=True)
class DecodedAgain:
    """Why a piece was decoded again, which attempt was kept, and how many there were after the first."""

    reasons: tuple[str, ...]
    kept: str
    attempts: int


@dataclass(frozen=True)
class Chunk:
    """A piece of at most 30 s as decoded in one go.

    Attributes:
        decoding: avg_logprob, no_speech_prob, compression_ratio, temperature.
        window: the sound it was decoded from; None in what was not made by an engine.
        tokens: how many tokens it took, the end among them.
        cut_off: whether the model had more to say than its context holds.
        heard: probability of each language, where it was asked for.
        decoded_again: why it was decoded again, and what was kept; None where it was decoded once.
    """

    start_ms: int
    end_ms: int
    language: str
    text: str
    words: tuple[RawWord, ...]
    decoding: dict[str, float | None]
    window: Window | None = None
    tokens: int = 1
    cut_off: bool = False
    heard: dict[str, float] = field(default_factory=dict)
    decoded_again: DecodedAgain | None = None


def text_of(words: Iterable[RawWord]) -> str:
    """Return what some words say."""
    return "".join(word.text for word in words).strip()
