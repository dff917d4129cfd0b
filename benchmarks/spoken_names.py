"""Speak a film full of Indian names, recognise it, and count how often each name is spelled right, before and after 05.

The film is made here: 48 lines by two English voices of espeak-ng, which name 15 people of a cast list and 6 places.
The workflow is run on it as a user runs it, to stage 05, with Whisper base. A name counts as right where the line's
text holds it letter by letter. A change is wrong where the line that it stands in does not speak that name.

Usage: python benchmarks/spoken_names.py [--keep FOLDER]   (in the environment dev; takes about a minute of CPU)
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "scripts", "envs", "config", "profiles")
VOICES = ("en-us+m3", "en-gb-x-rp+f2")
RATE = 22_050
PAUSE_MS = 900
JOB = "2025/01/01/bench/1"

CAST = (
    ("Shabana Iyer", "Simran Malhotra"),
    ("Arun Menon", "Raj Chaudhary"),
    ("Vinod Rao", "Baldev Singh"),
    ("Leela Nair", "Savitri"),
    ("Om Prakash Gill", "Thakur Ranveer"),
    ("Farida Khan", "Zoya"),
    ("Ajit Sen", "Devendra"),
    ("Mita Bose", "Anjali"),
    ("Ravi Pillai", "Gurpreet"),
    ("Nandita Das Gupta", "Lakshmi"),
    ("Salim Ansari", "Farhan"),
    ("Kishore Dutt", "Vikram"),
)
PLACES = ("Jaipur", "Lucknow", "Varanasi", "Amritsar", "Chandigarh", "Udaipur")
#: Spellings that lead an English voice to speak the names about as in India.
SPOKEN = {
    "Simran": "Simrun", "Malhotra": "Mull hotrah", "Raj": "Rarj", "Chaudhary": "Chowdree", "Baldev": "Bull dave",
    "Savitri": "Saavitree", "Thakur": "Taakoor", "Ranveer": "Run veer", "Zoya": "Zoyah", "Devendra": "Davendra",
    "Anjali": "Unjalee", "Gurpreet": "Goor preet", "Lakshmi": "Lukshmee", "Farhan": "Furhaan", "Vikram": "Vikrum",
    "Jaipur": "Jie poor", "Lucknow": "Luck now", "Varanasi": "Varahnassy", "Amritsar": "Um rit sir",
    "Chandigarh": "Chundee gur", "Udaipur": "Oo die poor",
}  # fmt: skip
LINES = (
    "Good morning, {0}. Did you sleep well?",
    "I met {0} in {1} last summer.",
    "Please tell {0} that the train to {1} is late.",
    "Where is {0}? The car is waiting.",
    "My brother {0} never came back from {1}.",
    "Do you think {0} knows the truth?",
    "Listen to me, {0}. We have to leave {1} tonight.",
    "The letter was written by {0}, not by {2}.",
)


def script() -> list[tuple[str, tuple[str, ...]]]:
    """Return the lines with the names in each; every name is spoken several times, in several lines."""
    people = [part for _, name in CAST for part in name.split() if part not in ("Singh",)]
    names, places = itertools.cycle(people), itertools.cycle(PLACES)
    lines = []
    for number in range(48):
        pattern = LINES[number % len(LINES)]
        given = (next(names), next(places), next(names) if "{2}" in pattern else "")
        used = tuple(given[index] for index in range(3) if f"{{{index}}}" in pattern)
        lines.append((pattern.format(*given), used))
    return lines


def make_sound(path: Path, lines: list[tuple[str, tuple[str, ...]]]) -> list[tuple[int, int]]:
    """Speak the lines into a WAV file; return when each is heard, in milliseconds."""
    times = []
    with tempfile.TemporaryDirectory() as scratch, wave.open(str(path), "wb") as film:
        film.setnchannels(1)
        film.setsampwidth(2)
        film.setframerate(RATE)
        for number, (text, _) in enumerate(lines):
            spoken = Path(scratch) / "line.wav"
            said = re.sub(r"\w+", lambda word: SPOKEN.get(word[0], word[0]), text)
            command = ["espeak-ng", "-v", VOICES[number % len(VOICES)], "-s", "135", "-w", str(spoken), "--", said]
            subprocess.run(command, check=True)
            with wave.open(str(spoken)) as line:
                start = film.tell() if number else 0
                film.writeframes(line.readframes(line.getnframes()))
            times.append((start * 1000 // RATE, film.tell() * 1000 // RATE))
            film.writeframes(b"\0\0" * (RATE * PAUSE_MS // 1000))
    return times


def recognise(folder: Path, sound: Path) -> Path:
    """Run the workflow to stage 05 in a copy of the project; return the job's folder."""
    for name in PARTS:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    credits_ = [{"name": actor, "character": character} for actor, character in CAST]
    (folder / "film.json").write_text(json.dumps({"title": "Spoken names", "cast": credits_}), encoding="utf-8")
    columns = {
        "film": "names", "media": str(sound), "title": "Spoken names", "year": "", "source": "en", "targets": "en",
        "user": "bench", "date": "2025-01-01", "job": "1", "workflow": "transcribe", "tmdb_file": "film.json",
    }  # fmt: skip
    with (folder / "films.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerow(columns)
    command = [
        str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu", f"out/{JOB}/05_ner/manifest.json",
        "--config", "films=films.tsv", "output_root=out", "cache={enabled: false}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return folder / "out" / JOB


def texts_at(path: Path, times: list[tuple[int, int]]) -> list[str]:
    """Return what was recognised in each line's time."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found = [""] * len(times)
    for segment in document["segments"]:
        middle = (segment["start_ms"] + segment["end_ms"]) // 2
        number = min(range(len(times)), key=lambda at: max(times[at][0] - middle, middle - times[at][1], 0))
        found[number] += " " + segment["text"]
    return found


def right(lines: list[tuple[str, tuple[str, ...]]], texts: list[str]) -> Counter[str]:
    """Return how often each name is spelled right."""
    counts: Counter[str] = Counter()
    for (_, names), text in zip(lines, texts, strict=True):
        counts.update(name for name in names if re.search(rf"\b{name}\b", text))
    return counts


def main() -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to work in, which is kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        lines = script()
        times = make_sound(folder / "names.wav", lines)
        job = recognise(folder, folder / "names.wav")
        before = right(lines, texts_at(job / "04_asr" / "segments.json", times))
        after = right(lines, texts_at(job / "05_ner" / "segments.json", times))
        made = list(csv.DictReader((job / "05_ner" / "names_replaced.tsv").open(encoding="utf-8"), delimiter="\t"))
    spoken = Counter(name for _, names in lines for name in names)
    wrong = [row for row in made if not any(row["new"] in name for name in spoken)]
    heard: dict[str, Counter[str]] = {}
    for row in made:
        heard.setdefault(row["new"], Counter())[row["old"]] += 1
    total = sum(spoken.values())
    print(f"{total} names spoken; right before {sum(before.values())}, after {sum(after.values())}; ", end="")
    print(f"{len(made)} words changed, {len(wrong)} of them into a name that nobody speaks\n")
    print("| name | spoken | right before | right after | heard for it |\n|---|---|---|---|---|")
    for name, count in sorted(spoken.items()):
        variants = ", ".join(f"{old} ({times_})" for old, times_ in heard.get(name, Counter()).most_common())
        print(f"| {name} | {count} | {before[name]} | {after[name]} | {variants} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
