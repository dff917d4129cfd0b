"""The language of a stretch by the words that came of it, where a film has several.

A language is named by what a stretch sounds like, and a second of Spanish with an accent sounds like English. Told that
it is, Whisper may write down the Spanish all the same: then its words say what it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.regions import Region
from samvad.text import scripts, word_frequency

#: So many different words, and by how much another language uses them more often: the mean on Zipf's scale (the tenth
#: logarithm of uses in a thousand million words). Of 1,035 lines of English, Spanish, French and Italian (what
#: telephones say, as written) none is taken for another of these; named as another each, 3,090 of 3,105 are told apart.
_WORDS, _FURTHER = 3, 1.0
#: For a language that nobody has named more is asked: so many words, which the language they were heard in uses less
#: than so often, and the other one so often at least, by so much more. Of the same lines none is
#: taken for one of 25 other languages.
_UNNAMED_WORDS, _SELDOM, _OFTEN, _UNNAMED_FURTHER = 4, 3.5, 4.0, 1.5


def readings(said: Mapping[Region, str], speech: Sequence[Region]) -> dict[Region, str]:
    """Return the regions whose words are of another language of the film than they were heard in, with that language.

    Args:
        said: the text of each region that has one, from ``texts``.
        speech: all regions, with their languages.
    """
    spoken = list(dict.fromkeys(region.language for region in speech))
    if len(spoken) < 2:
        return {}
    found = {}
    for region, text in said.items():
        language = reading(text, region.language, spoken)
        if language != region.language:
            found[region] = language
    return found


def reading(text: str, language: str, spoken: Sequence[str]) -> str:
    """Return which of some languages the words of a text are of; its own, unless another is far likelier.

    Args:
        text: what was recognised.
        language: what it was heard in.
        spoken: all that may be spoken. Those that are written in other scripts are not asked: a model writes Hindi in
            Latin letters as well.
    """
    own = scripts.scripts_of(language)
    others = [other for other in spoken if other != language and scripts.scripts_of(other) & own]
    words = word_frequency.telling(text)
    if not others or len(set(words)) < _WORDS:
        return language
    known = {name: found for name in (language, *others) if (found := word_frequency.uses(words, name)) is not None}
    best = max(known, key=lambda name: known[name], default=language)
    return best if language in known and known[best] >= known[language] + _FURTHER else language


def foreign(text: str, language: str, spoken: Sequence[str]) -> str:
    """Return the language that a text is in, where it is surely none that the film was recognised in; else nothing.

    Args:
        text: what was recognised.
        language: what it was heard in.
        spoken: all that the film was recognised in.
    """
    words = word_frequency.telling(text)
    own = word_frequency.uses(words, language) if len(set(words)) >= _UNNAMED_WORDS else None
    if own is None or own >= _SELDOM:
        return ""
    written = scripts.scripts_of(language)
    known_as = {word_frequency.list_of(name) for name in spoken}
    # The film's other languages are asked, too: what is Spanish there is not to be called Catalan.
    others = [other for other in word_frequency.listed() if scripts.scripts_of(other) & written]
    known = {other: found for other in others if (found := word_frequency.uses(words, other)) is not None}
    best = max(known, key=lambda name: known[name], default="")
    surely = bool(best) and best not in known_as and known[best] >= max(_OFTEN, own + _UNNAMED_FURTHER)
    return best if surely else ""


def as_decoded(speech: Sequence[Region], chunks: Iterable[Chunk]) -> list[Region]:
    """Return regions in the language that they were decoded in at last, in whole or in parts."""
    heard = [region for chunk in chunks if chunk.window for region in chunk.window.speech]
    if len({region.language for region in (*speech, *heard)}) < 2:
        return list(speech)
    exactly = {(region.start_ms, region.end_ms): region.language for region in heard}

    def decoded_in(region: Region) -> str:
        if known := exactly.get((region.start_ms, region.end_ms)):
            return known
        spoken: Counter[str] = Counter()  # of what it was parted into, by length: one sentence of it may be English
        for other in heard:
            if region.start_ms <= other.start_ms < region.end_ms:
                spoken[other.language] += other.length_ms
        return spoken.most_common(1)[0][0] if spoken else region.language

    return [replace(region, language=decoded_in(region)) for region in speech]


def texts(chunks: Iterable[Chunk], speech: Sequence[Region]) -> dict[Region, str]:
    """Return the text of each region that has one: each word is that region's which is nearest to its middle.

    Args:
        chunks: as decoded, before words are put into another script.
        speech: all regions, in order of time.
    """
    found: dict[Region, str] = {}
    starts, ends = [region.start_ms for region in speech], [region.end_ms for region in speech]
    for chunk in chunks:
        near = speech[bisect_left(ends, chunk.start_ms) : bisect_right(starts, chunk.end_ms) + 1]
        for word in chunk.words if near else ():
            middle = (word.start_ms + word.end_ms) // 2
            own = min(near, key=lambda region: max(region.start_ms - middle, middle - region.end_ms))
            found[own] = f"{found.get(own, '')} {word.text}"
    return found
