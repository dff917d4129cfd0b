"""Check values of a film's row, whether they stand in the film sheet or are given as options."""

from __future__ import annotations

from datetime import date

from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.text import languages


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


def check_day(text: str, where: str) -> None:
    """Check that the calendar has a day.

    Raises:
        ConfigurationError: it has not.
    """
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {text!r} is no day ({error}).", "Write it as YYYY-MM-DD.") from None
