"""The page beside a subtitle file that was brought in time: the shift as a picture, each cue before and after."""

from __future__ import annotations

import html
import json
import os
from pathlib import Path
from urllib.parse import quote

from samvad.core import schemas
from samvad.core.typed_json import JsonObject
from samvad.media.retiming import retimed
from samvad.media.retiming.retimed import VERDICTS, Retimed, Verdict
from samvad.reporting.pages.filling import fill
from samvad.reporting.subtitle_files.heard import Heard

_PAGE = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "retimed"


def render(name: str, found: Retimed, film: Heard, page: Path) -> str:
    """Return the page.

    Args:
        name: of the file, for its title.
        found: the file in the film's time.
        film: what is said in the film.
        page: where the page will lie: the film's small copy is named from there.
    """
    media = quote(os.path.relpath(film.media.resolve(), page.resolve().parent)) if film.media else None
    data = {
        "name": name,
        "by": found.by,
        "sure": found.sure,
        "rate": retimed.rate_in_words(found.map.rate),
        "duration": film.film_ms,
        "media": media,
        "verdicts": list(VERDICTS),
        "line": [
            [time, retimed.shift_at(found.map, time)]
            for piece in found.map.pieces
            for time in (piece.first_ms, piece.last_ms)
        ],
        "cues": [_cue(item) for item in found.verdicts],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return fill(_PAGE, {"TITLE": html.escape(name), "DATA": text})


def _cue(item: Verdict) -> JsonObject:
    return {
        "before": [item.cue.start_ms, item.cue.end_ms],
        "after": [item.now.start_ms, item.now.end_ms] if item.now else None,
        "offered": item.offered_ms,
        "lines": list(item.cue.lines),
        "verdict": VERDICTS.index(item.verdict),
        "words": item.words,
    }
