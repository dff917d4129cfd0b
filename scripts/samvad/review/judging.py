"""What is wrong with the cues of a lane, by the code of ``samvad check``: of all once, then near what was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from samvad.documents import coverage
from samvad.documents.coverage import Coverage
from samvad.documents.headline import Headline
from samvad.documents.segments import AS_SAID
from samvad.documents.subtitle_check import Finding
from samvad.documents.word_account import Unexplained
from samvad.review.job import JobFiles
from samvad.review.lanes import Lane, LaneCue
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking, objections

#: A rule looks at the cue before and the one after; an objection, at the sentence that goes over them.
_NEAR = 3
#: What a doubtful translation is called among a cue's flags.
DOUBT = "translation"

Flag = tuple[str, str, str]


@dataclass
class Judged:
    """The flags of a lane.

    Attributes:
        rules: what its cues are to keep.
        order: ids of its cues, in order of time.
        breaches: of each cue, the rules that it breaks.
        objected: of each cue, what a person would object to beside them.
        doubts: of each segment, why its translation is doubtful.
        spoken: how much of the speech has text; None where nobody knows.
        perhaps: likewise of what may be speech under other sound.
        loud: likewise of where other sound is too loud to hear anybody.
        broken: ids of the cues that break a hard rule.
        habits: how the lane writes its sentences.
        doubtful: those whose translation is doubtful, and whether they show what was said.
    """

    rules: Rules
    order: list[str] = field(default_factory=list)
    breaches: dict[str, list[Flag]] = field(default_factory=dict)
    objected: dict[str, list[Flag]] = field(default_factory=dict)
    doubts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    spoken: Coverage | None = None
    perhaps: Coverage | None = None
    loud: Coverage | None = None
    broken: set[str] = field(default_factory=set)
    doubtful: dict[str, bool] = field(default_factory=dict)
    habits: objections.Habits | None = None

    def flags(self, cue: LaneCue) -> list[list[str]]:
        """Return a cue's flags: rule, level, and the message."""
        found = [*self.breaches.get(cue.id, ()), *self.objected.get(cue.id, ())]
        doubts = self.doubts_of(cue)
        found += [(DOUBT, "warning", ", ".join(doubts))] if doubts else []
        return [list(flag) for flag in found]

    def doubts_of(self, cue: LaneCue) -> list[str]:
        """Return why the translation of a cue is doubtful; what a person wrote is not."""
        if cue.hand:
            return []
        return list(dict.fromkeys(flag for number in cue.segments for flag in self.doubts.get(number, ())))


def judge(lane: Lane, rules: Rules, files: JobFiles) -> Judged:
    """Return the flags of a whole lane."""
    doubts = {
        segment.id: tuple(flag for flag in made.flags if flag != "not translated")
        for segment in files.document.segments
        if (made := segment.translations.get(lane.language)) is not None
    }
    judged = Judged(rules, doubts=doubts)
    _look(judged, lane.ordered(), files.shots, None)
    judged.spoken, judged.perhaps = covered(lane, files, files.speech), covered(lane, files, files.perhaps)
    judged.loud = covered(lane, files, files.loud)
    return judged


def judge_again(judged: Judged, lane: Lane, shots: Sequence[int], changed: Iterable[str]) -> set[str]:
    """Look again at the cues near those that were changed or taken away; return the ids of those whose flags changed.

    Args:
        judged: is brought up to date.
        lane: as it is now.
        shots: times of the shot changes in ms.
        changed: ids of cues that were made, changed or taken away.
    """
    ids = set(changed)
    before, places = judged.order, set()
    for at, cue_id in enumerate(before):
        if cue_id in ids:  # whoever stood beside it has other neighbours now
            places |= {*before[max(0, at - 1) : at], *before[at + 1 : at + 2]}
    ordered = lane.ordered()
    return _look(judged, ordered, shots, ids | places)


def _look(judged: Judged, ordered: Sequence[LaneCue], shots: Sequence[int], changed: set[str] | None) -> set[str]:
    judged.order = [cue.id for cue in ordered]
    if changed is None:
        judged.breaches, judged.objected = {}, {}
        judged.habits = objections.Habits.of([cue.cue for cue in ordered])
        _check(judged, ordered, 0, len(ordered), shots)
        _count(judged, ordered)
        return set(judged.order)
    for cue_id in changed:
        judged.breaches.pop(cue_id, None)
        judged.objected.pop(cue_id, None)
        judged.broken.discard(cue_id)
        judged.doubtful.pop(cue_id, None)
    told: set[str] = set()
    for first, last in _stretches([at for at, cue_id in enumerate(judged.order) if cue_id in changed], len(ordered)):
        for cue in ordered[first:last]:
            before = judged.breaches.pop(cue.id, []), judged.objected.pop(cue.id, [])
            if any(before):
                told.add(cue.id)
        told |= _check(judged, ordered, first, last, shots)
        _count(judged, ordered[first:last])
    return told | changed


def _count(judged: Judged, cues: Iterable[LaneCue]) -> None:
    """Take note of which cues break a hard rule, and which are doubtful."""
    for cue in cues:
        if any(flag[0] in checking.HARD for flag in judged.breaches.get(cue.id, ())):
            judged.broken.add(cue.id)
        else:
            judged.broken.discard(cue.id)
        if doubts := judged.doubts_of(cue):
            judged.doubtful[cue.id] = AS_SAID in doubts
        else:
            judged.doubtful.pop(cue.id, None)


def _stretches(places: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Return from where to where cues are to be looked at again, around those that were changed."""
    found: list[tuple[int, int]] = []
    for at in places:
        first, last = max(0, at - _NEAR), min(count, at + _NEAR + 1)
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


def _check(judged: Judged, ordered: Sequence[LaneCue], first: int, last: int, shots: Sequence[int]) -> set[str]:
    """Look at some cues, with so many beside them that their flags are those that the whole lane would give them."""
    left, right = max(0, first - 2), min(len(ordered), last + 2)
    part = ordered[left:right]
    cues, context = [cue.cue for cue in part], checking.Context(shots or None, [cue.said for cue in part])
    told = set()
    for into, found in (
        (judged.breaches, checking.check(cues, judged.rules, context)),
        (judged.objected, objections.find(cues, judged.rules, context, judged.habits)),
    ):
        for item in found:
            at = left + item.cue - 1
            if first <= at < last:
                into.setdefault(ordered[at].id, []).append(_flag(item))
                told.add(ordered[at].id)
    return told


def _flag(item: Finding) -> Flag:
    return item.rule, item.level, item.message


def covered(lane: Lane, files: JobFiles, speech: Sequence[tuple[int, int]] | None) -> Coverage | None:
    """Return how much of some stretches (in ms) has text in a lane; None where there are none."""
    if not speech:
        return None
    segments = files.segments
    shown = {number for cue in lane.cues.values() for number in cue.segments}
    words: list[tuple[int, int, str]] = []
    for number in shown & segments.keys():
        segment = segments[number]
        words += [(word.start_ms, word.end_ms, word.text) for word in segment.words] or [
            (segment.start_ms, segment.end_ms, segment.text)
        ]
    words += [
        (at, min(at + 500, cue.end_ms), "written")
        for cue in lane.cues.values()
        if cue.hand
        for at in range(cue.start_ms, cue.end_ms, 500)
    ]
    return coverage.measure(speech, words)


def headline(judged: Judged, lane: Lane, files: JobFiles, decided: Collection[str] = ()) -> Headline:
    """Return what a lane is worth as it stands.

    Args:
        judged: the lane, looked at.
        lane: the lane.
        files: of its job.
        decided: keys of what a person has decided: a loss that was accepted is told, and is none that is open.
    """
    count = len(lane.cues)
    left = unexplained(lane, files)
    accepted = sum(item.words for item in left if f"need/lost:{loss_key(lane.language, item)}" in decided)
    seconds = sum(end - start for start, end in files.speech) / 1000 if files.speech is not None else None
    return Headline(
        cues=count,
        speech_seconds=None if seconds is None else round(seconds, 1),
        coverage=round(judged.spoken.share, 4) if judged.spoken else None,
        sure=files.sure,
        doubtful=len(judged.doubtful),
        as_said=sum(judged.doubtful.values()),
        rules=round(1 - len(judged.broken) / count, 4) if count else 0.0,
        longest_gap_seconds=_longest(judged.spoken),
        perhaps_seconds=_without(judged.perhaps),
        loud_seconds=_without(judged.loud),
        unexplained=sum(item.words for item in left) - accepted + files.unexplained_beside(lane.language),
        accepted=accepted,
        unsure=files.unsure,
    )


def _without(found: Coverage | None) -> float:
    """Return the seconds without text; 0 where nobody knows."""
    return round(sum(gap.speech_ms for gap in found.gaps) / 1000, 1) if found else 0.0


def _longest(found: Coverage | None) -> float:
    return round(max((gap.speech_ms for gap in found.gaps), default=0) / 1000, 1) if found else 0.0


def unexplained(lane: Lane, files: JobFiles) -> list[Unexplained]:
    """Return the words that were lost, or came, without a record, and at which no person has written anything."""
    found = files.unexplained(lane.language)
    by_hand = [cue for cue in lane.cues.values() if cue.hand] if found else []
    return [item for item in found if not any(c.start_ms < item.end_ms and item.start_ms < c.end_ms for c in by_hand)]


def loss_key(language: str, item: Unexplained) -> str:
    """Return what a loss of words is known by; it has the words: one that was accepted says nothing of another."""
    words = hashlib.sha256(item.text.encode()).hexdigest()[:8]
    return f"{language} {item.stage} {item.how} {item.start_ms}-{item.end_ms} {words}"


def headline_json(found: Headline) -> dict[str, object]:
    """Return a headline as the page has it: its figures, each with its grade, and its words."""
    return {**vars(found), "grades": found.grades, "grade": found.grade, "told": found.told(), "loud": found.loud}


def sureness(cue: LaneCue, files: JobFiles) -> float | None:
    """Return the mean probability of a cue's words; None where none is known, or a person wrote it."""
    if cue.hand:
        return None
    return files.sureness(cue.segments)
