"""What speaks for a word of the film being a misheard name, and whether it is enough.

Likeness alone is not: *Rose*, *Asha* (hope) and *Jai* (victory) are words too, and ordinary words sound like names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from samvad.documents.segments import Entity, Segment
from samvad.film import matcher
from samvad.film.known_names import Word, fold
from samvad.film.matcher import Match
from samvad.text import sentence_ends
from samvad.text.scripts import of_first_letter

#: It begins with a capital inside a sentence; a model calls it a name; a title or a word of respect stands beside it.
CAPITAL, MODEL, HONORIFIC = "capital", "model", "honorific"
#: It is called out, set off by a comma; it comes again; the name is spoken, spelled right, elsewhere in the film.
ADDRESS, RECURS, SPOKEN = "address", "recurs", "spoken"

_STRONG = frozenset({CAPITAL, MODEL, HONORIFIC})

_BEFORE = """
mr mrs ms miss dr shri sri shrimati smt pandit ustad inspector captain major colonel sardar baba swami sheikh
श्री श्रीमती डॉ डॉक्टर मिस मिस्टर मिसेज पंडित उस्ताद इंस्पेक्टर कैप्टन मेजर कर्नल सरदार बाबा स्वामी शेख
"""
_AFTER = """
ji jee saab saheb sahab sahib bhai bhaiya bhaiyya didi beta beti bhabhi chacha chachi kaka mausi singh khan kumar kumari
जी साहब साहिब साब भाई भैया दीदी बेटा बेटी भाभी चाचा चाची काका मौसी सिंह ख़ान खान कुमार कुमारी
"""
_BEFORE_NAMES = frozenset(map(fold, _BEFORE.split()))
_AFTER_NAMES = frozenset(map(fold, _AFTER.split()))
_SURNAMES = frozenset(map(fold, "singh khan kumar kumari सिंह ख़ान खान कुमार कुमारी".split()))  # noqa: SIM905 -- a table
#: Words by which people are called that are nobody's name alone: "Arre Baba" is not Babu.
TITLES = (_BEFORE_NAMES | _AFTER_NAMES) - _SURNAMES
#: Words that make a place of the name before or after them; of a person one seldom says "in".
_AFTER_PLACES = frozenset(
    map(
        fold,
        "mein shehar sheher shahar gaon zila jila station district city town village "  # noqa: SIM905 -- a table
        "में शहर गाँव गांव ज़िला ज़िले जिला जिले स्टेशन".split(),
    )
)
_BEFORE_PLACES = frozenset({"in"})
_SENTENCE_ENDS = sentence_ends.MARKS | frozenset(':"“”-–—')
#: Share of capitals among the words inside a segment from which they say nothing: a title, or a loud recogniser.
_ALL_CAPITALS = 0.75
_OFTEN = 3
#: Two known names this close in likeness leave a word between them, unless one alone is spoken in the film.
_TOO_CLOSE = 0.03
_CROSS_SCRIPT_ALONE = 0.95


@dataclass
class Form:
    """A word (or two that a name was split into) as it was heard, over the whole film.

    Attributes:
        text: as it is written most often.
        places: index of the segment, and start and end in its text, of each time.
        evidence: what speaks for it, over all places.
        languages: of the segments that it stands in.
        spellings: how often it is written in which capitals.
        located: how often it is spoken of as a place.
        labels: what a model takes it for: person, place or organisation.
    """

    text: str
    places: list[tuple[int, int, int]] = field(default_factory=list)
    evidence: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    spellings: Counter[str] = field(default_factory=Counter)
    located: int = 0
    labels: set[str] = field(default_factory=set)

    @property
    def is_place(self) -> bool:
        """Return whether it is spoken of as a place at least every other time, and never as a person."""
        return 2 * self.located >= len(self.places) > 0 and HONORIFIC not in self.evidence

    def evidence_for(self, label: str) -> set[str]:
        """Return what speaks for its being a name of a kind: a model that calls it a place speaks for no person."""
        is_other = label == "person" and self.labels == {"place"}
        return self.evidence - {MODEL} if is_other else set(self.evidence)


@dataclass(frozen=True)
class Choice:
    """What is decided about a form.

    Attributes:
        match: the name that it is, or would be.
        rewrite: whether it may be written as the name; else it only stands for the name, in another script.
        reason: why it is left undecided; empty when it is decided.
    """

    match: Match
    rewrite: bool
    reason: str = ""


def of_place(segment: Segment, words: Sequence[Word], index: int, size: int, model: Sequence[Entity]) -> set[str]:
    """Return what speaks for the words at ``index`` of a segment being a name, at this place alone."""
    text = segment.text
    start, end = words[index].start, words[index + size - 1].end
    before = text[words[index - 1].end : start] if index else text[:start]
    after = text[end : words[index + size].start] if index + size < len(words) else text[end:]
    begins = not index or bool(_SENTENCE_ENDS & set(before))
    found = set()
    if text[start].isupper() and not begins and not capitals_say_nothing(text, words):
        found.add(CAPITAL)
    if any(entity.start < end and entity.end > start for entity in model):
        found.add(MODEL)
    if (index and words[index - 1].folded in _BEFORE_NAMES) or (
        index + size < len(words)
        and words[index + size].folded in _AFTER_NAMES
        and not set(after) & {",", *_SENTENCE_ENDS}
    ):
        found.add(HONORIFIC)
    ends = index + size == len(words) or bool(_SENTENCE_ENDS & set(after))
    if ("," in before and ends) or (begins and after.strip()[:1] in (",", "!")):
        found.add(ADDRESS)
    return found


def labels_at(words: Sequence[Word], index: int, size: int, model: Sequence[Entity]) -> set[str]:
    """Return what a model takes the words at ``index`` of a segment for."""
    start, end = words[index].start, words[index + size - 1].end
    return {entity.label for entity in model if entity.start < end and entity.end > start}


def is_located(text: str, words: Sequence[Word], index: int, size: int) -> bool:
    """Return whether the words at ``index`` of a segment are spoken of as a place: "Kasganj mein", "in Kasganj"."""
    before, after = index - 1, index + size
    if after < len(words) and words[after].folded in _AFTER_PLACES:
        return not text[words[after - 1].end : words[after].start].strip()
    return (
        before >= 0
        and words[before].folded in _BEFORE_PLACES
        and not text[words[before].end : words[index].start].strip()
    )


def capitals_say_nothing(text: str, words: Sequence[Word]) -> bool:
    """Return whether a text is written all, or nearly all, with capitals."""
    inside = [word for word in words[1:] if text[word.start].isupper() or text[word.start].islower()]
    return len(inside) > 2 and sum(text[word.start].isupper() for word in inside) / len(inside) >= _ALL_CAPITALS


def choose(form: Form, matches: Sequence[Match], spoken: Counter[str], labels: Mapping[str, str]) -> Choice | None:
    """Return the name that a form is, or None where it is none.

    Args:
        form: the word, with all that speaks for it in the film.
        matches: names that it sounds like, the likest first.
        spoken: how often each name is spoken and spelled right, by its text.
        labels: what each name is, by its text: person, place or organisation.
    """
    if not matches:
        return None
    rivals = [match for match in matches if match.score > matches[0].score - _TOO_CLOSE]
    heard_right = [match for match in rivals if spoken[match.name]]
    best = (heard_right or rivals)[0]
    evidence = (
        form.evidence_for(labels[best.name])
        | ({RECURS} if len(form.places) > 1 else set())
        | ({SPOKEN} if spoken[best.name] else set())
    )
    same_script = of_first_letter(form.text) == of_first_letter(best.name)
    if not _is_enough(best, evidence, same_script):
        return Choice(best, False, "too little speaks for it") if best.likely else None
    if len(rivals) > 1 and len(heard_right) != 1:
        return Choice(best, False, "as like as " + ", ".join(match.name for match in rivals if match is not best))
    if len(form.places) >= _OFTEN and 0 < spoken[best.name] <= len(form.places):
        return Choice(best, False, f"spoken as often as {best.name}: another name, perhaps")
    return Choice(best, same_script)


def _is_enough(match: Match, evidence: Collection[str], same_script: bool) -> bool:
    strong = len(_STRONG.intersection(evidence))
    if fold(match.name) in matcher.common_words():  # Asha, Rose
        return match.score >= matcher.LIKELY_SHORT and strong > 0 and len(evidence) > 1
    if not same_script:
        return match.score >= _CROSS_SCRIPT_ALONE or (match.likely and len(evidence) > 0)
    if match.likely:
        return len(evidence) > 0
    # Only possible: clear signs that it is a name, and that this name is in the film.
    return not match.short and (strong > 1 or (strong > 0 and bool({SPOKEN, RECURS}.intersection(evidence))))
