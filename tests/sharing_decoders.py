"""Recognise a sound with helpers in processes of their own on this machine's CPU; print what came of it as JSON.

The tests start it in stage 04's environment. Processes of one thread stand where GPUs, or nodes, would: all but the
device's name is as there.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.media.audio import FilmAudio
from samvad.models import weights
from samvad.stages.asr import memory, pieces, regions
from samvad.stages.asr.engine import Engine, EngineOptions
from samvad.stages.asr.helpers import Helper, Place
from samvad.stages.asr.recogniser import Recogniser
from samvad.stages.asr.whisperx_engine import WhisperXEngine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("audio", type=Path)
    parser.add_argument("--helpers", type=int, default=0)
    parser.add_argument("--engine", choices=("faster-whisper", "whisperx"), default="faster-whisper")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--kill", action="store_true", help="kill the first helper while it decodes")
    parser.add_argument("--starve", action="store_true", help="the first helper has no memory for any piece")
    parser.add_argument("--other-sound", action="store_true", help="helpers are told of a sound of another length")
    options = parser.parse_args()
    model, audio = weights.resolve_whisper("base"), FilmAudio(options.audio)
    told: list[str] = []
    how = EngineOptions("cpu", "int8", 1, 5, workers=1)
    made = [Helper(Place(f"helper {n + 1}", 1), model, how, options.engine, audio) for n in range(options.helpers)]
    if options.other_sound:
        for helper in made:
            helper._setup["audio"][1] += 1
    if options.kill or options.starve:
        upset(made[0], kill=options.kill)
    kind = WhisperXEngine if options.engine == "whisperx" else Engine
    setting = memory.Setting("cpu", "int8", options.batch)
    fallback = memory.OutOfMemoryFallback(lambda _: kind(model, how, made, told.append), setting, told.append)
    for helper in made:  # all begin together, or the first would have done the film before the second is loaded
        while not helper._ready.done():
            time.sleep(0.01)
    speech = [
        dataclasses.replace(region, language="en")
        for region in regions.cut_long(regions.silero_regions(audio, 0.5), 28_000, audio)
    ]
    began = time.monotonic()
    chunks = Recogniser(fallback, audio, "native", [], 4, lambda *_: None).recognise(speech)
    seconds = time.monotonic() - began
    done = dict(fallback.engine.pool.done)
    ids = [helper.said.get("process") for helper in made]
    fallback.engine.close()
    sys.stdout.write(
        json.dumps(
            {
                "chunks": [pieces.plain(chunk) for chunk in chunks],
                "done": done,
                "told": told,
                "seconds": seconds,
                "alive": [number for number in ids if number and Path(f"/proc/{number}").exists()],
                "batch_size": fallback.setting.batch_size,
            }
        )
    )


def upset(helper: Helper, *, kill: bool) -> None:
    """Let a helper fail with each piece: its process is killed meanwhile, or it says that it has no memory."""
    ask = helper._ask

    def failing(question: dict[str, Any]) -> dict[str, Any]:
        if not kill:
            raise MemoryError("CUDA failed with error out of memory")
        threading.Timer(0.2, os.kill, (helper.said["process"], signal.SIGKILL)).start()
        return ask(question)

    helper._ask = failing  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
