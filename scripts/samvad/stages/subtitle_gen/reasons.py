"""Why a cue ends where it does, in words for the report."""

from __future__ import annotations

from samvad.stages.subtitle_gen.stream import BREATH_MS, Stream
from samvad.text import grammar


def of_end(stream: Stream, first: int, last: int) -> str:
    """Return why the cue of words ``first`` to before ``last`` ends after them."""
    if last == len(stream.units):
        return "the film's last words"
    unit, following = stream.units[last - 1], stream.units[last]
    said = []
    if unit.song and following.song and unit.segment != following.segment:
        said.append("a line of a song ends")
    elif unit.song != following.song:
        said.append("song and speech part")
    elif stream.voices[last - 1] != stream.voices[last]:
        said.append("another speaker begins")
    elif following.turn == "doubtful":
        said.append("perhaps another speaker begins")
    if stream.closes[last - 1]:
        said.append("a sentence ends")
    elif grammar.ends_clause(unit.text):
        said.append("a clause ends")
    if stream.silences[last - 1] > BREATH_MS:
        said.append(f"a pause of {stream.silences[last - 1] / 1000:.1f} s")
    if said:
        return ", ".join(said)
    points = stream.points[last - 1]
    if points >= grammar.WITHIN_PHRASE:
        return f"{_limit(stream, first, last)}; no better place was near"
    place = f"before {following.text!r}" if points <= grammar.BEFORE_OPENING else "between two phrases"
    return f"{_limit(stream, first, last)}; cut {place}"


def _limit(stream: Stream, first: int, last: int) -> str:
    """Return what keeps the next word out of a cue."""
    rules = stream.rules
    if stream.width(first, last + 1) > rules.max_line_characters * rules.max_lines:
        return "more would not fit"
    if stream.units[last].end_ms - stream.comes_ms[first] > rules.max_cue_ms:
        return "more would stay too long"
    return "of all divisions this weighs least"
