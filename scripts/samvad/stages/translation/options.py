"""Stage 08 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core.declarations import COMMIT, PHRASE_LISTS, ResourceRequest, Stage, option, sheet_option
from samvad.stages.translation import registry


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 08 can be told."""

    targets: tuple[str, ...] = sheet_option("short codes of the languages to translate into", column="targets")
    languages: tuple[str, ...] = sheet_option(
        "languages spoken, for what may stand as it was said; none: not known", default=(), empty=True, column="source"
    )
    backend: tuple[str, ...] = option(
        ("auto",),
        "what translates: one name, or several, the first that serves a pair; auto: IndicTrans2 where its models are "
        "at hand, then Whisper",
        choices=("auto", *registry.NAMES),
        one_or_many=True,
    )
    pivot: bool = option(False, "whether a pair that nothing serves goes through English")
    device: Literal["auto", "cpu", "cuda"] = option("auto", "where the model runs")
    compute_type: Literal[
        "auto", "int8", "int8_float16", "int8_float32", "int8_bfloat16", "float16", "bfloat16", "float32"
    ] = option("auto", "number type of the weights; auto: int8 on a CPU, float16 on a GPU")
    batch_size: int = option(8, "how much is translated at once", unit="pieces or sentences", minimum=1)
    beam_size: int = option(5, "what is kept while decoding; 1 is fastest", unit="hypotheses", minimum=1)
    fit_margin: float = option(
        0.3,
        "how much less probable a translation may be that reads faster",
        unit="mean log probability of a token",
        minimum=0,
        maximum=5,
    )
    whisper_model: str = option("base", "name, hub id or folder of a model that can translate", content="model")
    whisper_revision: str = option(
        "", "commit of a hub id, 40 hexadecimal digits, or empty: the pinned one", pattern=COMMIT
    )
    runtime: Literal["ctranslate2", "transformers"] = option("ctranslate2", "what runs IndicTrans2")
    indictrans2_dir: str = option(
        "", "folder with indic-en/, en-indic/, indic-indic/, or empty: in the cache", empty=True, content="file"
    )
    nllb_dir: str = option("", "folder with NLLB-200 in CTranslate2 form, or empty", empty=True, content="file")
    llm_url: str = option(
        "", "address of a language model's server (OpenAI's protocol), up to /v1, for llm; empty: none", empty=True
    )
    llm_model: str = option("", "name of the model there", empty=True)
    llm_timeout_seconds: float = option(
        120, "how long an answer may take", unit="seconds", minimum=1, maximum=3600, place=True
    )
    second_reader: bool = option(
        False, "whether that model reads all translations again and proposes better ones, with reasons, changing none"
    )
    phrases: tuple[Path, ...] = option(
        PHRASE_LISTS,
        "lists of known phrases: those of hallucination.phrases, for what is translated",
        empty=True,
        content="file",
    )
    memory_file: str = option(
        "", "translation memory, an SQLite file; empty: in the cache folder; none: no memory", empty=True
    )


STAGE = Stage(
    number=8,
    name="translation",
    summary="Translate what is said into each target language of the film",
    script="translate_dialogue.py",
    environment="translation",
    options=Options,
    writes=("segments", "terms", "transcript_*", "second_reading"),
    results=("transcript_*",),
    needs=("demux", "asr"),
    after=("glossary_load",),
    reads_segments=True,
    writes_segments=True,
    workflow="translate",
    asks=ResourceRequest(cores=8, mem_mb=6000, mem_mb_per_hour=500, runtime=20, runtime_per_hour=120, gpu=True),
    computes=True,
    milestones=(
        "languages",
        "translated_*",
        "passed_on_*",
        "flagged_*",
        "corrected_*",
        "sentences_from_memory",
        "resumed",
    ),
    refuses="beforehand",
)
