"""Check values of a film's row, whether they stand in the film sheet or are given as options."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from samvad.core import outside, schemas, stages
from samvad.core.declarations import Option
from samvad.core.errors import ConfigurationError
from samvad.settings import subtitle_profiles
from samvad.text import languages

#: A stage's key, an option of it, and the value as text.
Setting = tuple[str, str, str]
#: Where a stage computes is shared out between all films: a row has no say in it.
_OF_ALL = "device"


def spoken_languages(text: str, where: str) -> tuple[str, ...]:
    """Return the codes of the languages spoken; empty where the text is ``auto``.

    Args:
        text: codes with commas between them.
        where: the option, or file, line and column, for the message.

    Raises:
        ConfigurationError: there is none, or it is no language's, or Whisper does not know it.
    """
    codes = () if text.strip() == "auto" else language_codes(text, where)
    for code in codes:
        if code not in languages.WHISPER:
            raise ConfigurationError(
                f"{where}: speech in {code!r} cannot be recognised.",
                "Whisper knows: " + " ".join(sorted(languages.WHISPER)) + ".",
            )
    return codes


def language_codes(text: str, where: str) -> tuple[str, ...]:
    """Return codes of languages, each once.

    Raises:
        ConfigurationError: there is none, or it is no language's.
    """
    codes = [languages.normalise(code, where) for code in text.split(",") if code.strip()]
    if not codes:
        raise ConfigurationError(f"{where}: no language is given.", "Write a code such as hi, or several with commas.")
    return tuple(dict.fromkeys(codes))


def stage_names(text: str, where: str) -> tuple[str, ...]:
    """Return names of stages, each once; there may be none.

    Raises:
        ConfigurationError: no stage has such a name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in stages.BY_NAME:
            raise ConfigurationError(
                f"{where}: there is no stage {name!r}.", f"The stages are {', '.join(stages.BY_NAME)}."
            )
    return tuple(dict.fromkeys(names))


def settings(text: str, where: str) -> tuple[Setting, ...]:
    """Return options of stages that a film has of its own, from ``asr.model=large-v3; subtitle.profile=bbc``.

    Args:
        text: keys of the configuration with their values; semicolons between them, commas within a list.
        where: the option, or file, line and column, for the message.

    Raises:
        ConfigurationError: no stage has such an option, or not with this value; or a key is there twice.
    """
    found: dict[tuple[str, str], str] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, value = (word.strip() for word in part.partition("="))
        item = _OPTIONS.get(name)
        if not equals or item is None or item.name == _OF_ALL:
            raise ConfigurationError(f"{where}: {part!r} is no setting of a film.", _remedy(name, item))
        key = (name.partition(".")[0], item.name)
        if key in found:
            raise ConfigurationError(f"{where}: {name} is there twice.", "Say it once.")
        try:
            option_value(item, value)
            if item.content == "profile":
                subtitle_profiles.load(value)
        except ValueError as error:
            raise ConfigurationError(f"{where}: {name}: {error}.", "Correct it.") from None
        found[key] = value
    return tuple((key, name, value) for (key, name), value in found.items())


def settings_text(found: Iterable[Setting]) -> str:
    """Return settings as the film sheet has them."""
    return "; ".join(f"{key}.{name}={value}" for key, name, value in found)


def option_value(item: Option, text: str) -> Any:
    """Return the value that an option has by a text, which gives the items of a list with commas between them.

    Raises:
        ValueError: it is none of the values allowed; says which are.
    """
    if item.content:
        text = (
            ",".join(outside.home_path(word.strip()) for word in text.split(","))
            if item.many
            else outside.home_path(text)
        )
    if not item.many:
        return None if not text and item.empty else item.parse(text)
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words and not item.empty:
        raise ValueError("it is empty")
    return tuple(map(item.parse, words))


def _remedy(name: str, item: Option | None) -> str:
    if item is not None and item.name == _OF_ALL:
        return f"Set {name} for all films, in the configuration."
    if item is not None:
        return f"Write {name}=VALUE."
    if now := schemas.MOVED.get(name):
        return f"It is called {now} now."
    return nearest_key(name, _OPTIONS) or "Write STAGE.KEY=VALUE, such as asr.model=large-v3."


def nearest_key(name: str, known: Collection[str]) -> str:
    """Return which key is meant by a name that is none, or which there are in its section; empty where neither is sure.

    Args:
        name: as a person wrote it, such as ``asr.modle``.
        known: all keys.
    """
    section, point, own = name.partition(".")
    there = {key.partition(".")[2]: key for key in known if point and key.startswith(f"{section}.")}
    # The section's own letters are no likeness: subtitle.max_line_chars is not subtitle.bilingual.
    if close := difflib.get_close_matches(own, there, n=1) or difflib.get_close_matches(name, known, n=1, cutoff=0.75):
        return f"Did you mean {there.get(close[0], close[0])}?"
    return f"The keys of {section} are {', '.join(there)}." if there else ""


_OPTIONS = {f"{stage.key}.{item.name}": item for stage in stages.STAGES for item in stage.config_options}


def check_day(text: str, where: str) -> None:
    """Check that the calendar has a day.

    Raises:
        ConfigurationError: it has not.
    """
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{where}: {text!r} is no day.", "Write it as YYYY-MM-DD.") from None
