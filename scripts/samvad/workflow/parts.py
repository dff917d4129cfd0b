"""A large plan in parts: so many films at a time, each part by a start of Snakemake of its own, one after the other.

Snakemake keeps all jobs of a plan in memory, and looks through all of them before it starts the first. So of a shelf
that has more films to make than a plan should hold, the first are planned and made; then the same command is started
again in the same process, for those behind them. To whoever waits for that it is one command: one process, one
exit code, one Ctrl-C.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from snakemake.logging import logger

from samvad.core import typed_json, variables
from samvad.workflow import snakemake_again
from samvad.workflow.refusal import RefusedError

#: So many films a plan may have, ten jobs each: it takes half a minute and some 350 MiB (docs/benchmarks.md). With more
#: the first stage waits longer; with fewer the machine has little to do more often, while a part's last films end.
FILMS = 1000
#: So many films that were not made are named at the end of all, in so many characters each; the rest are counted.
_NAMED, _CHARACTERS = 20, 200


@dataclass(frozen=True)
class Part:
    """Which part of a plan a process makes; the first, where nothing is said.

    Attributes:
        process: the number of the process that says so to itself.
        number: from 1 on.
        begun: how many films it leaves to the parts before it.
        those: a digest of these films' job folders, in their order.
        has_failed: whether something before it was not done.
        made: how many films the parts before it have made.
        lost: how many they have not.
        named: the first of these, each with the reason.
    """

    process: int = 0
    number: int = 1
    begun: int = 0
    those: str = ""
    has_failed: bool = False
    made: int = 0
    lost: int = 0
    named: tuple[str, ...] = ()


class Parts:
    """The part that this process plans, and whether there is another behind it.

    Args:
        may: whether plans may be parted: Snakemake was started by its command, which can be started again.
    """

    def __init__(self, *, may: bool) -> None:
        self._may = may
        self._part = _own()
        self._next: Part | None = None
        self._behind = 0
        self._is_planned = False
        self._made, self._lost, self._named = self._part.made, self._part.lost, list(self._part.named)

    @property
    def shown(self) -> str:
        """Return in a few words which part this is, and how many there may be; empty where there is one alone."""
        whole = self._part.number + -(-self._behind // FILMS)
        return f"part {self._part.number} of {whole}" if whole > 1 else ""

    @property
    def is_first(self) -> bool:
        """Say whether no part of the same command was before this one."""
        return self._part.number == 1

    def ahead(self, folders: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield the films that are not behind us, a plan's number at a time.

        Where the film sheet was changed meanwhile, so that others are behind us, all are looked at again: what is done
        costs little, and no film is passed over.
        """
        at = self._part.begun
        if at and _digest(folders[:at]) != self._part.those:
            logger.info("The films asked for, or their order, were changed meanwhile: all are looked at again.")
            at = 0
        for start in range(at, len(folders), FILMS):
            yield folders[start : start + FILMS]

    def is_full(self, wanted: Collection[str]) -> bool:
        """Say whether a plan has as many films as it may have."""
        return self._may and len(wanted) >= FILMS

    def end_before(self, folder: str, folders: Sequence[str]) -> None:
        """Take note of the film that the next part begins with, and tell people."""
        at = folders.index(folder)
        self._behind = len(folders) - at
        self._next = Part(os.getpid(), self._part.number + 1, at, _digest(folders[:at]), self._part.has_failed)
        logger.info(
            f"Part {self._part.number} of a large plan: {FILMS} films now. When they are done, {self._behind} more are "
            "looked at, by the same command, which goes on by itself."
        )

    def planned(self) -> None:
        """Take note that Snakemake has made the plan of this part: what fails from now on is of its films."""
        self._is_planned = True

    def count(self, made: int, lost: Sequence[str]) -> None:
        """Count the films of this part, for what is said of the whole plan at its end.

        Args:
            made: how many are done.
            lost: those that are not, each with the reason.
        """
        self._made += made
        self._lost += len(lost)
        self._named += [name[:_CHARACTERS] for name in lost[: max(0, _NAMED - len(self._named))]]

    def end(self, error: Exception | None, *, stopped: bool, stops_at_failure: bool) -> None:
        """Decide at the end of a part whether there is to be another.

        Args:
            error: what it ended with.
            stopped: whether somebody has stopped it.
            stops_at_failure: whether nothing new is begun after a failure (no ``--keep-going``).

        Raises:
            RefusedError: all is over, and something was not done.
        """
        after = self._next
        if after is None:
            self._tell_whole()
            if error is None and self._part.has_failed:
                raise RefusedError("Earlier parts of this plan are not done as a whole: above is what failed.")
            return
        if stopped or (error and (stops_at_failure or not self._is_planned)):
            self._tell_whole()
            told = f"{self._behind} films behind this part of the plan were not looked at."
            if error is None:
                raise RefusedError(told)
            logger.error(told)
            return
        has_failed = after.has_failed or error is not None
        said = replace(after, has_failed=has_failed, made=self._made, lost=self._lost, named=tuple(self._named))
        snakemake_again.at_the_end({variables.PART: json.dumps(asdict(said))})

    def _tell_whole(self) -> None:
        """Say how many films all parts have made, and which not: what each has said of its own stands far above."""
        if self.is_first or not (self._made or self._lost):
            return
        parts = f"All of this plan, {self._part.number} parts"
        lost = f", {self._lost} not:" if self._lost else ""
        more = [f"  … and {self._lost - len(self._named)} more"] if self._lost > len(self._named) else []
        lines = [f"{parts}: {self._made} {'film' if self._made == 1 else 'films'} made{lost}"]
        sys.stderr.write("\n".join(["", *lines, *(f"  {name}" for name in self._named), *more, ""]))


def _digest(folders: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(folders).encode()).hexdigest()


def _own() -> Part:
    """Return what this process has told itself before it was started again; to another it says nothing."""
    try:
        part = typed_json.parse(Part, json.loads(os.environ.pop(variables.PART, "{}")))
    except (ValueError, RecursionError):
        return Part()
    return part if part.process == os.getpid() else Part()
