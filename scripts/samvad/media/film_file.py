"""Say whether a file may be a film, by a look at its beginning; what is in it, ffprobe says."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError

_SAMPLE_BYTES = 4096


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
    if _is_text(sample):
        raise MediaError(f"{shown!r} is text, not a film.", remedy, path=shown)


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
