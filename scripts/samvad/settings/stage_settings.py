"""What the configuration and a film's row say to a stage: its section, the flags of its command, what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samvad.core.declarations import Option, Stage
from samvad.settings import film_values
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
        self._of_film = [item for item in stage.all_options if item.column]
        self._key = stage.key
        self._known = {item.name: item for item in known}
        #: The options that this says; the others, such as where the film lies, are the rules' to give.
        self.options: tuple[Option, ...] = tuple(
            item for item in stage.all_options if not item.place and (item in known or item.column)
        )
        #: Those of them that name something whose content counts.
        self.named: tuple[Option, ...] = tuple(item for item in self.options if item.content)
        said = {item: known.get(item, None if item.required else item.default) for item in self.options}
        self._values = {item.name: None if value is None else item.as_json(value) for item, value in said.items()}

    def flags(self, film: Film) -> list[str]:
        """Return all that is said to the stage as words of its command line, in the order of its options."""
        own = {item.name: item.words(value) for item, value in self._own(film)}
        return [word for words in (self._words | own).values() for word in words]

    def values(self, film: Film) -> dict[str, Any]:
        """Return the values of ``options``, as the stage's manifest has them in its ``config``."""
        return self._values | {item.name: item.as_json(value) for item, value in self._own(film) if not item.place}

    def _own(self, film: Film) -> list[tuple[Option, Any]]:
        """Return what a film's row says; an empty column says nothing, and one with a name of its own wins."""
        own = [
            (self._known[name], film_values.option_value(self._known[name], text))
            for key, name, text in film.settings
            if key == self._key
        ]
        found = [(item, getattr(film, item.column)) for item in self._of_film]
        return own + [(item, value) for item, value in found if value is not None and value != ""]
