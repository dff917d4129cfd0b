"""A cue's text with a format's codes, nested and closed in each line."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, Ruby, Style

#: Invisible (U+2060, word joiner): set where text would otherwise be taken for a code, and taken away on reading.
GUARD = "\u2060"


def text(
    cue: Cue,
    plain: Callable[[str], str],
    tag: Callable[..., str],
    newline: str = "\n",
    ruby: Callable[[str, str], str] | None = None,
    coloured: Callable[[str], str] | None = None,
) -> str:
    """Return a cue's text with a format's codes, nested and closed in each line.

    Args:
        cue: whose text.
        plain: returns text as the format writes it.
        tag: returns the code that begins (``opens=True``) or ends a kind of style.
        newline: what stands between lines.
        ruby: returns a base and its reading, both written already, as the format has them; None for a format that has
            no ruby: readings then stand in parentheses behind their bases.
        coloured: returns a written line in the colour of a second language (``Cue.second``); None for a format that
            players show in one colour.
    """
    if ruby is None:
        cue = with_readings_in_line(cue)
    lines = [_line(cue, number, plain, tag, ruby) for number in range(len(cue.lines))]
    if coloured and cue.second:
        lines = [coloured(line) if number >= cue.second else line for number, line in enumerate(lines)]
    return newline.join(lines)


def _line(
    cue: Cue,
    number: int,
    plain: Callable[[str], str],
    tag: Callable[..., str],
    ruby: Callable[[str, str], str] | None,
) -> str:
    line = cue.lines[number]
    own = [style for style in cue.styles if style.line == number]
    bases = [base for base in cue.ruby if base.line == number] if ruby else []
    starting: dict[int, list[str]] = {}
    ending: dict[int, list[str]] = {}
    for style in own:
        starting.setdefault(style.start, []).append(style.kind)
        ending.setdefault(style.end, []).append(style.kind)
    by_start, by_end = {base.start: base for base in bases}, {base.end: base for base in bases}
    on: Counter[str] = Counter()
    made, before = "", ""
    for begin, end in itertools.pairwise(sorted({0, len(line), *starting, *ending, *by_start, *by_end})):
        on.subtract(ending.get(begin, ()))
        on.update(starting.get(begin, ()))
        if begin in by_start:
            made, before = "", made
        kinds = [kind for kind in STYLE_KINDS if on[kind] > 0]
        made += "".join(tag(kind, opens=True) for kind in kinds) + plain(line[begin:end])
        made += "".join(tag(kind, opens=False) for kind in reversed(kinds))
        if ruby and end in by_end:
            made, before = before + ruby(made, plain(by_end[end].reading)), ""
    return made


def with_readings_in_line(cue: Cue) -> Cue:
    """Return a cue without ruby: each reading stands in parentheses behind its base."""
    lines, styles = list(cue.lines), list(cue.styles)
    for base in sorted(cue.ruby, reverse=True):
        shown = f"({base.reading})"
        lines[base.line] = lines[base.line][: base.end] + shown + lines[base.line][base.end :]
        styles = [_moved(style, base, len(shown)) for style in styles]
    return replace(cue, lines=tuple(lines), styles=tuple(sorted(styles)), ruby=())


def _moved(style: Style, base: Ruby, by: int) -> Style:
    """Return a style after a base's reading has been put into its line."""
    if style.line != base.line or style.end <= base.end:
        return style
    return replace(style, start=style.start + (by if style.start >= base.end else 0), end=style.end + by)


def tag(kind: str, *, opens: bool) -> str:
    """Return the tag that SubRip and WebVTT have for a kind of style."""
    return f"<{kind}>" if opens else f"</{kind}>"
