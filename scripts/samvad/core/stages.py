"""The one table of the ten stages, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samvad.core.errors import ConfigurationError


@dataclass(frozen=True)
class Stage:
    """One stage of the workflow.

    Attributes:
        number: 1 to 10, the order of the folders.
        name: the name used in rules, config and manifests.
        script: the file in ``scripts/`` that does the work.
        environment: the file in ``envs/`` (without ``.yaml``) that it runs in.
        needs: stages without which this one cannot run.
        after: stages that are used when they are on and passed over when they are off.
        reads_segments: whether it takes the segments document of the nearest earlier stage that is on.
    """

    number: int
    name: str
    script: str
    environment: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reads_segments: bool = False

    @property
    def folder(self) -> str:
        """Return the stage's folder inside a job folder, such as ``04_asr``."""
        return f"{self.number:02d}_{self.name}"


STAGES: tuple[Stage, ...] = (
    Stage(1, "demux", "extract_audio.py", "media"),
    Stage(2, "tmdb", "fetch_metadata.py", "text", needs=("demux",)),
    Stage(3, "glossary_load", "load_glossary.py", "text", after=("tmdb",)),
    Stage(4, "asr", "recognize_speech.py", "asr", needs=("demux",), after=("glossary_load",)),
    Stage(5, "ner", "find_names.py", "asr", needs=("asr",), after=("tmdb", "glossary_load"), reads_segments=True),
    Stage(
        6,
        "lyrics_detection",
        "detect_lyrics.py",
        "media",
        needs=("demux", "asr"),
        after=("tmdb", "glossary_load"),
        reads_segments=True,
    ),
    Stage(
        7,
        "hallucination_removal",
        "flag_hallucinations.py",
        "text",
        needs=("asr",),
        after=("lyrics_detection",),
        reads_segments=True,
    ),
    Stage(
        8,
        "translation",
        "translate_dialogue.py",
        "translation",
        needs=("demux", "asr"),
        after=("glossary_load",),
        reads_segments=True,
    ),
    Stage(9, "subtitle_gen", "write_subtitles.py", "text", needs=("demux", "asr"), reads_segments=True),
    Stage(10, "mux", "mux_subtitles.py", "media", needs=("demux", "subtitle_gen")),
)

BY_NAME: dict[str, Stage] = {stage.name: stage for stage in STAGES}

#: The stages that carry the segments document on, in order: each reads the nearest earlier one that is on.
SEGMENT_CHAIN: tuple[str, ...] = ("asr", "ner", "lyrics_detection", "hallucination_removal", "translation")

#: How far each workflow goes: the number of its last stage.
WORKFLOWS: dict[str, int] = {"transcribe": 7, "translate": 8, "subtitle": 10}


def segments_source(name: str, switched_on: Mapping[str, bool]) -> str:
    """Return the stage whose segments document ``name`` reads.

    Args:
        name: a stage that reads segments.
        switched_on: for every stage, whether it is on.
    """
    number = BY_NAME[name].number
    earlier = [stage for stage in SEGMENT_CHAIN if BY_NAME[stage].number < number]
    return next((stage for stage in reversed(earlier) if switched_on[stage]), "asr")


def inputs_of(name: str, switched_on: Mapping[str, bool], origin: Mapping[str, str]) -> list[str]:
    """Return the stages whose manifests ``name`` takes as inputs, in order of their numbers.

    Args:
        name: the stage that is to run.
        switched_on: for every stage, whether it is on.
        origin: for a stage that is off, the key or variable that says so (for the message).

    Raises:
        ConfigurationError: the stage itself, or one that it cannot do without, is switched off.
    """
    stage = BY_NAME[name]
    if not switched_on[name]:
        raise ConfigurationError(
            f"stage {stage.folder} is asked for but switched off by {origin[name]}.",
            "Switch it on, or ask for another stage.",
        )
    for need in stage.needs:
        if not switched_on[need]:
            raise ConfigurationError(
                f"stage {stage.folder} cannot run without stage {BY_NAME[need].folder}, "
                f"which is switched off by {origin[need]}.",
                "Switch it on, or ask for a stage before it.",
            )
    wanted = set(stage.needs) | {other for other in stage.after if switched_on[other]}
    if stage.reads_segments:
        wanted.add(segments_source(name, switched_on))
    return [other.name for other in STAGES if other.name in wanted]


def last_stages(workflow: str, switched_on: Mapping[str, bool]) -> list[str]:
    """Return the stages that a workflow asks for: all that are on, up to its last one."""
    return [stage.name for stage in STAGES if stage.number <= WORKFLOWS[workflow] and switched_on[stage.name]]
