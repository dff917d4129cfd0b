"""What people look at beside the subtitles: a small copy of the film, its shot changes, its waveform, one picture."""

from __future__ import annotations

import base64
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.documents.probe import AudioTrack
from samvad.documents.waveform import Waveform
from samvad.media import ffmpeg, shots
from samvad.media.clock import Film

#: Peaks of the waveform a second.
PEAKS_A_SECOND = 25
_POSTER_SHARE = 0.2  # of the film: after the titles, before the story's end
_VIDEO: ffmpeg.Options = {"c:v": "libx264", "preset": "ultrafast", "crf": 31, "g": 48, "pix_fmt": "yuv420p"}
_AUDIO: ffmpeg.Options = {
    **{"af": ffmpeg.sound_in_time(24_000)},
    **{"c:a": "aac", "aac_coder": "fast"},
}


@dataclass(frozen=True)
class Look:
    """What looking through a film gave: the cuts in ms (None where they were not looked for), and what went wrong."""

    cuts_ms: list[int] | None
    fault: str | None


def look_through(film: Film, track: AudioTrack, proxy: Path | None, height: int, threads: int, *, cuts: bool) -> Look:
    """Read a film's pictures once: find its cuts and encode its small copy on the way.

    Args:
        film: the film.
        track: the audio track that the copy is to have.
        proxy: the copy to write (MP4), or None for none.
        height: of the copy in pixels; a smaller film stays as it is.
        threads: CPU threads to decode with.
        cuts: whether to look for cuts.
    """
    video = film.header.film_picture
    if proxy is None and not (video and cuts):
        return Look(None, None)
    source = film.source(threads=threads)
    streams = [source[str(video.index)]] if video else []
    looking = f"{ffmpeg.SHOWN},{shots.scale(shots.HEIGHT)},{shots.FILTER}"
    chain = [looking] if cuts else [ffmpeg.SHOWN]
    aside = None
    if proxy is not None and cuts and height > shots.HEIGHT:  # a larger copy: the cuts are looked for beside it
        chain, aside = [ffmpeg.SHOWN], (video.index if video else 0, looking)
    if proxy is not None and not (cuts and height == shots.HEIGHT):
        chain.append(shots.scale(height))
    filters: ffmpeg.Options = {"vf": ",".join(chain)} if video and chain else {}
    options: ffmpeg.Options = {**filters, "f": "null"}
    if proxy is not None:
        streams.append(source[str(track.stream)])
        # So small a picture is encoded faster than the film is decoded: more threads would only wait for each other.
        # Two channels stay two: in opposite phase, nothing would be left of one.
        channels: ffmpeg.Options = {"ac": 1, "b:a": "48k"} if track.channels == 1 else {"ac": 2, "b:a": "64k"}
        encoders = {**_AUDIO, **channels, **(_VIDEO if video else {})}
        options = {**filters, **encoders, "threads": 1, "movflags": "+faststart", "f": "mp4"}
    reader = shots.DifferenceReader()
    done = ffmpeg.run(
        streams, proxy, options, stdout_line=reader.take, read_along=film.read_along, measured=aside, prints=cuts
    )
    if done.code:
        return Look(None, done.last_line)
    return Look(shots.cuts(reader.result()) if video and cuts else None, None)


def poster(proxy: Path, duration_ms: int, target: Path) -> bool:
    """Write one picture of the film as JPEG; say whether there is one."""
    source = ffmpeg.source(proxy, ss=f"{duration_ms * _POSTER_SHARE / 1000:.3f}")
    # "update" keeps a % in the path from being a pattern for many pictures.
    done = ffmpeg.run([source], target, {"frames:v": 1, "q:v": 5, "update": 1, "f": "image2"})
    return done.code == 0 and target.is_file()


def waveform(audio: Path) -> tuple[Waveform, int]:
    """Return the peaks of a 16-bit mono WAV file, and the loudest sample of it (32768 is full scale).

    The loudest moment is 255; loudness is drawn by its square root, so that speech under music is seen.
    """
    import numpy as np

    with wave.open(str(audio)) as sound:
        step = sound.getframerate() // PEAKS_A_SECOND
        peaks: list[Any] = []
        while block := sound.readframes(step * PEAKS_A_SECOND * 60):
            samples = np.abs(np.frombuffer(block, dtype="<i2").astype(np.int32))
            rest = -len(samples) % step
            peaks.append(np.pad(samples, (0, rest)).reshape(-1, step).max(axis=1))
    values = np.concatenate(peaks) if peaks else np.zeros(0)
    loudest = int(values.max(initial=0))
    drawn = np.round(255 * np.sqrt(values / max(1, loudest))).astype(np.uint8)
    peaks_text = base64.b64encode(drawn.tobytes()).decode("ascii")
    return Waveform(peaks_a_second=PEAKS_A_SECOND, peaks=peaks_text), loudest
