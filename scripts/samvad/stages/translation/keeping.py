"""What models wrote, kept as it comes: an attempt that was killed costs the batch in flight, not the film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from samvad.runner.kept_pieces import KeptPieces, key_of
from samvad.stages.translation.guards import Decoded

Item = TypeVar("Item")


@dataclass
class Keeping:
    """Where results are kept; nowhere, until the stage has read all that they depend on."""

    pieces: KeptPieces = field(default_factory=lambda: KeptPieces(None))

    def decode(
        self,
        items: Sequence[Item],
        decode: Callable[[Sequence[Item]], list[Decoded]],
        key: Callable[[Item], Sequence[object]],
    ) -> list[Decoded]:
        """Return what a model writes for items: what is kept, and for the rest what it writes now.

        Args:
            items: what goes together.
            decode: asks the model.
            key: all that an item's result depends on beside the stage's options and inputs; JSON values.
        """
        keys = [key_of(*key(item)) for item in items]
        found = [_decoded(self.pieces.get(each)) for each in keys]
        missing = [place for place, result in enumerate(found) if result is None]
        if missing:
            made = decode([items[place] for place in missing])
            self.pieces.put({keys[place]: _plain(result) for place, result in zip(missing, made, strict=True)})
            for place, result in zip(missing, made, strict=True):
                found[place] = result
        return [result for result in found if result is not None]


def _plain(result: Decoded) -> list[Any]:
    return [result.text, result.log_probability, result.tokens, [_plain(other) for other in result.others]]


def _decoded(value: Any) -> Decoded | None:
    """Return what was kept; None where it is no such thing."""
    try:
        text, log_probability, tokens, others = value
        known = tuple(result for other in others if (result := _decoded(other)) is not None)
        return Decoded(str(text), float(log_probability), int(tokens), known)
    except (TypeError, ValueError):
        return None
