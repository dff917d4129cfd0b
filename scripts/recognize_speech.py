"""Stage 04: speech regions, languages, words and their times, with WhisperX."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Sequence

from samvad import checksums, files, models, records, segments
from samvad.asr import alignment, regions, sentences
from samvad.asr.whisperx_engine import EngineOptions, WhisperXEngine
from samvad.audio import FilmAudio
from samvad.errors import ModelError
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.times import clock

log = logging.getLogger("samvad.asr")

_LONGEST_REGION_MS = 28_000


def parser() -> argparse.ArgumentParser:
    """Return the command line of the stage."""
    options = stage_parser("asr", "Recognise the speech of a film: segments of about a sentence with word times.")
    options.add_argument("--languages", nargs="*", default=[], help="languages spoken; none: detect the main one")
    options.add_argument("--engine", choices=("whisperx",), default="whisperx", help="recognition engine")
    options.add_argument("--model", required=True, help="a name of config/models.yaml, a hub id, or a folder")
    options.add_argument("--revision", default="", help="commit of a hub id")
    options.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model runs")
    options.add_argument("--compute-type", default="auto", help="number type of the weights")
    options.add_argument("--batch-size", type=int, default=8, help="pieces of speech decoded at once")
    options.add_argument("--beam-size", type=int, default=5, help="hypotheses kept while decoding")
    options.add_argument("--vad", choices=("silero", "pyannote"), default="silero", help="voice activity detection")
    options.add_argument("--vad-threshold", type=float, default=0.5, help="probability of speech, 0 to 1")
    options.add_argument("--align-model", default="auto", help="auto, whisper, or a folder with a wav2vec2 model")
    options.add_argument("--max-sentence-seconds", type=float, default=14, help="longest segment, in seconds")
    return options


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Recognise; write ``segments.json``, ``speech_regions.json``, ``transcript.txt`` and ``transcript.json``."""
    alignment.check_setting(options.align_model)
    audio = FilmAudio(run.read(options.demux, "audio"))
    model = models.resolve_whisper(options.model, options.revision)
    device, compute_type = models.resolve_device(options.device, options.compute_type)
    run.devices(options.device, device)
    run.used(
        records.Model(f"whisper {model.name}", model.revision, model.checksum),
        **records.library_versions("whisperx", "faster-whisper", "ctranslate2", "torch"),
    )
    if run.reuse(
        compute_type=compute_type,
        model_folder=checksums.of_folder(model.folder),
        aligners=alignment.at_hand(options.align_model),
    ):
        return
    speech = _speech(run, audio, options, device)
    document = segments.SegmentsDocument("und", audio.duration_ms)
    if speech:
        engine = WhisperXEngine(
            model,
            EngineOptions(device, compute_type, run.threads, options.batch_size, options.beam_size, options.vad),
        )
        speech = _languages(run, engine, audio, speech, options.languages)
        document = _recognise(run, engine, audio, speech, options, device)
    else:
        run.warn("No speech was found in the film: there is nothing to subtitle.")
    segments.write(run.output("segments.json", "segments"), document)
    _write_transcripts(run, document)
    run.metric("segments", len(document.segments), "segments")
    run.metric("words", sum(len(segment.words) for segment in document.segments), "words")


def _speech(run: StageRun, audio: FilmAudio, options: argparse.Namespace, device: str) -> list[regions.Region]:
    log.info("Looking for speech with %s in %.0f s of sound", options.vad, audio.duration_ms / 1000)
    if options.vad == "silero":
        found = regions.silero_regions(audio, options.vad_threshold)
    else:
        found = regions.pyannote_regions(audio, options.vad_threshold, device)
    files.write_json(
        run.output("speech_regions.json", "speech_regions"),
        {
            "schema_version": "1.0",
            "regions": [{"start_ms": region.start_ms, "end_ms": region.end_ms} for region in found],
        },
    )
    run.metric("speech_duration", sum(region.end_ms - region.start_ms for region in found) / 1000, "s")
    return regions.cut_long(found, _LONGEST_REGION_MS)


def _languages(
    run: StageRun,
    engine: WhisperXEngine,
    audio: FilmAudio,
    speech: Sequence[regions.Region],
    given: Sequence[str],
) -> list[regions.Region]:
    """Name each region's language: given, voted, or told apart where several are spoken."""
    if not engine.multilingual:
        if any(language != "en" for language in given):
            raise ModelError(
                f"The model understands English alone, but the film's languages are {', '.join(given)}.",
                "Set asr.model to a multilingual one, such as base or large-v3.",
            )
        given = ["en"]
    if not given:
        language, shares = regions.vote(engine, audio, speech)
        run.fact("language_vote", shares)
        log.info("The vote on the language: %s", shares)
        if shares.get(language, 0) < 0.5:
            run.warn(f"The language is uncertain: {language} got {shares.get(language, 0):.0%} of the vote.")
        given = [language]
    named = regions.name_languages(engine, audio, speech, given)
    run.fact("regions_by_language", dict(Counter(region.language for region in named)))
    return named


def _recognise(
    run: StageRun,
    engine: WhisperXEngine,
    audio: FilmAudio,
    speech: Sequence[regions.Region],
    options: argparse.Namespace,
    device: str,
) -> segments.SegmentsDocument:
    log.info("Recognising the speech of %.0f s of sound", audio.duration_ms / 1000)
    chunks = engine.transcribe(audio, speech, lambda done, total: run.progress(done, total, "audio_seconds"))
    found = sentences.build_segments(chunks, speech, round(options.max_sentence_seconds * 1000))
    for language in dict.fromkeys(segment.language for segment in found):
        name, reason = alignment.find_aligner(language, options.align_model)
        if name is None:
            if options.align_model == "auto":
                run.warn(f"Word times of {language} are Whisper's own: {reason}.")
                if language in alignment.known_aligners():
                    run.provisional(hours=24)  # with a network it would be better
            continue
        found, kept = alignment.align(found, audio, language, name, device)
        run.used(records.Model(f"aligner {name}", None, None))
        run.metric(f"not_aligned_{language}", kept, "segments")
    spoken: Counter[str] = Counter()
    for segment in found:
        spoken[segment.language] += len(segment.text)
    language = spoken.most_common(1)[0][0] if spoken else speech[0].language
    return segments.SegmentsDocument(language, audio.duration_ms, tuple(found))


def _write_transcripts(run: StageRun, document: segments.SegmentsDocument) -> None:
    lines = [f"[{clock(segment.start_ms)}] {segment.text}\n" for segment in document.segments]
    files.write_text(run.output("transcript.txt", "transcript_txt"), "".join(lines))
    # The layout of the whisperx command's JSON, for tools that read that.
    files.write_json(
        run.output("transcript.json", "transcript_json"),
        {
            "language": document.language,
            "segments": [
                {
                    "start": segment.start_ms / 1000,
                    "end": segment.end_ms / 1000,
                    "text": segment.text,
                    "words": [
                        {
                            "word": word.text,
                            "start": word.start_ms / 1000,
                            "end": word.end_ms / 1000,
                            "score": word.score,
                        }
                        for word in segment.words
                    ],
                }
                for segment in document.segments
            ],
        },
    )


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage("asr", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
