"""Give every segment a verdict: keep, suspect (shown, but marked), or quarantine (not shown); nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents.review import Decision
from samvad.documents.segments import KEEP, QUARANTINE, SUSPECT, Segment, SegmentsDocument
from samvad.stages.hallucination_removal import loops
from samvad.stages.hallucination_removal.limits import Limits
from samvad.stages.hallucination_removal.measures import Context, Evidence, contexts, measure
from samvad.stages.hallucination_removal.signals import REPETITION, Signal, signals
from samvad.text.repetition import plain


@dataclass(frozen=True)
class Rule:
    """How signals make a verdict.

    Attributes:
        suspect_signals: number of signals from which a segment is suspect.
        quarantine_signals: number from which it is quarantined.
    """

    suspect_signals: int
    quarantine_signals: int


#: The rule by the name that the key ``hallucination.strictness`` gives it.
RULES = {"gentle": Rule(1, 3), "strict": Rule(1, 2)}
#: The recogniser's own figures: noise over speech moves them together, so alone they take out nothing unless all agree.
_OWN = frozenset({"doubt", "guess", "no_speech_prob"})


@dataclass(frozen=True)
class Judged:
    """The document with verdicts, the names of each segment's signals by its id, and decisions that met nothing."""

    document: SegmentsDocument
    signals: dict[int, tuple[str, ...]]
    unused: tuple[Decision, ...] = ()


def judge(
    document: SegmentsDocument,
    evidence: Evidence,
    rule: Rule,
    limits: Limits | None = None,
    decisions: Sequence[Decision] = (),
) -> Judged:
    """Return the document with a verdict, reasons and values for every segment.

    Args:
        document: of the nearest earlier stage.
        evidence: speech regions, sound curve, phrases.
        rule: how many signals make a verdict.
        limits: where a value becomes a signal.
        decisions: of a person; they win.
    """
    limits = limits or Limits()
    judged, names = [], {}
    unused = list(decisions)
    for segment, context in zip(document.segments, contexts(document.segments, limits), strict=True):
        done, found = _judge_one(segment, context, evidence, rule, limits)
        decided = [decision for decision in decisions if _is_meant(decision, segment, done)]
        if decided:
            done = _obey(segment, done, decided[-1])
            unused = [decision for decision in unused if decision not in decided]
        judged.append(done)
        names[segment.id] = tuple(signal.name for signal in found)
    return Judged(replace(document, segments=tuple(judged)), names, tuple(unused))


def _judge_one(
    segment: Segment, context: Context, evidence: Evidence, rule: Rule, limits: Limits
) -> tuple[Segment, tuple[Signal, ...]]:
    values = measure(segment, context, evidence, limits)
    found = signals(segment, values, limits)
    verdict = KEEP
    enough = len(found) >= rule.quarantine_signals
    if enough and not {signal.name for signal in found} < _OWN:
        verdict = QUARANTINE
    elif len(found) >= rule.suspect_signals:
        verdict = SUSPECT
    reasons = () if verdict == KEEP else tuple(signal.reason for signal in found)
    marked = replace(segment, verdict=verdict, reasons=reasons, signals={**segment.signals, **values})
    if "loop" in {signal.name for signal in found}:
        if len(found) == 1 and loops.may_be_said(segment, limits):
            return marked, found
        return _first_round(marked, evidence, rule, limits) or marked, found
    return marked, found


def _first_round(segment: Segment, evidence: Evidence, rule: Rule, limits: Limits) -> Segment | None:
    """Return the segment with its loop cut back to one round, suspect, if that round may have been spoken."""
    cut = loops.cut_back(segment, limits)
    if cut is None or plain(cut.text) in evidence.phrases or loops.words_left(segment, limits) < limits.cut_words:
        return None
    left = signals(cut, measure(cut, Context(), evidence, limits), limits)
    if len(left) >= rule.suspect_signals or {signal.name for signal in left} & REPETITION:
        return None
    return replace(cut, verdict=SUSPECT, reasons=(*segment.reasons, "the loop is cut back to its first round"))


def _is_meant(decision: Decision, recognised: Segment, judged: Segment) -> bool:
    """Return whether a person's decision is about a segment: the same text at about the same time.

    Without a text it is about every segment that lies in its time for the larger part.
    """
    start_ms, end_ms = recognised.start_ms, max(recognised.end_ms, recognised.start_ms + 1)
    shared = min(end_ms, decision.end_ms) - max(start_ms, decision.start_ms)
    if not decision.text:
        return 2 * shared > end_ms - start_ms
    same = plain(decision.text) in {plain(recognised.text), plain(judged.text)}
    return same and shared >= 0


def _obey(recognised: Segment, judged: Segment, decision: Decision) -> Segment:
    reasons = (f"decided by a person: {decision.value}", *judged.reasons)
    if decision.value == "whole":
        return replace(recognised, verdict=KEEP, reasons=reasons, signals=judged.signals)
    return replace(judged, verdict=decision.value, reasons=reasons)
