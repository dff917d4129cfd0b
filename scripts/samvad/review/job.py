"""What a film's job has for the page: the machine's cues, and the film's segments, shots, names and songs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from samvad.core import stages
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import (
    coverage,
    job_manifest,
    machine_cues,
    names,
    probe,
    run_record,
    second_reading,
    segments,
    shots,
    songs,
    speech_regions,
    stage_manifest,
    subtitle_check,
    tracks,
)
from samvad.documents.machine_cues import MachineCue
from samvad.documents.names import Names
from samvad.documents.probe import Probe
from samvad.documents.second_reading import Proposal
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.songs import Song
from samvad.documents.stage_manifest import StageManifest
from samvad.documents.subtitle_check import TrackCheck
from samvad.documents.tracks import SubtitleFiles
from samvad.documents.word_account import Unexplained
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import qc, worth

_STAGE = stages.BY_NAME["subtitle_gen"]


@dataclass(frozen=True)
class JobFiles:
    """What a job's stages made, as far as it is there.

    Attributes:
        folder: the job's.
        made: checksum of stage 09's manifest's cues: another one, and the machine has made them anew.
        probe: what stage 01 found.
        document: the segments that stage 09 read.
        shots: times of the shot changes in ms.
        machine: the machine's cues by language.
        tracks: what stage 09 wrote, by language.
        checks: what it said of it, by language.
        further: what it said of the tracks that are made of others.
        rules: by language.
        profile: the name of the profile.
        profile_title: for people.
        speech: where somebody speaks, in ms; None where that is not known.
        perhaps: where somebody may speak under other sound, in ms.
        loud: where other sound is too loud to hear anybody, in ms.
        names: those of stage 05.
        songs: those of stage 06.
        manifests: of the stages, by name.
    """

    folder: Path
    made: str
    probe: Probe
    document: SegmentsDocument
    shots: tuple[int, ...]
    machine: Mapping[str, tuple[MachineCue, ...]]
    tracks: Mapping[str, SubtitleFiles]
    checks: Mapping[str, TrackCheck]
    further: tuple[TrackCheck, ...]
    rules: Mapping[str, Rules]
    profile: str
    profile_title: str
    speech: tuple[tuple[int, int], ...] | None
    perhaps: tuple[tuple[int, int], ...]
    loud: tuple[tuple[int, int], ...]
    names: Names | None
    songs: tuple[Song, ...]
    manifests: Mapping[str, StageManifest]

    @property
    def film_ms(self) -> int:
        """Return how long the film is."""
        return max(1, self.probe.duration_ms, self.document.duration_ms)

    @functools.cached_property
    def segments(self) -> dict[int, Segment]:
        """Return the film's segments by number."""
        return {segment.id: segment for segment in self.document.segments}

    @functools.cached_property
    def sure(self) -> float | None:
        """Return the mean probability of all words that are shown."""
        return worth.sureness(self.document.shown())

    @functools.cached_property
    def unsure(self) -> float:
        """Return the share of the words that stand in very unsure lines."""
        return worth.unsure(self.document.shown())

    @functools.cached_property
    def _known(self) -> dict[object, Any]:
        """What was worked out of the document, which stays as it is: a page asks for it at every edit."""
        return {}

    def gaps(self, language: str) -> list[coverage.Gap]:
        """Return the stretches of speech in which a track of the machine's has no text, in order."""
        if language not in self._known:
            self._known[language] = worth.gaps(self.document, language, self.speech or ())
        found: list[coverage.Gap] = self._known[language]
        return found

    def covered(self, language: str) -> list[coverage.Gap]:
        """Return the stretches without text in which somebody may speak under other sound, in order."""
        key = ("covered", language)
        if key not in self._known:
            self._known[key] = worth.gaps(self.document, language, self.perhaps)
        found: list[coverage.Gap] = self._known[key]
        return found

    def unexplained(self, language: str) -> tuple[Unexplained, ...]:
        """Return the words that were lost, or came, on the way into a track of the machine's, without a record."""
        check = self.checks.get(language)
        return check.words.unexplained if check and check.words else ()

    def unexplained_beside(self, language: str) -> int:
        """Return how many words were lost, or came, on the way into the tracks that are made of a language's own."""
        return worth.unexplained_beside(language, self.further, self.unexplained(language))

    def sureness(self, numbers: tuple[int, ...]) -> float | None:
        """Return the mean probability of the words of some segments, by their numbers; None where none is known."""
        if numbers not in self._known:
            known = [self.segments[number] for number in numbers if number in self.segments]
            self._known[numbers] = worth.sureness(known)
        found: float | None = self._known[numbers]
        return found

    def second_reading(self) -> dict[str, tuple[Proposal, ...]]:
        """Return what a second reader of translations proposes, by language; nothing where none has read them.

        Raises:
            ChangedFileError: its table is damaged.
        """
        path = self.output("translation", "second_reading")
        found = second_reading.read(path) if path else ()
        return {code: tuple(row for row in found if row.language == code) for code in {row.language for row in found}}

    def output(self, stage: str, kind: str) -> Path | None:
        """Return a file that a stage made; None where it made none, or it is gone."""
        manifest = self.manifests.get(stage)
        record = manifest.output(kind) if manifest else None
        path = self.folder / record.path if record else None
        return path if path and path.is_file() else None


def _shots(folder: Path, manifest: StageManifest, given: Mapping[str, Path]) -> tuple[int, ...]:
    """Return the film's shot changes: as stage 09 found them, or was given them."""
    made = manifest.output("shots")
    path = folder / made.path if made else given.get("shots")
    return shots.read(path).cuts_ms if path and path.is_file() else ()


def stamp_of(folder: Path) -> tuple[int, int]:
    """Return what tells, for the price of a look, that stage 09's manifest is the one that was read."""
    try:
        status = (folder / _STAGE.folder / "manifest.json").stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino


def made_by(folder: Path) -> str:
    """Return what tells one result of stage 09 from another; empty where there is none."""
    manifest = stage_manifest.read_optional(folder / _STAGE.folder / "manifest.json")
    return stamp(manifest) if manifest else ""


def stamp(manifest: StageManifest) -> str:
    """Return what tells this result of stage 09 from another."""
    given = {item.type: item.checksum for item in manifest.inputs if item.type in ("segments", "shots")}
    record = manifest.output("cues")
    return " ".join(filter(None, (record.checksum if record else "", *map(str, given.values()))))


def read(folder: Path) -> JobFiles:
    """Return what a job has.

    Raises:
        ConfigurationError: stage 09 has not made its subtitles yet.
        SamvadError: a document is damaged; names it.
    """
    place = folder / _STAGE.folder
    if not (place / "manifest.json").is_file():
        raise ConfigurationError(f"{title_of(folder)} has no subtitles yet.", "Start it; the page opens when they are.")
    records = {stage.name: folder / stage.folder / "manifest.json" for stage in stages.STAGES}
    found = {name: stage_manifest.read_optional(path) for name, path in records.items()}
    manifest = stage_manifest.read(place / "manifest.json")
    made = manifest.output("cues")
    given = {item.type: folder / item.path for item in manifest.inputs if not item.path.startswith("/")}
    if made is None or not {"segments", "probe"} <= given.keys():
        raise ConfigurationError(f"{place} was made by an older Samvad.", "Run the film again first.")
    document, about = segments.read(given["segments"]), probe.read(given["probe"])
    machine = machine_cues.read(folder / made.path).tracks
    checks = subtitle_check.read(place / "qc.json")
    manifests = {name: item for name, item in found.items() if item is not None}
    regions, heard = given.get("speech_regions"), given.get("coverage")
    return JobFiles(
        folder=folder,
        made=stamp(manifest),
        probe=about,
        document=document,
        shots=_shots(folder, manifest, given),
        machine=machine,
        tracks={track.language: track for track in tracks.read(place / "tracks.json").tracks},
        checks={check.language: check for check in checks.tracks},
        further=tuple(checks.further.values()),
        rules={language: qc.rules_of(place, language) for language in machine},
        profile=str(manifest.config.get("profile") or ""),
        profile_title=checks.profile,
        speech=speech_regions.read(regions, spoken=True) if regions and regions.is_file() else None,
        perhaps=coverage.perhaps(heard) if heard and heard.is_file() else (),
        loud=coverage.loud(heard) if heard and heard.is_file() else (),
        names=_optional_names(folder, manifests),
        songs=_optional_songs(folder, manifests),
        manifests=manifests,
    )


def title_of(folder: Path) -> str:
    """Return the title of a job's film, as well as its records tell it."""
    run = run_record.read_optional(folder)
    manifest = job_manifest.read_optional(folder)
    return (run.title if run else "") or (manifest.input.title if manifest else "") or folder.name


def frame_rate(files: JobFiles) -> Fraction:
    """Return the film's frames a second, as its rules have it."""
    return next((rules.frame_rate for rules in files.rules.values()), Fraction(24))


def _optional_names(folder: Path, manifests: Mapping[str, StageManifest]) -> Names | None:
    record = manifests["ner"].output("names") if "ner" in manifests else None
    try:
        return names.read(folder / record.path) if record else None
    except SamvadError:
        return None


def _optional_songs(folder: Path, manifests: Mapping[str, StageManifest]) -> tuple[Song, ...]:
    record = manifests["lyrics_detection"].output("songs") if "lyrics_detection" in manifests else None
    try:
        return songs.read(folder / record.path).songs if record else ()
    except SamvadError:
        return ()
