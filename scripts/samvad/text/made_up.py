"""What speech and translation models make up: pleas for subscribers, credits, thanks that nobody has said.

``config/hallucination_topics.tsv`` says for many languages by which words a text speaks of such a topic, so that a
translation can be held against what was said. ``phrases`` reads the lists of whole phrases.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

from samvad.core import outside, schemas
from samvad.core.errors import ConfigurationError
from samvad.text import consonants, languages, scripts
from samvad.text.repetition import plain

TOPICS = schemas.ROOT / "config" / "hallucination_topics.tsv"
_COLUMNS = ("topic", "language", "telling", "allowing")
#: Topics that people do speak of: only a text that says nothing else is doubted.
_THANKS = "thanks"
_WHOLE = frozenset({_THANKS, "farewell"})
#: Words that add nothing to thanks and farewells, in English.
_FILLER = re.compile(
    r"(?:you|very|much|so|everyone|all|again|sir|madam|guys|a|lot|for|now|good|later|okay|ok|oh|and|well|ladies|"
    r"gentlemen|folks|friends|to|see|soon)"
)
#: In other languages so many words beside the topic's own are taken for such.
_FEW = 2
#: Languages that borrow each other's words for these topics, and that recognisers write in each other's letters.
_INDIC = languages.INDICTRANS2.keys() - {"en"}
#: Letters that stand without spaces between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Consonants of a word from which it is told by them alone.
_TELLING_CONSONANTS = 3


@dataclass(frozen=True)
class Topic:
    """How a language speaks of a topic: beginnings of words, in plain form."""

    name: str
    language: str
    telling: tuple[str, ...]
    allowing: tuple[str, ...]


def is_made_up(made: str, target: str, source: str, source_language: str, *, unsure: bool = False) -> bool:
    """Return whether a translation speaks of what models make up, and its source does not.

    Args:
        made: the translation.
        target: its language, a short code.
        source: what was said.
        source_language: its language, a short code.
        unsure: whether there is another doubt: then thanks within a longer text are enough.
    """
    text = plain(made)
    if not text or text == plain(source):
        return False
    for name, told in _told(text, target).items():
        whole = _says_only(text, told, target) or (unsure and name == _THANKS)
        if name in _WHOLE and not (whole and _knows(name, source_language)):
            continue
        if not _allows(name, source, source_language):
            return True
    return False


def is_known(made: str, source: str, phrases: Collection[str]) -> bool:
    """Return whether a whole text is a phrase that models are known to make up, and its source is none.

    People say some of them, too: it is a doubt beside another, and none by itself.

    Args:
        made: the translation.
        source: what was said.
        phrases: in plain form.
    """
    return plain(made) in phrases and plain(source) not in phrases


@functools.cache
def topics() -> tuple[Topic, ...]:
    """Return what the table of topics says.

    Raises:
        ConfigurationError: it is missing, or a row is not as it must be; names the line.
    """
    path = TOPICS
    found: list[Topic] = []
    header_seen = False
    for number, line in enumerate(outside.read_text(path, "utf-8", outside.LARGEST_TABLE_BYTES).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in f"{line}\t\t".split("\t")][: len(_COLUMNS)]
        if header_seen and all(cells[:2]):
            found.append(Topic(cells[0], cells[1], _beginnings(cells[2]), _beginnings(cells[3])))
        elif header_seen or tuple(cells) != _COLUMNS:
            raise ConfigurationError(
                f"{path}, line {number}: the columns must be {', '.join(_COLUMNS)}.", "Correct it.", path=str(path)
            )
        header_seen = True
    return tuple(found)


def _beginnings(cell: str) -> tuple[str, ...]:
    return tuple(text for part in cell.split("|") if (text := plain(part)))


def _told(text: str, target: str) -> dict[str, tuple[str, ...]]:
    """Return the topics that a plain text speaks of, with the words that say so."""
    found: dict[str, tuple[str, ...]] = {}
    for topic in topics():
        if topic.language in (target, "en"):
            told = tuple(beginning for beginning in topic.telling if _has(text, beginning))
            if told:
                found[topic.name] = (*found.get(topic.name, ()), *told)
    return found


def _says_only(text: str, told: tuple[str, ...], target: str) -> bool:
    rest = [word for word in text.split() if not any(_has(word, beginning.split()[0]) for beginning in told)]
    if target == "en":
        return all(map(_FILLER.fullmatch, rest))
    return len(rest) <= _FEW and not (_UNSPACED.search(text) and len(text) > max(map(len, told)) + 2 * _FEW)


def _knows(name: str, language: str) -> bool:
    return any(topic.name == name and topic.language == language for topic in topics())


def _allows(name: str, source: str, language: str) -> bool:
    """Return whether what was said may be about a topic, by its letters or, in India's scripts, by its consonants."""
    near = _INDIC if language in _INDIC else {language}
    beginnings = [
        beginning
        for topic in topics()
        if topic.name == name and (topic.language in near or topic.language == "en")
        for beginning in (*topic.telling, *topic.allowing)
    ]
    text = plain(source)
    if any(_has(text, beginning) for beginning in beginnings):
        return True
    if language not in _INDIC or name not in _WHOLE | {"subscribe"}:
        return False
    heard = [consonants.sound_of(word) for word in text.split()]
    keys = {consonants.sound_of(beginning) for beginning in beginnings if " " not in beginning}
    return any(word.startswith(key) for word in heard for key in keys if len(key) >= _TELLING_CONSONANTS)


def _has(text: str, beginning: str) -> bool:
    if _UNSPACED.search(beginning):
        return beginning in text
    return f" {beginning}" in f" {text}"


def letters(text: str) -> float:
    """Return how much a text says, in letters of an alphabet: a Chinese sign counts for three."""
    return sum(_WEIGHTS.get(scripts.script_of(sign), 1.0) for sign in text if sign.isalnum())


#: Letters of an alphabet that a sign of these scripts stands for, roughly: by the lengths of parallel texts.
_WEIGHTS = {"Hani": 3.0, "Jpan": 1.6, "Hang": 2.0}
