"""Stage 04: speech regions, languages, words and their times, with WhisperX or faster-whisper."""

from __future__ import annotations

import os
import sys

from samvad.core import computing, files, places
from samvad.documents import existing_subtitles, provenance, segments, word_account
from samvad.documents.existing_subtitles import MEASURE, PROMPT, TRANSLATE
from samvad.logs.spans import span
from samvad.media.audio import FilmAudio
from samvad.models import weights
from samvad.runner import gpus
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import alignment, existing, given_text, memory, prompts, separation, speakers, steps, transcripts
from samvad.stages.asr.account import Account
from samvad.stages.asr.loading import Loader
from samvad.stages.asr.options import STAGE, Options
from samvad.stages.asr.recogniser import Recogniser


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
    # Needed when speech is found: what stage 01 has read of a large film may have put the weights out of memory.
    files.read_ahead(model.folder / "model.bin")
    apart = options.separate_voices != separation.OFF
    heard = separation.separate(audio, options.separate_voices, device, run.work_folder / "voices") if apart else audio
    voices = steps.find_speech(run, audio, heard, options, device)
    speech = voices.speech
    document, account = segments.SegmentsDocument("und", audio.duration_ms), Account()
    if speech:
        size = run.smaller(memory.batch_size(options.batch_size, device, model.folder / "model.bin", run.memory_mb))
        kept = run.kept_pieces()
        loader = Loader(options, model, heard, device, run.threads, run.memory_mb, run.gpus, run.warn)
        fallback = memory.OutOfMemoryFallback(loader, memory.Setting(device, compute_type, size), run.warn)
        recognised = steps.recognise(
            run,
            Recogniser(
                fallback, heard, options.script, terms, options.retries, run.progress, kept, voices.voice_peak, account
            ),
            voices,
            options,
        )
        if resumed := kept.said():
            run.metric("resumed", resumed)
        run.devices(options.device, fallback.setting.device)
        run.engines(computing.ctranslate2(fallback.setting.device))
        run.metadata("decoding", {**vars(fallback.setting), "engine": options.engine})
        if (fallback.setting.device, fallback.setting.compute_type) != (device, compute_type):
            run.cache_ttl(hours=24)  # with more free memory it would be better
        _tell_of_helpers(run, loader)
        fallback.engine.close()
        del fallback
        document = steps.finish(run, recognised.segments, heard, options, device)
        account.finished(recognised.segments, document)
        if own is not None and own.use in (TRANSLATE, MEASURE):
            lines = steps.use_existing(run, document, own, speech, lines)
    else:
        recognised = steps.no_speech(run, voices)
    if lines:  # where nobody speaks, each line is named as not said
        document = steps.place_text(run, document, lines, voices, account)
    steps.record_coverage(run, recognised, document.segments if lines else recognised.segments, document.segments)
    _write(run, document, romanise=options.romanise)
    write_heard(run, account.heard(recognised.words, document))


def _given_text(run: StageRun, options: Options) -> list[given_text.Line]:
    """Return the text that is given with the film; none where there is none."""
    if not options.text:
        return []
    return given_text.read(run.add_external_input(places.find(options.text), "given_text"), options.text)


def _own_subtitles(run: StageRun) -> existing_subtitles.ExistingSubtitles | None:
    """Return the subtitles that the film had already, where stage 01 was told to read them and found some."""
    path = run.read_optional("demux", "existing")
    return existing_subtitles.read(path) if path else None


def _prompt_terms(run: StageRun, options: Options, own: existing_subtitles.ExistingSubtitles | None) -> list[str]:
    path = run.read_optional("glossary_load", "prompt_terms") if options.prompt else None
    terms = prompts.read_terms(path) if path else []
    return terms + (existing.terms(own, terms) if own is not None and own.use == PROMPT else [])


def _tell_of_helpers(run: StageRun, loader: Loader) -> None:
    """Record which processes shared the film's pieces."""
    decoders = loader.helped()
    if not decoders:
        return
    run.metadata("decoders", decoders)
    helping = [one for one in decoders[1:] if one["pieces"]]
    gpus.helped_by([one["device"] for one in helping if loader.device == "cuda"])
    shown = [f"{one['node']} ({one['device']})" for one in helping]
    run.metric("decoders", f"{1 + len(helping)} of {len(decoders)}: {', '.join(['this process', *shown])}")


def _write(run: StageRun, document: segments.SegmentsDocument, *, romanise: bool) -> None:
    if romanise:
        document = transcripts.with_roman(document)
        transcripts.write_roman_srt(run.output("transcript_roman.srt", "transcript_roman"), document)
    segments.write(run.output("segments.json", "segments"), document)
    transcripts.write_text(run.output("transcript.txt", "transcript_txt"), document)
    transcripts.write_whisperx_json(run.output("transcript.json", "transcript_json"), document)
    run.metric("segments", len(document.segments), "segments")
    spoken = dict.fromkeys(segment.language for segment in document.segments)
    run.metric("languages", ", ".join(spoken) or None)
    run.metric("words", sum(len(segment.words) for segment in document.segments), "words")


def write_heard(run: StageRun, heard: word_account.Heard) -> None:
    """Write what was heard and what was taken out of it, and warn of words that are lost without a record."""
    word_account.write_heard(run.output("heard.json", "heard"), heard)
    run.metric("words_taken_out", sum(item.words for item in heard.taken), "words")
    if heard.unexplained:
        run.warn(f"Words were lost without a record: {word_account.in_words(heard.unexplained)}. Please report this.")


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
