"""Compare a ten-stage run of one film with the `whisperx` command on the same sound, side by side in one run.

Whole processes are measured: wall time, CPU time of the process and all its children, peak memory of the largest. Both
use the Whisper base weights on the CPU, int8, batches of 8, beam 5. The command only transcribes (no alignment); the
ten stages do everything, from demux to the subtitled film. The two take turns, and medians are compared, because
machines are noisy: trust the ratio and the CPU time more than the wall time.

Usage: make bench, or python benchmarks/end_to_end.py [--rounds N] [--seconds S] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media" / "B_english"
JOB = "2025/01/01/bench/1"
MODEL_STAGES = ("asr", "ner", "lyrics_detection", "translation")


@dataclass(frozen=True)
class Cost:
    """What a command cost: seconds of wall and CPU time, MiB of the largest process."""

    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float


def measure(command: list[str], folder: Path, log: Path, *, code: int = 0) -> Cost:
    """Run a command to its end, with the exit code that it is to have, and measure it and all its children."""
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != code:
        sys.exit(f"{command[0]} failed; see {log}:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(round(wall, 2), round(usage.ru_utime + usage.ru_stime, 2), round(usage.ru_maxrss / 1024, 1))


def make_film(folder: Path, seconds: float) -> tuple[Path, str]:
    """Join speech recordings to so many seconds, as a film with a small still picture; return it and what it is of.

    The real recordings are used where they are; otherwise the sample film's sound, over and over.
    """
    clips = sorted(path for path in MEDIA.glob("*") if path.suffix in (".wav", ".mp3", ".flac"))
    source = f"{len(clips)} real English recordings"
    if not clips:
        sample = ROOT / "build" / "sample" / "samvad_sample.mp4"
        clips, source = [sample] * 5, "the sample film's sound, repeated"
    inputs = [part for clip in clips for part in ("-i", str(clip))]
    joined = "".join(
        f"[{number}:a]aresample=16000,aformat=channel_layouts=mono[a{number}];" for number in range(len(clips))
    )
    joined += "".join(f"[a{number}]" for number in range(len(clips))) + f"concat=n={len(clips)}:v=0:a=1[a]"
    film = folder / "film.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *inputs, "-f", "lavfi", "-i", "color=c=navy:s=320x180:r=24",
         "-filter_complex", joined, "-map", "[a]", "-map", f"{len(clips)}:v", "-t", str(seconds),
         "-c:a", "flac", "-c:v", "libx264", "-preset", "ultrafast", "-shortest", str(film)],
        check=True,
    )  # fmt: skip
    return film, source


def environment(name: str) -> Path:
    """Return the folder of one of the project's virtual environments."""
    command = f'. envs/lib.bash && environment_dir "{name}"'
    return Path(subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def model_folder() -> str:
    """Return the folder of the Whisper base weights."""
    code = "from samvad.models import weights; print(weights.resolve_whisper('base').folder)"
    return subprocess.run(
        [str(environment("asr") / "bin" / "python"), "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    ).stdout.strip()  # fmt: skip


def write_sheet(folder: Path, film: Path, users: tuple[str, ...] = ("bench",)) -> Path:
    """Write a film sheet with the one film, once for each user."""
    columns = ["film", "media", "title", "year", "source", "targets", "user", "date", "job", "workflow"]
    rows = [[user, str(film), "Benchmark", "", "en", "en", user, "2025-01-01", "1", "subtitle"] for user in users]
    sheet = folder / "films.tsv"
    sheet.write_text("".join("\t".join(row) + "\n" for row in (columns, *rows)), encoding="utf-8")
    return sheet


def stage_costs(output: Path) -> dict[str, Cost]:
    """Return what each stage says of itself in its manifest."""
    costs = {}
    for path in sorted((output / JOB).glob("*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        used = manifest["resources"]
        costs[manifest["stage"]] = Cost(used["wall_seconds"], used["cpu_seconds"], used["peak_rss_mb"])
    return costs


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=333)
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        figures = run(Path(scratch), options.rounds, options.seconds)
    report(figures)
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2, default=asdict) + "\n", encoding="utf-8")


def run(scratch: Path, rounds: int, seconds: float) -> dict[str, object]:
    """Measure both in turns."""
    film, source = make_film(scratch, seconds)
    sound, log, output = scratch / "sound.wav", scratch / "log", scratch / "out"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", film, "-ac", "1", "-ar", "16000", sound], check=True)
    threads = str(os.cpu_count())
    whisperx = [
        str(environment("asr") / "bin" / "whisperx"), str(sound), "--model", model_folder(), "--device", "cpu",
        "--compute_type", "int8", "--batch_size", "8", "--no_align", "--language", "en", "--threads", threads,
        "--output_dir", str(scratch / "whisperx"),
    ]  # fmt: skip
    samvad = [
        str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu",
        f"{output}/{JOB}/10_mux/manifest.json", "--config",
        f"films={write_sheet(scratch, film)}", f"output_root={output}", 'cache={"enabled": false}',
    ]  # fmt: skip
    costs: dict[str, list[Cost]] = {"whisperx": [], "samvad": [], "no_change": []}
    for number in range(rounds):
        print(f"Round {number + 1} of {rounds}", flush=True)
        costs["whisperx"].append(measure(whisperx, scratch, log))
        shutil.rmtree(output, ignore_errors=True)
        costs["samvad"].append(measure(samvad, ROOT, log))
        costs["no_change"].append(measure(samvad, ROOT, log))
    return {"seconds": seconds, "source": source, "costs": costs, "stages": stage_costs(output), "cpus": os.cpu_count()}


def report(figures: dict) -> None:
    """Print the figures."""

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(cost, field) for cost in figures["costs"][name])

    print(f"\n{figures['seconds']:.0f} s of speech ({figures['source']}), {figures['cpus']} CPUs, medians\n")
    print(f"{'':34}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    labels = {
        "whisperx": "whisperx command, transcribing only",
        "samvad": "Samvad, ten stages",
        "no_change": "Samvad again, nothing to do",
    }
    for name, label in labels.items():
        values = [median(name, field) for field in ("wall_seconds", "cpu_seconds", "peak_rss_mb")]
        print(f"{label:36}{values[0]:7.1f}{values[1]:9.1f}{values[2]:10.0f}")
    wall = median("samvad", "wall_seconds") / median("whisperx", "wall_seconds")
    cpu = median("samvad", "cpu_seconds") / median("whisperx", "cpu_seconds")
    print(f"\nSamvad / whisperx: wall {wall:.2f}, CPU {cpu:.2f}")
    models = sum(cost.cpu_seconds for name, cost in figures["stages"].items() if name in MODEL_STAGES)
    last = figures["costs"]["samvad"][-1].cpu_seconds
    print(
        f"Around the models (all but stages {', '.join(MODEL_STAGES)}): {last - models:.1f} CPU s in the last round\n"
    )
    for name, cost in figures["stages"].items():
        print(f"  {name:24}{cost.wall_seconds:8.2f}{cost.cpu_seconds:9.2f}{cost.peak_rss_mb:10.0f}")


if __name__ == "__main__":
    main()
