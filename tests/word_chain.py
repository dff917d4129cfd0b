"""Follow the words of a film from recognition into its cues: each is shown, or a record says why it is not."""

from __future__ import annotations

import csv
import itertools
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pysubs2

#: The stages that hand the segments document on, in order.
CHAIN = ("04_asr", "05_ner", "06_lyrics_detection", "07_hallucination_removal", "08_translation")
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d'’])*")


def words(text: str) -> Counter[str]:
    """Return how often each word stands in a text, in small letters."""
    return Counter(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def segments(job: Path, stage: str) -> dict[int, dict[str, Any]]:
    """Return a stage's segments by their numbers."""
    document = json.loads((job / stage / "segments.json").read_text("utf-8"))
    return {segment["id"]: segment for segment in document["segments"]}


def funnel(job: Path, language: str) -> dict[str, int]:
    """Return how many words there are after each stage, and in the cues of a language."""
    counts = {stage: sum(words(_all(segments(job, stage))).values()) for stage in CHAIN}
    return {**counts, "09_subtitle_gen": sum(words(shown(job, language)).values())}


def unexplained(job: Path, language: str) -> list[str]:
    """Return the words that come or go between two stages without a record of it, each with where.

    Records are: 05's table of names that were written anew, 07's verdicts with reasons (``quarantine.tsv``) and loops
    that were cut back (``original_text``), 08's translations, and 09's shorter texts that were taken.
    """
    found: list[str] = []
    for before, after in itertools.pairwise(CHAIN):
        left, right = segments(job, before), segments(job, after)
        renamed = _table(job / "05_ner" / "names_replaced.tsv") if after == "05_ner" else []
        for number in sorted(left.keys() | right.keys()):
            said, kept = (words(doc.get(number, {}).get("text", "")) for doc in (left, right))
            if "original_text" in right.get(number, {}) and "original_text" not in left.get(number, {}):
                kept = words(right[number]["original_text"])
            for row in renamed:
                if row["segment"] == str(number):
                    said = said - words(row["old"]) + words(row["new"])
            found += _differences(said, kept, f"{after}, segment {number}")
    return [*found, *_after_the_verdicts(job, language)]


def _after_the_verdicts(job: Path, language: str) -> list[str]:
    last = segments(job, CHAIN[-1])
    listed = {row["id"]: row for row in _table(job / "07_hallucination_removal" / "quarantine.tsv")}
    found: list[str] = []
    expected: Counter[str] = Counter()
    for number, segment in last.items():
        if segment["verdict"] == "quarantine":
            if not listed.get(str(number), {}).get("reasons"):
                found.append(
                    f"07_hallucination_removal, segment {number}: taken out without a reason in quarantine.tsv"
                )
            continue
        made = segment["translations"].get(language)
        if made is None and segment["language"] != language:
            found.append(f"08_translation, segment {number}: no text in {language}")
        expected += words(made["text"] if made else segment["text"])
    for row in _table(job / "09_subtitle_gen" / "shorter.tsv"):
        if row["take"] in ("yes", "taken") and row["language"] == language:
            expected = expected - words(row["text"]) + words(row["shorter"])
    return [*found, *_differences(expected, words(shown(job, language)), f"09_subtitle_gen, {language}")]


def shown(job: Path, language: str) -> str:
    """Return what the cues of a language say, as their file has it."""
    tracks = json.loads((job / "09_subtitle_gen" / "tracks.json").read_text("utf-8"))["tracks"]
    (track,) = (track for track in tracks if track["language"] == language)
    cues = pysubs2.load(str(job / "09_subtitle_gen" / track["files"]["srt"]), encoding="utf-8")
    return " ".join(cue.plaintext.replace("\n", " ") for cue in cues)


def _differences(before: Counter[str], after: Counter[str], where: str) -> list[str]:
    lost, added = _numberless(before - after), _numberless(after - before)
    return [f"{where}: {word!r} is lost" for word in sorted(lost)] + [
        f"{where}: {word!r} came from nowhere" for word in sorted(added)
    ]


def _numberless(found: Counter[str]) -> Counter[str]:
    """Leave out numbers, which cues may write otherwise ("5", "five")."""
    numbers = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
    return Counter({word: count for word, count in found.items() if not word.isnumeric() and word not in numbers})


def _all(document: dict[int, dict[str, Any]]) -> str:
    return " ".join(segment["text"] for segment in document.values())


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
