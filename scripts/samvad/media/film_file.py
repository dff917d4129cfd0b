"""Say whether a file may be a film, by a look at its beginning; what is in it, ffprobe says."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError

_SAMPLE_BYTES = 4096

#: Endings of films' names; what else lies beside them (pictures, subtitles, texts) is passed over.
SUFFIXES = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".dvr-ms", ".evo", ".f4v", ".flv", ".m1v", ".m2ts", ".m2v"),
        *(".m4v", ".mk3d", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt"),
        *(".rm", ".rmvb", ".tod", ".tp", ".trp", ".ts", ".vob", ".vro", ".webm", ".wmv", ".wtv"),
    }
)
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
    "ifo": "a DVD's table of contents (IFO)",
    "mpls": "a Blu-ray disc's playlist (MPLS)",
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
#: How such lists begin that are no text.
_BYTES_BEGIN = {b"DVDVIDEO-": "ifo", b"MPLS0": "mpls", b"INDX0": "mpls", b"MOBJ0": "mpls"}
#: What stands somewhere near the beginning of those that are XML.
_LISTS_CONTAIN = {"<mpd": "dash", "<compositionplaylist": "imf", "<assetmap": "imf", "<playlist": "playlist"}

#: Folders by which discs are known, in themselves or in a folder that is named.
_DISCS = {"VIDEO_TS": "a DVD", "BDMV": "a Blu-ray disc"}
#: A part of a DVD's film, which goes on from each to the next; the one with 0 is a menu.
_DVD_PART = re.compile(r"(VTS_\d\d)_[1-9]\.VOB", re.IGNORECASE)
#: What makes one film of a disc.
_FROM_DISC = "Make one film of it first: with MakeMKV, or of a DVD's parts by `cat {}_[1-9].VOB > film.vob`."


def check(path: Path, remedy: str, shown: str = "") -> None:
    """Check that a file is there, can be read, and is neither empty nor text.

    Args:
        path: the file.
        remedy: what to do where the wrong file is named.
        shown: the path as it was given.

    Raises:
        MediaError: it is missing, a folder, a disc or a part of one, a device, empty or text, or may not be read.
        DiskError: the disk fails.
    """
    shown = shown or str(path)
    try:
        if path.is_dir():
            if disc := _disc(path):
                wanted = _FROM_DISC.format("VTS_01")
                raise MediaError(f"{shown!r} is {disc}, which is many files; a film is one.", wanted, path=shown)
            raise MediaError(f"{shown!r} is a folder, not a film.", remedy, path=shown)
        if not path.exists():
            raise MediaError(f"The film {shown!r} does not exist.", remedy, path=shown)
        if not path.is_file():
            raise MediaError(f"{shown!r} is a device or a pipe, not a film.", remedy, path=shown)
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
        parts = parts_of(path)
    except PermissionError:
        raise MediaError(f"The film {shown!r} may not be read.", "Change its permissions.", path=shown) from None
    except (OSError, ValueError) as error:
        known = files.disk_error(error, path, "read") if isinstance(error, OSError) else None
        raise known or MediaError(f"The film {shown!r} cannot be read ({error}).", remedy, path=shown) from error
    if parts:
        whole = f"{shown!r} is one of {len(parts)} parts of a DVD's film, {parts[0]} to {parts[-1]}."
        raise MediaError(whole, _FROM_DISC.format(parts[0][: len("VTS_01")]), path=shown)
    if not sample:
        raise MediaError(f"The film {shown!r} is empty (0 bytes).", "Copy it again.", path=shown)
    if listed := _list_of_files(sample):
        raise MediaError(f"{shown!r} is {listed}, not a film: it names other files.", remedy, path=shown)
    if _is_text(sample):
        raise MediaError(f"{shown!r} is text, not a film.", remedy, path=shown)


def parts_of(path: Path) -> list[str]:
    """Return the names of the parts of the DVD's film that a file is one of, or none where it is no part of several."""
    named = _DVD_PART.fullmatch(path.name)
    if named is None:
        return []
    beside = (other.name for other in path.parent.iterdir())
    parts = sorted(name for name in beside if (it := _DVD_PART.fullmatch(name)) and it[1].upper() == named[1].upper())
    return parts if len(parts) > 1 else []


def _disc(folder: Path) -> str | None:
    """Return what disc a folder holds, or None."""
    names = {folder.name.upper(), *(other.name.upper() for other in folder.iterdir())}
    return next((kind for name, kind in _DISCS.items() if name in names), None)


def _list_of_files(sample: bytes) -> str | None:
    """Return what list of other files a file is, by its beginning, or None; what is none yet is known to ffmpeg."""
    if kind := next((kind for sign, kind in _BYTES_BEGIN.items() if sample.startswith(sign)), None):
        return LISTS[kind]
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
