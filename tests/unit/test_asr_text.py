"""What recognition does to text: scripts, prompts, second attempts, Latin letters, speakers, memory."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from samvad.core.errors import MemoryShortageError, SamvadError
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.stages.asr import memory, prompts, retries, speakers, transcripts, units, windows
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord
from samvad.stages.asr.memory import OutOfMemoryFallback, Setting
from samvad.stages.asr.regions import Region
from samvad.stages.asr.speakers import Turn
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import scripts

DEVANAGARI = frozenset({"Deva"})

# -- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("यह क़िला ॐ है। 100 %, “ज़रूर”!", True),
        (" है", True),
        ("...", True),
        ("\u200d", True),
        ("hello", False),
        (" café", False),
        ("ہے", False),
        ("হয়", False),
        ("ਹੈ", False),
        ("да", False),
        ("日本", False),
    ],
)
def test_a_token_is_judged_by_its_letters(text, written):
    assert scripts.writes(text.encode(), DEVANAGARI) is written


def test_half_a_letter_is_allowed_where_the_other_half_can_make_it_devanagari():
    assert scripts.writes(b"\xe0\xa4", DEVANAGARI) and scripts.writes(b"\xe0", DEVANAGARI)
    assert scripts.writes(b"\x95", DEVANAGARI), "what comes first decides"
    assert not scripts.writes(b"\xe0\xa8", DEVANAGARI), "all that begins so is Gurmukhi"
    assert not scripts.writes(b"\xd8", DEVANAGARI), "all that begins so is Arabic"
    assert scripts.writes(b"\xe2\x80", DEVANAGARI), "dashes and quotation marks begin so"
    assert not scripts.writes(b"\xff", DEVANAGARI)


def vocabulary(*pieces: bytes) -> dict[str, int]:
    """Return a byte-level vocabulary as Whisper's tokenizer has it."""
    shown = dict(scripts.byte_characters())
    return {"<|hi|>": 0, **{"".join(shown[byte] for byte in piece): n for n, piece in enumerate(pieces, start=1)}}


def test_a_byte_that_can_only_lead_elsewhere_is_shut_out():
    pairs = (b"\xe0\xa4", b"\xe0\xa5", b"\xea\xa3")
    assert scripts.suppressed_tokens(vocabulary(*pairs, b"\xe0", b" a"), DEVANAGARI) == [4, 5]
    assert scripts.suppressed_tokens(vocabulary(b"\xe0\xa4", b"\xe0", b" a"), DEVANAGARI) == [3]
    assert scripts.suppressed_tokens(vocabulary(*pairs, b"\xe0", b" a"), frozenset()) == []


@pytest.mark.parametrize(
    ("language", "setting", "allowed"),
    [
        ("hi", "native", {"Deva"}),
        ("hi", "native_latin", {"Deva", "Latn"}),
        ("hi", "latin", {"Latn"}),
        ("hi", "any", set()),
        ("ja", "native", {"Jpan", "Hani"}),
        ("en", "native", {"Latn"}),
        ("sr", "native", {"Cyrl", "Latn"}),
    ],
)
def test_the_setting_says_which_scripts_a_language_may_have(language, setting, allowed):
    assert scripts.allowed_scripts(language, setting) == allowed


# -- Latin letters ----------------------------------------------------------------------------------------------------


def test_the_roman_track_has_a_cue_for_each_segment(tmp_path):
    made = tuple(
        Segment(number, start, start + 900, text, "hi")
        for number, (start, text) in enumerate([(0, "क्या हुआ?"), (1000, "OK.")], start=1)
    )
    document = transcripts.with_roman(SegmentsDocument("hi", 5000, made))
    assert [segment.extra for segment in document.segments] == [{"roman": "kya hua?"}, {}]
    transcripts.write_roman_srt(tmp_path / "a.srt", document)
    assert (tmp_path / "a.srt").read_text("utf-8") == (
        "1\n00:00:00,000 --> 00:00:00,900\nkya hua?\n\n2\n00:00:01,000 --> 00:00:01,900\nOK.\n"
    )


# -- prompts ----------------------------------------------------------------------------------------------------------


def test_a_prompt_has_the_terms_of_the_texts_own_script(tmp_path):
    path = tmp_path / "prompt_terms.json"
    path.write_text(
        json.dumps({"schema_version": "1.0", "terms": ["Rahul", "राहुल", " Rahul ", "  मीरा   देवी "]}), "utf-8"
    )
    terms = prompts.read_terms(path)
    assert terms == ["Rahul", "राहुल", "मीरा देवी"]
    assert prompts.prompt(terms, "hi", "native") == "राहुल, मीरा देवी."
    assert prompts.prompt(terms, "hi", "native_latin") == "Rahul, राहुल, मीरा देवी."
    assert prompts.prompt(["राहुल"], "en", "native") == ""
    assert len(prompts.prompt([f"Name{number}" for number in range(1000)], "en", "native")) <= 301


@pytest.mark.parametrize("content", ["[", "{}", '{"terms": "Rahul"}', '{"terms": [1]}'])
def test_a_broken_list_of_terms_is_named(tmp_path, content):
    path = tmp_path / "prompt_terms.json"
    path.write_text(content)
    with pytest.raises(SamvadError, match=r"prompt_terms\.json is not"):
        prompts.read_terms(path)


def test_a_prompt_that_comes_back_as_text_is_noticed():
    terms = ["Priya", "Rahul", "Mumbai", "Madrid", "Delhi"]
    assert prompts.leaks("Priya, Rahul, Mumbai, Madrid.", terms)
    assert prompts.leaks("Yes. Rahul, Mumbai, Madrid, Delhi", terms)
    assert not prompts.leaks("Priya and Rahul went to Mumbai, then to Madrid.", terms)
    assert not prompts.leaks("", terms) and not prompts.leaks("Priya", [])


# -- second attempts ---------------------------------------------------------------------------------------------------

SPEECH = (Region(0, 4_000, "en"), Region(5_000, 9_000, "en"))
LOOP = "I've got a little bit of helmet " * 8


def chunk(text: str, logprob: float = -0.3, speech: tuple[Region, ...] = SPEECH, silent: float = 0.1, **more) -> Chunk:
    window = windows.packed(speech)[0]
    figures = {"avg_logprob": logprob, "no_speech_prob": silent, "compression_ratio": 1.0, "temperature": 0.0}
    return Chunk(window.start_ms, window.end_ms, "en", text, (), figures, window, tokens=10, **more)


def retrier(decode=None, attempts: int = 4) -> retries.Retrier:
    return retries.Retrier(
        decode or (lambda found, strategy: []), None, "native", ["Asha", "Dev", "Ila", "Om"], attempts
    )


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (chunk("Good morning, Rahul."), []),
        (chunk("No, no, no, no!"), []),
        (chunk(LOOP), ["loop"]),
        (chunk("आपाशाशाशाशाशाशाशाशाशाशाशाशाशाशाशाशा", -0.1), ["loop", "other script"]),
        (chunk("mumble", -1.4), ["low probability"]),
        (chunk("mumble", -1.4, silent=0.9), []),
        (chunk(""), ["nothing heard"]),
        (chunk("", silent=0.9), []),
        (chunk("", speech=(Region(0, 900, "en"),)), []),
        (chunk("and then", cut_off=True), ["cut off"]),
        (chunk("Asha, Dev, Ila, Om."), ["prompt repeated"]),
        (chunk("भी भी भी भी भी", -0.9), ["loop", "other script"]),
        (chunk("Ram Ram Ram Ram Ram"), []),
        (chunk("Nooooooo!"), []),
        (chunk("No, no, no, no!", -0.9), ["loop"]),
        (chunk("1. 1. 1."), ["no words"]),
        (chunk("7."), ["no words"]),
        (chunk("7.", speech=(Region(0, 900, "en"),)), []),
        (chunk("It is 7."), []),
        (chunk("laशाशाशाशा", silent=0.5), ["loop", "other script"]),
        (chunk("Hmmm.", -0.9), []),
        (chunk("Mmmmmmmmm.", -0.9), ["loop"]),
        (chunk("Yes yes yes yes", decoded_again=DecodedAgain(("loop",), "smaller windows", 1)), ["loop"]),
        (chunk("Banana, banana."), []),
        (chunk("अचाभाभाभा भाभा भाशाभाशाभाभाशाशाशाशेशाशाशा शाशाशाभाशेशा"), ["loop", "other script"]),
        (chunk("We will go there and see, and then " + "we wait for him, " * 4), ["loop"]),
    ],
    ids=range(26),
)
def test_what_is_wrong_with_a_text_is_told(found, faults):
    assert retrier().faults(found) == faults


def test_a_chorus_may_repeat_itself():
    sung = (Region(0, 9_000, "en", sung=True),)
    assert retrier().faults(chunk("la la la love me do, " * 5, speech=sung)) == []
    assert retrier().faults(chunk("la " * 60, speech=sung)) == ["loop"]


def test_what_loops_is_decoded_again_in_smaller_windows_and_the_reason_kept():
    strategies = []

    def decode(found, strategy):
        strategies.append(strategy.name)
        return [
            replace(
                chunk(f"Words {window.speech[0].start_ms}."),
                window=window,
                start_ms=window.start_ms,
                end_ms=window.end_ms,
            )
            for window in found
        ]

    good = replace(chunk("All is well."), start_ms=20_000, end_ms=21_000)
    mended = retrier(decode).repair([good, chunk(LOOP)])
    assert [item.text for item in mended] == ["Words 0.", "Words 5000.", "All is well."]
    assert strategies == ["smaller windows"]
    assert mended[0].decoded_again == DecodedAgain(("loop",), "smaller windows", 1)
    assert mended[2].decoded_again is None


def test_a_window_with_little_speech_is_not_decoded_again_in_the_same_manner():
    decoded = []

    def decode(found, strategy):
        decoded.extend(strategy.name for _ in found)
        return [replace(chunk("Words.", speech=window.speech), window=window) for window in found]

    mended = retrier(decode).repair([chunk(LOOP, speech=(Region(0, 2_000, "en"),))])
    assert decoded == ["no phrase twice"]
    assert mended[0].decoded_again == DecodedAgain(("loop",), "no phrase twice", 1)


HINDI = (Region(0, 5_000, "hi"), Region(5_600, 10_000, "hi"))


def hindi(text: str, window: Window) -> Chunk:
    return replace(chunk(text, speech=window.speech), language=window.language, window=window)


def test_hindi_that_loops_is_heard_as_urdu_before_it_is_cut_and_stays_hindi():
    heard = []

    def decode(found, strategy):
        heard.extend((strategy.name, window.language, window.stretches) for window in found)
        return [hindi("ہم کبھی وہاں نہیں گئے", window) for window in found]

    window = windows.packed(HINDI)[0]
    (mended,) = retrier(decode).repair([hindi("आजाद " * 20, window)])
    assert heard == [("heard as a related language", "ur", window.stretches)]
    assert mended.text == "ہم کبھی وہاں نہیں گئے"
    assert mended.language == "hi" and mended.window == window
    assert mended.decoded_again == DecodedAgain(("loop",), "heard as a related language", 1)
    heard.clear()
    replace(retrier(decode), script="any").repair([hindi("आजाद " * 20, window)])
    assert {language for _, language, _ in heard} == {"hi"}, "Urdu's letters would stay"


@pytest.mark.parametrize(
    ("text", "logprob", "as_urdu", "kept"),
    [
        ("Urmi usthi prasani samasthi thi", -0.87, -0.4, "ur"),
        ("Today is the day of Eid", -0.88, -0.5, "ur"),
        ("Urmi usthi prasani samasthi thi", -0.87, -0.95, "hi"),
        ("the child almost hurt the small dog", -0.3, None, "hi"),
        ("اس کی پریسانی سمجھتی تھی", -0.87, None, "hi"),
    ],
    ids=["in Latin letters", "translated", "no surer as Urdu", "surely English", "in Urdu's letters"],
)
def test_hindi_that_is_doubted_in_other_letters_is_heard_as_urdu_and_the_surer_text_kept(text, logprob, as_urdu, kept):
    def decode(found, strategy):
        assert as_urdu is not None, "nothing to be heard again"
        assert {(strategy.name, window.language) for window in found} == {("heard as a related language", "ur")}
        return [said("اُرمی اس کی پریسانی سمجھتی تھی", as_urdu, window) for window in found]

    def said(words, mean, window):
        found = hindi(words, window)
        return replace(found, decoding={**found.decoding, "avg_logprob": mean})

    window = windows.packed(HINDI)[0]
    (found,) = retrier(decode).repair([said(text, logprob, window)])
    assert found.text == ("اُرمی اس کی پریسانی سمجھتی تھی" if kept == "ur" else text)
    assert found.language == "hi" and found.window == window
    tried = DecodedAgain(
        ("low probability in these letters",),
        "heard as a related language" if kept == "ur" else "the first attempt",
        1,
    )
    assert found.decoded_again == (None if as_urdu is None else tried)
    assert retrier(None, attempts=0).repair([said(text, logprob, window)])[0].text == text
    (other,) = replace(retrier(None), script="any").repair([said(text, logprob, window)])
    assert other.text == text, "Urdu's letters would stay"


def test_english_that_was_said_is_not_spelled_in_urdu_with_the_doubted_hindi_beside_it():
    def said(words, window):
        found = hindi(words, window)
        return replace(found, language=window.language, decoding={**found.decoding, "avg_logprob": -0.9})

    def decode(found, strategy):
        heard.extend(window.speech for window in found)
        surer = {**chunk("").decoding, "avg_logprob": -0.4}
        return [replace(hindi("اُرمی اس کی پریسانی سمجھتی تھی", window), decoding=surer) for window in found]

    heard = []
    first, after = (windows.packed([region])[0] for region in HINDI)
    after = replace(after, speech=tuple(replace(region, language="en") for region in after.speech))
    parted = [said("Urmi usthi prasani samasthi thi", first), said("Please enter it.", after)]
    whole = said("Urmi usthi prasani samasthi thi. Please enter it.", windows.packed(HINDI)[0])
    found = replace(retrier(decode), as_said=lambda _: parted).repair([whole])
    assert [one.text for one in found] == ["اُرمی اس کی پریسانی سمجھتی تھی", "Please enter it."]
    assert [[region.start_ms for region in speech] for speech in heard] == [[0]]


def test_of_a_siren_that_is_taken_for_singing_no_longer_loop_is_kept():
    def decode(found, strategy):
        as_urdu = strategy.name == "heard as a related language"
        surer = {"avg_logprob": -0.1, "no_speech_prob": 0.0, "compression_ratio": 1.0, "temperature": 0.0}
        texts = [hindi("وو " * 115 if as_urdu else "वो " * 30, window) for window in found]
        return [replace(text, decoding=surer) if as_urdu else text for text in texts]

    sung = windows.packed([replace(region, sung=True) for region in HINDI])[0]
    found = retrier(decode).repair([hindi("वो " * 30, sung)])
    assert all("وو" not in item.text for item in found)


def test_each_window_is_heard_as_urdu_once_and_a_text_that_loops_too_is_not_taken():
    heard = []

    def decode(found, strategy):
        heard.extend((strategy.name, window.language, window.start_ms) for window in found)
        whole = len(found) == 1 and strategy.name == "heard as a related language"
        return [
            hindi("پڑھا " * 20 if whole or window.start_ms else "ہم کبھی وہاں نہیں گئے", window) for window in found
        ]

    found = retrier(decode).repair([hindi("आजाद " * 20, windows.packed(HINDI)[0])])
    as_urdu = [item for item in heard if item[1] == "ur"]
    assert len(as_urdu) == len(set(as_urdu)) == 2, "the whole, and the part that still loops"
    assert found[0].text == "ہم کبھی وہاں نہیں گئے" and found[0].decoded_again.kept == "smaller windows"
    assert {item.language for item in found} == {"hi"}


def test_long_hindi_windows_are_decoded_with_timestamps_by_themselves_as_long_as_phrases_may_come_again():
    long, brief = (windows.packed([Region(0, length_ms, "hi")])[0] for length_ms in (12_000, 4_000))
    english = windows.packed([Region(0, 12_000, "en")])[0]
    found = units.of([long, brief, brief, long, long], 2, 2)
    assert found == [(long,), (brief,), (long,), (brief,), (long,)], "none holds both"
    assert [units.measured(DecodingStrategy(), unit).timed for unit in found] == [True, False, True, False, True]
    assert not units.measured(DecodingStrategy(forbid_repeats=True), found[0]).timed
    assert not units.measured(DecodingStrategy(), (english,)).timed
    assert units.of([english, english], 8, 2) == [(english,), (english,)]


def test_what_is_decoded_together_is_the_same_however_many_batches_are_given_at_a_time():
    found = [windows.packed([Region(0, length_ms, "hi")])[0] for length_ms in range(12_000, 2_000, -500)]
    at_once, one_by_one = units.of(found, 8, 2), [units.of(found[first : first + 8], 8, 2) for first in (0, 8, 16)]
    assert at_once == [unit for batch in one_by_one for unit in batch]


def test_a_faulty_text_is_decoded_without_its_prompt_first():
    def decode(found, strategy):
        assert (strategy.name, strategy.prompt) == ("no prompt", "")
        return [replace(chunk("Words."), window=window) for window in found]

    good = chunk("All is well.")
    assert retrier(decode).unprompted([good, chunk(LOOP)])[0] is good
    (mended,) = retrier(decode).unprompted([chunk(LOOP)])
    assert mended.text == "Words." and mended.decoded_again == DecodedAgain(("loop",), "no prompt", 1)
    assert retrier(None, attempts=0).unprompted([chunk(LOOP)]) == [chunk(LOOP)]


def test_a_worse_text_is_not_taken_and_tries_end():
    tried = []

    def decode(found, strategy):
        tried.append(strategy.name)
        return [replace(chunk(LOOP + "and worse", -2.0), window=window) for window in found]

    (kept,) = retrier(decode, attempts=3).repair([chunk(LOOP)])
    assert kept.text == LOOP
    assert tried == [strategy.name for strategy in retries.STRATEGIES[:3]]
    assert kept.decoded_again == DecodedAgain(("loop",), "the first attempt", 3)


@pytest.mark.parametrize("rounds", [30, 8], ids=["nearly all of the text", "a part of it"])
def test_a_try_that_loses_words_is_not_taken_and_the_loop_is_cut_out_of_what_stays(rounds):
    said = ["we", "should", "look", "at", "the", "first", "design", "again", "before", "we", "go", "home"]
    spoken = enumerate([*said, *["yeah"] * rounds])
    words = tuple(RawWord(f" {word}", 300 * n, 300 * n + 250, 0.9) for n, word in spoken)

    def decode(found, strategy):
        return [replace(chunk("So, shall", -0.1), window=window) for window in found]

    looped = replace(chunk("".join(word.text for word in words).strip()), words=words)
    (kept,) = retrier(decode).repair([looped])
    assert kept.text == " ".join([*said, "yeah"])
    assert kept.decoded_again == DecodedAgain(("loop",), "the first attempt, without its loop", 4)


def spoken(text: str, word_ms: int = 300) -> Chunk:
    """Return a chunk whose words take so long each."""
    words = tuple(RawWord(f" {word}", word_ms * n, word_ms * (n + 1), 0.9) for n, word in enumerate(text.split()))
    return replace(chunk(text), words=words)


THEN_HOME = "I only want to go back home to my mother and my sister now."
HELP = "मुझे छोड़ दो, " * 4 + "मैं अपनी माँ और बहन के पास घर जाना चाहती हूँ, और कहीं नहीं।"


@pytest.mark.parametrize(
    ("text", "word_ms", "kept"),
    [
        ("Please, please, please, please, " + THEN_HOME, 300, None),
        ("Run away, run away, run away, run away, run away, " + THEN_HOME, 300, None),
        (HELP, 300, None),
        ("Please, please, please, please, " + THEN_HOME, 20, "Please, " + THEN_HOME),
        ("Please, please, please, please, please, please, " + THEN_HOME, 300, "Please, " + THEN_HOME),
        ("No, no, no, no! We must go " + "yeah " * 20, 300, "No, no, no, no! We must go yeah"),
        ("We must go now, no, no, " + "yeah " * 20 + "no, no.", 300, "We must go now, no, no, yeah no, no."),
    ],
    ids=["four", "five", "Hindi", "no time for it", "six", "a short one beside a loop", "words on both sides"],
)
def test_who_says_a_thing_a_few_times_has_said_it_where_no_try_says_less(text, word_ms, kept):
    def decode(found, strategy):
        return [replace(chunk(""), window=window) for window in found]

    said = spoken(text.strip(), word_ms)
    mended = retrier(decode)
    (left,) = replace(mended, script="any").repair([said])
    assert left.text == (kept or text)
    taken = sum(item.words for item in mended.account.taken)
    assert len(left.words) + taken == len(said.words) and bool(taken) == bool(kept), "each word is accounted for"


def test_who_says_a_thing_a_few_times_is_not_heard_again_for_it_but_rounds_in_no_time_are():
    """Decoded without any phrase twice, five rounds are three."""
    tried = []

    def decode(found, strategy):
        tried.append(strategy.name)
        return [replace(chunk("Run away, run away. " + THEN_HOME), window=window) for window in found]

    said = spoken("Run away, run away, run away, run away, run away, " + THEN_HOME)
    assert retrier(decode).repair([said]) == [said] and not tried
    in_no_time = tuple(
        replace(word, start_ms=1_800, end_ms=1_800 if n < 9 else 3_000) if 6 <= n < 10 else word
        for n, word in enumerate(said.words)
    )
    assert retrier(decode).repair([replace(said, words=in_no_time)])[0].text.startswith("Run away, run away. I")


@pytest.mark.parametrize(
    "looped",
    [
        "All people are born free, equal in rights and in duties, too. " * 3,
        "All people are born free and of equal dignity, are of equal dignity, people are born equal, " * 2,
    ],
    ids=["the same rounds", "other rounds of the same words"],
)
def test_what_a_loop_says_again_makes_no_try_poorer(looped):
    parts = iter(["All people are born free,", "and equal in their rights."])

    def decode(found, strategy):
        return [replace(chunk(next(parts), -0.4, speech=window.speech), window=window) for window in found]

    assert retrier().faults(chunk(looped)) == ["loop"]
    mended = retrier(decode).repair([chunk(looped)])
    assert [item.text for item in mended] == ["All people are born free,", "and equal in their rights."]
    assert [item.decoded_again.kept for item in mended] == ["smaller windows"] * 2


def test_a_try_with_all_that_was_said_again_is_no_poorer_for_its_few_different_words():
    said = "Number 9 9 9 2 2 5 5, run away, run away, run away from the dragon."

    def decode(found, strategy):
        return [replace(chunk(said, speech=window.speech), window=window) for window in found]

    looped = "My number is nine two five, run away from the dragon. " + "Run away! " * 20
    (mended,) = retrier(decode).repair([chunk(looped, speech=(Region(0, 2_000, "en"),))])
    assert mended.text == said


def test_a_part_that_is_good_is_taken_though_the_other_loops():
    good = "the school was open to us and to our friends."

    def decode(found, strategy):
        texts = [good if window.start_ms else "now " + "chu" * 60 for window in found]
        return [replace(chunk(text, speech=one.speech), window=one) for text, one in zip(texts, found, strict=True)]

    looped = chunk("the schools were opened for us, then for friends, for us the schools were opened, for us, " * 3)
    mended = retrier(decode).repair([looped])
    assert mended[-1].text == good and mended[-1].decoded_again.kept == "smaller windows"


@pytest.mark.parametrize("text", ["9. 9. 9. 9.", "10.8", "100 ~]", "भी भी भी भी"])
def test_remains_of_loops_that_no_try_mends_are_not_kept(text):
    def decode(found, strategy):
        return [replace(chunk(text, -0.9), window=window) for window in found]

    kept = replace(retrier(decode), script="any").repair([chunk(text, -0.9)])
    assert [(item.text, item.words) for item in kept if item.text or item.words] == []


def test_without_tries_nothing_is_decoded_again():
    def decode(found, strategy):
        raise AssertionError("not asked for")

    (kept,) = retrier(decode, attempts=0).repair([chunk(LOOP)])
    assert kept.text == LOOP and kept.decoded_again.reasons == ("loop",)


# -- speakers ---------------------------------------------------------------------------------------------------------


def test_a_segment_belongs_to_whoever_speaks_most_of_its_words():
    def said(number: int, start: int, end: int) -> Segment:
        return Segment(number, start, end, "x", "en", (Word(start, end, "x"),))

    turns = [Turn(0, 5_000, "A"), Turn(5_000, 9_000, "B"), Turn(20_000, 20_100, "A")]
    segments = [said(1, 100, 4_000), said(2, 4_000, 8_000), said(3, 12_000, 13_000), said(4, 20_000, 21_000)]
    assert [segment.speaker for segment in speakers.assign(segments, turns)] == ["A", "B", None, None]


# -- memory -----------------------------------------------------------------------------------------------------------


class Loaded(Setting):
    """Stands where the engine is."""

    def close(self) -> None:
        """Let nothing go."""


def loading(full: set[str], log: list[str]):
    """Stand where the engine is loaded: device and number type that are in ``full`` do not fit."""

    def load(setting: Setting):
        log.append(str(setting))
        if f"{setting.compute_type} {setting.device}" in full:
            raise RuntimeError("CUDA failed with error out of memory")
        return Loaded(setting.device, setting.compute_type, setting.batch_size)

    return load


def test_when_memory_runs_out_the_batch_shrinks_then_the_numbers_then_the_device_changes():
    told: list[str] = []
    fallback = OutOfMemoryFallback(loading(set(), []), Setting("cuda", "float16", 4), told.append)

    def work(batch):
        if fallback.engine.device == "cuda":
            raise RuntimeError("CUDA failed with error out of memory")
        return [item * 10 for item in batch]

    assert list(fallback.map(work, [1, 2, 3, 4, 5])) == [10, 20, 30, 40, 50]
    assert fallback.setting == Setting("cpu", "int8", 4)
    assert [line.split("going on with ")[1] for line in told] == [
        "float16 on cuda, 2 at once.",
        "float16 on cuda, 1 at once.",
        "int8_float16 on cuda, 1 at once.",
        "int8 on cpu, 4 at once.",
    ]


def test_no_window_is_lost_or_doubled_when_the_batch_shrinks():
    fallback = OutOfMemoryFallback(loading(set(), []), Setting("cpu", "int8", 8), lambda line: None)

    def work(batch):
        if len(batch) > 3:
            raise MemoryError
        return list(batch)

    assert list(fallback.map(work, range(21))) == list(range(21))
    assert fallback.setting.batch_size == 2


def test_weights_that_do_not_fit_are_loaded_smaller():
    log: list[str] = []
    fallback = OutOfMemoryFallback(
        loading({"float16 cuda", "int8_float16 cuda"}, log), Setting("cuda", "float16", 2), log.append
    )
    assert fallback.setting.device == "cpu"


def test_when_nothing_is_left_the_error_says_what_to_do():
    fallback = OutOfMemoryFallback(loading(set(), []), Setting("cpu", "int8", 1), lambda line: None)

    def work(batch):
        raise RuntimeError("std::bad_alloc")

    with pytest.raises(MemoryShortageError, match=r"int8 on cpu, 1 at once.*smaller asr\.model"):
        list(fallback.map(work, [1]))


def test_another_failure_is_no_shortage_of_memory():
    fallback = OutOfMemoryFallback(loading(set(), []), Setting("cpu", "int8", 8), lambda line: None)

    def work(batch):
        raise RuntimeError("the sound is broken")

    with pytest.raises(RuntimeError, match="the sound is broken"):
        list(fallback.map(work, [1]))


def test_the_batch_follows_the_free_memory(tmp_path, monkeypatch):
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"0" * (10 << 20))
    for free, size in ((100_000, 8), (400, 5), (20, 1), (None, 8)):
        monkeypatch.setattr(memory, "free_mb", lambda device, free=free: free)
        assert memory.batch_size("auto", "cpu", weights) == size
    assert memory.batch_size("3", "cpu", weights) == 3


def test_the_machines_free_memory_is_measured():
    assert (memory.free_mb("cpu") or 0) > 10
