"""Signals that a segment's text was not spoken, each with its reason in words.

No single figure is to be trusted: a loop is decoded with confidence, a mumbled line without. Two signals that have
nothing to do with each other are.
"""

from __future__ import annotations

from dataclasses import dataclass

from samvad.documents.segments import PERHAPS_OTHER, PERHAPS_TRANSLATED, READS_AS, UNSURE, Segment
from samvad.stages.hallucination_removal.limits import Limits
from samvad.stages.hallucination_removal.measures import Values
from samvad.text import languages

#: Signals that say that a text repeats itself.
REPETITION = frozenset({"loop", "compression", "repeats"})


@dataclass(frozen=True)
class Signal:
    """A sign that a text was not spoken: a short name for counting, and the reason in words."""

    name: str
    reason: str


def signals(segment: Segment, values: Values, limits: Limits) -> tuple[Signal, ...]:
    """Return the signals that a segment's values give.

    The recogniser's doubt counts once, whether the mean of tokens or of words shows it, and once more where it is
    beyond all measure. A known phrase counts only beside another signal, and not where all but the figure for a whole
    window says that it was spoken: people do say "Thank you.". A song may repeat itself, and voice detectors do not
    hear singing, so these rules are not for songs.
    """
    found = _decoder_signals(values, limits) + _form_signals(segment, values, limits)
    if segment.kind != "song":
        found = _sound_signals(values, limits) + found + _repetition_signals(segment, values, limits)
    if not found and values["phrase"] and _kept(segment) in UNSURE:
        found.append(Signal("unsure", "no try at recognition was sure of it; models make things up twice alike"))
    if not found and (reads_as := segment.extra.get(READS_AS)):
        said, heard = languages.name(str(reads_as)), languages.name(segment.language)
        found.append(Signal("language", f"its words are {said}, and it was heard as {heard}"))
    if not found and _kept(segment) == PERHAPS_TRANSLATED:
        found.append(Signal("language", "it is English, and does not surely sound so: it may be a translation"))
    if not found and _kept(segment) == PERHAPS_OTHER:
        found.append(Signal("language", "it surely sounds like another language than it was heard in"))
    if found and values["phrase"] and not _is_surely_spoken(values, found, limits):
        found.append(Signal("phrase", "the whole text is a phrase that Whisper is known to make up"))
    return tuple(found)


def _is_surely_spoken(values: Values, found: list[Signal], limits: Limits) -> bool:
    """Return whether only no_speech_prob speaks against a text, which is of all that was decoded with it.

    Of speech under music that was 0.73 where the model was sure of each word, and all detectors heard somebody speak.
    """
    overlap, peak, logprob, word = (
        values[name] or 0.0 for name in ("speech_overlap", "voice_peak", "avg_logprob", "word_probability")
    )
    heard = overlap >= limits.sure_overlap and peak >= limits.sure_peak
    sure = logprob >= limits.sure_logprob and word >= limits.sure_word
    return heard and sure and [signal.name for signal in found] == ["no_speech_prob"]


def _kept(segment: Segment) -> object:
    note = segment.extra.get("decoded_again")
    return note.get("kept") if isinstance(note, dict) else None


def _sound_signals(values: Values, limits: Limits) -> list[Signal]:
    found = []
    overlap, peak = values["speech_overlap"], values["voice_peak"]
    if overlap is not None and overlap < limits.speech_overlap:
        found.append(Signal("outside_speech", f"voice detection heard speech in only {overlap:.0%} of its time"))
    contradicted = overlap is not None and overlap >= limits.sure_overlap
    if peak is not None and peak < (limits.contradicted_peak if contradicted else limits.voice_peak):
        found.append(Signal("no_voice", f"neither speech nor singing is heard at that time (at most {peak:.2f})"))
    return found


def _decoder_signals(values: Values, limits: Limits) -> list[Signal]:
    found = []
    no_speech, logprob, word = values["no_speech_prob"], values["avg_logprob"], values["word_probability"]
    if no_speech is not None and no_speech > limits.no_speech_prob:
        found.append(Signal("no_speech_prob", f"to the recogniser it is no speech (probability {no_speech:.2f})"))
    doubts = []
    if logprob is not None and logprob < limits.avg_logprob:
        doubts.append(f"mean log probability {logprob:.2f}")
    if word is not None and word < limits.word_probability:
        doubts.append(f"mean probability of a word {word:.2f}")
    if doubts:
        found.append(Signal("doubt", f"the recogniser was unsure of the words ({', '.join(doubts)})"))
    if len(doubts) == 2 and logprob is not None and logprob < limits.hopeless_logprob:
        found.append(Signal("guess", "the recogniser might as well have written anything else"))
    return found


def _form_signals(segment: Segment, values: Values, limits: Limits) -> list[Signal]:
    found = []
    other = values["other_scripts"] or 0.0
    if segment.text.strip() and not values["letters"]:
        found.append(Signal("no_letters", "the text has no letter and no digit"))
    if other > limits.other_scripts:
        found.append(
            Signal("script", f"{other:.0%} of its letters are of a script that the film's languages are not written in")
        )
    if _is_hurried(segment, values, limits):
        found.append(Signal("pace", f"nobody speaks {values['characters_per_second']:.0f} characters a second"))
    return found


def _is_hurried(segment: Segment, values: Values, limits: Limits) -> bool:
    """Return whether nobody speaks as fast, in a text that is long enough for its times to tell."""
    pace = values["characters_per_second"] or 0.0
    return pace > limits.characters_per_second and len(segment.text.strip()) >= limits.pace_characters


def _repetition_signals(segment: Segment, values: Values, limits: Limits) -> list[Signal]:
    found = []
    covered, times, share = (values[name] or 0 for name in ("loop_characters", "loop_repeats", "loop_share"))
    enough = share >= limits.loop_share or covered >= limits.loop_characters_alone
    if covered >= limits.loop_characters and enough:
        found.append(Signal("loop", f"the same piece of text comes {times:.0f} times over"))
    ratio, repeats = values["compression_ratio"], values["repeats"] or 0
    if ratio is not None and ratio > limits.compression_ratio:
        found.append(Signal("compression", f"the text repeats itself: it can be made {ratio:.1f} times smaller"))
    short = (values["letters"] or 0) < limits.short_characters
    # A sentence that came before, and is said faster than anybody speaks, is Whisper's own second round of it.
    hurried = _is_hurried(segment, values, limits) or _is_at_once(values, limits)
    if repeats >= (1 if hurried else limits.short_repeats if short else limits.repeats):
        seconds = limits.repeat_window_ms // 1000
        often = "once" if repeats == 1 else f"{repeats:.0f} times"
        found.append(Signal("repeats", f"the same text came {often} in the {seconds} s before"))
    return found


def _is_at_once(values: Values, limits: Limits) -> bool:
    """Return whether a text follows itself in next to no time, however short it is."""
    after_ms, pace = values["after_itself_ms"], values["characters_per_second"] or 0.0
    soon = after_ms is not None and after_ms <= limits.at_once_ms
    return soon and pace > limits.at_once_times * limits.characters_per_second
