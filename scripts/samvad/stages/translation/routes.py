"""The table of what serves a pair of languages: which backends, in which order, and whether through English.

It is asked before anything is loaded, so that a direction that nothing serves is refused at once, with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.documents.provenance import Model
from samvad.documents.segments import Translation
from samvad.stages.translation import guards
from samvad.stages.translation.backends import Backend, Line, Plan
from samvad.stages.translation.request import BackendRequest

#: The language that pivots go through.
PIVOT = "en"
#: ``Translation.backend`` and flag of text that nothing translates, because that was asked for.
NONE = "none"
NOT_TRANSLATED = "not translated"


@dataclass(frozen=True)
class Leg:
    """One step from a language to another, and the backend that takes it."""

    source: str
    target: str
    backend: str


class Router:
    """Several backends as one: each pair goes to the first that serves it.

    Args:
        members: in order of preference.
        pivot: whether a pair that none serves may go through English.
    """

    def __init__(self, members: Sequence[Backend], *, pivot: bool) -> None:
        """Load nothing."""
        self.members = {member.name: member for member in members}
        self._pivot = pivot
        self._used: dict[str, set[tuple[str, str]]] = {}

    @property
    def name(self) -> str:
        """Return the names of the backends, as the configuration has them."""
        return ", ".join(self.members)

    def route(self, source: str, target: str) -> tuple[Leg, ...]:
        """Return the steps from ``source`` to ``target``; none where the pair is refused."""
        direct = self._leg(source, target)
        if direct:
            return (direct,)
        first, second = self._leg(source, PIVOT), self._leg(PIVOT, target)
        if self._pivot and PIVOT not in (source, target) and first and second:
            return (first, second)
        return ()

    def refusal(self, source: str, target: str) -> str | None:
        """Return why none of the backends translates a pair, or None where there is a way."""
        if self.route(source, target):
            return None
        reasons = [f"{name}: {member.refusal(source, target)}" for name, member in self.members.items()]
        through = (self._leg(source, PIVOT), self._leg(PIVOT, target))
        if not self._pivot and all(through) and PIVOT not in (source, target):
            reasons.append("through English it would go: set translation.pivot to true")
        return "; ".join(reasons)

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the weights that the pairs need.

        Raises:
            ModelError: weights are missing, or cannot do it.
        """
        self._used = {}
        for leg in (leg for pair in sorted(pairs) for leg in self.route(*pair)):
            self._used.setdefault(leg.backend, set()).add((leg.source, leg.target))
        for name, wanted in self._used.items():
            self.members[name].find(frozenset(wanted))

    def load(self) -> None:
        """Load the weights that were found, once for all targets."""
        for name in self._used:
            self.members[name].load()

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return a translation for each line, in their order."""
        made: dict[int, Translation] = {}
        routes = {language: self.route(language, target) for language in dict.fromkeys(line.language for line in lines)}
        for route in dict.fromkeys(tuple((leg.target, leg.backend) for leg in legs) for legs in routes.values()):
            ours = [
                line for line in lines if tuple((leg.target, leg.backend) for leg in routes[line.language]) == route
            ]
            results = self._along(ours, [Leg("", *step) for step in route])
            made.update(zip((line.id for line in ours), results, strict=True))
        return [made[line.id] for line in lines]

    def _along(self, lines: Sequence[Line], legs: Sequence[Leg]) -> list[Translation]:
        """Return the translations of lines that go the same way."""
        first = self.members[legs[0].backend].translate(lines, legs[0].target)
        if len(legs) == 1:
            return first
        again = [
            # The words' times belong to the language that was spoken.
            replace(line, text=item.text, language=legs[0].target, words=())
            for line, item in zip(lines, first, strict=True)
        ]
        # What stands as it was said is in the language that was spoken, and nothing to go on with.
        said = {line.id for line, item in zip(lines, first, strict=True) if guards.AS_SAID in item.flags}
        full = [line for line in again if line.text.strip() and line.id not in said]
        second = dict(
            zip((line.id for line in full), self.members[legs[1].backend].translate(full, legs[1].target), strict=True)
        )
        return [_through(line, item, second.get(line.id)) for line, item in zip(lines, first, strict=True)]

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""
        return tuple(model for name in self._used for model in self.members[name].models())

    def folders(self) -> tuple[Path, ...]:
        """Return the folders of the weights that were found."""
        return tuple(folder for name in self._used for folder in self.members[name].folders())

    def device(self) -> str | None:
        """Return the device of the first backend that has one."""
        return next((device for name in self._used if (device := self.members[name].device())), None)

    def used(self, plans: Sequence[Plan]) -> list[str]:
        """Return the names of the backends that plans go to."""
        legs = [leg for plan in plans for pair in sorted(plan.pairs) for leg in self.route(*pair)]
        return list(dict.fromkeys(leg.backend for leg in legs))

    def _leg(self, source: str, target: str) -> Leg | None:
        serving = (name for name, member in self.members.items() if member.refusal(source, target) is None)
        name = next(serving, None)
        return Leg(source, target, name) if name else None


class NoBackend:
    """Passes on what was said, marked: for those who want the lines of one language only, or translate by hand."""

    name = NONE

    def refusal(self, source: str, target: str) -> str | None:
        """Return None: there is nothing that it could not leave as it is."""
        return None

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find nothing."""

    def load(self) -> None:
        """Load nothing."""

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return the lines as they are."""
        return [Translation(line.text, self.name, flags=(NOT_TRANSLATED,)) for line in lines]

    def models(self) -> tuple[Model, ...]:
        """Return nothing."""
        return ()

    def folders(self) -> tuple[Path, ...]:
        """Return nothing."""
        return ()

    def device(self) -> str | None:
        """Return None."""
        return None


def _through(line: Line, first: Translation, second: Translation | None) -> Translation:
    """Return the second step's translation with the first one's doubts.

    Where that step found no fit translation, what it was given is English, which nobody said: the line itself is shown.
    """
    if second is None:
        return first
    text = line.text if guards.AS_SAID in second.flags else second.text
    flags = tuple(dict.fromkeys((*first.flags, *second.flags)))
    return replace(second, text=text, backend=f"{first.backend}, {second.backend}", flags=flags)


def make(_request: BackendRequest) -> NoBackend:
    """Return the backend that translates nothing."""
    return NoBackend()
