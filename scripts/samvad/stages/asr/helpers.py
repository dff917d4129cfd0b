"""Decoders in processes of their own: on another GPU of this machine, or on another node of a SLURM job.

This is the stage's side; ``helper.py`` is the other. They talk by lines of JSON through the process's input and output,
which ``srun`` carries from node to node: a helper needs to see the disk, and opens no port. It ends with its input, so
with the stage, however that ends.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from samvad.core import computing, subprocesses
from samvad.core.errors import SamvadError
from samvad.core.schemas import ROOT
from samvad.media.audio import FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.runner import gpus, slurm
from samvad.stages.asr import pieces
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.pool import LostDecoderError
from samvad.stages.asr.windows import Window

if TYPE_CHECKING:
    from samvad.stages.asr.engine import EngineOptions
    from samvad.stages.asr.strategy import DecodingStrategy

log = logging.getLogger(__name__)

MODULE = "samvad.stages.asr.helper"
#: A helper that is told to end has so many seconds for it.
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Place:
    """Where a helper works.

    Attributes:
        name: for people, until the helper says what it has there.
        threads: CPU threads that it may use.
        node: of the SLURM job; empty: this machine.
        visible: ids of the GPUs that it may choose from on this machine; None: those that it sees.
    """

    name: str
    threads: int
    node: str = ""
    visible: tuple[str, ...] | None = None

    def command(self) -> list[str]:
        """Return what starts the helper."""
        python = [sys.executable, "-m", MODULE]
        return [*slurm.on_node(self.node, self.threads), *python] if self.node else python

    def environment(self) -> dict[str, str]:
        """Return the helper's environment."""
        found = slurm.for_a_step(os.environ) if self.node else dict(os.environ)
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "scripts"), found.get("PYTHONPATH", "")]))
        found["OMP_NUM_THREADS"] = str(self.threads)
        if self.visible is not None:
            found[gpus.VISIBLE] = ",".join(self.visible)
        return found


def places(device: str, most: int, threads: int) -> list[Place]:
    """Return where helpers can work beside this process: on further GPUs here, and on the other nodes of the SLURM job.

    Args:
        device: that this process decodes on, ``cpu`` or ``cuda``.
        most: decoding processes on GPUs at most, this one among them.
        threads: CPU threads of this process.
    """
    nodes = slurm.shares()
    found = []
    if device == "cuda":
        free = [gpu.value for gpu in gpus.others()]
        here = min(most - 1, len(free))
        each = max(1, threads // (here + 1))
        found += [Place(f"GPU {number + 2} of this machine", each, "", tuple(free)) for number in range(here)]
        found += [
            Place(f"GPU {number + 1} of node {share.node}", max(1, share.cpus // share.gpus), share.node)
            for share in nodes
            for number in range(share.gpus)
        ]
        return found[: most - 1]
    return [Place(f"node {share.node}", share.cpus, share.node) for share in nodes]


class Helper:
    """A decoder in a process of its own.

    Args:
        place: where.
        model: the weights.
        options: how to decode; threads and decoders are the place's.
        engine: name of the engine.
        audio: the sound that all pieces are of.
    """

    own = False

    def __init__(
        self, place: Place, model: ResolvedModel, options: EngineOptions, engine: str, audio: FilmAudio
    ) -> None:
        self.name = place.name
        self.at_once = options.workers
        #: What it says of itself: node, device, CPU seconds until its last answer.
        self.said: dict[str, Any] = {}
        self._place = place
        self._setup: dict[str, Any] = {
            "model": {**asdict(model), "folder": str(model.folder)},
            "options": asdict(options),
            "engine": engine,
            "audio": [str(audio.path), len(audio)],
            "way": computing.way("ctranslate2", options.device),
            "gpu": gpus.held_name() if options.device == "cuda" else "",
        }
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._asked: dict[int, Future[dict[str, Any]]] = {}
        self._gone = ""
        self._partner: subprocesses.Partner | None = None
        self._ready: Future[dict[str, Any]] = Future()
        self._asked[0] = self._ready

    def begin(self) -> None:
        """Start the process, once, and wait until its weights are loaded."""
        with self._lock:
            if self._partner is None and not self._gone:
                try:
                    self._partner = subprocesses.Partner(
                        self._place.command(), self._heard, self._ended, self._place.environment()
                    )
                    self._partner.say(json.dumps(self._setup))
                except SamvadError as error:
                    self._gone = error.what.rstrip(".")
        if self._gone:
            raise LostDecoderError(self._gone)
        self._answer(self._ready)
        if self.said.get("gpu") and not self._place.node:
            gpus.join(self.said["gpu"])

    def decode(self, audio: FilmAudio, unit: Sequence[Window], strategy: DecodingStrategy, hear: bool) -> list[Chunk]:
        """Decode windows together; the sound is the one that it was told of."""
        found = self._ask({"windows": [asdict(window) for window in unit], "strategy": asdict(strategy), "hear": hear})
        chunks = [pieces.chunk_of(value, window) for value, window in zip(found["chunks"], unit, strict=True)]
        if None in chunks:
            raise LostDecoderError("its answer is no text")
        return [chunk for chunk in chunks if chunk is not None]

    def languages(self, audio: FilmAudio, group: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        """Return the probability of each language in windows that are heard in their own length."""
        found = self._ask({"heard": [asdict(window) for window in group], "silence_ms": silence_ms})
        return [dict(heard) for heard in found["languages"]]

    def close(self) -> None:
        """End the process, whatever it is doing."""
        with self._lock:
            partner, self._gone = self._partner, self._gone or "it was ended"
        if partner is not None:
            partner.end(_END_SECONDS)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._gone or self._partner is None:
                raise LostDecoderError(self._gone or "it was never started")
            number = next(self._numbers)
            self._asked[number] = answer
            partner = self._partner
        try:
            partner.say(json.dumps({"id": number, **question}))
        except SamvadError as error:
            raise LostDecoderError(error.what.rstrip(".")) from None
        return self._answer(answer)

    def _answer(self, answer: Future[dict[str, Any]]) -> dict[str, Any]:
        found = answer.result()
        if "shortage" in found:
            raise MemoryError(found["shortage"])
        if "failed" in found:
            raise LostDecoderError(found["failed"])
        return found

    def _heard(self, line: str) -> None:
        try:
            found = json.loads(line)
            number = int(found["id"])
        except (ValueError, TypeError, KeyError):
            log.debug("A helper says what is no answer: %s", line[:200])
            return
        with self._lock:
            answer = self._asked.pop(number, None)
            self.said.update(found.get("said", {}))
        if answer is not None:
            answer.set_result(found)

    def _ended(self, tail: str) -> None:
        with self._lock:
            self._gone = self._gone or f"its process ended: {(tail.splitlines() or ['without a word'])[-1]}"
            waiting, self._asked = list(self._asked.values()), {}
        for answer in waiting:
            answer.set_exception(LostDecoderError(self._gone))
