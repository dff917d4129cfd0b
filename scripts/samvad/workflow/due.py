"""Which stages of a film are due: what each would be told now, beside what its manifest says that it was told.

The stage manifests alone are asked, and the files that they name: not Snakemake's memory of runs, which lies in a
folder that may be deleted or left behind, knows nothing of files that no rule makes, and forgets a redo that failed.

A file that cannot be looked at (its disk is away, somebody has tidied up) is no change: a stage that is done stays so.
"""

from __future__ import annotations

import functools
import json
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import outside, places, stages, this_machine
from samvad.core.declarations import Option, Stage
from samvad.core.errors import ChangedFileError, SamvadError
from samvad.documents import job_manifest, provenance, run_record, stage_manifest
from samvad.media import addresses, fetched
from samvad.models.weights import pinned_commit
from samvad.runner.code_hash import code_hash
from samvad.settings.configuration import Film
from samvad.settings.stage_settings import StageSettings
from samvad.workflow import looks, models_check, run_log
from samvad.workflow.done_list import DoneList, told_to_all
from samvad.workflow.stage_records import Content, File, Record, same

#: A manifest whose time is so much later than now, in seconds, was written by a clock that has been put right since.
_AHEAD_SECONDS = 2.0
_DONE = ("success", "skipped")
#: What makes a stage due, by Snakemake's names: another code, another option or file, others' results made anew, other
#: packages in its environment.
HEEDED = ("code", "params", "input", "software_env")


@dataclass
class Verdict:
    """How a stage of a film stands.

    Attributes:
        due: why it is to be made, for people; empty: it is whole.
        done: whether it has a record of being done, which a redo takes the place of.
        away: what its record names and cannot be looked at.
    """

    due: str = ""
    done: bool = False
    away: list[str] = field(default_factory=list)


class Judge:
    """Compares what stages would be told with their records.

    Args:
        config: the configuration, checked.
        films: the films by job folder.
        output_root: where the job folders are.
        switches: returns for every stage whether it is on for a film.
        mend: says whether manifests from a clock that was ahead get the time of now: Snakemake takes no result that is
            older than what it was made from.
        runs_here: whether the stages run on this machine.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        films: Mapping[str, Film],
        output_root: Path,
        switches: Callable[[Film], Mapping[str, bool]],
        *,
        mend: Callable[[], bool],
        runs_here: bool = True,
    ) -> None:
        self._films = films
        self._output_root = output_root
        self._switches = switches
        self._settings = {stage.name: StageSettings(stage, config) for stage in stages.STAGES}
        self._mend = mend
        self._runs_here = runs_here
        self._now = time.time()
        self._known: dict[tuple[str, frozenset[str], frozenset[str]], dict[str, Verdict]] = {}
        self._config = config

    @functools.cached_property
    def _done(self) -> DoneList:
        """Return the list of films that were done; most that is asked for is no shelf, and needs none."""
        return DoneList(self._output_root, told_to_all(self._config))

    def is_settled(self, job: str, asked: Collection[str]) -> bool:
        """Say whether a film is done, its records say so, and nothing of it is due: there is nothing to plan.

        Args:
            job: its job folder, below the output root.
            asked: the stages that are asked for, with all that they need.
        """
        film, place = self._films[job], self._output_root / job
        if looks.file(job_manifest.path_of(place)) is None:  # nothing of a film that is new needs to be known
            return False
        if self._done.holds(film, asked):
            return True
        # Of a verdict that is known already no looks would be noted, and the list would hold it by nothing.
        is_new = (job, frozenset(asked), frozenset(HEEDED)) not in self._known
        with looks.noting() as notes:
            found = self.verdicts(job, asked).values()
            settled = all(each.done and not each.due and not each.away for each in found) and _is_told(place)
        if settled and notes.lasting and is_new:
            self._done.add(film, asked, notes)
        return settled

    def keep(self) -> None:
        """Remember which films are done; a dry run writes nothing."""
        if "_done" in self.__dict__ and self._mend():
            self._done.keep()

    def look_at_films(self, jobs: Iterable[str]) -> None:
        """Ask the servers of films that lie elsewhere for all of them at once: one after the other takes its time."""
        fetched.ask_all(media for job in jobs if addresses.is_remote(media := self._films[job].media))

    def verdicts(self, job: str, asked: Collection[str], heed: Collection[str] = HEEDED) -> dict[str, Verdict]:
        """Return how stages of a film stand, each for itself: what follows from one that is due is not told.

        Args:
            job: its job folder, below the output root.
            asked: the stages that are asked for, with all that they need.
            heed: of ``HEEDED``, what makes a stage due beside what is missing, failed or damaged.
        """
        key = (job, frozenset(asked), frozenset(heed))
        if key not in self._known:
            self._known[key] = self._judged(*key)
        return self._known[key]

    def _judged(self, job: str, asked: Collection[str], heed: Collection[str]) -> dict[str, Verdict]:
        film, place = self._films[job], self._output_root / job
        on = self._switches(film)
        is_new = not os.path.lexists(place)  # nothing of it need be looked for
        records = {name: None if is_new else self._read(place, name) for name in stages.BY_NAME if name in asked}
        missed = set() if is_new else set(_missed(place, records))
        found = {}
        for name, record in records.items():
            verdict = found[name] = Verdict()
            if record is None:
                verdict.due = "there is no record of it"
                continue
            verdict.done = record.status in _DONE
            try:
                reasons = self._reasons(stages.BY_NAME[name], film, place, record, verdict, heed, missed)
                verdict.due = next(reasons, "")
                if not verdict.due and "input" in heed:
                    verdict.due = next(_given(stages.BY_NAME[name], on, record, records), "")
            except (OSError, SamvadError) as error:
                verdict.away.append(str(error))
        return found

    def lacking(self, job: str, stage: str, *, film: bool) -> list[str]:
        """Return what a stage needs and that is not there, or is no good; ``film``: also the film.

        Models are looked for where the stages run on this machine alone.
        """
        row, found = self._films[job], []
        is_new = not os.path.lexists(f"{self._output_root}/{job}")
        own = f"{self._output_root}/{job}/{stages.BY_NAME[stage].folder}"
        places_of = ((own, "a folder of its own"), (f"{own}/attempts", "a folder of its attempts"))
        job_of = (f"{self._output_root}/{job}", "a folder of the film")
        for place, what in () if is_new else (job_of, *places_of):
            there = looks.file(place)
            if there is not None and not stat.S_ISDIR(there.st_mode):
                found.append(f"{what} (what lies at {place} is no folder: move it away)")
                break
            if there is not None and self._runs_here and not os.access(place, os.W_OK | os.X_OK):
                found.append(f"{what} that can be written into (change the permissions of {place})")
                break
        if film and stage in ("demux", "mux") and not _is_there(row.media):
            found.append(f"the film {row.media}, which cannot be found")
        named = list(self._named(stages.BY_NAME[stage], row))
        record = self._read(self._output_root / job, stage) if named and not is_new else None
        for item, value in named:
            known = _recorded(item, value, record) if record else None
            if item.content == "profile":
                found += [f"a profile: {wrong}"] if isinstance(wrong := looks.profile(value), str) else []
            elif (known or item.column or item.kind == "path") and looks.file(_place(value)) is None:
                found.append(f"{item.name} {value}, which cannot be found")
        if self._runs_here:
            found += models_check.lacking(stages.BY_NAME[stage], self._settings[stage].values(row), row)
        return found + (self._lacking_room(row) if stage == "mux" else [])

    def _lacking_room(self, film: Film) -> list[str]:
        copies = 1 if self._settings["mux"].values(film)["burn_in"] == "none" else 2
        room = looks.lacking_room(film.media, self._output_root, copies)
        return [room] if room else []

    def missing_film(self, job: str) -> str:
        """Return the path of a job's film where that is not there, and was not read before; else an empty text."""
        media = self._films[job].media
        return "" if _is_there(media) or self._read(self._output_root / job, "demux") else media

    def is_finished(self, job: str, asked: Collection[str]) -> bool:
        """Say whether every stage that is asked for has a record of being done."""
        records = (self._read(self._output_root / job, name) for name in asked)
        return all(record is not None and record.status in _DONE for record in records)

    def lost(self, job: str, asked: Collection[str]) -> list[str]:
        """Return what a run that has ended well lacks nevertheless: records, and results that are gone."""
        if "_done" in self.__dict__ and self._done.holds(self._films[job], asked):
            return []
        place, found = self._output_root / job, []
        for name in asked:
            record, folder = self._read(place, name), place / stages.BY_NAME[name].folder
            if record is None or record.status not in _DONE:
                found.append(f"{folder} has no record of a success")
            else:
                found += [f"{folder}: {reason}" for reason in _outputs(stages.BY_NAME[name], place, record)]
        return found

    # -- one stage ---------------------------------------------------------------------------------------------------

    def _reasons(
        self,
        stage: Stage,
        film: Film,
        place: Path,
        record: Record,
        verdict: Verdict,
        heed: Collection[str],
        missed: Collection[str],
    ) -> Iterator[str]:
        """Yield why a stage is due; what cannot be looked at goes into the verdict meanwhile."""
        if not verdict.done:
            yield f"its record says {record.status}"
        yield from _outputs(stage, place, record, missed)
        if "code" in heed and record.code != code_hash(stage.name):
            yield "its code has changed"
        if "software_env" in heed and record.lock != _lock(stage.environment):
            yield f"envs/{stage.environment}.yaml has other packages"
        if "params" in heed:
            yield from self._told(stage, film, record)
            for item, value in self._named(stage, film):
                yield from _content(item, value, record, verdict)
            yield from _of_people(stage, film, place, record, verdict)
            yield from _skipped(record)
            yield from _lacked(record)

    def _told(self, stage: Stage, film: Film, record: Record) -> Iterator[str]:
        if record.film != film.film:
            yield f"the film is called {film.film} now, and was {record.film}"
        for name, value in self._settings[stage.name].values(film).items():
            if name not in record.config:
                yield f"{stage.key}.{name} was not recorded"
            elif not same(record.config[name], value):
                yield f"{stage.key}.{name} is {json.dumps(value)}, and was {json.dumps(record.config[name])}"

    def _named(self, stage: Stage, film: Film) -> Iterator[tuple[Option, str]]:
        """Yield the options of a stage that name something whose content counts, each with what it names."""
        own = self._settings[stage.name]
        if own.named:
            values = own.values(film)
            for item in own.named:
                named = values[item.name] if item.many else [values[item.name]]
                yield from ((item, value) for value in named if value)

    def _read(self, place: Path, name: str) -> Record | None:
        """Return a stage's record, or None where there is none that is whole."""
        path = place / stages.BY_NAME[name].folder / "manifest.json"
        try:
            with outside.open_regular(path) as file:
                there = os.fstat(file.fileno())
                if there.st_mtime > self._now + _AHEAD_SECONDS and self._mend():
                    os.utime(path)
                looks.opened(path, there)
                return Record.of(outside.json_value(file.read()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def _is_told(place: Path) -> bool:
    """Say whether the records that a run keeps of a job say that it was done, so that none is to be mended."""
    for path in (job_manifest.path_of(place), run_record.path_of(place)):
        looks.file(path)
    manifest, run = job_manifest.read_optional(place), run_record.read_optional(place)
    told = manifest is not None and manifest.pipeline.status == "success" and manifest.pipeline.run is None
    return told and run is not None and (run.stamp is None or run_log.is_ended(place, run))


def _is_there(media: str) -> bool:
    return fetched.now(media) is not None if addresses.is_remote(media) else Path(media).is_file()


def decisions_file(film: Film, place: Path, name: str) -> Path:
    """Return where a person's decisions about a film lie: in the folder its row names, else in the job's own."""
    return Path(film.review or place / "review") / name


# -- what a record names ---------------------------------------------------------------------------------------------


def _content(item: Option, value: str, record: Record, verdict: Verdict) -> Iterator[str]:
    """Yield whether what an option names holds something else now."""
    if item.content == "profile":
        yield from _profile(item.name, value, record, verdict)
        return
    if item.content == "model" and (pinned := pinned_commit(value)) is not None:
        if record.pinned.get(item.name) != pinned:
            yield f"config/models.yaml pins another commit of {value}"
        return
    place, known = looks.place(value), _recorded(item, value, record)
    there = looks.file(place)
    if known is None:
        if there is not None and record.status == "success":
            yield f"{item.name}: {value} is there now"
    elif there is None:
        verdict.away.append(f"{item.name} {value}")
    elif known.is_changed(place, there):
        yield f"{item.name}: {value} holds something else"


def _recorded(item: Option, value: str, record: Record) -> Content | File | None:
    """Return what a record says of what an option named: as weights, or as an input.

    A project that was copied lies elsewhere than its records say.
    """
    place = _place(value)
    known: list[Content | File] = [each for each in record.contents if each.option == item.name]
    known += [each for each in record.inputs if each.path.startswith("/")]
    same = (each for each in known if each.path == str(place))
    moved = (each for each in known if each.path.endswith(f"/{value}"))
    return next(same, None) or next(moved, None)


def _profile(option: str, value: str, record: Record, verdict: Verdict) -> Iterator[str]:
    known = [item.checksum for item in record.contents if item.option == option]
    found = looks.profile(value)
    if isinstance(found, str):
        verdict.away.append(f"the profile {value}")
    elif record.status == "success" and known != list(found):
        yield f"the profile {value} says something else"


def _of_people(stage: Stage, film: Film, place: Path, record: Record, verdict: Verdict) -> Iterator[str]:
    """Yield which files that people put there are others now: the film, decisions, corrections."""
    inputs = {item.type: item for item in record.inputs}
    if stage.name == "demux" and addresses.is_remote(film.media):
        facts = looks.remote(film.media)
        if facts is None:
            verdict.away.append(f"the film {film.media}")
        elif facts.fingerprint not in [item.fingerprint for item in record.contents if item.option == "media"]:
            yield f"{film.media} is another film"
    elif stage.name == "demux" and (read := inputs.get("film")):
        media = Path(film.media)
        there = looks.file(media)
        if there is None:
            verdict.away.append(f"the film {media}")
        elif not (str(media.absolute()) != read.path and read.is_as_large_and_old_as(there)) and read.is_changed(
            media, there
        ):
            yield f"{media} is another film"
        if beside := inputs.get("existing_subtitles"):
            yield from _kept(_beside(media, beside, read), beside, there is None, verdict)
    if stage.decisions:
        path = decisions_file(film, place, stage.decisions)
        away = bool(film.review) and looks.file(path.parent) is None
        yield from _kept(path, inputs.get("review"), away, verdict)
    if stage.corrected:
        yield from _kept(place / "corrections" / "added.json", inputs.get("added"), False, verdict)
        for language in sorted({item.type.partition("_")[2] for item in record.outputs} - {""}):
            path = place / "corrections" / f"{language}.srt"
            yield from _kept(path, inputs.get(f"correction_{language}"), False, verdict)


def _beside(media: Path, subtitles: File, film: File) -> Path:
    """Return where subtitles that were read beside a film are, also where both lie elsewhere than the record says."""
    folder = Path(film.path).parent
    place = Path(subtitles.path)
    return media.absolute().parent / place.relative_to(folder) if place.is_relative_to(folder) else place


def _kept(path: Path, read: File | None, away: bool, verdict: Verdict) -> Iterator[str]:
    """Yield why what a person has put beside a film is not what was read.

    Args:
        path: where it lies.
        read: what was read.
        away: whether its folder cannot be looked at.
        verdict: takes note where it cannot.
    """
    there = looks.file(path)
    if read is None:
        if there is not None:
            yield f"{path} is there now"
    elif there is None and away:
        verdict.away.append(str(path))
    elif there is None:
        yield f"{path} is there no more"
    elif not read.is_as_large_and_old_as(there) and looks.checksum(str(path)) != read.checksum:
        yield f"{path} has changed"


def _given(stage: Stage, on: Mapping[str, bool], record: Record, records: Mapping[str, Record | None]) -> Iterator[str]:
    """Yield why what other stages made for this one is not what it was given."""
    wanted = {name: name for name in (*stage.needs, *stage.after) if on[name]}
    if stage.reads_segments:
        wanted["segments"] = stages.segments_source(stage.name, on)
    if {option: maker for option, (maker, _) in record.given.items()} != wanted:
        yield "it takes what it reads from other stages now"
    for option, (maker, result) in record.given.items():
        made = records.get(maker)
        if made is not None and made.result != result:
            yield f"{maker} has made something else since ({option})"


def _missed(place: Path, records: Mapping[str, Record | None]) -> Iterator[str]:
    """Yield the files for want of which a stage has failed that is not done since."""
    for name, record in records.items():
        if record is not None and record.status in _DONE:
            continue
        folder = f"{stages.BY_NAME[name].folder}/attempts"
        tried = [entry.name for entry in Path(place, folder).glob("[0-9]*") if entry.name.isdigit()]
        try:
            last = stage_manifest.read(place / folder / max(tried, key=int, default="none") / "manifest.json")
        except SamvadError:  # it was killed, or has not begun
            continue
        for error in last.errors:
            if error.category == ChangedFileError.category and error.file:
                yield error.file


def _outputs(stage: Stage, place: Path, record: Record, missed: Collection[str] = ()) -> Iterator[str]:
    """Yield which results are gone, or not what the stage wrote.

    What is kept for other stages alone may be gone, unless one of them has missed it.
    """
    for item in record.outputs:
        path = f"{place}/{item.path}"
        there = looks.file(path)
        if there is None:
            if stage.is_result(item.type) or any(name.endswith(f"/{item.path}") for name in missed):
                yield f"{item.path} is gone"
        elif item.is_changed(path, there):
            yield f"{item.path} is not what it wrote"


def _skipped(record: Record) -> Iterator[str]:
    """Yield why a stage that had nothing to do may have something to do now."""
    variable, endpoint, url = (record.skip.get(key) for key in ("variable", "endpoint", "url"))
    if variable and looks.variable(variable) not in ("", record.skip.get("value")):
        yield f"{variable} has a value now that it had not"
    if endpoint and url and looks.answers(endpoint, url):
        yield f"{url} answers again"


def _lacked(record: Record) -> Iterator[str]:
    """Yield what the result would be better with, and what is to be had now; of another machine's places, nothing."""
    for item in record.lacks:
        what, place, endpoint, url = (item.get(key) for key in ("what", "place", "endpoint", "url"))
        if place and record.host == this_machine.node() and looks.file(Path(place)) is not None:
            yield f"{what}, is there now"
        if endpoint and url and looks.answers(endpoint, url):
            yield f"{url} answers again ({what})"


@functools.cache
def _place(value: str) -> Path:
    return places.find(value).absolute()


@functools.cache
def _lock(environment: str) -> str:
    return provenance.lock_hash(environment)
