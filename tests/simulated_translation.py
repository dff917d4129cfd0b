"""A simulated translation model: word by word, and as unreliable as it is told to be, the same in every run."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Sequence

from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.sentence_model import Prepared, Request

WORDS = {
    "राम": "Raam", "मोहन": "Mohan", "सीता": "Seeta", "भाई": "brother", "यार": "friend", "किताब": "book",
    "किताबें": "books", "घर": "house", "पानी": "water", "चाहता": "wants", "देखता": "sees", "है": "is", "और": "and",
    "नहीं": "not", "कल": "tomorrow", "बजे": "o'clock", "रुपये": "rupees", "आदमी": "men", "कहाँ": "where",
    "चलो": "come", "हाँ": "yes", "मैं": "I", "जाऊँगा": "will go", "।": ".", "?": "?", ",": ",",
}  # fmt: skip
_TOKEN = re.compile(r"<ID\d+>|\d+(?:[:.,]\d+)*|[\w\u0900-\u0963\u0966-\u0D7F]+|[^\w\s]")
_MANGLED = ("< ID{} >", "<आईडी{}>", "<id{}>", "ID {}", "<ID {} >", "< {} >")


class SimulatedModel:
    """Translates word by word, and does harm with a probability for each hypothesis, drawn from the text.

    Args:
        harm: probability (0 to 1) of each kind of harm in a hypothesis.
        stubborn: probability that a sentence loses its placeholders in all hypotheses.
        failing: words whose sentences it cannot translate at all.
        kinds: of harm.
    """

    name = "simulated"

    def __init__(
        self,
        harm: float = 0.0,
        stubborn: float = 0.0,
        failing: frozenset[str] = frozenset(),
        kinds: Sequence[str] = ("drop", "mangle", "leak", "left over", "number", "loop", "empty"),
    ) -> None:
        self.harm = harm
        self.stubborn = stubborn
        self.failing = failing
        self.kinds = kinds
        self.asked: list[str] = []

    def prepare(self, request: Request) -> list[Prepared]:
        return [Prepared(request, tuple(_TOKEN.findall(request.text)))]

    def decode(self, pieces: Sequence[Prepared], strictly: bool) -> list[Decoded]:
        if any(set(piece.subwords) & self.failing for piece in pieces):
            raise RuntimeError("cannot")
        self.asked += [piece.request.text for piece in pieces]
        return [self._hypotheses(piece, strictly) for piece in pieces]

    def key(self, source: str, target: str) -> str:
        return f"simulated {self.harm} {self.stubborn}"

    def _hypotheses(self, piece: Prepared, strictly: bool) -> Decoded:
        digest = hashlib.sha256(f"{piece.request.text}{strictly}".encode()).digest()
        draw = random.Random(digest)
        stubborn = draw.random() < self.stubborn
        made = [self._written(piece, draw, stubborn) for _ in range(5)]
        found = [Decoded(text, -0.5 - rank / 10, 5) for rank, text in enumerate(made)]
        return Decoded(found[0].text, found[0].log_probability, 5, tuple(found[1:]))

    def _written(self, piece: Prepared, draw: random.Random, stubborn: bool) -> str:
        harms = [kind for kind in self.kinds if draw.random() < self.harm]
        words = []
        for token in piece.subwords:
            if token.startswith("<ID"):
                if stubborn or "drop" in harms:
                    continue
                words.append(draw.choice(_MANGLED).format(token[3:-1]) if "mangle" in harms else token)
            elif token[0].isdigit():
                words.append(token + "0" if "number" in harms else token)
            else:
                words.append(WORDS.get(token, token if token.isascii() else "thing"))
        if "left over" in harms:
            words.append("किताब")
        if "leak" in harms:
            words.append("<ID9>")
        if "loop" in harms:
            words += ["on and"] * 12
        return "" if "empty" in harms else re.sub(r" ([.?!,])", r"\1", " ".join(words))


def sentences(count: int) -> list[str]:
    """Return made-up sentences with names, terms, numbers, times, sums and addresses."""
    people, things = ("राम", "मोहन", "सीता"), ("किताब", "किताबें", "घर", "पानी", "भाई", "यार")
    facts = ("", "10:30 बजे ", "500 रुपये ", "₹1,500 ", "12 आदमी ", "www.film.in और ", "ram@film.in ")
    every = itertools.product(people, things, facts, ("चाहता", "देखता"), ("।", "?"))
    made = [f"{who} {fact}{thing} {verb} है{end}" for who, thing, fact, verb, end in every]
    random.Random(3).shuffle(made)
    return made[:count]
