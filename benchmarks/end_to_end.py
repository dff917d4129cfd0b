"""Compare a ten-stage run of one film with the `whisperx` command on the same sound, side by side in one run.

The film is made once by code (film_1080.py): 1080p with camera moves, grain and cuts, and 5.1 sound of real speech. A
second row has the same sound under a still picture, which costs nothing: the difference is what pictures cost.

Whole processes are measured: wall time, CPU time of the process and all its children, peak memory of the largest. Both
use the Whisper base weights on the CPU, int8, batches of 8, beam 5. The command only transcribes (no alignment); the
ten stages do everything, from demux to the subtitled film. All take turns, and medians are compared, because
machines are noisy: trust the ratios and the CPU time more than the wall time. The ratios go into history.jsonl.

With --minutes, films of so many minutes (sound and picture over and over) are run once each, and what three hours
would cost is said by the straight line through them.

Usage: make bench, or python benchmarks/end_to_end.py [--rounds N] [--seconds S] [--minutes 10 30 60] [--output FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import film_1080
import history
import shots

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.core import files  # noqa: E402

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


def stage_began(output: Path, stage: str) -> float:
    """Return how many seconds after stage 01 began another one did."""
    times = {}
    for name in ("01_demux", stage):
        manifest = json.loads((output / JOB / name / "manifest.json").read_text(encoding="utf-8"))
        times[name] = datetime.fromisoformat(manifest["started_at"])
    return (times[stage] - times["01_demux"]).total_seconds()


def forget_cuts(film: Path) -> None:
    """Remove what is known of a film's shot changes, which would cost nothing a second time."""
    with film.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    for path in (files.cache_folder() / "shots").glob(f"{checksum}-*"):
        path.unlink()


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=333)
    parser.add_argument("--minutes", type=float, nargs="+", default=[], help="films of these lengths, for three hours")
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        figures = run(Path(scratch), options.rounds, options.seconds, options.minutes)
    report(figures)
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2, default=asdict) + "\n", encoding="utf-8")


def run(scratch: Path, rounds: int, seconds: float, minutes: list[float]) -> dict:
    """Measure all in turns."""
    still, source = make_film(scratch, seconds)
    sound, log, output = scratch / "sound.wav", scratch / "log", scratch / "out"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", still, "-ac", "1", "-ar", "16000", sound], check=True)
    with wave.open(str(sound)) as heard:  # all contenders hear the same: the recordings may be shorter than asked for
        seconds = min(seconds, heard.getnframes() / heard.getframerate())
    real = scratch / "film1080.mkv"
    cuts = film_1080.make(film_1080.cache_folder(), sound, real, seconds)
    whisperx = [
        str(environment("asr") / "bin" / "whisperx"), str(sound), "--model", model_folder(), "--device", "cpu",
        "--compute_type", "int8", "--batch_size", "8", "--no_align", "--language", "en",
        "--threads", str(os.cpu_count()), "--output_dir", str(scratch / "whisperx"),
    ]  # fmt: skip

    def samvad(film: Path) -> list[str]:
        return [
            str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu",
            f"{output}/{JOB}/10_mux/manifest.json", "--config",
            f"films={write_sheet(scratch, film)}", f"output_root={output}", 'cache={"enabled": false}',
        ]  # fmt: skip

    def afresh(film: Path) -> Cost:
        shutil.rmtree(output, ignore_errors=True)
        forget_cuts(film)
        return measure(samvad(film), ROOT, log)

    costs: dict[str, list[Cost]] = {name: [] for name in LABELS}
    stages: dict[str, dict[str, Cost]] = {}
    found: dict[str, object] = {}
    for number in range(rounds):
        print(f"Round {number + 1} of {rounds}", flush=True)
        costs["whisperx"].append(measure(whisperx, scratch, log))
        costs["still"].append(afresh(still))
        stages["still"] = stage_costs(output)
        costs["film"].append(afresh(real))
        stages["film"] = stage_costs(output)
        seen = json.loads((output / JOB / "09_subtitle_gen" / "shots.json").read_text(encoding="utf-8"))["cuts_ms"]
        found = {
            **{"cuts": len(cuts), "cuts_found": len(seen), "cuts_right": shots.hits(seen, cuts)},
            "recognition_after_s": stage_began(output, "04_asr"),
        }
        costs["no_change"].append(measure(samvad(real), ROOT, log))
    longer = []
    for length in minutes:
        print(f"{length:g} minutes", flush=True)
        film_1080.make(film_1080.cache_folder(), sound, scratch / "long.mkv", length * 60)
        longer.append((length, afresh(scratch / "long.mkv")))
    return {
        **{"seconds": seconds, "source": source, "costs": costs, "stages": stages, "cpus": os.cpu_count()},
        **{"longer": longer, **found},
    }


#: What is measured, as the table calls it.
LABELS = {
    "whisperx": "whisperx command, transcribing only",
    "film": "Samvad, ten stages, 1080p and 5.1",
    "still": "Samvad, ten stages, a still picture",
    "no_change": "Samvad again, nothing to do",
}


def line_through(points: list[tuple[float, float]], at: float) -> float:
    """Return the value at a place of the straight line that lies nearest to some points (least squares)."""
    slope, offset = statistics.linear_regression(*zip(*points, strict=True))
    return offset + slope * at


def report(figures: dict) -> None:
    """Print the figures, and keep the ratios."""

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(cost, field) for cost in figures["costs"][name])

    fields = ("wall_seconds", "cpu_seconds", "peak_rss_mb")
    print(f"\n{figures['seconds']:.0f} s of speech ({figures['source']}), {figures['cpus']} CPUs, medians\n")
    print(f"{'':36}{'wall s':>9}{'ratio':>7}{'CPU s':>9}{'ratio':>7}{'peak MiB':>10}")
    ratios: dict[str, float] = {}
    facts: dict[str, object] = {"seconds": figures["seconds"]}
    for name, label in LABELS.items():
        wall, cpu, peak = (median(name, field) for field in fields)
        of_wall, of_cpu = wall / median("whisperx", "wall_seconds"), cpu / median("whisperx", "cpu_seconds")
        print(f"{label:36}{wall:9.1f}{of_wall:7.2f}{cpu:9.1f}{of_cpu:7.2f}{peak:10.0f}")
        if name != "whisperx":
            ratios |= {f"{label}, wall": of_wall, f"{label}, CPU": of_cpu}
    if len(figures["longer"]) > 1:
        for length, cost in figures["longer"]:
            print(f"{f'Samvad, {length:g} minutes':36}{cost.wall_seconds:9.1f}{'':7}{cost.cpu_seconds:9.1f}")
        wall, cpu = (
            line_through([(length, getattr(cost, field)) for length, cost in figures["longer"]], 180)
            for field in fields[:2]
        )
        said = "not run: no film was so long" if min(wall, cpu) > 0 else "noise: take longer films"
        if min(wall, cpu) > 0:
            facts |= {"three_hours_by_line": {"wall_seconds": round(wall), "cpu_seconds": round(cpu)}}
        print(f"{'three hours, by the line through them':36}{wall:9.0f}{'':7}{cpu:9.0f}   {said}")
    print(f"\n{'CPU s by stage':24}{'1080p':>9}{'still':>9}{'peak MiB':>10}")
    for name, cost in figures["stages"]["film"].items():
        still = figures["stages"]["still"][name]
        print(f"  {name:22}{cost.cpu_seconds:9.2f}{still.cpu_seconds:9.2f}{cost.peak_rss_mb:10.0f}")
    models = sum(cost.cpu_seconds for name, cost in figures["stages"]["still"].items() if name in MODEL_STAGES)
    around = figures["costs"]["still"][-1].cpu_seconds - models
    pictures = sum(
        figures["stages"]["film"][name].cpu_seconds - figures["stages"]["still"][name].cpu_seconds
        for name in ("demux", "subtitle_gen", "mux")
    )
    print(f"\nAround the models, under the still: {around:.1f} CPU s; the 1080p picture and 5.1 add {pictures:.1f}")
    print(f"Recognition began {figures['recognition_after_s']:.1f} s after stage 01")
    print(f"Shot changes: {figures['cuts_found']} found, {figures['cuts_right']} of {figures['cuts']} right\n")
    recognition = figures["stages"]["film"]["asr"].cpu_seconds / median("whisperx", "cpu_seconds")
    ratios |= {"stage 04 / whisperx, CPU": recognition}
    history.append("end to end", ratios, {**facts, "picture_cpu_seconds": round(pictures, 2)})


if __name__ == "__main__":
    main()
