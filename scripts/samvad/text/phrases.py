"""The list of phrases that Whisper is known to make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from samvad.core import outside
from samvad.core.errors import ConfigurationError
from samvad.text import languages
from samvad.text.repetition import plain

COLUMNS = ("language", "phrase", "source")


def read_all(paths: Iterable[Path]) -> dict[str, str]:
    """Read several lists as ``read`` does, into one."""
    return {phrase: language for path in paths for phrase, language in read(path).items()}


def read(path: Path) -> Mapping[str, str]:
    """Read a list: tab-separated columns language, phrase, source, under a header; lines that begin with # are notes.

    A phrase counts whatever the language of the film: in Hindi films, too, Whisper makes up English thanks.

    Returns:
        The language of each phrase, by the phrase in plain form.

    Raises:
        ConfigurationError: the file is missing, or a row is not as it must be; names the line.
    """
    try:
        text = outside.read_text(path, "utf-8-sig", outside.LARGEST_TABLE_BYTES)
    except UnicodeDecodeError as error:
        raise _error(path, None, f"the file is not UTF-8 ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise _error(path, None, f"the file cannot be read ({error.strerror})") from None
    found: dict[str, str] = {}
    header_seen = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = tuple(cell.strip() for cell in line.split("\t"))
        if header_seen:
            language, phrase = _row(path, number, cells)
            found[phrase] = language
        elif cells != COLUMNS:
            raise _error(path, number, f"the header must be: {', '.join(COLUMNS)} (tab-separated)")
        header_seen = True
    if not found:
        raise _error(path, None, "the list has no phrases")
    return found


def _row(path: Path, number: int, cells: tuple[str, ...]) -> tuple[str, str]:
    if len(cells) != len(COLUMNS):
        raise _error(path, number, f"{len(cells)} columns where {len(COLUMNS)} are needed: {', '.join(COLUMNS)}")
    language, phrase, source = cells
    if not plain(phrase):
        raise _error(path, number, "the phrase is empty")
    if not source:
        raise _error(path, number, "the source is empty: say where the phrase comes from")
    return languages.normalise(language, f"{path}, line {number}"), plain(phrase)


def _error(path: Path, number: int | None, what: str) -> ConfigurationError:
    where = f"{path}, line {number}" if number else str(path)
    return ConfigurationError(
        f"{where}: {what}.", "Correct it, or take it out of hallucination.phrases.", path=str(path)
    )
