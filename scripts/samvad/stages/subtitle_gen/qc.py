"""The check of a stage's own subtitles: figures for its manifest, and the cues with where they come from, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from samvad.documents.subtitles.cues import Cue, Style, graphemes
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.checking import RULES as CHECKED
from samvad.stages.subtitle_gen.checking import Finding, level_of, shares_within, source_of
from samvad.stages.subtitle_gen.tracks import Origin


def cues_as_json(cues: Sequence[Cue], origins: Sequence[Origin]) -> list[dict[str, Any]]:
    """Return cues and where they come from as plain values."""
    return [
        {
            "start_ms": cue.start_ms,
            "end_ms": cue.end_ms,
            "lines": list(cue.lines),
            "styles": [[style.line, style.start, style.end, style.kind] for style in cue.styles],
            "said_from_ms": origin.said_from_ms,
            "said_to_ms": origin.said_to_ms,
            "segments": list(origin.segments),
            "heard": origin.heard,
        }
        for cue, origin in zip(cues, origins, strict=True)
    ]


def cues_from_json(items: Sequence[dict[str, Any]]) -> tuple[list[Cue], list[Origin]]:
    """Return what ``cues_as_json`` was given."""
    cues = [
        Cue(item["start_ms"], item["end_ms"], tuple(item["lines"]), tuple(Style(*style) for style in item["styles"]))
        for item in items
    ]
    origins = [
        Origin(item["said_from_ms"], item["said_to_ms"], tuple(item["segments"]), item["heard"]) for item in items
    ]
    return cues, origins


def rules_from_facts(facts: dict[str, Any], language: str) -> Rules:
    """Return the rules that a run of stage 09 went by, from its ``metadata.json``."""
    rate = Fraction(facts["frame_rate_numerator"], facts["frame_rate_denominator"])
    return subtitle_profiles.load(facts["profile"]).rules(language, rate)


def figures(cues: Sequence[Cue], found: Sequence[Finding]) -> dict[str, float]:
    """Return the figures of a track: shares of cues within the rules, and what is read in it."""
    shares = {f"within_{name.replace(' ', '_')}": share for name, share in shares_within(len(cues), found).items()}
    text = "".join(cue.text for cue in cues)
    seconds = sum(cue.duration_ms for cue in cues) / 1000
    return {
        **shares,
        "characters": float(len(text)),
        "graphemes": float(graphemes(text)),
        "mean_characters_a_second": len(text) / seconds if seconds else 0.0,
    }


def as_json(cues: Sequence[Cue], rules: Rules, found: Sequence[Finding]) -> dict[str, Any]:
    """Return the check of a track as plain values: the rules with their sources, the shares, every breach."""
    return {
        "language": rules.language,
        "cues": len(cues),
        "rules": [{"rule": rule, "level": level_of(rule, rules), "source": source_of(rule, rules)} for rule in CHECKED],
        "limits": rules.facts(),
        "within": {name: round(share, 4) for name, share in shares_within(len(cues), found).items()},
        "findings": [asdict(item) for item in found],
    }
