"""A language that is spoken besides the main one is noticed; none is made of noise, mumbling or a near relative."""

from __future__ import annotations

import pytest

from samvad.stages.asr import second_languages
from samvad.stages.asr.regions import Region
from samvad.stages.asr.second_languages import Survey
from samvad.text import word_frequency

#: Twenty stretches of 4 s, a second apart.
SPEECH = [Region(at * 5_000, at * 5_000 + 4_000) for at in range(20)]


def surveyed(heard_at, together, speech=SPEECH, main="en") -> Survey:
    """Survey speech that is heard as ``heard_at`` says of each start in s, and as ``together`` says in windows."""
    return second_languages.survey(
        lambda found: [together(window) for window in found],
        lambda found, silence_ms: [heard_at(window.speech[0].start_ms // 1000) for window in found],
        speech,
        main,
    )


def english_but_for(*starts: int, other: dict[str, float]):
    return lambda start: other if start in starts else {"en": 0.98}


def test_a_language_that_speaks_a_quarter_of_the_film_is_noticed():
    hindi = {"ur": 0.5, "hi": 0.4}
    found = surveyed(english_but_for(10, 40, 45, 60, 90, other=hindi), lambda window: {"hi": 0.9, "en": 0.05})
    (second,) = found.spoken
    assert (second.language, second.seconds, second.stretches, second.share) == ("hi", 20.0, 5, 0.25)
    assert (found.seconds, found.stretches, found.seconds_main) == (80.0, 20, 60.0)
    assert found.record()["others"][0]["confirmed"] == 0.9


def test_what_is_heard_only_in_windows_that_hold_it_is_asked_about():
    asked = []

    def together(window):
        asked.append([region.start_ms for region in window.speech])
        return {"hi": 1.0}

    surveyed(english_but_for(10, 40, 45, other={"hi": 0.9}), together)
    assert asked == [[10_000, 40_000, 45_000]]


def test_one_stretch_makes_no_language_and_neither_do_many_that_are_each_something_else():
    long = [Region(0, 20_000), *SPEECH[5:]]
    assert surveyed(english_but_for(0, other={"id": 0.95}), lambda window: {"id": 1.0}, long).spoken == []
    mumbled = ["cy", "ja", "nn", "ar", "he", "el", "fi", "ko"]
    found = surveyed(
        lambda start: {mumbled[start // 5]: 0.8} if start < 40 else {"en": 0.97}, lambda window: {"cy": 1.0}
    )
    assert found.spoken == [] and {other.why_not for other in found.others} == {"too little of it"}


def test_what_is_unsure_counts_for_nothing():
    assert surveyed(english_but_for(0, 10, 20, 30, other={"hi": 0.5, "en": 0.4}), lambda window: {"hi": 1.0}) == Survey(
        80.0, 20, 64.0
    )


def test_a_language_that_is_not_heard_again_with_all_its_stretches_together_is_not_spoken():
    for together in ({"hi": 0.5, "ta": 0.4}, {"hi": 0.6, "en": 0.35}):
        found = surveyed(english_but_for(0, 10, 20, 30, 40, other={"hi": 0.9}), lambda window, said=together: said)
        assert found.spoken == [] and found.others[0].confirmed == together["hi"]


def test_a_near_relative_of_the_main_language_is_named_but_not_recognised(monkeypatch):
    def heard(start):
        return {"mr": 0.9} if start in (0, 10, 20, 30, 40) else {"hi": 0.9}

    monkeypatch.setattr(word_frequency, "listed", lambda: ("hi", "en"))  # as it is: no list of Marathi
    found = surveyed(heard, lambda window: {"mr": 1.0}, main="hi")
    assert found.spoken == [] and found.others[0].why_not == "it is easily taken for hi"


@pytest.mark.parametrize(
    ("starts", "together", "why_not"),
    [
        ((0, 10, 20, 30), {"es": 0.97, "it": 0.01}, ""),
        ((0, 10, 20, 30), {"es": 0.85, "it": 0.0}, "its stretches, heard together, are not surely in it"),
        ((0, 10, 20, 30), {"es": 0.92, "it": 0.08}, "its stretches, heard together, are not surely in it"),
        ((0, 10, 20), {"es": 1.0}, "it is easily taken for it"),  # a few of many: it may be the other
    ],
)
def test_a_near_relative_is_spoken_where_much_of_the_film_is_surely_in_it_and_words_can_tell(
    starts: tuple[int, ...], together: dict[str, float], why_not: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_frequency, "listed", lambda: ("es", "it"))

    def heard(start: int) -> dict[str, float]:
        return {"es": 0.9} if start in starts else {"it": 0.9}

    found = surveyed(heard, lambda window: together, main="it")
    assert (found.others[0].language, found.others[0].why_not) == ("es", why_not)
    assert [second.language for second in found.spoken] == ([] if why_not else ["es"])


def test_singing_and_sounds_too_short_for_a_language_are_not_asked():
    sung = [Region(at * 5_000, at * 5_000 + 4_000, sung=True) for at in range(20, 40)]
    short = [Region(at * 5_000, at * 5_000 + 1_500) for at in range(40, 60)]
    found = surveyed(english_but_for(other={}), lambda window: {}, [*SPEECH, *sung, *short])
    assert (found.stretches, found.seconds) == (20, 80.0)


def test_a_long_film_is_heard_in_no_more_stretches_than_sixty_from_its_beginning_to_its_end():
    asked = []

    def heard(start):
        asked.append(start)
        return {"hi": 0.9} if start >= 4_500 else {"en": 0.9}

    found = surveyed(heard, lambda window: {"hi": 0.9}, [Region(at * 5_000, at * 5_000 + 4_000) for at in range(1200)])
    assert (len(asked), asked[0], asked[-1]) == (60, 0, 5_995)
    assert [other.language for other in found.spoken] == ["hi"]


def test_what_was_heard_once_is_not_heard_again():
    asked = []

    def hear(found, silence_ms):
        asked.append((len(found), silence_ms))
        return [{"en": window.start_ms / 1e6} for window in found]

    remembering = second_languages.remembering(hear)
    windows = [second_languages.language.middle(region) for region in SPEECH]
    first = remembering(windows[:5], 0)
    assert remembering(windows, 0)[:5] == first and remembering(windows[:2], 6_000)
    assert asked == [(5, 0), (15, 0), (2, 6_000)]
