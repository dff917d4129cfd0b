"""The language of a stretch by its sound, where that is none that the film was given as.

A film is given as Hindi, and somebody speaks Spanish in it for a minute: told that it is Hindi, Whisper writes down
syllables in Hindi's letters, and is not unsure of them. What a window sounds like is told with its first try, at no
cost: where that is hardly the language it was decoded in, its stretches are asked one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from samvad.documents.segments import PERHAPS_OTHER
from samvad.stages.asr import language, second_languages
from samvad.stages.asr.chunks import Chunk, DecodedAgain
from samvad.stages.asr.language import HearBriefly
from samvad.stages.asr.regions import Region

#: Why a piece was decoded again, and how.
REASON, ANEW = "sounds like another language", "in the language of its sound"
#: Stretches of windows with less than this of the language that these were decoded in, and of its relatives, are
#: asked if they are so long (ms); what has so much of another language by itself, with silence behind it, is in that.
_OWN, _LEAST_MS, _SURE = 0.5, 2_000, 0.9


def readings(chunks: Iterable[Chunk], speech: Sequence[Region], hear: HearBriefly) -> dict[Region, str]:
    """Return the regions that surely sound like another language than they were heard in, with that language.

    Args:
        chunks: first tries, with what was heard in their windows.
        speech: all regions, with their languages.
        hear: gives the probabilities of languages.
    """
    spans = [(one.start_ms, one.end_ms) for chunk in chunks if _is_doubtful(chunk) for one in _speech(chunk)]
    asked = [
        region
        for region in speech
        if not region.sung
        and region.length_ms >= _LEAST_MS
        and any(start < region.end_ms and end > region.start_ms for start, end in spans)
    ]
    if not asked:
        return {}
    heard = hear([language.whole(region) for region in asked], language.SILENCE_MS)
    best = [max(shares, key=lambda name: shares[name]) for shares in heard]
    return {
        region: name
        for region, name, shares in zip(asked, best, heard, strict=True)
        if shares[name] >= _SURE and name not in second_languages.relatives(region.language)
    }


def surer(chunks: Sequence[Chunk], others: Sequence[Chunk], region: Region) -> bool:
    """Return whether the model is at least as sure of one text of a region as of another."""
    return _logprob(chunks, region) >= _logprob(others, region)


def doubted(chunks: Sequence[Chunk], regions: Sequence[Region]) -> list[Chunk]:
    """Return pieces, those marked of which most is speech that sounds like another language, and is no better in it."""
    return [_noted(chunk) if _is_mostly_in(chunk, regions) else chunk for chunk in chunks]


def _speech(chunk: Chunk) -> Sequence[Region]:
    return chunk.window.speech if chunk.window else ()


def _is_doubtful(chunk: Chunk) -> bool:
    own = sum(chunk.heard.get(name, 0.0) for name in second_languages.relatives(chunk.language))
    return bool(chunk.heard) and own < _OWN


def _logprob(chunks: Sequence[Chunk], region: Region) -> float:
    """Return the mean log probability of a token in the pieces of a region; one of none is as unsure as can be."""
    own = [
        (chunk.decoding["avg_logprob"] or 0.0, chunk.tokens)
        for chunk in chunks
        if chunk.words and any(one.start_ms < region.end_ms and one.end_ms > region.start_ms for one in _speech(chunk))
    ]
    tokens = sum(number for _, number in own)
    return sum(value * number for value, number in own) / tokens if tokens else float("-inf")


def _is_mostly_in(chunk: Chunk, regions: Sequence[Region]) -> bool:
    inside = sum(
        max(0, min(one.end_ms, region.end_ms) - max(one.start_ms, region.start_ms))
        for one in _speech(chunk)
        for region in regions
    )
    return 2 * inside > sum(one.length_ms for one in _speech(chunk))


def _noted(chunk: Chunk) -> Chunk:
    before = chunk.decoded_again or DecodedAgain((), PERHAPS_OTHER, 0)
    return replace(chunk, decoded_again=DecodedAgain((REASON, *before.reasons), PERHAPS_OTHER, before.attempts + 1))
