"""What is said in the film, given as text: a script, a transcript or subtitles, placed on the sound.

The words that were recognised say when: where the text has the same words, these are their times; what stands between
is spread over the time between. What the recogniser heard and the text lacks (an ad-lib, a scene that was added)
stays as it was recognised; what the text has and nobody says (a scene that was cut, a direction) is left out, and
named.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

from samvad.core import outside
from samvad.core.errors import ConfigurationError, MediaError
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.stages.asr.in_turn import in_turn
from samvad.text import matching, phonetic, scripts, sentence_ends

#: The key of a segment that says where its text is from: these values.
KEY, GIVEN, UNHEARD, HEARD = "text_from", "given", "given, not recognised", "recognised"
#: From this share of a line's words on that were recognised, the line is said there,
_SAID = 0.34
#: and with less of them where what was heard sounds so much like it, 0 to 100, whatever words it was taken for (two
#: sentences that have nothing in common are 50 to 55 alike), if it has so many sounds,
_ALIKE, _FEWEST_SOUNDS = 66, 10
#: and is not much longer than all that was heard there.
_SHORTER = 1.3
#: Lines of which nothing was recognised are said where speech between their neighbours takes so long, in ms a letter.
_SPEED_MS = (35, 160)
#: A line is not spoken faster than this, in ms a letter, wherever its subtitle stands,
_FASTEST_MS = 20
#: and it does not begin or end further from its subtitle than this, in ms.
_FAR_MS = 2000
#: Shorter stretches of speech, in ms, are none.
_SHORTEST_MS = 150
#: So many words that the text lacks, one after the other, are said beside it; fewer are other readings of its own.
_FEWEST_LEFT = 3
#: How fast people speak, in ms a letter or sound, where nothing else is known.
_LETTER_MS = 85
#: The longest line, in words: one sentence of a text without stops.
_LONGEST_WORDS = 30
#: "RAJ: …" and "Raj (laughing): …" name who speaks; nothing in brackets is said.
_SPEAKER = re.compile(
    rf"^\s*(?:[-–—]\s*)?([{scripts.WORD}][{scripts.WORD} .'’-]{{0,30}}?)\s*(?:\([^)]*\))?\s*:\s+(?=\S)"
)
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|[♪♫#]+")


@dataclass(frozen=True)
class Line:
    """A sentence or so of the text that is given.

    Attributes:
        text: what is said.
        speaker: who says it, where the text names that.
        when: start and end in ms at which the film's own subtitles, once they are in time, show it; None of a text
            without times, and of a scene that the film lacks.
    """

    text: str
    speaker: str | None = None
    when: tuple[int, int] | None = None


@dataclass(frozen=True)
class Placed:
    """A film's segments with the given text in place of what was recognised.

    Attributes:
        document: the segments.
        left_out: lines of the text that are not said in the film.
        heard: how many segments stay as they were recognised.
        guessed: how many lines stand where somebody speaks between their neighbours, though nothing was recognised,
        by_times: and how many where the film's own subtitles show them.
        words: how many words of the text are placed,
        recognised: and how many of them were recognised as they stand there.
    """

    document: SegmentsDocument
    left_out: tuple[Line, ...]
    heard: int
    guessed: int
    by_times: int
    words: int
    recognised: int


def read(path: Path, shown: str) -> list[Line]:
    """Read a text: subtitles in any format, or plain text, a script with ``NAME: …`` among it.

    Args:
        path: the file.
        shown: its name in messages.

    Raises:
        ConfigurationError: it is not there, not UTF-8, or says nothing.
        MediaError: it is a subtitle file that cannot be read whole.
    """
    from samvad.documents.subtitles import formats

    if path.suffix.lower() in formats.ENDINGS:
        reading = formats.read(path)
        if reading.lost:
            raise MediaError(f"{shown}: {reading.lost[0].said()}", "Correct the file.", path=shown)
        texts = [" ".join(cue.lines) for cue in sorted(reading.cues, key=lambda cue: cue.start_ms)]
    else:
        try:
            texts = outside.read_text(path, "utf-8-sig", outside.LARGEST_TABLE_BYTES).splitlines()
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{shown} is not UTF-8 text ({error.reason} at byte {error.start}).", "Save it as UTF-8.", path=shown
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{shown} cannot be read ({error.strerror}).", "Correct its path.") from None
    lines = [line for text in texts for line in of_text(text)]
    if not lines:
        raise ConfigurationError(f"{shown} holds no words.", "Give the file with what is said, or none.", path=shown)
    return lines


def of_text(text: str) -> list[Line]:
    """Return the lines of a paragraph of a script, or of a cue; none where nothing of it is said."""
    found = _SPEAKER.match(text)
    speaker = found[1].strip() if found else None
    said = _ASIDE.sub(" ", text[found.end() :] if found else text)
    lines = []
    for sentence in sentence_ends.split(" ".join(said.replace("- ", " ").split())):
        words = sentence.split()
        for at in range(0, len(words), _LONGEST_WORDS):
            part = " ".join(words[at : at + _LONGEST_WORDS])
            if matching.words(part):
                lines.append(Line(part, speaker))
    return lines


@dataclass(frozen=True)
class _Spot:
    """A word of the text on the sound; ``heard`` is the number of the recognised word that it is, or None."""

    text: str
    line: int
    heard: int | None = None


def place(
    document: SegmentsDocument,
    lines: Sequence[Line],
    speech: Sequence[tuple[int, int]] = (),
    perhaps: Sequence[tuple[int, int]] = (),
) -> Placed:
    """Return a film's segments with the given text in place of what was recognised, where that is said.

    Args:
        document: what was recognised, with times of its words.
        lines: the text, in order.
        speech: start and end in ms of each stretch of speech, in order of time.
        perhaps: the same of what may be speech under other sound, beside it: for lines that speech has no room for.
    """
    heard = [(word, segment) for segment in document.segments for word in segment.words]
    words = [word for word, _ in heard]
    spots, said = _matched(lines, words)
    times = _of_lines(spots, words, document.duration_ms)
    _by_sound(times, spots, words, document.duration_ms)
    shown = _by_own_times(times, lines, document.duration_ms)
    guessed = _by_speech(times, spots, speech)
    if perhaps:
        guessed |= _by_speech(times, spots, sorted([*speech, *perhaps]))
    placed, left_out = [], []
    for number, (line, own) in enumerate(zip(lines, times, strict=True)):
        if own is None:
            left_out.append(line)
            continue
        like = min(document.segments, key=lambda segment: abs(segment.start_ms - own[0].start_ms), default=None)
        placed.append(
            Segment(
                0, own[0].start_ms, own[-1].end_ms, line.text, like.language if like else document.language,
                own, line.speaker or (like.speaker if like else None),
                extra={KEY: UNHEARD if number in guessed | shown else GIVEN},
            )
        )  # fmt: skip
    stay = _left_over(heard, placed)
    whole = in_turn(sorted([*placed, *stay], key=lambda one: (one.start_ms, one.end_ms)), document.duration_ms)
    return Placed(
        replace(document, segments=tuple(replace(one, id=number) for number, one in enumerate(whole, start=1))),
        tuple(left_out),
        len(stay),
        len(guessed),
        len(shown),
        sum(len(segment.words) for segment in placed),
        len(said),
    )


def _matched(lines: Sequence[Line], heard: Sequence[Word]) -> tuple[list[list[_Spot]], set[int]]:
    """Return each line's words, each with the recognised word that it is, and the numbers of those."""
    spots = [_Spot(word, number) for number, line in enumerate(lines) for word in line.text.split()]
    given = [(at, part) for at, spot in enumerate(spots) for part in matching.words(spot.text)]
    spoken = [(at, part) for at, word in enumerate(heard) for part in matching.words(word.text)]
    said: set[int] = set()
    for one, other in matching.matches([part for _, part in given], [part for _, part in spoken]):
        at, number = given[one][0], spoken[other][0]
        if spots[at].heard is None and number not in said:
            spots[at] = replace(spots[at], heard=number)
            said.add(number)
    by_line: list[list[_Spot]] = [[] for _ in lines]
    for spot in spots:
        by_line[spot.line].append(spot)
    return by_line, said


def _of_lines(
    lines: Sequence[Sequence[_Spot]], heard: Sequence[Word], duration_ms: int
) -> list[tuple[Word, ...] | None]:
    """Return the words of each line with times; None for a line of which too little was recognised."""
    found: list[tuple[Word, ...] | None] = []
    before_ms = 0
    known = [[spot.heard for spot in own if spot.heard is not None] for own in lines]
    following, next_ms = [], duration_ms
    for numbers in reversed(known):
        following.append(next_ms)
        next_ms = heard[numbers[0]].start_ms if numbers else next_ms
    for own, numbers, following_ms in zip(lines, known, reversed(following), strict=True):
        if len(numbers) < max(1, _SAID * len(own)):
            found.append(None)
            continue
        found.append(_times(own, heard, before_ms, following_ms))
        before_ms = found[-1][-1].end_ms  # type: ignore[index]
    return found


def _times(own: Sequence[_Spot], heard: Sequence[Word], before_ms: int, following_ms: int) -> tuple[Word, ...]:
    """Return the words of a line with times: those of recognised words, and what lies between for the others."""
    made: list[Word] = []
    at = 0
    while at < len(own):
        number = own[at].heard
        if number is not None:
            made.append(replace(heard[number], text=own[at].text))
            at += 1
            continue
        end = next((later for later in range(at, len(own)) if own[later].heard is not None), len(own))
        texts = [spot.text for spot in own[at:end]]
        wanted = _LETTER_MS * sum(len(text) + 1 for text in texts)
        after = own[end].heard if end < len(own) else None
        right = heard[after].start_ms if after is not None else None
        left = made[-1].end_ms if made else max(before_ms, (right or 0) - wanted)
        made += _spread(texts, left, max(left, min(following_ms, left + wanted) if right is None else right))
        at = end
    return _growing(made)


def _spread(texts: Sequence[str], start_ms: int, end_ms: int) -> list[Word]:
    """Return words over a stretch of time, each as long as its letters."""
    total, before, made = sum(len(text) + 1 for text in texts), 0, []
    for text in texts:
        start = start_ms + (end_ms - start_ms) * before // total
        before += len(text) + 1
        made.append(Word(start, start_ms + (end_ms - start_ms) * before // total, text))
    return made


def _by_sound(
    times: list[tuple[Word, ...] | None], lines: Sequence[Sequence[_Spot]], heard: Sequence[Word], duration_ms: int
) -> None:
    """Give times to lines of which too few words were recognised, where what was heard sounds like them.

    Weak models write what they hear in words that are no words: letter by letter it is the line all the same.
    """
    said = {spot.heard for own, placed in zip(lines, times, strict=True) if placed for spot in own}
    at = 0
    while at < len(times):
        if times[at] is not None:
            at += 1
            continue
        end = next((later for later in range(at, len(times)) if times[later] is not None), len(times))
        after, before = times[end] if end < len(times) else None, times[at - 1] if at else None
        first_ms = before[-1].end_ms if before else 0
        last_ms = after[0].start_ms if after else max(first_ms, duration_ms, *(word.end_ms for word in heard[-1:]))
        between = [
            word
            for number, word in enumerate(heard)
            if number not in said and word.start_ms >= first_ms and word.end_ms <= last_ms
        ]
        found = _apart(_over(between, [[spot.text for spot in own] for own in lines[at:end]]))
        for number, own in enumerate(found):
            times[at + number] = _growing(_within(own, first_ms, last_ms)) if own else None
        at = end


def _by_own_times(times: list[tuple[Word, ...] | None], lines: Sequence[Line], duration_ms: int) -> set[int]:
    """Put lines that have times of their own there, where nothing was recognised of them, or only far from there.

    A "yes" of the text may be found in another "yes" of the film; subtitles that are in time know better.
    """
    for number, line in enumerate(lines):
        placed = times[number]
        if placed and line.when and not _is_near(placed, line.when):
            times[number] = None
    shown: set[int] = set()
    for number, line in enumerate(lines):
        if times[number] is not None or line.when is None:
            continue
        before = next((own[-1].end_ms for own in reversed(times[:number]) if own), 0)
        after = next((own[0].start_ms for own in times[number + 1 :] if own), duration_ms)
        start, end = max(line.when[0], before), min(line.when[1], after, duration_ms)
        texts = line.text.split()
        if end - start >= _FASTEST_MS * sum(len(text) + 1 for text in texts):
            longest = start + _SPEED_MS[1] * sum(len(text) + 1 for text in texts)
            times[number] = tuple(_spread(texts, start, min(end, longest)))
            shown.add(number)
    return shown


def _is_near(placed: Sequence[Word], when: tuple[int, int]) -> bool:
    return abs(placed[0].start_ms - when[0]) <= _FAR_MS and abs(placed[-1].end_ms - when[1]) <= _FAR_MS


def _apart(lines: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    """Return lines that do not run into each other: their ends and beginnings are guesses, which meet half way."""
    made = list(lines)
    there = [number for number, own in enumerate(made) if own]
    for one, other in pairwise(there):
        end, start = made[one][-1].end_ms, made[other][0].start_ms
        if end > start:
            seam = (end + start) // 2
            made[one] = _within(made[one], made[one][0].start_ms, max(seam, made[one][0].start_ms))
            made[other] = _within(made[other], seam, max(seam, made[other][-1].end_ms))
    return made


def _within(words: Sequence[Word], first_ms: int, last_ms: int) -> list[Word]:
    """Return words kept between the lines before and after them, and in the film: their ends are guesses."""
    return [
        replace(
            word, start_ms=min(max(word.start_ms, first_ms), last_ms), end_ms=min(max(word.end_ms, first_ms), last_ms)
        )
        for word in words
    ]


def _over(between: Sequence[Word], lines: Sequence[Sequence[str]]) -> list[list[Word]]:
    """Return the words of lines with the times of what sounds like them; none for a line that nothing sounds like.

    Each line is looked for behind the one before it, in a stretch of about its own length.
    """
    from rapidfuzz import fuzz
    from rapidfuzz.distance import Indel

    heard = [
        (sound, word.start_ms + (word.end_ms - word.start_ms) * place // size)
        for word in between
        if (size := len(_sounds(word.text)))
        for place, sound in enumerate(_sounds(word.text))
    ]
    theirs, first = "".join(sound for sound, _ in heard), 0
    made: list[list[Word]] = []
    for own in lines:
        ours = "".join(map(_sounds, own))
        rest = theirs[first:]
        found = (
            fuzz.partial_ratio_alignment(ours, rest) if _FEWEST_SOUNDS <= len(ours) <= len(rest) * _SHORTER else None
        )
        if found is None or found.score < _ALIKE:
            made.append([])
            continue
        begins = first + found.dest_start
        known = {
            block.src_start + step: heard[begins + block.dest_start + step][1]
            for block in Indel.opcodes(ours, theirs[begins : first + found.dest_end])
            if block.tag == "equal"
            for step in range(block.src_end - block.src_start)
        }
        made.append(_by_sounds(own, known, len(ours)))
        first += found.dest_end
    return made


def _by_speech(
    times: list[tuple[Word, ...] | None], lines: Sequence[Sequence[_Spot]], speech: Sequence[tuple[int, int]]
) -> set[int]:
    """Give times to lines that nothing was recognised of, where as much is spoken between their neighbours."""
    guessed: set[int] = set()
    at = 0
    while at < len(times):
        if times[at] is not None:
            at += 1
            continue
        end = next((later for later in range(at, len(times)) if times[later] is not None), len(times))
        after, before = times[end] if end < len(times) else None, times[at - 1] if at else None
        if before and after:  # at the beginning and the end of a film there may be other speech
            first_ms, last_ms = before[-1].end_ms, after[0].start_ms
            free = [(max(start, first_ms), min(end, last_ms)) for start, end in speech]
            free = [(start, end) for start, end in free if end - start >= _SHORTEST_MS]
            letters = sum(len(spot.text) + 1 for own in lines[at:end] for spot in own)
            fastest, slowest = _SPEED_MS
            if fastest * letters <= sum(end - start for start, end in free) <= slowest * letters:
                spans = [Word(start, end, "") for start, end in free]
                words = iter(_along(spans, [spot.text for own in lines[at:end] for spot in own]))
                for number in range(at, end):
                    times[number] = _growing([next(words) for _ in lines[number]])
                    guessed.add(number)
        at = end
    return guessed


def _along(spans: Sequence[Word], texts: Sequence[str]) -> list[Word]:
    """Return words along stretches of time, each as long as its letters; a word begins after a pause, not before it."""
    import numpy as np  # what a stage says of its options needs nothing but Python

    ends = np.cumsum([span.end_ms - span.start_ms for span in spans])
    shares = np.cumsum([0, *(len(text) + 1 for text in texts)]) * int(ends[-1]) / sum(len(text) + 1 for text in texts)

    def moment(part: float, side: Literal["left", "right"]) -> int:
        number = min(int(np.searchsorted(ends, part, side)), len(spans) - 1)
        return spans[number].end_ms - round(float(ends[number] - part))

    return [
        Word(moment(shares[number], "right"), moment(shares[number + 1], "left"), text)
        for number, text in enumerate(texts)
    ]


def _by_sounds(texts: Sequence[str], known: dict[int, int], size: int) -> list[Word]:
    """Return words with the times of their sounds, those of sounds between known ones from these."""
    import numpy as np  # what a stage says of its options needs nothing but Python

    places = np.array(sorted(known))
    moments = np.maximum.accumulate(np.array([known[place] for place in places]))
    starts = np.interp(range(size + 1), places, moments)
    # Before the first and after the last known sound people speak at their usual speed.
    starts[: places[0]] = moments[0] - (places[0] - np.arange(places[0])) * _LETTER_MS
    starts[places[-1] :] = moments[-1] + (np.arange(places[-1], size + 1) - places[-1]) * _LETTER_MS
    made, before = [], 0
    for text in texts:
        after = before + len(_sounds(text))
        made.append(Word(max(0, round(starts[before])), max(0, round(starts[after])), text))
        before = after
    return made


def _sounds(text: str) -> str:
    """Return what a word sounds like, in small letters; its letters where that is not known."""
    return (phonetic.sounds(text) or "".join(sign for sign in text if sign.isalnum())).casefold()


def _left_over(heard: Sequence[tuple[Word, Segment]], placed: Sequence[Segment]) -> list[Segment]:
    """Return what was recognised where the text has nothing, as segments of its own."""
    starts = sorted((segment.start_ms, segment.end_ms) for segment in placed)
    runs: list[tuple[Segment, list[Word]]] = []
    for word, segment in heard:
        middle = (word.start_ms + word.end_ms) // 2
        place = bisect_right(starts, (middle, 1 << 62)) - 1
        if any(start <= middle <= end for start, end in starts[max(0, place - 1) : place + 1]):
            runs.append((segment, []))
        elif runs and runs[-1][0] is segment and runs[-1][1]:
            runs[-1][1].append(word)
        else:
            runs.append((segment, [word]))
    kept = []
    for segment, words in runs:
        if len(words) >= _FEWEST_LEFT or (words and len(words) == len(segment.words)):
            text = " ".join(word.text for word in words) if len(words) < len(segment.words) else segment.text
            kept.append(
                replace(
                    segment, start_ms=words[0].start_ms, end_ms=words[-1].end_ms, text=text, words=tuple(words),
                    extra={**segment.extra, KEY: HEARD},
                )
            )  # fmt: skip
    return kept


def _growing(words: Sequence[Word]) -> tuple[Word, ...]:
    made: list[Word] = []
    for word in words:
        start = max(word.start_ms, made[-1].end_ms if made else 0)
        made.append(replace(word, start_ms=start, end_ms=max(start, word.end_ms)))
    return tuple(made)
