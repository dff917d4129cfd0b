"""What needs a person, in one list: the most gain first, each with what can be done about it on one key.

``gain`` is in seconds of film that a viewer would follow better, as far as that can be said of each kind: how long it
is shown, times the share of such places at which a person, who looks, has something to do. These shares are our own
estimates, no measurement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from samvad.core.typed_json import JsonObject
from samvad.documents.segments import AS_SAID, QUARANTINE, SUSPECT, Segment
from samvad.review import judging, text_edits
from samvad.review.lanes import Lane, LaneCue
from samvad.settings.subtitle_rules import ERROR
from samvad.stages.translation import sentences
from samvad.stages.translation.sentences import Share

if TYPE_CHECKING:
    from samvad.review.film import FilmDocument

#: Words that are less sure than this (mean of a cue) are to be heard again.
_UNSURE = 0.6
#: The share of places of a kind at which there is something to do.
_SHARE = {
    "missing": 0.9,
    "lost": 1.0,
    "perhaps": 0.5,
    "unsure": 0.7,
    "translation": 0.6,
    "name": 0.5,
    "term": 0.5,
    "quarantine": 0.3,
    "suspect": 0.3,
    "song": 0.2,
    "rule": 0.25,
    "objection": 0.05,
    "conflict": 1.0,
}
#: The cues of one segment stand so near to each other.
_NEAR = 8
#: So much is gained at least where there is something to do.
_LEAST_SECONDS = 1.0


def find(film: FilmDocument) -> list[JsonObject]:
    """Return all that needs a person, the most gain first; what was decided stands at the end."""
    found = [*_of_segments(film), *_of_names(film), *_of_songs(film), *_conflicts(film)]
    for lane in film.lanes.values():
        found += _of_lane(film, lane)
    return sorted(_looked_at(film, found), key=lambda need: (need["done"], -need["gain"], need["start"], need["id"]))


def near(film: FilmDocument, changed: Mapping[str, Iterable[str]]) -> list[JsonObject]:
    """Return what an edit of cues can have changed of ``find``: what these need, and what they may have settled.

    Args:
        film: as it is now.
        changed: ids of cues, also of those that are gone, by lane.
    """
    found = list(_conflicts(film))
    for language, ids in changed.items():
        lane = film.lanes[language]
        found += [*_missing(film, lane), *_lost(film, lane)]
        for cue_id in ids:
            if cue_id in lane.cues:
                found += of_cue(film, lane, lane.cues[cue_id])
    return _looked_at(film, found)


def _looked_at(film: FilmDocument, found: list[JsonObject]) -> list[JsonObject]:
    """Return needs with those marked as done that a person has ticked off."""
    for need in found:
        need["done"] = need["done"] or f"need/{need['id']}" in film.decided
    return found


def _need(kind: str, key: str, start_ms: int, end_ms: int, text: str, reasons: list[str], **more: object) -> JsonObject:
    gain = max(_LEAST_SECONDS, (end_ms - start_ms) / 1000) * _SHARE[kind]
    return {
        "id": f"{kind}:{key}",
        "kind": kind,
        "lane": None,
        "cue": None,
        "segment": None,
        "start": start_ms,
        "end": end_ms,
        "text": text,
        "reasons": reasons,
        "gain": round(gain, 2),
        "choices": [],
        "done": False,
        **more,
    }


def _choice(label: str, edit: JsonObject) -> JsonObject:
    return {"label": label, "edit": edit}


def _of_segments(film: FilmDocument) -> Iterator[JsonObject]:
    """Yield lines that stage 07 set aside or doubts."""
    for segment in film.files.document.segments:
        if segment.verdict not in (QUARANTINE, SUSPECT):
            continue
        labels = {"keep": "show it", QUARANTINE: "leave it out"}
        labels |= {} if segment.verdict == SUSPECT else {"whole": "show it whole"}
        choices = [
            _choice(label, {"op": "decide", "segment": segment.id, "verdict": verdict})
            for verdict, label in labels.items()
        ]
        yield _need(
            segment.verdict,
            f"{segment.start_ms}-{segment.end_ms}",
            segment.start_ms,
            segment.end_ms,
            segment.text,
            list(segment.reasons),
            segment=segment.id,
            choices=choices,
            done=f"segment/{segment.id}" in film.decided,
        )


def _of_names(film: FilmDocument) -> Iterator[JsonObject]:
    """Yield words that may be misheard names, and names that were changed."""
    names = film.files.names
    if names is None:
        return
    for word in names.undecided:
        place = _first_with(film, word.text)
        choices = [
            _choice(f"write {word.like}", {"op": "name", "from": word.text, "to": word.like}),
            _choice(f"leave {word.text}", {"op": "name", "from": word.text, "to": word.text}),
        ]
        reasons = [f"like {word.like} ({word.score:.2f}), {word.count} times: {word.reason}"]
        done = f"name/{word.text}" in film.decided
        yield _need("name", f"undecided {word.text}", *place, word.text, reasons, choices=choices, done=done)
    for name in names.names:
        for heard, count in name.heard.items():
            place = _first_with(film, name.text)
            choices = [
                _choice(f"it is {name.text}", {"op": "name", "from": heard, "to": name.text}),
                _choice(f"it is {heard}", {"op": "name", "from": heard, "to": heard}),
            ]
            done = f"name/{heard}" in film.decided
            reasons = [f"{heard} was heard {count} times, and {name.text} written"]
            yield _need("name", f"changed {heard}", *place, name.text, reasons, choices=choices, done=done)


def _first_with(film: FilmDocument, text: str) -> tuple[int, int]:
    found = next((segment for segment in film.files.document.segments if text in segment.text), None)
    return (found.start_ms, found.end_ms) if found else (0, 0)


def _of_songs(film: FilmDocument) -> Iterator[JsonObject]:
    """Yield songs that the sound alone told of: where they begin and end is a guess."""
    for song in film.files.songs:
        if song.source == "person":
            continue
        choices = [
            _choice(label, {"op": "song", "start": song.start_ms, "end": song.end_ms, "kind": kind})
            for kind, label in (("song", "it is a song"), ("dialogue", "nobody sings"))
        ]
        done = f"song/{song.start_ms}-{song.end_ms}" in film.decided
        need = _need(
            "song",
            f"{song.start_ms}-{song.end_ms}",
            song.start_ms,
            song.end_ms,
            "",
            [f"score {song.score:.2f}"],
            choices=choices,
            done=done,
        )
        need["gain"] = round(_SHARE["song"] * (2 - song.score), 2)  # its edges, not all of it
        yield need


def _conflicts(film: FilmDocument) -> Iterator[JsonObject]:
    """Yield cues that were changed on the page and in a file."""
    for key, value in film.decided.items():
        if key.startswith("conflict/"):
            cue = film.lanes[value["lane"]].cues.get(value["cue"]) if value["lane"] in film.lanes else None
            shown = value["file"]
            choices = []
            if cue is not None and len(shown) == 1:
                edit = {"op": "set_cue", "lane": value["lane"], "cue": cue.id, **shown[0]}
                choices = [_choice("take the file's", edit)]
            yield _need(
                "conflict",
                key.partition("/")[2],
                value["start"],
                value["end"],
                " / ".join(item["text"] for item in shown) or "(deleted in the file)",
                ["it was changed here and in the file by hand: yours is kept"],
                lane=value["lane"],
                cue=value["cue"],
                choices=choices,
                done=cue is not None and [(cue.start_ms, cue.end_ms, cue.text)] == [_said(item) for item in shown],
            )


def _said(item: JsonObject) -> tuple[object, ...]:
    return item["start"], item["end"], item["text"]


def _of_lane(film: FilmDocument, lane: Lane) -> Iterator[JsonObject]:
    yield from _missing(film, lane)
    yield from _lost(film, lane)
    judged = film.judged(lane.language)
    for cue_id in judged.order:
        yield from of_cue(film, lane, lane.cues[cue_id])


def _missing(film: FilmDocument, lane: Lane) -> Iterator[JsonObject]:
    """Yield stretches of speech without text; once somebody has written something there, they are done."""
    by_hand = [cue for cue in lane.cues.values() if cue.hand]
    gaps = [("missing", gap, "of speech") for gap in film.files.gaps(lane.language)]
    covered = film.files.covered(lane.language)
    for kind, gap, of in [*gaps, *(("perhaps", gap, "of perhaps speech under other sound") for gap in covered)]:
        written = any(cue.start_ms < gap.end_ms and cue.end_ms > gap.start_ms for cue in by_hand)
        need = _need(
            kind,
            f"{lane.language} {gap.start_ms}-{gap.end_ms}",
            gap.start_ms,
            gap.end_ms,
            "",
            [f"{gap.speech_ms / 1000:.1f} s {of}"],
            lane=lane.language,
            done=written,
        )
        need["gain"] = round(max(_LEAST_SECONDS, gap.speech_ms / 1000) * _SHARE[kind], 2)
        yield need


def _lost(film: FilmDocument, lane: Lane) -> Iterator[JsonObject]:
    """Yield words that went, or came, without a record; once somebody has written something there, they are done."""
    left = judging.unexplained(lane, film.files)
    for item in film.files.unexplained(lane.language):
        stretch = (item.start_ms, item.end_ms)
        edit = {"op": "insert", "lane": lane.language, "start": stretch[0], "end": stretch[1], "text": item.text}
        yield _need(
            "lost",
            judging.loss_key(lane.language, item),
            *stretch,
            item.text,
            [f"{item.how} in {item.stage} without a record"],
            lane=lane.language,
            choices=[_choice("put it back", edit)] if item.how == "lost" else [],
            done=item not in left,
        )


def of_cue(film: FilmDocument, lane: Lane, cue: LaneCue) -> Iterator[JsonObject]:
    """Yield what a cue needs a person for."""
    judged, segments = film.judged(lane.language), film.files.segments
    about: JsonObject = {"lane": lane.language, "cue": cue.id}
    times = (cue.start_ms, cue.end_ms)
    sure = judging.sureness(cue, film.files)
    if sure is not None and sure < _UNSURE and film.is_spoken(lane.language):
        words = [word for number in cue.segments if number in segments for word in segments[number].words]
        unsure = [word.text.strip() for word in words if word.score is not None and word.score < _UNSURE]
        reasons = [f"{sure:.0%} sure", *([f"least of {', '.join(unsure[:6])}"] if unsure else [])]
        yield _need("unsure", cue.id, *times, cue.text, reasons, **about)
    if doubts := judged.doubts_of(cue):
        said = [segments[number] for number in cue.segments if number in segments]
        kind = "term" if any("glossary" in flag or "term" in flag for flag in doubts) else "translation"
        need = _need(kind, cue.id, *times, cue.text, doubts, **about, choices=_others(film, lane, cue, said))
        if AS_SAID in doubts:
            need["gain"] = round(need["gain"] * 1.5, 2)
        yield need
    errors = [flag for flag in judged.breaches.get(cue.id, ()) if flag[1] == ERROR]
    if errors:
        edit = {"op": "break_lines", "lane": lane.language, "cue": cue.id}
        lines = any(flag[0] in ("line length", "lines", "one line", "break") for flag in errors)
        choices = [_choice("break its lines anew", edit)] if lines else []
        yield _need("rule", cue.id, *times, cue.text, [flag[2] for flag in errors], **about, choices=choices)
    if objected := judged.objected.get(cue.id):
        yield _need("objection", cue.id, *times, cue.text, [flag[2] for flag in objected], **about)


def _others(film: FilmDocument, lane: Lane, cue: LaneCue, said: list[Segment]) -> list[JsonObject]:
    """Return what the translator would have written instead, each with what is wrong with it.

    The hypotheses are a segment's: where it is shown in several cues, taking one gives each of these its part, as long
    as nobody has written in one of them; a cue of several segments has none.
    """
    made = said[0].translations.get(lane.language) if len(said) == 1 else None
    if made is None:
        return []
    cues = [item for item in lane.around(cue, _NEAR) if said[0].id in item.segments]
    if any(item.hand or item.segments != cue.segments for item in cues):
        return []
    shown = " ".join(item.cue.text for item in cues).split()
    choices, rules = [], film.rules(lane.language)
    for other in made.others:
        shares = [Share(at, item.text, max(1, item.end_ms - item.start_ms)) for at, item in enumerate(cues)]
        parts = sentences.share_out(other.text, shares)
        if parts is None or other.text.split() == shown:
            continue
        changed = [
            edit
            for item, text in zip(cues, parts, strict=True)
            for whose in ({"lane": lane.language, "cue": item.id},)
            for edit in (
                {**whose, "op": "set_text", "text": text_edits.dressed(item, text, rules)},
                {**whose, "op": "break_lines"},
            )
        ]
        reasons = list(other.flags) or ["nothing wrong is known of it"]
        choices.append({"label": other.text, "edits": changed, "reasons": reasons})
    return choices
