"""A recording that goes on in another codec: MPEG-TS may change in the middle, of which its beginning says nothing.

Parts that were put together (``cat a.ts b.ts``) are so. No other container holds that in one track.
"""

from __future__ import annotations

from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffprobe

#: So much of the end of a file is asked for what streams it has: that many bytes, of a small one this share.
_END_BYTES, _END_SHARE = 8 << 20, 1 / 8


def told(path: Path) -> str:
    """Return in words which streams of a transport stream end in another codec than they begin; empty for none.

    Raises:
        ToolError: ffprobe is missing, or hung.
    """
    size = path.stat().st_size
    try:
        first, last = _codecs(path, 0), _codecs(path, size - min(round(size * _END_SHARE), _END_BYTES))
    except MediaError:
        return ""
    return ", ".join(
        f"{codec} at its beginning, {last[key]} at its end"
        for key, codec in first.items()
        if codec and last.get(key, codec) not in (codec, "")
    )


def _codecs(path: Path, skipped_bytes: int) -> dict[str, str]:
    """Return the codecs of a file behind so many bytes, by the streams' numbers in it (PIDs)."""
    found: dict[str, str] = {}

    def take(line: str) -> None:
        codec, kind, number, *_ = [*line.strip().split(","), "", "", ""]
        if kind in ("video", "audio"):
            found[number] = "" if codec == "unknown" else codec

    entries = ("-show_entries", "stream=id,codec_name,codec_type", "-of", "csv=p=0")
    ffprobe.printed(path, take, "-v", "error", "-skip_initial_bytes", str(skipped_bytes), *entries)
    return found
