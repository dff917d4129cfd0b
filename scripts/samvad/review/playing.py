"""What of a film a browser can play: the film itself where its kind and codecs allow, else its small copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.documents.probe import Probe
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
    """

    kind: Literal["film", "copy", "none"]
    path: Path | None = None
    type: str = ""
    why: str = ""


def of(files: JobFiles) -> Playable:
    """Return what a browser is to play of a film."""
    film = _film(files)
    if isinstance(film, Playable):
        return film
    proxy = files.output("demux", "proxy")
    if proxy is not None:
        return Playable("copy", proxy, "video/mp4", film)
    return Playable("none", why=f"{film}, and the film has no small copy (the key demux.proxy_height)")


def _film(files: JobFiles) -> Playable | str:
    demux = files.manifests.get("demux")
    record = demux.film_file() if demux else None
    if record is None:
        return "nobody knows where the film lies"
    path = Path(record.path)
    try:
        same = path.is_file() and path.stat().st_size == record.size_bytes
    except OSError:
        same = False
    if not same:
        return f"the film is not at {path} any more, or is another one"
    kind = _type(files.probe, path)
    if isinstance(kind, Playable):
        return Playable("film", path, kind.type)
    return kind


def _type(probe: Probe, path: Path) -> Playable | str:
    """Return the media type of a film that browsers play; else why they do not."""
    names = set(probe.container.split(","))
    if probe.start_ms:
        return "its times do not begin at zero"
    if probe.chosen_audio_track:
        return "what was recognised is not its first sound"
    picture = probe.video.codec if probe.video else None
    sounds = {track.codec for track in probe.audio[:1]}
    for containers, pictures, allowed, media_type in _PLAYED:
        if not names & set(containers):
            continue
        # Matroska and WebM have one name; only what is called .webm is played everywhere.
        if media_type == "video/webm" and path.suffix.lower() != ".webm":
            continue
        if (picture is None or picture in pictures) and sounds <= allowed:
            return Playable("film", type=media_type if picture or "video" not in media_type else "audio/mp4")
    what = f"{picture or 'no picture'} with {', '.join(sorted(sounds)) or 'no sound'}"
    return f"a browser does not play {what} in {probe.container}"
