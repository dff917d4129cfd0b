"""What was proved of a result before: the same bytes, made of the same film and subtitles, need no second proof.

mkvmerge writes the same bytes for the same film and the same tracks. So a second job of a film, which has its subtitles
from the cache of results, gets a file that was held against the film once: its checksum says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from samvad.documents.media_facts import MediaFacts
from samvad.documents.mux_proof import StreamProof, TrackProof
from samvad.runner import found_before

_ROOM = "proofs"


@dataclass(frozen=True)
class Known:
    """What was found in a result.

    Attributes:
        streams: where the film's streams were found in it, all of them in their places.
        tracks: its new tracks, read back.
        differences: what of the film's own is otherwise in it, in words.
        uncompared: what could not be compared, in words.
        facts: what a manifest records of it.
    """

    streams: tuple[StreamProof, ...]
    tracks: tuple[TrackProof, ...]
    differences: tuple[str, ...]
    uncompared: tuple[str, ...]
    facts: MediaFacts


def find(key: str | None) -> Known | None:
    """Return what is known of a result; None where nothing is.

    Args:
        key: the checksum of all that went into it and of its bytes; None where nothing is kept.
    """
    return found_before.find(_ROOM, key, Known)


def keep(key: str | None, known: Known) -> None:
    """Keep what was found in a result."""
    found_before.keep(_ROOM, key, known)
