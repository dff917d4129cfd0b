"""From decoded chunks to segments of about a sentence, with word times that keep to the speech."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from samvad.core import typed_json
from samvad.documents.segments import Segment, Word
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.regions import Region
from samvad.stages.asr.word_room import Timed
from samvad.stages.asr.word_times import into_speech
from samvad.text.joints import Spelling, mended
from samvad.text.romanise import romanise
from samvad.text.sentence_ends import belongs_to, ends_sentence

_SOFT_ENDS = (",", ";", ":", "،", "—", "–")
#: A silence this long parts sentences even where Whisper put no full stop.
_PAUSE_MS = 1200


def build_segments(
    chunks: Sequence[Chunk],
    regions: Sequence[Region],
    max_sentence_ms: int,
    pauses: Sequence[tuple[int, int]] = (),
) -> list[Segment]:
    """Cut chunks into sentences.

    Every word of a chunk's text has a start and an end, in order, inside its segment. Words are drawn into the speech
    regions: Whisper's own word times let the first word after a silence begin in the silence.

    Args:
        chunks: what was decoded, in order of time.
        regions: where there is speech, in order of time.
        max_sentence_ms: a sentence longer than this is cut at its best pause.
        pauses: start and end in ms of silences inside the regions, in order of time.

    Returns:
        Segments numbered from 1, in order of time.
    """
    segments: list[Segment] = []
    joints: list[int] = []
    for chunk in chunks:
        speech = chunk.window.speech if chunk.window else [region for region in regions if _overlap(region, chunk)]
        timed = into_speech(chunk, speech, pauses)
        for sentence in _sentences(timed, max_sentence_ms):
            segments.append(_segment(len(segments) + 1, sentence, chunk))
        joints.append(len(segments))
    return _with_joints_mended(segments, joints)


def _with_joints_mended(segments: list[Segment], joints: Sequence[int]) -> list[Segment]:
    """Put case and stops right where chunks meet: each was written as if it were a text of its own."""
    spelling = Spelling.of(segment.text for segment in segments)
    for place in dict.fromkeys(place for place in joints if 0 < place < len(segments)):
        left, right = segments[place - 1], segments[place]
        if left.language == right.language:
            pause_ms = right.start_ms - left.end_ms
            texts = mended(left.text, right.text, pause_ms, left.language, spelling)
            segments[place - 1], segments[place] = _said(left, texts[0], -1), _said(right, texts[1], 0)
    return segments


def _said(segment: Segment, text: str, changed: int) -> Segment:
    """Return a segment with a text of which its first or its last word is written otherwise."""
    if text == segment.text:
        return segment
    words, before, said = list(segment.words), segment.text.split(), text.split()
    if words and words[changed].text == before[changed]:
        words[changed] = replace(words[changed], text=said[changed])
    return replace(segment, text=text, words=tuple(words))


def _overlap(region: Region, chunk: Chunk) -> bool:
    return region.start_ms < chunk.end_ms and region.end_ms > chunk.start_ms


def _sentences(words: Sequence[Timed], max_sentence_ms: int) -> list[list[Timed]]:
    sentences: list[list[Timed]] = []
    current: list[Timed] = []
    for number, word in enumerate(words):
        current.append(word)
        following = words[number + 1] if number + 1 < len(words) else None
        if following is None or _ends(word, following):
            sentences += _cut_long(current, max_sentence_ms)
            current = []
    return sentences


def _ends(word: Timed, following: Timed) -> bool:
    if belongs_to(word.word.text, following.word.text):
        return False
    return ends_sentence(word.word.text, following.word.text) or following.start_ms - word.end_ms >= _PAUSE_MS


def _cut_long(words: list[Timed], max_sentence_ms: int) -> list[list[Timed]]:
    """Cut a sentence that is too long at the pause that is longest, a comma counting as half a second."""
    if len(words) < 2 or words[-1].end_ms - words[0].start_ms <= max_sentence_ms:
        return [words]
    middle = (words[0].start_ms + words[-1].end_ms) / 2

    def worth(cut: int) -> float:
        before, after = words[cut - 1], words[cut]
        pause = after.start_ms - before.end_ms
        comma = 500 if before.word.text.strip().endswith(_SOFT_ENDS) else 0
        if belongs_to(before.word.text, after.word.text):
            return -math.inf
        return pause + comma - abs(after.start_ms - middle) / 10

    cut = max(range(1, len(words)), key=worth)
    return _cut_long(words[:cut], max_sentence_ms) + _cut_long(words[cut:], max_sentence_ms)


def _segment(number: int, sentence: Sequence[Timed], chunk: Chunk) -> Segment:
    return Segment(
        id=number,
        start_ms=sentence[0].start_ms,
        end_ms=sentence[-1].end_ms,
        text="".join(timed.word.text for timed in sentence).strip(),
        language=chunk.language,
        words=tuple(
            Word(timed.start_ms, timed.end_ms, timed.word.text.strip(), round(timed.word.probability, 3))
            for timed in sentence
        ),
        decoding=chunk.decoding,
        extra={
            **({"decoded_again": typed_json.plain(chunk.decoded_again)} if chunk.decoded_again else {}),
            **_heard([timed.word for timed in sentence]),
        },
    )


def _heard(words: Sequence[RawWord]) -> dict[str, Any]:
    """Return what the model wrote of a sentence, and that in Latin letters, where words got another script."""
    if not any(word.heard for word in words):
        return {}
    written = "".join(word.heard.text if word.heard else word.text for word in words)
    roman = "".join(word.heard.roman if word.heard else romanise(word.text) for word in words)
    return {"heard": written.strip(), "heard_roman": roman.strip()}
