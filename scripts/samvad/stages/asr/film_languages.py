"""Which languages a film is recognised in: named for each stretch, recorded, and what a person is told of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from samvad.core.errors import ModelError
from samvad.core.times import clock
from samvad.documents.segments import PERHAPS_TRANSLATED, READS_AS, Segment
from samvad.logs.spans import span
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import doubts, language, language_changes, named_by_words, second_languages
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.recogniser import Recogniser
from samvad.stages.asr.regions import Region
from samvad.text import languages

log = logging.getLogger(__name__)

#: A language that was surely heard in so much of the speech is named, whether or not it is recognised.
_NAMED_SHARE = 0.1
#: So many places are named in a warning.
_SHOWN = 5


@span("language_detection")
def name(run: StageRun, recogniser: Recogniser, speech: Sequence[Region], given: Sequence[str]) -> list[Region]:
    """Name each region's language: given, voted, or told apart where several are spoken."""
    if not recogniser.fallback.engine.multilingual:
        if any(name != "en" for name in given):
            raise ModelError(
                f"The model understands English alone, but the film's languages are {', '.join(given)}.",
                "Set asr.model to a multilingual one, such as base or large-v3.",
            )
        given = ["en"]
    hear = second_languages.remembering(recogniser.detect_language_briefly)
    if not given:
        vote = language.vote(recogniser.detect_language, speech)
        run.metadata("language_vote", vote.record())
        log.info("The vote on the language: %s", vote.shares)
        if vote.uncertain:
            run.warn(
                f"The language is uncertain: {languages.name(vote.language)} got {vote.share:.0%} of the vote of "
                f"{len(vote.windows)} stretches of speech. Write what is spoken in the column source of the film sheet."
            )
        found = second_languages.survey(recogniser.detect_language, hear, speech, vote.language)
        run.metadata("language_survey", found.record())
        given = [vote.language, *(other.language for other in found.spoken)]
        _tell_of_languages(run, vote, found)
    parted = language_changes.cut(hear, recogniser.audio, speech, given)
    _tell_of_changes(run, parted)
    return language.name_languages(hear, parted.speech, given)


def record(run: StageRun, named: Sequence[Region], given: Sequence[str]) -> None:
    """Record in which language how much was recognised."""
    run.metadata("regions_by_language", dict(Counter(region.language for region in named)))
    names = list(dict.fromkeys([*given, *(region.language for region in named)]))
    for name in names if len(names) > 1 else ():
        spoken_ms = sum(region.length_ms for region in named if region.language == name)
        run.metric(f"speech_in_{name}", spoken_ms / 1000, "s")


def _tell_of_languages(run: StageRun, vote: language.Vote, found: second_languages.Survey) -> None:
    """Warn of the languages that were noticed, and of those that may be there and are not recognised."""
    known = [vote.language, *(other.language for other in found.spoken)]
    if found.spoken:
        noticed = ", ".join(f"{languages.name(other.language)} ({other.share:.0%} or more)" for other in found.spoken)
        run.warn(
            f"Besides {languages.name(vote.language)}, the film speaks {noticed}: each stretch is recognised in its "
            f"own language. Write {','.join(known)} in the column source of the film sheet, or what else is spoken."
        )
    heard = [other.language for other in found.others if other.share >= _NAMED_SHARE]
    unsure = [name for name in dict.fromkeys([*vote.rivals(), *heard]) if not language.counts_for(name, known)]
    if unsure:
        run.warn(
            f"Parts of the film sound like {' and '.join(map(languages.name, unsure))}. It is recognised as "
            f"{' and '.join(map(languages.name, known))} alone: name all its languages in the column source of the "
            "film sheet."
        )


def _tell_of_changes(run: StageRun, found: language_changes.Found) -> None:
    """Record where the language changes within a stretch of speech; warn of where it does and was not parted."""
    run.metadata("language_changes", found.record())
    if found.unsure:
        shown = ", ".join(
            f"{clock(change.at_ms)} ({change.before} to {change.after})" for change in found.unsure[:_SHOWN]
        )
        more = f" and {len(found.unsure) - _SHOWN} more" if found.unsure[_SHOWN:] else ""
        run.warn(
            f"The language seems to change within a sentence or without a pause near {shown}{more}: each is "
            "recognised in one language. Listen there."
        )


def tell_of_foreign(run: StageRun, found: list[Segment], spoken: Sequence[str]) -> list[Segment]:
    """Return segments in the film's language that their words are of; warn of those of no such one, and mark them."""
    found = [
        one
        if one.extra.get("decoded_again", {}).get("kept") == PERHAPS_TRANSLATED
        else replace(one, language=named_by_words.reading(one.text, one.language, spoken))
        for one in found
    ]
    reads = {one.id: named_by_words.foreign(one.text, one.language, spoken) for one in found}
    run.metric("segments_in_other_languages", sum(map(bool, reads.values())), "segments")
    known = " and ".join(map(languages.name, spoken))
    for name in dict.fromkeys(filter(None, reads.values())):
        places = [clock(one.start_ms) for one in found if reads[one.id] == name]
        more = f" and {len(places) - _SHOWN} more" if places[_SHOWN:] else ""
        run.warn(
            f"What was recognised at {', '.join(places[:_SHOWN])}{more} is {languages.name(name)}, and the film "
            f"is recognised as {known}: name all its languages in the column source of the film sheet."
        )
    return [replace(one, extra={**one.extra, READS_AS: reads[one.id]}) if reads[one.id] else one for one in found]


def tell_of_unnamed(run: StageRun, chunks: Sequence[Chunk], known: Sequence[str]) -> None:
    """Warn of what was recognised in a language that nobody has named, as it sounds like that."""
    said = [chunk for chunk in chunks if chunk.words and chunk.language not in known]
    for name in dict.fromkeys(chunk.language for chunk in said):
        places = doubts.places_in_words([chunk.start_ms for chunk in said if chunk.language == name])
        run.warn(
            f"{languages.name(name)} is spoken at {places}, and is none of the languages that the film is recognised "
            "in: name all of them in the column source of the film sheet."
        )
