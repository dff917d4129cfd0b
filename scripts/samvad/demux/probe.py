"""What is in a film: its streams, durations, frame rate and languages, as ffprobe tells."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from samvad import languages, tools
from samvad.errors import MediaError
from samvad.times import seconds_to_ms


@dataclass(frozen=True)
class VideoStream:
    """The film's picture. The frame rate is exact: numerator / denominator frames a second."""

    codec: str
    width: int
    height: int
    frame_rate_numerator: int
    frame_rate_denominator: int
    variable_frame_rate: bool


@dataclass(frozen=True)
class AudioTrack:
    """An audio track. ``track`` counts audio tracks from 0, ``stream`` all streams; times are from the film's start."""

    track: int
    stream: int
    codec: str
    language: str | None
    channels: int
    layout: str
    sample_rate_hz: int
    title: str
    default: bool
    start_ms: int
    duration_ms: int | None


@dataclass(frozen=True)
class SubtitleTrack:
    """A subtitle track that the film has already."""

    track: int
    stream: int
    codec: str
    language: str | None
    title: str
    default: bool
    forced: bool


@dataclass(frozen=True)
class Probe:
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


def check_readable(path: Path) -> None:
    """Check that there is a file to read.

    Raises:
        MediaError: it is missing, a folder, empty, or may not be read.
    """
    shown = str(path)
    remedy = "Correct the column media of the film sheet."
    if path.is_dir():
        raise MediaError(f"{shown!r} is a folder, not a film.", remedy, path=shown)
    if not path.exists():
        raise MediaError(f"The film {shown!r} does not exist.", remedy, path=shown)
    if not path.is_file():
        raise MediaError(f"{shown!r} is not a regular file.", remedy, path=shown)
    if not os.access(path, os.R_OK):
        raise MediaError(f"The film {shown!r} may not be read.", "Change its permissions.", path=shown)
    if path.stat().st_size == 0:
        raise MediaError(f"The film {shown!r} is empty (0 bytes).", "Copy it again.", path=shown)


def probe(path: Path) -> Probe:
    """Ask ffprobe what is in a film.

    Raises:
        MediaError: it is no film or sound that ffmpeg can read.
        ToolError: ffprobe is missing.
    """
    result = _parse(_ffprobe(path, "-show_format", "-show_streams"))
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


def with_true_start(film: Path, found: Probe, track: AudioTrack) -> AudioTrack:
    """Return a track with the time of its first packet: ffprobe can say 0 of a Matroska track that starts 5 s late.

    Args:
        film: the film.
        found: what ``probe`` said of it.
        track: one of its audio tracks.
    """
    packets = _ffprobe(
        film, *("-select_streams", str(track.stream), "-read_intervals", "%+#1", "-show_entries", "packet=pts_time")
    ).get("packets")
    if not packets or "pts_time" not in packets[0]:
        return track
    start_ms = max(0, seconds_to_ms(float(packets[0]["pts_time"])) - found.start_ms)
    # An encoder's priming samples come a little before the track's start; a start that is later is the true one.
    if start_ms <= track.start_ms:
        return track
    late_ms = start_ms - track.start_ms
    duration_ms = None if track.duration_ms is None else max(0, track.duration_ms - late_ms)
    return replace(track, start_ms=start_ms, duration_ms=duration_ms)


def _ffprobe(path: Path, *options: str) -> dict[str, Any]:
    # "file:" keeps a name with a colon or a leading dash from being taken for something else.
    done = tools.run(["ffprobe", "-v", "error", *options, "-of", "json", f"file:{path}"])
    if done.code:
        reason = done.last_line.rsplit(": ", 1)[-1]
        raise MediaError(
            f"{str(path)!r} is not a film that ffmpeg can read ({reason}).",
            "Play it to see whether it is whole; if it is not, copy it again.",
            path=str(path),
            stderr_tail=done.tail,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _parse(found: dict[str, Any]) -> Probe:
    form = found.get("format", {})
    streams = found.get("streams", [])
    start = float(form.get("start_time") or 0.0)
    pictures = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")
    ]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    texts = [stream for stream in streams if stream.get("codec_type") == "subtitle"]
    return Probe(
        container=str(form.get("format_name", "unknown")),
        start_ms=seconds_to_ms(start),
        duration_ms=_ms(form.get("duration")),
        video=_video(pictures[0]) if pictures else None,
        audio=tuple(_audio(number, stream, start) for number, stream in enumerate(sounds)),
        subtitles=tuple(_subtitle(number, stream) for number, stream in enumerate(texts)),
    )


def _video(stream: dict[str, Any]) -> VideoStream:
    average = _rate(stream.get("avg_frame_rate"))
    base = _rate(stream.get("r_frame_rate"))
    rate = average or base or Fraction(24)
    return VideoStream(
        codec=str(stream.get("codec_name", "unknown")),
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        frame_rate_numerator=rate.numerator,
        frame_rate_denominator=rate.denominator,
        # With a constant rate the least common rate and the average are the same but for rounding.
        variable_frame_rate=bool(average and base and abs(base / average - 1) > Fraction(1, 100)),
    )


def _audio(number: int, stream: dict[str, Any], start: float) -> AudioTrack:
    tags = _tags(stream)
    start_ms = max(0, seconds_to_ms(float(stream.get("start_time") or start) - start))
    # Matroska's tag tells when the track ends; the stream's own duration there is that of the film.
    end_ms = _ms(tags.get("duration"))
    duration_ms = _ms(stream.get("duration")) if end_ms is None else max(0, end_ms - start_ms)
    return AudioTrack(
        track=number,
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name", "unknown")),
        language=languages.from_tag(tags.get("language")),
        channels=int(stream.get("channels", 0)),
        layout=str(stream.get("channel_layout", "")),
        sample_rate_hz=int(stream.get("sample_rate", 0)),
        title=tags.get("title", ""),
        default=bool(stream.get("disposition", {}).get("default")),
        start_ms=start_ms,
        duration_ms=duration_ms,
    )


def _subtitle(number: int, stream: dict[str, Any]) -> SubtitleTrack:
    tags = _tags(stream)
    return SubtitleTrack(
        track=number,
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name", "unknown")),
        language=languages.from_tag(tags.get("language")),
        title=tags.get("title", ""),
        default=bool(stream.get("disposition", {}).get("default")),
        forced=bool(stream.get("disposition", {}).get("forced")),
    )


def _tags(stream: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): str(value) for key, value in stream.get("tags", {}).items()}


def _ms(text: str | None) -> int | None:
    """Read a duration in seconds (``49.25``) or on the clock (``00:00:49.250000000``), as Matroska's tags have it."""
    if not text or text == "N/A":
        return None
    parts = [float(part) for part in text.split(":")]
    return seconds_to_ms(sum(part * 60**power for power, part in enumerate(reversed(parts))))


def _rate(text: str | None) -> Fraction | None:
    numerator, _, denominator = (text or "0/0").partition("/")
    if not int(numerator) or not int(denominator or 1):
        return None
    return Fraction(int(numerator), int(denominator or 1))
