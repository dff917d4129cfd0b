"""A film's document as the page has it: JSON of lanes, cues, segments and what needs a person."""

from __future__ import annotations

from collections.abc import Iterable

from samvad.core.typed_json import JsonObject
from samvad.documents.segments import Segment
from samvad.review import job, judging, needs
from samvad.review.edit_log import PERSONS, Entry
from samvad.review.film import ConflictError, Done, FilmDocument
from samvad.review.lanes import Lane, LaneCue, in_order
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.checking import RULES, level_of
from samvad.text import languages, scripts

#: Scripts that are written from right to left.
_FROM_THE_RIGHT = frozenset({"Arab", "Hebr", "Syrc", "Thaa", "Nkoo"})


def document(film: FilmDocument) -> JsonObject:
    """Return all that a page needs of a film, except what the server alone knows (media, runs, the person)."""
    with film.lock:
        files = film.files
        return {
            "title": job.title_of(film.folder),
            "jobFolder": str(film.folder),
            "revision": film.revision,
            "source": files.document.language,
            "durationMs": files.film_ms,
            "frameRate": float(job.frame_rate(files)),
            "shots": list(files.shots),
            "profile": {"name": files.profile, "title": files.profile_title},
            "lanes": [lane(film, film.lanes[code]) for code in order(film)],
            "segments": {segment.id: _segment(film, segment) for segment in files.document.segments},
            "songs": [{"start": item.start_ms, "end": item.end_ms, "source": item.source} for item in files.songs],
            "needs": needs.find(film),
            "decisions": film.decided,
            "people": people(film),
            "carried": [text for entry in film.entries if entry.kind == "rebase" for text in entry.left],
            "keys": {},
        }


def order(film: FilmDocument) -> list[str]:
    """Return the lanes' languages: those that the film is spoken in first, then in the order of its targets."""
    added = [code for code, lane in film.lanes.items() if lane.cues and code not in film.files.machine]
    known = [
        code for code in [*film.files.machine, *added] if film.lanes[code].cues or f"added/{code}" not in film.decided
    ]
    return sorted(known, key=lambda code: not film.is_spoken(code))


def lane(film: FilmDocument, found: Lane) -> JsonObject:
    """Return a lane with all its cues."""
    rules, judged = film.rules(found.language), film.judged(found.language)
    return {
        "id": found.language,
        "language": found.language,
        "name": languages.name(found.language),
        "dir": _direction(found),
        "source": film.is_spoken(found.language),
        "approved": film.approved(found.language),
        "rules": rules_of(rules),
        "headline": judging.headline_json(judging.headline(judged, found, film.files, film.decided)),
        "loud": [[gap.start_ms, gap.end_ms] for gap in judged.loud.gaps] if judged.loud else [],
        "cues": [cue(film, found, item) for item in found.ordered()],
    }


def _direction(found: Lane) -> str:
    text = "".join(item.text for item in list(found.cues.values())[:20])
    from_right = sum(scripts.script_of(letter) in _FROM_THE_RIGHT for letter in text if letter.isalpha())
    known = found.language in ("ar", "ur", "fa", "he", "ps", "sd", "yi")
    return "rtl" if 2 * from_right > sum(map(str.isalpha, text)) or (known and not text) else "ltr"


def rules_of(rules: Rules) -> JsonObject:
    """Return the rules of a language as the page has them, which checks the cheap ones at each keystroke."""
    by_words = rules.reading_speed_wpm is not None
    return {
        "limit": rules.reading_speed_wpm if by_words else rules.reading_speed_cps,
        "unit": "words/min" if by_words else "characters/s",
        "shortest": rules.min_cue_ms,
        "longest": rules.max_cue_ms,
        "width": rules.max_line_characters,
        "lines": rules.max_lines,
        "gap": rules.gap_ms,
        "closeGap": rules.close_gap_ms,
        "oneLine": rules.one_line_if_it_fits,
        "dash": rules.dialogue_dash,
        "ellipsis": rules.ellipsis,
        "italics": rules.italics,
        "songs": rules.songs,
        "songMark": rules.song_mark,
        "hearingImpaired": rules.hearing_impaired,
        "shotWindow": rules.shot_window_ms,
        "shotGap": rules.shot_gap_ms,
        "levels": {rule: level_of(rule, rules) for rule in RULES},
    }


def cue(film: FilmDocument, found: Lane, item: LaneCue) -> JsonObject:
    """Return a cue with its flags, and what was said in it."""
    segments = film.files.segments
    said = [segments[number] for number in item.segments if number in segments]
    return {
        "id": item.id,
        "rev": found.revisions.get(item.id, 0),
        "start": item.start_ms,
        "end": item.end_ms,
        "text": item.text,
        "words": [
            [word.start_ms, word.end_ms, word.text, word.score]
            for segment in said
            for word in segment.words
            if word.start_ms < item.end_ms and word.end_ms > item.start_ms
        ],
        "heard": item.heard,
        "segments": list(item.segments),
        "said": " ".join(segment.text for segment in said),
        "sure": judging.sureness(item, film.files),
        "song": any(segment.kind == "song" for segment in said),
        "hand": item.hand,
        "top": item.top,
        "flags": film.judged(found.language).flags(item) if film.is_judged(found.language) else [],
        "why": item.why,
        "full": item.full,
    }


def _segment(film: FilmDocument, segment: Segment) -> JsonObject:
    decided = film.decided.get(f"segment/{segment.id}")
    return {
        "start": segment.start_ms,
        "end": segment.end_ms,
        "text": segment.text,
        "language": segment.language,
        "verdict": decided["verdict"] if decided else segment.verdict,
        "kind": segment.kind,
        "reasons": list(segment.reasons),
        "names": sorted({entity.text for entity in segment.entities}),
        "translations": {
            code: {"text": made.text, "flags": list(made.flags)} for code, made in segment.translations.items()
        },
    }


def people(film: FilmDocument) -> list[str]:
    """Return the names and terms that a word may be another spelling of."""
    found = film.files.names
    named = [item.text for item in found.names] if found else []
    targets = [item.target for item in found.names if item.target] if found else []
    cast = [item.character for item in found.cast] if found else []
    return list(dict.fromkeys(text for text in (*named, *targets, *cast) if text))


def done(film: FilmDocument, made: Done) -> JsonObject:
    """Return what a step has changed: the answer to who made it, and the event for all others."""
    with film.lock:
        cues: dict[str, list[JsonObject]] = {}
        removed: dict[str, list[str]] = {}
        for language, ids in made.told.items():
            found = film.lanes[language]
            cues[language] = [cue(film, found, found.cues[key]) for key in sorted(ids) if key in found.cues]
            removed[language] = [key for key in sorted(ids) if key not in found.cues]
        # A decision changes no cue, but what is open of any lane that is shown.
        shown = {*made.told, *(code for code in film.lanes if made.entry.decisions and film.is_judged(code))}
        headlines = {
            language: judging.headline_json(
                judging.headline(film.judged(language), film.lanes[language], film.files, film.decided)
            )
            for language in sorted(shown)
        }
        approved = {language: film.approved(language) for language in film.lanes}
        return {
            "revision": film.revision,
            "by": made.entry.by,
            "client": made.entry.client,
            "key": made.entry.key,
            "cues": cues,
            "removed": removed,
            "headline": headlines,
            "approved": approved,
            "needs": _needs(film, made),
            "decisions": {key: after for key, (_, after) in made.entry.decisions.items()},
            "log": history_entry(film, made.entry),
        }


def _needs(film: FilmDocument, made: Done) -> JsonObject:
    """Return what needs a person now: all of it after a decision, which may be about anything, else what is near.

    A page puts ``found`` in place of what it had of the same ids, and of the cues.
    """
    if made.entry.decisions:
        return {"all": needs.find(film)}
    return {
        "cues": {language: sorted(ids) for language, ids in made.told.items()},
        "found": needs.near(film, made.told),
    }


def history(film: FilmDocument) -> list[JsonObject]:
    """Return the steps, the last one first."""
    with film.lock:
        return [history_entry(film, entry) for entry in reversed(film.entries)]


def history_entry(film: FilmDocument, entry: Entry) -> JsonObject:
    """Return a step as the history shows it."""
    return {
        "revision": entry.revision,
        "kind": entry.kind,
        "by": entry.by,
        "client": entry.client,
        "at": entry.at,
        "label": entry.label,
        "of": entry.of,
        "ops": list(dict.fromkeys(str(edit.get("op")) for edit in entry.edits)),
        "touches": list(_touches([entry])) if entry.kind != "base" else [],
        "undone": entry.kind in PERSONS and film.is_undone(entry.revision),
        "left": list(entry.left),
    }


def _touches(entries: Iterable[Entry]) -> Iterable[str]:
    for entry in entries:
        for change in entry.lanes.values():
            yield from dict.fromkeys([*(item.id for item in change.put), *change.gone])


def at(film: FilmDocument, revision: int) -> JsonObject:
    """Return the lanes as they were after a step: their cues' times and texts."""
    lanes, decided = film.state_at(revision)
    return {
        "revision": revision,
        "decisions": decided,
        "lanes": {
            language: [
                {"id": item.id, "start": item.start_ms, "end": item.end_ms, "text": item.text, "hand": item.hand}
                for item in in_order(cues.values())
            ]
            for language, cues in lanes.items()
        },
    }


def conflict(film: FilmDocument, error: ConflictError) -> JsonObject:
    """Return an edit that nobody made, beside what somebody else has made of the same cue."""
    with film.lock:
        return {
            "error": error.what,
            "revision": error.revision,
            "conflicts": [
                {
                    "edit": item.edit,
                    "yours": item.edit,
                    "theirs": {"cue": cue(film, film.lanes[item.language], item.cue) if item.cue else None},
                    "by": item.by,
                    "revision": item.revision,
                }
                for item in error.conflicts
            ],
        }
