"""Measure how well misheard names are found, and how often a common word is taken for one.

Protocol. The names of ``benchmarks/data`` (people and places together, in both scripts) fall into two halves by a
checksum of the name, and the common words of ``config/names/common`` by a checksum of the word. All costs and limits
were set on the tuning half; the other is only reported. In each half every misspelling, and every common word, is
compared with all the half's names at once, as the stage compares a word with a whole cast list. No context helps: no
capitals, no model, no list of common words.

- found: the name that the matcher puts first is the one meant (in either script), and is as like as it must be;
- false: a common word is as like to any name as it must be, other than to a name that is spelled just like it;
- other names: of two names that differ though they are near in letters (Karan, Kiran), one is taken for the other.

Beside it stand the plain measures that one would take from a library, at the limit where they do best in false.

Usage: python benchmarks/names.py [--half report|tuning] [--misses] [--json]   (in the environment dev)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.film import matcher  # noqa: E402
from samvad.text import phonetic  # noqa: E402 -- after the path to the package

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Result:
    """Figures of one way of matching: shares of 1."""

    method: str
    found: float
    found_other_script: float
    false: float
    false_english: float
    false_hindi_latin: float
    false_hindi_devanagari: float
    other_names: float


def half_of(text: str) -> str:
    """Return the half that a name or a word belongs to."""
    return "report" if hashlib.sha256(text.encode()).digest()[0] % 2 else "tuning"


def pairs(file: str, half: str) -> list[tuple[str, str]]:
    """Return (name, misspelling) of a half."""
    return [(name, heard) for name, variants in _rows(DATA / file) if half_of(name) == half for heard in variants]


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    for line in lines[1:]:
        name, *_, heard = line.split("\t")
        yield name, heard.split("|")


def known_names(half: str) -> list[str]:
    """Return the names that everything of a half is compared with."""
    return sorted({name for file in ("name_pairs.tsv", "cross_script_pairs.tsv") for name, _ in pairs(file, half)})


def words(file: str, half: str) -> list[str]:
    """Return the common words of a file that belong to a half."""
    lines = (matcher.COMMON_WORDS / file).read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split() if half_of(word) == half]


Chooser = Callable[[str], str | None]


def ours(known: list[str]) -> Chooser:
    """Return the matcher of stage 05, without any evidence from a film."""
    candidates = matcher.Matcher(known)

    def choose(word: str) -> str | None:
        best = next((match for match in candidates.matches(word) if match.name.casefold() != word.casefold()), None)
        return best.name if best and best.likely else None

    return choose


def plain(known: list[str], score: Callable[[str, str], float], limit: float) -> Chooser:
    """Return the choice by a plain measure of likeness between letters."""

    def choose(word: str) -> str | None:
        others = [name for name in known if name.casefold() != word.casefold()]
        best = max(others, key=lambda name: score(name.casefold(), word.casefold()))
        return best if score(best.casefold(), word.casefold()) >= limit else None

    return choose


def measure(method: str, make: Callable[[list[str]], Chooser], half: str) -> tuple[Result, list[str]]:
    """Return the figures of a method on one half, and what it missed or took wrongly."""
    choose = make(known_names(half))
    notes: list[str] = []

    def found(these: list[tuple[str, str]]) -> float:
        right = 0
        for name, heard in these:
            chosen = choose(heard)
            # The same name may be known in both scripts: either is right.
            if chosen and (chosen == name or phonetic.similarity(*map(phonetic.sounds, (chosen, name))) > 0.97):
                right += 1
            else:
                notes.append(f"missed {heard} (is {name}, taken for {chosen})")
        return right / len(these)

    shares = {}
    total = wrong = 0
    for file in ("english.txt", "hindi_latin.txt", "hindi_devanagari.txt"):
        these = words(file, half)
        taken = [(word, chosen) for word in these if (chosen := choose(word))]
        notes += [f"false {word} (taken for {chosen})" for word, chosen in taken]
        shares[f"false_{file.removesuffix('.txt')}"] = round(len(taken) / len(these), 4)
        total, wrong = total + len(these), wrong + len(taken)
    same = found(pairs("name_pairs.tsv", half))
    other = found(pairs("cross_script_pairs.tsv", half))
    near = pairs("other_names.tsv", half)
    taken_for = [(name, heard) for name, heard in near if make([name])(heard) is not None]
    notes += [f"other name {heard} (taken for {name})" for name, heard in taken_for]
    return (
        Result(
            method,
            round(same, 3),
            round(other, 3),
            round(wrong / total, 4),
            **shares,
            other_names=round(len(taken_for) / len(near), 3),
        ),
        notes,
    )


def main() -> int:
    """Print a table in Markdown, or all figures as JSON."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--half", choices=("report", "tuning"), default="report", help="which half to measure")
    options.add_argument("--misses", action="store_true", help="list what was missed or taken wrongly (tuning half)")
    options.add_argument("--json", action="store_true", help="print JSON")
    given = options.parse_args()
    half = given.half
    known = known_names(half)
    methods: list[tuple[str, Callable[[list[str]], Chooser]]] = [
        ("stage 05's matcher", ours),
        ("rapidfuzz ratio >= 85", lambda names: plain(names, fuzz.ratio, 85)),
        ("Jaro-Winkler >= .92", lambda names: plain(names, JaroWinkler.similarity, 0.92)),
    ]
    results = []
    for name, make in methods:
        result, notes = measure(name, make, half)
        results.append(result)
        if given.misses and make is ours:
            print("\n".join(notes))
    if given.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return 0
    counts = [len(pairs(file, half)) for file in ("name_pairs.tsv", "cross_script_pairs.tsv")]
    total = sum(len(words(path.name, half)) for path in matcher.COMMON_WORDS.glob("*.txt"))
    print(
        f"Half: {half}; {len(known)} names, {counts[0]} misspellings, {counts[1]} across scripts, {total} common words"
    )
    print("\n| | found | across scripts | false | English | Hindi, Latin | Hindi, Devanagari | other names |")
    print("|---|---|---|---|---|---|---|---|")
    for item in results:
        falses = (item.false, item.false_english, item.false_hindi_latin, item.false_hindi_devanagari)
        listed = " | ".join(f"{share:.2%}" for share in falses)
        print(
            f"| {item.method} | {item.found:.3f} | {item.found_other_script:.3f} | {listed} | {item.other_names:.1%} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
