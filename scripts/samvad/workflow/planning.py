"""What a run is to do: which stages are due by the records, what hangs on them, and what it had better leave alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from snakemake.logging import logger

from samvad.core import stages
from samvad.core.console import printable
from samvad.workflow.due import Judge
from samvad.workflow.parts import Parts
from samvad.workflow.refusal import RefusedError
from samvad.workflow.snakemake_api import Asked, Decision

#: So many reasons are named; the rest are counted.
_NAMED = 20
#: So many stages that are done again for the same reason are named in its line.
_FEW = 3


class Plan:
    """Decides for Snakemake, film by film, and remembers what was asked for.

    A film whose stage is due, but would lack a file that it reads, is left as it is: the run does all else, and then
    says that it could not do everything. Where the film itself is not there, that holds only for one that is finished:
    of another, stage 01 says so at once.

    Args:
        judge: compares stages with their records.
        busy: says which other run is at work on a job's folder, in words; empty where none is.
        parts: which part of a large plan this is.
        looked: on which machine files are looked for, where the stages run on others; else empty.
    """

    def __init__(self, judge: Judge, busy: Callable[[str], str], parts: Parts, looked: str = "") -> None:
        self._judge = judge
        self._busy = busy
        self._parts = parts
        self._looked = f" (looked for on {looked}; its stages run on other machines)" if looked else ""
        self._asked: dict[str, list[str]] = {}
        self._left_alone: dict[str, str] = {}
        self._missed: list[str] = []
        self._settled: dict[str, frozenset[str]] = {}

    def leave_out(self, folder: str, why: str) -> None:
        """Take note of a film that cannot be made as it is asked for, before it is decided what is due."""
        self._left_alone[folder] = why

    def miss(self, rows: Sequence[str]) -> None:
        """Take note of what is wrong with rows of the sheet, all of which was asked for; the first part tells it."""
        self._missed = list(rows) if self._parts.is_first else []

    def unsettled(self, asked: Mapping[str, frozenset[str]], *, may_part: bool) -> set[str]:
        """Return the films that Snakemake is to plan: of a shelf, those that are done cost it more than the others.

        One is always among them, so that Snakemake has something to say.

        Args:
            asked: for each film's job folder the stages that are asked for, with all that they need.
            may_part: whether films may be left to another part of the plan: nothing else is asked for.
        """
        wanted: set[str] = set()
        settled: dict[str, frozenset[str]] = {}
        for folder, names in self._ahead(asked, may_part=may_part):
            if names and self._judge.is_settled(folder, names):
                settled[folder] = names
            elif may_part and self._parts.is_full(wanted):
                self._parts.end_before(folder, list(asked))
                break
            else:
                wanted.add(folder)
        if settled and not wanted:
            wanted.add(settled.popitem()[0])
        self._settled |= settled
        self._judge.keep()
        return wanted

    def _ahead(self, asked: Mapping[str, frozenset[str]], *, may_part: bool) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield films with what is asked for of them, once their servers have been asked."""
        for folders in self._parts.ahead(list(asked)) if may_part else [list(asked)]:
            self._judge.look_at_films(folders)
            yield from ((folder, asked[folder]) for folder in folders)

    def due(self, asked: Sequence[Asked], heed: Collection[str]) -> Decision:
        """Decide which jobs are to be done, and which not even then.

        Args:
            asked: all jobs of what was asked for.
            heed: what makes a stage due beside what is missing, failed or damaged.

        Raises:
            RefusedError: nothing is to be done but what cannot be, or another run is at work on one of the films.
        """
        self._parts.planned()
        films: dict[str, dict[str, int]] = defaultdict(dict)
        for folder, names in self._settled.items():
            self._asked[folder] = list(names)
        for number, job in enumerate(asked):
            if job.rule in stages.BY_NAME:
                films[job.wildcards["job"]][job.rule] = number
        self._judge.look_at_films(films)
        due: dict[int, str] = {}
        out: list[int] = []
        away: dict[str, list[str]] = defaultdict(list)
        again: list[tuple[str, str]] = []
        to_do: list[str] = []
        for folder, numbers in films.items():
            self._asked[folder] = list(numbers)
            if folder in self._left_alone:
                out += numbers.values()
                continue
            found, named, unseen = self._of_film(folder, numbers, asked, heed)
            for what in unseen:
                away[what].append(folder)
            if self._is_left_alone(folder, numbers, found):
                out += [] if self._judge.is_finished(folder, numbers) else numbers.values()
            else:
                due |= found
                again += named
                to_do += [folder] if found else []
        if taken := [f"  {folder}: {other}" for folder in to_do if (other := self._busy(folder))]:
            told = ["Another run is at work on what was asked for:", *taken, "Wait for its end, or stop it."]
            raise RefusedError("\n".join(told))
        _warn_of_missing([f"{folder}: {media}" for folder in to_do if (media := self._judge.missing_film(folder))])
        _tell("Done again", _joined(again))
        unseen = [f"{what} ({_some(where)}){self._looked}" for what, where in away.items()]
        _tell("Not to be looked at, and no change", unseen)
        if (self._left_alone or self._missed) and not due:
            raise RefusedError(self.shortfall())
        _tell("Left out", [*self._missed, *_by_reason(self._left_alone)])
        return Decision(due, out)

    def count(self, made: int, lost: Sequence[str]) -> None:
        """Count the films of a run that is at its end, for what is said when all parts of its plan are.

        Args:
            made: how many are done.
            lost: those that were begun, or to be, and are not, each with the reason.
        """
        left = [printable(f"{folder}: {why}") for folder, why in self._left_alone.items()]
        self._parts.count(made, [*lost, *left, *map(printable, self._missed)])

    @property
    def part(self) -> str:
        """Return in a few words which part of a large plan this is; empty where there is one alone."""
        return self._parts.shown

    def left_out(self) -> list[str]:
        """Return which films were left out before the work, and why, in lines for people."""
        return _shown([*self._missed, *_by_reason(self._left_alone)])

    def shortfall(self) -> str:
        """Return what a run that has ended well did not do, in words; empty when everything asked for is there."""
        lost = {
            folder: "; ".join(found)
            for folder, names in self._asked.items()
            if folder not in self._left_alone and (found := self._judge.lost(folder, names))
        }
        told = [*self._missed, *_by_reason({**self._left_alone, **lost})]
        return "\n".join(["Not everything that was asked for is done:", *_shown(told)]) if told else ""

    def _of_film(
        self, folder: str, numbers: Mapping[str, int], asked: Sequence[Asked], heed: Collection[str]
    ) -> tuple[dict[int, str], list[tuple[str, str]], list[str]]:
        """Return why which jobs of a film are due, the redone ones with the reason, and what could not be looked at."""
        verdicts = self._judge.verdicts(folder, numbers, heed)
        found: dict[int, str] = {}
        named = []
        for stage in stages.STAGES:  # in their order: what a stage reads comes before it
            if stage.name not in numbers:
                continue
            number, verdict = numbers[stage.name], verdicts[stage.name]
            before = [other for other in asked[number].needs if other in found]
            if asked[number].forced:
                found[number] = "it is forced"
            elif verdict.due:
                found[number] = verdict.due
            elif before:
                found[number] = f"{', '.join(asked[other].rule for other in before)}: made anew before it"
                continue
            else:
                continue
            if verdict.done:
                named.append((f"{folder}/{stage.folder}", found[number]))
        unseen = [what for name, verdict in verdicts.items() if numbers[name] not in found for what in verdict.away]
        return found, named, unseen

    def _is_left_alone(self, folder: str, numbers: Mapping[str, int], found: Mapping[int, str]) -> bool:
        """Say whether something of a film is due that cannot be done now."""
        names = [name for name, number in numbers.items() if number in found]
        finished = bool(names) and self._judge.is_finished(folder, numbers)
        lacks = {name: what for name in names if (what := self._judge.lacking(folder, name, film=finished))}
        if not lacks:
            return False
        first = min(lacks, key=lambda name: stages.BY_NAME[name].number)
        lacking = [what for found_of in lacks.values() for what in found_of]
        stands = "What was made before is left as it is" if finished else "Nothing is begun"
        self._left_alone[folder] = (
            f"{stages.BY_NAME[first].folder} is due ({found[numbers[first]]}), but it lacks "
            f"{', '.join(dict.fromkeys(lacking))}{self._looked}. {stands}; run again when it is there."
        )
        return True


def _warn_of_missing(films: Sequence[str]) -> None:
    """Say in a dry run, too, which films are not there: stage 01 will fail for want of them."""
    if films:
        more = [f"  … and {len(films) - _NAMED} more"] if len(films) > _NAMED else []
        shown = [f"  {printable(film)}" for film in films[:_NAMED]]
        logger.warning("\n".join(["These films are not there, so that they cannot be made:", *shown, *more]))


def _joined(again: Sequence[tuple[str, str]]) -> list[str]:
    """Return stages with the reasons why they are done again in lines, in one those that have the same."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for stage, why in again:
        by_reason[why].append(stage)
    return [
        f"{', '.join(found)}: {why}" if len(found) <= _FEW else f"{found[0]} and {len(found) - 1} other stages: {why}"
        for why, found in by_reason.items()
    ]


def _tell(what: str, found: Sequence[str]) -> None:
    if found:
        logger.info("\n".join([f"{what}:", *_shown(found)]))


def _shown(found: Sequence[str]) -> list[str]:
    more = [f"  … and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return [*(f"  {printable(one)}" for one in found[:_NAMED]), *more]


def _by_reason(left: Mapping[str, str]) -> list[str]:
    """Return what is said of films, once for all of which the same is said."""
    films: dict[str, list[str]] = defaultdict(list)
    for folder, why in left.items():
        films[why].append(folder)
    return [f"{_some(folders)}: {why}" for why, folders in films.items()]


def _some(folders: Sequence[str]) -> str:
    return folders[0] if len(folders) == 1 else f"{len(folders)} films"
