"""Measure stage 08's flags on right translations: how often they are raised, and how many planted faults they find.

``python benchmarks/translation_flags.py [--half report|tuning] [--misses] [FILE ...]`` in the environment dev. The
pairs of ``data/right_translations.tsv`` (said otherwise than word by word: the hard ones) and, where it lies there,
Tatoeba's of ``../shared/media/E_text`` are taken both ways; so is each FILE of right translations (tab-separated:
language, English, the translation). Halves go by a checksum of the English sentence: the tuning half was looked at
while rules were made.

Planted, one at a time, in the translation: a number that the source has, too, becomes another (in digits as in words);
the words that deny are taken out; a denial is put in (English and Hindi); the question mark becomes a full stop; of a
sentence that goes on after a comma or a word such as "and" or "लेकिन" only what stands before it is left.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from samvad.stages.translation import guards, negation, negation_words  # noqa: E402 -- after the path
from samvad.text import number_words  # noqa: E402

OWN = ROOT / "benchmarks" / "data" / "right_translations.tsv"
TATOEBA = ROOT.parent / "shared" / "media" / "E_text" / "tatoeba_en_hi_open.tsv"
FLAGS = (
    guards.NUMBERS, guards.NUMBER_WORDS, guards.NEGATION, guards.NEGATION_ADDED, guards.QUESTION, guards.LENGTH,
    guards.SAYS_LESS,
)  # fmt: skip
#: What stands before a clause.
_CLAUSE = re.compile(r"(?:,| और| लेकिन| मगर| पर| क्योंकि| तो| and| but| because| so| when| if)\s+(?=\S)")
#: What a number in words becomes, by what it was: never one that the pair has, too.
_OTHERS = (3, 5, 7, 8, 13, 17, 28, 46, 64, 79)


@dataclass(frozen=True)
class Pair:
    """A sentence and its right translation."""

    source: str
    made: str
    source_language: str
    target: str

    @property
    def way(self) -> str:
        """Return the pair of languages."""
        return f"{self.source_language}-{self.target}"

    def flags(self, made: str | None = None) -> frozenset[str]:
        """Return the flags of its translation, or of another."""
        text = self.made if made is None else made
        return guards.problems(self.source, text, self.source_language, self.target)


def half_of(english: str) -> str:
    """Return the half that a sentence belongs to."""
    return "report" if hashlib.sha256(english.encode()).digest()[0] % 2 else "tuning"


def pairs(path: Path, half: str) -> Iterator[Pair]:
    """Yield the pairs of a file, both ways."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        if row[-2:] == ["en", "hi"]:  # the header of the two files that have one
            continue
        language = row[0] if len(row) == 3 and path != OWN else "hi"
        english, other = row[-2:]
        if half_of(english) == half:
            yield Pair(other, english, language, "en")
            yield Pair(english, other, "en", language)


def planted(pair: Pair) -> Iterator[tuple[str, frozenset[str], str]]:
    """Yield the kind of a fault, the flags that find it, and the translation with it."""
    numbers = frozenset({guards.NUMBERS, guards.NUMBER_WORDS})
    yield from (("number", numbers, made) for made in _with_other_numbers(pair))
    without = _without_denial(pair.made, pair.target)
    if without and negation.denies(pair.source, pair.source_language):
        yield "denial taken out", frozenset({guards.NEGATION}), without
    denied = _denied(pair.made, pair.target)
    if denied and pair.source_language in negation_words.BOTH_WAYS and not _has_denial(pair):
        yield "denial put in", frozenset({guards.NEGATION_ADDED}), denied
    if "?" in pair.source and "?" in pair.made:
        yield "question taken out", frozenset({guards.QUESTION}), pair.made.replace("?", ".")
    for made in _without_a_clause(pair.made):
        yield "clause left out", frozenset({guards.SAYS_LESS, guards.LENGTH, *numbers, guards.NEGATION}), made


def _without_a_clause(made: str) -> Iterator[str]:
    """Yield a text up to each place where a clause of three words or more follows."""
    for match in _CLAUSE.finditer(made):
        before, after = made[: match.start()], made[match.end() :]
        if len(before.split()) >= 2 and len(after.split()) >= 3:
            yield before + (made[-1] if made[-1] in ".?!।" else "")


def _with_other_numbers(pair: Pair) -> Iterator[str]:
    """Yield the translation with one of the numbers that its source has, too, made another."""
    said = {number.value for number in number_words.of(pair.source, pair.source_language)}
    written = {number.value for number in number_words.of(pair.made, pair.target)}
    ones = number_words.words(pair.target)
    for match in re.finditer(r"\d+|[^\W\d_][^\s\d,;.!?।-]*", pair.made):
        found = number_words.of(match.group(), pair.target)
        value = found[0].value if len(found) == 1 and not found[0].is_ordinal else None
        if value is None or value not in said or value < 2:
            continue
        other = next(number for number in _OTHERS if number not in said | written)
        word = str(int(value) + 1) if match.group().isdecimal() else ones.get(other, "")
        if word:
            yield pair.made[: match.start()] + word + pair.made[match.end() :]


def _has_denial(pair: Pair) -> bool:
    return negation.denies(pair.source, pair.source_language) or negation.denies(pair.made, pair.target)


def _without_denial(made: str, language: str) -> str:
    """Return a text without its plain words of denial, where it has any and is left with others."""
    words = negation_words.WORDS.get(language, "").split()
    pattern = rf"n['’]t\b|(?<!\S)(?:{'|'.join(words)})(?=[\s.,;!?।]|$)"
    text, count = re.subn(pattern, "", made, flags=re.IGNORECASE)
    return text if count and guards.has_letters(text) else ""


def _denied(made: str, language: str) -> str:
    """Return an English or a Hindi sentence that denies what it said; empty where it is not plain how."""
    if language == "en":
        text, count = re.subn(r"\b(is|are|was|were|will|can|could|should|must|has)\b", r"\1 not", made, count=1)
    else:
        text, count = re.subn(r"(\S+ (?:है|हैं|हूँ|था|थी|थे|हो)[।?]?$)", r"नहीं \1", made, count=1)
    return text if count and language in negation_words.BOTH_WAYS else ""


def measure(path: Path, half: str, *, misses: bool) -> None:
    """Print how often right translations are flagged, and how many planted faults are found."""
    total: Counter[str] = Counter()
    raised: Counter[tuple[str, str]] = Counter()
    faults: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for pair in pairs(path, half):
        total[pair.way] += 1
        flags = pair.flags() & frozenset(FLAGS)
        raised.update((pair.way, flag) for flag in flags)
        raised[pair.way, "any"] += bool(flags)
        if misses and flags:
            print(f"flagged {sorted(flags)}: {pair.source} | {pair.made}")
        for kind, wanted, made in planted(pair):
            faults[pair.way, kind] += 1
            found[pair.way, kind] += (hit := not wanted.isdisjoint(pair.flags(made)))
            if misses and not hit:
                print(f"missed {kind}: {pair.source} | {made}")
    print(f"\n{path.name}, {half} half\n")
    columns = ("any", *FLAGS)
    print(f"| right translations | pairs | {' | '.join(columns)} |\n|---|---{'|---' * len(columns)}|")
    for way, count in sorted(total.items()):
        print(f"| {way} | {count} | {' | '.join(f'{raised[way, flag] / count:.1%}' for flag in columns)} |")
    print("\n| planted faults | kind | planted | found |\n|---|---|---|---|")
    for (way, kind), count in sorted(faults.items()):
        print(f"| {way} | {kind} | {count} | {found[way, kind] / count:.1%} |")


def main() -> int:
    """Print tables in Markdown."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--half", choices=("report", "tuning"), default="report", help="which half to measure")
    options.add_argument("--misses", action="store_true", help="list what is flagged wrongly or missed (tuning half)")
    options.add_argument("files", nargs="*", type=Path, metavar="FILE", help="further right translations")
    given = options.parse_args()
    for path in (OWN, TATOEBA, *given.files):
        if path.exists() or path in given.files:
            measure(path, given.half, misses=given.misses)
        else:
            print(f"{path.name} is not here: not measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
