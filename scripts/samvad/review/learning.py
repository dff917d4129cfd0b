"""What people corrected, for the translation memory that a film has: `samvad correct` and the page teach it alike."""

from __future__ import annotations

from pathlib import Path

from samvad.core import places, stages
from samvad.documents import stage_manifest
from samvad.stages.translation import memory


def learned(job_folder: Path, table: Path, memory_file: str | None = None) -> list[str]:
    """Teach a film's translation memory what was corrected; return what to tell the user.

    Args:
        job_folder: the film's job.
        table: ``corrections/<language>.tsv``.
        memory_file: as ``translation.memory_file``; None for the one that the film was translated with.
    """
    found = memory.read_corrections(table)
    if not found:
        return []
    setting = memory_file
    if setting is None:
        stage = job_folder / stages.BY_NAME["translation"].folder
        manifest = stage_manifest.read_optional(stage / "manifest.json")
        if manifest is None:
            return [f"No translation memory learns from it: {stage} does not say which one the film has."]
        setting = str(manifest.config.get("memory_file") or "")
    # Stages run in the project's folder, whatever folder a person is in.
    path = memory.place_of(setting, places.work() if memory_file is None else None)
    if path is None:
        return ["No translation memory learns from it: the film has none."]
    store = memory.Memory(path)
    count = store.learn(found, str(table.resolve()))
    if store.problem:
        return [f"The translation memory learned nothing: {store.problem}"]
    # A film with another memory does not read it.
    won = "they win wherever the same is said in a film that uses it"
    return [f"The translation memory {path} learned {count} lines: {won}."] if count else []
