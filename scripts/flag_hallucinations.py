"""Stage 07: mark text that nobody spoke as suspect or quarantined, with reasons; nothing is deleted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from samvad import files, records, segments
from samvad.errors import ConfigurationError
from samvad.hallucination import phrases, regions, report, signals
from samvad.lyrics import curve
from samvad.stage_run import StageRun, run_stage, stage_parser


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = stage_parser(
        "hallucination_removal", "Mark text that nobody spoke as suspect or quarantined; nothing is deleted."
    )
    result.add_argument(
        "--suspect-signals", type=int, required=True, help="signals from which a segment is suspect (still shown)"
    )
    result.add_argument(
        "--quarantine-signals", type=int, required=True, help="signals from which it is quarantined (not shown)"
    )
    result.add_argument(
        "--phrases", type=Path, required=True, help="known phrases: tab-separated columns language, phrase, source"
    )
    return result


def check(options: argparse.Namespace) -> None:
    """Check the numbers of signals against each other.

    Raises:
        ConfigurationError: they make no order, or every segment would be suspect.
    """
    if not 1 <= options.suspect_signals <= options.quarantine_signals:
        raise ConfigurationError(
            f"hallucination.suspect_signals is {options.suspect_signals} and hallucination.quarantine_signals is "
            f"{options.quarantine_signals}.",
            "Give numbers from 1, the second not smaller than the first.",
        )


def evidence_for(run: StageRun, options: argparse.Namespace) -> signals.Evidence:
    """Read what is known beside the text: speech regions, sound curve, phrases."""
    known = phrases.read(options.phrases)
    run.read_outside(options.phrases, "phrases")
    spoken = run.read_optional(options.asr, "speech_regions")
    if spoken is None:
        run.warn("Stage asr left no speech regions: the text is judged without them.")
    heard = run.read_optional(options.lyrics_detection, "sound_curve")
    return signals.Evidence(
        regions=regions.read(spoken) if spoken else None, curve=curve.read(heard) if heard else None, phrases=known
    )


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Measure every segment, give verdicts, write the document and the list of doubted segments."""
    check(options)
    evidence = evidence_for(run, options)
    document = segments.read(run.read(options.segments, "segments"))
    judged = signals.judge(document, evidence, options.suspect_signals, options.quarantine_signals)

    segments.write(run.output("segments.json", "segments"), judged.document)
    files.write_text(run.output("quarantine.tsv", "quarantine"), report.quarantine_tsv(judged.document))
    run.used(**records.library_versions("langcodes"))
    for name, count in report.counts(judged).items():
        run.metric(name, count, "segments")
    share = report.quarantined_share(judged.document)
    run.metric("quarantined_character_share", share, "0 to 1")
    if share > report.ALARMING_SHARE:
        run.warn(
            f"{share:.0%} of the text is quarantined: was the film recognised in the wrong language? "
            f"See quarantine.tsv; the language is {document.language}."
        )


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage("hallucination_removal", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
