"""Describe a job as a Workflow Run RO-Crate (Provenance Run Crate 0.5): the JSON-LD graph, from the records alone.

The profile is https://w3id.org/ro/wfrun/provenance/0.5. In short: the workflow is the Snakefile, with a step and a tool
for each stage; each attempt of a stage is a CreateAction of its tool, with what it read, made and used; each run is an
OrganizeAction of Snakemake.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from samvad.core import stages, times
from samvad.core.declarations import Stage
from samvad.core.typed_json import JsonObject
from samvad.documents.job_folder import Job, Record
from samvad.documents.provenance import Model
from samvad.documents.stage_entries import ErrorRecord, FileRecord, ResourceUsage
from samvad.documents.stage_manifest import StageManifest

Entity = JsonObject

_TERMS = "https://w3id.org/ro/terms/workflow-run#"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_HOMES = {
    "ffmpeg": "https://ffmpeg.org/",
    "ffprobe": "https://ffmpeg.org/ffprobe.html",
    "mkvmerge": "https://mkvtoolnix.download/",
}
_UNITS = {
    "wall_seconds": "https://qudt.org/vocab/unit/SEC",
    "cpu_seconds": "https://qudt.org/vocab/unit/SEC",
    "cpu_percent": "https://qudt.org/vocab/unit/PERCENT",
    "peak_rss_mb": "https://qudt.org/vocab/unit/MebiBYTE",
    "gpu_memory_mb": "https://qudt.org/vocab/unit/MebiBYTE",
}
_TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text", list: "Text", type(None): "Text"}
_FORMATS = {
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".mkv": "video/x-matroska",
    ".tsv": "text/tab-separated-values",
}
MAIN = "workflow/Snakefile"


@dataclass(frozen=True)
class About:
    """What the records do not know and a crate should say."""

    agent: str
    license_name: str
    license_url: str | None
    publisher: str | None
    snakemake: str


@dataclass
class Graph:
    """Entities by ``@id``, in the order in which they were first told of."""

    entities: dict[str, Entity] = field(default_factory=dict)

    def add(self, identifier: str, kind: str | list[str], /, **properties: Any) -> Entity:
        """Add an entity unless it is there; properties that are None or empty are left out. Return a reference."""
        kept = {key: value for key, value in properties.items() if value not in (None, [], "")}
        self.entities.setdefault(identifier, {"@id": identifier, "@type": kind, **kept})
        return {"@id": identifier}

    def document(self) -> Entity:
        """Return the JSON-LD document; terms that RO-Crate 1.1 lacks are defined in it: it needs one context only."""
        terms = {name: _TERMS + name for name in ("sha256", "resourceUsage")}
        # One value stands alone, not in a list: the specification recommends it.
        graph = [
            {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}
            for entity in self.entities.values()
        ]
        return {"@context": ["https://w3id.org/ro/crate/1.1/context", terms], "@graph": graph}


def describe(
    job: Job, sources: dict[str, str], carried: dict[str, str], manifests: Iterable[str], about: About
) -> Entity:
    """Return the document ``ro-crate-metadata.json``.

    Args:
        job: a job with at least one valid manifest.
        sources: files of the workflow in the crate, with what they are; those of stages under ``workflow/scripts/``.
        carried: for each recorded path whose file the crate carries, its path in the crate.
        manifests: paths of the records in the crate.
        about: what the records do not know.
    """
    graph = Graph()
    attempts = [(record, record.valid) for record in job.attempts if record.valid]
    attempts.sort(key=lambda item: (item[1].started_at, item[1].stage_number))
    software = attempts[-1][1].software
    version = software.samvad + (f"+{software.git_commit[:12]}" if software.git_commit else "")
    _root(graph, job, about)
    agent = graph.add("#agent", "Person", name=about.agent)
    described = _Files(graph, carried, {item.checksum for item in _current(job)})
    used = [stage for stage in stages.STAGES if any(record.stage is stage for record, _ in attempts)]
    _workflow(graph, used, sources, version)
    actions = [_tool_action(graph, record, manifest, described, agent) for record, manifest in attempts]
    runs = [_run(graph, job, run_id, attempts, described, agent, about) for run_id in _runs(attempts)]
    for path, what in sources.items():
        graph.add(quote(path), "File", name=path.rsplit("/", 1)[-1], description=what, encodingFormat=_format(path))
    graph.add("README.md", "File", name="README.md", about={"@id": "./"}, encodingFormat="text/markdown")
    for path in manifests:
        graph.add(quote(path), "File", name=path.removeprefix("records/"), encodingFormat="application/json")
    root = graph.entities["./"]
    files = [entity for entity in graph.entities.values() if "File" in entity["@type"]]
    root["hasPart"] = [{"@id": entity["@id"]} for entity in files]
    root["mentions"] = [*runs, *actions]
    return graph.document()


class _Files:
    """The files that actions read and made: those in the crate as files, others by what is recorded of them."""

    def __init__(self, graph: Graph, carried: dict[str, str], current: set[str]) -> None:
        self._graph, self._carried, self._current = graph, carried, current

    def reference(self, item: FileRecord, *parameters: Entity) -> Entity:
        """Return a reference to a file's entity, which is a work of each of the parameters."""
        checksum, path = item.checksum.removeprefix("sha256:"), item.path
        inside = path in self._carried and item.checksum in self._current
        identifier = quote(self._carried[path]) if inside else f"#sha256-{checksum}"
        length_ms = item.media.duration_ms if item.media else None
        where = " It is not in this crate." if item.checksum in self._current else " It was replaced."
        reference = self._graph.add(
            identifier,
            "File" if inside else "CreativeWork",
            name=path if not path.startswith("/") else path.rsplit("/", 1)[-1],
            description=f"{item.type.replace('_', ' ').capitalize()}.{'' if inside else where}",
            contentSize=str(item.size_bytes),
            sha256=checksum,
            encodingFormat=_format(path),
            dateModified=times.utc_text(datetime.fromtimestamp(item.mtime_ns / 1e9, UTC)),
            duration=f"PT{length_ms / 1000:.3f}S" if length_ms else None,
        )
        _link(self._graph, identifier, parameters)
        return reference


def _link(graph: Graph, identifier: str, parameters: Iterable[Entity]) -> None:
    works = graph.entities[identifier].setdefault("exampleOfWork", [])
    works += [parameter for parameter in parameters if parameter not in works]
    if not works:
        del graph.entities[identifier]["exampleOfWork"]


def _root(graph: Graph, job: Job, about: About) -> None:
    title = job.title or job.film
    told = graph.add(about.license_url or "#license", "CreativeWork", name=about.license_name)
    publisher = graph.add("#publisher", "Organization", name=about.publisher) if about.publisher else None
    conforms = [{"@id": profile} for profile in _PROFILES]
    graph.add(
        "ro-crate-metadata.json",
        "CreativeWork",
        about={"@id": "./"},
        conformsTo=[{"@id": "https://w3id.org/ro/crate/1.1"}, conforms[-1]],
    )
    graph.add(
        "./",
        "Dataset",
        name=f"Subtitles of {title}",
        description=f"What Samvad did to the film {title}: every attempt of each stage, with what it read, used, made.",
        datePublished=max(record.valid.ended_at or "" for record in job.attempts if record.valid),
        license=told,
        author={"@id": "#agent"},
        publisher=publisher,
        conformsTo=conforms,
        mainEntity={"@id": MAIN},
    )
    for profile, (name, version) in _PROFILES.items():
        graph.add(profile, "CreativeWork", name=name, version=version)


def _workflow(graph: Graph, used: list[Stage], sources: dict[str, str], version: str) -> None:
    graph.add(
        _LANGUAGE,
        "ComputerLanguage",
        name="Snakemake",
        identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        url={"@id": "https://snakemake.readthedocs.io"},
    )
    graph.add(_WORKFLOW_PROFILE, "CreativeWork", name="Bioschemas ComputationalWorkflow", version="1.0-RELEASE")
    steps, tools = [], []
    for stage in used:
        tool = graph.add(
            quote(f"workflow/scripts/{stage.script}"),
            ["File", "SoftwareSourceCode"],
            name=stage.script,
            description=f"The command of stage {stage.folder}.",
            version=version,
            encodingFormat="text/x-python",
        )
        step = graph.add(
            f"#step-{stage.folder}", "HowToStep", name=stage.folder, position=stage.number, workExample=tool
        )
        tools.append(tool)
        steps.append(step)
    film = graph.add("#input-film", "FormalParameter", name="film", additionalType="File")
    graph.add(
        MAIN,
        ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        name="Samvad",
        description=sources[MAIN],
        encodingFormat="text/plain",
        version=version,
        conformsTo={"@id": _WORKFLOW_PROFILE},
        programmingLanguage={"@id": _LANGUAGE},
        hasPart=tools,
        step=steps,
        input=[film],
    )


def _tool_action(graph: Graph, record: Record, manifest: StageManifest, described: _Files, agent: Entity) -> Entity:
    stage, number = record.stage, manifest.attempt
    name = f"{stage.folder}-{number:02d}"
    read = [described.reference(item, *_film_parameter(item)) for item in manifest.inputs]
    made = [described.reference(item) for item in manifest.outputs]
    options = [_option(graph, stage, name, key, value) for key, value in manifest.config.items()]
    models = [_model(graph, model) for model in manifest.software.models]
    requirements = [_software(graph, tool, found) for tool, found in manifest.software.tools.items()]
    tool = graph.entities[quote(f"workflow/scripts/{stage.script}")]
    known = tool.setdefault("softwareRequirements", [])
    known += [requirement for requirement in requirements if requirement not in known]
    warnings = " ".join(warning.message for warning in manifest.warnings)
    action = graph.add(
        f"#attempt-{name}",
        "CreateAction",
        name=f"Attempt {number} of stage {stage.folder}: {manifest.status}",
        description=f"Device: {manifest.software.device_actual or 'cpu'}. {warnings}".strip(),
        instrument={"@id": tool["@id"]},
        object=[*read, *models, *options],
        result=made,
        agent=agent,
        resourceUsage=_usage(graph, name, manifest.resources),
        **_outcome(manifest.started_at, manifest.ended_at or "", manifest.errors),
    )
    graph.add(
        f"#control-{name}",
        "ControlAction",
        name=f"Orchestrate attempt {number} of stage {stage.folder}",
        instrument={"@id": f"#step-{stage.folder}"},
        object=action,
        **_outcome(manifest.started_at, manifest.ended_at or "", manifest.errors),
    )
    return action


def _run(
    graph: Graph,
    job: Job,
    run_id: str,
    attempts: list[tuple[Record, StageManifest]],
    described: _Files,
    agent: Entity,
    about: About,
) -> Entity:
    own = [(record, manifest) for record, manifest in attempts if manifest.run_id == run_id]
    errors = [error for record, manifest in own for error in manifest.errors if _last(record, own)]
    outcome = _outcome(
        min(manifest.started_at for _, manifest in own), max(manifest.ended_at or "" for _, manifest in own), errors
    )
    films = [item for item in (*own[0][1].inputs, *job.film_records()) if item.type == "film"]
    final = {record.stage.name: record.valid for record in job.final.values()}
    results = []
    for record, manifest in own:
        if manifest == final.get(record.stage.name):
            for item in manifest.outputs:
                parameter = graph.add(f"#output-{item.type}", "FormalParameter", name=item.type, additionalType="File")
                results.append(described.reference(item, parameter))
                listed = graph.entities[MAIN].setdefault("output", [])
                listed += [] if parameter in listed else [parameter]
    action = graph.add(
        f"#run-{run_id}",
        "CreateAction",
        name=f"Run {run_id}",
        description=f"The stages {', '.join(dict.fromkeys(record.stage.folder for record, _ in own))}.",
        instrument={"@id": MAIN},
        object=[described.reference(item, *_film_parameter(item)) for item in films[:1]],
        result=results,
        agent=agent,
        **outcome,
    )
    engine = _software(graph, "snakemake", about.snakemake)
    graph.add(
        f"#organize-{run_id}",
        "OrganizeAction",
        name=f"Snakemake's part in run {run_id}",
        instrument=engine,
        object=[{"@id": f"#control-{record.stage.folder}-{manifest.attempt:02d}"} for record, manifest in own],
        result=action,
        agent=agent,
        **outcome,
    )
    return action


def _runs(attempts: list[tuple[Record, StageManifest]]) -> list[str]:
    return list(dict.fromkeys(manifest.run_id for _, manifest in attempts))


def _last(record: Record, own: list[tuple[Record, StageManifest]]) -> bool:
    return record is [other for other, _ in own if other.stage is record.stage][-1]


def _current(job: Job) -> list[FileRecord]:
    """Return what the job's final manifests name: what was made, and what was read."""
    return [
        item for record in job.final.values() if record.valid for item in (*record.valid.outputs, *record.valid.inputs)
    ]


def _outcome(began: str, ended: str, errors: Sequence[ErrorRecord]) -> Entity:
    status = "Failed" if errors else "Completed"
    return {
        "startTime": began.replace("Z", "+00:00"),  # the profile's own pattern knows no Z
        "endTime": ended.replace("Z", "+00:00"),
        "actionStatus": f"http://schema.org/{status}ActionStatus",
        "error": "; ".join(error.message for error in errors) or None,
    }


def _film_parameter(item: FileRecord) -> list[Entity]:
    return [{"@id": "#input-film"}] if item.type == "film" else []


def _option(graph: Graph, stage: Stage, name: str, key: str, value: Any) -> Entity:
    tool = graph.entities[quote(f"workflow/scripts/{stage.script}")]
    parameter = graph.add(
        f"#option-{stage.folder}-{key}", "FormalParameter", name=key, additionalType=_TYPES[type(value)]
    )
    listed = tool.setdefault("input", [])
    listed += [] if parameter in listed else [parameter]
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return graph.add(f"#{name}-{key}", "PropertyValue", name=key, value=text, exampleOfWork=parameter)


def _model(graph: Graph, model: Model) -> Entity:
    checksum = (model.checksum or "").removeprefix("sha256:")
    key = checksum or quote(f"{model.name}-{model.revision or ''}", safe="")
    return graph.add(
        f"#model-{key}",
        "CreativeWork",
        name=model.name,
        description="The weights of a model.",
        version=model.revision,
        sha256=checksum,
    )


def _software(graph: Graph, name: str, version: str) -> Entity:
    home = _HOMES.get(name)
    # A package URL (purl) names a Python package wherever it is installed from.
    address = f"{home}#{quote(version)}" if home else f"pkg:pypi/{quote(name)}@{quote(version)}"
    return graph.add(address, "SoftwareApplication", name=name, softwareVersion=version, url={"@id": home or address})


def _usage(graph: Graph, name: str, resources: ResourceUsage) -> list[Entity]:
    return [
        graph.add(
            f"#{name}-usage-{key}",
            "PropertyValue",
            name=key,
            propertyID=f"{_TERMS}{key}",
            value=str(getattr(resources, key)),
            unitCode=unit,
        )
        for key, unit in _UNITS.items()
        if getattr(resources, key) is not None
    ]


def _format(path: str) -> str:
    ending = f".{path.rsplit('.', 1)[-1]}".lower()
    return _FORMATS.get(ending) or mimetypes.guess_type(f"a{ending}")[0] or "text/plain"
