"""Which further tracks stage 09 could not make: told before the work, when a run is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from samvad.core.errors import ConfigurationError
from samvad.settings import subtitle_profiles


def refusal(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> str:
    """Return why the tracks that are asked for cannot be made, and what to do; empty where they can.

    Args:
        values: the options of stage 09 by name.
        source: short codes of the languages that the film is said to speak.
        targets: short codes of the languages of its tracks.
    """
    two = list(values["bilingual"])
    if two and (len(two) != 2 or two[0] == two[1]):
        return f"subtitle.bilingual is [{', '.join(two)}]. Name two languages, such as [hi, en], or none: []."
    missing = [language for language in two if language not in targets]
    if missing:
        named = ", ".join(missing)
        return f"subtitle.bilingual names {named}, no target of the film. Add it to the film's targets, or take it out."
    if "sdh" in values["further"]:
        for key, wanted in (("sdh_profile", True), ("profile", False)):
            for language in targets:
                rules = subtitle_profiles.load(values[key]).rules(language, Fraction(24))
                if rules.hearing_impaired != wanted:
                    are = "are for the deaf already" if rules.hearing_impaired else "are not for the deaf"
                    return (
                        f"subtitle.further names sdh, but the rules of subtitle.{key} {are}. "
                        f"Set it to {'netflix-sdh' if wanted else 'netflix'}, or take sdh out of subtitle.further."
                    )
    return ""


def models(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Return the Whisper models that the stage cannot do without: none; as for ``refusal``."""
    return []


def check(values: Mapping[str, Any], targets: Sequence[str]) -> None:
    """Make sure that the tracks that are asked for can be made.

    Raises:
        ConfigurationError: they cannot.
    """
    if reason := refusal(values, (), targets):
        what, _, remedy = reason.partition(". ")
        raise ConfigurationError(f"{what[0].upper()}{what[1:]}.", remedy)
