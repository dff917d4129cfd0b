"""What stage 01 does with a film that was not demuxed before: choose its sound, decode it, measure, write it all down.

The stage's script imports it when that is known: a job whose result is reused needs little of it.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import checksums, typed_json
from samvad.core.errors import MediaError
from samvad.core.stopped_threads import Pool
from samvad.documents import probe as probe_document
from samvad.documents import waveform
from samvad.documents.film_clock import FilmClock
from samvad.logs.spans import span
from samvad.media import clock
from samvad.runner.stage_run import StageRun
from samvad.stages.demux import channels, existing, extract, picture, probe, tracks, unheard
from samvad.stages.demux.options import Options

#: Of 32768: a sound that is never louder has nothing to hear (-60 dB).
_SILENT = 33
_ALL_SILENT = (
    "The sound that was chosen is silent from beginning to end. "
    "Name another track in audio_track, or another channel in audio_channel."
)


def make(run: StageRun, film: Path, checksum: str | None, options: Options, known: existing.Plan) -> None:
    """Do the stage's work.

    Args:
        run: the stage's run.
        film: the film.
        checksum: of the film, or None to take it.
        options: the stage's options.
        known: the subtitles that the film has already, where they are wanted.
    """
    opened = clock.opened(film)
    found = probe.probe(film, opened.header)
    asked = None if options.audio_track == "auto" else options.audio_track
    choice = tracks.choose(found.audio, options.languages, asked, str(film))
    channel = "centre" if options.audio_channel == "center" else options.audio_channel
    channels.check(choice.track, channel, str(film))
    expected_ms = probe.expected_ms(opened)
    # Before the film is read: what is begun is waited for, and takes minutes.
    for place in dict.fromkeys((run.job_folder, run.work_folder)):  # the job first: it is what the user knows
        extract.check_space(place, expected_ms)
    audio, poster = run.work_folder / "audio.wav", run.work_folder / "poster.jpg"
    with span("decoding"), Pool(5) as beside:
        beside.submit(importlib.import_module, "numpy")  # for the waveform: nobody waits for it then
        sound = functools.partial(extract.extract, opened, choice.track, channel, options.downmix, audio, expected_ms)
        read, is_drawn = _read_film(opened, checksum, sound, expected_ms, poster, beside)
    drawn, loudest = picture.waveform(audio)
    if loudest < _SILENT and asked is None and channel == "auto":
        choice, read, drawn = _audible(run, opened, found.audio, choice, read, drawn, options)
    elif loudest < _SILENT:
        run.warn(_ALL_SILENT)
    if checksum is None:
        run.add_external_input(film, "film", checksum=read.checksum)
        run.reuse(look=False, **known.told())
    duration_ms = max(read.times.duration_ms, read.sound.duration_ms)
    if is_drawn is None:
        is_drawn = picture.poster(opened, duration_ms, poster)
    found, media_facts = probe.measured(opened, found, read.times, read.picture_times)
    track = found.audio[choice.track.track]
    if options.languages and track.language and track.language not in options.languages:
        run.warn(
            f"The chosen audio track is tagged {track.language}, but the film's languages are "
            f"{', '.join(options.languages)}."
        )
    audio_ms = read.sound.duration_ms
    doubts = (
        *unheard.check(opened, track, read.times, read.reach(track.stream), read.sound, options.min_decoded_share),
        probe.picture_behind(opened, read.times),
        probe.plays_in_parts(opened),
    )
    shorter = probe.check_whole(opened, track, read.times, audio_ms, read.sound.cut_short, options.min_decoded_share)
    for warning in filter(None, (choice.doubt, read.sound.warning, shorter, *doubts)):
        run.warn(warning)
    run.output(audio.name, "audio", extract.facts(audio))

    facts = probe_document.Probe(
        size_bytes=run.hold(film).status.st_size,
        checksum=read.checksum,
        container=found.container,
        start_ms=found.start_ms,
        duration_ms=duration_ms,
        video=found.video,
        audio=found.audio,
        subtitles=found.subtitles,
        chosen_audio_track=track.track,
        chosen_because=choice.reason,
        chosen_channel=read.sound.channel,
        media=media_facts,
        clock=read.times,
    )
    probe_document.write(run.output("probe.json", "probe"), facts)
    existing.write(run, opened, known, options)
    waveform.write(run.output("waveform.json", "waveform"), drawn)
    if is_drawn:
        run.output(poster.name, "poster")
    else:
        poster.unlink(missing_ok=True)
    for key, value in typed_json.plain(facts).items():
        run.metadata(key, value)
    run.metric("film_duration", duration_ms / 1000, "s")
    run.metric("audio_duration", audio_ms / 1000, "s")
    run.metric("audio_start", track.start_ms / 1000, "s")
    run.metric("audio_tracks", len(found.audio), "tracks")
    run.metric("audio_track", track.track)
    run.metric("audio_track_because", choice.reason)
    run.metric("audio_channel", read.sound.channel)


@dataclass(frozen=True)
class _Read:
    """What reading a film gave: its checksum, its times, those of its picture, how far it was read, its sound."""

    checksum: str
    times: FilmClock
    picture_times: Sequence[float | None] | None
    reach: Callable[[int], clock.Reach]
    sound: extract.Extracted


def _read_film(
    film: clock.Film,
    checksum: str | None,
    extract_sound: Callable[[], extract.Extracted],
    expected_ms: int | None,
    poster: Path,
    beside: Pool,
) -> tuple[_Read, bool | None]:
    """Read a film from beginning to end, once; say too whether its one picture was drawn, None: not yet.

    Hashing, times and sound read it at the same time: one pass of the disk. So the cache cannot be asked
    first for a film that was never hashed here; it was hardly ever demuxed here. The picture needs a length to be
    taken from the middle, and takes the one that the header states.
    """
    hashed = beside.submit(lambda: checksum or checksums.take(film.path))
    reading = clock.Reading(film, beside)
    is_drawn = beside.submit(picture.poster, film, expected_ms, poster) if expected_ms else None
    sound = extract_sound()
    times = reading.clock()
    if sound.counted:
        spans = (dataclasses.replace(span, start_ms=0, end_ms=sound.duration_ms, gaps_ms=()) for span in times.spans)
        times = dataclasses.replace(times, duration_ms=sound.duration_ms, spans=tuple(spans))
    read = _Read(hashed.result(), times, reading.picture_times(), reading.reach, sound)
    return read, None if is_drawn is None else is_drawn.result()


def _audible(
    run: StageRun,
    film: clock.Film,
    found: Sequence[probe_document.AudioTrack],
    choice: tracks.Choice,
    read: _Read,
    drawn: waveform.Waveform,
    options: Options,
) -> tuple[tracks.Choice, _Read, waveform.Waveform]:
    """Choose another track than one that is silent from beginning to end, if one is heard.

    Cameras and studios write a track for each microphone or channel, of which many are empty. A track that is no
    dialogue by its flags or title is left alone: what it says is not what is said in the film.
    """
    silent, other, heard = [choice.track], choice, run.work_folder / "other.wav"
    while len(silent) < len(found):
        other = tracks.choose(
            [track for track in found if track not in silent], options.languages, None, str(film.path)
        )
        if tracks.not_dialogue(other.track):
            break
        try:
            sound = extract.extract(film, other.track, "auto", options.downmix, heard, read.times.duration_ms)
            other_drawn, loudest = picture.waveform(heard)
        except MediaError:  # no sample of it can be read
            loudest = 0
        if loudest >= _SILENT:
            heard.replace(run.work_folder / "audio.wav")
            numbers = ", ".join(str(track.track) for track in silent)
            are = f"s {numbers} are" if silent[1:] else f" {numbers} is"
            run.warn(
                f"The audio track{are} silent from beginning to end: {other.track.track} is recognised. "
                "Name another by number in audio_track."
            )
            reason = f"{other.reason}; silent: {numbers}"
            return dataclasses.replace(other, reason=reason), dataclasses.replace(read, sound=sound), other_drawn
        silent.append(other.track)
    heard.unlink(missing_ok=True)
    run.warn(_ALL_SILENT)
    return choice, read, drawn
