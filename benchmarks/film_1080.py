"""Make a film like a real one, by code: 1080p with camera moves, objects, grain and cuts, and 5.1 sound.

Textures of several sizes are drawn with numpy (seeded), and a camera of ffmpeg's pans over them; each shot lasts 2 to 9
seconds, a few are brief. It is made once, and kept in the project's cache for benchmarks; a longer film is the same
over and over, without being encoded again.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np

RATE, WIDTH, HEIGHT = 24, 1920, 1080
#: So much is drawn; what is longer repeats it.
REEL_SECONDS = 111
_ROOM = (2560, 1440)
#: Counts up when the film changes: an older one is not taken for it.
_VERSION = 1


def cache_folder() -> Path:
    """Return where films are kept for the next run."""
    from samvad.core import files

    return files.cache_folder() / "benchmarks"


def picture(folder: Path) -> tuple[Path, list[int]]:
    """Return the reel without sound (H.264, about 111 s), made if it is not there, and the times of its cuts in ms."""
    reel = folder / f"reel-{_VERSION}.mkv"
    told = reel.with_suffix(".json")
    if reel.is_file() and told.is_file():
        return reel, json.loads(told.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    lengths = _lengths()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / reel.name
        _draw(Path(scratch), made, lengths)
        made.replace(reel)
    cuts = [round(sum(lengths[:place]) * 1000 / RATE) for place in range(1, len(lengths))]
    told.write_text(json.dumps(cuts), encoding="utf-8")
    return reel, cuts


def make(folder: Path, sound: Path, target: Path, seconds: float) -> list[int]:
    """Write a film of so many seconds, with a sound that is put into the centre of 5.1; return its cuts in ms.

    Args:
        folder: where the reel is kept.
        sound: speech; it is repeated where it is shorter.
        target: the film (Matroska).
        seconds: how long it is to be.
    """
    reel, cuts = picture(folder)
    layout = "pan=5.1|FL=0.1*c0|FR=0.1*c0|FC=c0|LFE=0*c0|BL=0.05*c0|BR=0.05*c0"
    command = [
        *("ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(reel)),
        *("-stream_loop", "-1", "-i", str(sound), "-map", "0:v", "-map", "1:a", "-t", str(seconds)),
        *("-c:v", "copy", "-af", f"aresample=48000,{layout}", "-c:a", "ac3", "-b:a", "384k", str(target)),
    ]
    subprocess.run(command, check=True)
    reel_ms = round(sum(_lengths()) * 1000 / RATE)
    rounds = range(int(seconds * 1000 // reel_ms) + 1)
    all_cuts = [time + turn * reel_ms for turn in rounds for time in ([0, *cuts] if turn else cuts)]
    return [time for time in all_cuts if time < seconds * 1000]


def _lengths() -> list[int]:
    """Return the lengths of the shots, in pictures."""
    dice, lengths = random.Random(11), []
    while sum(lengths) < REEL_SECONDS * RATE:
        lengths.append(dice.randint(14, 40) if dice.random() < 0.15 else dice.randint(2 * RATE, 9 * RATE))
    return lengths


def _draw(scratch: Path, target: Path, lengths: list[int]) -> None:
    dice = random.Random(12)
    inputs, chains = [], []
    for number, pictures in enumerate(lengths):
        path = scratch / f"{number}.ppm"
        _texture(number, path)
        inputs += ["-loop", "1", "-framerate", str(RATE), "-t", f"{pictures / RATE + 1:.3f}", "-i", str(path)]
        spread_x, spread_y = _ROOM[0] - WIDTH, _ROOM[1] - HEIGHT
        speed = dice.choice([0.0, 4.0, 12.0, 40.0, 90.0])  # a still camera is the commonest
        x = f"{spread_x / 2}+{spread_x / 2}*sin(t*{speed / 100:.3f}+{dice.random():.2f})"
        y = f"{spread_y / 2}+{spread_y / 2}*sin(t*{speed / 130:.3f})"
        # Somebody moves before the scene, and the grain of film lies over it.
        across = f"x='mod(t*{dice.randint(30, 260)}+{dice.randint(0, WIDTH)},{WIDTH})'"
        chains.append(
            f"[{number}:v]crop={WIDTH}:{HEIGHT}:'{x}':'{y}'[s{number}];"
            f"color=c=0x{dice.randrange(1 << 24):06x}:s=260x520:r={RATE}[o{number}];"
            f"[s{number}][o{number}]overlay={across}:y=480:shortest=1,trim=end_frame={pictures},setpts=PTS-STARTPTS,"
            f"format=yuv420p[v{number}];"
        )
    joined = "".join(f"[v{number}]" for number in range(len(lengths)))
    graph = f"{''.join(chains)}{joined}concat=n={len(lengths)},noise=alls=6:allf=t[v]"
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-r", str(RATE)]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[v]"]
    subprocess.run([*command, *encoder, str(target)], check=True)


def _texture(seed: int, target: Path) -> None:
    """Write a picture with forms of all sizes, as a PPM file."""
    dice = np.random.default_rng(seed)
    width, height = _ROOM
    field = np.zeros((height, width, 3))
    base = dice.uniform(30, 200, size=3)
    for step, strength in ((320, 60.0), (80, 40.0), (20, 20.0), (4, 9.0)):
        coarse = dice.normal(0, strength, size=(height // step + 2, width // step + 2, 3))
        field += np.kron(coarse, np.ones((step, step, 1)))[:height, :width]
    pixels = np.clip(base + field, 0, 255).astype(np.uint8)
    target.write_bytes(b"P6 %d %d 255\n" % (width, height) + pixels.tobytes())
