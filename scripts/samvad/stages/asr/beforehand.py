"""What stage 04 could not do: languages that no model knows, a model that is none. Told when a run is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samvad.core.errors import ModelError
from samvad.models import ct2_file, weights
from samvad.text import languages


def refusal(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> str:
    """Return why a film could not be recognised, and what to do; empty where it can.

    A model that is not on this machine is no reason: it may be fetched (``models``).

    Args:
        values: the options of stage 04 by name.
        source: short codes of the languages that the film is said to speak.
        targets: of its subtitles, which do not matter here.
    """
    unknown = [code for code in source if code not in languages.WHISPER]
    if not unknown:
        return _of_model(values["model"], values["revision"])
    return f"no Whisper model was trained on {', '.join(unknown)}. Correct the column source of the film sheet."


def _of_model(name: str, revision: str) -> str:
    try:
        found = weights.place_of(name, revision)
        if found is not None:
            ct2_file.check_bands(found[0])
    except ModelError as error:
        return f"{error.what[0].lower()}{error.what[1:].rstrip('.')}. {error.remedy}"
    return ""


def models(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Return the Whisper models that the stage cannot do without, each by name and revision; as for ``refusal``."""
    return [(values["model"], values["revision"])]
