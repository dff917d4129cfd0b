"""A film as it stands on the page: what its stages made, and over it the log of all edits."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import times, typed_json
from samvad.core.errors import ConfigurationError
from samvad.core.typed_json import JsonObject
from samvad.review import carrying, job, judging
from samvad.review.edit_log import EditLog, Entry
from samvad.review.job import JobFiles
from samvad.review.judging import Judged
from samvad.review.lanes import Change, Lane, LaneCue, in_order, of_machine
from samvad.stages.subtitle_gen.corrections import FOLDER
from samvad.text import languages

_TURNS = ("undo", "redo")


@dataclass(frozen=True)
class Who:
    """A person, and the window that they edit in."""

    name: str
    client: str = ""


class FilmState:
    """What a film's page is made of; brought up to date by ``refresh``, changed by ``FilmDocument`` alone.

    Args:
        folder: the film's job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
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
                    for cue_id in ids_of(change.back):
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


def approval_checksum(lane: Lane) -> str:
    """Return the checksum of what viewers see of a lane: the times and texts of its cues."""
    return _checksum([(cue.start_ms, cue.end_ms, cue.text) for cue in in_order(lane.cues.values())])


def ids_of(change: Change) -> list[str]:
    """Return the ids of the cues that a change is about."""
    return list(dict.fromkeys([*(cue.id for cue in change.put), *change.gone, *(cue.id for cue in change.was)]))


def _checksum(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
