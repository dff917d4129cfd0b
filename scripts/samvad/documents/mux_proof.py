"""The proof of stage 10: where the film's sound and pictures were found in the result, and that its cues are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json


@dataclass(frozen=True)
class Place:
    """A moment of the film that was looked for in the result.

    Attributes:
        at_ms: when it is in the film, on the film's clock.
        shift_ms: how much later it is in the result.
        likeness: of sound the correlation, 1 for the same; of pictures, 1 less the mean difference of their shades.
        exact: whether the samples or shades are the same.
    """

    at_ms: int
    shift_ms: float
    likeness: float
    exact: bool


@dataclass(frozen=True)
class StreamProof:
    """What was found of one of the film's streams.

    Attributes:
        stream: its number in the film.
        kind: ``video`` or ``audio``.
        by: what was compared: ``sound``, ``picture``, ``packets`` (their bytes and times, where a sound is too even to
            find a place in it), or ``nothing``, where there was nothing to compare: it is not proved.
        places: where it was found, in order of time.
        lost_at_ms: where the result has something else at any time near.
        damaged_at_ms: where it has, too, but the film is damaged: each decoding shows or sounds like something else.
        whole: what was compared from the beginning to the end: ``packets``, or ``sound`` where it was decoded; empty
            where only the places were.
    """

    stream: int
    kind: str
    by: str
    places: tuple[Place, ...]
    lost_at_ms: tuple[int, ...] = ()
    damaged_at_ms: tuple[int, ...] = ()
    whole: str = ""

    @property
    def shift_ms(self) -> float | None:
        """Return the middle one of the shifts, or None where there is none."""
        shifts = sorted(place.shift_ms for place in self.places)
        return shifts[len(shifts) // 2] if shifts else None

    @property
    def is_in_places_alone(self) -> bool:
        """Return whether nothing is known of a picture or sound of the film between the places."""
        return self.by in ("sound", "picture", "packets") and not self.whole and not self.damaged_at_ms

    @property
    def spread_ms(self) -> float:
        """Return by how much the shifts differ."""
        shifts = [place.shift_ms for place in self.places]
        return max(shifts) - min(shifts) if shifts else 0.0


@dataclass(frozen=True)
class TrackProof:
    """A subtitle track that was read back: all its cues are there, at their times, with their texts."""

    language: str
    cues: int


@dataclass(frozen=True)
class Proof:
    """All that was proved of a result.

    Attributes:
        route: how the film's streams came into it.
        streams: of the film, in order.
        tracks: the new ones, in order.
        unproved: what could not be proved, in words.
    """

    route: str
    streams: tuple[StreamProof, ...]
    tracks: tuple[TrackProof, ...]
    unproved: tuple[str, ...]
    schema_version: str = "1.0"

    def worst_ms(self, kind: str) -> float | None:
        """Return the largest shift that was found in streams of a kind, or None where nothing was compared."""
        found = [abs(place.shift_ms) for stream in self.streams if stream.kind == kind for place in stream.places]
        return max(found, default=None)


def told(metrics: Mapping[str, object]) -> str | None:
    """Return in a line what stage 10 proved, by its metrics; None where it proved nothing."""
    if "proved_places" not in metrics:
        return None
    shifts = [shift for name in ("sound_shift", "picture_shift") if isinstance(shift := metrics.get(name), int | float)]
    off = f", none off by more than {max(shifts):.1f} ms" if shifts else ""
    places, cues = metrics["proved_places"], metrics.get("proved_cues")
    return f"by {metrics.get('route')}; {places} places compared with the film{off}; {cues} cues read back"


def write(path: Path, proof: Proof) -> None:
    """Write a proof atomically."""
    typed_json.write(path, proof)


def read(path: Path) -> Proof:
    """Read a proof.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Proof, "proof of stage 10", "Run stage 10 again.")
