"""What stage 04 does where its result is not there already: find speech, recognise, write what was heard and said.

The stage's script imports it when that is known: a job whose result is reused has a third less to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samvad.core import computing, files
from samvad.documents import segments, word_account
from samvad.documents.existing_subtitles import MEASURE, TRANSLATE, ExistingSubtitles
from samvad.media.audio import FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.runner import gpus
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import memory, separation, steps, transcripts
from samvad.stages.asr.account import Account
from samvad.stages.asr.given_text import Line
from samvad.stages.asr.loading import Loader
from samvad.stages.asr.options import Options
from samvad.stages.asr.recogniser import Recogniser


@dataclass(frozen=True)
class Given:
    """What is recognised, and what is known of it beforehand.

    Attributes:
        audio: the film's sound.
        own: the subtitles that the film has already, where they are wanted.
        terms: words that the model is told.
        lines: the text that is given with the film.
    """

    audio: FilmAudio
    own: ExistingSubtitles | None
    terms: Sequence[str]
    lines: Sequence[Line]


def recognise(
    run: StageRun, options: Options, given: Given, model: ResolvedModel, device: str, compute_type: str
) -> None:
    """Recognise; write the segments, where there is speech and how much of it has text, and the transcripts.

    Args:
        run: the stage's run.
        options: the stage's options.
        given: what is recognised.
        model: the weights.
        device: ``cpu`` or ``cuda``.
        compute_type: the type of numbers of CTranslate2.
    """
    audio, own, terms, lines = given.audio, given.own, list(given.terms), list(given.lines)
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
