"""Translate lines by a model that reads text: sentence by sentence, checked, tried again where that went wrong.

Each sentence is prepared in one way after the other until a hypothesis of the model stands all checks:

1. terms, names, addresses and composed figures under placeholders;
2. all numbers under placeholders too (those in words in digits, where they were lost), and nothing may repeat itself;
3. terms and names written into the source as they are wanted, which models mostly copy;
4. without placeholders for terms, whose rendering is then looked for and replaced;
5. cut at what was lost, so that names and figures stand between two translated parts.

What still fails is passed on with flags: no sentence fails a film.
"""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from samvad.documents.segments import Translation
from samvad.stages.translation import backends, choosing, figures, guards, markup, sentences
from samvad.stages.translation.backends import Line
from samvad.stages.translation.choosing import Candidate
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.markup import NAME, Protected, Span
from samvad.stages.translation.memory import Memory, Other, Remembered
from samvad.stages.translation.sentence_model import Prepared, Request, SentenceModel, Settings
from samvad.stages.translation.sentences import Sentence
from samvad.stages.translation.terms import Glossary, Use
from samvad.text import indic, sentence_ends

log = logging.getLogger(__name__)

#: Flag of a sentence that was translated in parts, so that a name or a figure stands between them.
PLACED = "put in by force"

#: Subwords that ``batch_size`` counts as one sentence when batches are made: a long line of dialogue.
SUBWORDS_PER_SENTENCE = 64


@dataclass
class Outcome:
    """What became of one sentence: its best candidate so far, and at the end what it might have been instead."""

    sentence: Sentence
    candidates: list[Candidate] = field(default_factory=list)
    remembered: Remembered | None = None
    others: tuple[Other, ...] = ()

    @property
    def best(self) -> Candidate | None:
        """Return the candidate with the least wrong with it, the earliest of equals."""
        return min(self.candidates, key=lambda item: item.badness) if self.candidates else None

    @property
    def result(self) -> Candidate | Remembered | None:
        """Return what to show; None where the model failed."""
        return self.remembered or self.best

    @property
    def is_settled(self) -> bool:
        """Return whether there is a candidate with nothing wrong."""
        return self.remembered is not None or any(not candidate.badness for candidate in self.candidates)


class TextTranslator:
    """Translates lines by their text into one language.

    Args:
        model: loaded.
        target: short code.
        glossary: for that language.
        memory: of earlier translations and corrections.
        settings: how to translate.
        context: returns what the model is told beside a sentence, by all sentences, its place, and the lines.
    """

    def __init__(
        self,
        model: SentenceModel,
        target: str,
        glossary: Glossary,
        memory: Memory,
        settings: Settings,
        context: Callable[[Sequence[Sentence], int, Sequence[Line]], str] = lambda *_: "",
    ) -> None:
        """Remember what to use."""
        self._context = context
        self._contexts: dict[Sentence, str] = {}
        self._model = model
        self._target = target
        self._glossary = glossary
        self._memory = memory
        self._settings = settings
        self.uses: list[Use] = []
        self.counts: Counter[str] = Counter()
        # Where in the film (ms, number of the segment) what the model is asked comes from, for messages.
        self._at: dict[str, tuple[int, int]] = {}
        self._asked_at: dict[Request, tuple[int, int] | None] = {}

    def translate(self, lines: Sequence[Line]) -> list[Translation]:
        """Return a translation for each line, in their order."""
        lines = [replace(line, text=unicodedata.normalize("NFC", line.text)) for line in lines]
        wanted = sentences.sentences_of(lines)
        for sentence in reversed(wanted):
            first = lines[sentence.shares[0].line]
            self._at[sentence.text] = (first.start_ms, first.id)
        self._contexts = {item: self._context(wanted, place, lines) for place, item in enumerate(wanted)}
        needed = [_needs_translation(sentence.text) for sentence in wanted]
        outcomes = iter(self._outcomes([sentence for sentence, needs in zip(wanted, needed, strict=True) if needs]))
        parts: list[list[_LinePart]] = [[] for _ in lines]
        for sentence, needs in zip(wanted, needed, strict=True):
            outcome = next(outcomes) if needs else None
            shared = self._shared(sentence, outcome)
            for number, (share, text) in enumerate(zip(sentence.shares, shared, strict=True)):
                parts[share.line].append(_LinePart(text, outcome, sentence, number))
        return [self._line(line, parts[place]) for place, line in enumerate(lines)]

    # -- sentences ----------------------------------------------------------------------------------------------------

    def _outcomes(self, wanted: Sequence[Sentence]) -> list[Outcome]:
        """Return what became of each sentence; sentences of the same words and length are translated once."""
        outcomes: dict[tuple[str, str, int, str], Outcome] = {}
        keys = [
            (item.text, item.language, item.duration_ms if self._settings.margin else 0, self._contexts[item])
            for item in wanted
        ]
        for key, sentence in zip(keys, wanted, strict=True):
            outcomes.setdefault(key, Outcome(sentence))
        for outcome in outcomes.values():
            self._remember(outcome)
        for number, variant in enumerate((self._first, self._numbers, self._inline, self._bare)):
            waiting = [item for item in outcomes.values() if not item.is_settled]
            log.info("Round %d: %d sentences", number + 1, len(waiting))
            self._round(waiting, variant, strictly=number == 1)
            if not number and waiting and not any(item.candidates for item in waiting):
                raise backends.failed_on_everything()
        doubtful = [item for item in outcomes.values() if not item.is_settled]
        self._mend([item for item in doubtful if item.best and item.best.lost])
        self._place([item for item in doubtful if not item.is_settled and item.best and item.best.lost_facts])
        for outcome in outcomes.values():
            if outcome.best is not None and not outcome.is_settled:
                outcome.candidates.insert(0, choosing.finished(outcome.best, outcome.sentence, self._target))
            self._keep(outcome)
        return [outcomes[key] for key in keys]

    def _remember(self, outcome: Outcome) -> None:
        sentence = outcome.sentence
        outcome.remembered = self._memory.find(self._key(sentence), sentence.text)
        self.counts["from memory"] += outcome.remembered is not None

    def _keep(self, outcome: Outcome) -> None:
        best = outcome.best
        if outcome.remembered is not None:
            outcome.others = outcome.remembered.others
        elif best is not None:
            outcome.others = choosing.others(best, outcome.candidates, outcome.sentence, self._target)
        if outcome.remembered is None and best is not None and not best.badness:
            value = Remembered(best.text, best.log_probability, best.tokens, best.flags, best.uses, outcome.others)
            self._memory.keep(self._key(outcome.sentence), outcome.sentence.text, value)

    def _key(self, sentence: Sentence) -> dict[str, Any]:
        beside = {"context": context} if (context := self._contexts[sentence]) else {}
        return {
            **beside,
            "source": sentence.language,
            "target": self._target,
            "model": self._model.key(sentence.language, self._target),
            "glossary": self._glossary.hash,
            "preparation": markup.VERSION,
            # What fits depends on the time: of two hypotheses the shorter may be taken.
            "characters": choosing.room(sentence.duration_ms, self._target) if self._settings.margin else None,
            "margin": self._settings.margin,
        }

    def _round(
        self, waiting: Sequence[Outcome], variant: Callable[[str, Outcome], Protected | None], *, strictly: bool
    ) -> None:
        """Translate sentences once more, prepared in one way."""
        made: list[tuple[Outcome, list[markup.Part], list[Protected]]] = []
        for outcome in waiting:
            parts = markup.frame(outcome.sentence.text)
            texts = [part.text for part in parts if _is_language(part)]
            ways = [way for text in texts if (way := variant(text, outcome)) is not None]
            if ways and len(ways) == len(texts):
                made.append((outcome, parts, ways))
        requests = [
            Request(way.text, outcome.sentence.language, self._target, self._contexts[outcome.sentence])
            for outcome, _, ways in made
            for way in ways
        ]
        of = [self._at.get(outcome.sentence.text) for outcome, _, ways in made for _ in ways]
        self._asked_at |= dict(zip(requests, of, strict=True))
        results = iter(self._decode(requests, strictly=strictly))
        for outcome, parts, ways in made:
            decoded = [next(results) for _ in ways]
            if all(result is not None for result in decoded):
                whole = [result for result in decoded if result is not None]
                outcome.candidates += self._candidates(outcome.sentence, parts, ways, whole)

    def _decode(self, requests: Sequence[Request], *, strictly: bool) -> list[Decoded | None]:
        """Return what the model writes for each request, None where it failed on it alone too."""
        unique = list(dict.fromkeys(requests))
        pieces = [(place, piece) for place, request in enumerate(unique) for piece in self._model.prepare(request)]
        found: list[list[Decoded | None]] = [[] for _ in unique]
        for source in dict.fromkeys(request.source for request in unique):
            ours = [(place, piece) for place, piece in pieces if piece.request.source == source]
            lengths = [len(piece.subwords) for _, piece in ours]
            batches = backends.token_batches(lengths, self._settings.batch_size * SUBWORDS_PER_SENTENCE)
            results = backends.decode_guarded(
                [piece for _, piece in ours],
                [piece.request.text for _, piece in ours],
                batches,
                lambda items, again: self._kept(items, strictly=strictly or again),
                may_fail=True,
                places=[self._asked_at.get(piece.request) for _, piece in ours],
            )
            for (place, _), result in zip(ours, results, strict=True):
                found[place].append(result)
        joined = {
            request: _joined(parts) if parts else Decoded(request.text, 0.0, 1)
            for request, parts in zip(unique, found, strict=True)
        }
        return [joined[request] for request in requests]

    def _kept(self, items: Sequence[Prepared], *, strictly: bool) -> list[Decoded]:
        return self._settings.keeping.decode(
            items,
            lambda missing: self._model.decode(missing, strictly),
            lambda piece: (self._model.name, *astuple(piece), strictly),
        )

    def _candidates(
        self, sentence: Sentence, parts: Sequence[markup.Part], ways: Sequence[Protected], decoded: Sequence[Decoded]
    ) -> list[Candidate]:
        """Return the hypotheses for a sentence as candidates, best first by what is wrong, then by how they read."""
        number = min(1 + len(item.others) for item in decoded) if len(decoded) > 1 else 1 + len(decoded[0].others)
        found = []
        for rank in range(number):
            chosen = [(item, *item.others)[rank] for item in decoded]
            found.append(choosing.candidate(sentence, self._target, parts, ways, chosen, self._glossary))
        return choosing.by_fit(found, sentence.duration_ms, self._target, self._settings.margin)

    # -- ways to prepare ----------------------------------------------------------------------------------------------

    def _first(self, text: str, outcome: Outcome) -> Protected:
        return markup.protect(text, [*self._glossary.find(text), *markup.facts(text)])

    def _numbers(self, text: str, outcome: Outcome) -> Protected | None:
        said = _lost_numbers(text, outcome)
        return markup.protect(text, [*self._glossary.find(text), *said, *markup.facts(text, all_numbers=True)])

    def _inline(self, text: str, outcome: Outcome) -> Protected | None:
        found = self._glossary.find(text)
        if not found or not (outcome.best and outcome.best.lost):
            return None
        with_facts = markup.protect(text, markup.facts(text, all_numbers=True))
        written, at = [], 0
        for span in self._glossary.find(with_facts.text):
            written += [with_facts.text[at : span.start], span.wanted]
            at = span.end
        return replace(with_facts, text="".join([*written, with_facts.text[at:]]))

    def _bare(self, text: str, outcome: Outcome) -> Protected | None:
        if outcome.best and not outcome.best.lost:
            return None
        return markup.protect(text, markup.facts(text))

    # -- last resorts -------------------------------------------------------------------------------------------------

    def _mend(self, waiting: Sequence[Outcome]) -> None:
        """Put lost terms in the place of what the model calls them: it is asked for each term alone."""
        asked = dict.fromkeys(
            Request(said, outcome.sentence.language, self._target)
            for outcome in waiting
            for found in outcome.candidates
            for _, said in found.lost
        )
        made = dict(zip(asked, self._decode(list(asked), strictly=True), strict=True))
        for outcome in waiting:
            language = outcome.sentence.language
            renderings = {
                request.text: result.text for request, result in made.items() if result and request.source == language
            }
            outcome.candidates += [
                choosing.mended(found, outcome.sentence, self._target, self._glossary, renderings)
                for found in outcome.candidates
                if found.lost
            ]

    def _place(self, waiting: Sequence[Outcome]) -> None:
        """Cut sentences at the names and figures that were lost, translate what is between, and join."""
        cut = [(outcome, self._cut(outcome)) for outcome in waiting]
        requests = [
            Request(part, outcome.sentence.language, self._target)
            for outcome, parts in cut
            for part in parts
            if isinstance(part, str) and guards.has_letters(part)
        ]
        if not requests:
            return
        made = dict(zip(requests, self._decode(requests, strictly=True), strict=True))
        for outcome, parts in cut:
            texts, tokens, score = [], 0, 0.0
            for part in parts:
                if isinstance(part, Span):
                    texts.append(part.wanted)
                    continue
                result = made.get(Request(part, outcome.sentence.language, self._target))
                tokens += result.tokens if result else 0
                score += result.log_probability if result else 0.0
                texts.append(_cleanest(part, result, outcome.sentence.language, self._target) if result else part)
            end = outcome.sentence.text.rstrip()[-1:]
            text = indic.polished(" ".join(filter(None, texts)) + (end if end in "?!." else ""), self._target)
            outcome.candidates.append(
                choosing.plain_candidate(
                    outcome.sentence, self._target, text, Decoded(text, score, max(1, tokens)), self._glossary, PLACED
                )
            )

    def _cut(self, outcome: Outcome) -> list[str | Span]:
        """Return the text between its names and figures, and these, in order."""
        text = outcome.sentence.text
        spans = [*_lost_numbers(text, outcome), *markup.facts(text, all_numbers=True)]
        spans += [span for span in self._glossary.find(text) if span.kind == NAME]
        protected = markup.protect(text, spans)
        parts: list[str | Span] = []
        at = 0
        for span in protected.spans:
            if span.kind != markup.TAG:
                parts += [text[at : span.start], span]
            else:
                parts.append(text[at : span.start])
            at = span.end
        return [part for part in [*parts, text[at:]] if isinstance(part, Span) or part.strip()]

    # -- lines --------------------------------------------------------------------------------------------------------

    def _shared(self, sentence: Sentence, outcome: Outcome | None) -> list[str]:
        """Return the part of a sentence's translation for each of its lines; the source where the model failed."""
        if outcome is None:  # figures and marks alone
            return [markup.latin_digits(share.text) for share in sentence.shares]
        result = outcome.result
        if result is None or guards.UNFIT.intersection(result.flags):
            return [share.text for share in sentence.shares]
        shared = sentences.share_out(result.text, sentence.shares)
        # Fewer words than lines: each of them shows the whole, so that none is empty.
        return shared if shared is not None else [result.text] * len(sentence.shares)

    def _line(self, line: Line, parts: Sequence[_LinePart]) -> Translation:
        """Return a line's translation, put together from its sentences, with flags."""
        made = sentence_ends.with_capitals(" ".join(" ".join(part.text for part in parts).split()))
        if all(part.outcome is None for part in parts):
            return Translation(made or line.text, self._model.name)
        flags: list[str] = []
        score, tokens = 0.0, 0
        for part in parts:
            found = part.outcome and part.outcome.result
            if found:
                score += found.log_probability
                tokens += found.tokens
                flags += found.flags
                self._record(line, part, found.uses)
                if guards.UNFIT.intersection(found.flags):
                    flags.append(guards.AS_SAID)
            elif part.outcome:
                flags += [guards.FAILED, guards.AS_SAID]
        mean = score / tokens if tokens else None
        flags += guards.line_flags(made, line.text, line.language, self._target, mean, line.end_ms - line.start_ms)
        unique = tuple(dict.fromkeys(flags))
        self.counts.update(unique)
        shown = Translation(made, self._model.name, None if mean is None else round(mean, 4), unique)
        return guards.with_others(shown, self._others(line, parts))

    def _others(self, line: Line, parts: Sequence[_LinePart]) -> Iterator[Translation]:
        """Yield a line's translations with another hypothesis for one of its sentences."""
        results: list[Candidate | Remembered | Other | None]
        results = [part.outcome.result if part.outcome else None for part in parts]
        for place, part in enumerate(parts):
            for found in part.outcome.others if part.outcome else ():
                shared = sentences.share_out(found.text, part.sentence.shares)
                texts = [item.text for item in parts]
                texts[place] = shared[part.number] if shared else found.text
                made = sentence_ends.with_capitals(" ".join(" ".join(texts).split()))
                chosen = [item for item in (*results[:place], found, *results[place + 1 :]) if item is not None]
                mean = sum(item.log_probability for item in chosen) / max(1, sum(item.tokens for item in chosen))
                flags = [flag for item in chosen for flag in item.flags]
                length_ms = line.end_ms - line.start_ms
                flags += guards.line_flags(made, line.text, line.language, self._target, mean, length_ms)
                yield Translation(made, self._model.name, round(mean, 4), tuple(dict.fromkeys(flags)))

    def _record(self, line: Line, part: _LinePart, uses: Iterable[tuple[str, str, str]]) -> None:
        """Note the terms of a sentence that are said in a line; one that runs over two lines belongs to the first."""
        shares = [share.text for share in part.sentence.shares]
        for said, wanted, how in uses:
            holders = [number for number, text in enumerate(shares) if said in text] or [0]
            if part.number in holders:
                self.uses.append(Use(line.id, self._target, self._glossary.term_of(said).term, said, wanted, how))


@dataclass(frozen=True)
class _LinePart:
    """What a line shows of one sentence: the text, what became of the sentence, and the number of the line's share."""

    text: str
    outcome: Outcome | None
    sentence: Sentence
    number: int


def _joined(parts: Sequence[Decoded | None]) -> Decoded | None:
    """Return the pieces of one request as one; only a whole one has other hypotheses."""
    good = [part for part in parts if part is not None]
    if len(good) < len(parts):
        return None
    if len(good) == 1:
        return good[0]
    return Decoded(
        " ".join(part.text for part in good),
        sum(part.log_probability for part in good),
        sum(part.tokens for part in good),
    )


def _cleanest(part: str, result: Decoded, source: str, target: str) -> str:
    """Return the hypothesis for a part of a sentence with the least wrong, without placeholders and full stop."""
    texts = [markup.without_leaks(item.text).rstrip(" .।") for item in (result, *result.others)]
    return min(texts, key=lambda text: len(guards.problems(part, text, source, target)))


def _lost_numbers(text: str, outcome: Outcome) -> list[Span]:
    """Return the numbers in words of a text, in digits, where the best translation so far lacks any."""
    problems = outcome.best.problems if outcome.best else frozenset()
    if problems.isdisjoint((guards.NUMBERS, guards.NUMBER_WORDS)):
        return []
    return figures.spans(text, outcome.sentence.language)


def _needs_translation(text: str) -> bool:
    return any(_is_language(part) for part in markup.frame(text))


def _is_language(part: markup.Part) -> bool:
    return not part.is_mark and guards.has_letters(part.text)
