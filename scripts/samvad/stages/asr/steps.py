"""The steps of stage 04, each with what it tells the record."""

from __future__ import annotations

import logging
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from samvad.core.failures import is_memory_shortage
from samvad.core.stopped_threads import Pool
from samvad.core.times import clock
from samvad.documents import coverage, provenance
from samvad.documents.coverage import Coverage
from samvad.documents.existing_subtitles import MEASURE, TRANSLATE, ExistingSubtitles
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.logs.spans import span
from samvad.media.audio import FilmAudio
from samvad.media.sound_curve import SoundCurve
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import (
    account,
    alignment,
    beside_speech,
    covered,
    doubts,
    existing,
    film_languages,
    gaps,
    given_text,
    loudness,
    named_by_words,
    prompts,
    quiet,
    regions,
    retries,
    sentences,
    speakers,
    transcripts,
)
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.from_prompt import VoicePeak
from samvad.stages.asr.in_turn import in_turn
from samvad.stages.asr.options import Options
from samvad.stages.asr.recogniser import Recogniser, tally, wrong_language
from samvad.stages.asr.regions import Region
from samvad.text import languages

log = logging.getLogger(__name__)

_LONGEST_REGION_MS = 28_000
#: A given text of which less than this share of words was recognised may be another film's; so many lines are named.
_TEXT_FITS, _LINES_SHOWN = 0.2, 5
#: The setting of asr.vad by which nothing is looked for.
_NO_DETECTOR = "none"
#: From this part of the words on a person should know that they were put into another script.
_MANY_CHANGED = 0.2


class Heard(NamedTuple):
    """Where somebody speaks or sings.

    Attributes:
        speech: as it is recognised, no region too long for the model.
        perhaps: what may be speech under other sound, beside it.
        whole: the speech before it was cut.
        voice_peak: how sure a song detector is of a voice between two times.
        loud: where other sound could hide somebody who speaks, and nobody was heard.
    """

    speech: list[Region]
    perhaps: list[Region]
    whole: list[Region]
    voice_peak: VoicePeak
    loud: Sequence[Region] = ()


@span("detection")
def find_speech(run: StageRun, audio: FilmAudio, heard: FilmAudio, options: Options, device: str) -> Heard:
    """Find speech in what is to be recognised, and singing in the film as it is."""
    log.info("Looking for speech with %s in %.0f s of sound", options.vad, audio.duration_ms / 1000)
    from samvad.media import sound_curve, sound_events

    def listen(unit: str) -> SoundCurve:
        return sound_events.listen(audio.path, unit=unit)

    with Pool(1) as beside:
        # Each detector has one thread: on two cores two of them take the time of one. One of them says how far it is.
        listening = beside.submit(listen, "") if run.threads > 1 else None
        if options.vad == _NO_DETECTOR:
            found = [Region(0, heard.duration_ms)]
        elif options.vad == "silero":
            found = regions.silero_regions(heard, options.vad_threshold)
        else:
            found = regions.pyannote_regions(heard, options.vad_threshold, device)
        softer = quiet.softer(heard, options.vad_threshold)
        curve = listening.result() if listening else listen("searched_seconds")
    detector = sound_events.model()
    run.used(detector)
    exact = replace(curve, model=detector.checksum or "")  # stage 06 need not hear it again
    sound_curve.write_exact(run.output("sound_curve.json", "sound_curve"), exact)
    first_ms = sum(region.length_ms for region in found)
    found = quiet.with_quiet(found, softer, curve, heard.duration_ms)
    run.metric("quiet_speech_added", (sum(region.length_ms for region in found) - first_ms) / 1000, "s")
    if options.singing:
        sung = regions.sung_regions(curve, options.singing_threshold)
        found = regions.with_singing(found, sung, audio.duration_ms)
        run.metric("singing_added", sum(region.length_ms for region in found if region.sung) / 1000, "s")
    cut = regions.cut_long(found, _LONGEST_REGION_MS, heard)
    loud = loudness.measure(heard, found)
    perhaps = covered.perhaps(found, heard, curve, loud)
    return Heard(cut, perhaps, found, curve.voice_peak, loud.hiding([*found, *perhaps], heard.duration_ms))


class Recognised(NamedTuple):
    """What was recognised.

    Attributes:
        segments: in order of time.
        words: how many were recognised, those among them that are taken out.
        chunks: the pieces as they were decoded.
        speech: where somebody speaks or sings, with the languages.
        perhaps: what may be speech under other sound.
        loud: where other sound could hide somebody who speaks, and nobody was heard.
    """

    segments: list[Segment]
    words: int
    chunks: list[Chunk]
    speech: list[Region]
    perhaps: list[Region]
    loud: Sequence[Region] = ()


def no_speech(run: StageRun, heard: Heard) -> Recognised:
    """Record that nobody speaks, as far as a detector can tell."""
    write_regions(run, heard, [])
    run.warn("No speech was found in the film: there is nothing to subtitle.")
    return Recognised([], 0, [], [], heard.perhaps, heard.loud)


def write_regions(run: StageRun, heard: Heard, added: Sequence[Region]) -> None:
    """Write where there is speech, with what was recognised beside it."""
    found = sorted([*heard.whole, *added], key=lambda region: region.start_ms)
    transcripts.write_regions(run.output("speech_regions.json", "speech_regions"), found)
    run.metric("covered_speech_added", sum(region.length_ms for region in added) / 1000, "s")
    run.metric("speech_duration", sum(region.length_ms for region in found) / 1000, "s")


def recognise(run: StageRun, recogniser: Recogniser, heard: Heard, options: Options) -> Recognised:
    """Recognise the speech and cut it into segments; say what a person should look at."""
    given = [languages.normalise(code, "--languages") for code in options.languages]
    named = film_languages.name(run, recogniser, heard.speech, given)
    perhaps = covered.in_languages(heard.perhaps, named)
    with span("transcription"):
        chunks = recogniser.recognise(named, perhaps)
    film_languages.tell_of_unnamed(run, chunks, [*given, *(region.language for region in named)])
    named = named_by_words.as_decoded(named, chunks)
    film_languages.record(run, named, given)
    added = beside_speech.with_text(perhaps, named, chunks)
    write_regions(run, heard, added)
    named = sorted([*named, *added], key=lambda region: region.start_ms)
    spoken_in = list(dict.fromkeys(region.language for region in named))
    other = wrong_language(chunks, given) if given else None
    if other:
        run.warn(f"The film was given as {', '.join(given)}, but it sounds like {other}.")
    run.metadata("decoded_again", tally(chunks))
    run.metadata("prompts", {name: prompts.prompt(recogniser.terms, name, options.script) for name in spoken_in})
    made_up = [item for item in recogniser.account.taken if item.rule == account.FROM_PROMPT]
    from_prompt = [f"{clock(item.start_ms or 0)} {item.text}" for item in made_up]
    run.metric("words_from_the_prompt", len(from_prompt), "words")
    run.metadata("from_prompt", from_prompt)
    if from_prompt:
        run.warn(
            f"{len(from_prompt)} words of the prompt were written where nobody speaks, and are taken out: "
            f"{', '.join(from_prompt[:_LINES_SHOWN])}."
        )
    run.metadata("without_prompt", _without_prompt(recogniser, chunks))
    _tell_of_scripts(run, chunks)
    looping = sum(retries.loops(chunk.text, sung=bool(chunk.window and chunk.window.sung)) for chunk in chunks)
    run.metric("looping_pieces", looping, "pieces")
    found = sentences.build_segments(
        chunks, named, round(options.max_sentence_seconds * 1000), quiet.pauses(recogniser.audio, named)
    )
    words = recogniser.account.into_segments(chunks, found)
    found = film_languages.tell_of_foreign(run, found, list(dict.fromkeys([*spoken_in, *given])))
    if not found:
        run.warn("Speech was heard, but no words were understood: there is nothing to subtitle.")
    return Recognised(found, words, chunks, named, perhaps, heard.loud)


def _without_prompt(recogniser: Recogniser, chunks: Sequence[Chunk]) -> list[str]:
    """Return which pieces have a text that was decoded without the prompt, as the others were not, with how."""
    if not recogniser.terms:
        return []
    return [
        f"{clock(chunk.start_ms)} ({chunk.decoded_again.kept})"
        for chunk in chunks
        if chunk.decoded_again is not None
        and chunk.decoded_again.attempts
        and not chunk.decoded_again.kept.startswith(retries.FIRST)
    ]


def _tell_of_scripts(run: StageRun, chunks: Sequence[Chunk]) -> None:
    """Say how many words were put into the script that was asked for."""
    words = [word for chunk in chunks for word in chunk.words]
    changed = sum(word.heard is not None for word in words)
    run.metric("words_in_other_letters", changed, "words")
    if changed > _MANY_CHANGED * len(words):
        run.warn(
            f"{changed} of {len(words)} words were heard in letters of another script, and are written by their sound: "
            "read them with care, or take a model that knows the language better."
        )


def record_coverage(
    run: StageRun, recognised: Recognised, found: Sequence[Segment], written: Sequence[Segment]
) -> None:
    """Write how much of the speech has text, in the film and in each piece; warn of what has none, and what is unsure.

    Args:
        run: the stage's run.
        recognised: what was recognised, and where somebody speaks.
        found: the segments that the text stands in, recognised or given.
        written: the segments that people get: with the aligner's times, or of a given text.
    """
    chunks, speech, perhaps = recognised.chunks, recognised.speech, regions.union(recognised.perhaps)
    spoken = [(region.start_ms, region.end_ms) for region in speech if not region.sung]
    said = tuple(segment for segment in found if not retries.loops(segment.text, sung=True))
    whole = coverage.of_document(spoken, SegmentsDocument("und", 0, said))
    hidden = [(one.start_ms, one.end_ms) for one in recognised.loud]
    loud = coverage.of_document(hidden, SegmentsDocument("und", 0, said)).gaps
    run.metric("loud_sound_without_speech", sum(gap.speech_ms for gap in loud) / 1000, "s")
    by_piece = replace(gaps.by_piece(chunks, whole), loud=loud)
    write_coverage(run, by_piece, [(one.start_ms, one.end_ms) for one in perhaps], said)
    run.metric("speech_with_text", whole.with_text_ms / 1000, "s")
    run.metric("speech_without_text", (whole.speech_ms - whole.with_text_ms) / 1000, "s")
    doubts.record(run, chunks, written)
    if whole.gaps:
        run.warn(
            f"{(whole.speech_ms - whole.with_text_ms) / 1000:.1f} of {whole.speech_ms / 1000:.1f} s of speech have no "
            f"text: {coverage.in_words(whole.gaps)}. Listen there."
        )


def write_coverage(
    run: StageRun, found: Coverage, perhaps: Sequence[tuple[int, int]], said: tuple[Segment, ...]
) -> None:
    """Write how much of the speech has text; warn of what may be speech that other sound covers."""
    left = coverage.of_document(perhaps, SegmentsDocument("und", 0, said)).gaps
    coverage.write(run.output("coverage.json", "coverage"), replace(found, perhaps=left))
    seconds = sum(gap.speech_ms for gap in left) / 1000
    run.metric("perhaps_speech_without_text", seconds, "s")
    if left:
        run.warn(
            f"Music or noise may cover {seconds:.1f} s of speech, which has no text: {coverage.in_words(left)}. "
            "Listen there."
        )


def _fetching(language: str, model: str) -> str:
    """Return how the aligner of a language comes here, to go on after a warning; nothing where there is none."""
    if language not in alignment.known_aligners():
        return ""
    return f" Fetch it once, where there is a network: ./samvad model {shlex.quote(model)} --languages {language}"


def finish(run: StageRun, found: list[Segment], audio: FilmAudio, options: Options, device: str) -> SegmentsDocument:
    """Align words, name speakers, and make the document."""
    for name in dict.fromkeys(segment.language for segment in found):
        aligner, reason = alignment.find_aligner(name, options.align_model, options.engine)
        if aligner is None:
            if options.align_model == "auto" and options.engine == "whisperx":
                run.warn(f"Word times of {name} are Whisper's own: {reason}.{_fetching(name, options.model)}")
                if name in alignment.known_aligners():
                    run.cache_ttl(hours=24)  # with a network it would be better
                    endpoint, url = alignment.unanswered()
                    place = alignment.place_of(name)
                    run.lacks(f"the aligner for {name}", place=place, endpoint=endpoint, url=url)
            continue
        with span("alignment"):
            try:
                found, kept = alignment.align(found, audio, name, aligner, device)
            except (MemoryError, RuntimeError) as error:
                if device == "cpu" or not is_memory_shortage(error):
                    raise
                run.warn(f"Memory ran out while words were aligned on {device}: going on with the CPU.")
                found, kept = alignment.align(found, audio, name, aligner, "cpu")
        run.used(provenance.Model(f"aligner {aligner}", None, None))
        run.metric(f"not_aligned_{name}", kept, "segments")
    if options.speakers != speakers.OFF and found:
        try:
            found = speakers.assign(found, speakers.find_turns(audio, options.speakers, device))
            run.metric("speakers", len({segment.speaker for segment in found} - {None}), "speakers")
        except speakers.NoSpeakersError as reason:
            run.warn(f"Speakers are not told apart: {reason}.")
            run.cache_ttl(hours=24)
            run.lacks("the pipeline that tells speakers apart", place=speakers.place_of(options.speakers))
    spoken: Counter[str] = Counter()
    for segment in found:
        spoken[segment.language] += len(segment.text)
    main_language = spoken.most_common(1)[0][0] if spoken else "und"
    return SegmentsDocument(main_language, audio.duration_ms, tuple(in_turn(found, audio.duration_ms)))


@span("alignment")
def use_existing(
    run: StageRun,
    document: SegmentsDocument,
    own: ExistingSubtitles,
    speech: Sequence[Region],
    given: Sequence[given_text.Line] = (),
) -> list[given_text.Line]:
    """Hold the subtitles that the film had against its sound; return the lines that are to be its text.

    These are the given ones where there are some, else those of the subtitles, if they are to be taken and fit.
    """
    if given and own.use == TRANSLATE:
        run.warn(f"The film's own subtitles ({own.source}) are not taken: its text is given (asr.text).")
        return list(given)
    found = existing.fit(own, document, [(region.start_ms, region.end_ms) for region in speech])
    if own.use == MEASURE:
        existing.measure(run, own, found, document)
        return list(given)
    return existing.lines(own, found) if existing.usable(run, own, found) else []


@span("alignment")
def place_text(
    run: StageRun,
    document: SegmentsDocument,
    lines: Sequence[given_text.Line],
    heard: Heard,
    kept: Account,
) -> SegmentsDocument:
    """Put the text that is given with the film in place of what was recognised; say what is not in the film.

    Args:
        run: the stage's run.
        document: as recognised.
        lines: of the text.
        heard: where somebody speaks, or perhaps does.
        kept: the account of words; gets what is taken out.
    """
    speech, perhaps = ([(one.start_ms, one.end_ms) for one in found] for found in (heard.speech, heard.perhaps))
    placed = given_text.place(document, lines, speech, perhaps)
    kept.replaced(document, placed.document, [line.text for line in lines], [line.text for line in placed.left_out])
    run.metric("given_lines", len(lines), "lines")
    run.metric("given_lines_left_out", len(placed.left_out), "lines")
    run.metric("given_lines_not_recognised", placed.guessed + placed.by_times, "lines")
    run.metric("segments_beside_the_text", placed.heard, "segments")
    if placed.recognised < _TEXT_FITS * max(1, placed.words) or not placed.words:
        run.warn(
            f"The text that is given fits the film badly: {placed.recognised} of its words were recognised. "
            "Is it this film's, in a language that is spoken there?"
        )
    if placed.left_out:
        shown = "; ".join(line.text for line in placed.left_out[:_LINES_SHOWN])
        more = f"; and {len(placed.left_out) - _LINES_SHOWN} more" if placed.left_out[_LINES_SHOWN:] else ""
        run.warn(f"{len(placed.left_out)} of {len(lines)} given lines are not said in the film: {shown}{more}.")
    if placed.guessed:
        run.warn(
            f"{placed.guessed} given lines were not recognised: they stand where somebody speaks between the others."
        )
    if placed.by_times:
        run.warn(f"{placed.by_times} given lines were not recognised: they stand where the film's subtitles show them.")
    if placed.heard:
        run.warn(f"{placed.heard} stretches of speech are not in the given text: they stand as they were recognised.")
    return placed.document
