"""What stage 07 tells people: the list of doubted segments, counts, the share of text taken out."""

from __future__ import annotations

import csv
import io
from collections import Counter

from samvad.core.times import clock
from samvad.documents.segments import KEEP, QUARANTINE, SUSPECT, SegmentsDocument
from samvad.stages.hallucination_removal.loops import ORIGINAL_TEXT
from samvad.stages.hallucination_removal.verdicts import Judged

#: More text than this taken out (0 to 1) is no film with some noise in it: something is wrong as a whole.
ALARMING_SHARE = 0.3

_HEADER = ("id", "start", "end", "verdict", "reasons", "text", "recognised")


def quarantine_tsv(document: SegmentsDocument) -> str:
    """Return the segments that are not simply kept as tab-separated lines under a header, in order of time.

    They are the suspect, the quarantined, and those that a person decided on. ``recognised`` is what stood there before
    a loop was cut back. Tabs and line breaks become spaces; quotes are doubled as spreadsheets do.
    """
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t", lineterminator="\n")
    writer.writerow(_HEADER)
    for segment in document.segments:
        if segment.verdict != KEEP or segment.reasons:
            cells = (
                str(segment.id),
                clock(segment.start_ms),
                clock(segment.end_ms),
                segment.verdict,
                "; ".join(segment.reasons),
                segment.text,
                str(segment.extra.get(ORIGINAL_TEXT, "")),
            )
            writer.writerow(" ".join(cell.split()) for cell in cells)
    return file.getvalue()


def counts(judged: Judged) -> dict[str, int]:
    """Return the number of segments by verdict, and by signal among the suspect and the quarantined."""
    verdicts = Counter(segment.verdict for segment in judged.document.segments)
    by_signal = Counter(
        name for segment in judged.document.segments if segment.verdict != KEEP for name in judged.signals[segment.id]
    )
    return {
        "kept": verdicts[KEEP],
        "suspect": verdicts[SUSPECT],
        "quarantined": verdicts[QUARANTINE],
        "loops_cut_back": sum(ORIGINAL_TEXT in segment.extra for segment in judged.document.segments),
        **{f"signal_{name}": count for name, count in sorted(by_signal.items())},
    }


def quarantined_share(document: SegmentsDocument) -> float:
    """Return the part of all characters (0 to 1) that stands in quarantined segments; 0 without any text."""
    lengths = [(segment.verdict, len(segment.text.strip())) for segment in document.segments]
    total = sum(length for _, length in lengths)
    return sum(length for verdict, length in lengths if verdict == QUARANTINE) / total if total else 0.0
