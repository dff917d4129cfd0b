"""What is in a film: its streams, durations, frame rate and languages, as ffprobe tells."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import overload

from samvad.core import held_files, subprocesses
from samvad.core.errors import MediaError, SamvadError
from samvad.documents.film_clock import FilmClock, Span
from samvad.documents.media_facts import MediaFacts, StreamFacts
from samvad.documents.probe import AudioTrack, SubtitleTrack, VideoStream
from samvad.media import chunks, film_facts
from samvad.media.clock import Film
from samvad.media.film_headers import Header, Stream
from samvad.text import languages

log = logging.getLogger(__name__)

#: What mkvextract says of an edition that is played in an order of its own.
_ORDERED = re.compile(r"<EditionFlagOrdered>\s*1")
#: Containers whose streams state lengths of their own.
_STATE_LENGTHS = ("mov,", "avi")
#: Those that state how many bytes of sound they have.
_STATE_BYTES = frozenset({"wav", "w64", "caf"})
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
#: Headers count what is not heard: padding of coders, and empty packets that keep AVI in step (0.17 s of ffmpeg's).
_UNSURE_MS = 250
#: A sound that is decoded to so much more than its times in the film (ms, and of it) changes its rate on the way.
_LONGER_MS, _LONGER = 1_000, 0.02
#: The poorest sound has more (Opus at 6 kbit/s has 750).
_FEWEST_BYTES_A_SECOND = 500


@dataclass(frozen=True)
class Streams:
    """All that is known of a film before it is decoded.

    Attributes:
        start_ms: the film's time zero on the container's own clock; MPEG-TS seldom begins at 0.
        duration_ms: None until it is measured.
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
        header: from ``film_headers.read``.

    Raises:
        MediaError: it holds neither sound nor picture.
    """
    result = _parse(header)
    if not result.audio and result.video is None:
        raise MediaError(f"{str(path)!r} holds neither sound nor picture.", "Is it a film?", path=str(path))
    return result


def expected_ms(film: Film) -> int | None:
    """Return how long a film should last by its headers, before it is measured; None where they do not say.

    Subtitles do not count, and no film has so few bits that headers of many hours for a few bytes are right.
    """
    header = film.header
    shown = [*header.moving, *header.of_kind("audio")]
    ends = [end for stream in shown if (end := _promised_end_ms(header, stream, film.start.zero_us)) is not None]
    stated = max(ends) if ends else header.duration_ms
    return None if stated is None else min(stated, film.path.stat().st_size * 1000 // _FEWEST_BYTES_A_SECOND)


def measured(
    film: Film, found: Streams, clock: FilmClock, picture_times: Sequence[float | None] | None = None
) -> tuple[Streams, MediaFacts]:
    """Put what was measured in the place of what headers say wrongly.

    Args:
        film: the film.
        found: what ``probe`` made of it.
        clock: of the film.
        picture_times: from ``Reading.picture_times``; None: ffprobe is asked how frames come.

    Returns:
        The film's facts with true starts and lengths; and the same as a manifest records it.
    """
    timing = film_facts.frame_timing(film.path, film.header, clock.duration_ms, picture_times)
    video = found.video and replace(found.video, variable_frame_rate=bool(timing.varies))
    if video and timing.rate:
        rate = timing.rate
        video = replace(video, frame_rate_numerator=rate.numerator, frame_rate_denominator=rate.denominator)
    audio = tuple(_on_clock(track, clock.of(track.stream)) for track in found.audio)
    described = film_facts.describe(film.header, clock.duration_ms, {}, timing)
    streams = tuple(_on_clock(stream, clock.of(stream.index)) for stream in described.streams)
    facts = replace(described, start_ms=clock.zero_ms, duration_from="packets", streams=streams)
    return replace(found, start_ms=clock.zero_ms, duration_ms=clock.duration_ms, video=video, audio=audio), facts


def plays_in_parts(film: Film) -> str:
    """Return a warning where Matroska's chapters say which parts of a film are played, in which order; else nothing.

    mpv obeys that (an edition that is ordered), ffmpeg and others do not. The result keeps its chapters, so
    that its cues are in time in both; a file beside the film is not, in those that do.
    """
    if not film.header.container.startswith("matroska") or not film.header.chapters:
        return ""
    try:
        said = subprocesses.ask(["mkvextract", held_files.opened(film.path.absolute()), "chapters", "-"])
    except SamvadError as error:
        log.info("Whether chapters are played in an order of their own is not known: %s", error.what)
        return ""
    if not _ORDERED.search(said):
        return ""
    return (
        "The film's chapters are ordered: some players show only the parts that they name, in their order. Subtitles "
        "are timed to the whole film: in such players, those in the subtitled film are in time, those beside it not."
    )


def check_whole(film: Film, track: AudioTrack, clock: FilmClock, audio_ms: int, cut_short: bool, share: float) -> str:
    """Check that a film is as long as its headers promise, and its sound decoded as long as its packets say.

    A track that is merely shorter than the picture is no fault.

    Args:
        film: the film.
        track: the audio track that was decoded.
        clock: of the film.
        audio_ms: how much of the track was decoded, from the film's zero.
        cut_short: whether ffmpeg said that the file ends before it should.
        share: how much of what is promised must be there, 0 to 1.

    Returns:
        What is to be warned of; empty where nothing is.

    Raises:
        MediaError: less can be read.
    """
    span = clock.of(track.stream)
    sound_ms = 0 if span is None else span.end_ms
    promised = _promised_end_ms(film.header, film.header.stream(track.stream), film.start.zero_us)
    promised = promised or _by_chunk_ms(film, audio_ms)
    _refuse_short(film, "sound", min(audio_ms, sound_ms or audio_ms), promised, share)
    _refuse_short(film, "sound", audio_ms, sound_ms, share)
    # ffprobe adds the late start of a Windows Media stream to the film's length, which counts it already.
    stated = None if film.start.leaps else _windows_media_ms(film) or film.header.duration_ms
    if stated is not None and promised is None:
        # Only the film as a whole has a length. Subtitles may make it longer than all that is shown and heard.
        if film.header.container.startswith("matroska"):
            stated -= max(0, clock.zero_ms)
        if cut_short or not film.header.of_kind("subtitle"):
            _refuse_short(film, "the film", max(clock.duration_ms, audio_ms), stated, share)
    if audio_ms < clock.duration_ms * share:
        return f"The sound ends before the film does, after {audio_ms / 1000:.1f} of {clock.duration_ms / 1000:.1f} s."
    if sound_ms and audio_ms - sound_ms > max(_LONGER_MS, _LONGER * sound_ms):
        return (
            f"The sound is {audio_ms / 1000:.1f} s long when it is decoded, and its times in the film end at "
            f"{sound_ms / 1000:.1f} s: what is said late in it, and the subtitles with it, may not be in time."
        )
    return ""


def picture_behind(film: Film, clock: FilmClock) -> str:
    """Return a warning where the picture begins when all sound is over; else nothing.

    A seek in Matroska goes by the picture, past all of that sound: less of it is compared in what stage 10 writes, and
    of such films in other containers nothing at times.
    """
    picture = film.header.film_picture
    shown = clock.of(picture.index) if picture else None
    ends = [span.end_ms for span in clock.spans if span.kind == "audio"]
    if shown is None or not ends or shown.start_ms < max(ends):
        return ""
    return (
        f"The film's picture begins at {shown.start_ms / 1000:.1f} s, after all of its sound, which ends at "
        f"{max(ends) / 1000:.1f} s. Subtitles are written; where stage 10 cannot prove that such a film is put "
        "together as it is played, it fails. Are the streams of this file where they belong?"
    )


def _windows_media_ms(film: Film) -> int | None:
    """Return the length that a Windows Media file's header states; ffmpeg keeps it to itself where bytes are missing.

    The File Properties Object of the Advanced Systems Format, section 3.2 of its specification (revision 01.20.05).
    """
    if film.header.container != "asf":
        return None
    with film.path.open("rb") as file:
        head = file.read(1 << 16)
    place = head.find(_FILE_PROPERTIES)
    if place < 0 or len(head) < place + 92:
        return None
    play_100_ns, _, preroll_ms, flags = struct.unpack_from("<QQQI", head, place + 64)
    is_broadcast = bool(flags & 1)
    return None if is_broadcast else max(0, play_100_ns // 10_000 - preroll_ms)


def _by_chunk_ms(film: Film, audio_ms: int) -> int | None:
    """Return how long the sound of a WAV, Wave64 or CAF would be, were all there that its header states.

    ffmpeg counts what is there. None where all is, where the header knows no size, and of other containers.
    """
    if film.header.container not in _STATE_BYTES:
        return None
    size = film.path.stat().st_size
    found = (chunk for chunk in chunks.read(film.path, film.header.container) if chunk.name == b"data")
    data = next(found, None)
    if data is None or not data.is_stated or not data.data < size < data.ends:
        return None
    return round(audio_ms * (data.ends - data.data) / (size - data.data))


def _refuse_short(film: Film, what: str, there_ms: int, promised_ms: int | None, share: float) -> None:
    if promised_ms and there_ms < min(promised_ms * share, promised_ms - _UNSURE_MS):
        said = f"only {there_ms / 1000:.1f} of {promised_ms / 1000:.1f} s of {what} can be read"
        raise MediaError(
            f"{str(film.path)!r} is cut short: {said}.",
            "Copy it again; or set demux.min_decoded_share lower to go on with what is there.",
            path=str(film.path),
        )


def _promised_end_ms(header: Header, stream: Stream, zero_us: int) -> int | None:
    """Return when a stream should end on the film's clock, by what its own header says; None where it has none.

    ffprobe gives the film's length to streams that state none; those of the families below do.
    """
    start_ms = max(0, ((stream.start_us or 0) - zero_us) // 1000)
    if header.container == "avi" and stream.frames and stream.tick:
        # AVI states no times, but a number of ticks; of a file in which bytes are missing, ffmpeg takes less for it.
        return start_ms + round(stream.frames * stream.tick * 1000)
    if stream.ends_ms is not None:
        # Matroska's tag is the end of the track by some programs, and its length by others: the earlier is promised.
        return min(max(0, stream.ends_ms - zero_us // 1000), start_ms + stream.ends_ms)
    if stream.length_ms is not None and header.container.startswith(_STATE_LENGTHS) and not header.estimated:
        # Where a list has several edits, ffmpeg counts a late start into the length, too: the earlier is promised.
        counted = header.has_edit_lists and (stream.start_us or 0) > 0
        return stream.length_ms - max(0, zero_us // 1000) if counted else start_ms + stream.length_ms
    return None


@overload
def _on_clock(stream: AudioTrack, span: Span | None) -> AudioTrack: ...
@overload
def _on_clock(stream: StreamFacts, span: Span | None) -> StreamFacts: ...
def _on_clock(stream: AudioTrack | StreamFacts, span: Span | None) -> AudioTrack | StreamFacts:
    """Return a stream with the times of the film's clock, where it plays at all."""
    return stream if span is None else replace(stream, start_ms=span.start_ms, duration_ms=span.end_ms - span.start_ms)


def _parse(header: Header) -> Streams:
    return Streams(
        container=header.container,
        start_ms=header.start_ms,
        duration_ms=None,
        video=_video(header.film_picture) if header.film_picture else None,
        audio=tuple(_audio(number, stream) for number, stream in enumerate(header.of_kind("audio"))),
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


def _audio(number: int, stream: Stream) -> AudioTrack:
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
        start_ms=0,  # until it is measured
        duration_ms=None,
        flags=stream.flags,
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
