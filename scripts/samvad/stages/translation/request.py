"""What a backend is made from."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core.errors import ConfigurationError
from samvad.stages.translation.keeping import Keeping
from samvad.stages.translation.memory import Memory
from samvad.stages.translation.options import Options
from samvad.stages.translation.sentence_model import Settings
from samvad.stages.translation.terms import Glossary


@dataclass(frozen=True)
class BackendRequest:
    """What a backend may use.

    Attributes:
        options: of the stage.
        audio: the film's sound.
        threads: CPU threads.
        memory: of earlier translations.
        glossary: returns the glossary for a target.
        phrases: that models are known to make up, in plain form.
        keeping: where what models write is kept as it comes.
    """

    options: Options
    audio: Path
    threads: int
    memory: Memory
    glossary: Callable[[str], Glossary]
    phrases: Collection[str] = ()
    keeping: Keeping = field(default_factory=Keeping)

    @property
    def settings(self) -> Settings:
        """Return how sentences are to be translated."""
        return Settings(self.options.batch_size, self.options.fit_margin, self.keeping)

    def folder(self, backend: str, key: str, remedy: str) -> Path:
        """Return the folder of weights that a key names.

        Raises:
            ConfigurationError: it is empty.
        """
        given = str(getattr(self.options, key))
        if not given:
            option = f"--{key.replace('_', '-')}"
            raise ConfigurationError(
                f"translation.backend names {backend}, but translation.{key} ({option}) is empty.", remedy
            )
        return Path(given).expanduser()
