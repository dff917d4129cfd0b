"""Where a film's results are and what is to be looked at, in lines for people: of one film, or of several at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samvad.core import places, stages
from samvad.core.failures import STOPPED
from samvad.documents import costs, job_manifest, mux_proof, stage_manifest, subtitle_check
from samvad.documents.job_manifest import JobManifest, StageEntry

#: Warnings that a summary shows.
_SHOWN = 12

Note = tuple[str, str]


def of_job(job_folder: Path) -> str:
    """Return in a few lines where a job's results and log are, why it is not done, and what is to be looked at.

    Raises:
        SamvadError: the job's manifest is missing or damaged.
    """
    return "\n".join(_lines(job_folder, _notes(job_manifest.read(job_folder))))


def of_jobs(job_folders: Sequence[Path], *, why: bool = True) -> str:
    """Return the same of several; what is to be said of all of them is said once, at the end.

    Args:
        job_folders: the films' jobs.
        why: whether to say why one is not done; False where that is said beside it.

    Raises:
        SamvadError: a manifest is missing or damaged.
    """
    notes = {folder: _notes(job_manifest.read(folder)) for folder in job_folders}
    first = next(iter(notes.values()), [])
    shared = [note for note in first if len(notes) > 1 and all(note in found for found in notes.values())]
    lines = [
        line
        for folder, found in notes.items()
        for line in _lines(folder, [note for note in found if note not in shared], why=why)
    ]
    if shared:
        lines += ["Both of them" if len(notes) == 2 else f"All {len(notes)} of them", *_of_notes(shared)]
    return "\n".join(lines)


def how_to_learn_more(job_folder: Path) -> str:
    """Return the command that says why a film is not done, with the log's last lines."""
    return f"{places.own_command()} why {'/'.join(job_folder.parts[-5:])}"


def shared_notes(job_folders: Sequence[Path]) -> list[str]:
    """Return in a line each what stages had to say of films of a shelf, once, with the film or how many it is said of.

    What cannot be read is passed over. What is said of most comes first; of many lines, the last are counted.
    """
    said: dict[Note, list[str]] = {}
    for folder in job_folders:
        if manifest := job_manifest.read_optional(folder):
            for note in _notes(manifest, most=None):
                said.setdefault(note, []).append(manifest.input.title)
    lines = [
        f"{label} {text} ({titles[0] if len(titles) == 1 else f'{len(titles)} films'})"
        for (label, text), titles in sorted(said.items(), key=lambda item: -len(item[1]))
    ]
    more = [f"… and {len(lines) - _SHOWN} more: see the films' pages"] if len(lines) > _SHOWN else []
    return lines[:_SHOWN] + more


def _lines(job_folder: Path, notes: Sequence[Note], *, why: bool = True) -> list[str]:
    manifest = job_manifest.read(job_folder)
    kinds = {"subtitled_film": "Subtitled film", "srt": "Subtitles", "vtt": "Subtitles", "report": "Report"}
    kinds |= {"ass": "Subtitles", "ttml": "Subtitles", "txt": "Text", "docx": "Text"}
    lines = [f"{manifest.input.title} ({job_manifest.status(job_folder)})"]
    for output in manifest.output.files:
        label = kinds.get(output.type.split("_")[0]) or kinds.get(output.type)
        if label:
            missing = "" if (job_folder / output.path).is_file() else "  (gone: the same command makes it again)"
            lines.append(f"  {label + ':':16} {job_folder / output.path}{missing}")
    lines += [f"  {'Transcript:':16} {job_folder / manifest.output.transcript}"] if manifest.output.transcript else []
    lines += [f"  {'Sound:':16} {text}" for text in _sound_heard(job_folder)]
    found = subtitle_check.headlines(job_folder)
    lines += [f"  {f'Worth ({language}):':16} {headline.told()}" for language, headline in found.items()]
    ways = subtitle_check.words(job_folder)
    lines += [f"  {f'Words ({language}):':16} {funnel.told()}" for language, funnel in ways.items()]
    lines += [f"  {'Proved:':16} {text}" for text in _proved(job_folder)]
    for item in job_manifest.approved_tracks(job_folder):
        since = "; changed since" if item.changed else ""
        lines.append(f"  {f'Approved ({item.language}):':16} {item.by}, {item.at[:10]}{since}")
    lines += [f"  {'Cost:':16} {text}" for text in _cost(manifest)]
    reused = [
        name for name, state in manifest.stages.items() if state.manifest and _reused(job_folder / state.manifest)
    ]
    if reused:
        lines.append(f"  {'Reused:':16} {', '.join(reused)} (done before for another job; see samvad cache)")
    resumed = [("Resumed:", text) for text in _said(job_folder, manifest, "resumed")]
    resumed += [("Decoders:", text) for text in _said(job_folder, manifest, "decoders")]
    lines += _of_notes([*(_failed(manifest, job_folder) if why else []), *resumed, *notes])
    logs = sorted((job_folder / "logs").glob("99_pipeline_*.log"))
    if logs:
        lines.append(f"  {'Log:':16} {logs[-1]}")
    lines.append(f"  {'Record:':16} {job_manifest.path_of(job_folder)}")
    return lines


def _of_notes(notes: Sequence[Note]) -> list[str]:
    """Return notes as lines; a label stands only where another one stood before."""
    labels = [label for label, _ in notes]
    shown = [label if number == 0 or labels[number - 1] != label else "" for number, label in enumerate(labels)]
    return [f"  {label:16} {text}" for label, (_, text) in zip(shown, notes, strict=True)]


def _failed(manifest: JobManifest, job_folder: Path) -> list[Note]:
    """Return why the film is not done, and which command says more."""
    found = [
        ("Why:", f"{stages.BY_NAME[name].folder if name in stages.BY_NAME else name} {entry.status}: {entry.reason}")
        for name, entry in manifest.stages.items()
        if entry.status in ("failed", STOPPED) and entry.reason
    ]
    return [*found, ("More:", how_to_learn_more(job_folder))] if found else []


def _notes(manifest: JobManifest, most: int | None = _SHOWN) -> list[Note]:
    """Return what stages had to say: why one was skipped, and warnings, of which no more than so many are shown."""
    told = [f"{name}: {text}" for name, entry in manifest.stages.items() for text in entry.warnings]
    more = [f"and {len(told) - most} more, in the log"] if most is not None and len(told) > most else []
    skipped = [f"{name}: {entry.reason}" for name, entry in manifest.stages.items() if _is_skip(entry) and entry.reason]
    return [("Skipped:", text) for text in skipped] + [("To look at:", text) for text in told[:most] + more]


def _sound_heard(job_folder: Path) -> list[str]:
    """Return which of the film's sounds was recognised, and why, where stage 01 has found that out."""
    demux = stage_manifest.read_optional(job_folder / stages.BY_NAME["demux"].folder / "manifest.json")
    found = {metric.name: metric.value for metric in demux.metrics} if demux else {}
    if "audio_track_because" not in found:
        return []
    channel = found.get("audio_channel")
    which = f"track {found['audio_track']}{'' if channel in (None, 'mix') else f', {channel}'}"
    doubts = len(demux.warnings) if demux else 0
    more = f" ({doubts} warning{'s' * (doubts > 1)} of stage 01: see its log)" if doubts else ""
    return [f"{which}: {found['audio_track_because']}{more}"]


def _proved(job_folder: Path) -> list[str]:
    """Return what stage 10 proved of the subtitled film, where it made one."""
    mux = stage_manifest.read_optional(job_folder / stages.BY_NAME["mux"].folder / "manifest.json")
    text = mux_proof.told({metric.name: metric.value for metric in mux.metrics}) if mux else None
    return [text] if text else []


def _said(job_folder: Path, manifest: JobManifest, what: str) -> list[str]:
    """Return for each stage what a metric in words says: how much of a killed attempt's work was there, who decoded.

    Not of another job's result.
    """
    found = []
    for name, state in manifest.stages.items():
        made = stage_manifest.read_optional(job_folder / state.manifest) if state.manifest else None
        if made is not None and not made.cache.hit:
            found += [f"{name}: {metric.value}" for metric in made.metrics if metric.name == what]
    return found


def _cost(manifest: JobManifest) -> list[str]:
    """Return what the film has cost, where its manifest says it."""
    cost = manifest.cost
    if cost is None:
        return []
    return [costs.told(cost.core_hours, cost.gpu_hours, cost.energy_kwh, costs.money(cost.amount, cost.currency))]


def _is_skip(entry: StageEntry) -> bool:
    """Say whether a stage ran and had nothing to do; of one that is switched off nobody needs to be told."""
    return entry.status == "skipped" and entry.manifest is not None


def _reused(path: Path) -> bool:
    """Say whether the result of a stage's manifest came from the cache."""
    manifest = stage_manifest.read_optional(path)
    return manifest is not None and manifest.cache.hit
