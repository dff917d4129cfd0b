"""What hears speech, singing and music: the backend that is asked for, or what stands in for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samvad.core.errors import ModelError, NetworkError
from samvad.documents import provenance
from samvad.media.sound_curve import SoundCurve
from samvad.stages.lyrics_detection.options import Options
from samvad.stages.lyrics_detection.registry import BACKENDS


@dataclass(frozen=True)
class Backend:
    """Something that hears.

    Attributes:
        name: as the key ``lyrics.backend`` has it.
        listen: returns the sound curve of a WAV file of 16 kHz mono sound.
        models: the weights that it uses.
        packages: what it runs on, for the manifest.
        is_of: says whether a curve that was heard before is what ``listen`` would return; None where none can be.
    """

    name: str
    listen: Callable[[Path], SoundCurve]
    models: tuple[provenance.Model, ...] = ()
    packages: tuple[str, ...] = ("numpy",)
    is_of: Callable[[SoundCurve, Path], bool] | None = None


def choose(options: Options, warn: Callable[[str], None]) -> Backend | None:
    """Return the backend that the options name, or what stands in for it, with a warning; None for none.

    Args:
        options: of the stage.
        warn: takes what is to be told.

    Raises:
        ModelError: it cannot be had, and nothing stands in for it.
        NetworkError: its hub cannot be reached.
    """
    asked = BACKENDS[options.backend]
    if not asked.module:
        return None
    others = [name for name in asked.instead if not (key := BACKENDS[name].weights) or getattr(options, key)]
    reasons: list[str] = []
    for name in (options.backend, *others):
        try:
            made = _made(name, options)
        except (ModelError, NetworkError) as error:
            if name == (options.backend, *others)[-1]:
                raise
            reasons.append(str(error))
            continue
        if reasons:
            warn(" ".join([BACKENDS[name].doubt, *reasons]))
        return made
    raise AssertionError("the last one is returned or raises")


def _made(name: str, options: Options) -> Backend:
    module = importlib.import_module(f"samvad.stages.lyrics_detection.{BACKENDS[name].module}")
    made: Backend = module.make(options)
    return made
