"""Load the recogniser for a setting, in this process and in those that help it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from samvad.logs.spans import span
from samvad.media.audio import FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.stages.asr import helpers, memory
from samvad.stages.asr.engine import Engine, EngineOptions, workers_for
from samvad.stages.asr.helpers import Helper
from samvad.stages.asr.options import Options
from samvad.stages.asr.pool import Pool


@dataclass
class Loader:
    """Loads an engine, with helpers where there is a place for them.

    Attributes:
        options: of the stage.
        model: the weights.
        audio: what is to be recognised.
        device: that the stage begins on, ``cpu`` or ``cuda``.
        threads: CPU threads of this process.
        memory_mb: memory in MiB that it may use; None: what is free.
        gpus: that the film may have in all.
        tell: is told in words of each helper that is lost.
    """

    options: Options
    model: ResolvedModel
    audio: FilmAudio
    device: str
    threads: int
    memory_mb: int | None
    gpus: int
    tell: Callable[[str], None]
    _begun: list[tuple[Pool, list[Helper]]] = field(default_factory=list)

    @span("model_loading")
    def __call__(self, setting: memory.Setting) -> Engine:
        """Return the engine for a setting."""
        made: list[Helper] = []
        if setting.device == self.device:  # who has fallen back to the CPU of this machine wants no GPU's help
            most = self.gpus if self.options.workers == "auto" else min(self.gpus, int(self.options.workers))
            made = [
                Helper(place, self.model, self._how(setting, place.threads), self.options.engine, self.audio)
                for place in helpers.places(setting.device, most, self.threads)
            ]
        own = self._how(setting, self.threads)
        if self.options.engine == "faster-whisper":
            engine = Engine(self.model, own, made, self.tell)
        else:
            from samvad.stages.asr.whisperx_engine import WhisperXEngine

            engine = WhisperXEngine(self.model, own, made, self.tell)
        self._begun.append((engine.pool, made))
        return engine

    def helped(self) -> list[dict[str, Any]]:
        """Return what each process that decoded has done, this one first; none where it was alone."""
        pieces = Counter[str]()
        for pool, _ in self._begun:
            pieces.update(pool.done)
        others: dict[str, dict[str, Any]] = {}
        for helper in (helper for _, made in self._begun for helper in made):
            # After a step down a place has another helper, which may not have come to a word.
            known = others.setdefault(helper.name, {})
            seconds = known.get("cpu_seconds", 0.0) + helper.said.get("cpu_seconds", 0.0)
            known.update({name: value for name, value in helper.said.items() if value is not None})
            if seconds:
                known["cpu_seconds"] = round(seconds, 1)
        if not others:
            return []
        own = sum(pieces.values()) - sum(pieces[name] for name in others)
        return [
            {"decoder": "this process", "pieces": own},
            *({"decoder": name, "pieces": pieces[name], **said} for name, said in others.items()),
        ]

    def _how(self, setting: memory.Setting, threads: int) -> EngineOptions:
        """Return how a process with so many threads decodes."""
        options, workers = self.options, workers_for(self.options.workers, setting.device, threads)
        fit = memory.room(setting.device, self.model.folder / "model.bin", self.memory_mb)
        if fit is not None and setting.device == "cpu":  # each holds half a batch
            workers = max(1, min(workers, 2 * fit // setting.batch_size))
        return EngineOptions(setting.device, setting.compute_type, threads, options.beam_size, options.script, workers)
