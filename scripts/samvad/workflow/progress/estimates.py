"""How long a stage is likely to take: from the film's duration, and from what stages took on earlier films."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from samvad.core import stages
from samvad.documents import stage_manifest

#: So many of the newest jobs are looked at, and so many figures of a stage are kept.
_JOBS = 50
#: A shorter film tells more about a stage's start than about its speed.
_SHORTEST_FILM_SECONDS = 1.0
#: Before a stage has done so much, loading its model weighs too much to say how fast it is.
LEAST_TOLD = 0.05


class Estimates:
    """Seconds that each stage took for a second of film; medians, so that one odd film does not count."""

    def __init__(self) -> None:
        self._rates: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_JOBS))

    def load(self, output_root: Path) -> None:
        """Learn from the newest jobs below the output root. What cannot be read is passed over."""
        for job_folder in reversed(list(islice(_newest_first(output_root, depth=5), _JOBS))):
            paths = {name: job_folder / row.folder / "manifest.json" for name, row in stages.BY_NAME.items()}
            manifests = {name: found for name, path in paths.items() if (found := stage_manifest.read_optional(path))}
            film_seconds = manifests["demux"].film_seconds() if "demux" in manifests else None
            for name, manifest in manifests.items():
                if manifest.status == "success" and not manifest.cache.hit:
                    self.add(name, manifest.duration_seconds, film_seconds)

    def add(self, stage: str, seconds: float | None, film_seconds: float | None) -> None:
        """Learn from a stage that has ended."""
        if seconds is not None and film_seconds is not None and film_seconds >= _SHORTEST_FILM_SECONDS:
            self._rates[stage].append(seconds / film_seconds)

    def seconds(self, stage: str, film_seconds: float | None) -> float | None:
        """Return how long a stage is likely to take, or None where nothing is known of it or of the film."""
        rates = self._rates.get(stage)
        if not rates or film_seconds is None:
            return None
        return statistics.median(rates) * film_seconds


def remaining_seconds(expected: float | None, elapsed: float, share: float | None) -> float | None:
    """Return how long a running stage is likely to need still.

    Args:
        expected: how long it was likely to take in all, or None.
        elapsed: seconds since it began.
        share: how much of it is done, 0 to 1, as it says itself, or None.
    """
    if share is not None and share >= LEAST_TOLD:
        return elapsed * (1 - share) / share
    return None if expected is None else max(0.0, expected - elapsed)


def _newest_first(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders ``YYYY/MM/DD/USER/N``, newest dates first, without listing the rest of a large shelf."""
    if depth == 0:
        yield folder
        return
    try:
        names = sorted((entry.name for entry in folder.iterdir() if entry.is_dir()), reverse=True)
    except OSError:
        return
    for name in names:
        yield from _newest_first(folder / name, depth - 1)


def clock(seconds: float) -> str:
    """Return a duration as ``0:12`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def left(seconds: float | None) -> str:
    """Return an estimate in words."""
    return "no estimate yet" if seconds is None else f"about {clock(seconds)} left"
