"""A decoder in a process of its own, as ``helpers.py`` starts it: it reads pieces from its input and writes their text.

The first line of the input says with which weights and on which device; it is refused where this process would not
give the same text as the one that asks: other weights, another sound, another processor or GPU. Each further line is a
piece. The end of the input ends the process at once, whatever it is doing: whoever asked is no more, or wants no more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from samvad.core import checksums, computing, this_machine
from samvad.core.failures import is_memory_shortage
from samvad.media.audio import FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.runner import gpus
from samvad.stages.asr import pieces
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window

if TYPE_CHECKING:
    from samvad.stages.asr.engine import Engine


class _RefusedError(Exception):
    """This process would not give the text that is asked for; says why."""


class _Helper:
    def __init__(self, setup: dict[str, Any]) -> None:
        from samvad.stages.asr.engine import EngineOptions

        self._options = EngineOptions(**setup["options"])
        device = self._options.device
        if device == "cuda" and gpus.take("cuda", "recognition, beside another GPU", wait=False) is None:
            raise _RefusedError("no GPU is free there")
        self.device = str(gpus.shown(device))
        if computing.way("ctranslate2", device) != setup["way"] or (
            device == "cuda" and gpus.held_name() != setup["gpu"]
        ):
            raise _RefusedError(f"{self.device} there computes in another way, which may give another text")
        model = ResolvedModel(**{**setup["model"], "folder": Path(setup["model"]["folder"])})
        path, samples = setup["audio"]
        self._audio = FilmAudio(Path(path))
        if len(self._audio) != samples:
            raise _RefusedError(f"{path} is another sound there")
        if checksums.checksum(model.folder / "model.bin") != model.checksum:
            raise _RefusedError(f"{model.folder} holds other weights there")
        self.engine = self._loaded(model, setup["engine"])

    def _loaded(self, model: ResolvedModel, name: str) -> Engine:
        from samvad.stages.asr.engine import Engine
        from samvad.stages.asr.whisperx_engine import WhisperXEngine

        return WhisperXEngine(model, self._options) if name == WhisperXEngine.name else Engine(model, self._options)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return what came of a piece."""
        from samvad.stages.asr.strategy import DecodingStrategy

        if "heard" in question:
            group = [_window(value) for value in question["heard"]]
            return {"languages": self.engine.languages_briefly(self._audio, group, question["silence_ms"])}
        unit = [_window(value) for value in question["windows"]]
        strategy = DecodingStrategy(**question["strategy"])
        chunks = self.engine.decode_together(self._audio, unit, strategy, question["hear"])
        return {"chunks": [pieces.plain(chunk) for chunk in chunks]}


def _window(value: dict[str, Any]) -> Window:
    return Window(
        tuple((start, end) for start, end in value["stretches"]), tuple(Region(**region) for region in value["speech"])
    )


def _tried(work: Any, *arguments: Any) -> dict[str, Any]:
    """Return what work gives, or why it gives nothing."""
    try:
        return dict(work(*arguments))
    except Exception as error:  # whoever asked decides what to do
        said = f"{type(error).__name__}: {error}" if not isinstance(error, _RefusedError) else str(error)
        return {"shortage" if is_memory_shortage(error) else "failed": said}


def _serve(asked: TextIO, answered: TextIO) -> None:
    writing = threading.Lock()

    def say(number: int, found: dict[str, Any], **more: Any) -> None:
        said = {"cpu_seconds": round(time.process_time(), 1), **more}
        with writing:
            answered.write(json.dumps({"id": number, **found, "said": said}, ensure_ascii=False) + "\n")
            answered.flush()

    setup = json.loads(asked.readline() or "{}")
    if not setup:
        return
    held: list[_Helper] = []

    def begin() -> dict[str, Any]:
        held.append(_Helper(setup))
        return {"device": held[0].device}

    # The weights are loaded in another thread than the one that waits for the end of the input.
    with ThreadPoolExecutor(max(1, setup["options"]["workers"])) as pool:

        def first() -> None:
            found = _tried(begin)
            node = os.environ.get("SLURMD_NODENAME") or this_machine.node()
            say(0, found, node=node, device=found.get("device"), process=os.getpid(), gpu=gpus.held_id())

        ready = pool.submit(first)

        def one(question: dict[str, Any]) -> None:
            ready.result()
            say(question["id"], _tried(held[0].answer, question) if held else {"failed": "it never began"})

        for line in asked:
            pool.submit(one, json.loads(line))
        os._exit(0)


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stage, which ends this process
    # What libraries print is no answer.
    answered = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _serve(sys.stdin, answered)


if __name__ == "__main__":
    main()
