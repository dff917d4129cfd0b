"""Where the translations of lines meet: read one by one, each begins and ends as if it were a text of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from samvad.documents.segments import SegmentsDocument, Translation
from samvad.stages.translation.backends import PERSON, SAME_LANGUAGE
from samvad.text.joints import PAUSE_MS, Spelling, mended
from samvad.text.sentence_ends import ends_sentence


def at_joints(document: SegmentsDocument, target: str) -> SegmentsDocument:
    """Return the document with case and stops put right between lines through which a sentence of the source runs.

    What a person wrote, and what was passed on as it was said, stays.
    """
    made = {
        segment.id: found
        for segment in document.shown()
        if (found := segment.translations.get(target)) and found.text and found.backend not in (PERSON, SAME_LANGUAGE)
    }
    spelling = Spelling.of(found.text for found in made.values())
    for left, right in pairwise(document.shown()):
        pause_ms = right.start_ms - left.end_ms
        same = left.language == right.language and left.speaker == right.speaker and left.kind == right.kind
        if left.id not in made or right.id not in made or not same or pause_ms >= PAUSE_MS:
            continue
        if ends_sentence(left.text.split()[-1], right.text):
            continue
        texts = mended(made[left.id].text, made[right.id].text, pause_ms, target, spelling)
        made[left.id] = replace(made[left.id], text=texts[0])
        made[right.id] = replace(made[right.id], text=texts[1])

    def changed(translations: dict[str, Translation], number: int) -> dict[str, Translation]:
        return {**translations, target: made[number]} if number in made else translations

    return replace(
        document,
        segments=tuple(
            replace(segment, translations=changed(segment.translations, segment.id)) for segment in document.segments
        ),
    )
