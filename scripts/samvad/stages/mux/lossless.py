"""Sound that cannot go into a container as it is, kept without loss: which it is, and what becomes of it."""

from __future__ import annotations

from samvad.media import ffmpeg, mp4_kinds
from samvad.media.film_headers import Header, Stream

#: Uncompressed sound as Matroska has it (ffmpeg's names), by how it lies in other containers.
_UNCOMPRESSED = {
    **{"pcm_s16be": "pcm_s16le", "pcm_s24be": "pcm_s24le", "pcm_s32be": "pcm_s32le", "pcm_s32le": "pcm_s32le"},
    **{"pcm_f32be": "pcm_f32le", "pcm_f32le": "pcm_f32le", "pcm_f64be": "pcm_f64le", "pcm_f64le": "pcm_f64le"},
    **{"pcm_s8": "pcm_u8", "pcm_u8": "pcm_u8", "pcm_s16le": "pcm_s16le", "pcm_s24le": "pcm_s24le"},
    **{"pcm_mulaw": "pcm_s16le", "pcm_alaw": "pcm_s16le", "pcm_dvd": "pcm_s24le", "pcm_bluray": "pcm_s24le"},
    **{"pcm_u16be": "pcm_s16le", "pcm_u16le": "pcm_s16le", "pcm_u24be": "pcm_s24le", "pcm_u24le": "pcm_s24le"},
    **{"pcm_u32be": "pcm_s32le", "pcm_u32le": "pcm_s32le", "pcm_vidc": "pcm_s16le", "pcm_s24daud": "pcm_s24le"},
}
#: What mkvmerge 74 takes from MP4 and QuickTime and writes under a wrong name or with a broken header.
_MISREAD = frozenset({"alac", *_UNCOMPRESSED}) - {"pcm_s16le", "pcm_u8"}


def misread(header: Header, stream: Stream) -> bool:
    """Return whether mkvmerge is known to make something else of a sound; the proof finds those that are not known."""
    return header.has_edit_lists and stream.codec in _MISREAD


def codec(place: int, stream: Stream, *, decoded: bool) -> ffmpeg.Options:
    """Return ffmpeg's options for a stream of a Matroska copy: as it is, or decoded and kept without loss.

    Args:
        place: the stream's place in the copy.
        stream: the film's stream.
        decoded: whether its sound is decoded, whatever it is.
    """
    if stream.kind != "audio":
        return {f"c:{place}": "copy"}
    if stream.codec in _UNCOMPRESSED:
        return {f"c:{place}": _UNCOMPRESSED[stream.codec]}
    if not decoded:
        return {f"c:{place}": "copy"}
    if stream.sound and stream.sound.channels > mp4_kinds.FLAC_CHANNELS:
        return {f"c:{place}": "pcm_s24le"}
    # 24 bits: decoders of lossy sound give more than 16.
    return {f"c:{place}": "flac", f"sample_fmt:{place}": "s32", f"compression_level:{place}": 5}


def mp4_codec(place: int, stream: Stream) -> ffmpeg.Options:
    """Return ffmpeg's options for a picture or sound in MP4: as it is, or its sound decoded and kept without loss."""
    if stream.kind == "audio" and stream.codec not in mp4_kinds.SOUNDS:
        return {f"c:{place}": "flac"}
    # Apple's players take HEVC by this name only.
    tag = {f"tag:{place}": "hvc1"} if stream.codec == "hevc" else {}
    return {f"c:{place}": "copy", **tag}


def changed(stream: Stream, *, decoded: bool) -> str | None:
    """Return what a sound becomes by ``codec``, for a warning; None where it stays what it is."""
    name = str(codec(0, stream, decoded=decoded)["c:0"])
    return None if name in ("copy", stream.codec) else name
