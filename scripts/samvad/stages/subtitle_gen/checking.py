"""Check cues against a profile's rules: every rule, every cue."""

from __future__ import annotations

import itertools
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue
from samvad.settings.subtitle_rules import ERROR, Rules
from samvad.text import grammar

#: The rules in the order of reports, each with the profile's key that says what it is; None where none does.
RULES: dict[str, str | None] = {
    "order": None,
    "overlap": None,
    "empty": None,
    "line length": "max_line_characters",
    "lines": "max_lines",
    "shortest": "min_duration_seconds",
    "longest": "max_duration_seconds",
    "gap": "min_gap_frames",
    "reading speed": "reading_speed",
    "gap to close": "close_gaps_below_seconds",
    "first word": "first_word_frames",
    "in at shot": "shot_window_seconds",
    "out at shot": "shot_gap_frames",
    "break": "break_syntax",
    "one line": "one_line_if_it_fits",
    "two speakers": "dialogue_dash",
    "ellipsis": "ellipsis",
    "italics": "italics",
    "songs": "songs",
    "characters": None,
}

#: What a broadcaster's machine sends a file back for, reading speed put aside.
HARD_BUT_SPEED = ("order", "overlap", "empty", "line length", "lines", "shortest", "longest", "gap")
HARD = (*HARD_BUT_SPEED, "reading speed")

#: Times in files are whole milliseconds (SubStation Alpha: hundredths of a second), frames are not.
_ROUNDING_MS = 10
DASHES = "-–—‐‑"


@dataclass(frozen=True)
class Context:
    """What is known beside the file.

    Attributes:
        shots: times of the film's shot changes in ms, in order; None when they are not known.
        said: for each cue, when its first word begins and its last ends, in ms; None when that is not known.
    """

    shots: Sequence[int] | None = None
    said: Sequence[tuple[int, int] | None] | None = None


def check(cues: Sequence[Cue], rules: Rules, context: Context | None = None) -> list[Finding]:
    """Return every breach of a rule, cue by cue."""
    context = context or Context()
    found: list[Finding] = []
    for number, cue in enumerate(cues, start=1):
        before = cues[number - 2] if number > 1 else None
        following = cues[number] if number < len(cues) else None
        said = context.said[number - 1] if context.said else None

        def add(
            rule: str, value: float | str, limit: float | str | None, unit: str, message: str, cue: int = number
        ) -> None:
            found.append(Finding(cue, rule, level_of(rule, rules), value, limit, unit, message))

        _check_place(cue, before, add)
        if not rules.is_shown(cue.text):
            text = cue.text.strip()
            add("empty", 0, None, "characters", f"{text!r} has no letter or digit" if text else "the cue has no text")
            continue
        _check_lines(cue, rules, add)
        _check_times(cue, following, rules, add)
        _check_shots(cue, before, following, said, context.shots, rules, add)
        _check_breaks(cue, following, rules, add)
        _check_style(cue, rules, add)
    return found


def level_of(rule: str, rules: Rules) -> str:
    """Return whether a breach of a rule is an ``error`` or a ``warning``."""
    key = RULES[rule]
    if key == "reading_speed":
        key = "reading_speed_cps" if rules.reading_speed_wpm is None else "reading_speed_wpm"
    return rules.levels.get(key, ERROR) if key else ERROR


def source_of(rule: str, rules: Rules) -> str:
    """Return where a rule is written."""
    key = RULES[rule]
    if key == "reading_speed":
        key = "reading_speed_cps" if rules.reading_speed_wpm is None else "reading_speed_wpm"
    return rules.sources.get(key, "") if key else "every player"


def shares_within(count: int, found: Sequence[Finding]) -> dict[str, float]:
    """Return the share (0 to 1) of ``count`` cues that keep each rule, and some of them together.

    ``hard but speed`` are the rules that a broadcaster's machine checks, without reading speed; ``hard`` has it, too;
    ``all rules`` has the warnings as well.
    """
    broken: dict[str, set[int]] = {rule: set() for rule in RULES}
    for item in found:
        broken[item.rule].add(item.cue)
    groups = {rule: (rule,) for rule in RULES} | {
        "hard but speed": HARD_BUT_SPEED,
        "hard": HARD,
        "all rules": tuple(RULES),
    }
    return {
        name: 1 - len(set().union(*(broken[rule] for rule in members))) / count if count else 1.0
        for name, members in groups.items()
    }


_Add = Callable[[str, "float | str", "float | str | None", str, str], None]


def _check_place(cue: Cue, before: Cue | None, add: _Add) -> None:
    if cue.end_ms <= cue.start_ms:
        add("order", cue.duration_ms, 1, "ms", "the cue goes before it comes")
    if before and cue.start_ms < before.start_ms:
        add("order", cue.start_ms - before.start_ms, 0, "ms", "the cue comes before the one that is written before it")
    elif before and cue.start_ms < before.end_ms:
        add("overlap", before.end_ms - cue.start_ms, 0, "ms", "the cue before is still there")


def _check_lines(cue: Cue, rules: Rules, add: _Add) -> None:
    longest = max(len(line) for line in cue.lines)
    if longest > rules.max_line_characters:
        limit = rules.max_line_characters
        add("line length", longest, limit, "characters", f"a line has {longest} characters, {longest - limit} too many")
    if len(cue.lines) > rules.max_lines:
        add("lines", len(cue.lines), rules.max_lines, "lines", f"{len(cue.lines)} lines")
    in_one = len(cue.text)
    two = len(cue.lines) > 1 and all(_begins_with_dash(line) for line in cue.lines)
    sung = rules.song_mark and rules.song_mark in cue.text
    if (
        rules.one_line_if_it_fits
        and len(cue.lines) > 1
        and in_one <= rules.max_line_characters
        and not two
        and not sung
    ):
        add("one line", in_one, rules.max_line_characters, "characters", "the text fits in one line")


def _check_times(cue: Cue, following: Cue | None, rules: Rules, add: _Add) -> None:
    duration_ms = cue.duration_ms
    if duration_ms < rules.min_cue_ms - _ROUNDING_MS:
        add("shortest", duration_ms, rules.min_cue_ms, "ms", f"shown for {duration_ms / 1000:.2f} s")
    if duration_ms > rules.max_cue_ms + _ROUNDING_MS:
        add("longest", duration_ms, rules.max_cue_ms, "ms", f"shown for {duration_ms / 1000:.2f} s")
    needed_ms = rules.reading_ms(cue.characters, cue.words)
    if duration_ms + _ROUNDING_MS < needed_ms:
        if rules.reading_speed_wpm is not None:
            speed, limit, unit = cue.words * 60_000 / max(1, duration_ms), rules.reading_speed_wpm, "words/min"
        else:
            speed, limit, unit = (
                cue.characters * 1000 / max(1, duration_ms),
                rules.reading_speed_cps or 0,
                "characters/s",
            )
        missing_ms = needed_ms - duration_ms
        add("reading speed", round(speed, 1), limit, unit, f"{speed:.1f} {unit}; {missing_ms} ms more are needed")
    if following is None or following.start_ms < cue.end_ms:
        return
    gap_ms = following.start_ms - cue.end_ms
    if gap_ms < rules.gap_ms - _ROUNDING_MS:
        add("gap", gap_ms, rules.gap_ms, "ms", f"{gap_ms} ms to the next cue")
    elif rules.gap_ms + _ROUNDING_MS < gap_ms < rules.close_gap_ms - _ROUNDING_MS:
        add("gap to close", gap_ms, rules.gap_ms, "ms", f"{gap_ms} ms to the next cue flicker")


def _check_shots(
    cue: Cue,
    before: Cue | None,
    following: Cue | None,
    said: tuple[int, int] | None,
    shots: Sequence[int] | None,
    rules: Rules,
    add: _Add,
) -> None:
    at_shot = shots is not None and _near(shots, cue.start_ms, _ROUNDING_MS) is not None
    at_edge = shots is not None and _near(shots, cue.start_ms + rules.shot_window_ms, _ROUNDING_MS) is not None
    off_word = said and abs(cue.start_ms - said[0]) > rules.first_word_ms + _ROUNDING_MS
    if said and off_word and not at_shot and not at_edge and not _must_come_early(cue, said[0], rules):
        off_ms = cue.start_ms - said[0]
        when = "after" if off_ms > 0 else "before"
        add("first word", off_ms, rules.first_word_ms, "ms", f"comes {abs(off_ms)} ms {when} its first word")
    if not shots:
        return
    last = shots[max(0, bisect_right(shots, cue.start_ms) - 1)]
    late_ms = cue.start_ms - last
    kept_off = before is not None and before.end_ms > last - rules.gap_ms  # the cue before it was still there
    if _ROUNDING_MS < late_ms < rules.shot_window_ms - _ROUNDING_MS and not kept_off:
        add("in at shot", late_ms, 0, "ms", f"comes {late_ms} ms after a shot change")
    coming = _next(shots, cue.start_ms + _ROUNDING_MS)
    if coming is not None and coming - cue.start_ms < rules.onto_shot_ms - _ROUNDING_MS:
        add("in at shot", cue.start_ms - coming, 0, "ms", f"comes {coming - cue.start_ms} ms before a shot change")
    _check_out(cue, following, shots, rules, add)


def _must_come_early(cue: Cue, first_word_ms: int, rules: Rules) -> bool:
    """Say whether a cue comes before its first word because it could not be read, or seen, otherwise."""
    needed_ms = max(rules.min_cue_ms, rules.reading_ms(cue.characters, cue.words))
    return 0 < first_word_ms - cue.start_ms <= rules.early_ms + _ROUNDING_MS and cue.end_ms - first_word_ms < needed_ms


def _check_out(cue: Cue, following: Cue | None, shots: Sequence[int], rules: Rules, add: _Add) -> None:
    chained = following is not None and following.start_ms - cue.end_ms <= rules.gap_ms + _ROUNDING_MS
    if chained:
        return
    coming = _next(shots, cue.end_ms + rules.shot_gap_ms + _ROUNDING_MS)
    if coming is not None and coming - rules.shot_gap_ms - cue.end_ms < rules.shot_window_ms - _ROUNDING_MS:
        ahead_ms = coming - cue.end_ms
        room = cue.start_ms + rules.max_cue_ms >= coming - rules.shot_gap_ms
        room = room and (following is None or following.start_ms - rules.gap_ms >= coming - rules.shot_gap_ms)
        if room:
            add("out at shot", -ahead_ms, -rules.shot_gap_ms, "ms", f"goes {ahead_ms} ms before a shot change")
    index = bisect_right(shots, cue.end_ms + rules.shot_gap_ms - _ROUNDING_MS)
    passed = shots[index - 1] if index else None
    if passed is not None and passed > cue.start_ms:
        past_ms = cue.end_ms - passed
        if -rules.shot_gap_ms + _ROUNDING_MS < past_ms < rules.shot_window_ms - _ROUNDING_MS:
            add("out at shot", past_ms, rules.shot_window_ms, "ms", f"goes {past_ms} ms after a shot change")


def _check_breaks(cue: Cue, following: Cue | None, rules: Rules, add: _Add) -> None:
    if not rules.break_syntax:
        return
    edges = [*cue.lines, *([following.lines[0]] if following and following.lines else [])]
    for number, (line, after) in enumerate(itertools.pairwise(edges), start=1):
        left, right = _last_word(line), _first_word(after)
        if _begins_with_dash(after) or not left or not right:
            continue
        between = number == len(cue.lines)
        if between and following and following.start_ms - cue.end_ms >= _SPOKEN_PAUSE_MS:
            continue  # speech itself stopped there
        if grammar.tears(left, right, rules.language):
            where = "the cue ends" if between else "a line ends"
            add("break", f"{left} | {right}", None, "", f"{where} between {left!r} and {right!r}")


#: After a pause as long as this the next cue is a new utterance, however the last one ended.
_SPOKEN_PAUSE_MS = 1000


def _check_style(cue: Cue, rules: Rules, add: _Add) -> None:
    dashed = [_begins_with_dash(line) for line in cue.lines]
    if rules.dialogue_dash and sum(dashed) >= 2:
        for line in cue.lines:
            bare = line.lstrip(DASHES)
            dash = line[: len(line) - len(bare.lstrip())]
            if dash != rules.dialogue_dash:
                add(
                    "two speakers",
                    dash,
                    rules.dialogue_dash,
                    "",
                    f"the line {line!r} does not begin with {rules.dialogue_dash!r}",
                )
    other = "..." if rules.ellipsis != "..." else "…"
    if other in cue.text:
        add("ellipsis", other, rules.ellipsis, "", f"an ellipsis is written {other!r}")
    if not rules.italics and any(style.kind == "i" for style in cue.styles):
        add("italics", "italics", "none", "", "the profile has no italics in this language")
    for mark in _SONG_MARKS:
        wrapped = cue.lines[0].startswith(mark) or cue.lines[-1].endswith(mark)
        if wrapped and mark != rules.song_mark:
            wanted = rules.song_mark or rules.songs
            add("songs", mark, wanted, "", f"a song stands between {mark!r}, and is to be marked by {wanted!r}")
            break
    for line in cue.lines:
        for fault in _faults(line):
            add("characters", fault, None, "", f"the line {line!r} has {fault}")


_SONG_MARKS = ("♪", "♫", "#")


def _faults(line: str) -> Iterator[str]:
    if line != line.strip():
        yield "a space at its beginning or end"
    if "  " in line:
        yield "two spaces in a row"
    if "\ufffd" in line:
        yield "a character that was lost (U+FFFD)"
    if any(unicodedata.category(character) == "Cc" for character in line):
        yield "a control character"


def _begins_with_dash(line: str) -> bool:
    return bool(line) and line[0] in DASHES


def _last_word(line: str) -> str:
    words = line.split()
    return words[-1] if words else ""


def _first_word(line: str) -> str:
    words = line.split()
    return words[0] if words else ""


def _near(times: Sequence[int], time_ms: int, within_ms: int) -> int | None:
    index = bisect_left(times, time_ms - within_ms)
    return times[index] if index < len(times) and times[index] <= time_ms + within_ms else None


def _next(times: Sequence[int], time_ms: int) -> int | None:
    index = bisect_right(times, time_ms)
    return times[index] if index < len(times) else None
