"""Which segments are translated, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from samvad.core.errors import ConfigurationError
from samvad.documents.provenance import Model
from samvad.documents.segments import QUARANTINE, READS_AS, Segment, SegmentsDocument, Translation
from samvad.stages.translation import backends, guards
from samvad.stages.translation.backends import Line
from samvad.text import languages


class Upper:
    """A backend that writes English in capitals; it knows Hindi and Spanish."""

    name = "upper"

    def refusal(self, source: str, target: str) -> str | None:
        return None if source in ("hi", "es") and target == "en" else "it cannot"

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        pass

    def load(self) -> None:
        pass

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        return [Translation(line.text.upper(), self.name) for line in lines]

    def models(self) -> tuple[Model, ...]:
        return ()

    def folders(self) -> tuple[Path, ...]:
        return ()

    def device(self) -> str | None:
        return "cpu"


def segment(number: int, text: str = "hola", language: str = "es", **more: object) -> Segment:
    return Segment(number, number * 1000, number * 1000 + 900, text, language, **more)  # type: ignore[arg-type]


def document(*segments: Segment, language: str = "es") -> SegmentsDocument:
    return SegmentsDocument(language, 60_000, segments)


def translated(made: SegmentsDocument, target: str = "en") -> SegmentsDocument:
    backend = Upper()
    return backends.apply(made, backends.plan(made, target, backend), backend)


def test_a_segment_in_the_target_language_is_passed_on_and_the_others_translated() -> None:
    one, two = translated(document(segment(1), segment(2, "hello", "en"))).segments
    assert one.translations == {"en": Translation("HOLA", "upper")}
    assert two.translations == {"en": Translation("hello", "same language")}


def test_a_segment_that_was_only_heard_in_the_target_language_is_passed_on_with_a_flag() -> None:
    spanish = segment(2, "lo siento, no su respuesta", "en", extra={READS_AS: "es"})
    made = translated(document(segment(1), spanish)).segments[1].translations["en"]
    assert (made.text, made.backend) == ("lo siento, no su respuesta", "same language")
    assert made.flags == ("left untranslated", "shown as said")


def test_quarantined_and_empty_segments_are_not_translated_but_stay() -> None:
    made = translated(document(segment(1, verdict=QUARANTINE), segment(2, " "), segment(3)))
    assert [dict(item.translations) for item in made.segments[:2]] == [{}, {}]
    assert made.segments[2].translations["en"].text == "HOLA"


def test_translations_and_unknown_keys_that_were_there_are_kept() -> None:
    before = segment(1, translations={"fr": Translation("bonjour", "hand")}, extra={"shot": 7})
    after = translated(document(before)).segments[0]
    assert after.translations["fr"].text == "bonjour"
    assert after.extra == {"shot": 7}


def test_a_pair_that_the_backend_does_not_serve_is_a_configuration_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"translation\.backend is upper.*es to ta"):
        backends.plan(document(segment(1)), "ta", Upper())


def test_a_stray_segment_in_an_unserved_language_is_marked_and_does_not_stop_the_film() -> None:
    one, two = translated(document(segment(1), segment(2, "nuqneH", "tlh"))).segments
    assert one.translations["en"].text == "HOLA"
    assert two.translations["en"] == Translation("nuqneH", "upper", flags=(guards.UNSUPPORTED_LANGUAGE, guards.AS_SAID))


def test_of_two_languages_each_target_keeps_its_own_and_what_nothing_translates_stands_as_it_was_said() -> None:
    film = document(segment(1, "hello there", "en"), segment(2, "नमस्ते", "hi"), language="en")
    hindi = translated(film, "hi").segments
    assert [item.translations["hi"].text for item in hindi] == ["hello there", "नमस्ते"]
    assert [item.translations["hi"].flags for item in hindi] == [(guards.UNSUPPORTED_LANGUAGE, guards.AS_SAID), ()]
    with pytest.raises(ConfigurationError, match="en to ta"):
        backends.plan(film, "ta", Upper())


def test_a_language_that_the_user_named_is_not_refused_after_the_work_because_another_prevails() -> None:
    film = document(*(segment(number, "a long line of English", "en") for number in range(1, 21)), language="en")
    with pytest.raises(ConfigurationError, match="en to ta"):
        backends.plan(film, "ta", Upper(), ["en"])
    for mostly_english in (film, replace(film, segments=(*film.segments, segment(21, "नमस्ते", "hi")))):
        made = backends.plan(mostly_english, "hi", Upper(), ["hi", "en"])
        assert len(made.unserved) == 20 and len(made.passed_on) == len(mostly_english.segments) - 20
    # Hindi is translated into English, and was named: Marathi, which prevails, stands as it was said.
    marathi = document(segment(1, "नमस्कार मंडळी", "mr"), language="mr")
    assert backends.plan(marathi, "en", Upper(), ["hi", "mr"]).unserved == {1}


def test_a_target_that_cannot_be_made_of_a_film_of_unknown_language_does_not_cost_the_others() -> None:
    film = document(segment(1, "hello there", "en"), language="en")
    english, tamil = backends.plans(film, ["en", "ta"], Upper())
    assert english.passed_on == {1} and tamil.unserved == {1}
    with pytest.raises(ConfigurationError, match="en to ta"):
        backends.plans(film, ["ta", "hi"], Upper())
    assert backends.plans(film, [], Upper()) == []


def test_a_language_is_kept_by_whichever_of_its_codes_it_goes() -> None:
    film = document(segment(1, "kumusta", "tl"), language="tl")
    assert translated(film, "fil").segments[0].translations["fil"] == Translation("kumusta", "same language")
    assert languages.same("nb", "no") and languages.same("zh", "cmn") and not languages.same("hi", "ur")
    assert [languages.normalise(code, "here") for code in ("cmn", "arb", "swh", "zsm", "tl")] == [
        "zh", "ar", "sw", "ms", "fil",
    ]  # fmt: skip


def test_nothing_is_refused_when_nothing_needs_translation() -> None:
    assert backends.plan(document(language="und"), "ta", Upper()).pairs == frozenset()
    assert backends.plan(document(segment(1, "vanakkam", "ta"), language="ta"), "ta", Upper()).pairs == frozenset()


def test_a_line_may_be_heard_with_padding_that_never_reaches_its_neighbours() -> None:
    near = [Segment(1, 1000, 2000, "a", "es"), Segment(2, 2100, 3000, "b", "es"), Segment(3, 9000, 9500, "c", "es")]
    heard = [(line.earliest_ms, line.latest_ms) for line in backends.lines_of(document(*near))]
    assert heard == [(800, 2050), (2050, 3200), (8800, 9700)]


def test_a_line_that_overlaps_the_one_before_gets_no_padding_on_that_side() -> None:
    crossed = [Segment(1, 1000, 3000, "a", "es"), Segment(2, 2500, 4000, "b", "es")]
    assert [line.earliest_ms for line in backends.lines_of(document(*crossed))] == [800, 2500]
