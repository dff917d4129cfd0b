"""Say whether a file may be a film, by a look at its beginning; what is in it, ffprobe says."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError

_SAMPLE_BYTES = 4096

#: Kinds of files, by ffmpeg's name, that hold no film but the names of the files in which it lies.
LISTS = {
    "hls": "a playlist (HLS)",
    "applehttp": "a playlist (HLS)",
    "concat": "a list of parts (ffconcat)",
    "dash": "a playlist (DASH)",
    "webm_dash_manifest": "a playlist (DASH)",
    "imf": "a playlist (IMF)",
    "sdp": "the description of a stream (SDP)",
    "rtsp": "the description of a stream (RTSP)",
    "vobsub": "the index of a VobSub file",
    "image2": "a picture, or a pattern for numbered ones",
    "playlist": "a playlist",
}
#: How texts begin that are such lists; all but the letters' size counts.
_LISTS_BEGIN = {
    "#extm3u": "hls",
    "ffconcat version": "concat",
    "v=0": "sdp",
    "# vobsub index": "vobsub",
    "[playlist]": "playlist",
    "[reference]": "playlist",
    "<asx": "playlist",
    "<smil": "playlist",
}
#: What stands somewhere near the beginning of those that are XML.
_LISTS_CONTAIN = {"<mpd": "dash", "<compositionplaylist": "imf", "<assetmap": "imf", "<playlist": "playlist"}


def check(path: Path, remedy: str, shown: str = "") -> None:
    """Check that a file is there, can be read, and is neither empty nor text.

    Args:
        path: the file.
        remedy: what to do where the wrong file is named.
        shown: the path as it was given.

    Raises:
        MediaError: it is missing, a folder, a device, empty or text, or may not be read.
        DiskError: the disk fails.
    """
    shown = shown or str(path)
    try:
        if path.is_dir():
            raise MediaError(f"{shown!r} is a folder, not a film.", remedy, path=shown)
        if not path.exists():
            raise MediaError(f"The film {shown!r} does not exist.", remedy, path=shown)
        if not path.is_file():
            raise MediaError(f"{shown!r} is a device or a pipe, not a film.", remedy, path=shown)
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
    except PermissionError:
        raise MediaError(f"The film {shown!r} may not be read.", "Change its permissions.", path=shown) from None
    except (OSError, ValueError) as error:
        known = files.disk_error(error, path, "read") if isinstance(error, OSError) else None
        raise known or MediaError(f"The film {shown!r} cannot be read ({error}).", remedy, path=shown) from error
    if not sample:
        raise MediaError(f"The film {shown!r} is empty (0 bytes).", "Copy it again.", path=shown)
    if listed := _list_of_files(sample):
        raise MediaError(f"{shown!r} is {listed}, not a film: it names other files.", remedy, path=shown)
    if _is_text(sample):
        raise MediaError(f"{shown!r} is text, not a film.", remedy, path=shown)


def _list_of_files(sample: bytes) -> str | None:
    """Return what list of other files a file is, by its beginning, or None; what is none yet is known to ffmpeg."""
    text = sample.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    begins = next((kind for sign, kind in _LISTS_BEGIN.items() if text.startswith(sign)), None)
    if begins is None and text.startswith("<"):
        begins = next((kind for sign, kind in _LISTS_CONTAIN.items() if sign in text), None)
    return LISTS[begins] if begins else None


def _is_text(sample: bytes) -> bool:
    """Return whether a file begins with text: UTF-8 (the last letter may be cut) or UTF-16, without control codes."""
    encoding = "utf-16" if sample.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4 or len(sample) < _SAMPLE_BYTES:
            return False
        text = sample[: error.start].decode(encoding)
    return not any(unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f\x1b" for letter in text)
