"""Pictures of subtitles as a Blu-ray has them (PGS), made from text: libass draws, this encodes."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 1280, 720
#: Of a palette of 16: how opaque a pixel is, and as bright.
_LEVELS = 15

#: A cue: its times in ms and its text.
Line = tuple[int, int, str]


def draw(text: str, folder: Path, font: str = "") -> npt.NDArray[np.uint8]:
    """Return a picture of a text at the foot of a black screen, in levels from 0 to 15."""
    subtitles = folder / "drawn.ass"
    subtitles.write_text(
        "[Script Info]\nScriptType: v4.00+\nPlayResX: 1280\nPlayResY: 720\n\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BorderStyle, Outline, Alignment, MarginV\n"
        f"Style: Default,{font or 'DejaVu Sans'},48,&H00FFFFFF,&H00000000,1,2,2,40\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Text\n"
        f"Dialogue: 0,0:00:00.00,0:00:10.00,Default,{text.replace(chr(10), chr(92) + 'N')}\n",
        encoding="utf-8",
    )
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color=black:s={WIDTH}x{HEIGHT}:r=1:d=1"]
    command += ["-vf", f"ass={subtitles}", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return (np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH) // 17).astype(np.uint8)


def write_pgs(path: Path, lines: Sequence[Line], font: str = "") -> None:
    """Write lines as a file of Blu-ray's subtitles (``.sup``)."""
    with path.open("wb") as file:
        for number, (start_ms, end_ms, text) in enumerate(lines):
            picture = draw(text, path.parent, font)
            rows, columns = np.nonzero(picture.any(axis=1))[0], np.nonzero(picture.any(axis=0))[0]
            top, left = int(rows[0]), int(columns[0])
            part = picture[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
            window = struct.pack(">BBHHHH", 1, 0, left, top, part.shape[1], part.shape[0])
            shown = struct.pack(">HHBHBBBB", WIDTH, HEIGHT, 0x10, 2 * number, 0x80, 0, 0, 1)
            shown += struct.pack(">HBBHH", 0, 0, 0, left, top)
            palette = b"\0\0" + b"".join(
                struct.pack("BBBBB", level, 16 + 219 * level // _LEVELS, 128, 128, 255 * level // _LEVELS)
                for level in range(_LEVELS + 1)
            )
            coded = _coded(part)
            size = (len(coded) + 4).to_bytes(3, "big")
            drawn = struct.pack(">HBB", 0, 0, 0xC0) + size + struct.pack(">HH", part.shape[1], part.shape[0]) + coded
            for kind, data in ((0x16, shown), (0x17, window), (0x14, palette), (0x15, drawn), (0x80, b"")):
                file.write(_segment(start_ms, kind, data))
            nothing = struct.pack(">HHBHBBBB", WIDTH, HEIGHT, 0x10, 2 * number + 1, 0, 0, 0, 0)
            for kind, data in ((0x16, nothing), (0x17, window), (0x80, b"")):
                file.write(_segment(end_ms, kind, data))


def _segment(time_ms: int, kind: int, data: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", time_ms * 90, 0, kind, len(data)) + data


def _coded(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture in PGS's lengths of runs."""
    made = bytearray()
    for row in picture:
        at = 0
        while at < len(row):
            level = int(row[at])
            end = at + 1
            while end < len(row) and row[end] == level and end - at < 0x3FFF:
                end += 1
            length = end - at
            if level and length < 3:
                made += bytes([level]) * length
            elif length < 64:
                made += bytes([0, (0x80 if level else 0) | length]) + (bytes([level]) if level else b"")
            else:
                made += bytes([0, (0xC0 if level else 0x40) | length >> 8, length & 0xFF])
                made += bytes([level]) if level else b""
            at = end
        made += b"\0\0"
    return bytes(made)
