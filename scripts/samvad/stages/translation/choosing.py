"""Judge the hypotheses of a model for a sentence, and choose: first what is right, then what can be read in time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from samvad.stages.translation import figures, guards, markup, terms
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.markup import ADDRESS, NAME, NUMBER, TERM, Part, Protected
from samvad.stages.translation.memory import Other
from samvad.stages.translation.sentences import Sentence
from samvad.stages.translation.terms import Glossary
from samvad.text import indic, scripts

#: How bad it is, in the order in which one would rather have one than the other.
_BADNESS = {
    guards.EMPTY: 1000,
    guards.LEFTOVER: 60,
    guards.UNTRANSLATED: 60,
    guards.NUMBERS: 50,
    guards.UNKNOWN: 45,
    guards.REPETITION: 40,
    guards.NEGATION: 20,
    guards.NEGATION_ADDED: 20,
    guards.NUMBER_WORDS: 15,
    guards.QUESTION: 10,
    guards.SAYS_LESS: 15,
    guards.MADE_UP: 70,
    guards.LENGTH: 30,
    guards.LEAK: 5,
}
_LOST = {NAME: 100, ADDRESS: 100, NUMBER: 50, TERM: 20}

#: Characters a second that viewers read (Netflix's style guides for English and Hindi, adult programmes).
_READING_SPEED = {"en": 20.0}
_OTHER_READING_SPEED = 22.0
_QUESTION = re.compile(r"[?؟？][\"'”’)\]]*\s*$")
#: Nobody shortens what is as short as this.
_FREE_CHARACTERS = 12


@dataclass(frozen=True)
class Candidate:
    """A hypothesis with all values put back.

    Attributes:
        text: as viewers would read it.
        log_probability: summed over its tokens.
        tokens: their number.
        problems: flags of ``guards.problems``.
        lost: kind and words, as said, of terms, names, and addresses that did not come out.
        uses: terms, as said, as wanted, and how they came out.
        extra: flags beside those.
    """

    text: str
    log_probability: float
    tokens: int
    problems: frozenset[str] = frozenset()
    lost: tuple[tuple[str, str], ...] = ()
    uses: tuple[tuple[str, str, str], ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def badness(self) -> int:
        """Return 0 for a candidate with nothing wrong, else the more, the worse."""
        lost = sum(_LOST[kind] for kind, _ in self.lost)
        return lost + sum(_BADNESS[flag] for flag in self.problems) + len(self.extra)

    @property
    def lost_facts(self) -> bool:
        """Return whether a name, an address or a number was lost."""
        lost = not self.problems.isdisjoint((guards.NUMBERS, guards.NUMBER_WORDS))
        return lost or any(kind != TERM for kind, _ in self.lost)

    @property
    def flags(self) -> tuple[str, ...]:
        """Return what a person should look at."""
        missing = (terms.TERM_MISSING,) if self.lost else ()
        return (*sorted(self.problems), *missing, *self.extra)

    @property
    def mean(self) -> float:
        """Return the mean log probability of a token."""
        return self.log_probability / max(1, self.tokens)


def candidate(
    sentence: Sentence,
    target: str,
    parts: Sequence[Part],
    ways: Sequence[Protected],
    decoded: Sequence[Decoded],
    glossary: Glossary,
) -> Candidate:
    """Return a hypothesis for a sentence, with marks and values put back and judged.

    Args:
        sentence: as it was said.
        target: short code.
        parts: of the sentence, from ``markup.frame``.
        ways: each part of language as the model read it.
        decoded: what it wrote for each.
        glossary: for the target.
    """
    texts: list[str] = []
    kept: set[str] = set()
    leaked = False
    waiting = iter(zip(ways, decoded, strict=True))
    for part in parts:
        if part.is_mark or not guards.has_letters(part.text):
            texts.append(part.text if part.is_mark else markup.latin_digits(part.text))
            continue
        way, made = next(waiting)
        restored = markup.restore(made.text, way, lambda span: span.wanted)
        leaked |= restored.leaks > 0
        kept |= {
            way.source[span.start : span.end] for number, span in enumerate(way.spans) if number not in restored.missing
        }
        texts.append(_capitalised(indic.polished(restored.text, target), way, target))
    text = _asking(_close(texts), sentence.text, target)
    whole = Decoded(text, sum(item.log_probability for item in decoded), sum(item.tokens for item in decoded))
    found = plain_candidate(sentence, target, text, whole, glossary, kept=frozenset(kept))
    return replace(found, problems=found.problems | {guards.LEAK}) if leaked else found


def plain_candidate(
    sentence: Sentence,
    target: str,
    text: str,
    decoded: Decoded,
    glossary: Glossary,
    *extra: str,
    kept: frozenset[str] = frozenset(),
) -> Candidate:
    """Return a translation as a candidate: what is wrong with it, and how its terms came out.

    Args:
        sentence: as it was said.
        target: short code.
        text: its translation, all values put back.
        decoded: for its score.
        glossary: for the target.
        extra: flags that it has anyhow.
        kept: the terms, as said, that came in by placeholder.
    """
    uses, lost = [], []
    for span in glossary.find(sentence.text):
        said = sentence.text[span.start : span.end]
        there = glossary.is_in(text, said)
        how = terms.MISSING
        if there:
            how = terms.BY_PLACEHOLDER if said in kept else terms.PLACED if extra else terms.BY_MODEL
        else:
            lost.append((span.kind, said))
        uses.append((said, span.wanted, how))
    lost += [
        (ADDRESS, span.wanted)
        for span in markup.facts(sentence.text)
        if span.kind == ADDRESS and span.wanted not in text and not markup.leaks(span.wanted)
    ]
    problems = guards.problems(sentence.text, text, sentence.language, target)
    return Candidate(text, decoded.log_probability, decoded.tokens, problems, tuple(lost), tuple(uses), extra)


def by_fit(candidates: Sequence[Candidate], duration_ms: int, target: str, margin: float) -> list[Candidate]:
    """Return candidates with the one to take first: of the best, the one that can be read in time.

    Args:
        candidates: hypotheses of one decoding, the most probable first.
        duration_ms: how long the sentence is spoken.
        target: short code.
        margin: how much less probable (mean log probability of a token) a faster one may be; 0 takes the most probable.
    """
    least = min(item.badness for item in candidates)
    good = [item for item in candidates if item.badness == least]
    near = [item for item in good if item.mean >= good[0].mean - margin]
    fitting = [item for item in near if len(item.text) <= room(duration_ms, target)]
    first = (fitting or [min(near, key=lambda item: len(item.text))])[0] if margin else good[0]
    return [first, *(item for item in candidates if item is not first)]


def room(duration_ms: int, target: str) -> int:
    """Return how many characters can be read in a time."""
    return max(_FREE_CHARACTERS, int(_READING_SPEED.get(target, _OTHER_READING_SPEED) * duration_ms / 1000))


def mended(
    found: Candidate, sentence: Sentence, target: str, glossary: Glossary, renderings: dict[str, str]
) -> Candidate:
    """Return a candidate with its lost terms put in the place of what the model calls them.

    Args:
        found: a candidate that lacks terms.
        sentence: as it was said.
        target: short code.
        glossary: for the target.
        renderings: what the model makes of each term alone, by the term as said.
    """
    text = found.text
    repaired = set()
    wanted = {said: word for said, word, _ in found.uses}
    for kind, said in found.lost:
        if said in wanted:
            made = terms.mended(text, wanted[said], renderings.get(said, ""), is_name=kind == NAME)
            if made is not None:
                text = made
                repaired.add(said)
    if not repaired:
        return found
    again = plain_candidate(
        sentence, target, text, Decoded(text, found.log_probability, found.tokens), glossary, *found.extra
    )
    uses = tuple(
        (said, word, terms.REPAIRED if said in repaired and how != terms.MISSING else how)
        for said, word, how in again.uses
    )
    return replace(again, uses=uses)


def others(best: Candidate, candidates: Iterable[Candidate], sentence: Sentence, target: str) -> tuple[Other, ...]:
    """Return what a sentence might have been instead of its best candidate: of other words, the least bad first."""
    made: dict[str, Other] = {}
    for raw in sorted(candidates, key=lambda item: item.badness):
        found = finished(raw, sentence, target) if raw.badness else raw
        if found.text != best.text and guards.has_letters(found.text):
            made.setdefault(found.text, Other(found.text, found.log_probability, found.tokens, found.flags))
        if len(made) == guards.MOST_OTHERS:
            break
    return tuple(made.values())


def finished(found: Candidate, sentence: Sentence, target: str) -> Candidate:
    """Return a candidate with what cannot stay taken out: loops, and letters of the source's script."""
    text = found.text
    extra = list(found.extra)
    if guards.REPETITION in found.problems:
        text = guards.without_loops(text)
    if guards.LEFTOVER in found.problems and scripts.LATIN in scripts.scripts_of(target):
        for word in guards.left_over(text, sentence.language, target):
            text = text.replace(word, indic.romanised(word))
        extra.append(indic.ROMANISED)
        text = indic.polished(text, target)
    if guards.UNKNOWN in found.problems:
        text = guards.without_unknown(text)
    text = markup.without_leaks(text) if markup.leaks(text) > markup.leaks(sentence.text) else text
    problems = found.problems
    if guards.LEFTOVER in problems and not guards.left_over(text, sentence.language, target):
        problems = problems - {guards.LEFTOVER}
    lost = figures.lost(sentence.text, text, sentence.language, target)
    if not (lost.figures or lost.words or lost.changed):
        problems = problems - {guards.NUMBERS, guards.NUMBER_WORDS}
    return replace(found, text=text, problems=problems, extra=tuple(extra))


def _capitalised(text: str, way: Protected, target: str) -> str:
    """Return a translation that begins with a term with a capital letter, where the target has capitals."""
    begins = any(span.kind == TERM and text.startswith(span.wanted) for span in way.spans)
    return text[0].upper() + text[1:] if begins and scripts.LATIN in scripts.scripts_of(target) else text


def _asking(text: str, source: str, target: str) -> str:
    """Return a translation that ends as a question where its source does: many languages ask by the mark alone."""
    if not _QUESTION.search(source) or any(mark in text for mark in "?؟？"):
        return text
    mark = "؟" if "Arab" in scripts.scripts_of(target) else "?"
    return re.sub(r"[.।۔]?([\"'”’)\]]*)$", rf"{mark}\1", text, count=1)


def _close(texts: Sequence[str]) -> str:
    """Join marks and language again: marks bring their own spaces."""
    return "".join(texts).strip() if len(texts) > 1 else (texts[0].strip() if texts else "")
