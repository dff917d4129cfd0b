"""A cue's text with a format's codes, nested and closed in each line."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from samvad.documents.subtitles.cues import STYLE_KINDS, Cue

#: Invisible (U+2060, word joiner): set where text would otherwise be taken for a code, and taken away on reading.
GUARD = "\u2060"


def text(cue: Cue, plain: Callable[[str], str], tag: Callable[..., str], newline: str = "\n") -> str:
    """Return a cue's text with a format's codes, nested and closed in each line."""
    return newline.join(_line(cue, number, plain, tag) for number in range(len(cue.lines)))


def _line(cue: Cue, number: int, plain: Callable[[str], str], tag: Callable[..., str]) -> str:
    line, own = cue.lines[number], [style for style in cue.styles if style.line == number]
    if not own:
        return plain(line)
    edges = sorted({0, len(line), *(style.start for style in own), *(style.end for style in own)})
    made = ""
    for begin, end in itertools.pairwise(edges):
        kinds = [kind for kind in STYLE_KINDS if any(s.kind == kind and s.start <= begin < s.end for s in own)]
        made += "".join(tag(kind, opens=True) for kind in kinds) + plain(line[begin:end])
        made += "".join(tag(kind, opens=False) for kind in reversed(kinds))
    return made


def tag(kind: str, *, opens: bool) -> str:
    """Return the tag that SubRip and WebVTT have for a kind of style."""
    return f"<{kind}>" if opens else f"</{kind}>"
