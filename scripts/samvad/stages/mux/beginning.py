"""A film whose picture begins between two key pictures, because a list of edits hides what comes before.

MP4 keeps the hidden pictures, and players decode them without showing them. Matroska cannot hide a picture: a copy that
begins where the film does would begin with pictures that nothing can decode. So what is shown before the first key
picture is encoded anew, and from there on every picture stays as it is; the two are joined by way of MPEG-TS, the
one format in which pictures bring their parameters with them, so that those before and after may differ.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, ffprobe, film_headers, film_packets
from samvad.media.film_headers import Stream
from samvad.runner.stage_run import StageRun
from samvad.stages.mux import media
from samvad.stages.mux.film import Beginning, FilmFile

log = logging.getLogger(__name__)

#: Encoders by what they make, with the options that make their pictures hardly to be told from the film's.
_ENCODERS: dict[str, dict[str, str | int]] = {
    "h264": {"c": "libx264", "crf": 14, "preset": "fast"},
    "hevc": {"c": "libx265", "crf": 14, "preset": "fast", "x265-params": "log-level=error"},
}
#: The joined file's clock begins here: decoding begins before what is shown, and MPEG-TS has no times below zero.
_CLOCK_SECONDS = 10.0
#: The last picture that is encoded is shown this much before the key picture at least.
_HAIR_US = 500
#: By how much the times in MPEG-TS may be off: they count in 1/90000 s.
_ROUNDING_US = 1_000


def encoder(place: int, codec: str) -> ffmpeg.Options:
    """Return ffmpeg's options by which a picture is encoded anew; what it has no encoder for becomes H.264.

    Args:
        place: the stream's place in the result.
        codec: ffmpeg's name of what the film has.
    """
    chosen = _ENCODERS.get(codec, _ENCODERS["h264"])
    # Phones' pictures come unevenly: the encoder's own step, the mean of a picture's length, would move them.
    shown = {f"filter:{place}": ffmpeg.SHOWN, f"fps_mode:{place}": "passthrough", f"enc_time_base:{place}": "1:90000"}
    return {**{f"{name}:{place}": value for name, value in chosen.items()}, **shown}


def told(early: Beginning | None, *, cut: bool) -> str:
    """Return in words what of a film's picture is encoded anew; empty where nothing is.

    Args:
        early: how the picture begins.
        cut: whether it stays as it is from its first key picture on.
    """
    if early is None:
        return ""
    name = f"picture {early.stream.index} ({early.stream.codec})"
    anew = f"{name} is encoded anew"
    if cut and early.key_us is not None:
        anew = f"the first {early.key_us / 1e6:.1f} s of {name} are encoded anew"
    return (
        f"{anew}, to begin where the film does: Matroska cannot hide a picture; with mux.container: mp4 all of it stays"
    )


def joined(run: StageRun, film: FilmFile, begins: Beginning) -> ffmpeg.Stream | None:
    """Encode what is shown before the first key picture, and put it before the others.

    Args:
        run: the stage.
        film: the film.
        begins: how its picture begins.

    Returns:
        The picture, to be read on the film's clock; None where that cannot be done: all of it has to be encoded.

    Raises:
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    key_us, picture = begins.key_us, begins.stream
    if key_us is None or picture.codec not in _ENCODERS:
        return None
    head, tail = run.work_folder / "picture_head.ts", run.work_folder / "picture_tail.ts"
    try:
        _encode(film, picture, (key_us, begins.delay_us), head)
        _copy(film, begins, tail)
        if not _begins_at(tail, key_us):
            raise MediaError(f"{str(film.path)!r} cannot be cut at a key picture.")
        with head.open("ab") as whole, tail.open("rb") as rest:
            shutil.copyfileobj(rest, whole)
    except MediaError as error:
        log.info("All of picture %d is encoded: %s", picture.index, error.what)
        head.unlink(missing_ok=True)
        return None
    finally:
        tail.unlink(missing_ok=True)
    run.intermediate(head, retained=False, reason="Matroska cannot hide the pictures before the film's first")
    # ffmpeg takes a file's first time for zero.
    late = film_headers.read(head).start_seconds - _CLOCK_SECONDS
    return ffmpeg.source(head, itsoffset=f"{late:.6f}")["0"]


def _encode(film: FilmFile, picture: Stream, key: tuple[int, int], target: Path) -> None:
    """Write what is shown before the key picture (its time and delay), without pictures that refer to later ones."""
    key_us, delay_us = key
    source = film.film.source(autorotate=0)
    end = f"{key_us - _HAIR_US}us"
    options = encoder(0, picture.codec)
    if picture.codec == "h264":
        # Parameters with a number of their own: those of the film's, which bear 0, stay valid.
        options = {**options, "x264-params": "sps-id=1"}
    # Decoding goes on without a leap: as much before showing as in the film.
    steady: ffmpeg.Options = {"bf": 0, "bsf:0": f"setts=dts=DTS-{delay_us / 1e6:.6f}/TB"}
    media.write([source[str(picture.index)]], film.path, target, {**options, **steady, **_ts(), "t": end})


def _copy(film: FilmFile, begins: Beginning, target: Path) -> None:
    """Copy the pictures from the key picture on."""
    begin = (film.zero_us + begins.middle_us) / 1e6
    source = ffmpeg.source(film.path, ss=f"{begin:.6f}", seek_timestamp=1)
    offset = _CLOCK_SECONDS + begins.middle_us / 1e6
    media.write([source[str(begins.stream.index)]], film.path, target, {"c": "copy", **_ts(offset)})


def _ts(offset: float = _CLOCK_SECONDS) -> ffmpeg.Options:
    return {"f": ffprobe.TRANSPORT_STREAM, "output_ts_offset": f"{offset:.6f}", "muxdelay": 0, "muxpreload": 0}


def _begins_at(tail: Path, key_us: int) -> bool:
    first = film_packets.first_packets(tail).get(0)
    if first is None or first.pts_us is None:
        return False
    return first.key and abs(first.pts_us - key_us - round(_CLOCK_SECONDS * 1e6)) <= _ROUNDING_US
