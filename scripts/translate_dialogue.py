"""Stage 08: translate what is said into each target language of the film."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import computing, files, places, times
from samvad.documents import provenance, second_reading, segments
from samvad.documents.segments import SegmentsDocument, Translation
from samvad.logs.spans import span
from samvad.runner import gpus
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.translation import (
    backends,
    chat,
    factory,
    guards,
    joining,
    memory,
    registry,
    second_reader,
    terms,
)
from samvad.stages.translation.backends import Plan
from samvad.stages.translation.memory import Memory
from samvad.stages.translation.options import STAGE, Options
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.routes import Router
from samvad.stages.translation.terms import Glossary, Use
from samvad.text import languages, phrases

#: A result without all that the second reader has to say is taken for other jobs, and for the same one, no longer.
_HOURS_UNREAD = 1.0


@dataclass(frozen=True)
class Vocabulary:
    """The glossary of stage 03 and the names of the document, for any target."""

    path: Path | None
    document: SegmentsDocument

    def __call__(self, target: str) -> Glossary:
        """Return the terms that have a wording in a target language."""
        found = terms.read_terms(self.path, target) if self.path else []
        return Glossary((*found, *terms.names_of(self.document, target, found)), target)


def work(run: StageRun, options: Options) -> None:
    """Translate the shown segments and write the document and a transcript for each target."""
    document = segments.read(run.read_segments())
    audio = run.read("demux", "audio")
    vocabulary = Vocabulary(run.read_optional("glossary_load", "glossary"), document)
    targets = list(dict.fromkeys(languages.normalise(code, "--targets") for code in options.targets))
    store = Memory(memory.place_of(options.memory_file), run.check)
    lists = [run.add_external_input(places.find(path), "phrases") for path in options.phrases]
    known = phrases.read_all(lists)
    asked = replace(options, batch_size=run.smaller(options.batch_size))
    request = BackendRequest(asked, audio, run.threads, store, vocabulary, known)
    router = factory.router(request)
    plans = backends.plans(document, targets, router, options.languages)
    pairs = frozenset(pair for plan in plans for pair in plan.pairs)
    used = router.used(plans)
    find_models(run, options, router, used, pairs)
    folders = [run.holds("", folder) for folder in router.folders()] if pairs else []
    if run.reuse(model_folders=folders, corrections=store.fingerprint(pairs)):
        return
    if pairs:
        request.keeping.pieces = run.kept_pieces()
        with span("model_loading"):
            router.load()
    uses: list[Use] = []
    for plan in plans:
        corrected = memory.corrected(store, plan.lines, plan.target)
        with span("translation"):
            document = joining.at_joints(backends.apply(document, plan, router, corrected), plan.target)
        run.metric(f"corrected_{plan.target}", len(corrected), "segments")
        document, found = terms.check_terms(document, plan.target, vocabulary(plan.target))
        uses += terms.with_how(found, factory.uses_of(router))
    for plan in plans:
        report(run, document, plan, [use for use in uses if use.target == plan.target])
        name = f"transcript_{plan.target}"
        files.write_text(run.output(f"{name}.txt", name), transcript(document, plan.target))
    run.metric("languages", ", ".join(targets) or None)
    if said := request.keeping.pieces.said():
        run.metric("resumed", said)
    remarks(run, store, used, factory.counts_of(router))
    if options.second_reader:
        read_again(run, options, document, plans, vocabulary)
    files.write_text(run.output("terms.tsv", "terms"), terms.table(uses))
    segments.write(run.output("segments.json", "segments"), document)


def find_models(
    run: StageRun, options: Options, router: Router, used: list[str], pairs: frozenset[tuple[str, str]]
) -> None:
    """Find what translates, and record it."""
    if pairs:
        with span("waiting"):
            gpus.take(options.device, f"{run.film}, translation")
        with span("model_loading"):
            router.find(pairs)
        run.devices(options.device, router.device() or options.device)
        if any(registry.by_ctranslate2(name, options.runtime) for name in used):
            run.engines(computing.ctranslate2(router.device() or "cpu"))
        libraries = [library for name in used for library in registry.BACKENDS[name].libraries]
        libraries += ["torch", "transformers"] if options.runtime == "transformers" and "indictrans2" in used else []
        run.used(*router.models(), **provenance.library_versions(*dict.fromkeys(libraries)))
    if options.second_reader or "llm" in used:
        where = chat.endpoint(options.llm_url, options.llm_model, options.llm_timeout_seconds)
        run.used(*(() if "llm" in used else (provenance.Model(f"{where.model} at {where.host}", None, None),)))
        if not where.is_here:
            run.warn(f"What is said in the film was sent to {where.host} (translation.llm_url).")


def read_again(
    run: StageRun, options: Options, document: SegmentsDocument, plans: list[Plan], vocabulary: Vocabulary
) -> None:
    """Have the second reader read all translations, and write what it proposes."""
    where = chat.endpoint(options.llm_url, options.llm_model, options.llm_timeout_seconds)
    found: list[second_reading.Proposal] = []
    for plan in plans:
        with span("translation"):
            reading = second_reader.read(where, document, plan.lines, plan.target, vocabulary(plan.target))
        found += reading.proposals
        run.metric(f"second_reader_proposals_{plan.target}", len(reading.proposals), "segments")
        run.metric(f"second_reader_refused_{plan.target}", reading.refused, "segments")
        if reading.unread:
            why = f": {reading.problem}" if reading.problem else ": its answers were none."
            run.warn(f"The second reader has not read {reading.unread} lines in {languages.name(plan.target)}{why}")
            run.cache_ttl(_HOURS_UNREAD)
    files.write_text(run.output("second_reading.tsv", "second_reading"), second_reading.table(found))


def remarks(run: StageRun, store: Memory, used: list[str], counts: dict[str, int]) -> None:
    """Record what concerns all targets: the memory, and the licences that a user should know."""
    run.metric("sentences_from_memory", counts.get("from memory", 0), "sentences")
    if store.problem:
        run.warn(f"{store.problem} Nothing was remembered, and no correction was used.")
    for name in used:
        known = registry.BACKENDS[name]
        if known.licence:
            run.metadata(f"licence_{name}", known.licence)
        if known.warning:
            run.warn(known.warning)


def report(run: StageRun, document: SegmentsDocument, plan: Plan, uses: list[Use]) -> None:
    """Write figures about one target's translations into the manifest, and a warning where a person should look."""
    ids = {line.id for line in plan.lines}
    made = [segment.translations[plan.target] for segment in document.segments if segment.id in ids]
    flagged: dict[str, int] = {}
    for item in made:
        for flag in item.flags:
            flagged[flag] = flagged.get(flag, 0) + 1
    if plan.unserved:
        spoken = sorted({item.language for item in document.segments if item.id in plan.unserved})
        pairs = ", ".join(f"{language} to {plan.target}" for language in spoken)
        run.warn(
            f"{len(plan.unserved)} segments stand as they were said in {languages.name(plan.target)}'s track: "
            f"no backend of translation.backend translates {pairs}."
        )
        flagged[guards.UNSUPPORTED_LANGUAGE] = len(plan.unserved)
    run.metric(f"translated_{plan.target}", len(made), "segments")
    run.metric(f"passed_on_{plan.target}", len(plan.passed_on), "segments")
    run.metric(f"flagged_{plan.target}", sum(bool(item.flags) for item in made) + len(plan.unserved), "segments")
    run.metric(f"mean_score_{plan.target}", mean_score(made), "log probability of a token")
    run.metric(f"glossary_terms_{plan.target}", len(uses), "terms")
    run.metric(f"glossary_terms_kept_{plan.target}", sum(use.how != terms.MISSING for use in uses), "terms")
    run.metadata(f"flags_{plan.target}", flagged)
    if flagged:
        listed = ", ".join(f"{flag}: {number}" for flag, number in sorted(flagged.items()))
        run.warn(f"Translations into {plan.target} that a person should look at: {listed}.")


def mean_score(made: list[Translation]) -> float | None:
    """Return the mean score of the translations that have one."""
    scores = [item.score for item in made if item.score is not None]
    return sum(scores) / len(scores) if scores else None


def transcript(document: SegmentsDocument, target: str) -> str:
    """Return one line for each segment that viewers see: its time and its translation."""
    return "".join(
        f"[{times.clock(segment.start_ms)}] {' '.join(segment.translations[target].text.split())}".rstrip() + "\n"
        for segment in document.shown()
    )


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
