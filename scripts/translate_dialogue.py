"""Stage 08: translate what is said into each target language of the film."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from samvad import checksums, computing, files, gpus, languages, records, segments, times
from samvad.segments import SegmentsDocument, Translation
from samvad.stage_options import stage_parser
from samvad.stage_run import StageRun, run_stage
from samvad.translation import backends, guards, making, memory, terms
from samvad.translation.backends import Plan
from samvad.translation.memory import Memory
from samvad.translation.terms import Glossary, Use


def parser() -> argparse.ArgumentParser:
    """Return the parser of the stage's options."""
    made = stage_parser("translation", "Translate what is said into each target language of the film.")
    made.add_argument(
        "--targets", nargs="+", required=True, metavar="LANGUAGE", help="short codes of the languages to translate into"
    )
    made.add_argument(
        "--backend",
        nargs="+",
        choices=making.NAMES,
        required=True,
        help="what translates; the first that serves a pair",
    )
    made.add_argument(
        "--pivot", choices=("true", "false"), default="false", help="go through English where nothing serves a pair"
    )
    made.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute")
    made.add_argument("--compute-type", default="auto", help="auto (int8 on a CPU, float16 on a GPU), or a type")
    made.add_argument("--batch-size", type=_positive, default=8, help="pieces or sentences translated at once")
    made.add_argument("--beam-size", type=_positive, default=5, help="hypotheses kept while decoding; 1 is fastest")
    made.add_argument(
        "--fit-margin", type=float, default=0.3, help="how much less probable a translation may be that reads faster"
    )
    made.add_argument("--whisper-model", default="base", help="name, hub id or folder of a model that can translate")
    made.add_argument("--whisper-revision", default="", help="commit of a hub id; empty: the pinned one")
    made.add_argument(
        "--runtime", choices=("ctranslate2", "transformers"), default="ctranslate2", help="of IndicTrans2"
    )
    made.add_argument("--indictrans2-dir", default="", help="folder with indic-en/, en-indic/, indic-indic/")
    made.add_argument("--nllb-dir", default="", help="folder with NLLB-200 in CTranslate2 form")
    made.add_argument("--memory-file", default="", help="translation memory; empty: in the cache folder; none: none")
    return made


@dataclass(frozen=True)
class Vocabulary:
    """The glossary of stage 03 and the names of the document, for any target."""

    path: Path | None
    document: SegmentsDocument

    def __call__(self, target: str) -> Glossary:
        """Return the terms that have a wording in a target language."""
        found = terms.read_terms(self.path, target) if self.path else []
        return Glossary((*found, *terms.names_of(self.document, target, found)), target)


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Translate the shown segments and write the document and a transcript for each target."""
    document = segments.read(run.read(options.segments, "segments"))
    audio = run.read(options.demux, "audio")
    vocabulary = Vocabulary(run.read_optional(options.glossary_load, "glossary"), document)
    targets = list(dict.fromkeys(languages.normalise(code, "--targets") for code in options.targets))
    store = memory_of(options)
    router = making.router(options, audio, run.threads, store, vocabulary)
    plans = [backends.plan(document, target, router) for target in targets]
    pairs = frozenset(pair for plan in plans for pair in plan.pairs)
    used = router.used(plans)
    if pairs:
        gpus.take(options.device, f"{run.film}, translation")
        router.find(pairs)
        run.devices(options.device, router.device() or options.device)
        if any(making.by_ctranslate2(name, options.runtime) for name in used):
            run.engines(computing.ctranslate2(router.device() or "cpu"))
        libraries = [library for name in used for library in making.LIBRARIES[name]]
        libraries += ["torch", "transformers"] if options.runtime == "transformers" and "indictrans2" in used else []
        run.used(*router.models(), **records.library_versions(*dict.fromkeys(libraries)))
    folders = [checksums.of_folder(folder) for folder in router.folders()] if pairs else []
    if run.reuse(model_folders=folders, corrections=store.fingerprint(pairs)):
        return
    if pairs:
        router.load()
    uses: list[Use] = []
    for plan in plans:
        corrected = memory.corrected(store, plan.lines, plan.target)
        document = backends.apply(document, plan, router, corrected)
        run.metric(f"corrected_{plan.target}", len(corrected), "segments")
        document, found = terms.check_terms(document, plan.target, vocabulary(plan.target))
        uses += terms.with_how(found, making.uses_of(router))
    for plan in plans:
        report(run, document, plan, [use for use in uses if use.target == plan.target])
        name = f"transcript_{plan.target}"
        files.write_text(run.output(f"{name}.txt", name), transcript(document, plan.target))
    remarks(run, store, used, making.counts_of(router))
    files.write_text(run.output("terms.tsv", "terms"), terms.table(uses))
    segments.write(run.output("segments.json", "segments"), document)


def memory_of(options: argparse.Namespace) -> Memory:
    """Return the translation memory that the options name."""
    if options.memory_file == "none":
        return Memory(None)
    return Memory(Path(options.memory_file).expanduser() if options.memory_file else memory.default_path())


def remarks(run: StageRun, store: Memory, used: list[str], counts: dict[str, int]) -> None:
    """Record what concerns all targets: the memory, and the licences that a user should know."""
    run.metric("sentences_from_memory", counts.get("from memory", 0), "sentences")
    if store.problem:
        run.warn(f"{store.problem} Nothing was remembered, and no correction was used.")
    for name in used:
        if name in making.LICENCES:
            run.fact(f"licence_{name}", making.LICENCES[name])
    if "nllb" in used:
        run.warn(f"NLLB was used. Its weights are under {making.LICENCES['nllb']}.")


def report(run: StageRun, document: SegmentsDocument, plan: Plan, uses: list[Use]) -> None:
    """Write figures about one target's translations into the manifest, and a warning where a person should look."""
    ids = {line.id for line in plan.lines}
    made = [segment.translations[plan.target] for segment in document.segments if segment.id in ids]
    flagged: dict[str, int] = {}
    for item in made:
        for flag in item.flags:
            flagged[flag] = flagged.get(flag, 0) + 1
    if plan.unserved:
        flagged[guards.UNSUPPORTED_LANGUAGE] = len(plan.unserved)
    run.metric(f"translated_{plan.target}", len(made), "segments")
    run.metric(f"passed_on_{plan.target}", len(plan.passed_on), "segments")
    run.metric(f"flagged_{plan.target}", sum(bool(item.flags) for item in made) + len(plan.unserved), "segments")
    run.metric(f"mean_score_{plan.target}", mean_score(made), "log probability of a token")
    run.metric(f"glossary_terms_{plan.target}", len(uses), "terms")
    run.metric(f"glossary_terms_kept_{plan.target}", sum(use.how != terms.MISSING for use in uses), "terms")
    run.fact(f"flags_{plan.target}", flagged)
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


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage("translation", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
