"""A shorter text for cues that nobody can read in their time: what fills, is said twice, or was begun wrongly.

First what says nothing goes, and two words become their usual short form ("do not": "don't"). Where that is not enough,
words that say little follow one by one (``weak``), as many as it takes. All others stay; which may go is told by rules
for English, Hindi (both scripts) and Spanish. A proposal is only that, until a person ticks it or the key
``subtitle.shorten`` takes all.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from samvad.core.times import clock
from samvad.documents.review import Decision
from samvad.documents.subtitles.cues import Cue
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.cutting import Piece
from samvad.stages.subtitle_gen.units import Unit
from samvad.text import contractions, grammar, scripts, weak

HEADER = ("take", "start", "end", "language", "text", "shorter", "why")
YES = "yes"


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


#: Sounds of hesitation: they may go wherever they stand.
_HESITATIONS = _set("um|uh|erm|er|uhm|umm|hmm|mm|mmm|eh|em|ehm|अं|उम|उम्म|हम्म|हूँ…|अम्म")
#: Phrases that say nothing where commas, or the ends of a sentence, stand around them.
_FILLERS = {
    "en": _set(
        "you know|i mean|you see|sort of|kind of|like|well|so|right|basically|actually|literally|honestly|oh|let's say|"
        "i guess|as i said"
    ),
    "hi": _set(
        "मतलब|यानी|यानि|देखो|देखिए|सुनो|अरे|अच्छा|तो|यार|जैसे कि|वो क्या है कि|मेरा मतलब|समझे|matlab|yaani|dekho|dekhiye|"
        "suno|arre|are|accha|acha|to|toh|yaar|mera matlab|samjhe|you know|i mean|actually|basically|like|so"
    ),
    "es": _set("este|o sea|bueno|pues|digamos|sabes|mira|oye|entonces|vale|claro|es decir|la verdad|a ver"),
}
#: Words that open a sentence and may go where enough of it is left; what they link it to is seen anyhow.
_OPENINGS = {
    "en": _set("and|so|well|now|okay|ok|oh"),
    "hi": _set("और|तो|अच्छा|अरे|हाँ तो|aur|to|toh|accha|acha|arre"),
    "es": _set("y|pues|bueno|entonces|oye|mira"),
}
_LEFT_AFTER_OPENING = 4
#: Asked at the end of a sentence for no answer: without them it is the same, as a statement.
_TAGS = {
    "en": _set("you know|okay|ok|yeah|you see|you know what i mean"),
    "hi": _set("समझे|समझी|ठीक है|ना|न|samjhe|samjhi|theek hai|thik hai|na|okay|ok"),
    "es": _set("sabes|vale|entiendes|me entiendes|eh"),
}
#: Words with which questions begin, what may stand before these, and words that ask wherever they stand.
_ASK_FIRST = _set(
    "am|is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must|isn't|aren't|wasn't|"
    "weren't|don't|doesn't|didn't|hasn't|haven't|can't|couldn't|won't|wouldn't|shouldn't|who|who's|whom|whose|what|"
    "what's|which|when|where|where's|why|how|how's"
)
_BEFORE_QUESTIONS = _set("and|but|so|or|well|then|now|oh|hey|okay|ok|yes|no")
_ASK = _set(
    "क्या|कौन|कब|कहाँ|कहां|क्यों|कैसे|कैसा|कैसी|कितना|कितने|कितनी|किस|किसने|किसे|किसको|किसका|किसकी|किसके|किन|kya|kaun|kab|"
    "kahan|kahaan|kyun|kyon|kaise|kaisa|kaisi|kitna|kitne|kitni|qué|quién|quiénes|cuándo|dónde|cómo|cuál|cuánto|cuántos"
)
#: Fillers that recognisers write without commas, with the words before and after them, beside which they can mean
#: nothing else: "it was you know the", "and I mean we"; not "and you know it's true", "I mean it". None: any word.
_BARE_FILLERS = {
    "en": (
        ("you know", _set("like|was|is|that's|it's|of|to|the|a|just"), _set("the|a|like|just|in|to|some|going|really")),
        ("i mean", _set("and|but|so|because|like|well"), _set("i|we|he|she|they|it's|i'm|you're|we're|there's|that's")),
    ),
    "hi": (
        ("मतलब", _set("तो|और|लेकिन|मगर"), frozenset()),
        ("यानी", _set("तो|और"), frozenset()),
        ("matlab", _set("to|toh|aur|lekin|magar"), frozenset()),
    ),
    "es": (("o sea", _set("y|pero|porque"), frozenset()), ("digamos", _set("y|pero|es|como"), frozenset())),
}
#: Words of which two in a row are a slip; of others ("very very", "धीरे धीरे") they mean something.
_SLIPS = {
    "en": _set(
        "the|a|an|and|but|or|of|in|on|to|for|with|i|we|you|he|she|it|they|is|was|are|my|your|his|this|if|when|i'm"
    ),
    "hi": _set("मैं|हम|यह|ये|और|लेकिन|को|ने|में|से|का|की|के|है|तो|कि|main|hum|yeh|aur|lekin|ko|ne|mein|se|ka|ki|ke|hai|toh"),
    "es": _set("el|la|los|las|un|una|y|pero|de|en|a|por|para|con|yo|él|que|es|se|me|mi|su"),
}
_LONGEST_REPEAT = 4
TAG = "asks for no answer"


@dataclass(frozen=True)
class Proposal:
    """Words of a cue that could be left out, so that it can be read.

    Attributes:
        places: numbers of these words among the track's units.
        start_ms: when the cue comes, as it stands.
        end_ms: when it goes.
        text: all of it.
        shorter: without them.
        why: what they are.
        taken: whether a person or the setting has them left out.
        rewritten: numbers of units that get another text, each with that: "do" becomes "don't" where "not" goes.
    """

    places: frozenset[int]
    start_ms: int
    end_ms: int
    text: str
    shorter: str
    why: str
    taken: bool = False
    rewritten: tuple[tuple[int, str], ...] = ()


def proposals(units: Sequence[Unit], pieces: Sequence[Piece], rules: Rules) -> list[Proposal]:
    """Return a proposal for each cue that cannot be read in its time and has something in it that says nothing."""
    found = []
    for piece in pieces:
        cue = piece.cue
        if cue.duration_ms >= rules.reading_ms(cue.characters, cue.words) or units[piece.first].song:
            continue
        span = units[piece.first : piece.last]
        leave, rewritten = _leave(span, rules.language), contractions.of([unit.text for unit in span], rules.language)
        rewritten = {
            at: text
            for at, text in rewritten.items()
            # Two who speak do not join their words.
            if not leave.keys() & {at, at + 1} and span[at].segment == span[at + 1].segment
        }
        leave |= {at + 1: "short form" for at in rewritten}
        leave |= _weak_as_needed(span, leave, rewritten, piece.cue, rules)
        if leave and len(leave) < len(span):
            kept = without(span, frozenset(leave), rewritten)
            found.append(
                Proposal(
                    places=frozenset(piece.first + place for place in leave),
                    start_ms=cue.start_ms,
                    end_ms=cue.end_ms,
                    text=_text(span),
                    shorter=_text(kept),
                    why=", ".join(dict.fromkeys(leave[place] for place in sorted(leave))),
                    rewritten=tuple((piece.first + at, text) for at, text in rewritten.items()),
                )
            )
    return found


def decided(
    found: Iterable[Proposal], decisions: Sequence[Decision], language: str, *, take_all: bool
) -> list[Proposal]:
    """Return the proposals with those marked as taken that a person ticked, or all of them.

    A person's word is about a text at a time: it holds as long as that text is within a second of it.
    """

    def ticked(item: Proposal) -> bool | None:
        for decision in decisions:
            near = abs(decision.start_ms - item.start_ms) <= 1000
            if near and decision.language in ("", language) and decision.text.split() == item.text.split():
                return decision.value == YES
        return None

    return [replace(item, taken=take_all if (word := ticked(item)) is None else word) for item in found]


def _weak_as_needed(
    units: Sequence[Unit], leave: dict[int, str], rewritten: Mapping[int, str], cue: Cue, rules: Rules
) -> dict[int, str]:
    """Return the places of words that say little, as many as it takes for a cue to be read in its time.

    None where all of them are not enough: a text that cannot be read anyhow had better keep its words.
    """
    found: dict[int, str] = {}

    def fits() -> bool:
        kept = without(units, frozenset(leave | found), rewritten)
        return cue.duration_ms >= rules.reading_ms(len(_text(kept)), len(kept))

    if fits():
        return {}
    for place in weak.places([unit.text for unit in units], rules.language):
        if place not in leave and place not in rewritten:
            found[place] = "says little"
            if fits():
                return found
    return {}


def without(units: Sequence[Unit], places: frozenset[int], rewritten: Mapping[int, str] | None = None) -> list[Unit]:
    """Return units without some of them; their time goes to the words beside them, and so do capitals and marks.

    Args:
        units: of a cue, or of a track.
        places: numbers of those that go.
        rewritten: numbers of those that get another text, with that.
    """
    changed = rewritten or {}
    units = [replace(unit, text=changed[at]) if at in changed else unit for at, unit in enumerate(units)]
    kept: list[Unit] = []
    waiting: Unit | None = None
    gone: list[str] = []
    for place, unit in enumerate(units):
        gone = [*gone, _bare(unit.text)] if place in places else []
        if place in places:
            if kept and kept[-1].segment == unit.segment and waiting is None:
                last = kept[-1]
                is_said = any(" ".join(gone) in tags for tags in _TAGS.values()) and not _asks(kept)
                text = _marked(last.text, unit.text, is_said=is_said)
                kept[-1] = replace(last, end_ms=max(last.end_ms, unit.end_ms), text=text)
            else:
                waiting = waiting or unit
            continue
        if waiting is not None:
            capital = waiting.text[:1].isupper()
            text = unit.text[:1].upper() + unit.text[1:] if capital else unit.text
            start_ms = waiting.start_ms if waiting.segment == unit.segment else unit.start_ms
            unit = replace(unit, text=text, start_ms=start_ms, turn=unit.turn or waiting.turn)  # noqa: PLW2901
            waiting = None
        kept.append(unit)
    return kept


def table(made: Iterable[tuple[str, Proposal]]) -> str:
    """Return the proposals of all tracks as tab-separated text: a person writes ``yes`` or ``no`` under ``take``."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerow(HEADER)
    for language, item in made:
        take = YES if item.taken else ""
        writer.writerow((take, clock(item.start_ms), clock(item.end_ms), language, item.text, item.shorter, item.why))
    return file.getvalue()


def _leave(units: Sequence[Unit], language: str) -> dict[int, str]:
    """Return the places of words that could go, each with what it is."""
    bare = [_bare(unit.text) for unit in units]
    leave = {place: "hesitation" for place, word in enumerate(bare) if word in _HESITATIONS}
    leave |= _false_starts(units, bare)
    leave |= _repeats(units, bare, language, leave)
    fillers = _FILLERS.get(language, frozenset())
    longest = max((len(phrase.split()) for phrase in fillers), default=0)
    for length in range(longest, 0, -1):
        for first in range(len(units) - length + 1):
            span = range(first, first + length)
            if " ".join(bare[first : first + length]) in fillers and not leave.keys() & set(span):
                opened = first == 0 or bool(re.search(r"[,.?!…।;:—-][\"”’]*$", units[first - 1].text))
                closed = units[first + length - 1].text.rstrip('"”’')[-1:] in ",;—"
                if opened and closed and not (first == 0 and length == len(units)):
                    leave |= dict.fromkeys(span, "filler")
    leave |= _bare_fillers(bare, language, leave)
    leave |= _tags(units, bare, language, leave)
    return leave | _openings(units, bare, language, leave)


def _bare_fillers(bare: Sequence[str], language: str, gone: dict[int, str]) -> dict[int, str]:
    """Return the places of fillers without commas, between words beside which they can be nothing else."""
    found: dict[int, str] = {}
    for phrase, before, after in _BARE_FILLERS.get(language, ()):
        words = phrase.split()
        for first in range(1, len(bare) - len(words)):
            span = range(first, first + len(words))
            follows = not after or bare[span.stop] in after
            if (
                [*bare[first : span.stop]] == words
                and bare[first - 1] in before
                and follows
                and not gone.keys() & set(span)
            ):
                found |= dict.fromkeys(span, "filler")
    return found


def _tags(units: Sequence[Unit], bare: Sequence[str], language: str, gone: dict[int, str]) -> dict[int, str]:
    """Return the places of what is asked for no answer at the end of a sentence, after a comma: "…, okay?"."""
    found: dict[int, str] = {}
    for phrase in _TAGS.get(language, frozenset()):
        length = len(phrase.split())
        for first in range(1, len(units) - length + 1):
            span = range(first, first + length)
            ends = _ends_sentence(units[span.stop - 1].text) and units[first - 1].text.endswith(",")
            if ends and " ".join(bare[first : span.stop]) == phrase and not gone.keys() & set(span):
                found |= dict.fromkeys(span, TAG)
    return found


def _openings(units: Sequence[Unit], bare: Sequence[str], language: str, gone: dict[int, str]) -> dict[int, str]:
    """Return the places of words that but open a sentence of which enough is left."""
    found: dict[int, str] = {}
    left = [place for place in range(len(units)) if place not in gone]
    for number, place in enumerate(left):
        begins = number > 0 and _ends_sentence(units[left[number - 1]].text)
        # The first word of a cue may go on with a sentence of the one before: only a capital shows that it does not.
        first = number == 0 and units[place].text[:1].isupper()
        if not (begins or first) or bare[place] not in _OPENINGS.get(language, frozenset()):
            continue
        rest = itertools.takewhile(lambda other: not _ends_sentence(units[other].text), left[number + 1 :])
        following = bare[left[number + 1]] if number + 1 < len(left) else ""
        linked = units[place].text.endswith(",") or grammar.begins_clause(following, language)
        if linked and not _ends_sentence(units[place].text) and len(list(rest)) + 1 >= _LEFT_AFTER_OPENING:
            found[place] = "opens the sentence"
    return found


def _ends_sentence(text: str) -> bool:
    return text.rstrip("\"'”’»)")[-1:] in frozenset(".?!…।॥؟")


def _false_starts(units: Sequence[Unit], bare: Sequence[str]) -> dict[int, str]:
    found = {}
    for place, (unit, following) in enumerate(zip(units, bare[1:], strict=False)):
        broken = re.fullmatch(r"(\w{1,6})[-–—]+,?", unit.text)
        if broken and following.startswith(broken[1].casefold()):
            found[place] = "false start"
    return found


def _repeats(units: Sequence[Unit], bare: Sequence[str], language: str, gone: dict[int, str]) -> dict[int, str]:
    """Return the first of two equal phrases in a row; single words only where they are known as slips."""
    left = [place for place in range(len(units)) if place not in gone]
    words = [bare[place] for place in left]
    found: dict[int, str] = {}
    slips = _SLIPS.get(language, frozenset())
    for length, first in itertools.product(range(_LONGEST_REPEAT, 0, -1), range(len(words))):
        one, other = words[first : first + length], words[first + length : first + 2 * length]
        if len(other) < length or one != other or not all(one):
            continue
        inner = [units[place].text for place in left[first : first + length]]
        if any(re.search(r"[.?!…।]", text) for text in inner):  # "I know. I know." is said twice on purpose
            continue
        if length > 1 or one[0] in slips:
            places = left[first : first + length]
            if not found.keys() & set(places):
                found |= dict.fromkeys(places, "said twice")
    return found


def _asks(units: Sequence[Unit]) -> bool:
    """Say whether the sentence that units end with asks by itself: by a word for that, or by its first one."""
    sentence: list[str] = []
    for unit in reversed(units):
        if _ends_sentence(unit.text):
            break
        sentence.insert(0, unit.text)
    bare = [_bare(text) for text in sentence]
    opens = itertools.dropwhile(lambda word: word in _BEFORE_QUESTIONS, bare)
    return next(opens, "") in _ASK_FIRST or not _ASK.isdisjoint(bare) or any("¿" in text for text in sentence)


def _marked(text: str, gone: str, *, is_said: bool) -> str:
    """Return a word with the mark of the one after it that goes, where that ends more than its own does.

    Args:
        text: the word, with its mark.
        gone: the one that goes.
        is_said: whether that only asked for no answer (``_tags``): its question goes with it.
    """
    mark = re.search(r"[,;:.?!…।]+[\"”’]*$", gone)
    if not mark or mark[0][0] in ",;:":
        return text
    bare = text.rstrip(",;:—")
    if not bare:  # a dash by itself
        return text
    stated = "।" if scripts.script_of(bare[-1]) == "Deva" else "."
    return bare + (mark[0].replace("?", stated) if is_said and text != bare else mark[0])


def _bare(text: str) -> str:
    return text.casefold().strip("\"'“”‘’()¿¡,;:.?!…।—–- ")


def _text(units: Sequence[Unit]) -> str:
    return "".join(unit.text if unit.glued or not place else f" {unit.text}" for place, unit in enumerate(units))
