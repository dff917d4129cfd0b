"""Voices apart from music, by the ``demucs`` command, for films whose dialogue lies under loud music."""

from __future__ import annotations

import logging
import shutil
import wave
from pathlib import Path

from samvad.core import checksums, subprocesses
from samvad.core.errors import MissingToolError, ModelError, ToolError
from samvad.media import ffmpeg
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio

log = logging.getLogger(__name__)

OFF = "none"
#: demucs holds a whole file and its four stems in memory: it is given the film in blocks, with some sound around each.
_BLOCK_SECONDS = 300
_MARGIN_SECONDS = 5
#: Bytes at the end of a block that resampling may lose: a hundredth of a second.
_MAY_LACK_BYTES = SAMPLE_RATE_HZ // 100 * 2


def check_setting(setting: str) -> None:
    """Check the setting before anything is recognised.

    Raises:
        MissingToolError: the command is not installed.
        ModelError: the setting is a path, and no model lies there.
    """
    if setting == OFF:
        return
    if shutil.which("demucs") is None:
        raise MissingToolError(
            "asr.separate_voices is on, but the program demucs is not installed.",
            "Install it (`uv tool install demucs`, or pipx), or set asr.separate_voices to none.",
        )
    if "/" in setting and not _files(setting):
        raise ModelError(
            f"asr.separate_voices {setting!r} names no demucs model: no such file lies in {Path(setting).parent}.",
            "Give a model's name (such as htdemucs), or FOLDER/NAME of one in a folder, without the file's ending.",
            path=setting,
        )


def at_hand(setting: str) -> list[str]:
    """Return what decides the voices beside the sound: the model's name, or the checksums of its folder's models."""
    if "/" not in setting:
        return [setting]
    models = [path for path in Path(setting).parent.iterdir() if path.suffix in (".th", ".yaml")]
    return [Path(setting).name, *(checksums.checksum(path) for path in sorted(models))]


def separate(audio: FilmAudio, setting: str, device: str, folder: Path) -> FilmAudio:
    """Return the film's voices without its music.

    Args:
        audio: the film's audio.
        setting: name of a demucs model, or ``FOLDER/NAME`` of one that lies in a folder.
        device: ``cpu`` or ``cuda``.
        folder: for the files; they are no outputs.

    Raises:
        ToolError: demucs fails.
    """
    folder.mkdir(parents=True)
    result = folder / "voices.wav"
    with wave.open(str(result), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        for start_ms in range(0, audio.duration_ms, _BLOCK_SECONDS * 1000):
            log.info("Separating voices from %.0f s on", start_ms / 1000)
            file.writeframes(_block(audio, start_ms, setting, device, folder))
    return FilmAudio(result)


def _files(setting: str) -> list[Path]:
    """Return the files of a model that lies in a folder: NAME.yaml, NAME.th or NAME-checksum.th."""
    folder, name = Path(setting).parent, Path(setting).name
    found = list(folder.iterdir()) if folder.is_dir() else []
    return [
        path for path in found if path.suffix in (".th", ".yaml") and name in (path.stem, path.stem.rpartition("-")[0])
    ]


def _block(audio: FilmAudio, start_ms: int, setting: str, device: str, folder: Path) -> bytes:
    """Return the voices of one block as 16 kHz mono samples of 16 bits."""
    first_ms = max(0, start_ms - _MARGIN_SECONDS * 1000)
    end_ms = min(start_ms + _BLOCK_SECONDS * 1000, audio.duration_ms)
    samples = audio.piece(first_ms, end_ms + _MARGIN_SECONDS * 1000)
    mixed = folder / "block.wav"
    with wave.open(str(mixed), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    place = ["--repo", str(Path(setting).parent), "-n", Path(setting).name] if "/" in setting else ["-n", setting]
    command = ["demucs", *place, "--two-stems", "vocals", "-d", device, "-o", str(folder), str(mixed)]
    _check("demucs", subprocesses.run(command))
    stem = folder / Path(setting).name / mixed.stem / "vocals.wav"
    done = ffmpeg.run([ffmpeg.source(stem)], None, {"ac": 1, "ar": SAMPLE_RATE_HZ, "f": "s16le"})
    _check("ffmpeg", done)
    voices = done.output
    wanted = [(at_ms - first_ms) * SAMPLE_RATE_HZ // 1000 * 2 for at_ms in (start_ms, end_ms)]
    found = voices[wanted[0] : wanted[1]]
    if len(found) < wanted[1] - wanted[0] - _MAY_LACK_BYTES:
        lacks = (wanted[1] - wanted[0] - len(found)) / 2 / SAMPLE_RATE_HZ
        raise ToolError(
            f"demucs left out {lacks:.1f} s of the voices that it separated.",
            "Is the disk full (`df`)? Then run again, or set asr.separate_voices to none.",
        )
    # Resampling may lose a sample at the end; the film's clock must not move by it.
    return found.ljust(wanted[1] - wanted[0], b"\0")


def _check(program: str, done: subprocesses.Done) -> None:
    if done.code:
        raise ToolError(
            f"{program} failed ({done.code}) while voices were separated.",
            "See the lines below, or set asr.separate_voices to none.",
            stderr_tail=done.tail,
        )
