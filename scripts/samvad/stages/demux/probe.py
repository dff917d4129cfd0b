"""What is in a film: its streams, durations, frame rate and languages, as ffprobe tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.core.times import seconds_to_ms
from samvad.documents.media_facts import MediaFacts
from samvad.documents.probe import AudioTrack, SubtitleTrack, VideoStream
from samvad.media import ffprobe
from samvad.media.ffprobe import Header, Stream
from samvad.text import languages


@dataclass(frozen=True)
class Streams:
    """All that is known of a film before it is decoded.

    Attributes:
        start_ms: the container's own first time, which is the film's time 0 here; MPEG-TS seldom begins at 0.
        duration_ms: None where the header does not say.
    """

    container: str
    start_ms: int
    duration_ms: int | None
    video: VideoStream | None
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]


def probe(path: Path, header: Header) -> Streams:
    """Return what a film's headers say.

    Args:
        path: the film.
        header: from ``ffprobe.read_header``.

    Raises:
        MediaError: it holds neither sound nor picture.
    """
    result = _parse(header)
    if not result.audio and result.video is None:
        raise MediaError(f"{str(path)!r} holds neither sound nor picture.", "Is it a film?", path=str(path))
    return result


def choose_audio(
    tracks: Sequence[AudioTrack], wanted: Sequence[str], number: int | None, film: str
) -> tuple[AudioTrack, str]:
    """Choose the audio track to recognise: by number, else by language tag, else the default flag, else the first.

    Args:
        tracks: the film's audio tracks.
        wanted: languages spoken in the film, most important first; may be empty.
        number: a track's number that a user gave, or None.
        film: the film's path, for messages.

    Returns:
        The track, and why it was chosen.

    Raises:
        MediaError: there is no audio, or no track of that number.
    """
    if not tracks:
        raise MediaError(
            f"{film!r} has no audio track, so there is no speech to subtitle.", "Choose another file.", path=film
        )
    if number is not None:
        for track in tracks:
            if track.track == number:
                return track, "its number was given"
        raise MediaError(
            f"{film!r} has no audio track {number}; it has {len(tracks)}, counted from 0.",
            "Correct audio_track in the film sheet or demux.audio_track in the configuration.",
            path=film,
        )
    for language in wanted:
        tagged = [track for track in tracks if track.language == language]
        if tagged:
            best = next((track for track in tagged if track.default), tagged[0])
            return best, f"its language tag is {language}"
    for track in tracks:
        if track.default and len(tracks) > 1:
            return track, "it is flagged as default"
    return tracks[0], "it is the first" if len(tracks) > 1 else "it is the only one"


def measured(film: Path, header: Header, found: Streams, chosen: int) -> tuple[Streams, MediaFacts]:
    """Put what can be measured in the place of what headers say wrongly.

    Args:
        film: the film.
        header: from ``ffprobe.read_header``.
        found: what ``probe`` made of it.
        chosen: number of the audio track that is to be heard; its start is searched for however late it comes.

    Returns:
        The film's facts with true starts of its audio tracks, its true length and whether its frame rate varies; and
        the same as a manifest records it.
    """
    first = ffprobe.first_times(film)
    stream = found.audio[chosen].stream
    if stream not in first:
        first |= ffprobe.first_times(film, stream)
    length_ms = found.duration_ms or ffprobe.playing_span_ms(film)
    varies = ffprobe.is_variable_frame_rate(film, header, length_ms)
    video = found.video and replace(found.video, variable_frame_rate=bool(varies))
    audio = tuple(_with_true_start(track, first.get(track.stream), found.start_ms) for track in found.audio)
    facts = ffprobe.describe(header, length_ms, first, varies)
    return replace(found, duration_ms=length_ms, video=video, audio=audio), facts


def _with_true_start(track: AudioTrack, first_seconds: float | None, film_start_ms: int) -> AudioTrack:
    start_ms = 0 if first_seconds is None else max(0, seconds_to_ms(first_seconds) - film_start_ms)
    # An encoder's priming samples come a little before the track's start; a start that is later is the true one.
    if start_ms <= track.start_ms:
        return track
    late_ms = start_ms - track.start_ms
    duration_ms = None if track.duration_ms is None else max(0, track.duration_ms - late_ms)
    return replace(track, start_ms=start_ms, duration_ms=duration_ms)


def _parse(header: Header) -> Streams:
    pictures = [stream for stream in header.streams if stream.picture]
    return Streams(
        container=header.container,
        start_ms=header.start_ms,
        duration_ms=header.duration_ms,
        video=_video(pictures[0]) if pictures else None,
        audio=tuple(_audio(number, stream, header) for number, stream in enumerate(header.of_kind("audio"))),
        subtitles=tuple(_subtitle(number, stream) for number, stream in enumerate(header.of_kind("subtitle"))),
    )


def _video(stream: Stream) -> VideoStream | None:
    picture = stream.picture
    if picture is None:
        return None
    frames = picture.rate or Fraction(24)
    return VideoStream(
        codec=stream.codec,
        width=picture.width,
        height=picture.height,
        frame_rate_numerator=frames.numerator,
        frame_rate_denominator=frames.denominator,
        variable_frame_rate=False,  # until it is measured
    )


def _audio(number: int, stream: Stream, header: Header) -> AudioTrack:
    start = header.start_seconds if stream.start_seconds is None else stream.start_seconds
    start_ms = max(0, seconds_to_ms(start - header.start_seconds))
    sound = stream.sound
    return AudioTrack(
        track=number,
        stream=stream.index,
        codec=stream.codec,
        language=languages.from_tag(stream.language),
        channels=sound.channels if sound else 0,
        layout=(sound.layout if sound else None) or "",
        sample_rate_hz=sound.sample_rate_hz if sound else 0,
        title=stream.title,
        default=stream.default,
        start_ms=start_ms,
        duration_ms=None if header.estimated else stream.duration_ms(start_ms),
    )


def _subtitle(number: int, stream: Stream) -> SubtitleTrack:
    return SubtitleTrack(
        track=number,
        stream=stream.index,
        codec=stream.codec,
        language=languages.from_tag(stream.language),
        title=stream.title,
        default=stream.default,
        forced=stream.forced,
    )
