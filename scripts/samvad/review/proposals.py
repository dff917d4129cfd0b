"""Proposals: what could be better, each with before, after and the reason; nothing is changed until a person takes it.

``ticked`` is what is sure enough to be taken without a look at each: no word changes, or the words that a person named.
"""

from __future__ import annotations

import difflib
import itertools
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.typed_json import JsonObject
from samvad.documents.segments import Segment, Translation
from samvad.review import again, job, text_edits
from samvad.review.edits import whole
from samvad.review.film import FilmDocument
from samvad.review.lanes import Lane, LaneCue, marked
from samvad.stages.subtitle_gen import mending, shortening, tracks, units
from samvad.stages.subtitle_gen.cutting import Piece
from samvad.text import languages

#: A cue whose times move by more is looked at before it is taken.
_FAR_MS = 500
#: A pattern that a person wrote may take so long for a cue.
_PATTERN_SECONDS = 0.5
_TAG = re.compile(r"(</?[ibu]>)")
#: So many places of a shelf are shown at once: as many as a person looks at.
MOST_ITEMS = 1000
#: So many proposals of a film are kept.
_KEPT = 50


@dataclass
class Proposal:
    """A list of proposals that is made, or being made.

    Attributes:
        state: ``running``, ``done`` or ``failed``.
        items: each with ``before``, ``after``, ``reason``, ``ticked`` and the ``edits`` that take it.
        more: so many items were found besides, which are not shown.
        error: why it failed.
    """

    id: str
    kind: str
    state: str = "running"
    items: list[JsonObject] = field(default_factory=list)
    more: int = 0
    error: str = ""

    @property
    def told(self) -> JsonObject:
        """Return it as a page has it."""
        return dict(vars(self))


class Proposals:
    """The proposals of a server; one that hears or translates anew is made at a time.

    Args:
        tell: called with a film's id and a proposal that is done.
    """

    def __init__(self, tell: Callable[[str, JsonObject], None] = lambda *_: None) -> None:
        self._tell = tell
        self._made: dict[tuple[str, str], Proposal] = {}
        self._one = threading.Lock()

    def start(self, film_id: str, film: FilmDocument, asked: Mapping[str, Any]) -> Proposal:
        """Make a proposal, at once or in a thread of its own; return it as it stands.

        Raises:
            ConfigurationError: what is asked for is none.
        """
        kind = str(asked.get("kind"))
        made = Proposal(secrets.token_hex(8), kind)
        if kind in _AT_ONCE:
            with film.lock:
                made.items = _AT_ONCE[kind](film, asked)
            made.state = "done"
        elif kind in _IN_TIME:
            work = _IN_TIME[kind](film, asked)
            threading.Thread(target=self._work, args=(film_id, made, work), daemon=True, name="proposal").start()
        else:
            raise ConfigurationError(f"There is no proposal {kind[:40]!r}.")
        self._made[film_id, made.id] = made
        for old in list(self._made)[:-_KEPT]:
            del self._made[old]
        return made

    def start_over(self, topic: str, films: Iterable[tuple[str, FilmDocument]], asked: Mapping[str, Any]) -> Proposal:
        """Find and replace in all films of a shelf, in a thread of its own.

        Each item says its ``film``, that film's ``title``, and the ``revision`` that it is about: taken later, it is no
        silent overwriting of what somebody wrote meanwhile.

        Args:
            topic: under which it is kept, and told.
            films: with their ids; each is looked at and let go.
            asked: as for one film.

        Raises:
            ConfigurationError: what is asked for is none.
        """
        if asked.get("kind") != "replace":
            raise ConfigurationError("Over all films there is find and replace.")
        pattern_of(asked)
        made = Proposal(secrets.token_hex(8), "replace")

        def work() -> list[JsonObject]:
            found: list[JsonObject] = []
            for film_id, film in films:
                about = {"film": film_id, "title": job.title_of(film.folder), "revision": film.revision}
                items = _found_in(film, asked)
                room = MOST_ITEMS - len(found)
                found += [{**item, **about} for item in items[:room]]
                made.more += len(items[room:])
            return found

        self._made[topic, made.id] = made
        threading.Thread(target=self._work, args=(topic, made, work), daemon=True, name="proposal").start()
        return made

    def get(self, film_id: str, name: str) -> Proposal:
        """Return a proposal.

        Raises:
            ConfigurationError: there is none.
        """
        if (film_id, name) not in self._made:
            raise ConfigurationError("There is no such proposal any more.", "Ask for it again.")
        return self._made[film_id, name]

    def _work(self, film_id: str, made: Proposal, work: Callable[[], list[JsonObject]]) -> None:
        try:
            with self._one:
                made.items = work()
            made.state = "done"
        except SamvadError as error:
            made.state, made.error = "failed", str(error)
        except Exception as error:
            made.state, made.error = "failed", f"{type(error).__name__}: {error}"
            raise
        finally:
            self._tell(film_id, {"id": made.id, "state": made.state})


def _lane(film: FilmDocument, asked: Mapping[str, Any]) -> Lane:
    lane = film.lanes.get(str(asked.get("lane")))
    if lane is None:
        raise ConfigurationError("A proposal is for a lane of the film.")
    return lane


def _stretch(film: FilmDocument, asked: Mapping[str, Any]) -> tuple[int, int]:
    """Return the stretch that is asked for, the whole film where none is.

    Raises:
        ConfigurationError: it is none.
    """
    start_ms = whole(asked.get("start", 0), "start")
    end_ms = whole(asked.get("end", film.files.film_ms), "end")
    if not 0 <= start_ms < end_ms:
        raise ConfigurationError("A stretch ends after it begins.")
    return start_ms, end_ms


def _within(lane: Lane, start_ms: int, end_ms: int) -> list[LaneCue]:
    """Return the cues whose middle lies in a stretch, in order."""
    cues = lane.ordered()
    return [cue for cue in cues if start_ms <= (cue.start_ms + cue.end_ms) / 2 < end_ms]


def _shown(cue: LaneCue) -> JsonObject:
    return {"cue": cue.id, "start": cue.start_ms, "end": cue.end_ms, "text": cue.text}


def _item(lane: Lane, before: LaneCue, after: LaneCue, reason: str, *, ticked: bool) -> JsonObject:
    edit = {"op": "set_cue", "lane": lane.language, **_shown(after)}
    return {
        "lane": lane.language,
        "before": _shown(before),
        "after": _shown(after),
        "reason": reason,
        "ticked": ticked,
        "edits": [edit],
    }


def _mend(film: FilmDocument, asked: Mapping[str, Any]) -> list[JsonObject]:
    """Propose what the cutter can mend in a stretch without changing a word."""
    lane, stretch = _lane(film, asked), _stretch(film, asked)
    ordered = lane.ordered()
    chosen = {cue.id for cue in _within(lane, *stretch)}
    places = [at for at, cue in enumerate(ordered) if cue.id in chosen]
    if not places:
        return []
    first, last = max(0, places[0] - 2), places[-1] + 3  # its neighbours say what room there is
    part = ordered[first:last]
    mended = mending.mend([cue.cue for cue in part], film.rules(lane.language), film.files.shots or None)
    made = []
    for before, cue in zip(part, mended, strict=True):
        after = replace(before, start_ms=cue.start_ms, end_ms=cue.end_ms, text=marked(cue))
        if before.id not in chosen or before.cue == cue:
            continue
        moved_ms = max(abs(before.start_ms - after.start_ms), abs(before.end_ms - after.end_ms))
        reasons = [flag[2] for flag in film.judged(lane.language).breaches.get(before.id, ())]
        reason = "; ".join(reasons) or "makes room for the cue beside it"
        made.append(_item(lane, before, after, reason, ticked=moved_ms <= _FAR_MS))
    return made


def _replace(film: FilmDocument, asked: Mapping[str, Any]) -> list[JsonObject]:
    """Propose another text wherever a text stands."""
    pattern, with_ = pattern_of(asked), str(asked.get("with", ""))
    wanted = [_lane(film, asked)] if asked.get("lane") else list(film.lanes.values())
    made = []
    for lane in wanted:
        for cue in lane.ordered():
            text, count = _outside_tags(pattern, cue.text, with_)
            if text != cue.text:
                empty = not replace(cue, text=text).cue.text
                reason = f"{count} place{'s' * (count > 1)}" + (", and nothing is left" if empty else "")
                # Inside a longer word it may be another word that was meant.
                alone = asked.get("regex") or _folded(_words(cue.text) - _words(text)) <= _folded(
                    _words(str(asked["find"]))
                )
                item = _item(lane, cue, replace(cue, text=text), reason, ticked=bool(alone) and not empty)
                made.append(item if alone else {**item, "reason": f"{reason}, within a word"})
    return made


def _outside_tags(pattern: Callable[[str, str], tuple[str, int]], text: str, with_: str) -> tuple[str, int]:
    """Return a text replaced as a person means it: a cue's tags are no letters of it."""
    made, count = pattern(text, with_)
    if _TAG.findall(made) == _TAG.findall(text):
        return made, count
    parts = [(part, 0) if _TAG.fullmatch(part) else pattern(part, with_) for part in _TAG.split(text)]
    return "".join(part for part, _ in parts), sum(number for _, number in parts)


def _found_in(film: FilmDocument, asked: Mapping[str, Any]) -> list[JsonObject]:
    """Return as ``_replace`` does of one film of many; none where it has no lane of that language."""
    if asked.get("lane") and asked["lane"] not in film.lanes:
        return []
    with film.lock:
        return _replace(film, asked)


def pattern_of(asked: Mapping[str, Any]) -> Callable[[str, str], tuple[str, int]]:
    """Return what replaces a text: gives the new text, and at how many places.

    Raises:
        ConfigurationError: the pattern is none, or takes too long.
    """
    import regex

    find = str(asked.get("find") or "")
    if not find or len(find) > 500:
        raise ConfigurationError("There is nothing to find, or far too much.")
    flags = 0 if asked.get("case") else regex.IGNORECASE
    is_pattern = bool(asked.get("regex"))
    try:
        made = regex.compile(find if is_pattern else regex.escape(find), flags)
    except regex.error as error:
        raise ConfigurationError(f"The pattern is none: {error}.") from None

    def replaced(text: str, with_: str) -> tuple[str, int]:
        try:
            with_text: Any = with_ if is_pattern else lambda _: with_
            text, count = made.subn(with_text, text, timeout=_PATTERN_SECONDS)
        except TimeoutError:
            raise ConfigurationError("The pattern takes too long.", "Write a simpler one.") from None
        except (regex.error, IndexError) as error:
            raise ConfigurationError(f"The new text does not fit the pattern: {error}.") from None
        return text, count

    return replaced


def _shorten(film: FilmDocument, asked: Mapping[str, Any]) -> list[JsonObject]:
    """Propose a shorter text for cues that cannot be read: without what says nothing, as stage 09 does."""
    lane = _lane(film, asked)
    rules = film.rules(lane.language)
    made = []
    for cue in _within(lane, *_stretch(film, asked)):
        said = [replace(unit, start_ms=cue.start_ms, end_ms=cue.end_ms) for unit in units.of_text(cue.cue.text)]
        for found in shortening.proposals(said, [Piece(cue.cue, 0, len(said))], rules):
            after = replace(cue, text=found.shorter)
            item = _item(lane, cue, after, found.why, ticked=False)
            broken = [{"op": "break_lines", "lane": lane.language, "cue": cue.id}]
            made.append({**item, "edits": [*item["edits"], *broken]})
    return made


def _second_reading(film: FilmDocument, asked: Mapping[str, Any]) -> list[JsonObject]:
    """Propose what the second reader of stage 08 has written down, where its translation still stands in a cue."""
    lane = _lane(film, asked)
    rows = film.files.second_reading().get(lane.language, ())
    cues = _within(lane, *_stretch(film, asked))
    made = []
    for row in rows:
        own = [cue for cue in cues if row.segment in cue.segments]
        text = text_edits.replaced(own[0].text, row.translation, row.proposal) if len(own) == 1 else None
        if text is not None:
            item = _item(lane, own[0], replace(own[0], text=text), row.reason, ticked=False)
            broken = [{"op": "break_lines", "lane": lane.language, "cue": own[0].id}]
            made.append({**item, "edits": [*item["edits"], *broken]})
        elif (
            own
            and row.segment in film.files.segments
            and all(cue.segments == (row.segment,) for cue in own)
            and _says(own, row.translation)
        ):
            segment = film.files.segments[row.segment]
            better = Translation(row.proposal, "second reader")
            found = replace(segment, translations={**segment.translations, lane.language: better})
            made += _cut(film, lane, (own[0].start_ms, own[-1].end_ms), [found], row.reason)
    return made


def _says(cues: Sequence[LaneCue], text: str) -> bool:
    return " ".join(cue.cue.text for cue in cues) == " ".join(text.split())


def _recognise(film: FilmDocument, asked: Mapping[str, Any]) -> Callable[[], list[JsonObject]]:
    lane, stretch = _lane(film, asked), _stretch(film, asked)
    wish = again.wish_of(asked, *stretch)
    target = "" if film.is_spoken(lane.language) else lane.language
    files_ = film.files

    def work() -> list[JsonObject]:
        found = again.recognise(files_, wish, target)
        told = ", ".join(sorted({languages.name(segment.language) for segment in found}))
        scores = [word.score for segment in found for word in segment.words if word.score is not None]
        sure = f", {sum(scores) / len(scores):.0%} sure" if scores else ""
        return _cut(film, lane, stretch, found, f"heard again{f' as {told}' if told else ''}{sure}")

    return work


def _translate(film: FilmDocument, asked: Mapping[str, Any]) -> Callable[[], list[JsonObject]]:
    lane, stretch = _lane(film, asked), _stretch(film, asked)
    if film.is_spoken(lane.language):
        raise ConfigurationError(f"{languages.name(lane.language)} is what is spoken: it is not translated.")
    wish = again.wish_of(asked, *stretch, stage="translation")
    said = _as_people_have_it(film, stretch)
    if not said:
        raise ConfigurationError("Nothing was recognised there.", "Recognise it first.")
    files_ = film.files

    def work() -> list[JsonObject]:
        found = again.translate(files_, wish, said, lane.language)
        flags = sorted({flag for item in found for flag in item.translations[lane.language].flags})
        return _cut(film, lane, stretch, found, f"translated again{': ' if flags else ''}{', '.join(flags)}")

    return work


def _as_people_have_it(film: FilmDocument, stretch: tuple[int, int]) -> list[Segment]:
    """Return the segments of a stretch; one whose line a person has corrected, with what they wrote."""
    made = []
    hand: dict[int, str] = {}
    for lane in film.lanes.values():
        if film.is_spoken(lane.language):
            for cue in lane.cues.values():
                if cue.hand and len(cue.segments) == 1:
                    before = hand.get(cue.segments[0])
                    hand[cue.segments[0]] = " ".join(filter(None, (before, cue.cue.text)))
    for segment in film.files.document.shown():
        if min(segment.end_ms, stretch[1]) - max(segment.start_ms, stretch[0]) > 0:
            text = hand.get(segment.id, segment.text)
            made.append(segment if text == segment.text else replace(segment, text=text, words=(), entities=()))
    return made


def _cut(
    film: FilmDocument, lane: Lane, stretch: tuple[int, int], found: Sequence[Segment], reason: str
) -> list[JsonObject]:
    """Propose new segments in place of a stretch's cues: cut as stage 09 does."""
    document = replace(film.files.document, segments=tuple(found))
    rules = film.rules(lane.language)
    cues = tracks.make_track(document, rules, film.files.shots).cues if found else ()
    with film.lock:
        before = _within(lane, *stretch)
    after = [LaneCue("", cue.start_ms, cue.end_ms, marked(cue)) for cue in cues]
    if [cue.cue.text for cue in before] == [cue.cue.text for cue in after]:
        return []
    edits: list[JsonObject] = []
    for old, new in itertools.zip_longest(before, after):
        if old and new:
            values = {"start": new.start_ms, "end": new.end_ms, "text": new.text}
            edits.append({"op": "set_cue", "lane": lane.language, "cue": old.id, **values})
        elif old:
            edits.append({"op": "delete", "lane": lane.language, "cue": old.id})
        elif new:
            values = {"start": new.start_ms, "end": new.end_ms, "text": new.text}
            edits.append({"op": "insert", "lane": lane.language, **values})
    same = difflib.SequenceMatcher(None, _text(before), _text(after), autojunk=False).ratio()
    return [
        {
            "lane": lane.language,
            "before": {
                "start": stretch[0],
                "end": stretch[1],
                "text": _text(before),
                "cues": list(map(_shown, before)),
            },
            "after": {"start": stretch[0], "end": stretch[1], "text": _text(after), "cues": list(map(_shown, after))},
            "reason": f"{reason}; {same:.0%} alike",
            "ticked": False,
            "edits": edits,
        }
    ]


def _words(text: str) -> set[str]:
    return {word.strip(".,;:!?…।\"'“”‘’()<>/-") for word in text.replace(">", "> ").split()}


def _folded(words: set[str]) -> set[str]:
    return {word.casefold() for word in words}


def _text(cues: Iterable[LaneCue]) -> str:
    return "\n".join(cue.text for cue in cues)


_AT_ONCE: dict[str, Callable[[FilmDocument, Mapping[str, Any]], list[JsonObject]]] = {
    "mend": _mend,
    "replace": _replace,
    "shorten": _shorten,
    "second_reading": _second_reading,
}
_IN_TIME: dict[str, Callable[[FilmDocument, Mapping[str, Any]], Callable[[], list[JsonObject]]]] = {
    "recognise": _recognise,
    "translate": _translate,
}
