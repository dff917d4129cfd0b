"""Which languages stage 04 could not recognise: told before the work, when a run is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samvad.text import languages


def refusal(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> str:
    """Return which of a film's languages no Whisper model was trained on, and what to do; empty where there is none.

    Args:
        values: the options of stage 04 by name.
        source: short codes of the languages that the film is said to speak.
        targets: of its subtitles, which do not matter here.
    """
    unknown = [code for code in source if code not in languages.WHISPER]
    if not unknown:
        return ""
    return f"no Whisper model was trained on {', '.join(unknown)}. Correct the column source of the film sheet."
