"""The picture of the sample film: stills drawn by numpy, over which the camera moves slowly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samvad.core.errors import ToolError
from samvad.media import ffmpeg
from samvad.sample.story import FRAME_RATE, PlacedShot, Timeline

Picture: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

WIDTH, HEIGHT = 640, 360
_STILL_WIDTH = 960  # wider than the film, so that the camera can pan
_PAN_PIXELS_A_SECOND = 24
_CAPTION_SECONDS = 4

_NIGHT: Colour = (10, 14, 34)
_GOLD: Colour = (232, 184, 76)


def _sky(top: Colour, bottom: Colour) -> Picture:
    """Return a still that shades from ``top`` to ``bottom``."""
    share = np.linspace(0, 1, HEIGHT)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    return np.repeat(rows, _STILL_WIDTH, axis=1).astype(np.uint8)


def _box(still: Picture, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
    still[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = colour


def _disc(still: Picture, x: int, y: int, radius: int, colour: Colour) -> None:
    rows, columns = np.ogrid[:HEIGHT, :_STILL_WIDTH]
    still[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = colour


def _title() -> Picture:
    still = _sky((24, 18, 60), (70, 20, 60))
    _box(still, 0, 90, _STILL_WIDTH, 96, _GOLD)
    _box(still, 0, 264, _STILL_WIDTH, 270, _GOLD)
    for x in range(20, _STILL_WIDTH, 60):
        _disc(still, x, 60, 8, _GOLD)
        _disc(still, x, 300, 8, _GOLD)
    return still


def _morning() -> Picture:
    still = _sky((90, 150, 220), (250, 200, 140))
    _disc(still, 480, 170, 46, (255, 236, 170))
    for index, x in enumerate(range(0, _STILL_WIDTH, 80)):
        roof = 190 + 23 * (index * 7 % 5)
        _box(still, x, roof, x + 74, HEIGHT, (120, 84, 80))
        for window in range(roof + 12, HEIGHT - 20, 26):
            _box(still, x + 14, window, x + 28, window + 14, (210, 190, 150))
            _box(still, x + 44, window, x + 58, window + 14, (80, 60, 66))
    return still


def _station() -> Picture:
    still = _sky((200, 210, 214), (150, 150, 146))
    _box(still, 0, 60, _STILL_WIDTH, 84, (110, 40, 36))
    for x in range(40, _STILL_WIDTH, 150):
        _box(still, x, 84, x + 14, 280, (90, 90, 92))
    _box(still, 0, 280, _STILL_WIDTH, HEIGHT, (92, 84, 76))
    _box(still, 0, 318, _STILL_WIDTH, 322, (30, 30, 30))
    _box(still, 0, 340, _STILL_WIDTH, 345, (30, 30, 30))
    return still


def _rain() -> Picture:
    still = _sky((52, 60, 70), (86, 92, 96))
    for index in range(420):
        x, y = index * 97 % _STILL_WIDTH, index * 53 % HEIGHT
        for step in range(12):
            _box(still, x - step // 3, y + step, x - step // 3 + 1, y + step + 1, (150, 164, 176))
    return still


def _house() -> Picture:
    still = _sky((26, 34, 52), (40, 46, 60))
    _box(still, 180, 110, 700, HEIGHT, (96, 70, 56))
    for step in range(60):
        _box(still, 170 + 5 * step, 110 - step, 710 - 5 * step, 111 - step, (60, 36, 34))
    _box(still, 260, 170, 340, 240, (250, 214, 120))
    _box(still, 298, 170, 302, 240, (60, 36, 34))
    _box(still, 440, 220, 510, HEIGHT, (44, 30, 28))
    return still


def _door() -> Picture:
    still = _sky((30, 84, 70), (18, 52, 48))
    _box(still, 370, 40, 570, HEIGHT, (150, 96, 50))
    for x, y in ((390, 60), (480, 60), (390, 210), (480, 210)):
        _box(still, x, y, x + 70, y + 120, (120, 72, 36))
    _disc(still, 552, 200, 8, _GOLD)
    return still


def _night() -> Picture:
    still = _sky((2, 4, 14), _NIGHT)
    _disc(still, 460, 90, 34, (230, 232, 214))
    for index in range(90):
        _disc(still, index * 211 % _STILL_WIDTH, index * 67 % 240, index % 2, (240, 240, 240))
    return still


def _train() -> Picture:
    still = _sky((226, 150, 96), (120, 84, 110))
    _box(still, 0, 150, _STILL_WIDTH, 290, (40, 74, 130))
    _box(still, 0, 250, _STILL_WIDTH, 262, _GOLD)
    for x in range(24, _STILL_WIDTH, 120):
        _box(still, x, 172, x + 84, 228, (206, 226, 232))
    _box(still, 0, 300, _STILL_WIDTH, HEIGHT, (60, 54, 52))
    return still


_PAINTERS: dict[str, Callable[[], Picture]] = {
    "title": _title,
    "morning": _morning,
    "station": _station,
    "rain": _rain,
    "house": _house,
    "door": _door,
    "night": _night,
    "train": _train,
}


def still(name: str) -> Picture:
    """Return the picture of that name, shape (360, 960, 3); ``… closer`` is its middle, twice as large."""
    if not name.endswith(" closer"):
        return _PAINTERS[name]()
    whole = _PAINTERS[name.removesuffix(" closer")]()
    rows = slice(HEIGHT // 4, 3 * HEIGHT // 4)
    columns = slice(_STILL_WIDTH // 8, 5 * _STILL_WIDTH // 8)
    return whole[rows, columns].repeat(2, axis=0).repeat(2, axis=1)


def encode(timeline: Timeline, sound: Path, film: Path, folder: Path) -> None:
    """Draw the shots, join them with the sound, and write an MP4 (H.264 and AAC) that holds nothing that changes.

    Args:
        timeline: the shots and their lengths.
        sound: the WAV to go with them.
        film: the file to write.
        folder: where the stills may lie meanwhile.

    Raises:
        ToolError: ffmpeg has failed.
    """
    captions = can_write_text()
    shots = [_shot_stream(placed, folder / f"{index}.ppm", captions) for index, placed in enumerate(timeline.shots)]
    options: ffmpeg.Options = {
        **{"c:v": "libx264", "preset": "ultrafast", "crf": 26, "pix_fmt": "yuv420p", "r": FRAME_RATE},
        **{"c:a": "aac", "aac_coder": "fast", "b:a": "160k", "metadata:s:a:0": "language=eng"},
        **{"flags:v": "+bitexact", "flags:a": "+bitexact", "fflags": "+bitexact", "map_metadata": -1, "threads": 1},
        **{"movflags": "+faststart", "f": "mp4"},
    }
    done = ffmpeg.run([ffmpeg.joined(shots), ffmpeg.source(sound).audio], film, options)
    if done.code:
        raise ToolError("ffmpeg could not make the sample film.", "Its last words say why.", stderr_tail=done.tail)


def _shot_stream(placed: PlacedShot, path: Path, captions: bool) -> ffmpeg.Stream:
    """Write a shot's still and return its moving picture."""
    path.write_bytes(b"P6 %d %d 255\n" % (_STILL_WIDTH, HEIGHT) + still(placed.shot.picture).tobytes())
    # Decoded and converted once, then repeated; not yet 4:2:0, where a crop could only move by two pixels.
    still_picture = ffmpeg.source(path, f="image2", pattern_type="none", framerate=FRAME_RATE)  # a % in a name is a %
    stream = still_picture.filter("format", "yuv444p")
    stream = stream.filter("loop", loop=-1, size=1).trim(end_frame=placed.frames)
    pan = f"min(t*{_PAN_PIXELS_A_SECOND},{_STILL_WIDTH - WIDTH})"
    stream = stream.filter("crop", WIDTH, HEIGHT, pan, 0).filter("format", "yuv420p")
    if captions and placed.shot.caption:
        large = placed.shot.picture == "title"
        stream = stream.drawtext(
            text=placed.shot.caption,
            fontsize=44 if large else 22,
            fontcolor="white",
            box=0 if large else 1,
            boxcolor="black@0.5",
            boxborderw=6,
            x="(w-tw)/2" if large else 24,
            y="(h-th)/2" if large else 20,
            enable="1" if large else f"lt(t,{_CAPTION_SECONDS})",
        )
    return stream.filter("setsar", 1)


def can_write_text() -> bool:
    """Return whether ffmpeg has drawtext and finds a font; without either the film is made without captions."""
    text = ffmpeg.synthetic("color=size=64x64:duration=0.1").drawtext(text="a")
    return ffmpeg.run([text], None, {"f": "null"}).code == 0
