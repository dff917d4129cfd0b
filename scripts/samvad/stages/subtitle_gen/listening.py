"""The voices in a film's sound, each stretch listened to once: a second job of the film takes what the first one heard.

To listen costs a third of the stage, most of it the start of numpy and its transforms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samvad.core import computing
from samvad.media import voices
from samvad.media.audio import FilmAudio
from samvad.media.voices import Voice
from samvad.runner import found_before
from samvad.runner.stage_run import StageRun

_ROOM = "voices"


@dataclass(frozen=True)
class Stretch:
    """A stretch of sound that was listened to, and the voice in it, if there is one."""

    start_ms: int
    end_ms: int
    voice: Voice | None


@dataclass(frozen=True)
class Stretches:
    """All that was listened to in one film."""

    heard: tuple[Stretch, ...]


class Listener:
    """Gives the voice between two times of a film.

    Args:
        audio: its sound.
        key: the checksum of all that what is heard depends on, or None where nothing is kept.
    """

    def __init__(self, audio: Path, key: str | None) -> None:
        self._audio = audio
        self._key = key
        found = found_before.find(_ROOM, key, Stretches)
        self._known = {(item.start_ms, item.end_ms): item.voice for item in (found.heard if found else ())}
        self._before = len(self._known)

    @functools.cached_property
    def _sound(self) -> FilmAudio:
        return FilmAudio(self._audio)

    def __call__(self, start_ms: int, end_ms: int) -> Voice | None:
        """Return the voice between two times; None where too little of one is heard."""
        stretch = start_ms, end_ms
        if stretch not in self._known:
            self._known[stretch] = voices.heard(self._sound, start_ms, end_ms)
        return self._known[stretch]

    def keep(self, check: Callable[[], None]) -> None:
        """Keep what was heard, if there is anything new in it.

        Args:
            check: raises an error where the sound is not what it was: what is kept is found by its checksum.
        """
        if self._key is not None and len(self._known) > self._before:
            check()
            heard = (Stretch(*stretch, voice) for stretch, voice in self._known.items())
            found_before.keep(_ROOM, self._key, Stretches(tuple(heard)))


def of(run: StageRun) -> Listener | None:
    """Return what gives the voices of a run's film; None where stage 01 left no sound.

    Call it when all that decides on a track has been read: what is heard is found again for the same tracks alone. The
    processor counts as well, as wherever numbers are computed.
    """
    audio = run.read_optional("demux", "audio")
    if audio is None:
        return None
    return Listener(audio, run.key(processor=computing.processor()))
