"""What a track of subtitles is worth, in a line: how much of the speech has text, how sure, how much to look at.

Rules kept say nothing about words: an empty track keeps them all. Stage 09 writes a headline for each track into
``qc.json``; the report, the index, the terminal and the commands show it from there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Grade = Literal["none", "good", "warn", "bad"]

#: From the first figure on it is good, from the second it is to be looked at, below it is bad.
COVERAGE = (0.97, 0.9)
#: Of the mean probability of the words: garbage that Whisper made of Hindi had 0.55, clear speech 0.8 and more.
SURE = (0.75, 0.6)
#: A mean hides a tenth of garbage in a good film. Of clear English no line (sentence) had a mean under this; so up to
#: these shares (0 to 1) of the words in such lines it is good, and to be looked over.
UNSURE_LINE, UNSURE = 0.5, (0.05, 0.2)
RULES = (0.95, 0.85)
#: Up to these shares of doubtful cues, likewise.
DOUBTFUL = (0.05, 0.2)
#: A stretch of speech without text of so many seconds is to be looked at, however small its share of a long film.
LONG_GAP_SECONDS = 5.0
#: So much that may be speech under other sound, in seconds and as a share (0 to 1) of all speech, is to be looked at.
PERHAPS_SECONDS, PERHAPS_SHARE = 3.0, 0.01
#: So many seconds of sound too loud to hear speech in it are told. It is no fault: most films have music.
LOUD_SECONDS = 5.0


@dataclass(frozen=True)
class Headline:
    """What a track is worth.

    Attributes:
        cues: how many it has.
        speech_seconds: how long somebody speaks in the film; None where that is not known.
        coverage: share (0 to 1) of that which has text in the track; None where it is not known.
        sure: mean probability (0 to 1) of the words that were heard; None where none is known, or a person wrote them.
        doubtful: cues whose translation a person should look at.
        as_said: those of them that show what was said, for want of a translation.
        rules: share (0 to 1) of the cues that keep every hard rule; 0 cues keep none.
        longest_gap_seconds: the longest stretch of speech that has no text in the track.
        perhaps_seconds: how much may be speech under other sound and has no text; it counts in no share.
        unexplained: words that went, or came, on their way from recognition into the cues, and no record says why.
        unsure: share (0 to 1) of the words that stand in lines which are less sure than ``UNSURE_LINE``.
        accepted: words that went, or came, without a record, of which a person has said that it is right so.
        loud_seconds: for how long other sound is so loud that speech in it would not be heard, and none was; no grade.
    """

    cues: int
    speech_seconds: float | None
    coverage: float | None
    sure: float | None
    doubtful: int
    as_said: int
    rules: float
    longest_gap_seconds: float = 0.0
    perhaps_seconds: float = 0.0
    unexplained: int = 0
    unsure: float = 0.0
    accepted: int = 0
    loud_seconds: float = 0.0

    @property
    def grades(self) -> dict[str, Grade]:
        """Return the grade of each figure that is known; of a track without cues that of its words alone."""
        proof: dict[str, Grade] = {"words": "bad"} if self.unexplained else {}
        if not self.cues:
            return proof
        found = {"coverage": _grade(self.coverage, COVERAGE), "sure": _grade(self.sure, SURE)}
        if found["coverage"] == "good" and self.longest_gap_seconds >= LONG_GAP_SECONDS:
            found["coverage"] = "warn"
        if found["sure"] in ("good", "warn") and self.unsure > UNSURE[0]:
            found["sure"] = "warn" if self.unsure <= UNSURE[1] else "bad"
        if self.perhaps_seconds:
            all_seconds = (self.speech_seconds or 0.0) + self.perhaps_seconds
            many = self.perhaps_seconds >= max(PERHAPS_SECONDS, PERHAPS_SHARE * all_seconds)
            found["perhaps"] = "warn" if many else "good"
        doubtful = self.doubtful / self.cues
        found["doubtful"] = "good" if doubtful <= DOUBTFUL[0] else "warn" if doubtful <= DOUBTFUL[1] else "bad"
        known = {key: grade for key, grade in found.items() if grade != "none"}
        return {**proof, **known, "rules": _grade(self.rules, RULES)}

    @property
    def grade(self) -> Grade:
        """Return the worst of the grades; ``none`` for a track without cues."""
        order: tuple[Grade, ...] = ("bad", "warn", "good")
        found = set(self.grades.values())
        return next((grade for grade in order if grade in found), "none")

    def told(self) -> str:
        """Return the headline in words, for a terminal."""
        wrong = f"{self.unexplained} words lost or added without a record" if self.unexplained else ""
        if not self.cues:
            seconds = math.ceil(self.speech_seconds or 0.0)
            heard = f", though somebody speaks for {seconds} s" if seconds else ""
            heard += f"; {self._perhaps()}" if self.perhaps_seconds else ""
            return f"no cues{heard}" + (f"; {wrong}" if wrong else "") + self._loud()
        parts = [wrong] if wrong else []
        if self.coverage is not None:
            long = self.longest_gap_seconds >= LONG_GAP_SECONDS
            gap = f" (none for {self.longest_gap_seconds:.0f} s at a stretch)" if long else ""
            found = " that was found" if self._loud() else ""
            parts.append(f"text for {_percent(self.coverage)} of the speech{found}{gap}")
        if self.perhaps_seconds:
            parts.append(self._perhaps())
        if self.sure is not None:
            many = f" ({_percent(self.unsure)} of them in very unsure lines)" if self.unsure > UNSURE[0] else ""
            parts.append(f"words {_percent(self.sure)} sure{many}")
        if self.doubtful:
            shown = f" ({self.as_said} show what was said)" if self.as_said else ""
            parts.append(f"{self.doubtful} of {self.cues} cues doubtful in translation{shown}")
        if self.accepted:
            parts.append(f"{self.accepted} lost or added words accepted by a person")
        parts.append(f"{_percent(self.rules)} within the rules")
        look = {"bad": "look at it: ", "warn": "look it over: "}.get(self.grade, "")
        return look + ", ".join(parts) + self._loud()

    def _perhaps(self) -> str:
        return f"perhaps {self.perhaps_seconds:.1f} s of speech under music or noise without text"

    def _loud(self) -> str:
        """Return for how long speech could not be heard, in words; nothing where that is not worth a word."""
        return f"; for {self.loud} other sound is louder than speech, and nothing was heard there" if self.loud else ""

    @property
    def loud(self) -> str:
        """Return for how long other sound is louder than speech, such as ``1:30 min``; empty where it is short."""
        if self.loud_seconds < LOUD_SECONDS:
            return ""
        minutes, seconds = divmod(round(self.loud_seconds), 60)
        return f"{minutes}:{seconds:02} min" if minutes else f"{seconds} s"


def worst(grades: Sequence[Grade]) -> Grade:
    """Return the worst of several grades; a track without cues is no better than one that is bad."""
    order: tuple[Grade, ...] = ("bad", "none", "warn", "good")
    return next((grade for grade in order if grade in grades), "none")


def _grade(share: float | None, limits: tuple[float, float]) -> Grade:
    if share is None:
        return "none"
    return "good" if share >= limits[0] else "warn" if share >= limits[1] else "bad"


def _percent(share: float) -> str:
    return f"{int(share * 1000) / 10:g} %"
