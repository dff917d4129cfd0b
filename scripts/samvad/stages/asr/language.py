"""Which language is spoken: in the film as a whole, and in each stretch of speech."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from samvad.core import typed_json
from samvad.stages.asr import windows
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window

log = logging.getLogger(__name__)

#: Gives for each window the probability of each language.
Hear = Callable[[Sequence[Window]], Sequence[dict[str, float]]]
#: The same, in a fraction of the time, of windows with so much silence (ms) after each.
HearBriefly = Callable[[Sequence[Window], int], Sequence[dict[str, float]]]
#: So much of a region's middle tells its language as well as all of it; from the other length on a region is heard from
#: end to end, in equal parts of so much at most: more than one language may be spoken in it.
_HEARD_MS, _LONG_MS = 4_000, 6_000
#: Of the candidates' probability: where the likeliest has less, and the regions around leave it open (the best sequence
#: with another language there has a log probability that is less than so much lower), the region is heard again, whole,
#: with silence after.
_SURE, _OPEN = 0.9, 1.5
SILENCE_MS = 6_000

#: Price of a change of language without a pause, as a log probability, and the pause in ms after which it is 1/e of it.
_CHANGE_PRICE = 2.0
_CHANGE_PAUSE_MS = 1000
_VOTERS = 9
#: So many are asked at a time; when all agree by this share, the rest need not be asked.
_ASKED_AT_ONCE = 3
_AGREED_SHARE = 0.8
#: A language with so much of the vote is named, however few windows it is the likeliest in.
_RIVAL_SHARE = 0.2
#: A winner with less of the vote is uncertain, and of fewer voters than agree in a film with less of it: of the same
#: article read by nine voices (benchmarks/indian_languages.py --auto) none was named right, with 0.16 to 0.81; four
#: Hindi recordings of 5 s were, with 0.69 to 0.99.
_CERTAIN_SHARE, _CERTAIN_OF_FEW = 0.5, 0.85
#: Whisper hears Hindi as these, too: the languages are close, and one of them is the same speech in another script.
_HINDI_ALIASES = ("ur", "pa")


@dataclass(frozen=True)
class Voter:
    """A window of speech: its start, the likeliest language as heard, and its probability (0 to 1)."""

    start_ms: int
    language: str
    probability: float


@dataclass(frozen=True)
class Vote:
    """What windows of speech spread through the film say of its language.

    Attributes:
        language: the one with the largest share.
        shares: mean probability (0 to 1) of each language that has more than 1 %, Urdu and Punjabi counted as Hindi.
        windows: the voters.
    """

    language: str
    shares: dict[str, float]
    windows: tuple[Voter, ...] = ()

    @property
    def share(self) -> float:
        """Return the winner's share."""
        return self.shares.get(self.language, 0.0)

    @property
    def margin(self) -> float:
        """Return how far the winner is ahead of the second."""
        others = [share for language, share in self.shares.items() if language != self.language]
        return round(self.share - max(others, default=0.0), 4)

    @property
    def uncertain(self) -> bool:
        """Return whether the winner may well be wrong: too small a share, of so many voters."""
        few = len(self.windows) < _ASKED_AT_ONCE
        return self.share < (_CERTAIN_OF_FEW if few else _CERTAIN_SHARE)

    def rivals(self) -> list[str]:
        """Return the other languages that two windows and a fifth of all, or a fifth of the vote, are for."""
        names = [_counted(window.language) for window in self.windows]
        return [
            name
            for name in dict.fromkeys([*self.shares, *names])
            if name != self.language
            and (names.count(name) >= max(2, len(names) / 5) or self.shares.get(name, 0.0) >= _RIVAL_SHARE)
        ]

    def record(self) -> dict[str, Any]:
        """Return it for the metadata."""
        return {
            "language": self.language,
            "share": self.share,
            "margin": self.margin,
            "shares": self.shares,
            "windows": typed_json.plain(self.windows),
        }


def vote(hear: Hear, speech: Sequence[Region]) -> Vote:
    """Detect the film's language by a vote over windows of speech spread through the film.

    The first 30 s alone often mislead: titles, songs, a narrator.

    Args:
        hear: gives the probabilities of languages.
        speech: at least one region. Singing has a vote only where nobody speaks.
    """
    spoken = [region for region in speech if not region.sung] or list(speech)
    ballot = _spread(windows.packed([replace(region, language="") for region in spoken]))
    totals: dict[str, float] = {}
    voters: list[tuple[Window, dict[str, float]]] = []
    for first in range(_ASKED_AT_ONCE):
        asked = ballot[first::_ASKED_AT_ONCE]
        voters += zip(asked, hear(asked), strict=True) if asked else ()
        totals = {}
        for _, probabilities in voters:
            for language, probability in probabilities.items():
                totals[_counted(language)] = totals.get(_counted(language), 0.0) + probability / len(voters)
        named = {_counted(max(heard, key=lambda name: heard[name])) for _, heard in voters}
        if len(voters) >= _ASKED_AT_ONCE and len(named) == 1 and max(totals.values()) >= _AGREED_SHARE:
            break
    ranking = dict(sorted(totals.items(), key=lambda item: -item[1]))
    return Vote(
        next(iter(ranking)),
        {language: round(share, 4) for language, share in ranking.items() if share > 0.01},
        tuple(_voter(window, heard) for window, heard in sorted(voters, key=lambda voter: voter[0].start_ms)),
    )


def name_languages(hear: HearBriefly, speech: Sequence[Region], candidates: Sequence[str]) -> list[Region]:
    """Name the language of each region, out of those spoken in the film.

    The likeliest sequence is taken (Viterbi): what the network hears in each region, and a price for a change of
    language that falls with the pause before it, because people change language between turns, not between words.

    Args:
        hear: gives the probabilities of languages.
        speech: in order of time. A region that has a language keeps it.
        candidates: the languages spoken, most important first.
    """
    if len(set(candidates)) == 1:
        return [replace(region, language=candidates[0]) for region in speech]
    heard = _heard(hear, speech)
    pauses = [after.start_ms - before.end_ms for before, after in pairwise(speech)]
    prices = [_CHANGE_PRICE * math.exp(-pause / _CHANGE_PAUSE_MS) for pause in pauses]
    leads = margins(_evidence(speech, heard, candidates), prices)
    doubtful = [
        place
        for place, probabilities in enumerate(heard)
        if max(_log_shares(probabilities, candidates).values()) < math.log(_SURE) and leads[place] < _OPEN
    ]
    again_whole = [whole(speech[place]) for place in doubtful]
    for place, again in zip(doubtful, hear(again_whole, SILENCE_MS) if again_whole else (), strict=True):
        heard[place] = again
    path = likeliest_sequence(_evidence(speech, heard, candidates), prices)
    return [replace(region, language=language) for region, language in zip(speech, path, strict=True)]


def _heard(hear: HearBriefly, speech: Sequence[Region]) -> list[dict[str, float]]:
    """Return for each region the probability of each language; of a region that has a language, nothing but that."""
    pieces = [[] if region.language else parts(region) for region in speech]
    answers = iter(hear([piece for own in pieces for piece in own], 0))
    return [
        {region.language: 1.0} if region.language else _mean([next(answers) for _ in own])
        for region, own in zip(speech, pieces, strict=True)
    ]


def _mean(heard: Sequence[dict[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for probabilities in heard for name in probabilities)
    return {name: sum(probabilities.get(name, 0.0) for probabilities in heard) / len(heard) for name in names}


def _evidence(
    speech: Sequence[Region], heard: Sequence[dict[str, float]], candidates: Sequence[str]
) -> list[dict[str, float]]:
    """Return for each region the log probability of each candidate."""
    return [
        {language: weight * share for language, share in _log_shares(probabilities, candidates).items()}
        for region, probabilities in zip(speech, heard, strict=True)
        # A short piece tells little: Whisper's detector is trained on 30 s.
        for weight in [min(1.0, region.length_ms / 1000)]
    ]


def middle(region: Region, longest_ms: int = _HEARD_MS) -> Window:
    """Return the middle of a region, of so many ms at most, as a window."""
    left_out = max(0, region.length_ms - longest_ms) // 2
    return Window(((region.start_ms + left_out, region.end_ms - left_out),), (region,))


def parts(region: Region) -> list[Window]:
    """Return what is heard of a region to tell its language: its middle, or all of it in parts where it is long.

    A song in two languages is not looked for.
    """
    if region.sung or region.length_ms < _LONG_MS:
        return [middle(region)]
    number = -(-region.length_ms // _HEARD_MS)
    edges = [region.start_ms + region.length_ms * place // number for place in range(number + 1)]
    return [Window((edge,), (region,)) for edge in pairwise(edges)]


def whole(region: Region) -> Window:
    """Return all of a region as a window."""
    return Window(((region.start_ms, region.end_ms),), (region,))


def likeliest_sequence(evidence: Sequence[dict[str, float]], change_prices: Sequence[float]) -> list[str]:
    """Return the sequence of labels with the largest sum of evidence less the prices of its changes (Viterbi).

    Args:
        evidence: for each place, the log probability of each label.
        change_prices: for each place but the first, what a change of label before it costs.
    """
    totals = dict(evidence[0])
    came_from: list[dict[str, str]] = []
    for scores, price in zip(evidence[1:], change_prices, strict=True):
        best = {
            label: max(totals, key=lambda other: totals[other] - (price if other != label else 0.0)) for label in scores
        }
        totals = {
            label: scores[label] + totals[best[label]] - (price if best[label] != label else 0.0) for label in scores
        }
        came_from.append(best)
    path = [max(totals, key=lambda label: totals[label])]
    for best in reversed(came_from):
        path.append(best[path[-1]])
    return path[::-1]


def margins(evidence: Sequence[dict[str, float]], change_prices: Sequence[float]) -> list[float]:
    """Return for each place how far the best sequence is ahead of the best one with another label there.

    Args:
        evidence: for each place, the log probability of each label; two labels at least.
        change_prices: for each place but the first, what a change of label before it costs.
    """
    before = _best_until(evidence, change_prices)
    after = _best_until(evidence[::-1], change_prices[::-1])[::-1]
    found = []
    for scores, until, since in zip(evidence, before, after, strict=True):
        best, second, *_ = sorted((until[label] + since[label] - scores[label] for label in scores), reverse=True)
        found.append(best - second)
    return found


def _best_until(evidence: Sequence[dict[str, float]], change_prices: Sequence[float]) -> list[dict[str, float]]:
    """Return for each place the value of the best sequence that ends there with each label."""
    totals = [dict(evidence[0])]
    for scores, price in zip(evidence[1:], change_prices, strict=True):
        stay = totals[-1]
        change = max(stay.values()) - price
        totals.append({label: score + max(stay[label], change) for label, score in scores.items()})
    return totals


def mean_shares(heard: Sequence[tuple[float, dict[str, float]]]) -> dict[str, float]:
    """Return the mean probability of each language, Urdu and Punjabi counted as Hindi.

    Args:
        heard: weights and probabilities by language.
    """
    total = sum(weight for weight, _ in heard)
    shares: dict[str, float] = {}
    for weight, probabilities in heard:
        for language, probability in probabilities.items():
            shares[_counted(language)] = shares.get(_counted(language), 0.0) + probability * weight / total
    return shares


def counts_for(heard: str, given: Sequence[str]) -> bool:
    """Return whether a language as heard is one of those given, or one that Whisper takes it for."""
    return heard in given or _counted(heard) in [_counted(language) for language in given]


def _counted(language: str) -> str:
    return "hi" if language in _HINDI_ALIASES else language


def _spread(found: Sequence[Window]) -> list[Window]:
    """Return at most so many windows, evenly spread."""
    if len(found) <= _VOTERS:
        return list(found)
    return [found[place * (len(found) - 1) // (_VOTERS - 1)] for place in range(_VOTERS)]


def _voter(window: Window, heard: dict[str, float]) -> Voter:
    language = max(heard, key=lambda name: heard[name])
    return Voter(window.start_ms, language, round(heard[language], 4))


def _log_shares(probabilities: dict[str, float], candidates: Sequence[str]) -> dict[str, float]:
    """Return the log of each candidate's share of the probability of all candidates."""
    aliases = [alias for alias in _HINDI_ALIASES if alias not in candidates]
    found = {
        language: probabilities.get(language, 0.0)
        + (sum(probabilities.get(alias, 0.0) for alias in aliases) if language == "hi" else 0.0)
        + 1e-6
        for language in candidates
    }
    total = sum(found.values())
    return {language: math.log(share / total) for language, share in found.items()}
