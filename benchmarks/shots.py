"""Compare ways to find shot changes (Samvad's, ffmpeg's filters, PySceneDetect's detectors) on films with known cuts.

The films are the sample film, and pieces of real recordings joined at random (seeded) places, every fifth darkened. A
cut is found when it is within one picture of the true one. PySceneDetect is installed into an environment of its own.

With --encoders, the pieces are encoded in several ways, and what Samvad finds by looking at some pictures is compared
with what it finds by decoding all (as it does with films as small as these, but for this comparison); so is the 1080p
film of the other benchmarks.

Usage: python benchmarks/shots.py [--media FOLDER] [--encoders]
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

import film_1080  # noqa: E402

from samvad.media import clock, shots  # noqa: E402

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


def make_film(media: Path, target: Path, crf: int = 26) -> list[int]:
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
    subprocess.run([*command, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), str(target)], check=True)
    return cuts


def by_filter(film: Path, chain: str, pattern: str) -> list[int]:
    """Return the cuts that one of ffmpeg's filters names on its standard error."""
    command = ["ffmpeg", "-nostdin", "-v", "info", "-i", str(film), "-an", "-vf", chain, "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return [round(float(time) * 1000) for time in re.findall(pattern, said)]


def hits(found: list[int], true: list[int]) -> int:
    """Return how many cuts are found, each once."""
    left, right = list(true), 0
    for time in found:
        near = next((other for other in left if abs(other - time) <= TOLERANCE_MS), None)
        if near is not None:
            left.remove(near)
            right += 1
    return right


def score(found: list[int], true: list[int]) -> str:
    """Return precision, recall and F1 as text."""
    right = hits(found, true)
    return (
        f"found {len(found):3} of {len(true):3}, wrong {len(found) - right:2}, "
        f"F1 {2 * right / max(1, len(found) + len(true)):.3f}"
    )


#: How the pieces are encoded: what it is called, the file's ending, ffmpeg's options.
ENCODERS = {
    "x264, its defaults": ("mkv", "-c:v", "libx264", "-crf", "23"),
    "x264, veryfast, MP4": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "26"),
    "x264, 150 kbit/s": ("mkv", "-c:v", "libx264", "-preset", "fast", "-b:v", "150k"),
    "x264, variable frame rate": (
        *("mkv", "-vf", "select='mod(n,5)-3'", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "26"),
    ),
    "x264, groups of 2 s by the clock": (
        "mp4",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-sc_threshold",
        "0",
        "-g",
        "48",
    ),
    "x264, groups of 10 s by the clock": ("mkv", "-c:v", "libx264", "-sc_threshold", "0"),
    "x265": ("mkv", "-c:v", "libx265", "-preset", "fast", "-crf", "26", "-x265-params", "log-level=error"),
    "x265, by the clock": (
        *("mkv", "-c:v", "libx265", "-preset", "veryfast", "-crf", "26"),
        *("-x265-params", "log-level=error:scenecut=0"),
    ),
    "SVT-AV1": ("mkv", "-c:v", "libsvtav1", "-preset", "10", "-crf", "38"),
    "VP9": ("webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-crf", "36", "-b:v", "0"),
    "MPEG-2 (program stream)": ("mpg", "-c:v", "mpeg2video", "-q:v", "5", "-bf", "2", "-g", "12"),
    "MPEG-4 in AVI": ("avi", "-c:v", "mpeg4", "-q:v", "5", "-bf", "1"),
}


def cpu_seconds() -> float:
    """Return what programs that have ended have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare_encoders(joined: Path, true: list[int], scratch: Path) -> None:
    """Print, as rows of a table, what a look at some pictures finds, and what all give."""
    shots.WHOLE_PIXELS = 0
    films = {}
    for name, (ending, *options) in ENCODERS.items():
        film = scratch / f"{len(films)}.{ending}"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(joined), "-an", *options, str(film)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        films[name] = film, true
    folder = film_1080.cache_folder()
    films["1080p, 111 s, x264"] = film_1080.picture(folder)
    print("| encoder | precision | recall | decoding all: recall | decoded | CPU s | all: CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, (film, cuts) in films.items():
        opened = clock.opened(film)
        picture = opened.header.film_picture
        began = cpu_seconds()
        found = shots.search(opened, 1)
        between = cpu_seconds()
        every = shots.cuts(shots.decode_all(opened, picture, 1))
        ended = cpu_seconds()
        right, of_all = hits(found.cuts_ms, cuts), hits(every, cuts)
        print(
            f"| {name} | {right / max(1, len(found.cuts_ms)):.3f} | {right / len(cuts):.3f} | {of_all / len(cuts):.3f} "
            f"| {found.decoded:.0%} | {between - began:.2f} | {ended - between:.2f} |",
            flush=True,
        )


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media" / "D_video")
    parser.add_argument("--encoders", action="store_true", help="compare encoders, not programs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-shots-") as scratch:
        if options.encoders:
            joined = Path(scratch) / "joined.mkv"
            compare_encoders(joined, make_film(options.media, joined, crf=12), Path(scratch))
            return
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
