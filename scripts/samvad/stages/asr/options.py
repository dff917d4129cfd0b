"""Stage 04 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from samvad.core.declarations import COMMIT, ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 04 can be told."""

    languages: tuple[str, ...] = sheet_option(
        "languages spoken; none: detect the main one", default=(), empty=True, column="source"
    )
    text: str = sheet_option(
        "file with what is said, a script or subtitles: its words take the place of those that are recognised",
        default="",
        empty=True,
        column="text",
        content="file",
    )
    engine: Literal["whisperx", "faster-whisper"] = option("whisperx", "recognition engine")
    model: str = option("base", "a name of config/models.yaml, a hub id, or a folder", content="model")
    revision: str = option("", "commit of a hub id, 40 hexadecimal digits, or empty: the pinned one", pattern=COMMIT)
    device: Literal["auto", "cpu", "cuda"] = option("auto", "where the model runs")
    compute_type: Literal[
        "auto", "int8", "int8_float16", "int8_float32", "int8_bfloat16", "float16", "bfloat16", "float32"
    ] = option("auto", "number type of the weights")
    batch_size: Literal["auto"] | int = option(
        "auto", "how much is decoded at once, or auto: as much as memory allows", unit="pieces of speech", minimum=1
    )
    workers: Literal["auto"] | int = option(
        "auto",
        "how many decoders work side by side: on a CPU threads of a process, auto: one for two of its threads; on GPUs "
        "a process each, auto: on all that the stage is given. The text does not depend on it",
        unit="decoders",
        minimum=1,
        maximum=16,
        place=True,
    )
    beam_size: int = option(5, "what is kept while decoding; 1 is fastest", unit="hypotheses", minimum=1)
    script: Literal["native", "native_latin", "latin", "any"] = option("native", "letters that the text is to be in")
    romanise: bool = option(False, "whether to write the text in Latin letters as well")
    prompt: bool = option(True, "whether the model is told the film's names and terms")
    retries: int = option(4, "how often bad text is decoded again, at most", unit="times", minimum=0, maximum=4)
    vad: Literal["silero", "pyannote", "none"] = option(
        "silero", "voice activity detection; none: all sound is taken for speech"
    )
    vad_threshold: float = option(0.5, "from which sound is speech", unit="probability, 0 to 1", above=0, below=1)
    singing: bool = option(True, "whether to recognise singing that the voice activity detection leaves out")
    singing_threshold: float = option(
        0.5, "from which singing is added", unit="mean probability, 0 to 1", above=0, maximum=1
    )
    separate_voices: str = option("none", "none, or a demucs model that takes the music away first", content="file")
    align_model: str = option("auto", "auto, whisper, or a folder with a wav2vec2 model", content="file")
    speakers: str = option("none", "none, auto, or a folder with a pyannote pipeline", content="file")
    max_sentence_seconds: float = option(14, "longest segment", unit="seconds", minimum=3, maximum=30)


STAGE = Stage(
    number=4,
    name="asr",
    summary="Recognise the speech of a film: segments of about a sentence with word times",
    script="recognize_speech.py",
    environment="asr",
    options=Options,
    writes=(
        "segments",
        "speech_regions",
        "sound_curve",
        "coverage",
        "heard",
        "transcript_txt",
        "transcript_json",
        "transcript_roman",
    ),
    results=("transcript_txt", "transcript_json", "transcript_roman"),
    needs=("demux",),
    after=("glossary_load",),
    writes_segments=True,
    workflow="transcribe",
    asks=ResourceRequest(
        cores=8, mem_mb=6000, mem_mb_per_hour=500, runtime=20, runtime_per_hour=120, gpu=True, many_gpus=True
    ),
    computes=True,
    milestones=(
        "segments",
        "words",
        "languages",
        "speakers",
        "speech_duration",
        "speech_without_text",
        "looping_pieces",
        "resumed",
        "decoders",
    ),
    refuses="beforehand",
)
