"""Stage 04: speech regions, languages, words and their times, with WhisperX or faster-whisper."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from samvad.core import computing, places
from samvad.documents import existing_subtitles, provenance
from samvad.documents.existing_subtitles import PROMPT
from samvad.logs.spans import span
from samvad.media.audio import FilmAudio
from samvad.models import weights
from samvad.runner import gpus
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import alignment, prompts, separation, speakers
from samvad.stages.asr.options import STAGE, Options

if TYPE_CHECKING:
    from samvad.stages.asr.given_text import Line


def work(run: StageRun, options: Options) -> None:
    """Recognise; write the segments, where there is speech and how much of it has text, and the transcripts."""
    os.environ.setdefault("OMP_NUM_THREADS", str(run.threads))  # for PyTorch, wherever it is loaded
    alignment.check_setting(options.align_model)
    separation.check_setting(options.separate_voices)
    audio = FilmAudio(run.read("demux", "audio"))
    own = _own_subtitles(run)
    terms = _prompt_terms(run, options, own)
    lines = _given_text(run, options)
    with span("model_loading"):
        model = weights.resolve_whisper(options.model, options.revision)
    with span("waiting"):
        gpus.take(options.device, f"{run.film}, recognition")
    device, compute_type = weights.resolve_device(options.device, options.compute_type)
    run.devices(options.device, device)
    run.engines(computing.ctranslate2(device))
    run.used(
        provenance.Model(f"whisper {model.name}", model.revision, model.checksum),
        **provenance.library_versions("whisperx", "faster-whisper", "ctranslate2", "torch"),
    )
    if run.reuse(
        compute_type=compute_type,
        model_folder=run.holds("model", model.folder),
        aligners=alignment.at_hand(options.align_model, options.engine),
        speakers=speakers.at_hand(options.speakers),
        voices=separation.at_hand(options.separate_voices),
    ):
        return
    # Not before: a stage whose result is there needs none of what recognises.
    from samvad.stages.asr import recognising

    given = recognising.Given(audio, own, terms, lines)
    recognising.recognise(run, options, given, model, device, compute_type)


def _given_text(run: StageRun, options: Options) -> list[Line]:
    """Return the text that is given with the film; none where there is none."""
    if not options.text:
        return []
    from samvad.stages.asr import given_text

    return given_text.read(run.add_external_input(places.find(options.text), "given_text"), options.text)


def _own_subtitles(run: StageRun) -> existing_subtitles.ExistingSubtitles | None:
    """Return the subtitles that the film had already, where stage 01 was told to read them and found some."""
    path = run.read_optional("demux", "existing")
    return existing_subtitles.read(path) if path else None


def _prompt_terms(run: StageRun, options: Options, own: existing_subtitles.ExistingSubtitles | None) -> list[str]:
    path = run.read_optional("glossary_load", "prompt_terms") if options.prompt else None
    terms = prompts.read_terms(path) if path else []
    if own is None or own.use != PROMPT:
        return terms
    from samvad.stages.asr import existing

    return terms + existing.terms(own, terms)


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
