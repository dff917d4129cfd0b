"""Compare ways to find shot changes (Samvad's, ffmpeg's filters, PySceneDetect's detectors) on films with known cuts.

The films are the sample film, and pieces of real recordings joined at random (seeded) places, every fifth darkened. A
cut is found when it is within one picture of the true one. PySceneDetect is installed into an environment of its own.

With --encoders, the pieces are encoded in several ways, and what Samvad finds by looking at some pictures is compared
with what it finds by decoding all (as it does with films as small as these, but for this comparison); so is the 1080p
film of the other benchmarks. Where two pieces show the same still picture, their join is no cut, and is left out.
Limits of cut_search.py were set on the film of --seed 5; the other seeds' films tell how well they hold.

With --exact, the pieces are encoded at several rates, into several containers, and it is told by how many pictures the
cuts that are found are off.

Usage: python benchmarks/shots.py [--media FOLDER] [--seed N] [--encoders | --exact]
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
from bisect import bisect_left
from fractions import Fraction
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


def make_film(media: Path, target: Path, crf: int = 26, seed: int = 5) -> list[int]:
    """Join pieces of recordings; return the times of the cuts between them in ms."""
    dice = random.Random(seed)
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


#: Rates and containers: ffmpeg's rate of what it reads, then as above.
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "26")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "5", "-bf", "2", "-g", "12")
RATES = {
    "x264, 23.976, Matroska": ("24000/1001", "mkv", *X264),
    "x264, 29.97, MP4": ("30000/1001", "mp4", *X264),
    "x264, 50, MP4": ("50", "mp4", *X264),
    "x264, open groups, 23.976, Matroska": ("24000/1001", "mkv", *X264, "-x264-params", "open-gop=1"),
    "x264, open groups, 29.97, MP4": ("30000/1001", "mp4", *X264, "-x264-params", "open-gop=1"),
    "x265, open groups, 25, MP4": (
        *("25", "mp4", "-c:v", "libx265", "-preset", "veryfast"),
        *("-x265-params", "log-level=error:open-gop=1"),
    ),
    "x264, variable, two of three left out, MP4": (
        *("25", "mp4", "-vf", "select='gt(random(0),0.65)+eq(n,0)'"),
        *X264,
    ),
    "x264, 29.97, transport stream": ("30000/1001", "ts", *X264),
    "MPEG-2, 25, transport stream": ("25", "ts", *MPEG2),
    "MPEG-2, 29.97, program stream": ("30000/1001", "mpg", *MPEG2),
}


def real_cuts(joined: Path, cuts: list[int]) -> list[int]:
    """Return the joins at which the picture changes: a hundredth of the difference of black and white at least."""
    film = clock.opened(joined)
    told = shots.decode_all(film, film.header.film_picture, 1)
    unlike = dict(zip(told.times_ms, told.values, strict=True))
    return [cut for cut in cuts if unlike[cut] >= 1]


def encoded(joined: Path, film: Path, options: tuple[str, ...], rate: str = "") -> Path:
    """Encode a film anew, at another rate if one is given: no picture is left out or comes twice."""
    before = ["-r", rate] if rate else []
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *before, "-i", str(joined), "-an"]
    kept = [] if "-fps_mode" in options or not rate else ["-fps_mode", "passthrough"]
    subprocess.run([*command, *kept, *options, str(film)], check=True, stderr=subprocess.DEVNULL)
    return film


def compare_rates(joined: Path, true: list[int], scratch: Path) -> None:
    """Print, as rows of a table, how many cuts of each film are found, and by how many pictures they are off."""
    shots.WHOLE_PIXELS = 0
    print("| film | cuts found | on their picture | a picture off | more | decoded |")
    print("|---|---|---|---|---|---|")
    for name, (rate, ending, *options) in RATES.items():
        film = clock.opened(encoded(joined, scratch / f"rate.{ending}", tuple(options), rate))
        times = shots.decode_all(film, film.header.film_picture, 1).times_ms
        # In the joined film, a picture's number is its time by the rate; here, pictures may have been left out.
        step = 1000 * Fraction(1) / Fraction(rate)
        first = [bisect_left(times, round(cut * RATE / 1000) * step - 2) for cut in true]
        found = shots.search(film, 1)
        places = [min(range(len(times)), key=lambda place: abs(times[place] - cut)) for cut in found.cuts_ms]
        others = [place for place in places if place not in first]  # what is on one cut's picture is not another's
        off = [0 if cut in places else min((abs(place - cut) for place in others), default=9) for cut in first]
        right, near, far = sum(o == 0 for o in off), sum(o == 1 for o in off), sum(1 < o <= 5 for o in off)
        said = f"{right + near + far} of {len(true)} | {right} | {near} | {far} | {found.decoded:.0%}"
        print(f"| {name} | {said} |", flush=True)


def cpu_seconds() -> float:
    """Return what programs that have ended have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare_encoders(joined: Path, true: list[int], scratch: Path) -> None:
    """Print, as rows of a table, what a look at some pictures finds, and what all give."""
    shots.WHOLE_PIXELS = 0
    print("| encoder | precision | recall | decoding all: recall | decoded | CPU s | all: CPU s |")
    print("|---|---|---|---|---|---|---|")
    for number, (name, (ending, *options)) in enumerate(ENCODERS.items()):
        _row(name, encoded(joined, scratch / f"{number}.{ending}", tuple(options)), true)
    _row("1080p, 111 s, x264", *film_1080.picture(film_1080.cache_folder()))


def _row(name: str, film: Path, cuts: list[int]) -> None:
    """Print a film's row of the table."""
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
    parser.add_argument("--seed", type=int, default=6, help="which pieces are joined (default: 6)")
    parser.add_argument("--encoders", action="store_true", help="compare encoders, not programs")
    parser.add_argument("--exact", action="store_true", help="compare rates and containers, by the picture")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-shots-") as scratch:
        if options.encoders or options.exact:
            joined = Path(scratch) / "joined.mkv"
            joins = make_film(options.media, joined, 12, options.seed)
            true = real_cuts(joined, joins)
            print(f"{len(true)} cuts; at {len(joins) - len(true)} other joins, the picture stays the same\n")
            (compare_encoders if options.encoders else compare_rates)(joined, true, Path(scratch))
            return
        python = Path(scratch) / "peer" / "bin" / "python"
        setup = (
            'source envs/lib.bash; source envs/uv.bash; uv venv -q "$1"; uv pip install -q --python "$1/bin/python" '
        )
        command = ["bash", "-c", setup + "scenedetect==0.7.2 opencv-python-headless", "setup", str(python.parents[1])]
        subprocess.run(command, cwd=ROOT, check=True)
        joined = Path(scratch) / "joined.mp4"
        films = {}
        if (options.media / RECORDINGS[0][0]).exists():
            joins = make_film(options.media, joined, seed=options.seed)
            films[joined] = real_cuts(joined, joins)
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
