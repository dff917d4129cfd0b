"""Which windows are decoded together, and how such a unit is: the same whoever decodes it, so that its text is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samvad.stages.asr import windows
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window

#: Longer windows (ms) of these languages are decoded with timestamp tokens, as Whisper was trained: of several lines in
#: one a small model leaves fewer out, and translates fewer; of a single one it loops more. Half of the joined Hindi
#: films set it. English, Spanish, French, Italian and Russian gain nothing, and each token costs time.
_TIMED, _TIMED_MS = frozenset({"hi", "ur"}), 7_000


def of(batch: Sequence[Window], size: int, parts: int) -> list[tuple[Window, ...]]:
    """Return windows in units that are decoded together; they do not depend on how many decoders there are.

    Each batch is parted by itself, since how many of them are given at a time does depend on that.

    Args:
        batch: windows of one language: one batch, or several.
        size: windows in a batch.
        parts: how many units a batch is cut into.
    """
    batches = [batch[first : first + size] for first in range(0, len(batch), size)]
    alike = [[window for window in one if _is_timed(window) is timed] for one in batches for timed in (True, False)]
    return [tuple(some[part::parts]) for some in alike for part in range(min(parts, len(some)))]


def measured(strategy: DecodingStrategy, unit: Sequence[Window]) -> DecodingStrategy:
    """Return how windows are decoded together: with which tokens, the length they are encoded in, the longest text."""
    # Between two times a phrase may be written again: they would hide it where none may come twice.
    strategy = replace(strategy, timed=all(map(_is_timed, unit)) and not strategy.forbid_repeats)
    if not strategy.own_length:
        return strategy
    most = windows.most_tokens(unit)
    return replace(
        strategy,
        encoded_ms=max(windows.short_ms(unit), strategy.least_ms),
        max_tokens=min(most, strategy.max_tokens) if strategy.max_tokens else most,
    )


def _is_timed(window: Window) -> bool:
    """Return whether a window is decoded with timestamp tokens."""
    return window.language in _TIMED and window.length_ms > _TIMED_MS
