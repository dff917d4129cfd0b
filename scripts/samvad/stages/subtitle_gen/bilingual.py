"""Two languages in one track: the cues of two tracks, paired by time, one above the other.

Each language is cut by its own rules, in as few lines as the profile has for a track of two. Where one changes while
the other stays, the cue changes and the other's lines stand in it again, so that no text comes or goes at a wrong time.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue, without_overlap
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking
from samvad.text import scripts


@dataclass(frozen=True)
class Pair:
    """What is shown together: a cue of each language, or of one alone."""

    start_ms: int
    end_ms: int
    upper: Cue | None
    lower: Cue | None


def of_each(rules: Rules) -> Rules:
    """Return the rules of one of the two languages: lines as the profile has them for a track of two."""
    return replace(rules, max_lines=rules.bilingual_max_lines)


def pairs(upper: Sequence[Cue], lower: Sequence[Cue], rules: Rules) -> list[Pair]:
    """Return the cues of two tracks, paired by time, in order and without overlap.

    A time of the lower language that is nearer than the shortest cue to one of the upper, whose words were mostly
    heard, becomes that, unless the text could then not be read; then each stretch between two times is a pair.

    Args:
        upper: cues in order, without overlap.
        lower: likewise.
        rules: of the lower language.
    """
    near_ms = rules.min_cue_ms
    upper = without_overlap(upper)  # a person's may have some
    lower = _drawn_to(upper, without_overlap(lower), rules)
    edges = sorted({edge for cue in (*upper, *lower) for edge in (cue.start_ms, cue.end_ms)})
    made: list[Pair] = []
    for start_ms, end_ms in itertools.pairwise(edges):
        pair = Pair(start_ms, end_ms, _at(upper, start_ms), _at(lower, start_ms))
        if pair.upper is None and pair.lower is None:
            continue
        made.append(pair)
    return _without_slivers(made, near_ms)


def _drawn_to(upper: Sequence[Cue], lower: Sequence[Cue], rules: Rules) -> list[Cue]:
    near_ms = rules.min_cue_ms
    edges = sorted({edge for cue in upper for edge in (cue.start_ms, cue.end_ms)})
    starts, ends = sorted(cue.start_ms for cue in upper), sorted(cue.end_ms for cue in upper)
    drawn: list[Cue] = []
    for cue in lower:
        free_ms = drawn[-1].end_ms if drawn else 0
        near = (_nearest(starts, edges, cue.start_ms, near_ms), _nearest(ends, edges, cue.end_ms, near_ms))
        own = (cue.start_ms, cue.end_ms)
        needed_ms = min(cue.duration_ms, max(near_ms, rules.reading_ms(cue.characters, cue.words)))
        # Both times as the upper language has them, else the one that leaves time to read, else its own.
        for start_ms, end_ms in (near, (near[0], own[1]), (own[0], near[1]), own):
            if end_ms - max(start_ms, free_ms) >= needed_ms:
                break
        start_ms = max(start_ms, free_ms)
        drawn.append(replace(cue, start_ms=start_ms, end_ms=max(end_ms, start_ms + 1)))
    return drawn


def _nearest(alike: Sequence[int], edges: Sequence[int], time_ms: int, near_ms: int) -> int:
    """Return the time that another is drawn to: of the same kind where one is near, else any that is, else itself."""
    for times in (alike, edges):
        place = bisect.bisect_left(times, time_ms)
        found = min(times[max(0, place - 1) : place + 1], key=lambda time: abs(time - time_ms), default=None)
        if found is not None and abs(found - time_ms) < near_ms:
            return found
    return time_ms


def _at(cues: Sequence[Cue], time_ms: int) -> Cue | None:
    place = bisect.bisect_right(cues, time_ms, key=lambda cue: cue.start_ms) - 1
    return cues[place] if place >= 0 and cues[place].end_ms > time_ms else None


def _without_slivers(made: Sequence[Pair], near_ms: int) -> list[Pair]:
    """Join a stretch too short to be read with the neighbour that shows the same and more of it."""
    kept: list[Pair] = []
    for pair in made:
        if kept and kept[-1].end_ms == pair.start_ms:
            before = kept[-1]
            short = min(pair.end_ms - pair.start_ms, before.end_ms - before.start_ms) < near_ms
            if short and _fits(before, pair):
                kept[-1] = Pair(before.start_ms, pair.end_ms, before.upper or pair.upper, before.lower or pair.lower)
                continue
        kept.append(pair)
    return kept


def _fits(one: Pair, other: Pair) -> bool:
    """Say whether two stretches can be one, with no text of either lost."""
    return all(
        mine is None or theirs is None or mine == theirs
        for mine, theirs in ((one.upper, other.upper), (one.lower, other.lower))
    )


def pairs_in(cues: Sequence[Cue], upper: str, lower: str) -> list[Pair]:
    """Return the pairs that a file's cues show, whoever made it.

    Lines belong to the language in whose script they are; where both are written in one, to the lower language from
    half of the lines on.

    Args:
        cues: in the order of the file.
        upper: short code of the upper lines' language.
        lower: short code of the lower lines' language.
    """
    apart = scripts.scripts_of(lower) - scripts.scripts_of(upper)
    made = []
    for cue in cues:
        first = (len(cue.lines) + 1) // 2
        if apart:
            other = [place for place, line in enumerate(cue.lines) if _is_in(line, lower)]
            if not other:
                first = len(cue.lines)
            elif other[0] or len(cue.lines) == 1:
                first = other[0]
        sides = [
            replace(cue, lines=lines, styles=()) if lines else None for lines in (cue.lines[:first], cue.lines[first:])
        ]
        made.append(Pair(cue.start_ms, cue.end_ms, *sides))
    return made


def _is_in(line: str, language: str) -> bool:
    """Say whether most letters of a line are of a language's script."""
    own = scripts.scripts_of(language)
    letters = [scripts.script_of(character) in own for character in line if character.isalpha()]
    return 2 * sum(letters) > len(letters)


def cues_of(found: Sequence[Pair]) -> list[Cue]:
    """Return pairs as cues, the upper language's lines first."""
    made = []
    for pair in found:
        upper = pair.upper.lines if pair.upper else ()
        lines = (*upper, *(pair.lower.lines if pair.lower else ()))
        styles = (pair.upper.styles if pair.upper else ()) + tuple(
            replace(style, line=style.line + len(upper)) for style in (pair.lower.styles if pair.lower else ())
        )
        second = len(upper) if pair.lower else 0
        made.append(Cue(pair.start_ms, pair.end_ms, lines, styles, second=second))
    return made


def check(found: Sequence[Pair], upper: Rules, lower: Rules) -> list[Finding]:
    """Return every breach of a rule: of both languages by their own rules, each as long as its text stays.

    The number of a finding is that of the track's cue in which the text first stands.
    """
    made: list[Finding] = []
    for rules, own in ((upper, [pair.upper for pair in found]), (lower, [pair.lower for pair in found])):
        cues: list[Cue] = []
        numbers: list[int] = []
        for number, (pair, cue) in enumerate(zip(found, own, strict=True), start=1):
            if cue is None:
                continue
            if cues and cues[-1].lines == cue.lines and cues[-1].end_ms == pair.start_ms:
                cues[-1] = replace(cues[-1], end_ms=pair.end_ms)
            else:
                cues.append(replace(cue, start_ms=pair.start_ms, end_ms=pair.end_ms))
                numbers.append(number)
        made += [
            replace(item, cue=numbers[item.cue - 1], message=f"{rules.language}: {item.message}")
            for item in checking.check(cues, of_each(rules))
            # How near to each other two texts come and go is the other language's doing.
            if item.rule not in ("gap", "gap to close")
        ]
    return sorted(made, key=lambda item: item.cue)
