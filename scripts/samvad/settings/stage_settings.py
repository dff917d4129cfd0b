"""What the configuration and a film's row say to a stage: its section, the flags of its command, what reruns it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samvad.core import files
from samvad.core.declarations import Option, Stage
from samvad.models.weights import known_models
from samvad.settings import subtitle_profiles
from samvad.settings.configuration import Film


class StageSettings:
    """A stage's options, by a configuration and the rows of the film sheet, whose columns win where they say something.

    What the configuration says is worked out once: a shelf has thousands of films.

    Args:
        stage: its declaration.
        config: the configuration, checked.
    """

    def __init__(self, stage: Stage, config: Mapping[str, Any]) -> None:
        section = config.get(stage.key, {})
        known = {item: item.of_config(section[item.name]) for item in stage.config_options}
        self._words = {item.name: item.words(known[item]) if item in known else [] for item in stage.all_options}
        self._said: dict[str, Any] = {}
        for item, value in known.items():
            self._said |= _said(item, value)
        self._of_film = [item for item in stage.all_options if item.column]

    def flags(self, film: Film) -> list[str]:
        """Return all that is said to the stage as words of its command line, in the order of its options."""
        own = {item.name: item.words(value) for item, value in self._own(film)}
        return [word for words in (self._words | own).values() for word in words]

    def rerun_settings(self, film: Film) -> dict[str, Any]:
        """Return what the result depends on, by name: values, and fingerprints of the files and models they name."""
        said = dict(self._said)
        for item, value in self._own(film):
            said |= _said(item, value)
        return said

    def _own(self, film: Film) -> list[tuple[Option, Any]]:
        """Return what a film's row says; an empty column says nothing."""
        found = [(item, getattr(film, item.column)) for item in self._of_film]
        return [(item, value) for item, value in found if value is not None and value != ""]


def _said(item: Option, value: Any) -> dict[str, Any]:
    said = {item.name: item.as_json(value)}
    return {**said, f"{item.name} holds": _content(item, value)} if item.content else said


def _content(item: Option, value: Any) -> Any:
    """Return what a change of shows that something else is meant by the same value."""
    if item.many:
        one = dataclasses.replace(item, many=False)
        return [_content(one, each) for each in value]
    if item.content == "model":  # another pinned commit is another model, and so are other weights in a folder
        return known_models().get(value, {}).get("revision", "") or fingerprint(value)
    if item.content == "profile":
        return [fingerprint(path) for path in subtitle_profiles.load(value).files]
    return fingerprint(value)


def fingerprint(path: str | Path | None) -> str:
    """Return a fingerprint of a file, or of all in a folder, that is a stage's input but no rule's output.

    Of a large file only its size, beginning, middle and end count: a film is not read whole to plan its run.
    """
    try:
        place = Path(path) if path else None
        if place is None or not place.is_dir():
            return files.sampled_fingerprint(place) if place else ""
        found = sorted(each for each in place.rglob("*") if each.is_file())
        told = [f"{each.relative_to(place)} {files.sampled_fingerprint(each)}" for each in found]
        return hashlib.sha256("\n".join(told).encode("utf-8", "surrogateescape")).hexdigest()
    except OSError:
        return "missing"
