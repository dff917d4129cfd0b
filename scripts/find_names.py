"""Stage 05: find the names of people, places and organisations, and write each in one spelling."""

from __future__ import annotations

import csv
import dataclasses
import io
import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Callable

from samvad.core import files, places, times
from samvad.documents import names as names_document
from samvad.documents import provenance, segments
from samvad.documents.segments import Entity, Segment, SegmentsDocument
from samvad.film import glossary as entries
from samvad.film import known_names, metadata
from samvad.logs.spans import span
from samvad.models import weights
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.ner import consistency, indic_model, merge, model, overrides
from samvad.stages.ner.consistency import Outcome
from samvad.stages.ner.options import STAGE, Options

log = logging.getLogger(__name__)

#: What was found without a model is reused for so long: it may be there by then.
_HOURS_WITHOUT_MODEL = 1.0


def work(run: StageRun, options: Options) -> None:
    """Look for names in every segment, make them consistent, and write what was found and what was changed."""
    document = segments.read(run.read_segments())
    glossary = run.read_optional("glossary_load", "glossary")
    film_file = run.read_optional("tmdb", "film_metadata")
    film = metadata.read(film_file) if film_file else None
    if film and (doubt := metadata.doubt_of_length(film, document.duration_ms)):
        run.warn(doubt)
    wanted = _overrides(run, options)
    if run.reuse(models=_fingerprints(options)):
        return
    known = known_names.known_names(entries.read(glossary) if glossary else None, film)
    run.metric("known_names", len(known_names.Gazetteer(known)), "names")
    by_model = _by_model(run, options, document)
    outcome = Outcome(_with(document, by_model), (), (), tuple(known), 0)
    if options.consistent:
        with span("detection"):
            outcome = consistency.make_consistent(document, known, by_model, wanted)
    marked = _marked(outcome)
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for item in outcome.replacements:
        heard[item.new][item.old] += 1
    names = merge.film_names(marked, outcome.known, heard)
    cast = merge.cast_counts(names, film)
    segments.write(run.output("segments.json", "segments"), marked)
    found = names_document.Names(names=tuple(names), cast=tuple(cast), undecided=outcome.undecided)
    names_document.write(run.output("names.json", "names"), found)
    files.write_text(run.output("names_replaced.tsv", "names_replaced"), replaced_table(outcome))
    _report(run, outcome, names)
    run.metric("characters_named", sum(item.count > 0 for item in cast), "characters")


def replaced_table(outcome: Outcome) -> str:
    """Return the replacements as a table; its rows can be copied into a file of overrides, and corrected there."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(("old", "new", "time", "score", "evidence", "segment"))
    for item in outcome.replacements:
        row = (item.old, item.new, times.clock(item.start_ms), f"{item.score:.3f}", item.evidence, item.segment_id)
        writer.writerow(row)
    return text.getvalue()


def _fingerprints(options: Options) -> list[str]:
    return [model.fingerprint(options.model), model.fingerprint(options.indic_model)]


def _overrides(run: StageRun, options: Options) -> tuple[overrides.Override, ...]:
    if not options.overrides:
        return ()
    path = run.add_external_input(places.find(options.overrides), "name_overrides")
    return overrides.read(path, options.overrides)


def _with(document: SegmentsDocument, by_model: dict[int, list[Entity]]) -> SegmentsDocument:
    marked = (
        dataclasses.replace(item, entities=(*item.entities, *by_model.get(item.id, ()))) for item in document.segments
    )
    return dataclasses.replace(document, segments=tuple(marked))


def _marked(outcome: Outcome) -> SegmentsDocument:
    """Return the document with the known names marked, and the model's where they lie beside those."""
    known = known_names.Gazetteer(outcome.known)
    marked = (
        dataclasses.replace(item, entities=merge.without_overlaps(known.find(item.text), item.entities))
        for item in outcome.document.segments
    )
    return dataclasses.replace(outcome.document, segments=tuple(marked))


def _report(run: StageRun, outcome: Outcome, names: list[names_document.FilmName]) -> None:
    for item in outcome.replacements:
        span = f"{times.clock(item.start_ms)} to {times.clock(item.end_ms)}"
        log.info("%s: %s is written for %s (%.3f; %s)", span, item.new, item.old, item.score, item.evidence)
    run.metric("names", len(names), "names")
    run.metric("mentions", sum(name.count for name in names), "mentions")
    run.metric("replacements", len(outcome.replacements), "mentions")
    run.metric("undecided", len(outcome.undecided), "words")
    if outcome.unaligned:
        run.warn(f"In {outcome.unaligned} segments no name was written anew: their words do not follow their text.")


def _by_model(run: StageRun, options: Options, document: SegmentsDocument) -> dict[int, list[Entity]]:
    """Return what the models find, by the segment's id; each is loaded only where there is something for it to read."""
    english = [segment for segment in document.segments if segment.language == "en" and segment.text.strip()]
    indic = [segment for segment in document.segments if indic_model.reads(segment.language, segment.text)]
    run.metric("english_segments", len(english), "segments")
    run.metric("indic_segments", len(indic), "segments")
    found: dict[int, list[Entity]] = {}
    if options.backend == "model" and english:
        found |= _found(run, english, lambda: model.load(options.model), "model", "spacy")
    if options.backend == "model" and indic and options.indic_model:
        found |= _found(
            run,
            indic,
            lambda: indic_model.load(options.indic_model, options.indic_revision),
            "indic_model",
            "transformers",
        )
    return found


def _found(
    run: StageRun,
    these: list[Segment],
    load: Callable[[], model.LoadedModel],
    key: str,
    library: str,
) -> dict[int, list[Entity]]:
    try:
        with span("model_loading"):
            loaded = load()
    except model.ModelMissingError as error:
        languages = ", ".join(sorted({segment.language for segment in these}))
        run.warn(f"In {languages} names come from the glossary and the cast alone: {error}. Correct the key ner.{key}.")
        run.cache_ttl(_HOURS_WITHOUT_MODEL)
        run.lacks(f"the model of ner.{key}", place=error.place, endpoint=error.endpoint, url=weights.hub_address())
        return {}
    run.used(loaded.record, **provenance.library_versions(library))
    run.metric(f"{key}_load_seconds", loaded.load_seconds, "s")
    with span("detection"):
        found = loaded.find([segment.text for segment in these])
    return {segment.id: names for segment, names in zip(these, found, strict=True)}


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
