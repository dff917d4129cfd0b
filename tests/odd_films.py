"""Odd films, each made in a moment by ffmpeg and espeak-ng: what people really have on their shelves.

Every function takes a folder, makes its film there the first time, and returns its path. Pictures are tiny, films
last seconds. Speech is trimmed, so that it begins exactly where the stream does, plus ``LEAD_MS`` of silence.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from samvad.sample import sound
from samvad.sample.story import VOICES, Voice

ENGLISH = "Good morning, Rahul. Did you sleep well?"
HINDI = "नमस्ते राहुल, आप कैसे हैं?"
HINDI_VOICE = Voice("hi", "hi", 140, 0.0)

LEAD_MS = 500  # silence before the first word, in every stream with speech
AUDIO_OFFSET_MS = 5000  # of the films whose sound starts late
LATE_SPEECH_MS = AUDIO_OFFSET_MS + LEAD_MS  # when the first word of those is heard, on the film's clock
TS_START_SECONDS = 3600
HOSTILE_NAME = '-it\'s "दिल से" $HOME `id`; a\nsecond line & 🎬 100%.mkv'

_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=24:duration=6")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1")
_SUBTITLES = "1\n00:00:01,000 --> 00:00:02,500\n{}\n\n"

OddFilm = Callable[[Path], Path]


def _film(name: str) -> Callable[[Callable[[Path, Path], None]], OddFilm]:
    """Turn ``make(path, work)`` into a function of a folder that makes the film ``name`` there once."""

    def decorate(make: Callable[[Path, Path], None]) -> OddFilm:
        @functools.wraps(make)
        def once(folder: Path) -> Path:
            film = folder.resolve() / name
            if not film.exists():
                with tempfile.TemporaryDirectory(dir=folder) as work:
                    made = Path(work).resolve() / name
                    make(made, made.parent)
                    made.replace(film)
            return film

        return once

    return decorate


@_film("zero_bytes.mkv")
def zero_bytes(film: Path, work: Path) -> None:
    """An empty file."""
    film.touch()


@_film("text.mp4")
def text_named_mp4(film: Path, work: Path) -> None:
    """A text that someone named .mp4, as a failed download leaves it."""
    film.write_text("<html><body>404 Not Found</body></html>\n" * 40, encoding="utf-8")


@_film("truncated.mp4")
def truncated(film: Path, work: Path) -> None:
    """An MP4 that ends in the middle; its header, at the front, still promises the whole length (6 s)."""
    whole = work / "whole.mp4"
    speech = _speech(work, ENGLISH)
    _ffmpeg(*_PICTURE, "-i", speech, "-af", "apad", "-shortest", *_H264, "-c:a", "aac", *_faststart(), whole)
    film.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


@_film("no_audio.mp4")
def no_audio(film: Path, work: Path) -> None:
    """A picture without sound."""
    _ffmpeg(*_PICTURE, *_H264, film)


@_film("audio_only.flac")
def audio_only(film: Path, work: Path) -> None:
    """Speech without a picture."""
    _ffmpeg("-i", _speech(work, ENGLISH), film)


@_film("surround_5_1.mkv")
def surround_5_1(film: Path, work: Path) -> None:
    """Six channels: the dialogue only in the centre, music, twice as loud, in the four others (AC-3)."""
    speech = _samples(work, ENGLISH)
    music = sound.music(len(speech) * 1000 // sound.RATE_HZ + 1)[:, : len(speech)]
    left, right = music * (2 * np.abs(speech).max() / np.abs(music).max()) * 0.9
    nothing = np.zeros_like(speech)
    # The order of a 5.1 WAV: front left, front right, centre, low frequencies, back left, back right.
    sound.write_wav(np.stack([left, right, speech, nothing, left, right]), work / "six.wav")
    _ffmpeg(*_PICTURE, "-i", work / "six.wav", *_H264, "-c:a", "ac3", "-b:a", "448k", film)


@_film("audio_offset_5s.mkv")
def audio_offset_5s_mkv(film: Path, work: Path) -> None:
    """A film whose sound starts 5 s after its picture; the first word is heard at ``LATE_SPEECH_MS``."""
    _late(film, work, "flac")


@_film("audio_offset_5s.mp4")
def audio_offset_5s_mp4(film: Path, work: Path) -> None:
    """The same in MP4, where an empty edit tells of the offset."""
    _late(film, work, "aac")


@_film("two_audio_languages.mkv")
def two_audio_languages(film: Path, work: Path) -> None:
    """English first, Hindi second and flagged as the default."""
    english, hindi = _speech(work, ENGLISH), _speech(work, HINDI, HINDI_VOICE)
    maps = ("-map", "0:v", "-map", "1:a", "-map", "2:a")
    tags = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=hin", "-metadata:s:a:1", "title=Hindi 2.0")
    flags = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    _ffmpeg(*_PICTURE, "-i", english, "-i", hindi, *maps, *_H264, "-c:a", "aac", *tags, *flags, film)


@_film(HOSTILE_NAME)
def hostile_name(film: Path, work: Path) -> None:
    """A good film whose name has quotes, a dollar sign, a newline, Devanagari, an emoji, and a dash in front."""
    _ffmpeg(*_PICTURE, "-i", _speech(work, ENGLISH), *_H264, "-c:a", "aac", film)


@_film("variable_frame_rate.mp4")
def variable_frame_rate(film: Path, work: Path) -> None:
    """Two seconds at 24 frames a second, then every fifth frame only."""
    fewer = "select='lt(t,2)+not(mod(n,5))'"
    speech = _speech(work, ENGLISH)
    _ffmpeg(*_PICTURE, "-i", speech, "-vf", fewer, "-fps_mode", "vfr", *_H264, "-c:a", "aac", film)


@_film("no_duration.mkv")
def no_duration_header(film: Path, work: Path) -> None:
    """A Matroska written to a pipe, as a recorder does: no length in its header."""
    speech = _speech(work, ENGLISH)
    piped = _ffmpeg(*_PICTURE, "-i", speech, *_H264, "-c:a", "aac", "-f", "matroska", "pipe:1")
    film.write_bytes(piped)


@_film("recording.ts")
def mpeg_ts(film: Path, work: Path) -> None:
    """A recorded broadcast: its clock starts at an hour and something, not at 0."""
    speech = _speech(work, ENGLISH)
    offset = ("-output_ts_offset", str(TS_START_SECONDS))
    _ffmpeg(*_PICTURE, "-i", speech, *_H264, "-c:a", "aac", *offset, "-f", "mpegts", film)


@_film("cover_art.m4a")
def video_with_cover_art_only(film: Path, work: Path) -> None:
    """Sound with a picture of its cover, which ffprobe lists as a video stream: in truth audio only."""
    cover = work / "cover.png"
    _ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1", cover)
    maps = ("-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v:0", "attached_pic")
    _ffmpeg("-i", _speech(work, ENGLISH), "-i", cover, *maps, "-c:a", "aac", film)


@_film("existing_subtitles.mkv")
def existing_subtitles(film: Path, work: Path) -> None:
    """A film with two subtitle tracks of its own: English by default, and forced Hindi."""
    (work / "en.srt").write_text(_SUBTITLES.format("Good morning, Rahul."), encoding="utf-8")
    (work / "hi.srt").write_text(_SUBTITLES.format("सुप्रभात, राहुल।"), encoding="utf-8")
    inputs = ("-i", _speech(work, ENGLISH), "-i", work / "en.srt", "-i", work / "hi.srt")
    maps = ("-map", "0:v", "-map", "1:a", "-map", "2:s", "-map", "3:s", "-c:s", "srt")
    tags = ("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=hin", "-metadata:s:s:1", "title=Signs")
    flags = ("-disposition:s:0", "default", "-disposition:s:1", "forced")
    _ffmpeg(*_PICTURE, *inputs, *maps, *_H264, "-c:a", "aac", *tags, *flags, film)


UNREADABLE: tuple[OddFilm, ...] = (zero_bytes, text_named_mp4)
WITH_SPEECH: tuple[OddFilm, ...] = (
    truncated,
    audio_only,
    surround_5_1,
    audio_offset_5s_mkv,
    audio_offset_5s_mp4,
    two_audio_languages,
    hostile_name,
    variable_frame_rate,
    no_duration_header,
    mpeg_ts,
    video_with_cover_art_only,
    existing_subtitles,
)
ALL: tuple[OddFilm, ...] = (*UNREADABLE, no_audio, *WITH_SPEECH)


def _late(film: Path, work: Path, codec: str) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=24:duration=10")
    offset = ("-itsoffset", str(AUDIO_OFFSET_MS / 1000))
    _ffmpeg(*picture, *offset, "-i", _speech(work, ENGLISH), *_H264, "-c:a", codec, film)


def _samples(work: Path, text: str, voice: Voice = VOICES["Rahul"]) -> sound.Samples:
    """Return a line, ``LEAD_MS`` of silence before it and as much after it."""
    silence = np.zeros(LEAD_MS * sound.RATE_HZ // 1000)
    return np.concatenate([silence, sound.speak(text, voice, work), silence])


def _speech(work: Path, text: str, voice: Voice = VOICES["Rahul"]) -> Path:
    path = work / f"{voice.name}.wav"
    sound.write_wav(_samples(work, text, voice)[None, :], path)
    return path


def _faststart() -> tuple[str, str]:
    return ("-movflags", "+faststart")


def _ffmpeg(*options: object) -> bytes:
    """Run ffmpeg; return its standard output."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, options)]
    return subprocess.run(command, capture_output=True, check=True).stdout
