"""A film on the page: what its stages made, and the log of edits; each step is made whole or not at all."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samvad.core import times, typed_json
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.typed_json import JsonObject
from samvad.review import carrying, decisions, edits, job, judging
from samvad.review.edit_log import PERSONS, EditLog, Entry
from samvad.review.edits import Draft
from samvad.review.job import JobFiles
from samvad.review.judging import Judged
from samvad.review.lanes import Change, Lane, LaneCue, difference, in_order, of_machine
from samvad.stages.subtitle_gen.corrections import FOLDER
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
class Who:
    """A person, and the window that they edit in."""

    name: str
    client: str = ""


@dataclass(frozen=True)
class Done:
    """What a step has done.

    Attributes:
        entry: its line of the log.
        told: by lane, the ids of the cues that are others now, or have other flags.
    """

    entry: Entry
    told: dict[str, set[str]] = field(default_factory=dict)


class FilmDocument:
    """A film's document, shared by all who have it open; every method may be called from any thread.

    Args:
        folder: the film's job.
        listener: is told of every step, while nobody else can make one.
    """

    def __init__(self, folder: Path, listener: Callable[[Done], None] = lambda _: None) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self._listener = listener
        self.changed = 0.0
        self._log = EditLog(folder / FOLDER)
        self._is_whole = False
        self._load()

    def _load(self, known: JobFiles | None = None) -> None:
        """Read what the machine made, and the log; where one cannot be read, all stays as it was."""
        stamp = job.stamp_of(self.folder)
        made, entries = known or job.read(self.folder), self._log.read()
        self._is_whole = False
        self._stamp = stamp
        self.files: JobFiles = made
        self.entries: list[Entry] = entries
        self.lanes: dict[str, Lane] = {}
        self.decided: dict[str, Any] = {}
        self._based: dict[str, str] = {}
        self._machine: dict[str, tuple[LaneCue, ...]] = {}
        self._by_key: dict[str, Entry] = {}
        for entry in self.entries:
            self._apply(entry)
        self._judged: dict[str, Judged] = {}
        self._follow_machine()
        for language, lane in self.lanes.items():
            self._judged[language] = judging.judge(lane, self.rules(language), self.files)
        self._is_whole = True

    def refresh(self) -> bool:
        """Read anew what others have written since: the machine, or another server; say whether anything was."""
        with self.lock:
            now = job.stamp_of(self.folder)
            is_ours = self._is_whole and self._log.is_ours
            if is_ours and now == self._stamp:
                return False
            made = job.made_by(self.folder)
            if is_ours and made in ("", self.files.made):
                self._stamp = now
                return False
            # While stage 09 is at work there is no result of it; the log may be another server's meanwhile.
            self._load(None if made else self.files)
            return True

    @property
    def revision(self) -> int:
        """Return the number of the last step."""
        return self.entries[-1].revision if self.entries else 0

    @property
    def segments(self) -> Mapping[int, Any]:
        """Return the film's segments by number."""
        return self.files.segments

    def rules(self, language: str) -> Any:
        """Return the rules of a lane."""
        if language in self.files.rules:
            return self.files.rules[language]
        from samvad.settings import subtitle_profiles

        return subtitle_profiles.load(self.files.profile).rules(language, job.frame_rate(self.files))

    def judged(self, language: str) -> Judged:
        """Return the flags of a lane."""
        return self._judged[language]

    def machine(self, language: str) -> Sequence[LaneCue]:
        """Return what the machine has made of a lane; nothing of one that a person has added."""
        if language in self._machine:
            return self._machine[language]
        made = self.files.machine.get(language, ())
        return [of_machine(number, language, cue) for number, cue in enumerate(made, start=1)]

    def take(self, who: Who, label: str, lanes: dict[str, Change], decided: Mapping[str, tuple[Any, ...]]) -> Done:
        """Make a step of what somebody has changed in a file by hand."""
        with self.lock:
            return self._make(self._entry("taken", who, label=label, lanes=lanes, decisions=dict(decided)))

    def is_judged(self, language: str) -> bool:
        """Say whether a lane has been looked at yet."""
        return language in self._judged

    def is_spoken(self, language: str) -> bool:
        """Say whether a lane is in the language that the film is spoken in."""
        track = self.files.tracks.get(language)
        return not track.translated if track else languages.same(language, self.files.document.language)

    def approved(self, language: str) -> JsonObject | None:
        """Return who has approved a lane, and whether it was changed since; None where nobody has."""
        found = self.decided.get(f"approved/{language}")
        if not found:
            return None
        return {**found, "changed": found["checksum"] != approval_checksum(self.lanes[language])}

    def _follow_machine(self) -> None:
        """Give the lanes what the machine makes now: at first as it is; later, edits are carried over to it."""
        changes: dict[str, Change] = {}
        made: dict[str, str] = {}
        machines: dict[str, tuple[LaneCue, ...]] = {}
        left: list[str] = []
        for language, machine in self.files.machine.items():
            checksum = _checksum(typed_json.plain(machine))
            lane = self.lanes.get(language)
            if lane is None:
                lane = self.lanes[language] = Lane(language)
                for number, cue in enumerate(machine, start=1):
                    found = of_machine(number, language, cue)
                    lane.cues[found.id] = found
                lane.last = len(machine)
                self._based[language] = checksum
            elif self._based.get(language) not in (None, checksum):
                new = [of_machine(number, language, cue) for number, cue in enumerate(machine, start=1)]
                change, lost = carrying.carried(lane, self._machine.get(language, ()), new)
                changes[language], made[language], machines[language] = change, checksum, tuple(new)
                left += [f"{languages.name(language)}: {text}" for text in lost]
        if made:
            label = "The machine made its subtitles anew: edits were carried over"
            who, lost_ = Who("samvad"), tuple(left)
            entry = self._entry("rebase", who, label=label, lanes=changes, made=made, machine=machines, left=lost_)
            self._append([entry])

    def _entry(self, kind: str, who: Who, **values: Any) -> Entry:
        about: dict[str, Any] = {"kind": kind, "at": times.utc_now(), "by": who.name, "client": who.client}
        return Entry(revision=self.revision + 1, **about, **values)

    def _apply(self, entry: Entry) -> None:
        for language, change in entry.lanes.items():
            lane = self.lanes.setdefault(language, Lane(language))
            lane.put(change, entry.revision if entry.kind != "base" else 0, entry.client)
            if entry.kind == "base":
                self._machine[language] = change.put
        self._machine.update(entry.machine)
        self._based.update(entry.made)
        for key, (_, after) in entry.decisions.items():
            if after is None:
                self.decided.pop(key, None)
            else:
                self.decided[key] = after
        if entry.key:
            self._by_key[entry.key] = entry

    def _append(self, entries: list[Entry]) -> None:
        """Write entries to the disk, then into the document."""
        self._log.append(entries)
        for entry in entries:
            self.entries.append(entry)
            self._apply(entry)

    def _first(self, touched: Iterable[str]) -> list[Entry]:
        """Return the entry that keeps what the machine had made of lanes that are edited for the first time."""
        new = {language: self.lanes[language] for language in touched if language in self.lanes}
        known = {language for entry in self.entries for language in entry.made}
        lanes = {code: Change(put=tuple(lane.cues.values())) for code, lane in new.items() if code not in known}
        if not lanes:
            return []
        made = {language: self._based.get(language, "") for language in lanes}
        return [self._entry("base", Who("samvad"), label="What the machine made", lanes=lanes, made=made)]

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
        return Done(entry, {language: {*_ids(change)} for language, change in entry.lanes.items()})

    def _make(self, entry: Entry) -> Done:
        """Write a step down, and look at the cues that it has changed."""
        before = self._first(entry.lanes)
        entry = replace(entry, revision=self.revision + 1 + len(before))
        self._append([*before, entry])
        told: dict[str, set[str]] = {}
        for language, change in entry.lanes.items():
            lane = self.lanes[language]
            if language in self._judged:
                told[language] = judging.judge_again(self._judged[language], lane, self.files.shots, _ids(change))
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
            for cue_id in _ids(change):
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

    def state_at(self, revision: int) -> tuple[dict[str, dict[str, LaneCue]], dict[str, Any]]:
        """Return the cues of each lane and the decisions as they were after a step.

        Raises:
            ConfigurationError: there was no such step.
        """
        with self.lock:
            if not 0 <= revision <= self.revision:
                raise ConfigurationError(f"There is no step {revision}.", f"There are {self.revision}.")
            lanes = {language: dict(lane.cues) for language, lane in self.lanes.items()}
            decided = dict(self.decided)
            for entry in reversed(self.entries):
                if entry.revision <= revision:
                    break
                for language, change in entry.lanes.items():
                    if entry.kind == "base":  # it only wrote down what was there
                        continue
                    for cue_id in _ids(change.back):
                        lanes[language].pop(cue_id, None)
                    lanes[language].update({cue.id: cue for cue in change.was})
                for key, (before, _) in entry.decisions.items():
                    decided[key] = before
            return lanes, {key: value for key, value in decided.items() if value is not None}

    def _entry_of(self, revision: object) -> Entry:
        found = next((entry for entry in self.entries if entry.revision == revision), None)
        if found is None:
            raise ConfigurationError(f"There is no step {str(revision)[:20]}.")
        return found

    def is_undone(self, revision: int) -> bool:
        """Say whether a step has been taken back, and not made again."""
        last = next((item for item in reversed(self.entries) if item.of == revision and item.kind in _TURNS), None)
        return last is not None and last.kind == "undo"


def _put_back(lane: Lane, change: Change) -> Change:
    """Return what puts a change's cues back as they were before it, whatever they are now."""
    made = {cue.id for cue in change.put}
    rest = {cue_id: cue for cue_id, cue in lane.cues.items() if cue_id not in made}
    return difference(lane.cues, {**rest, **{cue.id: cue for cue in change.was}})


def approval_checksum(lane: Lane) -> str:
    """Return the checksum of what viewers see of a lane: the times and texts of its cues."""
    return _checksum([(cue.start_ms, cue.end_ms, cue.text) for cue in in_order(lane.cues.values())])


def _ids(change: Change) -> list[str]:
    return list(dict.fromkeys([*(cue.id for cue in change.put), *change.gone, *(cue.id for cue in change.was)]))


def _label(wanted: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(str(edit.get("op")) for edit in wanted))
    more = f" ({len(wanted)} edits)" if len(wanted) > 1 else ""
    return ", ".join(names[:3]).replace("_", " ") + more


def _checksum(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


_TURNS = ("undo", "redo")
#: Steps of their own, which are made of the log.
_WHOLE: dict[str, Callable[[FilmDocument, Mapping[str, Any], Who], Entry]] = {
    "add_lane": FilmDocument._add_lane,
    "approve": FilmDocument._approve,
    "unapprove": FilmDocument._approve,
    "undo": FilmDocument._undo,
    "redo": FilmDocument._redo,
    "restore": FilmDocument._restore,
}
