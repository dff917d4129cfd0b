"""Stage 08 with a toy IndicTrans2 that a fixture trains."""

from __future__ import annotations

import itertools
import json
import signal
from dataclasses import replace
from pathlib import Path

import support
from samvad.documents.segments import Translation
from translating import (
    hindi,
    in_environment,
    indictrans2,
    job_with,
    metrics,
    translate,
    translate_until,
    translations,
)


def test_indictrans2_translates_sentence_by_sentence_from_any_script(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    made = hindi("राम लाल किताब देखता है। सीता घर चाहता है?", "મોહન નયા ઘર બેચતા હૈ.", "...", "raam kitaab dekhta hai")
    gujarati = replace(made.segments[1], language="gu", text="રામ લાલ કિતાબ દેખતા હૈ ।")
    document = replace(made, segments=(made.segments[0], gujarati, *made.segments[2:]))
    entry = {"term": "किताब", "target": "volume", "alternatives": [], "context": "", "notes": "", "source": "user"}
    job = job_with(tmp_path, document, silence, {"schema_version": "1.0", "entries": [entry], "conflicts": []})
    done = translate(job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    first, second, third, fourth = translations(job)
    assert first is not None and second is not None and fourth is not None
    assert first.text == "Ram sees the red volume. Sita wants the house?"
    assert first.flags == ()
    assert first.backend == "indictrans2"
    assert second.text == "Ram sees the red book."
    assert third == Translation("...", "indictrans2")
    assert "source in Latin letters" in fourth.flags
    assert (metrics(job)["glossary_terms_en"], metrics(job)["glossary_terms_kept_en"]) == (1, 1)
    used = (job / "08_translation" / "terms.tsv").read_text("utf-8").splitlines()
    assert used == ["segment\ttarget\tterm\tsaid\twanted\thow", "1\ten\tकिताब\tकिताब\tvolume\tplaceholder"]
    assert support.manifest_of(job, "translation")["software"]["models"][0]["checksum"].startswith("sha256:")


def test_indictrans2_writes_the_script_of_the_target(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("Ram sees the red book.", language="en"), silence)
    done = translate(job, "--targets", "hi", "bn", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    found = [translations(job, target)[0] for target in ("hi", "bn")]
    assert [item.text for item in found if item] == ["राम लाल किताब देखता है।", "রাম লাল কিতাব দেখতা হৈ।"]


def test_a_segment_longer_than_the_model_takes_is_translated_in_full(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    sentences, no_stop = "राम लाल किताब देखता है। " * 40, "राम लाल किताब देखता है " * 60
    job = job_with(tmp_path, hindi(sentences, no_stop), silence)
    done = translate(job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    many, one = translations(job)
    assert many is not None and many.text == " ".join(["Ram sees the red book."] * 40)
    # The toy never saw so long a sentence, and its words mean nothing; but both halves went through it.
    assert one is not None and one.text and not {"failed", "incomplete"} & set(one.flags)


def test_the_result_is_the_same_whatever_the_batches(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    texts = [f"{who} {what} देखता है।" for who in ("राम", "सीता", "रानी") for what in ("नया घर", "पानी", "बड़ा चाँद")]
    found = []
    for size in (1, 8):
        folder = tmp_path / str(size)
        folder.mkdir()
        job = job_with(folder, hindi(*texts), silence)
        options = ["--indictrans2-dir", toy_models, "--batch-size", size]
        assert translate(job, "--targets", "en", "--backend", "indictrans2", *options).returncode == 0
        found.append([item.text for item in translations(job) if item])
    assert found[0] == found[1]
    assert found[0][0] == "Ram sees the new house."


def test_a_direction_without_a_model_is_an_error_that_says_where_to_get_it(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "ta", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 4
    assert "ai4bharat/indictrans2-indic-indic-dist-320M" in done.stderr


def test_without_a_folder_of_models_the_key_is_named(tmp_path: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "en", "--backend", "indictrans2")
    assert done.returncode == 2
    assert "translation.indictrans2_dir" in done.stderr


_COMPARE = """
import json, sys
from IndicTransToolkit.processor import IndicProcessor
from samvad.text.languages import INDICTRANS2
from samvad.text import indic as indic_text
processor = IndicProcessor(inference=False)
for code, text in json.loads(sys.argv[1]).items():
    theirs = processor.preprocess_batch([text], INDICTRANS2[code], "eng_Latn")[0].split(" ", 2)[2]
    ours = indic_text.prepare(text, code, INDICTRANS2[code])
    if ours != theirs:
        print(code, repr(ours), repr(theirs))
"""
_TEXTS = {
    "as": "তুমি কেনে আছা? ভাল।",
    "bn": "তুমি কেমন আছো? ১২টা।",
    "en": "Where's “Mr. Sharma”, Raúl? It's 10% (or more) – at 9:30 p.m…",
    "gu": "તમે કેમ છો? હું ૫ વાગે આવીશ.",
    "hi": "उसने कहा: “मैं १२३ रुपये दूँगा” – (कभी नहीं) ! ठीक है.चलो, घर चलते हैं।",
    "kn": "ನೀವು ಹೇಗಿದ್ದೀರಿ?",
    "kok": "तूं कसो आसा?",
    "ks": "تۄہیہ چھِو وارے؟",
    "mai": "अहाँ केना छी?",
    "ml": "സുഖമാണോ?",
    "mni": "ꯅꯍꯥꯛ ꯀꯔꯝ?",
    "mr": "तू कसा आहेस?",
    "ne": "तिमी कस्तो छौ?",
    "or": "ଆପଣ କେମିତି ଅଛନ୍ତି?",
    "pa": "ਤੁਸੀਂ ਕਿਵੇਂ ਹੋ? ਘਰ।",
    "sa": "भवान् कथम् अस्ति?",
    "sat": "ᱟᱢ ᱪᱮᱫ ᱞᱮᱠᱟ ᱢᱮᱱᱟᱢᱟ?",
    "sd": "توهان ڪيئن آهيو؟",
    "ta": "நீ எங்கே போகிறாய்? வீட்டுக்கு.",
    "te": "మీరు ఎలా ఉన్నారు?",
    "ur": "آپ کیسے ہیں؟ ٹھیک۔",
}


def test_text_is_prepared_as_the_model_s_own_toolkit_prepares_it() -> None:
    done = in_environment("-c", _COMPARE, json.dumps(_TEXTS))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_sentence_over_two_segments_comes_out_whole(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("राम लाल", "किताब देखता है।", "सीता घर चाहता है?"), silence)
    done = translate(job, "--targets", "en", *indictrans2(toy_models))
    assert done.returncode == 0, done.stderr
    found = [item.text for item in translations(job) if item]
    assert len(found) == 3
    assert all(found)
    assert " ".join(found) == "Ram sees the red book. Sita wants the house?"


def test_many_targets_load_each_model_once(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("Ram sees the red book.", language="en"), silence)
    done = translate(job, "--targets", "hi", "bn", "gu", *indictrans2(toy_models))
    assert done.returncode == 0, done.stderr
    assert len(support.manifest_of(job, "translation")["software"]["models"]) == 1
    written = {path.name for path in (job / "08_translation").glob("transcript_*.txt")}
    assert written == {"transcript_hi.txt", "transcript_bn.txt", "transcript_gu.txt"}


def test_the_result_is_the_same_under_any_hash_seed(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    found = []
    for seed in ("1", "77"):
        folder = tmp_path / seed
        folder.mkdir()
        job = job_with(folder, hindi("राम 10:30 a@b.in देखता है।", "मोहन नया घर देखता है।"), silence)
        done = support.run_script(
            "translation", "--job-folder", job, "--film", "test", "--threads", "1",
            "--demux", job / "01_demux" / "manifest.json", "--asr", job / "04_asr" / "manifest.json",
            "--segments", job / "04_asr" / "manifest.json", "--targets", "en", *indictrans2(toy_models),
            "--memory-file", "none", env={"PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append((job / "08_translation" / "segments.json").read_bytes())
    assert found[0] == found[1]
    assert b"a@b.in" in found[0]


def test_a_translation_that_is_killed_at_nine_tenths_costs_the_tenth(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    """It gives the same bytes as one that was not killed, and the film's summary says what was there."""
    words = itertools.product(("राम", "सीता", "मोहन"), ("लाल", "नया", "बड़ा"), ("किताब", "घर", "फूल", "नाव"), ("देखता",))
    document = hindi(*(f"{' '.join(line)} है।" for line in words))
    options = ("--targets", "en", *indictrans2(toy_models), "--batch-size", 1)
    whole, broken = (job_with(tmp_path / name, document, silence) for name in ("whole", "broken"))
    assert translate(whole, *options).returncode == 0
    nine_tenths = 9 * len(document.segments) // 10
    killed = translate_until(nine_tenths, broken, *options)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pieces = broken / "08_translation" / "attempts" / "pieces.jsonl"
    kept = len(pieces.read_text("utf-8").splitlines()) - 1
    assert kept >= nine_tenths
    done = translate(broken, *options)
    assert done.returncode == 0, done.stderr
    made, of_all = (int(word) for word in metrics(broken)["resumed"].split() if word.isdigit())
    assert made == kept and of_all - made < len(document.segments) // 5, "what was kept was made again"
    results = [job / "08_translation" / "segments.json" for job in (whole, broken)]
    assert results[0].read_bytes() == results[1].read_bytes()
    assert not pieces.exists()
