"""Segments as clear speech and as noise leave them, and the verdicts on them."""

from __future__ import annotations

import dataclasses

from samvad.core import schemas
from samvad.documents.review import Decision
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.stages.hallucination_removal import verdicts
from samvad.stages.hallucination_removal.measures import Evidence
from samvad.text import phrases

PHRASES = phrases.read(schemas.ROOT / "config" / "hallucinations" / "en.tsv")
SPOKEN = {"avg_logprob": -0.35, "no_speech_prob": 0.05, "compression_ratio": 1.3, "temperature": 0.0}
NOISE = {"avg_logprob": -1.65, "no_speech_prob": 0.69, "compression_ratio": 0.6, "temperature": 0.0}
# An ordinary passage of some 80 words.
HINDI = (
    "गाँव के बाहर नदी के किनारे एक पुराना मंदिर था। शाम होते ही बच्चे वहाँ खेलने आते और बूढ़े लोग अपनी कहानियाँ सुनाते। "
    "एक दिन शहर से एक आदमी आया और उसने सबको बताया कि अब यहाँ सड़क बनेगी। कुछ लोग खुश हुए, कुछ चुप रहे। "
    "दादी ने बस इतना कहा कि सड़क आएगी तो बेटे भी लौट आएँगे, और नदी की तरफ़ देखने लगीं। "
    "उस रात किसी को नींद नहीं आई, क्योंकि सबके मन में एक ही सवाल था।"
)


def said(text: str, start_ms: int = 1000, end_ms: int = 3000, **changes: object) -> Segment:
    """Return a segment as clear speech leaves it, with what differs."""
    segment = Segment(1, start_ms, end_ms, text, "hi", (Word(start_ms, end_ms, text, 0.85),), decoding=SPOKEN)
    return dataclasses.replace(segment, **changes)  # type: ignore[arg-type]


def judge(
    *made: Segment, evidence: Evidence | None = None, strictness: str = "strict", decisions: tuple[Decision, ...] = ()
) -> verdicts.Judged:
    numbered = tuple(dataclasses.replace(segment, id=number) for number, segment in enumerate(made, start=1))
    evidence = evidence or Evidence(regions=((0, 600_000),), curve=None, phrases=PHRASES)
    document = SegmentsDocument("hi", 600_000, numbered)
    return verdicts.judge(document, evidence, verdicts.RULES[strictness], decisions=decisions)


def given_verdicts(judged: verdicts.Judged) -> list[str]:
    """Return the verdicts by themselves."""
    return [segment.verdict for segment in judged.document.segments]


def spoken_words(text: str, start_ms: int = 1000, word_ms: int = 300) -> Segment:
    """Return a segment whose words follow each other."""
    words = tuple(
        Word(start_ms + word_ms * n, start_ms + word_ms * (n + 1), word, 0.8) for n, word in enumerate(text.split())
    )
    return said(text, start_ms, words[-1].end_ms, words=words, extra={"unknown": 1})
