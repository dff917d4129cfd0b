"""Which languages besides the main one are spoken in a film of which nobody has said what is spoken in it.

The vote on a film's language hears windows of 30 s, in which a language of which people say a sentence now and then is
drowned by the other. So stretches of speech are heard one by one, as where the languages are given, and a language that
is heard surely in enough of them is heard once more, all its stretches together, as Whisper was trained to. What
remains is spoken: noise, music and mumbling are heard as a different language each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samvad.stages.asr import language, windows
from samvad.stages.asr.language import Hear, HearBriefly
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window
from samvad.text import word_frequency

#: A stretch shorter than this tells no language. So many are heard at most, evenly spread through the film, and so much
#: of the middle of each: here all languages are possible, and less would not tell.
_SHORTEST_MS, _MOST_HEARD, _HEARD_MS = 2_000, 60, 5_000
#: From this probability on a stretch is surely in a language.
_SURE = 0.6
#: A language is spoken if it is sure for so long (ms, and part of what was heard), in so many stretches.
_SPOKEN_MS, _SPOKEN_SHARE, _SPOKEN_STRETCHES = 6_000, 0.1, 2
#: And if its stretches, heard together, have this probability of it, and so much more of it than of the main one.
_CONFIRMED, _CONFIRMED_MARGIN = 0.6, 0.3
#: So many windows of a language are heard together, at most.
_WINDOWS_CONFIRMED = 3
#: Of what a model takes for one another too easily (below), both are recognised without being given only where so many
#: stretches are surely in the other one, and these, heard together, so surely and by so much more; and where the words
#: that come of a stretch can tell which it is. Of two films in Italian and Spanish the other one was 6 and 4 stretches,
#: 43 and 17 %, 0.99 with nothing of the main one; what was taken for Catalan, Portuguese or Latin in nine films of one
#: language was one stretch each time, of 9 % at most.
_RELATIVE_STRETCHES, _RELATIVE_CONFIRMED, _RELATIVE_MARGIN = 4, 0.9, 0.85
_RELATIVES = tuple(
    frozenset(group.split())
    for group in (
        "hi ur pa mr ne gu bn as sa sd si or",
        "ta ml te kn",
        "es pt gl ca oc it fr ro la",
        "no nn nb da sv fo is",
        "de nl af yi lb",
        "ru uk be bg mk",
        "hr sr bs sl cs sk pl",
        "id ms jv su fil mg",
        "tr az tk uz kk tt ba",
        "zh yue",
        "en la cy haw mi",
        "fa tg ps",
        "lo th",
    )
)


@dataclass(frozen=True)
class Second:
    """A language that was heard besides the main one.

    Attributes:
        language: its code.
        seconds: how much speech was surely in it.
        stretches: in how many pieces.
        share: of the speech that was heard, 0 to 1.
        confirmed: its mean probability where its stretches were heard together, 0 to 1; None where they were not.
        spoken: whether it counts as spoken.
        why_not: in words, where it does not.
    """

    language: str
    seconds: float
    stretches: int
    share: float
    confirmed: float | None = None
    spoken: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Survey:
    """What stretches of speech, heard one by one, say of the languages besides the main one.

    Attributes:
        seconds: how much speech was heard.
        stretches: in how many pieces.
        seconds_main: how much of it was surely in the main language.
        others: the others that were surely heard, most first.
    """

    seconds: float
    stretches: int
    seconds_main: float
    others: tuple[Second, ...] = ()

    @property
    def spoken(self) -> list[Second]:
        """Return the others that count as spoken."""
        return [other for other in self.others if other.spoken]

    def record(self) -> dict[str, Any]:
        """Return it for the metadata."""
        others = [dict(vars(other)) for other in self.others]
        return {**vars(self), "others": others}


def relatives(name: str) -> frozenset[str]:
    """Return the languages that a model takes too easily for one another, of which this is one."""
    return next((group for group in _RELATIVES if name in group), frozenset({name}))


def survey(hear: Hear, hear_briefly: HearBriefly, speech: Sequence[Region], main: str) -> Survey:
    """Find the languages that are spoken besides the main one.

    Args:
        hear: gives the probabilities of languages in windows.
        hear_briefly: the same of single stretches, in a fraction of the time.
        speech: of the film, in order of time. Singing is left out: a song in another language makes no film in it.
        main: the language that the vote gave.
    """
    stretches = _spread([region for region in speech if not region.sung and region.length_ms >= _SHORTEST_MS])
    if len(stretches) <= _SPOKEN_STRETCHES:
        return Survey(_seconds(stretches), len(stretches), 0.0)
    sure: dict[str, list[Region]] = {}
    for region, name in zip(stretches, _surely(hear_briefly, stretches), strict=True):
        if name:
            sure.setdefault(name, []).append(region)
    total = _seconds(stretches)
    ranked = sorted(sure.items(), key=lambda item: -_seconds(item[1]))
    others = tuple(_second(hear, name, found, main, total) for name, found in ranked if name != main)
    return Survey(total, len(stretches), _seconds(sure.get(main, [])), others)


def _second(hear: Hear, name: str, found: Sequence[Region], main: str, total: float) -> Second:
    seconds = _seconds(found)
    share = round(seconds / total, 3)

    def result(confirmed: float | None = None, why_not: str = "") -> Second:
        return Second(name, seconds, len(found), share, confirmed, not why_not, why_not)

    if len(found) < _SPOKEN_STRETCHES or seconds * 1000 < _SPOKEN_MS or share < _SPOKEN_SHARE:
        return result(why_not="too little of it")
    near = main in relatives(name)
    if near and not (len(found) >= _RELATIVE_STRETCHES and word_frequency.tells_apart(name, main)):
        return result(why_not=f"it is easily taken for {main}")
    together = windows.packed(found)
    picked = together[:: max(1, -(-len(together) // _WINDOWS_CONFIRMED))]
    shares = language.mean_shares(
        [(float(window.speech_ms), heard) for window, heard in zip(picked, hear(picked), strict=True)]
    )
    confirmed = round(shares.get(name, 0.0), 3)
    least, margin = (_RELATIVE_CONFIRMED, _RELATIVE_MARGIN) if near else (_CONFIRMED, _CONFIRMED_MARGIN)
    if confirmed < least or confirmed - shares.get(main, 0.0) < margin:
        return result(confirmed, "its stretches, heard together, are not surely in it")
    return result(confirmed)


def _surely(hear: HearBriefly, stretches: Sequence[Region]) -> list[str]:
    """Return the language of each stretch, or nothing where it is not sure; what is doubtful is heard whole."""
    names = [_sure(heard) for heard in hear([language.middle(region, _HEARD_MS) for region in stretches], 0)]
    doubtful = [place for place, name in enumerate(names) if not name]
    whole = [language.whole(stretches[place]) for place in doubtful]
    for place, heard in zip(doubtful, hear(whole, language.SILENCE_MS) if whole else (), strict=True):
        names[place] = _sure(heard)
    return names


def _sure(heard: dict[str, float]) -> str:
    shares = language.mean_shares([(1.0, heard)])
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] >= _SURE else ""


def _spread(found: Sequence[Region]) -> list[Region]:
    if len(found) <= _MOST_HEARD:
        return list(found)
    return [found[place * (len(found) - 1) // (_MOST_HEARD - 1)] for place in range(_MOST_HEARD)]


def _seconds(found: Sequence[Region]) -> float:
    return round(sum(region.length_ms for region in found) / 1000, 1)


def remembering(hear: HearBriefly) -> HearBriefly:
    """Return the same, hearing each window only once: stretches of the survey are named afterwards."""
    known: dict[tuple[Window, int], dict[str, float]] = {}

    def heard(found: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        new = [window for window in found if (window, silence_ms) not in known]
        if new:
            known.update(zip([(window, silence_ms) for window in new], hear(new, silence_ms), strict=True))
        return [known[window, silence_ms] for window in found]

    return heard
