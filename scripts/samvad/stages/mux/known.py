"""What was proved of a result before: the same bytes, made of the same film and subtitles, need no second proof.

mkvmerge writes the same bytes for the same film and the same tracks. So a second job of a film, which has its subtitles
from the cache of results, gets a file that was held against the film once: its checksum says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, typed_json
from samvad.core.errors import DiskError, SamvadError
from samvad.documents.media_facts import MediaFacts
from samvad.documents.mux_proof import StreamProof, TrackProof

log = logging.getLogger(__name__)


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
    """Return what is known of a result; None where nothing is, or anybody may have written it.

    Args:
        key: the checksum of all that went into it and of its bytes; None where nothing is kept.
    """
    if key is None or files.open_to_others(_folder()):
        return None
    try:
        return typed_json.read(_file(key), Known, "what was proved of a result", "Remove it.")
    except SamvadError:
        return None


def keep(key: str | None, known: Known) -> None:
    """Keep what was found in a result; a cache that cannot be written is passed over."""
    if key is None:
        return
    files.make_private(_folder())
    try:
        typed_json.write(_file(key), known)
    except (OSError, DiskError) as error:
        log.info("What was proved is not kept in the cache: %s", error)


def _folder() -> Path:
    return files.cache_folder() / "proofs"


def _file(key: str) -> Path:
    return _folder() / f"{key.removeprefix('sha256:')}.json"
