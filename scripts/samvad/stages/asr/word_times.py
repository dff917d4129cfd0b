"""When each word was said, checked against the sound's own pauses: with the recogniser's times alone, words stray.

Whisper times a word by what it listened to. The first word after a pause is timed into the pause or before it, the last
one is drawn out over it, and a word beside a long stretch that the model passed over fills all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from samvad.documents.coverage import longest_ms
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.regions import Region
from samvad.stages.asr.word_homes import homes
from samvad.stages.asr.word_room import Timed, fastest_ms, needs_ms, with_room
from samvad.text import grammar
from samvad.text.sentence_ends import ends_sentence

#: What a word takes at least, wherever it is put.
SHORTEST_WORD_MS = 20
#: Pauses from this length on part what is said; a word has its place before or after.
_PARTING_MS = 400
#: The first word after a pause keeps so much at least where another word shares its time.
_LEAST_MS = 120
#: A word with less room than this part of what it needs does not belong where it stands.
_CRAMPED = 0.5
#: A word alone before a pause of this length, in speech of which it fills less than this part, was not said there.
_LONG_PAUSE_MS, _LOST_SHARE = 1_000, 0.35
#: Of a word with less of a probability than this any pause that parts will do: what Whisper did not write ("six") has
#: the time of the first word after it.
_DOUBTED = 0.3
#: Speech of this length with one word in it was passed over: the word is the next sentence's, even without room there.
_PASSED_OVER_MS = 2_000
#: Nobody stops so long behind an article or a possessive: "My | brother", eight seconds apart.
_TORN_MS = 3_000
#: The first word of a sentence, in so many times the speech that it takes and so much of it (ms), so long before its
#: second one's speech, and with so much room for it where that begins, was said there: it stands in laughter.
_NOT_ITS_OWN, _ALONE_MS, _BEFORE_SECOND_MS, _ROOM_MS = 3.0, 1_000, 300, 150
#: Words nearer than this follow on each other.
_CLOSE_MS = 300


def settled(chunk: Chunk, pauses: Sequence[tuple[int, int]]) -> Chunk:
    """Return a chunk whose words have the times that ``into_speech`` gives them."""
    if chunk.window is None or not chunk.words:
        return chunk
    timed = into_speech(chunk, chunk.window.speech, pauses)
    words = tuple(replace(item.word, start_ms=item.start_ms, end_ms=item.end_ms) for item in timed)
    return replace(chunk, words=words)


def into_speech(chunk: Chunk, speech: Sequence[Region], pauses: Sequence[tuple[int, int]] = ()) -> list[Timed]:
    """Give each word of a chunk times inside the speech, on the right side of its pauses, and in order.

    Args:
        chunk: as decoded.
        speech: the regions that it was decoded from, in order of time.
        pauses: start and end in ms of silences inside them, in order of time.
    """
    regions = parts(chunk, speech, pauses)
    return with_room(drawn(chunk, regions), regions, chunk.end_ms)


def parts(chunk: Chunk, speech: Sequence[Region], pauses: Sequence[tuple[int, int]]) -> list[Region]:
    """Return the speech of a chunk, parted by the silences inside it."""
    inside = [pause for pause in pauses if pause[0] < chunk.end_ms and pause[1] > chunk.start_ms]
    return _parted([region for region in speech if _overlap(region, chunk)] or list(speech), inside)


def drawn(chunk: Chunk, regions: Sequence[Region]) -> list[Timed]:
    """Draw each word of a chunk into some speech, however little room there is."""
    found = []
    own = homes(chunk.words, regions, _PARTING_MS)
    for place, word in enumerate(chunk.words):
        start_ms, end_ms = _clamp(word.start_ms, max(word.end_ms, word.start_ms + SHORTEST_WORD_MS), own[place])
        if start_ms > word.end_ms:  # drawn over from the pause before: the words that are there keep their times
            own_ms = min((other.start_ms for other in chunk.words[place:] if other.start_ms > start_ms), default=end_ms)
            end_ms = min(end_ms, max(own_ms, start_ms + fastest_ms(word.text)))
        found.append(Timed(word, start_ms, end_ms))
    placed = _beside_their_second(_right_sides(shortened(found), regions, chunk.language), regions)
    return _in_order(_after_their_pauses(placed, chunk.language), chunk)


def _overlap(region: Region, chunk: Chunk) -> bool:
    return region.start_ms < chunk.end_ms and region.end_ms > chunk.start_ms


def _parted(speech: Sequence[Region], pauses: Sequence[tuple[int, int]]) -> list[Region]:
    found = list(speech)
    for start_ms, end_ms in pauses:
        inside = [number for number, region in enumerate(found) if region.start_ms < start_ms < end_ms < region.end_ms]
        for number in inside:
            region = found[number]
            found[number : number + 1] = [replace(region, end_ms=start_ms), replace(region, start_ms=end_ms)]
    return found


def _clamp(start_ms: int, end_ms: int, regions: Sequence[Region]) -> tuple[int, int]:
    """Draw a word into the region that it overlaps most; a word outside all of them into the nearest."""
    if not regions:
        return start_ms, end_ms

    def shared(region: Region) -> int:
        # Negative outside: then the nearest region has the largest value.
        return min(end_ms, region.end_ms) - max(start_ms, region.start_ms)

    best = max(regions, key=shared)
    length = end_ms - start_ms
    if shared(best) <= 0:
        if end_ms <= best.start_ms:
            return best.start_ms, min(best.start_ms + length, best.end_ms)
        return max(best.end_ms - length, best.start_ms), best.end_ms
    return max(start_ms, best.start_ms), min(end_ms, best.end_ms)


def shortened(words: Sequence[Timed]) -> list[Timed]:
    """Cut words that last longer than anybody takes for them, on the side where no other word is near."""
    found: list[Timed] = []
    for number, word in enumerate(words):
        most_ms = longest_ms(word.word.text)
        if word.end_ms - word.start_ms <= most_ms:
            found.append(word)
            continue
        before = found[-1] if found else None
        after = words[number + 1] if number + 1 < len(words) else None
        begins = before is None or word.start_ms - before.end_ms > _CLOSE_MS or ends_sentence(before.word.text)
        goes_on = after is not None and after.start_ms - word.end_ms <= _CLOSE_MS
        if begins and goes_on:
            found.append(replace(word, start_ms=word.end_ms - most_ms))
        else:
            found.append(replace(word, end_ms=word.start_ms + most_ms))
    return found


def _right_sides(words: list[Timed], regions: Sequence[Region], language: str) -> list[Timed]:
    """Move words over a pause where they have no room on their side of it, and there is some on the other."""
    found = list(words)
    for left, right in pairwise(regions):
        if right.start_ms - left.end_ms < _PARTING_MS:
            continue
        cut = sum(word.start_ms < left.end_ms for word in found)
        while cut and found[cut - 1].start_ms >= left.start_ms and _belongs_after(found, cut, left, right, language):
            _make_room(found, cut, right)
            lead_ms = _lead_end(found, cut, right) - right.start_ms
            length = min(lead_ms, max(_needs(found[cut - 1]), found[cut - 1].end_ms - found[cut - 1].start_ms))
            # At the end of the room: the next word follows on it.
            end_ms = right.start_ms + lead_ms
            found[cut - 1] = replace(found[cut - 1], start_ms=end_ms - length, end_ms=end_ms)
            cut -= 1
        if cut and cut < len(found) and _belongs_before(found, cut, left, right):
            start_ms = max(left.start_ms, found[cut - 1].end_ms)
            end_ms = min(left.end_ms, start_ms + max(_needs(found[cut]), found[cut].end_ms - found[cut].start_ms))
            found[cut] = replace(found[cut], start_ms=start_ms, end_ms=end_ms)
    return found


def _beside_their_second(words: Sequence[Timed], regions: Sequence[Region]) -> list[Timed]:
    """Move first words of sentences that stand alone in some other sound, before a pause, to their second words."""
    found = list(words)
    for place in range(len(found) - 1):
        word, second = found[place : place + 2]
        before = found[place - 1] if place else None
        begins = before is None or ends_sentence(before.word.text, word.word.text)
        text = word.word.text.strip()
        if not begins or ends_sentence(text) or grammar.ends_clause(text):
            continue
        own = _region_at(word, regions)
        there = _region_at(second, regions)
        if own is None or there is None or own is there or (before is not None and before.end_ms > own.start_ms):
            continue
        room_ms = second.start_ms - there.start_ms
        passed_ms = sum(one.length_ms for one in regions if own.start_ms <= one.start_ms < there.start_ms)
        lost = (
            passed_ms >= max(_ALONE_MS, _NOT_ITS_OWN * _needs(word))
            and there.start_ms - word.end_ms >= _BEFORE_SECOND_MS
        )
        if lost and room_ms >= max(_ROOM_MS, fastest_ms(text)):
            start_ms = second.start_ms - min(room_ms, _needs(word))
            found[place] = replace(word, start_ms=start_ms, end_ms=second.start_ms)
    return found


def _region_at(word: Timed, regions: Sequence[Region]) -> Region | None:
    """Return the speech that a word begins in."""
    return next((one for one in regions if one.start_ms <= word.start_ms < one.end_ms), None)


def _after_their_pauses(words: Sequence[Timed], language: str) -> list[Timed]:
    """Move the first words of lines behind the pauses that they stand before, where speech is heard all through.

    A detector of singing hears the pauses between the lines of a song as sung, too.
    """
    found = list(words)
    for place in range(1, len(found) - 1):
        before, word, after = found[place - 1 : place + 2]
        pause_ms = after.start_ms - word.end_ms
        if pause_ms >= max(_PARTING_MS, word.start_ms - before.end_ms) and _opens_a_line(before, word, language):
            length = min(pause_ms, max(_needs(word), word.end_ms - word.start_ms))
            found[place] = replace(word, start_ms=after.start_ms - length, end_ms=after.start_ms)
    return found


def _opens_a_line(before: Timed, word: Timed, language: str) -> bool:
    """Return whether Whisper began a line with a word, though with no stop before it: "... mismo Un | hueco ...".

    An article, a conjunction and the like have a capital for no other reason, and nobody stops behind them.
    """
    text = word.word.text.strip()
    is_i = language == "en" and text.split("'")[0] == "I"
    if is_i or not text[:1].isupper() or (len(text) > 1 and text.isupper()):  # "at nine AM"
        return False
    if ends_sentence(text) or grammar.ends_clause(text):  # "vitamin A."
        return False
    return grammar.hangs(text, language) and not ends_sentence(before.word.text)


def _belongs_after(words: Sequence[Timed], cut: int, left: Region, right: Region, language: str) -> bool:
    """Return whether the last word before a pause was said after it."""
    word = words[cut - 1]
    before_ms = max([left.start_ms, *(other.end_ms for other in words[max(0, cut - 2) : cut - 1])])
    if ends_sentence(word.word.text):
        return False
    has_room = _lead_end(words, cut, right) - right.start_ms >= _needs(word)
    opens = cut >= 2 and _opens_a_line(words[cut - 2], word, language)
    if opens or left.end_ms - before_ms < _CRAMPED * _needs(word):
        return has_room
    alone = before_ms == left.start_ms and cut < len(words)
    lost = _needs(word) < _LOST_SHARE * left.length_ms
    apart = right.start_ms - left.end_ms >= _LONG_PAUSE_MS or word.word.probability < _DOUBTED
    if not (alone and lost and apart):
        return False
    torn = right.start_ms - left.end_ms >= _TORN_MS and grammar.hangs(word.word.text, language)
    passed_over = left.length_ms >= _PASSED_OVER_MS or torn
    return has_room or (passed_over and _can_share(words, cut, right))


def _can_share(words: Sequence[Timed], cut: int, right: Region) -> bool:
    """Return whether the first word after a pause takes so long that the one before the pause fits in with it.

    Whisper passes over a sentence and times the next one's first word where that sentence began; the second word then
    has the time of both.
    """
    following = words[cut]
    inside = following.start_ms < right.end_ms
    return inside and min(following.end_ms, right.end_ms) - right.start_ms >= _needs(words[cut - 1]) + _LEAST_MS


def _make_room(words: list[Timed], cut: int, right: Region) -> None:
    """Let the first word after a pause begin later where the one before the pause belongs there and has no room."""
    needed_ms = right.start_ms + _needs(words[cut - 1])
    if cut < len(words) and words[cut].start_ms < needed_ms:
        words[cut] = replace(words[cut], start_ms=needed_ms)


def _belongs_before(words: Sequence[Timed], cut: int, left: Region, right: Region) -> bool:
    """Return whether the first word after a pause was said before it."""
    word = words[cut]
    if not right.start_ms <= word.start_ms < right.end_ms:
        return False
    if right.start_ms - word.word.end_ms < word.word.start_ms - left.end_ms and word.word.end_ms < right.start_ms:
        return False  # it was heard in the pause, nearer to what comes after it
    following = words[cut + 1].word.text if cut + 1 < len(words) else ""
    if right.start_ms - left.end_ms >= _LONG_PAUSE_MS and not ends_sentence(word.word.text, following):
        return False  # nobody waits so long before the last word
    room_ms = (words[cut + 1].start_ms if cut + 1 < len(words) else right.end_ms) - right.start_ms
    left_ms = left.end_ms - max(left.start_ms, words[cut - 1].end_ms)
    return room_ms < _CRAMPED * _needs(word) and left_ms >= _needs(word)


def _lead_end(words: Sequence[Timed], cut: int, right: Region) -> int:
    """Return where the speech after a pause is taken: by its first word, or nowhere."""
    return min(right.end_ms, words[cut].start_ms) if cut < len(words) else right.end_ms


def _needs(word: Timed) -> int:
    return needs_ms(word.word.text)


def _in_order(words: Sequence[Timed], chunk: Chunk) -> list[Timed]:
    """Return words one after the other inside their chunk, each with some time of it."""
    found: list[Timed] = []
    position = chunk.start_ms
    for word in words:
        start_ms = max(word.start_ms, position)
        end_ms = min(max(word.end_ms, start_ms + SHORTEST_WORD_MS), max(chunk.end_ms, start_ms))
        found.append(Timed(word.word, start_ms, end_ms))
        position = max(start_ms, end_ms)
    # At its end there may be none left: those before give of theirs.
    least_ms = min(SHORTEST_WORD_MS, (chunk.end_ms - chunk.start_ms) // max(1, len(found)))
    latest_ms = position
    for place in range(len(found) - 1, -1, -1):
        word = found[place]
        if latest_ms - word.start_ms >= least_ms and word.end_ms <= latest_ms:
            break
        end_ms = min(max(word.end_ms, word.start_ms + least_ms), latest_ms)
        found[place] = replace(word, start_ms=min(word.start_ms, end_ms - least_ms), end_ms=end_ms)
        latest_ms = found[place].start_ms
    return found
