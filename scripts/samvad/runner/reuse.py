"""What a stage has recorded so far, and how that becomes a key of the result cache and a result in it."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import computing, files, places, this_machine, times
from samvad.core.declarations import Stage
from samvad.documents.provenance import Model, RanCode
from samvad.documents.run_record import CacheSettings
from samvad.documents.stage_entries import CacheUse, FileRecord, IntermediateFile, Lack, Metric, StageWarning
from samvad.logs.spans import span
from samvad.runner import gpus, lacking
from samvad.runner.result_cache import CachedFile, Entry, ResultCache, Said, key_of

log = logging.getLogger(__name__)


@dataclass
class Record:
    """What a stage has recorded: the parts of its manifest that it fills while it works."""

    inputs: list[FileRecord] = field(default_factory=list)
    intermediates: list[IntermediateFile] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    warnings: list[StageWarning] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    models: list[Model] = field(default_factory=list)
    devices: tuple[str | None, str | None] = (None, None)
    engines: list[computing.Engine] = field(default_factory=list)
    lacks: list[Lack] = field(default_factory=list)


class Reuse:
    """One stage's look into the cache. What was recorded before is the key; what is recorded after is the result.

    Args:
        record: what the stage has recorded by now.
        ingredients: what the result depends on, from ``ingredients``.
        cache: the cache, or None where none is used: then there is a key, and nothing else.
    """

    def __init__(self, record: Record, ingredients: dict[str, Any], cache: ResultCache | None) -> None:
        self._record = record
        self._ingredients = ingredients
        self._cache = cache
        self._metrics = len(record.metrics)
        self._warnings = len(record.warnings)
        self._entry: Entry | None = None
        self._locks = contextlib.ExitStack()
        self.hours: float | None = None

    @property
    def key(self) -> str:
        """Return the checksum of all that the result depends on."""
        return key_of(self._ingredients)

    def fetch(self, folder: Path) -> tuple[CachedFile, ...] | None:
        """Take the result into a folder and into the record, if it is there.

        Without it the result's lock is held until ``close``, so that another job waits for this one.

        Returns:
            The files of the result, or None.
        """
        if self._cache is None:
            return None
        with span("waiting"):
            self._locks.enter_context(self._cache.lock(self._ingredients))
        entry = self._entry = self._cache.fetch(self._ingredients, folder, _is_the_best_to_be_had)
        if entry is None:
            return None
        log.info("Reused from %s of %s, which took %.1f s", entry.run_id, entry.made_at, entry.seconds)
        gpus.release()  # it is not the one that the result was made on
        said, record = entry.record, self._record
        record.metrics += said.metrics
        record.warnings += [StageWarning(times.utc_now(), message) for message in said.warnings]
        record.intermediates += said.intermediates
        record.facts.update(said.facts)
        record.tools.update(said.tools)
        record.models[:] = said.models
        record.devices = (record.devices[0], said.device_actual)
        record.engines[:] = said.engines
        record.lacks[:] = said.lacks
        return entry.files

    def store(self, folder: Path, outputs: Sequence[FileRecord], run_id: str, seconds: float) -> None:
        """Keep the result for other jobs, unless it came from the cache.

        Args:
            folder: the stage's folder, with the outputs.
            outputs: their records in the manifest.
            run_id: the run that made them.
            seconds: wall time that it took.
        """
        if self._cache is None or self._entry is not None:
            return
        record = self._record
        said = Said(
            metrics=tuple(record.metrics[self._metrics :]),
            warnings=tuple(warning.message for warning in record.warnings[self._warnings :]),
            intermediates=tuple(record.intermediates),
            facts=record.facts,
            tools=record.tools,
            models=tuple(record.models),
            device_actual=record.devices[1],
            engines=tuple(record.engines),
            lacks=tuple(record.lacks),
        )
        cached = tuple(
            CachedFile(Path(item.path).name, item.type, item.size_bytes, item.checksum, item.media) for item in outputs
        )
        expires_at = time.time() + self.hours * 3600 if self.hours else None
        stage = self._ingredients["stage"]
        entry = Entry(stage, self._ingredients, cached, said, run_id, times.utc_now(), seconds, expires_at)
        self._cache.store(entry, folder)

    def close(self) -> None:
        """Let go of the lock."""
        self._locks.close()

    def use(self) -> CacheUse:
        """Return the manifest's ``cache``."""
        made_by = self._entry.run_id if self._entry else None
        return CacheUse(key_of(self._ingredients), self._entry is not None, made_by)


def _is_the_best_to_be_had(entry: Entry) -> bool:
    """Say whether what a result would be better with is still not to be had."""
    return not any(lacking.is_to_be_had(lack.place, lack.endpoint, lack.url) for lack in entry.record.lacks)


#: The manifest's ``cache`` of a stage whose results are not kept.
NOT_KEPT = CacheUse(key=None, hit=False, made_by=None)


def ingredients(stage: Stage, ran: RanCode, record: Record, options: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Return everything that a stage's result depends on.

    Args:
        stage: the stage.
        ran: its code when its process began: whatever stands in its place by now has made nothing of the result.
        record: its inputs, programs, models, device and what computes.
        options: what it was told.
        more: whatever else it depends on.

    Raises:
        RuntimeError: a file is named on the command line, but was not read by now. A defect of the stage.
    """
    read = {item.path for item in record.inputs}
    config = {}
    for item in (item for item in stage.all_options if not item.place):
        value = getattr(options, item.name)
        paths = [each for each in (value if item.many else (value,)) if isinstance(each, Path)]
        unread = [path for path in paths if not {str(path), str(places.find(path).absolute())} & read]
        if unread:
            raise RuntimeError(f"{unread[0]} was not read before the cache was looked into")
        if not paths:  # files count by their content, wherever they lie
            config[item.name] = item.as_json(value)
    return {
        "stage": stage.name,
        "code": ran.code,
        "environment": ran.lock_hash,
        "machine": this_machine.architecture(),
        "config": config,
        "inputs": [[item.type, item.checksum] for item in record.inputs],
        "tools": dict(record.tools),
        "models": [asdict(model) for model in record.models],
        "devices": list(record.devices),
        **(_computing(record) if stage.computes else {}),
        **more,
    }


def _computing(record: Record) -> dict[str, Any]:
    gpu = gpus.held_name() if record.devices[1] == "cuda" else ""
    return {
        "engines": [asdict(engine) for engine in record.engines],
        "processor": computing.processor(),
        "choices": computing.choices(),
        "gpu": gpu,
    }


def cache_from(settings: CacheSettings | None) -> ResultCache | None:
    """Return the cache that the workflow's settings name; None where there is none, or anybody may write into it."""
    if settings is None:
        return None
    folder = Path(settings.folder)
    if reason := files.open_to_others(folder):
        log.warning("The cache of results %s is not used: %s.", folder, reason)
        return None
    files.make_private(folder)
    return ResultCache(folder, round(settings.max_gb * 1e9))
