"""Look, before the work, whether a film's languages can be recognised and translated by what is at hand."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samvad.core.declarations import Stage
from samvad.core.errors import ConfigurationError
from samvad.settings import film_values
from samvad.settings.configuration import Film
from samvad.settings.stage_settings import StageSettings

#: What was said in this process, whose configuration is one: by stage, languages spoken and wanted, own settings.
_known: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[film_values.Setting, ...]], str] = {}


def check(config: Mapping[str, Any], film: Film, stage: Stage, output_root: Path) -> None:
    """Make sure that a stage could do its work for the languages that a film's row names.

    A stage that has been done is not asked: what it was done with may be gone meanwhile.

    Args:
        config: the configuration, checked.
        film: the film's row.
        stage: the stage that is to be done.
        output_root: where the job folders are.

    Raises:
        ConfigurationError: it could not; names the languages, and what to do.
    """
    if not stage.refuses or (output_root / film.folder / stage.folder / "manifest.json").is_file():
        return
    key = (stage.name, film.source, film.targets, film.settings)
    if key not in _known:  # of a shelf of thousands, most films have the same languages
        module = importlib.import_module(f"samvad.stages.{stage.name}.{stage.refuses}")
        _known[key] = module.refusal(StageSettings(stage, config).values(film), film.source, film.targets)
    if reason := _known[key]:
        what, _, remedy = reason.partition(". ")
        raise ConfigurationError(f"stage {stage.folder} cannot do its work, {what}.", remedy)
