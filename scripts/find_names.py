"""Stage 05: find the names of people, places and organisations, from the glossary, the cast and a model."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys

from samvad import records, segments
from samvad.glossary import entries
from samvad.names import gazetteer, merge, model
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.tmdb import metadata

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = stage_parser("ner", "Mark the names in the segments, and write names.json. The text is left as it is.")
    p.add_argument("--backend", choices=("spacy", "gazetteer"), required=True, help="where names come from")
    p.add_argument("--model", required=True, help="a spaCy pipeline for English: an installed package, or a folder")
    return p


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Look for known names in every segment and, with a model, for others in the English ones."""
    document = segments.read(run.read(options.segments, "segments"))
    known = gazetteer.Gazetteer(_known_names(run, options))
    if run.reuse(model=model.fingerprint(options.model)):
        return
    run.metric("known_names", len(known), "names")
    by_model = _by_model(run, options, document)
    marked = dataclasses.replace(
        document,
        segments=tuple(
            dataclasses.replace(
                segment,
                entities=merge.without_overlaps(
                    segment.entities, known.find(segment.text), by_model.get(segment.id, [])
                ),
            )
            for segment in document.segments
        ),
    )
    names = merge.film_names(marked)
    segments.write(run.output("segments.json", "segments"), marked)
    merge.write(run.output("names.json", "names"), names)
    run.metric("names", len(names), "names")
    run.metric("mentions", sum(name.count for name in names), "mentions")


def _known_names(run: StageRun, options: argparse.Namespace) -> list[gazetteer.Name]:
    glossary = run.read_optional(options.glossary_load, "glossary")
    film = run.read_optional(options.tmdb, "film_metadata")
    return gazetteer.known_names(entries.read(glossary) if glossary else None, metadata.read(film) if film else None)


def _by_model(
    run: StageRun, options: argparse.Namespace, document: segments.SegmentsDocument
) -> dict[int, list[segments.Entity]]:
    """Return what the model finds, by the segment's id; the model is loaded only where there is English."""
    english = [segment for segment in document.segments if segment.language == "en" and segment.text.strip()]
    run.metric("english_segments", len(english), "segments")
    if options.backend != "spacy" or not english:
        return {}
    try:
        loaded = model.load(options.model)
    except model.ModelMissingError as error:
        run.warn(f"Names come from the glossary and the cast alone: {error}. Correct the key ner.model.")
        return {}
    run.used(loaded.record, **records.library_versions("spacy"))
    run.metric("model_load_seconds", loaded.load_seconds, "s")
    found = loaded.find([segment.text for segment in english])
    return {segment.id: names for segment, names in zip(english, found, strict=True)}


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_stage("ner", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
