"""What of a film a browser can play: the film itself where its kind and codecs allow, else its small copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.documents.probe import Probe
from samvad.media import small_copy
from samvad.review.job import JobFiles

#: What Chromium, Firefox and Safari play alike, by ffmpeg's names: container, its pictures, its sounds, its type.
_PLAYED: tuple[tuple[tuple[str, ...], set[str], set[str], str], ...] = (
    (("mp4", "mov", "m4a"), {"h264", "av1", "vp9"}, {"aac", "mp3", "opus", "flac"}, "video/mp4"),
    (("webm",), {"vp8", "vp9", "av1"}, {"opus", "vorbis"}, "video/webm"),
    (("mp3",), set(), {"mp3"}, "audio/mpeg"),
    (("ogg",), set(), {"vorbis", "opus"}, "audio/ogg"),
    (("wav",), set(), {"pcm_s16le"}, "audio/wav"),
    (("flac",), set(), {"flac"}, "audio/flac"),
)


@dataclass(frozen=True)
class Playable:
    """What is played.

    Attributes:
        kind: ``film``, ``copy`` or ``none``.
        path: the file; None where there is none.
        type: its media type.
        why: why it is not the film, or why there is none, in words.
        film: where a copy could be made from, if there is none.
    """

    kind: Literal["film", "copy", "none"]
    path: Path | None = None
    type: str = ""
    why: str = ""
    film: Path | None = None


def of(files: JobFiles) -> Playable:
    """Return what a browser is to play of a film."""
    path = _there(files)
    why = _unplayed(files.probe, path) if path else "the film is not where its record says, or is another one"
    if path and not why:
        return Playable("film", path, _type(files.probe, path))
    stages = ("subtitle_gen", "demux")  # the second in jobs of earlier versions
    proxy = next((found for stage in stages if (found := files.output(stage, "proxy"))), None)
    copy = proxy or small_copy.kept(files.probe.checksum)
    if copy is not None:
        return Playable("copy", copy, "video/mp4", why)
    return Playable("none", why=why, film=path)


def _there(files: JobFiles) -> Path | None:
    """Return the film, where it still lies where stage 01 read it and is as long as it was."""
    demux = files.manifests.get("demux")
    record = demux.film_file() if demux else None
    if record is None:
        return None
    path = Path(record.path)
    try:
        return path if path.is_file() and path.stat().st_size == record.size_bytes else None
    except OSError:
        return None


def _kind(probe: Probe, path: Path) -> tuple[set[str], set[str], str] | None:
    """Return the pictures and sounds that browsers play in a film's container, and its type."""
    names = set(probe.container.split(","))
    for containers, pictures, sounds, media_type in _PLAYED:
        # Matroska and WebM have one name in ffmpeg; what is called .webm alone is played everywhere.
        if names & set(containers) and (media_type != "video/webm" or path.suffix.lower() == ".webm"):
            return pictures, sounds, media_type
    return None


def _type(probe: Probe, path: Path) -> str:
    kind = _kind(probe, path)
    media_type = kind[2] if kind else ""
    return media_type if probe.video else media_type.replace("video/mp4", "audio/mp4")


def _unplayed(probe: Probe, path: Path) -> str:
    """Return why browsers do not play a film as it is; an empty text where they do."""
    kind = _kind(probe, path)
    if kind is None:
        return f"a browser does not play {probe.container}"
    pictures, allowed, _ = kind
    if probe.start_ms:
        return "its times do not begin at zero"
    if probe.chosen_audio_track:
        return "what was recognised is not its first sound"
    if probe.video and probe.video.codec not in pictures:
        return f"a browser does not play {probe.video.codec}"
    sounds = [track.codec for track in probe.audio[:1]]
    return "" if set(sounds) <= allowed else f"a browser does not play {sounds[0]}"
