"""Decode the chosen audio track to 16 kHz mono, on the film's own clock."""

from __future__ import annotations

import re
import shutil
import wave
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, subprocesses
from samvad.core.errors import DiskError, MediaError, ToolError
from samvad.core.times import seconds_to_ms
from samvad.documents.media_facts import AudioFacts, MediaFacts, StreamFacts
from samvad.documents.probe import AudioTrack
from samvad.logs import events
from samvad.media import ffmpeg
from samvad.media.audio import SAMPLE_RATE_HZ
from samvad.media.clock import Film
from samvad.stages.demux import channels

BYTES_A_SECOND = SAMPLE_RATE_HZ * 2
#: What ffmpeg says of a file that ends before its header says it does.
_CUT_SHORT = ("partial file", "File ended prematurely", "Truncat")
#: What a person should know of a sound that changes its channels or rate on the way.
_CHANGES = "The sound changes its channels or its rate within the film: all channels are mixed, as ffmpeg does it."
_CHANGES_CHOSEN = (
    "The sound changes its channels or its rate within the film: the channel that was asked for is heard where it is."
)
#: ffmpeg's demuxers of bare sounds, whose packets have no times of their own: ffmpeg counts them by the rate of the
#: first, which is wrong from where another begins. So it is with Ogg, where another file follows.
_BARE = frozenset({"mp3", "aac", "loas", "ac3", "eac3", "dts", "mlp", "truehd", "ogg"})
#: What ffmpeg says of a packet that its decoder refuses (since 6.1 in the second way), and of the same line again.
_UNDECODED = ("Error while decoding stream", "Error submitting packet to decoder")
_REPEATED = re.compile(r"Last message repeated (\d+) times")
#: How far ffmpeg is, as it tells by itself.
_TIME = re.compile(r"out_time_us=(\d+)")


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


@dataclass(frozen=True)
class Extracted:
    """What was decoded.

    Attributes:
        duration_ms: how much.
        cut_short: whether ffmpeg said that the film ends before it should.
        undecoded: how many packets its decoder refused: silence stands in their places.
        channel: what was heard of the track; see ``channels.Verdict``.
        warning: what a person should know of that; empty where nothing is odd.
        counted: whether its samples alone say when it is heard, since the times of its packets are none.
    """

    duration_ms: int
    cut_short: bool
    undecoded: int
    channel: str
    warning: str
    counted: bool = False


def extract(
    film: Film, track: AudioTrack, channel: str, downmix: str, target: Path, duration_ms: int | None = None
) -> Extracted:
    """Decode a track to a WAV file, on the film's clock.

    Args:
        film: the film.
        track: the audio track.
        channel: ``auto`` to choose by what is in them, or one that ``channels.check`` has let pass.
        downmix: ``centre`` or ``plain``.
        target: the WAV file to write: 16 kHz, mono, 16 bits.
        duration_ms: how much there should be, for the progress that is told.

    Raises:
        MediaError: the track cannot be decoded.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing.
    """
    levels = channels.Levels.of(track) if channel == "auto" else None
    verdict = channels.Verdict("mix" if channel == "auto" else channel)
    found = _decode(film, track, verdict.channel, downmix, target, duration_ms, levels)
    if found is None:
        # What is best heard of one number of channels is not so of another: only what was asked for is obeyed.
        mixing = [] if channel == "auto" else channels.mixing(track, channel, downmix)
        told = ("mix", _CHANGES) if channel == "auto" else (channel, _CHANGES_CHOSEN)
        header = film.header
        counted = header.container in _BARE and header.film_picture is None and len(header.of_kind("audio")) == 1
        return Extracted(*_decode_changing(film, track, mixing, target, duration_ms, counted), *told, counted)
    if levels is not None:
        judged = channels.judge(levels.powers(), downmix)
        if judged.channel != verdict.channel:
            found = _decode(film, track, judged.channel, downmix, target, duration_ms) or found
        verdict = judged
    return Extracted(*found, verdict.channel, verdict.warning)


def _decode(
    film: Film,
    track: AudioTrack,
    channel: str,
    downmix: str,
    target: Path,
    duration_ms: int | None,
    levels: channels.Levels | None = None,
) -> tuple[int, bool, int] | None:
    """Decode a track, and let its energies be taken besides; return what ``_written`` does.

    None where its channels change on the way, so that what was written is not in time.
    """

    def measure(block: bytes) -> None:
        assert levels is not None
        levels.take(block)
        _report_progress(levels.seconds, duration_ms)

    in_time = ffmpeg.sound_in_time(SAMPLE_RATE_HZ, film.off_seconds)
    chain = ",".join([*channels.mixing(track, channel, downmix), in_time])
    heard = _Heard(duration_ms)
    done = ffmpeg.run(
        [_sound_of(film, track)],
        target,
        {"af": chain, "ac": 1, "acodec": "pcm_s16le", "f": "wav"},
        level="warning",
        stdout_line=heard.stdout,
        stderr_line=heard.stderr,
        read_along=film.read_along,
        measured=(track.stream, levels.filters, measure) if levels else None,
    )
    return None if heard.is_begun_anew else _written(film, track, target, done, heard)


def _decode_changing(
    film: Film, track: AudioTrack, mixing: list[str], target: Path, duration_ms: int | None, counted: bool
) -> tuple[int, bool, int]:
    """Decode a track whose channels or rate change on the way; return what ``_written`` does.

    It is mixed first, into a file that keeps the times of its packets, or, where these are ``counted``, the samples
    alone: in that, nothing changes any more.
    """
    kind, in_time = ("s16le", "anull") if counted else ("nut", ffmpeg.sound_in_time(SAMPLE_RATE_HZ, film.off_seconds))
    shape = {"ar": SAMPLE_RATE_HZ, "ac": 1} if counted else {}
    mixed, heard = target.with_suffix(f".{kind}"), _Heard(duration_ms)
    coded: ffmpeg.Options = {"ac": 1, "acodec": "pcm_s16le"}
    try:
        done = ffmpeg.run(
            [_sound_of(film, track)],
            mixed,
            {"af": ",".join([*mixing, f"aresample={SAMPLE_RATE_HZ}"]), **coded, "f": kind},
            level="warning",
            stdout_line=heard.stdout,
            stderr_line=heard.stderr,
            read_along=film.read_along,
        )
        if done.code == 0:
            done = ffmpeg.run(
                [ffmpeg.source(mixed, f=kind, **shape)["0"]],
                target,
                {"af": in_time, **coded, "f": "wav"},
                # Else ffmpeg takes the time of the first sample for zero.
                global_options={"copyts": None},
            )
    finally:
        mixed.unlink(missing_ok=True)
    return _written(film, track, target, done, heard)


class _Heard:
    """What ffmpeg says while it decodes a track."""

    def __init__(self, duration_ms: int | None) -> None:
        self.is_cut = self.is_begun_anew = False
        self.undecoded = 0
        self._was_undecoded = False
        self._duration_ms = duration_ms

    def stdout(self, line: str) -> None:
        """Take a line of its progress."""
        if found := _TIME.search(line):
            _report_progress(int(found.group(1)) / 1e6, self._duration_ms)

    def stderr(self, line: str) -> None:
        """Take a line of what it says besides."""
        self.is_cut |= any(sign in line for sign in _CUT_SHORT)
        self.is_begun_anew |= ffmpeg.is_begun_anew(line)
        repeated = _REPEATED.search(line)
        if repeated is None:
            self._was_undecoded = any(sign in line for sign in _UNDECODED)
        self.undecoded += (int(repeated[1]) if repeated else 1) if self._was_undecoded else 0


def _sound_of(film: Film, track: AudioTrack) -> ffmpeg.Stream:
    # A film that has one clock whichever streams are read is read faster without its pictures.
    passed_over = {} if film.read_along else {"vn": None, "sn": None, "dn": None}
    # FLAC by several threads costs a fifth more, and time.
    return film.source(threads=1, **passed_over)[str(track.stream)]


def _written(
    film: Film, track: AudioTrack, target: Path, done: subprocesses.Done, heard: _Heard
) -> tuple[int, bool, int]:
    """Return a sound's length in ms, whether ffmpeg said that the film is cut, and how many packets it refused."""
    if done.code:
        raise _failure(film.path, target, done)
    frames = max(0, target.stat().st_size - _wav_header_bytes(target)) // 2
    if frames == 0:
        raise MediaError(
            f"Audio track {track.track} of {str(film.path)!r} holds no sound.",
            "Choose another track.",
            path=str(film.path),
        )
    return round(frames * 1000 / SAMPLE_RATE_HZ), heard.is_cut, heard.undecoded


def facts(target: Path) -> MediaFacts:
    """Return what a manifest records of a sound that ``extract`` wrote: what ffprobe would say of it."""
    with wave.open(str(target)) as sound:
        length_ms = seconds_to_ms(sound.getnframes() / sound.getframerate())
        heard = AudioFacts(channels=sound.getnchannels(), layout=None, sample_rate_hz=sound.getframerate())
        codec = f"pcm_s{8 * sound.getsampwidth()}le"
    stream = StreamFacts(
        index=0,
        kind="audio",
        codec=codec,
        language=None,
        title="",
        default=False,
        forced=False,
        start_ms=0,  # a WAV file has no times
        duration_ms=length_ms,
        video=None,
        audio=heard,
    )
    return MediaFacts("wav", 0, length_ms, "header", (stream,))


def _report_progress(seconds: float, duration_ms: int | None) -> None:
    if duration_ms:
        events.progress(min(seconds, duration_ms / 1000), duration_ms / 1000, "audio_seconds")


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
