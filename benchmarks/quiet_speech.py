"""How much of quiet and covered speech stage 04 writes: words wrong, and seconds of speech without text.

English sentences of known text in one sound: every second one quiet beside loud ones, over noise at -62 dBFS;
and two of them over music and noise. Levels are those of the spoken part, in dB of full scale.

Usage: python benchmarks/quiet_speech.py [--engine ENGINE] [--levels -32 -38 -44] [--over 10 0 -5] [--threads N]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jiwer
import numpy as np
from clips import Samples, recording
from recognition import MEDIA, ROOT, finished_demux, job_folder, plain, write_wav
from sound_files import RATE_HZ

LOUD = ("en_librivox_0870.wav", "en_librivox_0890.wav", "en_librivox_0930.wav")
QUIET = ("en_leopard_quilter.wav", "en_jfk.flac", "en_cv_22058264.mp3")
_LOUD_DB, _FLOOR_DB, _COVERED_DB = -20.0, -62.0, -26.0
BEDS = {"music": (0.0, 22.0), "noise": (29.0, 52.8)}


def rms(sound: Samples) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound))))


def at(sound: Samples, level_db: float) -> Samples:
    """Return a sound whose audible part has a level in dB of full scale."""
    audible = sound[np.abs(sound) > 0.02 * np.abs(sound).max()]
    return sound / rms(audible) * 10 ** (level_db / 20)


def clip(name: str) -> Samples:
    """Return a recording."""
    return recording(f"B_english/{name}")


def text_of(names: tuple[str, ...]) -> str:
    """Return what is said in recordings, one after the other."""
    return " ".join((MEDIA / "refs" / f"{name}.txt").read_text("utf-8") for name in names)


def quiet(level_db: float) -> tuple[Samples, str]:
    """Return loud and quiet sentences in turn, and their text."""
    pause = np.zeros(RATE_HZ)
    names, parts = [], []
    for loud, soft in zip(LOUD, QUIET, strict=True):
        names += [loud, soft]
        parts += [at(clip(loud), _LOUD_DB), pause, at(clip(soft), level_db), pause]
    sound = np.concatenate(parts)
    floor = np.random.default_rng(1).standard_normal(len(sound)) * 10 ** (_FLOOR_DB / 20)
    return sound + floor, text_of(tuple(names))


def covered(kind: str, ratio_db: float) -> tuple[Samples, str]:
    """Return two sentences over music or noise, and their text."""
    names = QUIET[:2]
    pause = np.zeros(2 * RATE_HZ)
    sound = np.concatenate([part for name in names for part in (pause, at(clip(name), _COVERED_DB))])
    bed = np.resize(recording("C_music_noise/mix_musan.mp3", *BEDS[kind]), len(sound))
    return sound + bed / rms(bed) * 10 ** ((_COVERED_DB - ratio_db) / 20), text_of(names)


def measure(sound: Samples, text: str, engine: str, threads: int) -> str:
    """Return what stage 04 makes of a sound, as a line."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as name:
        folder = Path(name)
        raw = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
        demux = finished_demux(folder, write_wav(folder / "film.wav", raw))
        command = [
            str(ROOT / "envs" / "run"), "asr", "recognize_speech.py", f"--job-folder={job_folder(folder)}",
            "--film=bench", f"--demux={demux}", "--model=base", "--languages", "en", f"--threads={threads}",
            f"--engine={engine}", "--align-model=whisper",
        ]  # fmt: skip
        settings = {**os.environ, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False)
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        stage = job_folder(folder) / "04_asr"
        heard = json.loads((stage / "transcript.json").read_text("utf-8"))
        found = json.loads((stage / "coverage.json").read_text("utf-8"))
    said = plain(" ".join(segment["text"] for segment in heard["segments"]))
    wrong = jiwer.wer(" ".join(plain(text)), " ".join(said))
    missing = (found["speech_ms"] - found["with_text_ms"]) / 1000
    return f"words wrong {wrong:6.1%}, speech {found['speech_ms'] / 1000:5.1f} s, without text {missing:4.1f} s"


def main() -> None:
    """Measure all levels and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="faster-whisper")
    parser.add_argument("--levels", type=float, nargs="*", default=[-32.0, -38.0, -44.0])
    parser.add_argument("--over", type=float, nargs="*", default=[10.0, 0.0, -5.0])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if not MEDIA.is_dir():
        sys.exit(f"The recordings are not at {MEDIA}.")
    for level in options.levels:
        print(f"quiet at {level:.0f} dBFS:", measure(*quiet(level), options.engine, options.threads), flush=True)
    for kind in BEDS:
        for ratio in options.over:
            line = measure(*covered(kind, ratio), options.engine, options.threads)
            print(f"over {kind} at {ratio:.0f} dB:", line, flush=True)


if __name__ == "__main__":
    main()
