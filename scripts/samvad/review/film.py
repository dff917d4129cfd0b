"""A film on the page: what its stages made, and the log of edits; each step is made whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samvad.core import times
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.review import decisions, edits, judging
from samvad.review.edit_log import PERSONS, Entry
from samvad.review.edits import Draft
from samvad.review.film_state import FilmState, Who, approval_checksum, ids_of
from samvad.review.lanes import Change, Lane, LaneCue, difference, in_order
from samvad.text import languages

#: So many edits go into one step.
MOST_EDITS = 20_000


@dataclass(frozen=True)
class Conflict:
    """An edit, and what somebody else has made of the same cue; None: they deleted it, or it is no cue."""

    edit: Mapping[str, Any]
    language: str = ""
    cue: LaneCue | None = None
    by: str = ""
    revision: int = 0


class ConflictError(SamvadError):
    """Somebody else has changed the same cue since: nothing of the step is made, and the person sees both."""

    category = "configuration"

    def __init__(self, conflicts: list[Conflict], revision: int) -> None:
        super().__init__("Somebody else has changed the same cue since.", "Look at both, and choose.")
        self.conflicts, self.revision = conflicts, revision


@dataclass(frozen=True)
class Done:
    """What a step has done.

    Attributes:
        entry: its line of the log.
        told: by lane, the ids of the cues that are others now, or have other flags.
    """

    entry: Entry
    told: dict[str, set[str]] = field(default_factory=dict)


class FilmDocument(FilmState):
    """A film's document, shared by all who have it open; every method may be called from any thread.

    Args:
        folder: the film's job.
        listener: is told of every step, while nobody else can make one.
    """

    def __init__(self, folder: Path, listener: Callable[[Done], None] = lambda _: None) -> None:
        self._listener = listener
        self.changed = 0.0
        super().__init__(folder)

    def take(self, who: Who, label: str, lanes: dict[str, Change], decided: Mapping[str, tuple[Any, ...]]) -> Done:
        """Make a step of what somebody has changed in a file by hand."""
        with self.lock:
            return self._make(self._entry("taken", who, label=label, lanes=lanes, decisions=dict(decided)))

    def edit(self, asked: Mapping[str, Any], who: Who) -> Done:
        """Make the edits of one step.

        Args:
            asked: ``edits``, with ``base``, ``label``, ``key`` and ``force`` as the page sends them.
            who: the person.

        Raises:
            ConflictError: another window has changed a cue that one of them is about.
            ConfigurationError: an edit cannot be made.
            DiskError: the log cannot be written.
        """
        wanted = asked.get("edits")
        if not isinstance(wanted, list) or not wanted or not all(isinstance(edit, dict) for edit in wanted):
            raise ConfigurationError("There are no edits in what was sent.")
        if len(wanted) > MOST_EDITS:
            raise ConfigurationError(f"{len(wanted)} edits are too many for one step.")
        key = str(asked.get("key") or "")
        with self.lock:
            self.refresh()
            if key and key in self._by_key:
                return self._again(self._by_key[key])
            base = asked.get("base")
            if isinstance(base, int) and not asked.get("force"):
                self._check_conflicts(wanted, base, who)
            label = str(asked.get("label") or "")[:200]
            if len(wanted) == 1 and wanted[0].get("op") in _WHOLE:
                whole = {**wanted[0], "force": bool(asked.get("force"))}
                entry = _WHOLE[wanted[0]["op"]](self, whole, who)
            else:
                entry = self._step(wanted, who)
            entry = replace(entry, label=label or entry.label, key=key, edits=tuple(wanted))
            if entry.kind == "edit" and not entry.lanes and not entry.decisions:
                return Done(replace(entry, revision=self.revision))  # all is so already
            return self._make(entry)

    def _again(self, entry: Entry) -> Done:
        return Done(entry, {language: {*ids_of(change)} for language, change in entry.lanes.items()})

    def _make(self, entry: Entry) -> Done:
        """Write a step down, and look at the cues that it has changed."""
        before = self._first(entry.lanes)
        entry = replace(entry, revision=self.revision + 1 + len(before))
        self._append([*before, entry])
        told: dict[str, set[str]] = {}
        for language, change in entry.lanes.items():
            lane = self.lanes[language]
            if language in self._judged:
                told[language] = judging.judge_again(self._judged[language], lane, self.files.shots, ids_of(change))
            else:
                self._judged[language] = judging.judge(lane, self.rules(language), self.files)
                told[language] = set(lane.cues)
        self.changed = time.monotonic()
        done = Done(entry, told)
        self._listener(done)
        return done

    def _step(self, wanted: Sequence[Mapping[str, Any]], who: Who) -> Entry:
        drafts: dict[str, Draft] = {}
        decided: dict[str, tuple[Any, ...]] = {}
        lanes: dict[str, Change] = {}
        for edit in wanted:
            name = str(edit.get("op"))
            if name in decisions.OPERATIONS:
                for about, value in decisions.OPERATIONS[name](self.files, edit).items():
                    before = decided[about][0] if about in decided else self.decided.get(about)
                    decided[about] = (before, value)
                continue
            operation = edits.OPERATIONS.get(name)
            if operation is None:
                raise ConfigurationError(f"There is no edit {name[:40]!r}.")
            operation(self._draft(drafts, edit), edit)
        for language, draft in drafts.items():
            change = draft.change
            if change.put or change.gone:
                lanes[language] = change
        return self._entry("edit", who, label=_label(wanted), lanes=lanes, decisions=decided)

    def _draft(self, drafts: dict[str, Draft], edit: Mapping[str, Any]) -> Draft:
        language = str(edit.get("lane"))
        if language not in self.lanes:
            raise ConfigurationError(f"The film has no subtitles in {language[:40]!r}.", "Add the language first.")
        if language not in drafts:
            files = self.files
            drafts[language] = Draft(
                self.lanes[language], self.rules(language), files.shots, files.film_ms, files.segments
            )
        return drafts[language]

    def _check_conflicts(self, wanted: Sequence[Mapping[str, Any]], base: int, who: Who) -> None:
        found: list[Conflict] = []
        for edit in wanted:
            language = str(edit.get("lane"))
            lane = self.lanes.get(language)
            if lane is None:
                continue
            for cue_id in edits.touched(edit):
                newer = lane.revisions.get(cue_id, 0)
                if newer > base and lane.clients.get(cue_id) != who.client:
                    by = next((entry.by for entry in reversed(self.entries) if entry.revision == newer), "")
                    found.append(Conflict(edit, language, lane.cues.get(cue_id), by, newer))
        if found:
            raise ConflictError(found, self.revision)

    def _undo(self, edit: Mapping[str, Any], who: Who) -> Entry:
        entry = self._entry_of(edit.get("entry"))
        if entry.kind not in PERSONS or self.is_undone(entry.revision):
            raise ConfigurationError(f"Step {entry.revision} is undone already, or is no step of a person's.")
        return self._back(entry, who, "undo", f"Undo: {entry.label}", force=bool(edit.get("force")))

    def _approve(self, edit: Mapping[str, Any], who: Who) -> Entry:
        language = str(edit.get("lane"))
        if language not in self.lanes or not self.lanes[language].cues:
            raise ConfigurationError(f"There are no subtitles in {language[:40]!r} to approve.")
        value = None
        if edit.get("op") == "approve":
            value = {"by": who.name, "at": times.utc_now(), "checksum": approval_checksum(self.lanes[language])}
        about = f"approved/{language}"
        verb = "Approved" if value else "Not approved any more"
        label = f"{verb}: {languages.name(language)}"
        return self._entry("edit", who, label=label, decisions={about: (self.decided.get(about), value)})

    def _add_lane(self, edit: Mapping[str, Any], who: Who) -> Entry:
        """Return what adds a track in another language: the cues of one that is there, to be written over."""
        language = languages.normalise(str(edit.get("language")), "the new track")
        source = self.lanes.get(str(edit.get("from")))
        if source is None:
            raise ConfigurationError("A track is added from one that is there.", "Name it.")
        before = self.lanes.get(language)  # empty: one that was added, and taken back
        if before is not None and (before.cues or language in self.files.machine):
            raise ConfigurationError(f"The film has subtitles in {languages.name(language)} already.")
        first = before.last + 1 if before else 1
        self.rules(language)  # where the profile has none for it, that is said now
        empty = bool(edit.get("empty"))
        made = [
            replace(
                cue, id=f"{language}-{number}", text=self._told_in(cue, language, "" if empty else cue.text), hand=True
            )
            for number, cue in enumerate(in_order(source.cues.values()), start=first)
        ]
        label = f"Added: {languages.name(language)}, from {languages.name(source.language)}"
        about = {f"added/{language}": (None, {"from": source.language})}
        return self._entry("edit", who, label=label, lanes={language: Change(put=tuple(made))}, decisions=about)

    def _told_in(self, cue: LaneCue, language: str, otherwise: str) -> str:
        """Return what stage 08 has made of a cue's segments in a language, where it has; else another text."""
        segments = self.files.segments
        said = [segments[number] for number in cue.segments if number in segments]
        made = [segment.translations[language].text for segment in said if language in segment.translations]
        return " ".join(made) if len(made) == len(said) == 1 else otherwise

    def _redo(self, edit: Mapping[str, Any], who: Who) -> Entry:
        entry = self._entry_of(edit.get("entry"))
        if not self.is_undone(entry.revision):
            raise ConfigurationError(f"Step {entry.revision} is not undone.")
        undone = next(item for item in reversed(self.entries) if item.kind == "undo" and item.of == entry.revision)
        made = self._back(undone, who, "redo", f"Redo: {entry.label}", force=bool(edit.get("force")))
        return replace(made, of=entry.revision)

    def _back(self, entry: Entry, who: Who, kind: str, label: str, *, force: bool) -> Entry:
        """Return what takes a step back.

        Args:
            entry: the step.
            who: takes it back.
            kind: what the step back is called in the log.
            label: what the history calls it.
            force: whether a person has seen what was changed since, and wants it taken back all the same.

        Raises:
            ConflictError: a cue of it was changed since.
        """
        conflicts: list[Conflict] = []
        asked = {"op": kind, "entry": entry.revision}
        lanes = {language: change.back for language, change in entry.lanes.items()}
        for language, change in entry.lanes.items():
            lane = self.lanes[language]
            left = {cue.id: cue for cue in change.put}
            for cue_id in ids_of(change):
                if lane.cues.get(cue_id) != left.get(cue_id):
                    newer = lane.revisions.get(cue_id, 0)
                    conflicts.append(Conflict(asked, language, lane.cues.get(cue_id), revision=newer))
        for about, (_, after) in entry.decisions.items():
            if self.decided.get(about) != after:
                conflicts.append(Conflict({**asked, "about": about}))
        if conflicts and not force:
            raise ConflictError(conflicts, self.revision)
        if conflicts:
            lanes = {code: _put_back(self.lanes[code], change) for code, change in entry.lanes.items()}
        back = {about: (self.decided.get(about), before) for about, (before, _) in entry.decisions.items()}
        return self._entry(kind, who, label=label, of=entry.revision, lanes=lanes, decisions=back)

    def _restore(self, edit: Mapping[str, Any], who: Who) -> Entry:
        """Return what brings a former state back: all cues and decisions as they were after a step."""
        revision = edits.whole(edit.get("revision"), "revision")
        lanes, decided = self.state_at(revision)
        changes = {
            language: change
            for language, lane in self.lanes.items()
            if language in lanes and (change := difference(lane.cues, lanes[language])) != Change()
        }
        keys = {*decided, *self.decided}
        others = {
            key: (self.decided.get(key), decided.get(key)) for key in keys if self.decided.get(key) != decided.get(key)
        }
        label = f"Back to step {revision}"
        return self._entry("restore", who, label=label, of=revision, lanes=changes, decisions=others)


def _put_back(lane: Lane, change: Change) -> Change:
    """Return what puts a change's cues back as they were before it, whatever they are now."""
    made = {cue.id for cue in change.put}
    rest = {cue_id: cue for cue_id, cue in lane.cues.items() if cue_id not in made}
    return difference(lane.cues, {**rest, **{cue.id: cue for cue in change.was}})


def _label(wanted: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(str(edit.get("op")) for edit in wanted))
    more = f" ({len(wanted)} edits)" if len(wanted) > 1 else ""
    return ", ".join(names[:3]).replace("_", " ") + more


#: Steps of their own, which are made of the log.
_WHOLE: dict[str, Callable[[FilmDocument, Mapping[str, Any], Who], Entry]] = {
    "add_lane": FilmDocument._add_lane,
    "approve": FilmDocument._approve,
    "unapprove": FilmDocument._approve,
    "undo": FilmDocument._undo,
    "redo": FilmDocument._redo,
    "restore": FilmDocument._restore,
}
