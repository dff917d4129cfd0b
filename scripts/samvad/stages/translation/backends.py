"""What every translation backend is, and how a document goes through one.

A backend is given lines (what is said in one segment, with its times) and gives a translation for each. It says
beforehand which pairs of languages it serves, so that a wrong configuration is refused before anything is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from samvad.core import times
from samvad.core.errors import ConfigurationError, MemoryShortageError, ModelError
from samvad.core.failures import is_memory_shortage, working_on
from samvad.documents.provenance import Model
from samvad.documents.segments import READS_AS, Segment, SegmentsDocument, Translation, Word
from samvad.logs import events
from samvad.stages.translation import guards
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.registry import BACKENDS
from samvad.text import languages, sentence_ends

log = logging.getLogger(__name__)

#: ``Translation.backend`` of text that was in the target language already.
SAME_LANGUAGE = "same language"
#: … of what a person wrote.
PERSON = "person"

#: Sound on either side of a segment that a backend may hear too, in milliseconds: word times are that coarse.
_PADDING_MS = 200

#: Where so much of a film's text (0 to 1) is in the target language, the rest may stand as it was said.
_OWN_SHARE = 0.1

#: Labels of entities that a translation keeps, in whatever letters.
_NAMES = frozenset({"person", "place"})

Item = TypeVar("Item")


@dataclass(frozen=True)
class Line:
    """What is said in one segment.

    Attributes:
        id: the segment's number.
        language: short code of the language spoken.
        text: what was recognised.
        start_ms: from here …
        end_ms: … to here.
        earliest_ms: how far before its start its sound may be read without hearing the line before.
        latest_ms: how far after its end, likewise.
        words: with times, as far as they are known.
        speaker: who speaks, where that is known.
        names: people and places in it, as stage 05 found them.
    """

    id: int
    language: str
    text: str
    start_ms: int
    end_ms: int
    earliest_ms: int
    latest_ms: int
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    names: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        """Return how long it is spoken."""
        return self.end_ms - self.start_ms


class Backend(Protocol):
    """A way to translate."""

    @property
    def name(self) -> str:
        """Return the name that the configuration and ``Translation.backend`` use."""

    def refusal(self, source: str, target: str) -> str | None:
        """Return why this backend cannot translate ``source`` to ``target``, or None where it can. Loads nothing."""

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the weights that the pairs (source, target) need, and the device.

        Raises:
            ModelError: weights are missing, or cannot do it.
        """

    def load(self) -> None:
        """Load the weights that were found.

        Raises:
            ModelError: they are damaged, or cannot do it.
        """

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return a translation for each line, in their order; a line that fails is flagged, and the rest go on."""

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""

    def folders(self) -> tuple[Path, ...]:
        """Return the folders of the weights that were found, with all that belongs to them."""

    def device(self) -> str | None:
        """Return the device that the weights are for, or None before they are found."""


@dataclass(frozen=True)
class Plan:
    """What is to be done for one target language.

    Attributes:
        target: short code.
        lines: the lines to translate.
        passed_on: numbers of the segments that are in the target language already.
        unserved: numbers of the segments in a language that the backend does not know.
    """

    target: str
    lines: tuple[Line, ...]
    passed_on: frozenset[int]
    unserved: frozenset[int]

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return the pairs of languages that the lines need."""
        return frozenset((line.language, self.target) for line in self.lines)


def plan(document: SegmentsDocument, target: str, backend: Backend, spoken: Sequence[str] = ()) -> Plan:
    """Sort the shown segments of a document into those to translate, to pass on, and to mark.

    What is in the target language already is kept; segments in a language that the backend does not serve stand as they
    were said, marked. The film's own language must be served, or a good part of the film be in the target language; or
    the user has named a language that is, or is served: then the film was let through when the run was planned, and
    it does not fail here because another of them prevails in it.

    Args:
        document: as recognised.
        target: short code.
        backend: what translates.
        spoken: short codes of the languages that the film is said to speak; none where that is not known.

    Raises:
        ConfigurationError: the backend cannot translate the film's language into the target.
    """
    lines = lines_of(document)
    kept = {line.language: languages.same(line.language, target) for line in lines}
    refusals = {source: backend.refusal(source, target) for source, is_kept in kept.items() if not is_kept}
    reason = refusals.get(document.language)
    own = sum(len(line.text) for line in lines if kept[line.language])
    reached = any(languages.same(one, target) or backend.refusal(one, target) is None for one in spoken)
    if reason is not None and not reached and own < _OWN_SHARE * sum(len(line.text) for line in lines):
        raise refused(backend.name, document.language, target, reason)
    return Plan(
        target,
        lines=tuple(line for line in lines if not kept[line.language] and refusals[line.language] is None),
        passed_on=frozenset(line.id for line in lines if kept[line.language]),
        unserved=frozenset(line.id for line in lines if refusals.get(line.language) is not None),
    )


def plans(
    document: SegmentsDocument, targets: Sequence[str], backend: Backend, spoken: Sequence[str] = ()
) -> list[Plan]:
    """Return the plan of each target; the first that is refused does not cost the others their track.

    Where the languages spoken are not known before the work (``source: auto``), what is refused cannot be told then.
    So a target that cannot be made stands as it was said, marked, beside one that can; alone, it is refused.

    Args:
        document: as recognised.
        targets: short codes.
        backend: what translates.
        spoken: as for ``plan``.

    Raises:
        ConfigurationError: none of the targets can be made.
    """
    made: list[Plan | ConfigurationError] = []
    for target in targets:
        try:
            made.append(plan(document, target, backend, spoken))
        except ConfigurationError as error:
            made.append(error)
    errors = [item for item in made if isinstance(item, ConfigurationError)]
    if errors and len(errors) == len(made):
        raise errors[0]
    return [
        plan(document, target, backend, [target]) if isinstance(item, ConfigurationError) else item
        for target, item in zip(targets, made, strict=True)
    ]


def refused(backend: str, source: str, target: str, reason: str) -> ConfigurationError:
    """Return the error for a pair of languages that a backend does not serve."""
    named = backend.split(", ")
    others = [
        name for name, known in BACKENDS.items() if name not in named and known.advised and known.serves(source, target)
    ]
    advice = f"Set translation.backend to {' or '.join(others)}, which can, or take" if others else "Take"
    return ConfigurationError(
        f"translation.backend is {backend}, which cannot translate {source} to {target}: {reason}.",
        f"{advice} {target} from the film's targets.",
    )


def lines_of(document: SegmentsDocument) -> list[Line]:
    """Return the lines of the segments that viewers see, in order of time."""
    shown = list(document.shown())
    found = []
    latest_end = 0
    for index, segment in enumerate(shown):
        next_start = shown[index + 1].start_ms if index + 1 < len(shown) else document.duration_ms
        before = max(0, min(_PADDING_MS, (segment.start_ms - latest_end) // 2))
        after = max(0, min(_PADDING_MS, (next_start - segment.end_ms) // 2))
        found.append(_line(segment, segment.start_ms - before, segment.end_ms + after))
        latest_end = max(latest_end, segment.end_ms)
    return found


def apply(
    document: SegmentsDocument, work: Plan, backend: Backend, corrected: Mapping[int, str] | None = None
) -> SegmentsDocument:
    """Return the document with the translations of one target language added.

    Args:
        document: as it was read, perhaps with other targets' translations.
        work: from ``plan``.
        backend: loaded for the plan's pairs; it need not be where there are no lines.
        corrected: what people have made of lines, by the segment's number; those are not translated.
    """
    known = corrected or {}
    lines = [line for line in work.lines if line.id not in known]
    results = backend.translate(lines, work.target) if lines else []
    made = dict(zip((line.id for line in lines), results, strict=True))
    by_machine = frozenset(made)
    made |= {number: Translation(text, PERSON) for number, text in known.items()}

    def translated(segment: Segment) -> Segment:
        if segment.id in work.passed_on:
            translation = Translation(segment.text, SAME_LANGUAGE)
            if READS_AS in segment.extra:  # it was heard in the target language, and is not
                translation = guards.as_said(segment.text, replace(translation, flags=(guards.UNTRANSLATED,)))
        elif segment.id in work.unserved:
            translation = guards.as_said(
                segment.text, Translation("", backend.name, flags=(guards.UNSUPPORTED_LANGUAGE,))
            )
        elif segment.id in made:
            translation = made[segment.id]
        else:
            return segment
        return replace(segment, translations={**segment.translations, work.target: translation})

    whole = replace(document, segments=tuple(translated(segment) for segment in document.segments))
    return _with_capitals(whole, work.target, by_machine)


def _with_capitals(document: SegmentsDocument, target: str, made: frozenset[int]) -> SegmentsDocument:
    """Return the document with a capital where a machine's line begins a sentence: the line before ended one."""
    segments, before = [], ""
    for segment in document.segments:
        item = segment.translations.get(target)
        if item is not None and segment.id in made and sentence_ends.surely_ends(before):
            text = sentence_ends.with_capitals(item.text, begins=True)
            others = tuple(
                replace(other, text=sentence_ends.with_capitals(other.text, begins=True)) for other in item.others
            )
            new = replace(item, text=text, others=others)
            segment = replace(segment, translations={**segment.translations, target: new})  # noqa: PLW2901 -- a changed copy
        before = item.text if item is not None and item.text else before
        segments.append(segment)
    return replace(document, segments=tuple(segments))


def decode_guarded(
    items: Sequence[Item],
    sources: Sequence[str],
    batches: Iterable[Sequence[int]],
    decode: Callable[[Sequence[Item], bool], list[Decoded]],
    *,
    may_fail: bool = False,
    places: Sequence[tuple[int, int] | None] = (),
) -> list[Decoded | None]:
    """Decode items in batches; halve a batch that fails; decode once more, strictly, what came out as a loop.

    Args:
        items: what the model is to decode.
        sources: the text of each item in its own language: where that repeats itself, its translation may too.
        batches: indices of the items that go together.
        decode: decodes items; with True it must not let anything repeat itself.
        may_fail: whether it may fail on every item.
        places: where each item is in the film: ms, and the segment's number; for messages.

    Returns:
        What came out, in the order of the items; None for an item on which the model failed.

    Raises:
        MemoryShortageError: not even one item fits into memory.
        ModelError: the model failed on every item.
    """
    results: dict[int, Decoded | None] = {}
    batches = [batch for batch in batches if batch]
    for batch in batches:
        results.update(_decode_batch(items, batch, decode, places, strictly=False))
        events.progress(len(results), len(items), "sentences")
    if items and not may_fail and all(result is None for result in results.values()):
        raise failed_on_everything()
    looped = {index for index, result in results.items() if result and guards.is_loop(result.text, than=sources[index])}
    for batch in batches:
        again = [index for index in batch if index in looped]
        if again:
            log.info("Decoding %d again, which had come out as loops", len(again))
            second = _decode_batch(items, again, decode, places, strictly=True)
            results.update({index: result for index, result in second.items() if result is not None})
    return [results[index] for index in range(len(items))]


def failed_on_everything() -> ModelError:
    """Return the error for a model that has translated nothing at all."""
    return ModelError(
        "The translation model failed on everything it was given.",
        "The log above says why; check that the model's files are whole and made for this version of CTranslate2.",
    )


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return indices in batches whose count times longest length stays within a budget, longest first.

    Args:
        lengths: of the sentences, in subwords.
        budget: subwords in a batch, padding included; a sentence longer than that goes alone.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda item: -lengths[item]):
        # The first of a batch is its longest.
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _decode_batch(
    items: Sequence[Item],
    batch: Sequence[int],
    decode: Callable[[Sequence[Item], bool], list[Decoded]],
    places: Sequence[tuple[int, int] | None],
    *,
    strictly: bool,
) -> dict[int, Decoded | None]:
    place = places[batch[0]] if places else None
    with working_on(*place) if place else nullcontext():
        return _decode_part(items, batch, decode, places, strictly=strictly)


def _decode_part(
    items: Sequence[Item],
    batch: Sequence[int],
    decode: Callable[[Sequence[Item], bool], list[Decoded]],
    places: Sequence[tuple[int, int] | None],
    *,
    strictly: bool,
) -> dict[int, Decoded | None]:
    # CTranslate2 raises these for a bad input and for a lack of memory alike.
    try:
        return dict(zip(batch, decode([items[index] for index in batch], strictly), strict=True))
    except (RuntimeError, ValueError, MemoryError) as error:
        if len(batch) > 1:
            log.warning("A batch of %d failed (%s): halving it", len(batch), error)
            middle = len(batch) // 2
            return {
                **_decode_batch(items, batch[:middle], decode, places, strictly=strictly),
                **_decode_batch(items, batch[middle:], decode, places, strictly=strictly),
            }
        if is_memory_shortage(error):
            raise MemoryShortageError(
                f"Memory is too short for translating even one line at a time ({error}).",
                "Set translation.batch_size and translation.beam_size lower, take a smaller model, or set "
                "translation.device to cpu.",
            ) from error
        place = places[batch[0]] if places else None
        at = f" at {times.clock(place[0])} (segment {place[1]})" if place else ""
        log.warning("A line failed%s: %s", at, error)
        return {batch[0]: None}


def _line(segment: Segment, earliest_ms: int, latest_ms: int) -> Line:
    return Line(
        id=segment.id,
        language=segment.language,
        text=segment.text,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        earliest_ms=earliest_ms,
        latest_ms=latest_ms,
        words=segment.words,
        speaker=segment.speaker,
        names=tuple(entity.text for entity in segment.entities if entity.label in _NAMES),
    )
