"""Small copies of films that no browser plays, made when a page asks, one at a time, and kept for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.media import small_copy
from samvad.review.job import JobFiles

#: A page is told of each hundredth.
_STEP = 0.01


class Copies:
    """The copies that are being made.

    Args:
        tell: called with a film's id and how far its copy is.
    """

    def __init__(self, tell: Callable[[str, JsonObject], None] = lambda *_: None) -> None:
        self._tell = tell
        self._making: dict[str, JsonObject] = {}
        self._one = threading.Lock()
        self._lock = threading.Lock()

    def state(self, film_id: str) -> JsonObject | None:
        """Return how far a film's copy is: ``state`` (making, done, failed), ``progress`` and ``error``."""
        return self._making.get(film_id)

    def start(self, film_id: str, files_: JobFiles, film: Path) -> JsonObject:
        """Begin to make a film's copy, where nobody has; return how far it is."""
        with self._lock:
            known = self._making.get(film_id)
            if known is not None and known["state"] == "making":
                return known
            self._making[film_id] = {"state": "making", "progress": 0.0, "error": ""}
            threading.Thread(target=self._make, args=(film_id, files_, film), daemon=True, name="copy").start()
            return self._making[film_id]

    def _make(self, film_id: str, files_: JobFiles, film: Path) -> None:
        probe = files_.probe
        sound = next((track.stream for track in probe.audio if track.track == probe.chosen_audio_track), None)
        told = 0.0

        def hear(seconds: float) -> None:
            nonlocal told
            share = min(1.0, seconds * 1000 / files_.film_ms)
            if share >= told + _STEP:
                told = share
                self._say(film_id, "making", round(share, 2))

        try:
            with self._one:
                small_copy.on_demand(film, probe.checksum, sound, progress=hear)
            self._say(film_id, "done", 1.0)
        except SamvadError as error:
            self._say(film_id, "failed", None, str(error))
        except Exception as error:
            self._say(film_id, "failed", None, f"{type(error).__name__}: {error}")
            raise

    def _say(self, film_id: str, state: str, progress: float | None, error: str = "") -> None:
        self._making[film_id] = {"state": state, "progress": progress, "error": error}
        self._tell(film_id, self._making[film_id])
