# What the rules share: the checked configuration and film sheet, wildcard constraints, input functions.

import atexit
import functools
import gc
import inspect
import os
import sys
from pathlib import Path

from snakemake.common import overwrite_function_params
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.resources import Resource

# The one edit of the path: a stage script finds the package because it lies beside it, the workflow does not.
sys.path.insert(0, f"{workflow.basedir}/scripts")

from samvad.core import files, stages, variables
from samvad.core.errors import SamvadError
from samvad.reporting.pages import shelf_page
from samvad.runner.code_hash import code_hash
from samvad.settings import configuration, resource_requests
from samvad.settings.stage_settings import StageSettings, fingerprint
from samvad.workflow import machine_limits, run_registry
from samvad.workflow.run_recorder import PipelineHandler

# Planning makes millions of objects that live to its end: looking through them for garbage takes 3 % of the time and more.
gc.set_threshold(100_000, 50, 100)

try:
    config = configuration.check(config)
    FILMS = configuration.load_films(Path(config["films"]))
    configuration.switches(config, None)
    TABLE = resource_requests.load(config["machines"]["resources"])
except SamvadError as error:
    raise WorkflowError(str(error)) from None

OUT = config["output_root"].rstrip("/")
JOB = f"{OUT}/{{job}}"

configuration.tell_stages(config, workflow.deployment_settings and workflow.deployment_settings.deployment_method)


wildcard_constraints:
    job=r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[A-Za-z0-9][A-Za-z0-9._-]*/[0-9]+",


def declare_params(function):
    """Tell Snakemake what a function takes: it looks otherwise, anew for each job and each thing that the job has."""
    overwrite_function_params(function, inspect.signature(function).parameters)
    return function


# The same of Snakemake's own function that it calls most: of each job, once for each thing that the job asks for.
overwrite_function_params(Resource.evaluate, inspect.signature(Resource("any", 1).evaluate).parameters)


def film_of(wildcards):
    """Return the film of a job folder."""
    film = FILMS.get(wildcards.job)
    if film is None:
        raise WorkflowError(
            f"No film in {config['films']} has the job {wildcards.job}. "
            "Add it with samvad add-film (or `make film`), or correct the path."
        )
    return film


@functools.cache
def switches(row):
    """Return for every stage whether it is on for a film; each of its jobs asks for it."""
    return configuration.switches(config, row)


def film(column):
    """Return a params function: a column of the film's row; an empty text where it says nothing."""

    def value(wildcards):
        found = getattr(film_of(wildcards), column)
        return "" if found is None else found

    return declare_params(value)


def resource_request(stage, name):
    """Return a resources function: what an attempt of a stage asks for, by the film's length and the number of the attempt."""

    def value(wildcards, attempt):
        return TABLE.request(stage, resource_requests.hours_of(f"{OUT}/{wildcards.job}"), attempt)[name]

    return declare_params(value)


@declare_params
def media_path(wildcards, threads):
    """Return where the film lies. Snakemake compares no parameter that depends on the threads: a move reruns nothing."""
    return film_of(wildcards).media


@functools.cache
def settings_of(stage):
    """Return a stage's options, by the configuration and the film sheet."""
    return StageSettings(stages.BY_NAME[stage], config)


def settings(stage):
    """Return a params function: what the stage's result depends on, by name; a change of it runs the stage again.

    By name, because Snakemake compares bare values as a set, in which two that change places are no change.
    """
    own = settings_of(stage)
    return declare_params(lambda wildcards: own.rerun_settings(film_of(wildcards)))


def option_flags(stage):
    """Return a params function: all that the configuration and the film's row say, as flags of the stage's command."""
    own = settings_of(stage)
    return declare_params(lambda wildcards: own.flags(film_of(wildcards)))


def gpus(stage):
    """Return how many GPUs a stage asks for: none where its device is the CPU."""
    declared = stages.BY_NAME[stage]
    return 1 if declared.asks.gpu and config[declared.key]["device"] != "cpu" else 0


def review_file(wildcards, name):
    """Return where a person's decisions about a film lie: in the folder its row names, else in the job's own."""
    return Path(film_of(wildcards).review or f"{OUT}/{wildcards.job}/review") / name


def review_option(name):
    """Return a params function: the file of a person's decisions as an option, where there is one."""

    def option(wildcards):
        path = review_file(wildcards, name)
        return [f"--review={path}"] if path.is_file() else []

    return declare_params(option)


def review_content(name):
    """Return a params function: the fingerprint of a person's decisions, so that an edit is seen; nothing without any."""
    return declare_params(
        lambda wildcards: fingerprint(path) if (path := review_file(wildcards, name)).is_file() else ""
    )


def manifests(stage):
    """Return an input function: the manifests that a stage reads, by the name of their stage."""

    def inputs(wildcards):
        row = film_of(wildcards)
        try:
            names = inputs_of(stage, row)
        except SamvadError as error:
            raise WorkflowError(f"Film {row.film} ({wildcards.job}): {error}") from None
        return {name: f"{OUT}/{wildcards.job}/{stages.BY_NAME[name].folder}/manifest.json" for name in names}

    return declare_params(inputs)


@functools.cache
def origins(row):
    """Return for every stage what decided whether it is on for a film."""
    return configuration.switch_origins(config, row)


@functools.cache
def inputs_of(stage, row):
    """Return the stages whose manifests a stage of a film takes as inputs."""
    return stages.inputs_of(stage, switches(row), origins(row))


def manifest_options(stage):
    """Return a params function: the same manifests as options of the stage's command."""
    row = stages.BY_NAME[stage]

    def options(wildcards, input):
        on = switches(film_of(wildcards))
        named = [name for name in (*row.needs, *row.after) if name in input.keys()]
        found = [f"--{name.replace('_', '-')}={input[name]}" for name in named]
        if row.reads_segments:
            found.append(f"--segments={input[stages.segments_source(stage, on)]}")
        return found

    return declare_params(options)


@declare_params
def corrections(wildcards):
    """Return fingerprints of a job's corrected tracks, so that a new one is put into the film."""
    folder = Path(OUT) / wildcards.job / "corrections"
    return [f"{path.name} {fingerprint(path)}" for path in sorted(folder.glob("*.srt"))]


def targets(workflow_name):
    """Return an input function: for every film, the stages that the workflow, or its row, asks for."""

    def inputs(wildcards):
        return [
            f"{OUT}/{job}/{stages.BY_NAME[name].folder}/manifest.json"
            for job, row in FILMS.items()
            for name in wanted_stages(row, workflow_name)
        ]

    return declare_params(inputs)


def wanted_stages(row, workflow_name="subtitle"):
    """Return the stages that a film goes through: those that are on, to the end of its workflow or the one asked for."""
    shorter = stages.shorter(row.workflow, workflow_name)
    return stages.last_stages(shorter, switches(row))


def stages_off(row):
    """Return the stages of a film's workflow that are switched off, and by what."""
    on, origin = switches(row), origins(row)
    wanted = [stage.name for stage in stages.STAGES if stages.is_in(stage, row.workflow)]
    return {name: origin[name] for name in wanted if not on[name]}


def repair():
    """Mend the records of jobs: of those that this run looks at, or after a killed run, of whatever that left."""
    if RUN.after_a_kill:
        PIPELINE.repair(FILMS)
    elif workflow.dag is not None:
        PIPELINE.repair({job.wildcards.job for job in workflow.dag.jobs if job.rule.name in stages.BY_NAME})


if workflow.is_main_process and not workflow.output_settings.dryrun:
    try:
        RUN = run_registry.enter(Path(".snakemake"))
        PIPELINE = PipelineHandler(
            FILMS,
            wanted_stages,
            stages_off,
            Path(OUT),
            RUN,
            cache=configuration.cache_settings(config),
            stage_links=config["logs"]["per_stage_links"],
            view=config["logs"]["view"],
        )
    except SamvadError as error:
        raise WorkflowError(str(error)) from None
    for other in RUN.others:
        print(f"samvad: another run is at work in this folder: {other}", file=sys.stderr)
    os.environ[variables.RUN] = str(RUN.path)
    atexit.register(repair)  # where nothing is to be done, no hook is called
    PIPELINE.attach(logger)


# Stages that run at once on this machine share what it has. A cluster has told what each job may have (--jobs is given).
if workflow.is_main_process and workflow.global_resources["_nodes"].value is None:
    for name, total in machine_limits.limits(
        workflow.global_resources, look_for_gpus=not workflow.output_settings.dryrun
    ).items():
        workflow.register_resource(name, total)


def warn_of_large_stages(jobs):
    """Say which stages get all the memory that there is: Snakemake cuts a larger request to that."""
    total = workflow.global_resources.get("mem_mb")
    total = total.value if total is not None else None
    for name in sorted({job.rule.name for job in jobs if total is not None and job.resources.get("mem_mb") == total}):
        logger.warning(
            f"{name} asks for {total} MB of memory or more, and that is all there is for the stages here: it may run out. "
            "Use a smaller model, or give more with --resources mem_mb=… if there is more."
        )


def start():
    """Mend old records, and write down which locks are this run's, and what it is to do."""
    atexit.unregister(repair)
    repair()
    RUN.owns(getattr(workflow.persistence, "_lockfile", {}).values())
    if name := getattr(workflow.scheduler._executor, "run_uuid", None):
        RUN.submits(name)
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in stages.BY_NAME]
    warn_of_large_stages(jobs)
    needs = {job: {other.rule.name for other in workflow.dag.dependencies[job]} for job in jobs}
    PIPELINE.expect((job.wildcards.job, job.rule.name, needs[job]) for job in jobs)


def finish():
    """Write the last lines of the logs and the index of the films, and say where the results are."""
    PIPELINE.finish()
    if Path(OUT).is_dir():
        try:
            shelf_page.write(Path(OUT))
        except SamvadError as error:  # the films are done: a page that cannot be written undoes none of them
            logger.warning(f"The index of the films is not written: {error}")
