"""Make a film's names consistent: each spelled one way, in each script, all through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from samvad.documents.names import Undecided
from samvad.documents.segments import Entity, Segment, SegmentsDocument
from samvad.film import matcher
from samvad.film.known_names import Gazetteer, Name, Word, fold, split
from samvad.stages.ner import evidence
from samvad.stages.ner.evidence import Choice, Form
from samvad.stages.ner.overrides import Override
from samvad.stages.ner.rewrite import Change, rewritten
from samvad.text import phonetic
from samvad.text.scripts import of_first_letter

#: A name that only the model knows sets the spelling of others like it from so many times on, and so many times theirs.
_OFTEN = 3
_TIMES_RARER = 3
_SHORTEST = 3
#: Likeness that the two halves of a name that was heard as two words must reach together.
_HALVES = 0.93
#: Likeness from which a word that is spoken of as a place is a person of the film nevertheless.
_SURELY_PERSON = 0.97
#: Share of sentences with a capital from which a transcript uses capitals.
_CAPITALS_USED = 0.3
_TITLED_PLACE = "spelled as a place, with a title beside it"
_ALWAYS, _GLOSSARY, _CAPITALS = "override", "glossary", "capitals"


@dataclass(frozen=True)
class Replacement:
    """A name that was written anew: in which segment, when, what for what, how like, and what spoke for it."""

    segment_id: int
    start_ms: int
    end_ms: int
    old: str
    new: str
    score: float
    evidence: str


@dataclass(frozen=True)
class Outcome:
    """The document with its names spelled one way, and how that came about.

    Attributes:
        document: the segments, changed where they had to be; their entities are those of the model, moved.
        replacements: in order of time.
        undecided: the most frequent first.
        known: every known spelling of a name, those learned from this film among them.
        unaligned: segments whose words do not follow their text, which were left as they are.
    """

    document: SegmentsDocument
    replacements: tuple[Replacement, ...]
    undecided: tuple[Undecided, ...]
    known: tuple[Name, ...]
    unaligned: int


@dataclass(frozen=True)
class _Planned:
    change: Change
    score: float
    evidence: str


def make_consistent(
    document: SegmentsDocument,
    names: Sequence[Name],
    by_model: Mapping[int, Sequence[Entity]],
    overrides: Sequence[Override] = (),
) -> Outcome:
    """Return the film with each name in one spelling.

    Args:
        document: as recognised.
        names: from the glossary and the cast.
        by_model: what a model found, by the segment's id.
        overrides: a person's word, which wins over everything.
    """
    film = _Film(document, names, by_model, overrides)
    forms = film.forms()
    choices = film.choices(forms)
    film.plan(forms, choices)
    return film.outcome(forms, choices)


class _Film:
    """The words of a film: what they are known to be, and what is planned for them."""

    def __init__(
        self,
        document: SegmentsDocument,
        names: Sequence[Name],
        by_model: Mapping[int, Sequence[Entity]],
        overrides: Sequence[Override],
    ) -> None:
        self.document = document
        self.by_model = by_model
        self.words = [split(segment.text) for segment in document.segments]
        self._cased = _uses_capitals(document, self.words)
        self.names = [*names] if self._cased else [_in_small_letters(name) for name in names]
        self.planned: dict[int, list[_Planned]] = {}
        self.spoken: Counter[str] = Counter()
        self.taken: list[list[tuple[int, int]]] = [[] for _ in document.segments]
        self._override(overrides)
        self._find_exact()
        self._learn_from_model()

    # -- what is known for sure --------------------------------------------------------------------------------------

    def _override(self, overrides: Sequence[Override]) -> None:
        known = Gazetteer(Name(item.old, "person", "glossary") for item in overrides)
        for index, segment in enumerate(self.document.segments):
            for entity in known.find(segment.text):
                holds = [item for item in overrides if _is_for(item, entity, segment)]
                if holds:
                    item = max(
                        holds, key=lambda item: item.time_ms is not None
                    )  # what is said of one place counts more
                    self.taken[index].append((entity.start, entity.end))
                    if item.new != entity.text:
                        self._add(index, Change(entity.start, entity.end, item.new), 1.0, _ALWAYS)

    def _find_exact(self) -> None:
        known = Gazetteer(self.names)
        # The gazetteer keeps one name a spelling; a name of the cast may stand behind an actor's, or a glossary's.
        heard = {fold(name.text) for name in self.names if name.heard}
        for index, segment in enumerate(self.document.segments):
            for entity, name in known.find_names(segment.text):
                if self._is_taken(index, entity.start, entity.end):
                    continue
                self.taken[index].append((entity.start, entity.end))
                self.spoken.update({fold(name.text), name.identity, *(word.folded for word in split(name.text))})
                if name.written and fold(name.written) != fold(entity.text):
                    self._add(index, Change(entity.start, entity.end, name.written), 1.0, _GLOSSARY)
                elif fold(name.text) in heard and entity.text.islower() and self._deserves_capitals(name):
                    self._add(index, Change(entity.start, entity.end, name.text), 1.0, _CAPITALS)

    def _deserves_capitals(self, name: Name) -> bool:
        words = [word.folded for word in split(name.text)]
        return not name.text.islower() and not matcher.common_words().intersection(words)

    def _learn_from_model(self) -> None:
        """Take up names that the model finds often, so that rarer spellings of them can be recognised."""
        counts: Counter[str] = Counter()
        labels: dict[str, Entity] = {}
        for index, segment in enumerate(self.document.segments):
            for entity in self.by_model.get(segment.id, ()):
                words = split(entity.text)
                plain = len(words) == 1 and len(entity.text) > _SHORTEST and entity.text[0].isalpha()
                if plain and not self._is_taken(index, entity.start, entity.end) and not _is_common(entity.text):
                    text = entity.text[words[0].start : words[0].end]
                    counts[text] += 1
                    labels.setdefault(text, entity)
        like_known = matcher.Matcher(name.text for name in self.names if name.heard)
        for text, count in counts.items():
            if count >= _OFTEN and not any(match.likely for match in like_known.matches(text)):
                self.names.append(Name(text, labels[text].label, labels[text].source, True, heard=True))
                self.spoken[fold(text)] = count

    # -- what may be misheard ----------------------------------------------------------------------------------------

    def forms(self) -> dict[str, Form]:
        """Return the words that are no known name and no common word, and pairs of them, by their folded letters."""
        forms: dict[str, Form] = {}
        for index, segment in enumerate(self.document.segments):
            model = self.by_model.get(segment.id, ())
            for at, size in self._candidates(index, segment):
                words = self.words[index][at : at + size]
                text = segment.text[words[0].start : words[-1].end]
                form = forms.setdefault("".join(word.folded for word in words) + " " * (size - 1), Form(text))
                form.places.append((index, words[0].start, words[-1].end))
                form.evidence |= evidence.of_place(segment, self.words[index], at, size, model)
                form.labels |= evidence.labels_at(self.words[index], at, size, model)
                form.located += evidence.is_located(segment.text, self.words[index], at, size)
                form.languages.add(segment.language)
                form.spellings[text] += 1
        return forms

    def _candidates(self, index: int, segment: Segment) -> Iterator[tuple[int, int]]:
        words = self.words[index]
        for at, word in enumerate(words):
            if self._may_be_name(index, word):
                if word.end - word.start >= _SHORTEST:
                    yield at, 1
                following = words[at + 1] if at + 1 < len(words) else None
                if (
                    following
                    and not (self._cased and segment.text[word.start].islower())
                    and segment.text[word.end : following.start] in (" ", "-")
                    and self._may_be_name(index, following)
                ):
                    yield at, 2

    def _may_be_name(self, index: int, word: Word) -> bool:
        return (
            not self._is_taken(index, word.start, word.end)
            and word.folded not in matcher.common_words()
            and not any(letter.isdigit() for letter in word.folded)
        )

    def choices(self, forms: Mapping[str, Form]) -> dict[str, Choice]:
        """Return what each form is found to be."""
        heard: dict[str, Name] = {}
        for name in self.names:
            if name.heard:
                heard.setdefault(name.text, name)
        known = matcher.Matcher(heard)
        spoken = Counter({text: max(self.spoken[fold(text)], self.spoken[heard[text].identity]) for text in heard})
        spellings = {fold(name.text) for name in self.names}
        labels = {text: name.label for text, name in heard.items()}
        found = {}
        for key, form in forms.items():
            matches = [match for match in known.matches(form.text) if self._may_be(form, heard[match.name])]
            if " " in key:
                matches = [match for match in matches if match.score >= _HALVES]
            else:
                titled = evidence.HONORIFIC in form.evidence and fold(form.text) not in spellings
                if matches and titled and matcher.is_spelled_place(form.text):
                    found[key] = Choice(matches[0], False, _TITLED_PLACE)
                matches = [match for match in matches if not self._is_beaten(form, match, heard[match.name].label)]
            # Of one name's spellings in several scripts the likest stands for it: the form's own script comes first.
            by_identity: dict[str, matcher.Match] = {}
            for match in matches:
                by_identity.setdefault(heard[match.name].identity, match)
            choice = evidence.choose(form, list(by_identity.values()), spoken, labels)
            if choice is None or fold(form.text) in spellings:
                continue
            if choice.rewrite and _is_oblique(form.text, choice.match.name):
                choice = replace(choice, rewrite=False)
            found[key] = choice
        return found

    def _is_beaten(self, form: Form, match: matcher.Match, label: str) -> bool:
        """Return whether a word is a title, a place, or more like a name that everybody knows than like the film's."""
        if fold(form.text) in evidence.TITLES:
            return True
        if label == "person" and form.is_place and match.score < _SURELY_PERSON:
            return True
        is_person = evidence.HONORIFIC in form.evidence
        return matcher.beating(form.text, match, is_person=is_person) is not None

    def _may_be(self, form: Form, name: Name) -> bool:
        """Return whether a form may be this name: of those that only the model knows, none of another language."""
        if name.source in ("glossary", "tmdb"):
            return True
        languages = {self.document.segments[index].language for index, *_ in self._places_of(name.text)}
        return form.languages <= languages and len(form.places) * _TIMES_RARER <= self.spoken[fold(name.text)]

    def _places_of(self, text: str) -> list[tuple[int, int]]:
        folded = fold(text)
        return [
            (index, word.start) for index, words in enumerate(self.words) for word in words if word.folded == folded
        ]

    # -- what is done about it ---------------------------------------------------------------------------------------

    def plan(self, forms: Mapping[str, Form], choices: Mapping[str, Choice]) -> None:
        """Plan the changes: of names in their own script as known; in another as this film has them most often."""
        by_text = {name.text: name for name in self.names if name.heard}
        abroad: dict[tuple[str, str], Counter[str]] = {}
        for key, choice in choices.items():
            form = forms[key]
            if choice.reason:
                continue
            name = by_text[choice.match.name]
            if choice.rewrite:
                self._plan_form(form, name.text, choice)
            else:
                self._learn(form.text, name)
                abroad.setdefault((name.text, of_first_letter(form.text)), Counter())[key] += len(form.places)
        for (text, script), counts in abroad.items():
            own = [name.text for name in self.names if name.identity == by_text[text].identity]
            spelled = [other for other in own if of_first_letter(other) == script and fold(other) not in counts]
            best = spelled[0] if spelled else forms[counts.most_common(1)[0][0]].text
            for key in counts:
                if not _is_oblique(forms[key].text, best) and fold(forms[key].text) != fold(best):
                    self._plan_form(forms[key], best, choices[key])

    def _plan_form(self, form: Form, new: str, choice: Choice) -> None:
        spoke = sorted(form.evidence | ({evidence.RECURS} if len(form.places) > 1 else set()))
        spoke += [evidence.SPOKEN] if self.spoken[fold(choice.match.name)] else []
        for index, start, end in form.places:
            self._add(index, Change(start, end, new), choice.match.score, ", ".join(spoke))

    def _learn(self, text: str, name: Name) -> None:
        self.names.append(replace(name, text=text, target=name.target or name.text, heard=False, written=""))

    def outcome(self, forms: Mapping[str, Form], choices: Mapping[str, Choice]) -> Outcome:
        """Make the changes."""
        segments = []
        made: list[Replacement] = []
        unaligned = 0
        for index, segment in enumerate(self.document.segments):
            planned = _apart(self.planned.get(index, []))
            model = tuple(self.by_model.get(segment.id, ()))
            marked = replace(segment, entities=(*segment.entities, *model))
            changed = rewritten(marked, [item.change for item in planned]) if planned else marked
            if changed is None:
                unaligned += 1
                changed = marked
            else:
                made += [_replacement(segment, item) for item in planned]
            segments.append(changed)
        undecided = [
            Undecided(forms[key].text, len(forms[key].places), item.match.name, item.match.score, item.reason)
            for key, item in choices.items()
            if item.reason
        ]
        undecided.sort(key=lambda item: (-item.count, item.text))
        document = replace(self.document, segments=tuple(segments))
        return Outcome(document, tuple(made), tuple(undecided), tuple(self.names), unaligned)

    def _add(self, index: int, change: Change, score: float, spoke: str) -> None:
        self.planned.setdefault(index, []).append(_Planned(change, score, spoke))

    def _is_taken(self, index: int, start: int, end: int) -> bool:
        return any(start < last and end > first for first, last in self.taken[index])


def _apart(planned: Sequence[_Planned]) -> list[_Planned]:
    """Return the changes in order of place, none over another: of two, the likelier, then the longer."""
    kept: list[_Planned] = []
    for item in sorted(planned, key=lambda item: (-item.score, item.change.start - item.change.end)):
        change = item.change
        if all(change.end <= other.change.start or change.start >= other.change.end for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.change.start)


def _replacement(segment: Segment, item: _Planned) -> Replacement:
    old = segment.text[item.change.start : item.change.end]
    spoken = [word for word in segment.words if word.text.strip() and word.text.strip() in segment.text]
    start_ms, end_ms = segment.start_ms, segment.end_ms
    position = 0
    times = []
    for word in spoken:
        start = segment.text.find(word.text.strip(), position)
        position = start + len(word.text.strip())
        if start < item.change.end and position > item.change.start:
            times.append(word)
    if times:
        start_ms, end_ms = times[0].start_ms, times[-1].end_ms
    return Replacement(segment.id, start_ms, end_ms, old, item.change.new, item.score, item.evidence)


def _uses_capitals(document: SegmentsDocument, words: Sequence[Sequence[Word]]) -> bool:
    """Return whether the transcript begins its sentences with capitals; some recognisers of Hinglish never do."""
    first = [segment.text[found[0].start] for segment, found in zip(document.segments, words, strict=True) if found]
    cased = [letter for letter in first if letter.isupper() or letter.islower()]
    return not cased or sum(letter.isupper() for letter in cased) / len(cased) >= _CAPITALS_USED


def _in_small_letters(name: Name) -> Name:
    return replace(name, capitalised=name.capitalised and _is_common(name.text))


def _is_common(text: str) -> bool:
    return fold(text) in matcher.common_words()


def _is_oblique(text: str, name: str) -> bool:
    """Return whether a word is a name in the case that Hindi has before a postposition: आगरे of आगरा."""
    ours, theirs = phonetic.sounds(text), phonetic.sounds(name)
    return ours[:-1] == theirs[:-1] and ours[-1:] == "e" and theirs[-1:] in ("a", "A")


def _is_for(item: Override, entity: Entity, segment: Segment) -> bool:
    old, heard = ([word.folded for word in split(text)] for text in (item.old, entity.text))
    return old == heard and (item.time_ms is None or segment.start_ms <= item.time_ms <= segment.end_ms)
