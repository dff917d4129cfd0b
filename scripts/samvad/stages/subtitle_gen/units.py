"""Text with times: the smallest pieces that a cue is made of, from segments, in the language of a track."""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents.segments import Segment, Word
from samvad.text import languages, scripts
from samvad.text.sentence_ends import ends_sentence
from samvad.text.word_forms import is_unspaced

_OPENERS = frozenset("-–—([{«“‘\"'¿¡#₹£")
_NOTES = "♪♫♬♩"
#: Characters that no line of Japanese begins with.
_KINSOKU = frozenset("ぁぃぅぇぉっゃゅょァィゥェォッャュョー々")


@dataclass(frozen=True)
class Unit:
    """A word with its punctuation, which stays in one line.

    Attributes:
        text: what is shown.
        start_ms: when it is spoken.
        end_ms: when that ends.
        heard: whether its times were heard, not reckoned from the length of a translation.
        glued: whether no space stands before it (scripts that write none).
        song: whether it is sung.
        speaker: who says it, where known.
        segment: id of its segment.
        joins_next: whether it and the next one are parts of one name.
        turn: whether another one begins to speak with it, where nobody told the speakers apart: ``sure``,
            ``doubtful``, or empty.
    """

    text: str
    start_ms: int
    end_ms: int
    heard: bool = True
    glued: bool = False
    song: bool = False
    speaker: str | None = None
    segment: int = 0
    joins_next: bool = False
    turn: str = ""


@dataclass(frozen=True)
class _Piece:
    text: str
    glued: bool
    offset: int  # of its first character in the text


def text_in(segment: Segment, language: str) -> str | None:
    """Return what a segment says in a language: its translation, else its own text if it is spoken in that language."""
    translation = segment.translations.get(language)
    if translation is not None and translation.text.strip():
        return translation.text
    return segment.text if languages.same(segment.language, language) else None


def units_of(segment: Segment, language: str) -> list[Unit]:
    """Return a segment's text in a language as units, in order of time; empty when it has none.

    Text that was spoken takes the times of its words; where an earlier stage changed a word, the new one takes the
    time of the old. A translation is spread over the segment's words in proportion to its length, so that a pause in
    the speech is a pause in the translation too.
    """
    text = text_in(segment, language)
    if text is None:
        return []
    spoken = segment.language == language and text.split() == segment.text.split()
    text, song = _without_notes(text) if segment.kind == "song" else (text, False)
    pieces = _pieces(text)
    heard = _heard(segment)
    times = _aligned(pieces, heard, segment) if spoken else _in_proportion(pieces, heard)
    names = [_name_at(piece, segment) if spoken else None for piece in pieces]
    units = [
        Unit(
            text=piece.text,
            start_ms=start_ms,
            end_ms=end_ms,
            heard=spoken,
            glued=piece.glued,
            song=song,
            speaker=segment.speaker,
            segment=segment.id,
            joins_next=name is not None and name == following,
        )
        for piece, (start_ms, end_ms), name, following in zip(pieces, times, names, [*names[1:], None], strict=True)
    ]
    return _with_marks_attached(units)


def of_text(text: str) -> list[Unit]:
    """Return a text's units, without times: where it may be broken into lines."""
    return _with_marks_attached([Unit(piece.text, 0, 0, heard=False, glued=piece.glued) for piece in _pieces(text)])


def in_order(units: Sequence[Unit]) -> list[Unit]:
    """Return the units with starts that never run backwards, as they do where two segments overlap."""
    latest = 0
    ordered = []
    for unit in units:
        latest = max(latest, unit.start_ms)
        ordered.append(replace(unit, start_ms=latest, end_ms=max(latest, unit.end_ms)))
    return ordered


def _without_notes(text: str) -> tuple[str, bool]:
    """Take away the recogniser's notes: the writer sets its own around each cue of a song. Say if words are left."""
    without = "".join(" " if character in _NOTES else character for character in text)
    return (without, True) if without.strip() else (text, False)


def _pieces(text: str) -> list[_Piece]:
    """Split text at its spaces, and Chinese and Japanese, which have none, at each character."""
    cleaned = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    pieces = []
    for word in re.finditer(r"\S+", cleaned):
        offset = word.start()
        for index, part in enumerate(_split_unspaced(word.group())):
            pieces.append(_Piece(part, glued=index > 0, offset=offset))
            offset += len(part)
    return pieces


def _split_unspaced(word: str) -> list[str]:
    if not any(is_unspaced(character) for character in word):
        return [word]
    parts = [word[0]]
    for before, character in itertools.pairwise(word):
        # Punctuation, small kana and marks stay with the character before them.
        if character.isalnum() and (is_unspaced(character) or is_unspaced(before)) and character not in _KINSOKU:
            parts.append(character)
        else:
            parts[-1] += character
    return parts


def _heard(segment: Segment) -> list[tuple[str, int, int]]:
    """Return the pieces of the segment's words with their times; all its text in one piece where it has no words."""
    words = [word for word in segment.words if word.text.strip()]
    if not words:
        words = [Word(segment.start_ms, segment.end_ms, segment.text)]
    heard = []
    for word in words:
        texts = [piece.text for piece in _pieces(word.text)]
        end_ms = word.end_ms
        if segment.words and segment.kind != "song":
            end_ms = min(end_ms, word.start_ms + longest_ms(word.text))
        times = _spread([len(text) for text in texts], word.start_ms, end_ms)
        heard += [(text, start_ms, end_ms) for text, (start_ms, end_ms) in zip(texts, times, strict=True)]
    return heard


def longest_ms(word: str) -> int:
    """Return how long a word may last, at most, for its times to be believed; one that is sung may last longer.

    Where speech stops, recognition often draws the last word out over the silence; a cue that believed it would linger.
    """
    letters = sum(character.isalnum() for character in word)
    return min(_LONGEST_WORD_MS, _DRAWN_OUT_MS + letters * _LETTER_MS)


#: Generous: hardly a word of read or of free speech comes near.
_DRAWN_OUT_MS, _LETTER_MS, _LONGEST_WORD_MS = 700, 150, 2500


def _aligned(pieces: list[_Piece], heard: list[tuple[str, int, int]], segment: Segment) -> list[tuple[int, int]]:
    """Return the times of pieces by matching them with what was heard."""
    matcher = difflib.SequenceMatcher(a=[text for text, _, _ in heard], b=[p.text for p in pieces], autojunk=False)
    times: list[tuple[int, int]] = []
    for tag, first, last, first_piece, last_piece in matcher.get_opcodes():
        if tag == "equal":
            times += [(start_ms, end_ms) for _, start_ms, end_ms in heard[first:last]]
            continue
        if first < last:
            start_ms, end_ms = heard[first][1], heard[last - 1][2]
        else:  # words that were not heard get the time between their neighbours
            start_ms = heard[first - 1][2] if first > 0 else segment.start_ms
            end_ms = heard[first][1] if first < len(heard) else segment.end_ms
        times += _spread([len(p.text) for p in pieces[first_piece:last_piece]], start_ms, max(start_ms, end_ms))
    return times


def _in_proportion(pieces: list[_Piece], heard: list[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """Return the times of a translation's pieces: the n-th part of the text goes with the n-th part of the speech."""
    said = list(itertools.accumulate((len(text) for text, _, _ in heard), initial=0))
    written = list(itertools.accumulate((len(piece.text) for piece in pieces), initial=0))

    def time_at(position: int, *, end: bool) -> int:
        # In whole numbers: position / written[-1] of said[-1] characters.
        place, whole = position * said[-1], written[-1]
        index = next(
            index
            for index in range(len(heard))
            if place < said[index + 1] * whole or (place == said[index + 1] * whole and end) or index == len(heard) - 1
        )
        _, start_ms, end_ms = heard[index]
        length = (said[index + 1] - said[index]) * whole
        return start_ms + (end_ms - start_ms) * (place - said[index] * whole) // length

    return [(time_at(start, end=False), time_at(end, end=True)) for start, end in itertools.pairwise(written)]


def _spread(lengths: list[int], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Cut a stretch of time into parts in proportion to lengths (each at least 1)."""
    ends = list(itertools.accumulate(lengths, initial=0))
    edges = [start_ms + (end_ms - start_ms) * end // max(1, ends[-1]) for end in ends]
    return list(itertools.pairwise(edges))


def _name_at(piece: _Piece, segment: Segment) -> int | None:
    """Return the number of the segment's entity that a piece belongs to."""
    end = piece.offset + len(piece.text)
    return next(
        (index for index, name in enumerate(segment.entities) if name.start < end and piece.offset < name.end), None
    )


def _with_marks_attached(units: list[Unit]) -> list[Unit]:
    """Join marks that stand alone (``क्या ?``, ``- Hello``) with the word that they belong to, so none begins a line."""
    joined: list[Unit] = []
    opening: list[Unit] = []
    for unit in units:
        is_mark = not scripts.has_words(unit.text)
        opens = all(character in _OPENERS for character in unit.text)
        # A dash within a sentence belongs to what it breaks off; after one it is another person's.
        broken = opens and unit.text.strip("-–—") == "" and bool(joined) and not ends_sentence(joined[-1].text)
        if is_mark and (opening or not joined or (opens and not broken)):
            opening.append(unit)
        elif is_mark:
            joined[-1] = _joined([joined[-1], unit])
        else:
            joined.append(_joined([*opening, unit]))
            opening = []
    if opening and joined:
        joined[-1] = _joined([joined[-1], *opening])
    elif opening:
        joined.append(_joined(opening))
    return joined


def _joined(units: list[Unit]) -> Unit:
    text = units[0].text + "".join(unit.text if unit.glued else f" {unit.text}" for unit in units[1:])
    return replace(units[0], text=text, end_ms=units[-1].end_ms, joins_next=units[-1].joins_next)
