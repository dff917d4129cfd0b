"""Words that were heard where no detector hears speech: where they stay, and which were not said.

A window reaches over pauses, and Whisper may hear somebody in one: radio under noise, a voice under other sound, or
nobody. Its words would all be drawn to the edge of the nearest speech, where they are shown for no time. So where they
find no room there, the pause is asked: with a sign of a voice it is speech, unsure as it is, and its words keep their
times. Without one they are heard once more by themselves, and stay only if that gives the same; where nothing is to be
heard again, they stay at the edge, and are named as words without time.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents import coverage
from samvad.documents.segments import HEARD_BESIDE, HEARD_TWICE
from samvad.media.audio import FilmAudio
from samvad.stages.asr import account, covered, gaps, parting, quiet, regions, windows
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord, text_of
from samvad.stages.asr.from_prompt import VoicePeak
from samvad.stages.asr.regions import Region
from samvad.stages.asr.retries import loops
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.word_room import Timed, crammed, fastest_ms, needs_ms
from samvad.stages.asr.word_times import drawn, parts, shortened
from samvad.text import scripts, skeletons
from samvad.text.repetition import plain
from samvad.text.romanise import is_indic
from samvad.text.sentence_ends import ends_sentence

log = logging.getLogger(__name__)

REASON = "words beside all speech"
#: Words whose times are further apart than this are looked at by themselves.
_APART_MS = 1_000
#: A voice is heard where so much of a stretch may be speech, or where the song detector is so sure of a voice in it.
_PERHAPS, _VOICE = 0.25, 0.3
#: Where it is less sure, but this sure, what is heard twice alike stays. Music, noise and animals give 0.1 at most.
_LITTLE_VOICE = 0.1
#: So few words, or any that are so near to speech, are never taken out: their times may be off by so much.
_FEW, _NEAR_MS = 2, 500
#: Less than this, so near to speech, is what a detector passed over in it: it belongs to the sentence around it.
_HOLE_MS = coverage.GAP_MS
#: Texts whose letters tell no consonants are alike where so much of so many letters or more is the same: the phrases of
#: config/hallucinations in Russian, Greek, Chinese, Japanese and Korean share 0.27 at most where they share no words.
_ALIKE, _ALIKE_LETTERS = 0.5, 6
#: So much sound around words is their own.
_MARGIN_MS = 200
#: Words that are drawn into so many times less than they take have no room.
_SQUEEZED = 6
#: A window that loops ends after so many tokens, or as many as the words that were heard have bytes (no token has less
#: than one; a letter of Hindi takes one token, of Telugu two): it tells nothing, and would cost the most.
_TOKENS = 100


@dataclass(frozen=True)
class _Stretch:
    """Some words in a row of a piece, and the stretch of a pause that they were heard in.

    Attributes:
        first: place of the first word in the piece.
        after: place after the last.
        region: where they were said by their own times.
        pause: start and end in ms of the pause between detected speech.
    """

    first: int
    after: int
    region: Region
    pause: tuple[int, int]

    @property
    def near(self) -> bool:
        """Return whether speech begins or ends beside it."""
        return min(self.region.start_ms - self.pause[0], self.pause[1] - self.region.end_ms) < _NEAR_MS

    @property
    def hole(self) -> bool:
        """Return whether it is but a hole in speech."""
        return self.near and self.region.length_ms < _HOLE_MS


@dataclass(frozen=True)
class Placer:
    """Finds what was heard beside all speech and has no room in it.

    Attributes:
        decode: recognises windows again; None: nothing is decoded again.
        audio: the film's audio.
        perhaps: what may be speech under other sound, beside the speech, in order of time.
        voice_peak: how sure a song detector is of a voice between two times in ms; None: there is none to ask.
        account: gets what is taken out.
    """

    decode: gaps.Decode | None
    audio: FilmAudio
    perhaps: Sequence[Region]
    voice_peak: VoicePeak | None
    account: Account

    def place(self, chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[Chunk]:
        """Return the chunks, parted where words stand beside all speech, without those that nobody said.

        Args:
            chunks: as decoded, in order of time; their words have the recogniser's own times.
            speech: what they were decoded from.
        """
        pauses = quiet.pauses(self.audio, speech)
        found = {place: _stretches(chunk, pauses) for place, chunk in enumerate(chunks)}
        asked = [(chunks[place], stretch) for place, stretches in found.items() for stretch in stretches]
        alike = self._heard_alike(asked)
        if asked:
            log.info("Words beside all speech, without room in it: %d places, %d heard alike", len(asked), len(alike))
        placed: list[Chunk] = []
        for place, chunk in enumerate(chunks):
            kept = [(one, one in alike) for one in found[place] if self._said(one, one in alike)]
            gone = [one for one in found[place] if self._nobody(one, one in alike)]
            for one in gone:
                self.account.take(chunk.words[one.first : one.after], account.NOWHERE)
            placed += _parted(chunk, kept, gone)
        return placed

    def _peak(self, stretch: _Stretch) -> float | None:
        return self.voice_peak(stretch.region.start_ms, stretch.region.end_ms) if self.voice_peak else None

    def _is_voice(self, stretch: _Stretch) -> bool:
        own = stretch.region
        shared = sum(max(0, min(own.end_ms, one.end_ms) - max(own.start_ms, one.start_ms)) for one in self.perhaps)
        return shared >= _PERHAPS * own.length_ms or (self._peak(stretch) or 0.0) >= _VOICE

    def _said(self, stretch: _Stretch, alike: bool) -> bool:
        """Return whether words keep the times at which they were heard."""
        return self._is_voice(stretch) or (alike and (self._peak(stretch) or 0.0) >= _LITTLE_VOICE)

    def _nobody(self, stretch: _Stretch, alike: bool) -> bool:
        """Return whether nobody said some words: no voice where they were heard, nor room in the speech beside it."""
        peak = self._peak(stretch)
        if peak is None or (self.decode is None and peak >= _LITTLE_VOICE):
            return False  # no detector was asked, or one hears a little and nothing is heard once more
        few = stretch.after - stretch.first <= _FEW
        return not (few or stretch.near or self._said(stretch, alike))

    def _heard_alike(self, asked: Sequence[tuple[Chunk, _Stretch]]) -> set[_Stretch]:
        """Return the stretches with but a little of a voice of which a window of their own gives the same."""
        little = [(chunk, one) for chunk, one in asked if not one.hole and (self._peak(one) or 0.0) >= _LITTLE_VOICE]
        wanted = [(chunk, one) for chunk, one in little if not self._is_voice(one)]
        if self.decode is None or not wanted:
            return set()
        texts = [text_of(chunk.words[one.first : one.after]) for chunk, one in wanted]
        most = max(_TOKENS, *(len(text.encode()) for text in texts))
        again = DecodingStrategy("a window of its own", own_length=True, max_tokens=most)
        heard = self.decode([windows.packed([one.region])[0] for _, one in wanted], again)
        return {
            one
            for text, (_, one), new in zip(texts, wanted, heard, strict=True)
            if not loops(new.text) and _alike(text, new.text)
        }


def _own(chunks: Sequence[Chunk]) -> list[Region]:
    """Return where words stand that were heard beside all speech, in order of time."""
    own = [chunk.window for chunk in chunks if chunk.words and chunk.window and was_beside(chunk)]
    return regions.union(region for window in own for region in window.speech)


def with_text(perhaps: Sequence[Region], speech: Sequence[Region], chunks: Sequence[Chunk]) -> list[Region]:
    """Return where something was recognised beside the speech that was found, in order of time.

    Args:
        perhaps: what may be speech under other sound.
        speech: what was found.
        chunks: what was recognised.
    """
    own = regions.beside(covered.with_text(_own(chunks), chunks), speech, 1)
    others = regions.beside(covered.with_text(perhaps, chunks), own, 1)
    return sorted([*own, *others], key=lambda region: region.start_ms)


def was_beside(chunk: Chunk) -> bool:
    """Return whether a chunk was heard beside all speech."""
    return chunk.decoded_again is not None and chunk.decoded_again.reasons == (REASON,)


def _stretches(chunk: Chunk, pauses: Sequence[tuple[int, int]]) -> list[_Stretch]:
    """Return the words of a chunk that lie beside its speech, and are crammed, or cram others, where they are drawn."""
    if chunk.window is None or not chunk.words or loops(chunk.text):
        return []
    speech = parts(chunk, chunk.window.speech, pauses)
    timed = [(word.start_ms, word.end_ms, word.word.text) for word in drawn(chunk, speech)]
    tight = {place for first, after in crammed(timed) for place in range(first, after)}
    tight |= {n for n, (start, end, text) in enumerate(timed) if needs_ms(text) > _SQUEEZED * (end - start)}
    if not tight:
        return []
    found: list[_Stretch] = []
    for first, after, pause in _outside(chunk.words, speech):
        if tight.intersection(range(first, after + 1)):
            found += _apart(chunk, first, after, pause)
    return found


def _outside(words: Sequence[RawWord], speech: Sequence[Region]) -> list[tuple[int, int, tuple[int, int]]]:
    """Return where words in a row touch no speech: the first, the one after the last, and the pause they lie in."""
    found: list[tuple[int, int, tuple[int, int]]] = []
    for place, word in enumerate(words):
        if any(region.start_ms <= word.end_ms and word.start_ms <= region.end_ms for region in speech):
            continue
        begin_ms = max((region.end_ms for region in speech if region.end_ms < word.start_ms), default=word.start_ms)
        end_ms = min((region.start_ms for region in speech if region.start_ms > word.end_ms), default=word.end_ms)
        if found and found[-1][1] == place and found[-1][2][0] == begin_ms:
            found[-1] = (found[-1][0], place + 1, (begin_ms, max(end_ms, found[-1][2][1])))
        else:
            found.append((place, place + 1, (begin_ms, end_ms)))
    return found


def _apart(chunk: Chunk, first: int, after: int, pause: tuple[int, int]) -> list[_Stretch]:
    """Return words of a pause as stretches between which nothing was heard for a while."""
    timed = shortened([Timed(word, word.start_ms, word.end_ms) for word in chunk.words[first:after]])
    apart = {n for n in range(1, len(timed)) if timed[n].start_ms - timed[n - 1].end_ms >= _APART_MS}
    cuts = sorted(apart | _of_sentences_around(timed, pause))
    found: list[_Stretch] = []
    for begin, end in zip([0, *cuts], [*cuts, len(timed)], strict=True):
        own = timed[begin:end]
        needed = sum(needs_ms(word.word.text) for word in own)
        earliest_ms = found[-1].region.end_ms if found else pause[0]
        latest_ms = timed[end].start_ms if end < len(timed) else pause[1]
        # Whisper's own times may leave no room either.
        more_ms = max(0, needed - own[-1].end_ms + own[0].start_ms)
        start_ms = max(earliest_ms, own[0].start_ms - more_ms // 2 - _MARGIN_MS)
        end_ms = min(latest_ms, max(own[-1].end_ms, start_ms + needed) + _MARGIN_MS)
        if end_ms - start_ms >= sum(fastest_ms(word.word.text) for word in own):
            region = Region(start_ms, end_ms, chunk.language)
            found.append(_Stretch(first + begin, first + end, region, pause))
    return found


def _of_sentences_around(timed: Sequence[Timed], pause: tuple[int, int]) -> set[int]:
    """Return where to part words from those that end the sentence before their pause, or begin the one after it."""
    said = [word.word.text for word in timed]
    ends = [n for n in range(1, len(timed)) if ends_sentence(said[n - 1], said[n])]
    if not ends:
        return set()
    last = pause[1] - timed[-1].end_ms < _NEAR_MS and pause[1] - timed[ends[-1]].start_ms < _HOLE_MS
    first = timed[0].start_ms - pause[0] < _NEAR_MS and timed[ends[0] - 1].end_ms - pause[0] < _HOLE_MS
    return {*([ends[-1]] if last else ()), *([ends[0]] if first else ())}


def _parted(chunk: Chunk, kept: Sequence[tuple[_Stretch, bool]], gone: Sequence[_Stretch]) -> list[Chunk]:
    """Return a chunk in parts: what was said beside speech by itself, the rest around it, nothing of what is gone."""
    holes = [one.region for one, _ in kept if one.hole]
    if holes and chunk.window is not None:
        # What touches is one stretch: words may take room on either side of where a detector began to hear them.
        chunk = replace(
            chunk, window=replace(chunk.window, speech=tuple(regions.union([*chunk.window.speech, *holes])))
        )
        kept = [(one, alike) for one, alike in kept if not one.hole]
    if not kept and not gone:
        return [chunk]
    out = {place for one in gone for place in range(one.first, one.after)}
    found: list[Chunk] = []
    first, start_ms = 0, chunk.start_ms
    for one, alike in kept:
        before = tuple(word for place, word in enumerate(chunk.words[first : one.first], first) if place not in out)
        if before:
            found.append(parting.part(chunk, before, start_ms, one.region.start_ms))
        note = DecodedAgain((REASON,), HEARD_TWICE if alike else HEARD_BESIDE, int(alike))
        own = parting.part(chunk, chunk.words[one.first : one.after], one.region.start_ms, one.region.end_ms)
        window = windows.Window(((one.region.start_ms, one.region.end_ms),), (one.region,))
        found.append(replace(own, window=window, decoded_again=note))
        first, start_ms = one.after, one.region.end_ms
    rest = tuple(word for place, word in enumerate(chunk.words[first:], first) if place not in out)
    if rest or not found:
        found.append(parting.part(chunk, rest, start_ms, chunk.end_ms))
    return [found[0], *(replace(one, heard={}) for one in found[1:])]  # what was heard counts once


def _alike(one: str, other: str) -> bool:
    """Return whether two texts say the same: by their consonants; by their letters where these tell no consonants."""
    from rapidfuzz.distance import Levenshtein

    if gaps.same_sounds(one, other):
        return True
    ours, theirs = ("".join(filter(_is_unread, plain(text))) for text in (one, other))
    long = min(len(ours), len(theirs)) >= _ALIKE_LETTERS
    return long and Levenshtein.normalized_similarity(ours, theirs) >= _ALIKE


def _is_unread(letter: str) -> bool:
    """Return whether a letter is of a script whose consonants are not known here, such as Russian's or Chinese."""
    return letter.isalpha() and not (
        scripts.script_of(letter) == scripts.LATIN or skeletons.in_urdu(letter) or is_indic(letter)
    )
