"""The check of a track: figures for the manifest, and what ``qc.json`` says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import typed_json
from samvad.documents.subtitle_check import CheckedRule, Finding, TrackCheck
from samvad.documents.subtitles.cues import Cue, graphemes
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.checking import RULES as CHECKED
from samvad.stages.subtitle_gen.checking import level_of, shares_within, source_of
from samvad.stages.subtitle_gen.objections import counts


@dataclass(frozen=True)
class _Facts:
    """What ``metadata.json`` of stage 09 says of the rules that it went by."""

    profile: str
    frame_rate_numerator: int
    frame_rate_denominator: int


def rules_of(stage_folder: Path, language: str) -> Rules:
    """Return the rules that a run of stage 09 went by.

    Raises:
        SamvadError: its ``metadata.json`` is missing or damaged, or the profile is gone.
    """
    path = stage_folder / "metadata.json"
    facts = typed_json.read(path, _Facts, "metadata.json of stage 09", "Run stage 09 again.")
    rate = Fraction(facts.frame_rate_numerator, facts.frame_rate_denominator or 1)
    return subtitle_profiles.load(facts.profile).rules(language, rate)


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


def track_check(
    cues: Sequence[Cue], rules: Rules, found: Sequence[Finding], objections: Sequence[Finding]
) -> TrackCheck:
    """Return the check of a track: the rules with their sources, the shares, every breach, every objection."""
    return TrackCheck(
        language=rules.language,
        cues=len(cues),
        rules=tuple(CheckedRule(rule, level_of(rule, rules), source_of(rule, rules)) for rule in CHECKED),
        limits=rules.facts(),
        within={name: round(share, 4) for name, share in shares_within(len(cues), found).items()},
        findings=tuple(found),
        objections=tuple(objections),
        objected=counts(objections),
    )
