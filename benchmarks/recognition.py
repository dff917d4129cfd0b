"""Compare stage 04, with either engine, with the whisperx command and with faster-whisper itself, side by side.

Five contenders hear the same sound with the same weights (Whisper base, int8, CPU, beam 5, batches of 8), as whole
processes: wall time, CPU time, peak memory, words wrong, errors of word starts, segments that loop. They take turns,
and medians are compared: trust the ratios. The recordings are joined to one film with two seconds between them.

The bare contenders are run as this file with --contender, so that each pays for its own imports and nothing else. All
of them give word times; none aligns (the aligners are not part of any package).

Usage: python benchmarks/recognition.py [--rounds N] [--seconds S] [--threads N] [--output FILE.json]
       python benchmarks/recognition.py --memory      # the stage on 10 and on 100 minutes
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from sound_files import RATE_HZ, samples_of

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
GAP_SECONDS = 2.0
CONTENDERS = ("stage faster-whisper", "stage whisperx", "whisperx command", "faster-whisper batched", "faster-whisper")
#: Recordings with an exact text, and with word times where there are some (see refs/).
NAMES = (
    "en_librivox_0870.wav",
    "en_acoustic_corpus.wav",
    "en_jfk.flac",
    "en_librivox_0890.wav",
    "en_sonnet_p001.mp3",
    "en_mary.wav",
    "en_librivox_0930.wav",
    "en_cv_22058264.mp3",
    "en_leopard_quilter.wav",
    "en_sonnet_p003.mp3",
)
LOOPING = "en_apollo11.mp3"


@dataclass(frozen=True)
class Clip:
    """A recording in the film: where it begins (s), what is said, and the starts of its words (s) where known."""

    name: str
    start: float
    seconds: float
    text: str
    starts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Result:
    """What one run cost and what it heard: (word, start in s) in the film's time, and the texts of its segments."""

    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    words: tuple[tuple[str, float], ...]
    texts: tuple[str, ...]


def plain(text: str) -> list[str]:
    """Return the words of a text without case and punctuation."""
    return re.findall(r"[\w']+", text.casefold().replace("mister", "mr"))


def word_starts(name: str) -> tuple[tuple[str, float], ...]:
    """Return the starts of a recording's words from its reference, or nothing."""
    stem = MEDIA / "refs" / name.rsplit(".", 1)[0]
    if stem.with_suffix(".TextGrid").exists():
        return text_grid(stem.with_suffix(".TextGrid").read_text("utf-8"))
    if not Path(f"{stem}.words.json").exists():
        return ()
    value = json.loads(Path(f"{stem}.words.json").read_text("utf-8"))
    if "w" in value:
        return tuple((re.sub(r"\(\d\)$", "", word["t"]), word["b"]) for word in value["w"] if word["t"] != "<sil>")
    return tuple((word["word"], word["start_sec"]) for word in value["words"])


def text_grid(text: str) -> tuple[tuple[str, float], ...]:
    """Return the words of a TextGrid's tier "word" with their starts, from the long form of the format or the short."""
    tier = re.split(r'"words?"\s', text, maxsplit=1)[1].split('"IntervalTier"')[0]
    found = re.findall(r'([\d.]+)\s+(?:xmax = )?[\d.]+\s+(?:text = )?"([^"]*)"', tier)
    return tuple((word, float(start)) for start, word in found if word not in ("", "sil", "<SIL>"))


def make_film(folder: Path, names: tuple[str, ...], seconds: float) -> tuple[Path, list[Clip]]:
    """Join recordings to a WAV file of so many seconds at most; return it and what is in it."""
    clips, parts, position = [], [], 0.0
    while names:
        for name in names:
            raw = samples_of(MEDIA / "B_english" / name)
            length = len(raw) / 2 / RATE_HZ
            if clips and position + length > seconds:
                return write_wav(folder / "film.wav", b"".join(parts)), clips
            reference = MEDIA / "refs" / f"{name}.txt"
            text = reference.read_text("utf-8") if reference.exists() else ""
            clips.append(Clip(name, position, length, text, word_starts(name)))
            parts += [raw, bytes(2 * int(GAP_SECONDS * RATE_HZ))]
            position += length + GAP_SECONDS
    raise SystemExit("no recordings")


def write_wav(path: Path, raw: bytes) -> Path:
    """Write 16 kHz mono samples as a WAV file."""
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(raw)
    return path


def environment(name: str) -> Path:
    """Return the folder of one of the project's virtual environments."""
    command = f'. envs/lib.bash && environment_dir "{name}"'
    return Path(subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def model_folder() -> Path:
    """Return where the base weights lie."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from samvad.models import weights

    return weights.resolve_whisper("base").folder


def command_of(contender: str, film: Path, folder: Path, threads: int, vad: str, device: str = "cpu") -> list[str]:
    """Return the command line of a contender; it writes into ``folder``."""
    asr = environment("asr") / "bin"
    if contender.startswith("stage"):
        demux = finished_demux(folder, film)
        return [
            str(ROOT / "envs" / "run"), "asr", "recognize_speech.py", f"--job-folder={job_folder(folder)}",
            "--film=bench", f"--demux={demux}", "--model=base", "--languages", "en", f"--threads={threads}",
            f"--engine={contender.split()[1]}", "--batch-size=8", f"--vad={vad}", f"--device={device}",
        ]  # fmt: skip
    if contender == "whisperx command":
        return [
            str(asr / "whisperx"), str(film), "--model", str(model_folder()), "--device", "cpu",
            "--compute_type", "int8", "--batch_size", "8", "--language", "en", "--threads", str(threads), "--no_align",
            "--vad_method", "pyannote", "--output_format", "json", "--output_dir", str(folder),
        ]  # fmt: skip
    return [
        str(asr / "python"), __file__, "--contender", contender, "--film", str(film), "--threads", str(threads),
        "--output", str(folder / "film.json"), "--device", device,
    ]  # fmt: skip


def job_folder(folder: Path) -> Path:
    """Return the job folder of a run."""
    return folder / "2025" / "01" / "01" / "bench" / "1"


def finished_demux(folder: Path, film: Path) -> Path:
    """Make the folder of a finished stage 01 with the film's sound."""
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]
    import support

    job = job_folder(folder)
    job.mkdir(parents=True)
    return support.finished_stage(job, "demux", {"audio": ("audio.wav", film.read_bytes())})


def bare(contender: str, film: Path, threads: int, output: Path, device: str) -> None:
    """Run faster-whisper itself, as its README shows it."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    kind = "int8" if device == "cpu" else "float16"
    model = WhisperModel(str(model_folder()), device=device, compute_type=kind, cpu_threads=threads)
    if contender == "faster-whisper batched":
        found, _ = BatchedInferencePipeline(model).transcribe(
            str(film), language="en", batch_size=8, beam_size=5, word_timestamps=True
        )
    else:
        found, _ = model.transcribe(str(film), language="en", beam_size=5, vad_filter=True, word_timestamps=True)
    segments = [
        {"text": segment.text, "words": [{"word": word.word, "start": word.start} for word in segment.words or ()]}
        for segment in found
    ]
    output.write_text(json.dumps({"segments": segments}))


def measure(contender: str, film: Path, threads: int, vad: str = "silero", device: str = "cpu") -> Result:
    """Run a contender once as a process of its own."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as name:
        folder = Path(name)
        command = command_of(contender, film, folder, threads, vad, device)
        settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)}
        began = time.monotonic()
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=settings)
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        if status:
            sys.exit(f"{contender} failed:\n{(folder / 'log.txt').read_text(errors='replace')[-2000:]}")
        stage = contender.startswith("stage")
        result = job_folder(folder) / "04_asr" / "transcript.json" if stage else folder / "film.json"
        heard: dict[str, Any] = json.loads(result.read_text("utf-8"))
    words = tuple(
        (word["word"].strip(), word["start"])
        for segment in heard["segments"]
        for word in segment.get("words") or ()
        if "start" in word
    )
    texts = tuple(segment["text"].strip() for segment in heard["segments"])
    cpu = usage.ru_utime + usage.ru_stime
    return Result(round(wall, 2), round(cpu, 2), round(usage.ru_maxrss / 1024, 1), words, texts)


def judge(result: Result, clips: list[Clip]) -> dict[str, Any]:
    """Return the share of wrong words and the median error of word starts in ms."""
    import jiwer

    truth = plain(" ".join(clip.text for clip in clips))
    # Segments are compared by their text; the film has no speech but that of the clips.
    wrong = jiwer.wer(" ".join(truth), " ".join(plain(" ".join(result.texts))))
    errors = []
    for clip in (clip for clip in clips if clip.starts):
        latest = clip.start + clip.seconds + 1
        said = [("".join(plain(word)) or "-", start + clip.start) for word, start in clip.starts]
        heard = [
            ("".join(plain(word)) or "-", start) for word, start in result.words if clip.start - 1 <= start <= latest
        ]
        if not heard:
            continue
        pairs = jiwer.process_words(" ".join(word for word, _ in said), " ".join(word for word, _ in heard))
        for chunk in (chunk for chunk in pairs.alignments[0] if chunk.type == "equal"):
            errors += [
                abs(heard[chunk.hyp_start_idx + place][1] - said[chunk.ref_start_idx + place][1]) * 1000
                for place in range(chunk.ref_end_idx - chunk.ref_start_idx)
            ]
    median = round(statistics.median(errors)) if errors else None
    return {"wrong_words": round(wrong, 4), "word_start_error_ms": median, "timed_words": len(errors)}


def looping(result: Result) -> int:
    """Return how many segments loop in themselves, or come more than three times in a row."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from samvad.stages.asr.retries import loops

    rows = [len(list(run)) for _, run in groupby(" ".join(plain(text)) for text in result.texts)]
    return sum(loops(text) for text in result.texts) + sum(length for length in rows if length > 3)


def table(contenders: list[str], film: Path, clips: list[Clip], rounds: int, threads: int) -> dict[str, Any]:
    """Let the contenders take turns, and return their medians."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in contenders[number % len(contenders) :] + contenders[: number % len(contenders)]:
            results[name].append(measure(name, film, threads))
            print(
                f"round {number + 1}: {name}: {replace(results[name][-1], words=(), texts=())}",
                file=sys.stderr,
                flush=True,
            )
    rows = {}
    for name, runs in results.items():
        middle = {
            key: statistics.median(getattr(run, key) for run in runs)
            for key in ("wall_seconds", "cpu_seconds", "peak_rss_mb")
        }
        rows[name] = {**middle, **judge(runs[0], clips)}
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), help="contenders")
    parser.add_argument("--memory", action="store_true", help="compare the stage's memory on 10 and 100 minutes")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--device", default="cpu", help=argparse.SUPPRESS)
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(argv)
    if options.contender:
        bare(options.contender, options.film, options.threads, options.output, options.device)
        return 0
    if not MEDIA.is_dir():
        sys.exit(f"The recordings are not at {MEDIA}.")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as name:
        folder = Path(name)
        if options.memory:
            film, _ = make_film(folder, NAMES, 100)
            # Of each ten minutes, a hundred seconds are spoken.
            ten = film.read_bytes()[44:].ljust(600 * RATE_HZ * 2, b"\0")
            for minutes in (10, 100):
                long = write_wav(folder / f"{minutes}.wav", ten * (minutes // 10))
                run = measure("stage faster-whisper", long, options.threads)
                found[f"{minutes} min"] = asdict(replace(run, words=(), texts=()))
        else:
            film, clips = make_film(folder, NAMES, options.seconds)
            found["film"] = table(options.only, film, clips, options.rounds, options.threads)
            radio, _ = make_film(folder, (LOOPING,), 1)
            vads = {
                "stage whisperx, pyannote": ("stage whisperx", "pyannote"),
                **{name: (name, "silero") for name in options.only},
            }
            found["looping"] = {
                name: looping(measure(of, radio, options.threads, vad)) for name, (of, vad) in vads.items()
            }
    text = json.dumps(found, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
