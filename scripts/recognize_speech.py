"""Stage 04: speech regions, languages, words and their times, with WhisperX or faster-whisper."""

from __future__ import annotations

import argparse
import functools
import os
import sys

from samvad import checksums, computing, gpus, models, records, segments
from samvad.asr import alignment, memory, prompts, retries, separation, speakers, steps, transcripts, writing
from samvad.asr.engine import Engine, EngineOptions
from samvad.asr.recogniser import Recogniser
from samvad.audio import FilmAudio
from samvad.stage_options import stage_parser
from samvad.stage_run import StageRun, run_stage

_ENGINES = ("whisperx", "faster-whisper")


def parser() -> argparse.ArgumentParser:
    """Return the command line of the stage."""
    options = stage_parser("asr", "Recognise the speech of a film: segments of about a sentence with word times.")
    add = options.add_argument
    add("--languages", nargs="*", default=[], help="languages spoken; none: detect the main one")
    add("--engine", choices=_ENGINES, default="whisperx", help="recognition engine")
    add("--model", required=True, help="a name of config/models.yaml, a hub id, or a folder")
    add("--revision", default="", help="commit of a hub id")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model runs")
    add("--compute-type", default="auto", help="number type of the weights")
    add("--batch-size", default="auto", help="pieces of speech decoded at once, or auto: as many as memory allows")
    add("--memory-mb", type=int, help="memory that the stage may use; without it, what is free")
    add("--beam-size", type=int, default=5, help="hypotheses kept while decoding")
    add("--script", choices=writing.SETTINGS, default="native", help="scripts that the text may be in")
    add("--romanise", choices=("True", "False"), default="False", help="also write the text in Latin letters")
    add("--prompt", choices=("True", "False"), default="True", help="tell the model the film's names and terms")
    add("--retries", type=int, default=len(retries.TRIES), help="how often bad text is decoded again, at most")
    add("--vad", choices=("silero", "pyannote"), default="silero", help="voice activity detection")
    add("--vad-threshold", type=float, default=0.5, help="probability of speech, 0 to 1")
    add("--singing", choices=("True", "False"), default="True", help="listen for singing that the VAD leaves out")
    add("--singing-threshold", type=float, default=0.5, help="mean probability of singing, 0 to 1")
    add("--separate-voices", default=separation.OFF, help="none, or a demucs model that takes the music away first")
    add("--align-model", default="auto", help="auto, whisper, or a folder with a wav2vec2 model")
    add("--speakers", default=speakers.OFF, help="none, auto, or a folder with a pyannote pipeline")
    add("--max-sentence-seconds", type=float, default=14, help="longest segment, in seconds")
    return options


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Recognise; write ``segments.json``, ``speech_regions.json``, ``transcript.txt`` and ``transcript.json``."""
    os.environ.setdefault("OMP_NUM_THREADS", str(run.threads))  # for PyTorch, wherever it is loaded
    alignment.check_setting(options.align_model)
    separation.check_setting(options.separate_voices)
    audio = FilmAudio(run.read(options.demux, "audio"))
    terms = _prompt_terms(run, options)
    model = models.resolve_whisper(options.model, options.revision)
    gpus.take(options.device, f"{run.film}, recognition")
    device, compute_type = models.resolve_device(options.device, options.compute_type)
    run.devices(options.device, device)
    run.engines(computing.ctranslate2(device))
    run.used(
        records.Model(f"whisper {model.name}", model.revision, model.checksum),
        **records.library_versions("whisperx", "faster-whisper", "ctranslate2", "torch"),
    )
    if run.reuse(
        compute_type=compute_type,
        model_folder=checksums.of_folder(model.folder),
        aligners=alignment.at_hand(options.align_model, options.engine),
        speakers=speakers.at_hand(options.speakers),
        voices=separation.at_hand(options.separate_voices),
    ):
        return
    heard = audio
    if options.separate_voices != separation.OFF:
        heard = separation.separate(audio, options.separate_voices, device, run.work_folder / "voices")
    speech = steps.find_speech(run, audio, heard, options, device)
    document = segments.SegmentsDocument("und", audio.duration_ms)
    if speech:
        size = memory.batch_size(options.batch_size, device, model.folder / "model.bin", options.memory_mb)
        ladder = memory.Ladder(
            functools.partial(_load, options, model, run.threads), memory.Setting(device, compute_type, size), run.warn
        )
        found = steps.recognise(
            run, Recogniser(ladder, heard, options.script, terms, options.retries, run.progress), speech, options
        )
        run.devices(options.device, ladder.setting.device)
        run.engines(computing.ctranslate2(ladder.setting.device))
        run.fact("decoding", {**vars(ladder.setting), "engine": options.engine})
        if (ladder.setting.device, ladder.setting.compute_type) != (device, compute_type):
            run.provisional(hours=24)  # with more free memory it would be better
        del ladder
        document = steps.finish(run, found, heard, options, device)
    else:
        run.warn("No speech was found in the film: there is nothing to subtitle.")
    _write(run, document, romanise=options.romanise == "True")


def _prompt_terms(run: StageRun, options: argparse.Namespace) -> list[str]:
    if options.prompt != "True":
        return []
    path = run.read_optional(options.glossary_load, "prompt_terms")
    return prompts.read_terms(path) if path else []


def _load(options: argparse.Namespace, model: models.ResolvedModel, threads: int, setting: memory.Setting) -> Engine:
    wanted = EngineOptions(setting.device, setting.compute_type, threads, options.beam_size, options.script)
    if options.engine == "faster-whisper":
        return Engine(model, wanted)
    from samvad.asr.whisperx_engine import WhisperXEngine

    return WhisperXEngine(model, wanted)


def _write(run: StageRun, document: segments.SegmentsDocument, *, romanise: bool) -> None:
    if romanise:
        document = transcripts.with_roman(document)
        transcripts.write_roman_srt(run.output("transcript_roman.srt", "transcript_roman"), document)
    segments.write(run.output("segments.json", "segments"), document)
    transcripts.write_text(run.output("transcript.txt", "transcript_txt"), document)
    transcripts.write_whisperx_json(run.output("transcript.json", "transcript_json"), document)
    run.metric("segments", len(document.segments), "segments")
    run.metric("words", sum(len(segment.words) for segment in document.segments), "words")


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage("asr", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
