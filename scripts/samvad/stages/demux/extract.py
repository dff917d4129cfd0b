"""Decode the chosen audio track to 16 kHz mono, on the film's own clock."""

from __future__ import annotations

import shutil
from pathlib import Path

from samvad.core import files, subprocesses
from samvad.core.errors import DiskError, MediaError, ToolError
from samvad.documents.probe import AudioTrack
from samvad.logs import events
from samvad.media import ffmpeg
from samvad.media.audio import SAMPLE_RATE_HZ
from samvad.media.clock import Film

BYTES_A_SECOND = SAMPLE_RATE_HZ * 2
#: ffmpeg's names of the channel layouts that have a centre channel, without what stands in brackets.
_WITH_CENTRE = frozenset({"3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "6.0", "6.1", "7.0", "7.1"})
#: What ffmpeg says of a file that ends before its header says it does.
_CUT_SHORT = ("partial file", "File ended prematurely", "Truncat")


def check_space(folder: Path, duration_ms: int | None) -> None:
    """Check that the audio of a film will fit.

    Raises:
        DiskError: less room is left than the audio needs.
    """
    needed = int((duration_ms or 0) / 1000 * BYTES_A_SECOND * 1.05) + (1 << 20)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskError(
            f"{folder} has {files.megabytes(free)} left, but the film's audio needs {files.megabytes(needed)}.",
            "Free some space, or set output_root to a folder on another disk, and run again.",
            path=str(folder),
        )


def filters(track: AudioTrack, downmix: str) -> str:
    """Return ffmpeg's audio filters: mix-down, then silence wherever the track has a hole or starts late.

    The centre channel carries the dialogue of surround sound (ITU-R BS.775; ffmpeg's own mix-down gives it 3 dB less
    than left and right together). ``<`` makes ``pan`` keep the sum from clipping.
    """
    chain = []
    if downmix == "centre" and track.layout.split("(")[0] in _WITH_CENTRE:
        chain.append("pan=mono|c0<FC+0.3*FL+0.3*FR")
    chain.append(ffmpeg.sound_in_time(SAMPLE_RATE_HZ))
    return ",".join(chain)


def extract(
    film: Film, track: AudioTrack, downmix: str, target: Path, duration_ms: int | None = None
) -> tuple[int, bool]:
    """Decode a track to a WAV file.

    Args:
        film: the film.
        track: the audio track.
        downmix: ``centre`` or ``plain``.
        target: the WAV file to write: 16 kHz, mono, 16 bits.
        duration_ms: how much there should be, for the progress that is told.

    Returns:
        Duration of the audio in ms, and whether ffmpeg said that the file ends before it should.

    Raises:
        MediaError: the track cannot be decoded.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing.
    """
    signs: set[str] = set()
    # A film that has one clock whichever streams are read is read faster without its pictures.
    passed_over = {} if film.read_along else {"vn": None, "sn": None, "dn": None}
    done = ffmpeg.run(
        [film.source(**passed_over)[str(track.stream)]],
        target,
        {"af": filters(track, downmix), "ac": 1, "acodec": "pcm_s16le", "f": "wav"},
        level="warning",
        stdout_line=lambda line: _report_progress(line, duration_ms),
        stderr_line=lambda line: signs.update(sign for sign in _CUT_SHORT if sign in line),
        read_along=film.read_along,
    )
    if done.code:
        raise _failure(film.path, target, done)
    frames = max(0, target.stat().st_size - _wav_header_bytes(target)) // 2
    if frames == 0:
        raise MediaError(
            f"Audio track {track.track} of {str(film.path)!r} holds no sound.",
            "Choose another track.",
            path=str(film.path),
        )
    return round(frames * 1000 / SAMPLE_RATE_HZ), bool(signs)


def _report_progress(line: str, duration_ms: int | None) -> None:
    key, _, value = line.partition("=")
    if key == "out_time_us" and value.isdigit() and duration_ms:
        events.progress(min(int(value) / 1e6, duration_ms / 1000), duration_ms / 1000, "audio_seconds")


def _failure(film: Path, target: Path, done: subprocesses.Done) -> Exception:
    return ToolError(
        f"ffmpeg could not decode the audio of {str(film)!r} (exit code {done.code}): {done.last_line}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(film),
        stderr_tail=done.tail,
    )


def _wav_header_bytes(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(4096).index(b"data") + 8
