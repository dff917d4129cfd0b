"""Where a sentence ends: one rule for recognition, translation and subtitles."""

from __future__ import annotations

import re

#: Marks that end a sentence, the dandas, the Urdu full stop and those of Santali and Manipuri among them.
MARKS = frozenset(".?!…।॥؟۔᱾꯫。？！")
_CLOSERS = "\"'”’»)]}"
#: Abbreviations, in small letters, whose full stop ends no sentence. Not among them: "no.", which is an answer far more
#: often than it stands before a number.
ABBREVIATIONS = frozenset(
    [
        *(
            "mr.",
            "mrs.",
            "ms.",
            "dr.",
            "st.",
            "prof.",
            "sr.",
            "jr.",
            "vs.",
            "etc.",
            "capt.",
            "col.",
            "gen.",
            "lt.",
            "sgt.",
        ),
        *("rs.", "shri.", "smt.", "श्री.", "श्रीमती.", "डॉ.", "डा."),
    ]
)
_END = re.compile(rf"(?<=[{''.join(sorted(MARKS))}])[{re.escape(_CLOSERS)}]*\s+")


def ends_sentence(word: str) -> bool:
    """Return whether a sentence ends with a word, closing quotes and brackets and the note of a song put aside."""
    bare = word.strip().rstrip(_CLOSERS + "♪ ")
    if not bare or bare[-1] not in MARKS:
        return False
    is_initial = len(bare) == 2 and bare[1] == "." and bare[0].isalpha() and not bare[0].islower()
    return not is_initial and bare.lstrip("\"'“‘«([{").lower() not in ABBREVIATIONS


def split(text: str) -> list[str]:
    """Return the sentences of a text, each with its punctuation.

    An abbreviation that is not known here splits too early, which costs context but no text.
    """
    found: list[str] = []
    begin = 0
    for end in _END.finditer(text):
        sentence = text[begin : end.end()].strip()
        if sentence and ends_sentence(sentence.split()[-1]):
            found.append(sentence)
            begin = end.end()
    rest = text[begin:].strip()
    return [*found, rest] if rest else found
