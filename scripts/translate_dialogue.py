"""Stage 08: translate what is said into each target language of the film."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from samvad import checksums, files, languages, records, segments, times
from samvad.errors import ConfigurationError
from samvad.segments import SegmentsDocument, Translation
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.translation import backends, guards, terms
from samvad.translation.backends import Backend, Plan


def parser() -> argparse.ArgumentParser:
    """Return the parser of the stage's options."""
    made = stage_parser("translation", "Translate what is said into each target language of the film.")
    made.add_argument(
        "--targets", nargs="+", required=True, metavar="LANGUAGE", help="short codes of the languages to translate into"
    )
    made.add_argument("--backend", choices=("whisper", "indictrans2"), required=True, help="what translates")
    made.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute")
    made.add_argument("--compute-type", default="auto", help="auto (int8 on a CPU, float16 on a GPU), or a type")
    made.add_argument("--batch-size", type=_positive, default=8, help="pieces or sentences translated at once")
    made.add_argument("--beam-size", type=_positive, default=5, help="hypotheses kept while decoding; 1 is fastest")
    made.add_argument("--whisper-model", default="base", help="name, hub id or folder of a model that can translate")
    made.add_argument("--whisper-revision", default="", help="commit of a hub id; empty: the pinned one")
    made.add_argument("--indictrans2-dir", default="", help="folder with indic-en/, en-indic/, indic-indic/")
    return made


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Translate the shown segments and write the document and a transcript for each target."""
    document = segments.read(run.read(options.segments, "segments"))
    audio = run.read(options.demux, "audio")
    glossary = run.read_optional(options.glossary_load, "glossary")
    targets = list(dict.fromkeys(languages.normalise(code, "--targets") for code in options.targets))
    backend = make_backend(options, audio, run.threads)
    plans = [backends.plan(document, target, backend) for target in targets]
    pairs = frozenset(pair for plan in plans for pair in plan.pairs)
    if pairs:
        backend.find(pairs)
        run.devices(options.device, backend.device() or options.device)
        run.used(*backend.models(), **records.library_versions("ctranslate2", *LIBRARIES[options.backend]))
    if run.reuse(model_folders=[checksums.of_folder(folder) for folder in backend.folders()] if pairs else []):
        return
    if pairs:
        backend.load()
    wanted = terms.read_terms(glossary) if glossary else []
    for plan in plans:
        document = backends.apply(document, plan, backend)
        if plan.target == "en" and wanted:  # a glossary says how to write its terms in English
            document, used, kept = terms.check_terms(document, plan.target, wanted)
            run.metric("glossary_terms_en", used, "terms")
            run.metric("glossary_terms_kept_en", kept, "terms")
    for plan in plans:
        report(run, document, plan)
        name = f"transcript_{plan.target}"
        files.write_text(run.output(f"{name}.txt", name), transcript(document, plan.target))
    segments.write(run.output("segments.json", "segments"), document)


#: Packages of a backend whose versions belong into the manifest.
LIBRARIES = {
    "whisper": ("faster-whisper",),
    "indictrans2": ("sentencepiece", "indic-nlp-library-itt", "sacremoses"),
}


def make_backend(options: argparse.Namespace, audio: Path, threads: int) -> Backend:
    """Return the backend that the options name, with nothing loaded yet.

    Raises:
        ConfigurationError: the folder of its models is not given.
        ModelError: the model named cannot translate.
    """
    if options.backend == "whisper":
        from samvad.translation.whisper_backend import WhisperBackend

        return WhisperBackend(
            model=options.whisper_model,
            revision=options.whisper_revision,
            audio=audio,
            device=options.device,
            compute_type=options.compute_type,
            threads=threads,
            batch_size=options.batch_size,
            beam_size=options.beam_size,
        )
    from samvad.translation.indictrans2_backend import IndicTrans2Backend

    if not options.indictrans2_dir:
        raise ConfigurationError(
            "translation.backend is indictrans2, but translation.indictrans2_dir (--indictrans2-dir) is empty.",
            "Set it to the folder that holds indic-en/, en-indic/ or indic-indic/; the README says where to get them.",
        )
    return IndicTrans2Backend(
        root=Path(options.indictrans2_dir).expanduser(),
        device=options.device,
        compute_type=options.compute_type,
        threads=threads,
        batch_size=options.batch_size,
        beam_size=options.beam_size,
    )


def report(run: StageRun, document: SegmentsDocument, plan: Plan) -> None:
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
