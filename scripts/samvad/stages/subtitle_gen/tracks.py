"""Which tracks a film gets, and what each says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import turns, typography
from samvad.stages.subtitle_gen.cutting import cut
from samvad.stages.subtitle_gen.shortening import Proposal, proposals, without
from samvad.stages.subtitle_gen.stream import LONGEST_PAUSE_MS
from samvad.stages.subtitle_gen.units import Unit, in_order, text_in, units_of

#: Changes a track's words before they are cut.
Prepare = Callable[[list[Unit]], list[Unit]]
Shorten = Callable[[list[Proposal]], list[Proposal]]


@dataclass(frozen=True)
class Track:
    """Subtitles in one language.

    Attributes:
        language: short code.
        translated: whether that is not the language that most of the film is spoken in.
        cues: in order.
        origins: for each cue, where it comes from.
        segments: how many segments viewers are to see.
        left_out: ids of those that have no text in the language.
        shorter: proposals of a shorter text for cues that cannot be read, and those that were taken.
    """

    language: str
    translated: bool
    cues: tuple[Cue, ...]
    origins: tuple[Origin, ...]
    segments: int
    left_out: tuple[int, ...]
    shorter: tuple[Proposal, ...] = ()


def spoken_language(document: SegmentsDocument) -> str | None:
    """Return the language that most of the shown segments are in, the document's own where it is among them."""
    counts = Counter(segment.language for segment in document.shown())
    if not counts:
        return None
    return document.language if document.language in counts else counts.most_common(1)[0][0]


def languages_of_tracks(document: SegmentsDocument, targets: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the languages to make tracks in, and the targets that have no text at all.

    A target without any text gets no track; then the film gets one in the language spoken, so that it has at least
    that. A film in which nothing was said gets an empty track for each target.
    """
    targets = list(dict.fromkeys(targets))
    spoken = spoken_language(document)
    if spoken is None:
        return targets, []
    shown = list(document.shown())
    without = [target for target in targets if all(text_in(segment, target) is None for segment in shown)]
    made = [target for target in targets if target not in without]
    return ([*made, spoken] if without and spoken not in made else made), without


def make_track(
    document: SegmentsDocument,
    rules: Rules,
    shots: Sequence[int] = (),
    listen: turns.Listen | None = None,
    shorten: Shorten | None = None,
    prepare: Prepare | None = None,
) -> Track:
    """Return the subtitles of a film in the language of the rules.

    Args:
        document: the film's segments.
        rules: what a cue may be.
        shots: times of the shot changes, in order.
        listen: gives the voice between two times in ms, where there is sound to listen to.
        shorten: decides which proposals of a shorter text are taken; without it none is.
        prepare: changes the words before they are cut.
    """
    shown = list(document.shown())
    left_out = tuple(segment.id for segment in shown if text_in(segment, rules.language) is None)
    units = in_order(_all_units(shown, rules, document.duration_ms))
    units = turns.marked(units, rules.language, listen)
    units = prepare(units) if prepare else units
    pieces = cut(units, rules, document.duration_ms, shots)
    proposed = proposals(units, pieces, rules)
    shorter = shorten(proposed) if shorten else proposed
    taken = frozenset[int]().union(*(item.places for item in shorter if item.taken))
    if taken:
        units = without(units, taken, dict(pair for item in shorter if item.taken for pair in item.rewritten))
        pieces = cut(units, rules, document.duration_ms, shots)
    spoken = spoken_language(document)
    return Track(
        language=rules.language,
        translated=spoken is not None and rules.language != spoken,
        cues=tuple(piece.cue for piece in pieces),
        origins=tuple(_origin(units[piece.first : piece.last], piece.why, piece.cue, shorter) for piece in pieces),
        segments=len(shown),
        left_out=left_out,
        shorter=tuple(shorter),
    )


def _all_units(shown: Sequence[Segment], rules: Rules, duration_ms: int) -> list[Unit]:
    units: list[Unit] = []
    alone: list[Unit] = []  # the number of an item, which says nothing without it: "2."
    for number, segment in enumerate(shown):
        if not rules.is_shown(text_in(segment, rules.language) or ""):
            continue  # marks that a recogniser writes for music: nobody said them
        following_ms = shown[number + 1].start_ms if number + 1 < len(shown) else max(duration_ms, segment.end_ms)
        said = units_of(segment, rules.language)
        if typography.is_item(said, rules) and 0 <= following_ms - said[-1].end_ms < LONGEST_PAUSE_MS and not alone:
            alone = said
            continue
        if alone and said and said[0].start_ms - alone[0].end_ms >= LONGEST_PAUSE_MS:
            units += typography.written(alone, rules)
            alone = []
        made, alone = typography.written([*alone, *said], rules), []
        units += _given_time(made, following_ms - rules.gap_ms, rules)
    return units + typography.written(alone, rules)


def _given_time(units: list[Unit], free_to_ms: int, rules: Rules) -> list[Unit]:
    """Spread a translation that is too long for its speech over the silence that follows, as far as reading needs it.

    Only the times of translations are reckoned: words that were heard keep theirs.
    """
    if not units or units[0].heard:
        return units
    start_ms, end_ms = units[0].start_ms, units[-1].end_ms
    characters = sum(len(unit.text) + (not unit.glued) for unit in units)
    gaps = characters // rules.max_line_characters + 1  # as many cues as it may become, at most
    needed_ms = rules.reading_ms(characters, len(units)) + gaps * rules.gap_ms
    stretched_ms = min(start_ms + needed_ms, free_to_ms)
    if stretched_ms <= end_ms:
        return units
    share = (stretched_ms - start_ms) / max(1, end_ms - start_ms)
    return [
        replace(
            unit,
            start_ms=start_ms + round((unit.start_ms - start_ms) * share),
            end_ms=start_ms + round((unit.end_ms - start_ms) * share),
        )
        for unit in units
    ]


def _origin(units: Sequence[Unit], why: str, cue: Cue, shorter: Sequence[Proposal]) -> Origin:
    full = [item.text for item in shorter if item.taken and cue.start_ms < item.end_ms and item.start_ms < cue.end_ms]
    return Origin(
        said_from_ms=units[0].start_ms,
        said_to_ms=max(unit.end_ms for unit in units),
        segments=tuple(dict.fromkeys(unit.segment for unit in units)),
        heard=all(unit.heard for unit in units),
        why=why,
        full=" ".join(full),
    )
