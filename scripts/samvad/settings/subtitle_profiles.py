"""Rule profiles: Netflix's, the BBC's and a user's own, as data with the source of each rule.

A profile is a YAML file. It may extend another: what it says itself wins, and what it says for a language wins over
what it says for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from samvad.core import known_yaml, schemas
from samvad.core.errors import ConfigurationError
from samvad.settings.subtitle_rules import ERROR, Rules, frames_ms

FOLDER = schemas.ROOT / "config" / "subtitle_profiles"

#: What a profile need not say: files of one's own were written before these were known.
_OPTIONAL = frozenset(
    {"max_linger_seconds", "early_in_seconds", "full_stop", "quotes", "interruption", "numbers"}
    | {"bilingual_max_lines", "label_brackets", "sound_label_seconds"}
)
#: The two ways to state a reading speed: the later layer's takes the place of the other.
_SPEEDS = ("reading_speed_cps", "reading_speed_wpm")


@dataclass(frozen=True)
class Profile:
    """A profile with all that it extends.

    Attributes:
        name: as it was asked for.
        title: for people.
        layers: rules in the order in which they win: the extended profile's for all languages, then by language, then
            this one's. Each is a language (None for all) and its rules.
        files: the files that it was read from.
        documents: title and address of each source.
    """

    name: str
    title: str
    layers: tuple[tuple[str | None, Mapping[str, Mapping[str, Any]]], ...]
    files: tuple[Path, ...]
    documents: Mapping[str, Mapping[str, Any]]

    def rules(self, language: str, frame_rate: Fraction) -> Rules:
        """Return the rules for a language at a frame rate.

        Raises:
            ConfigurationError: a rule that must be there is missing, or two contradict each other.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for spoken, layer in self.layers:
            if spoken in (None, language):
                found = {
                    key: value for key, value in found.items() if not (key in _SPEEDS and set(_SPEEDS) & set(layer))
                }
                found |= layer
        return _rules(self, found, language, frame_rate)


def names() -> list[str]:
    """Return the names of the profiles that come with Samvad."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Profile:
    """Read a profile.

    Args:
        name: one of ``names()``, or the path of a YAML file.

    Raises:
        ConfigurationError: there is none, or it breaks the schema; names the file and the key.
    """
    return _load(name, Path(), ())


def _load(name: str, beside: Path, above: tuple[Path, ...]) -> Profile:
    path = _path_of(name, beside)
    if path in above:
        raise ConfigurationError(f"The subtitle profile {path} extends itself.", "Correct its key extends.")
    value = _read(path)
    base = _load(value["extends"], path.parent, (*above, path)) if value["extends"] else None
    own = [(None, value["rules"]), *value.get("languages", {}).items()]
    return Profile(
        name=name,
        title=value["title"],
        layers=(*(base.layers if base else ()), *own),
        files=(*(base.files if base else ()), path),
        documents={**(base.documents if base else {}), **value.get("sources", {})},
    )


def _path_of(name: str, beside: Path) -> Path:
    if name in names():
        return FOLDER / f"{name}.yaml"
    path = beside / name
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path.resolve()
    raise ConfigurationError(
        f"There is no subtitle profile {name!r}.",
        f"Samvad's own are {', '.join(names())}; or give the path of a YAML file.",
        path=name,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        value = known_yaml.value(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.", "Correct it.", path=str(path)) from None
    schemas.check_config(value, "subtitle_profile", str(path))
    checked: dict[str, Any] = value
    return checked


def _rules(profile: Profile, found: Mapping[str, Mapping[str, Any]], language: str, frame_rate: Fraction) -> Rules:
    needed = set(schemas.schema("subtitle_profile")["$defs"]["rules"]["properties"]) - set(_SPEEDS) - _OPTIONAL
    missing = sorted(needed - set(found))
    if not set(_SPEEDS) & set(found):
        missing.append("reading_speed_cps")
    if missing:
        raise ConfigurationError(
            f"The subtitle profile {profile.name} does not say {', '.join(missing)}.",
            "Say it, or begin with `extends: netflix`.",
            path=str(profile.files[-1]),
        )
    value = {key: rule["value"] for key, rule in found.items()}
    limits = Rules(
        language=language,
        frame_rate=frame_rate,
        min_cue_ms=round(value["min_duration_seconds"] * 1000),
        max_cue_ms=round(value["max_duration_seconds"] * 1000),
        gap_ms=frames_ms(value["min_gap_frames"], frame_rate),
        close_gap_ms=round(value["close_gaps_below_seconds"] * 1000),
        first_word_ms=frames_ms(value["first_word_frames"], frame_rate),
        shot_window_ms=round(value["shot_window_seconds"] * 1000),
        shot_gap_ms=frames_ms(value["shot_gap_frames"], frame_rate),
        reading_speed_cps=value.get("reading_speed_cps"),
        reading_speed_wpm=value.get("reading_speed_wpm"),
        **_optional(value),
        levels={key: rule.get("level", ERROR) for key, rule in found.items()},
        sources={key: rule["source"] for key, rule in found.items()},
        **{key: value[key] for key in _AS_THEY_ARE},
    )
    if limits.min_cue_ms > limits.max_cue_ms:
        raise ConfigurationError(
            f"In the subtitle profile {profile.name} min_duration_seconds is above max_duration_seconds.",
            "Swap them.",
            path=str(profile.files[-1]),
        )
    return limits


def _optional(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a profile may say or leave to the rules' own values."""
    times = {
        "max_linger_seconds": "linger_ms",
        "early_in_seconds": "early_ms",
        "sound_label_seconds": "sound_label_ms",
    }
    plain = {key: value[key] for key in _OPTIONAL - set(times) if key in value}
    return plain | {name: round(value[key] * 1000) for key, name in times.items() if key in value}


#: Rules whose value is used as it is written.
_AS_THEY_ARE = (
    "max_line_characters",
    "max_lines",
    "break_syntax",
    "one_line_if_it_fits",
    "dialogue_dash",
    "ellipsis",
    "italics",
    "songs",
    "hearing_impaired",
)
