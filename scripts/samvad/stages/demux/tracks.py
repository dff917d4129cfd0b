"""Which of a film's sounds has its dialogue: flags, titles, languages and order are weighed, and a doubt is said.

Players and shops flag the wrong track as default, and a commentary is often told by its title alone. So nothing
decides by itself but the number that a user gives: what a track is not (a commentary, a description for the blind,
music) weighs most, then the language asked for, then the flags, then the order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.core.errors import MediaError
from samvad.documents.probe import AudioTrack

#: Words of titles, in languages that films are published in. "Director's Cut" is a film, "Director" a commentary.
_COMMENTARY = re.compile(
    r"com+ent(?!ed\b)|kom+ent|коммент|комент|コメンタリ|解説|评论|評論|评述|評述|해설|코멘터리|टिप्पणी|समालोचना|تعليق|تبصرہ|"
    r"கருத்துரை|వ్యాఖ్యాన|വ്യാഖ്യാനം|ধারাভাষ্য|ਟਿੱਪਣੀ|ટિપ્પણી|\byorum|"
    r"\b(director|producer|writer|filmmaker)s?\b(?!['’]?s?\s+(cut|version|edition))|\bcast\s*(and|&|\+)\s*crew\b|निर्देशक",
    re.IGNORECASE,
)
_DESCRIPTION = re.compile(
    r"(audio|video)[\s-]*(de)?scri(p|b)|descriptive|described\s+(video|audio)|audiodes[ck]ri|au[dt]iodeskription|hörfilm|"
    r"visual(ly)?[\s-]*impair|vision[\s-]*impair|\bblind|sehbehindert|mal\s?voyant|тифло|音声ガイド|音声解説|화면\s?해설|口述|"
    r"niewidom|ऑडियो\s*(विवरण|डिस्क्रिप्शन)|श्रव्य\s*(वर्णन|विवरण)|दृष्टिबाधित|\bDVS\b|(?-i:\bA\.?D\.?(?=$|[\s)\]/|,_-]))",
    re.IGNORECASE,
)
_NO_DIALOGUE = re.compile(
    r"\bisolated\b|\bmusic\s*(only|track|and\s+effects|&\s*effects)|\bscore\b|\bM\s*(&|and|\+)\s*E\b|\bkaraoke\b|"
    r"\binstrumental\b|\beffects\s+only\b|संगीत",
    re.IGNORECASE,
)
_DUBBED = re.compile(r"\bdub(bed)?\b|डब", re.IGNORECASE)
_ORIGINAL = re.compile(r"\borig(inal)?\b|\bV\.?O\.?\b|मूल", re.IGNORECASE)
#: How much each finding weighs. What a track is not outweighs all else together; a language outweighs flags.
_NOT_DIALOGUE, _LANGUAGE, _LATER_LANGUAGE, _DEFAULT, _ORIGINAL_WEIGHT, _DUBBED_WEIGHT = 1000, 500, 50, 20, 15, 10


@dataclass(frozen=True)
class Choice:
    """The track that is recognised.

    Attributes:
        track: the track.
        reason: why it is this one, as a clause.
        doubt: why it may be the wrong one, as a sentence; empty where nothing speaks against it.
    """

    track: AudioTrack
    reason: str
    doubt: str = ""


def choose(tracks: Sequence[AudioTrack], wanted: Sequence[str], number: int | None, film: str) -> Choice:
    """Choose the audio track to recognise.

    Args:
        tracks: the film's audio tracks.
        wanted: languages spoken in the film, most important first; may be empty.
        number: a track's number that a user gave, or None.
        film: the film's path, for messages.

    Raises:
        MediaError: there is no audio, or no track of that number.
    """
    if not tracks:
        raise MediaError(
            f"{film!r} has no audio track, so there is no speech to subtitle.", "Choose another file.", path=film
        )
    if number is not None:
        for track in tracks:
            if track.track == number:
                return Choice(track, "its number was given")
        raise MediaError(
            f"{film!r} has no audio track {number}; it has {len(tracks)}, counted from 0.",
            "Correct audio_track in the film sheet or demux.audio_track in the configuration.",
            path=film,
        )
    ranked = sorted(tracks, key=lambda track: -_weight(track, wanted))  # stable: of equals, the first
    best = ranked[0]
    return Choice(best, _reason(best, tracks, wanted), _doubt(best, ranked[1:], wanted))


def not_dialogue(track: AudioTrack) -> str | None:
    """Return what a track is instead of the film's dialogue, such as ``a commentary``, and what says so; else None."""
    flags = {
        "visual_impaired": "an audio description",
        "descriptions": "an audio description",
        "comment": "a commentary",
        "karaoke": "without its dialogue",
        "clean_effects": "without its dialogue",
    }
    for flag, what in flags.items():
        if flag in track.flags:
            return f"{what} (its flag {flag})"
    # A description is called a commentary in some languages, never the other way round.
    titles = ((_DESCRIPTION, "an audio description"), (_COMMENTARY, "a commentary"), (_NO_DIALOGUE, "without dialogue"))
    for pattern, what in titles:
        if track.title and pattern.search(track.title):
            return f"{what} (its title {track.title!r})"
    return None


def _weight(track: AudioTrack, wanted: Sequence[str]) -> int:
    weight = -_NOT_DIALOGUE if not_dialogue(track) else 0
    if track.language is not None and track.language in wanted:
        weight += _LANGUAGE - _LATER_LANGUAGE * min(list(wanted).index(track.language), 8)
    weight += _DEFAULT if track.default else 0
    weight += _ORIGINAL_WEIGHT if "original" in track.flags or _ORIGINAL.search(track.title) else 0
    weight -= _DUBBED_WEIGHT if "dub" in track.flags or _DUBBED.search(track.title) else 0
    return weight


def _reason(best: AudioTrack, tracks: Sequence[AudioTrack], wanted: Sequence[str]) -> str:
    if len(tracks) == 1:
        return "it is the only one"
    others = [track for track in tracks if track is not best]
    left_out = "; ".join(f"track {track.track} is {what}" for track in others if (what := not_dialogue(track)))
    rivals = [track for track in others if not not_dialogue(track)]
    if best.language in wanted and best.language:
        reason = f"its language tag is {best.language}"
    elif not rivals:
        reason = "it is the only one with the film's dialogue" if left_out else "it is the first"
    elif best.default and not all(track.default for track in rivals):
        reason = "it is flagged as default"
    elif "original" in best.flags or _ORIGINAL.search(best.title):
        reason = "it is the original"
    elif any(_weight(track, ()) < _weight(best, ()) for track in rivals) and best is not tracks[0]:
        reason = "the others are dubbed"
    elif best.default:
        reason = "it is flagged as default"
    else:
        reason = "it is the first"
    return f"{reason}; {left_out}" if left_out else reason


def _doubt(best: AudioTrack, others: Sequence[AudioTrack], wanted: Sequence[str]) -> str:
    """Return why the choice may be wrong; an empty text where it is clear."""
    remedy = "Name it by number in audio_track where it is another."
    if what := not_dialogue(best):
        return f"The audio track {best.track} is recognised, but it seems to be {what}. {remedy}"
    equal = [track for track in others if _weight(track, wanted) == _weight(best, wanted)]
    same = [track for track in equal if track.language == best.language]
    if same:
        names = ", ".join(f"{track.track}{f' ({track.title})' if track.title else ''}" for track in [best, *same])
        return f"Nothing tells the audio tracks {names} apart: {best.track} is recognised. {remedy}"
    return ""
