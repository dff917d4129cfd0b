"""Look, before the work, whether the models that a stage cannot do without are here, or may be fetched."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from samvad.core.declarations import Stage
from samvad.models import weights
from samvad.settings.configuration import Film


def lacking(stage: Stage, values: Mapping[str, Any], film: Film) -> list[str]:
    """Return the models that are not on this machine and surely cannot be fetched now, in words with what to do.

    Ask it of a stage that is due alone: what is done needs no model, and no network.

    Args:
        stage: the stage.
        values: its options by name, as the film has them.
        film: the film's row.
    """
    if not stage.refuses:
        return []
    key = (stage.name, film.source, film.targets, repr(values))
    if key not in _known:
        _known[key] = [
            f"the model {name}: it is not on this machine, and {why} ({weights.how_to_get(name)})"
            for name, revision in wanted(stage, values, film)
            if (why := weights.out_of_reach(name, revision))
        ]
    return _known[key]


def wanted(stage: Stage, values: Mapping[str, Any], film: Film) -> list[tuple[str, str]]:
    """Return the Whisper models that a stage cannot do without, each by name and revision; as for ``lacking``."""
    if not stage.refuses:
        return []
    module = importlib.import_module(f"samvad.stages.{stage.name}.{stage.refuses}")
    found: list[tuple[str, str]] = module.models(values, film.source, film.targets)
    return found


#: What is lacking, by stage, languages and options: of a shelf of thousands, most films ask for the same.
_known: dict[tuple[str, Sequence[str], Sequence[str], str], list[str]] = {}
