"""What stage 01 could not do: read pictures of subtitles without tesseract. Told when a run is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samvad.documents.existing_subtitles import IGNORE
from samvad.media.existing import ocr


def refusal(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> str:
    """Return why a film's subtitles could not be read, and what to do; empty where they can, or are not wanted.

    Args:
        values: the options of stage 01 by name.
        source: short codes of the languages that the film is said to speak.
        targets: of its subtitles, which do not matter here.
    """
    if not values["ocr"] or values["existing"] == IGNORE:
        return ""
    # Which languages subtitles are in is known when the film is opened: here, one of those spoken will do.
    lacking = [ocr.lacking([code]) for code in source] or [ocr.lacking([])]
    return lacking[0] if all(lacking) else ""


def models(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Return that the stage needs no Whisper model; as for ``refusal``."""
    return []
