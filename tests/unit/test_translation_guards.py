"""Batches, failures, loops and doubts of translation, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import MemoryShortageError, ModelError
from samvad.documents.segments import Translation
from samvad.stages.translation import backends, guards
from samvad.stages.translation.guards import Decoded

#: Words of English, far too many for their source.
THINGS = ("day", "house", "tea", "hand", "sea")
ENGLISH = tuple(f"{kind} {thing}" for kind in ("good", "old", "red", "warm") for thing in THINGS)


def decoded(text: str) -> Decoded:
    return Decoded(text, -1.0, 4)


def test_one_bad_item_costs_only_itself() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        if "bad" in items:
            raise RuntimeError("cannot")
        return [decoded(item.upper()) for item in items]

    items = ["a", "b", "bad", "c", "d"]
    results = backends.decode_guarded(items, items, [[0, 1, 2, 3], [4]], decode)
    assert [result and result.text for result in results] == ["A", "B", None, "C", "D"]


def test_a_batch_too_large_for_memory_is_halved_until_it_fits() -> None:
    sizes = []

    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        sizes.append(len(items))
        if len(items) > 2:
            raise RuntimeError("CUDA failed with error out of memory")
        return [decoded(item) for item in items]

    results = backends.decode_guarded("abcdefgh", "abcdefgh", [range(8)], decode)
    assert "".join(result.text for result in results if result) == "abcdefgh"
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


def test_too_little_memory_for_one_item_is_said_so() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        raise RuntimeError("CUDA failed with error out of memory")

    with pytest.raises(MemoryShortageError, match="batch_size"):
        backends.decode_guarded("ab", "ab", [[0, 1]], decode)


def test_a_model_that_fails_on_everything_is_an_error() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        raise ValueError("no")

    with pytest.raises(ModelError, match="everything"):
        backends.decode_guarded("ab", "ab", [[0, 1]], decode)


def test_a_loop_is_decoded_again_strictly_and_only_the_loop() -> None:
    strict = []

    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        if strictly:
            strict.extend(items)
            return [decoded("mended") for _ in items]
        return [decoded("the " * 20 if item == "x" else item) for item in items]

    results = backends.decode_guarded(["a", "x", "b"], ["a", "x", "b"], [[0, 1, 2]], decode)
    assert [result and result.text for result in results] == ["a", "mended", "b"]
    assert strict == ["x"]


def test_a_translation_that_repeats_what_its_source_repeats_is_no_loop() -> None:
    assert guards.is_loop("no, " * 8, than="I do not think so")
    assert not guards.is_loop("no, " * 8, than="nahin " * 8)
    assert guards.is_loop("no, no, no, no!", than="nahin")
    assert not guards.is_loop("no, no, no, no!", than="nahin nahin")
    assert not guards.is_loop("No, no! Very very good.", than="nahin")
    assert guards.is_loop("What shall I do? What shall I do?", than="kya karoon main")
    assert not guards.is_loop("What shall I do? What shall I do?", than="kya karoon? kya karoon?")
    assert not guards.is_loop("哈哈哈哈哈哈", than="हाहाहाहाहा")
    assert not guards.is_loop("I'm going to do it, I'm going to do it.", than="करूँगा, करूँगा!")
    assert not guards.is_loop("Don't go there, don't go there.", than="मत जा, मत जा")
    again = "I'm going to see a little bit more. " * 2
    assert guards.is_loop(again, than="yn i chi chi yw wrth gymlwyr"), "a stammer is no such sentence"


def test_a_loop_that_cannot_be_mended_is_cut_to_one_turn_and_flagged() -> None:
    made = whole([decoded("I am so sorry. " * 12)])
    assert made.text == "I am so sorry."
    assert made.flags == (guards.REPETITION,)


def test_a_loop_that_ran_into_the_limit_leaves_no_torn_end() -> None:
    assert guards.without_loops("Well, " + "I go home and " * 7 + "I go ho") == "Well, I go home and"


def whole(
    parts: Sequence[Decoded | None], duration_ms: int = 3000, target: str = "en", source: str = "buenas noches",
    names: tuple[str, ...] = (), phrases: tuple[str, ...] = (),
) -> Translation:  # fmt: skip
    line = backends.Line(1, "es", source, 0, duration_ms, 0, duration_ms, names=names)
    return guards.translation(parts, line, backend="toy", target=target, phrases=phrases)


@pytest.mark.parametrize(
    ("parts", "flags"),
    [
        ([Decoded("Good night", -1.2, 4)], ()),
        ([Decoded("Good night", -4.8, 4)], (guards.LOW_PROBABILITY,)),
        ([Decoded("Good night", -8.4, 4)], (guards.LOW_PROBABILITY, guards.GUESS)),
        ([Decoded("At 6 good night", -4.8, 4)], (guards.LOW_PROBABILITY, guards.MADE_UP)),
        ([Decoded("", -0.4, 4)], (guards.EMPTY,)),
        ([None], (guards.FAILED,)),
        ([Decoded("Good", -0.4, 4), None], (guards.INCOMPLETE,)),
        ([Decoded("नमस्ते दुनिया", -0.4, 4)], (guards.WRONG_SCRIPT,)),
        ([Decoded(" ".join(ENGLISH), -0.4, 4)], (guards.TOO_LONG, guards.LENGTH)),
        ([Decoded("Thank you.", -0.4, 4)], (guards.MADE_UP,)),
        ([Decoded("The link is in the description below.", -0.4, 4)], (guards.MADE_UP,)),
    ],
)
def test_doubts_become_flags(parts: list[Decoded | None], flags: tuple[str, ...]) -> None:
    assert whole(parts).flags == flags


def test_a_lost_name_or_a_known_phrase_is_a_doubt_and_with_another_the_translation_is_made_up() -> None:
    said = {"source": "Fui a casa con Rahul", "names": ("Rahul",)}
    assert whole([Decoded("I went home with Raahool", -0.4, 4)], **said).flags == ()
    assert whole([Decoded("I went home with him", -0.4, 4)], **said).flags == (guards.NAMES,)
    assert whole([Decoded("I went home with him", -4.8, 4)], **said).flags == (
        guards.LOW_PROBABILITY, guards.NAMES, guards.MADE_UP,
    )  # fmt: skip
    assert guards.MADE_UP in whole([Decoded("Westminster Bridge", -4.8, 4)], phrases=("westminster bridge",)).flags
    assert guards.MADE_UP not in whole([Decoded("Westminster Bridge", -0.4, 4)], phrases=("westminster bridge",)).flags


@pytest.mark.parametrize(
    ("said", "made", "fits"),
    [
        ("ब।", "Okay. No. Let's go. He will not come back.", False),
        ("हाँ।", "Yes, of course.", True),
        ("अप अप अप अप अप अप अप अप अप", "The petrol pump on that road is shut, and so is the shop.", True),
        ("我明天要去北京看我的朋友", "Tomorrow I am going to Beijing to see my friend.", True),
        ("मुझे कल सुबह दिल्ली जाना है और फिर वापस आना है।", "Okay.", False),
    ],
)
def test_a_translation_is_about_as_long_as_what_was_said_in_any_script(said: str, made: str, fits: bool) -> None:
    assert guards.is_out_of_proportion(said, made) is not fits


def test_of_a_source_that_loops_one_turn_is_shown_where_no_translation_is_fit() -> None:
    made = guards.as_said("आप भी भी भी भी भी", Translation("Thank you.", "toy", flags=(guards.MADE_UP,)))
    assert (made.text, made.flags) == ("आप भी", (guards.MADE_UP, guards.AS_SAID))


def test_the_score_is_the_mean_over_the_tokens_of_all_parts() -> None:
    made = whole([Decoded("Good", -1.0, 1), Decoded("night", -1.0, 4)])
    assert (made.text, made.score) == ("Good night", -0.4)


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(64, 1024))
def test_batches_hold_every_sentence_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = backends.token_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget for batch in batches)


@pytest.mark.parametrize(
    ("source", "made", "languages", "flagged"),
    [
        ("वह कल शाम को घर आया और उसने सबको अपनी कहानी सुनाई।", "He came home.", ("hi", "en"), True),
        ("He came home last night and told us all his story.", "वह घर आया।", ("en", "hi"), True),
        ("वह कल शाम को घर आया और उसने कहानी सुनाई।", "He came home last night and told a story.", ("hi", "en"), False),
        ("Would you please be so kind as to sit down?", "बैठ जाइए।", ("en", "ta"), False),
        ("तुम कहाँ थे?", "Where?", ("hi", "en"), False),
        ("नहीं नहीं नहीं नहीं नहीं नहीं नहीं नहीं", "No.", ("hi", "en"), False),
    ],
)  # fmt: skip
def test_a_translation_that_lacks_a_clause_is_doubted(
    source: str, made: str, languages: tuple[str, str], flagged: bool
) -> None:
    assert (guards.SAYS_LESS in guards.problems(source, made, *languages)) == flagged


@pytest.mark.parametrize(
    ("source", "made", "languages", "flagged"),
    [
        ("Pour envoyer un message vocal, appuyez sur 5.", "Pour envoyer un message appuyez sur 5", ("fr", "en"), True),
        ("La conférence n'est plus en mode discret.", "Conférence n'est plus en mode discret.", ("fr", "en"), True),
        ("Prego attendere in linea.", "Prego attendere in linea.", ("it", "en"), True),
        ("I will wait for you at home.", "I will wait for you at home.", ("en", "es"), True),
        ("Radio Nacional.", "Radio Nacional.", ("es", "en"), False),  # names, and what two languages have in common
        ("¡Hola!", "Hola!", ("es", "en"), True),
        ("Sí.", "Sí.", ("es", "en"), True),
        ("Vamos, Juan.", "Vamos, Juan.", ("es", "en"), True),
        ("Bonjour, Marie.", "Hello, Marie.", ("fr", "en"), False),
        ("Perché?", "Perché?", ("it", "es"), True),
        ("¡María!", "María!", ("es", "en"), False),  # English writes the name without its accent, as often
        ("Ayşe!", "Ayşe!", ("tr", "en"), False),  # names that English seldom has
        ("João?", "João?", ("pt", "en"), False),
        ("Piotr, Paweł!", "Piotr, Paweł!", ("pl", "en"), False),
        ("Evet.", "Evet.", ("tr", "en"), True),
        ("Vidimo se sutra kod nove škole.", "Vidimo se sutra kod nove škole.", ("bs", "hr"), False),  # one language
        ("Ja.", "Ja.", ("de", "en"), False),  # read in English as well
        ("Okay.", "Okay.", ("en", "es"), False),
        ("Tum kahan ja rahe ho?", "Tum kahan ja rahe ho?", ("hi", "en"), True),
        ("चलो चलें।", "Let's go.", ("hi", "en"), False),
        ("Chalo chalein.", "Chalo chalein.", ("hi", "en"), True),
        ("Good morning, doctor.", "Good morning, doctor.", ("hi", "en"), False),
        ("Hello Michael, Sarah, David and John.", "Hola Michael, Sarah, David y John.", ("en", "es"), False),
        ("Juan Carlos García López.", "Juan Carlos García López.", ("es", "en"), False),
        ("Das Konzert im Park.", "Das Konzert im Park.", ("de", "en"), True),  # a capital says nothing there
        ("No, no, no.", "No, no, no.", ("es", "en"), False),
        ("M-I-S-D-N.", "M-I-S-D-N.", ("fr", "en"), False),
        ("Thank you for that.", "Thank you for that.", ("es", "en"), False),  # it was said in English
        ("Er du sikker?", "Er du sikker?", ("da", "nb"), False),
        ("Appuyez sur cinq.", "Press five.", ("fr", "en"), False),
        ("मैं घर जा रहा हूँ।", "I am going home.", ("hi", "en"), False),
    ],
)  # fmt: skip
def test_what_was_said_is_no_translation_of_itself(
    source: str, made: str, languages: tuple[str, str], flagged: bool
) -> None:
    assert (guards.UNTRANSLATED in guards.problems(source, made, *languages)) == flagged


@pytest.mark.parametrize(
    ("source", "made", "flagged"),
    [
        ("तुम कहाँ जा रहे हो?", "Tum kahan ja rahe ho?", True),
        ("ॐ नमः शिवाय।", "Om namah shivay.", True),
        ("चलो चलें।", "Let's go.", False),
        ("राज, सिमरन, अमर!", "Raj, Simran, Amar!", False),
        ("दिलवाले दुल्हनिया देखी?", "Seen Dilwale Dulhania?", False),
        ("समोसे, पकौड़े और चाय लाओ।", "Bring samosas, pakoras and tea.", False),
    ],
)
def test_letters_of_english_are_no_english_and_are_shown_with_a_doubt(source: str, made: str, flagged: bool) -> None:
    found = guards.problems(source, made, "hi", "en")
    assert (guards.NOT_ENGLISH in found) == flagged
    assert not guards.UNFIT & found


def test_what_is_passed_or_had_is_not_near() -> None:
    assert guards.NEGATION in guards.problems("It is not far from here.", "यह मेरे पास है।", "en", "hi")
    assert guards.NEGATION not in guards.problems("It is not far from here.", "यह यहाँ से पास ही है।", "en", "hi")
