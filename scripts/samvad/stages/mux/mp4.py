"""Put subtitle tracks beside a film's own streams in MP4, within what MP4 can hold.

Its limits: a track's language is one of ISO 639-2 (three letters; no region, no script); it has no title, but a handler
whose name players show; of its text only the timing and italics stay; cues must not overlap; pictures as subtitles,
attachments and the flags "forced" and "hearing impaired" are lost; where no subtitle track is the default one, ffmpeg
makes it the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samvad.core import files
from samvad.core.errors import SamvadError
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, without_overlap
from samvad.media import ffmpeg
from samvad.media.film_headers import Header, Stream
from samvad.stages.mux import lossless, media
from samvad.stages.mux.film import FilmFile
from samvad.stages.mux.matroska import NewTrack
from samvad.text import languages

#: ffmpeg's names of subtitle codecs that are text, so that they can become MP4's own.
_TEXT = frozenset({"ass", "mov_text", "ssa", "subrip", "text", "ttml", "webvtt"})

#: The longest stretch without text, in ms, that is left without a blank cue.
_LONGEST_SILENCE_MS = 1_800_000
#: A text of which nothing is seen (a space that is no blank line).
_BLANK = "\u00a0"


def without_long_silences(cues: Sequence[Cue]) -> list[Cue]:
    """Return cues with a blank one in every stretch without text that MP4 cannot measure.

    ffmpeg counts the length of a sample of text in microseconds, in 32 bits: beyond 2,147 s, all that follows is off.
    """
    made: list[Cue] = []
    end_ms = 0
    for cue in cues:
        while cue.start_ms - end_ms > _LONGEST_SILENCE_MS:
            end_ms += _LONGEST_SILENCE_MS
            made.append(Cue(end_ms, end_ms + 1, (_BLANK,)))
        made.append(cue)
        end_ms = cue.end_ms
    return made


def kept(film: Header) -> tuple[list[Stream], list[Stream]]:
    """Return the film's own streams that MP4 can hold, and those that it cannot."""
    held = [stream for stream in film.streams if _fits(stream)]
    # ffmpeg makes MP4's track of chapters anew.
    chapters = [stream for stream in film.streams if film.chapters and stream.codec == "bin_data"]
    lost = [stream for stream in film.streams if stream not in held and stream not in chapters]
    return held, lost


def _fits(stream: Stream) -> bool:
    if stream.kind == "subtitle":
        return stream.codec in _TEXT
    if stream.kind == "attachment":
        return is_cover(stream)
    return stream.kind in ("video", "audio")


def is_cover(stream: Stream) -> bool:
    """Return whether an attached picture is one that MP4 can hold as the cover."""
    return "attached_pic" in stream.flags and stream.codec in ("mjpeg", "png", "bmp")


def write(
    target: Path, film: FilmFile, streams: Sequence[Stream], new: Sequence[NewTrack], title: str, folder: Path, *,
    keep_default_subtitles: bool,
) -> None:  # fmt: skip
    """Write the film with new subtitle tracks after its own, streams copied; sound that MP4 cannot hold becomes FLAC.

    Args:
        target: the file to write.
        film: the film.
        streams: the film's own streams to take, in order.
        new: the new tracks.
        title: the film's title; empty keeps its own.
        folder: where files may be written on the way.
        keep_default_subtitles: whether the film's own default subtitle track stays one.

    Raises:
        MediaError: the film holds what MP4 cannot.
        DiskError: the disk is full.
        MissingToolError: ffmpeg is missing.
    """
    shown_first = [stream for stream in streams if stream.kind in ("video", "audio")]
    ordered = [*shown_first, *(stream for stream in streams if stream.kind == "subtitle")]
    covers = [stream for stream in streams if stream.kind == "attachment"]
    source = film.film.source(fflags="+genpts")
    taken = [source[str(stream.index)] for stream in ordered]  # first, so that the film is input 0
    codecs: dict[str, str | int | list[str] | None] = {}
    for place, stream in enumerate(ordered):
        codecs |= {f"c:{place}": "mov_text"} if stream.kind == "subtitle" else lossless.mp4_codec(place, stream)
    for number, track in enumerate(new):
        path = folder / f"mp4_{number}.srt"
        files.write_text(path, formats.write("srt", without_long_silences(shown(track))))
        taken.append(ffmpeg.source(path, f="srt")["0"])
        codecs[f"c:{len(ordered) + number}"] = "mov_text"
    for place, stream in enumerate(covers, start=len(taken)):
        taken.append(source[str(stream.index)])
        codecs |= {f"c:{place}": "copy", f"disposition:{place}": "attached_pic"}
    options: ffmpeg.Options = {"map_chapters": 0, "map_metadata": 0, "movflags": "+faststart", "f": "mp4"}
    # FLAC in MP4 counts as experimental in ffmpeg before 6.1.
    options = {**options, "strict": "experimental"}
    flags = _flags(ordered, new, keep_default_subtitles=keep_default_subtitles)
    named = {"metadata": f"title={title}"} if title else {}
    media.write(taken, film.path, target, {**codecs, **options, **flags, **named}, read_along=film.film.read_along)


def shown(track: NewTrack) -> list[Cue]:
    """Return the cues of a new track as MP4 can show them."""
    return without_overlap(formats.read(track.path).cues)


def _flags(own: Sequence[Stream], new: Sequence[NewTrack], *, keep_default_subtitles: bool) -> ffmpeg.Options:
    """Return every track's flags and the new ones' languages: ffmpeg sets flags that nobody asked for."""
    made: dict[str, str | list[str]] = {}
    for place, stream in enumerate(own):
        default = stream.default and (stream.kind != "subtitle" or keep_default_subtitles)
        made[f"disposition:{place}"] = "default" if default else "0"
        if stream.title:  # ffmpeg writes a track's name, but reads none
            made[f"metadata:s:{place}"] = [f"title={stream.title}"]
    for place, track in enumerate(new, start=len(own)):
        flags = {"default": track.default, "forced": track.forced, "hearing_impaired": track.hearing_impaired}
        made[f"disposition:{place}"] = "+".join(name for name, is_set in flags.items() if is_set) or "0"
        names = [f"handler_name={track.name}", f"title={track.name}"]
        made[f"metadata:s:{place}"] = [f"language={languages.iso_639_2(track.language)}", *names]
    return made


def without_flags(made: Sequence[Stream], new: Sequence[NewTrack]) -> list[str]:
    """Return the names of new tracks that are not flagged as forced, or for the hard of hearing, though they are."""
    return [
        asked.name
        for stream, asked in zip(made, new, strict=True)
        if (asked.forced and not stream.forced) or (asked.hearing_impaired and not stream.hearing_impaired)
    ]


def check(result: Header, own: Sequence[Stream], new: Sequence[NewTrack], film: Path) -> None:
    """Check that all streams have come through, and the new ones with their languages and flags.

    Raises:
        SamvadError: something is not as it must be.
    """
    wrong = []
    for kind in ("video", "audio", "subtitle"):
        wanted = sum(1 for stream in own if stream.kind == kind) + (len(new) if kind == "subtitle" else 0)
        if len(result.of_kind(kind)) != wanted:
            wrong.append(f"ffprobe finds {len(result.of_kind(kind))} {kind} streams, not {wanted}")
    if not wrong and new:
        for stream, asked in zip(result.of_kind("subtitle")[-len(new) :], new, strict=True):
            if stream.language != languages.iso_639_2(asked.language):
                wrong.append(
                    f"stream {stream.index} is tagged {stream.language}, not {languages.iso_639_2(asked.language)}"
                )
            if stream.default and not asked.default and not any(track.default for track in new):
                continue  # the first one, which ffmpeg flags where none is asked for
            if stream.default != asked.default:
                wrong.append(f"stream {stream.index} has not the flags of {asked.name}")
    if wrong:
        raise SamvadError(
            f"The subtitled film of {str(film)!r} is not what was asked for: {'; '.join(wrong)}.",
            "Please report this with the log.",
            path=str(film),
        )
