"""Compare ways to find shot changes (Samvad's, ffmpeg's filters, PySceneDetect's detectors) on films with known cuts.

The films are the sample film, and pieces of real recordings joined at random (seeded) places, every fifth darkened. A
cut is found when it is within one picture of the true one. PySceneDetect is installed into an environment of its own.

Usage: python benchmarks/shots.py [--media FOLDER]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.media import shots  # noqa: E402

SAMPLE = ROOT / "build" / "sample" / "samvad_sample.mp4"
RECORDINGS = (("en_autoeditor_banana.mp4", 42), ("bbb_51.mp4", 5), ("en_muted.mp4", 24), ("vfr.mp4", 20))
PIECES, RATE, TOLERANCE_MS = 60, 25, 45
PEER = """
import sys, json, time
from scenedetect import SceneManager, open_video
from scenedetect.detectors import AdaptiveDetector, ContentDetector
manager = SceneManager()
manager.add_detector({"adaptive": AdaptiveDetector, "content": ContentDetector}[sys.argv[1]]())
manager.detect_scenes(open_video(sys.argv[2]))
print(json.dumps([round(scene[0].seconds * 1000) for scene in manager.get_scene_list()][1:]))
"""


def make_film(media: Path, target: Path) -> list[int]:
    """Join pieces of recordings; return the times of the cuts between them in ms."""
    dice = random.Random(5)
    inputs, chain, cuts, pictures, before = [], [], [], 0, ("", -100.0)
    for number in range(PIECES):
        while True:
            name, length = dice.choice(RECORDINGS)
            begin = dice.uniform(0, max(1.0, length - 4.5))
            if name != before[0] or abs(begin - before[1]) > 8:  # the same shot joined to itself is no cut
                break
        before = name, begin
        count = dice.randint(14, 80)
        inputs += ["-ss", f"{begin:.3f}", "-t", "4.2", "-i", str(media / name)]
        dark = ",eq=brightness=-0.25:contrast=0.6" if number % 5 == 4 else ""
        chain.append(
            f"[{number}:v]fps={RATE},scale=320:180,setsar=1{dark},trim=end_frame={count},setpts=PTS-STARTPTS,"
            f"format=yuv420p[v{number}];"
        )
        cuts += [pictures * 1000 // RATE] if pictures else []
        pictures += count
    joined = "".join(f"[v{number}]" for number in range(PIECES)) + f"concat=n={PIECES}:v=1:a=0[v]"
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-y",
        *inputs,
        "-filter_complex",
        "".join(chain) + joined,
        "-map",
        "[v]",
    ]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", str(target)], check=True)
    return cuts


def by_filter(film: Path, chain: str, pattern: str) -> list[int]:
    """Return the cuts that one of ffmpeg's filters names on its standard error."""
    command = ["ffmpeg", "-nostdin", "-v", "info", "-i", str(film), "-an", "-vf", chain, "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return [round(float(time) * 1000) for time in re.findall(pattern, said)]


def score(found: list[int], true: list[int]) -> str:
    """Return precision, recall and F1 as text."""
    left, hits = list(true), 0
    for time in found:
        near = next((other for other in left if abs(other - time) <= TOLERANCE_MS), None)
        if near is not None:
            left.remove(near)
            hits += 1
    return (
        f"found {len(found):3} of {len(true):3}, wrong {len(found) - hits:2}, "
        f"F1 {2 * hits / max(1, len(found) + len(true)):.3f}"
    )


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media" / "D_video")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-shots-") as scratch:
        python = Path(scratch) / "peer" / "bin" / "python"
        setup = (
            'source envs/lib.bash; source envs/uv.bash; uv venv -q "$1"; uv pip install -q --python "$1/bin/python" '
        )
        command = ["bash", "-c", setup + "scenedetect==0.7.2 opencv-python-headless", "setup", str(python.parents[1])]
        subprocess.run(command, cwd=ROOT, check=True)
        joined = Path(scratch) / "joined.mp4"
        films = {joined: make_film(options.media, joined)} if (options.media / RECORDINGS[0][0]).exists() else {}
        if SAMPLE.exists():
            films[SAMPLE] = json.loads(SAMPLE.with_suffix(".truth.json").read_text("utf-8"))["cuts_ms"]
        ways = {
            "Samvad (ffmpeg scdet, adaptive)": shots.detect,
            "ffmpeg scdet, threshold 10": lambda film: by_filter(film, "scdet=t=10", r"lavfi\.scd\.time: ([\d.]+)"),
            "ffmpeg select, scene > 0.3": lambda film: by_filter(
                film, "select='gt(scene,0.3)',showinfo", r"pts_time:([\d.]+)"
            ),
            **{
                f"PySceneDetect, {kind}": lambda film, kind=kind: json.loads(
                    subprocess.run([python, "-c", PEER, kind, film], capture_output=True, check=True).stdout
                )
                for kind in ("adaptive", "content")
            },
        }
        for film, true in films.items():
            print(film.name)
            for name, way in ways.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                found = way(film)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                print(f"  {name:34}{score(found, true)}, {cpu:.2f} CPU s")


if __name__ == "__main__":
    main()
