# What the rules share: the checked configuration and film sheet, wildcard constraints, input functions.

import atexit
import collections
import functools
import gc
import platform
import re
from pathlib import Path


from samvad.core import places, stages
from samvad.core.declarations import WORKFLOWS
from samvad.core.errors import SamvadError
from samvad.core.schemas import ROOT
from samvad.documents import at_work
from samvad.media import addresses, fetched
from samvad.reporting.pages import shelf_page
from samvad.settings import configuration, naming, resource_requests
from samvad.settings.stage_settings import StageSettings
from samvad.workflow import as_module, command, due, languages_check, machine_limits
from samvad.workflow import snakemake_again, snakemake_api, snakemake_costs, snakemake_events
from samvad.workflow.parts import Parts
from samvad.workflow.planning import Plan
from samvad.workflow.refusal import RefusedError
from samvad.workflow.run_hooks import RunHooks
from samvad.workflow.snakemake_costs import declare_params, declare_request

# Planning makes millions of objects that live to its end: looking through them for garbage takes 3 % of the time and more.
gc.set_threshold(100_000, 50, 100)
# The same when Python ends: it would go through all of them once more, a fifth of a small run's time.
atexit.register(gc.freeze)

as_module.know_rules(workflow, [*stages.BY_NAME, *WORKFLOWS])
try:
    if as_module.config_is_given(workflow):
        config = configuration.over_the_projects(config)
    config = configuration.check(config, snakemake_api.config_sources(workflow))
    FILMS, BAD_ROWS = configuration.read_sheet(*configuration.sheets(config["films"]))
    configuration.switches(config, None)
    TABLE = resource_requests.load(config["machines"]["resources"])
except SamvadError as error:
    raise RefusedError(str(error)) from None

MUX = StageSettings(stages.BY_NAME["mux"], config)
OUT = config["output_root"].rstrip("/")
COPIES = configuration.copies(config)
JOB = f"{OUT}/{{job}}"
FOLDER = r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[A-Za-z0-9][A-Za-z0-9._-]*/[0-9]+"
TARGET = re.compile(f"{re.escape(OUT)}/(?P<job>{FOLDER})/(?P<folder>[^/]+)/manifest\\.json")
BY_FOLDER = {stage.folder: stage.name for stage in stages.STAGES}
#: What starts a stage's script: as people type it, where they are in the project.
RUN = "envs/run" if places.work() == ROOT else f"{ROOT}/envs/run"

configuration.tell_stages(config, snakemake_api.deployment_methods(workflow))
if "apptainer" in str(snakemake_api.deployment_methods(workflow)).lower() and not config["machines"]["container"]:
    logger.warning("--sdm apptainer: machines.container names no image, so that the stages run without one.")
snakemake_costs.spare_resources()
snakemake_costs.share_requests(
    lambda wildcards: resource_requests.hours_of(f"{OUT}/{wildcards['job']}") if wildcards else None
)
snakemake_costs.fill_in_params_directly()
snakemake_costs.look_up_rules_once()
snakemake_costs.look_at_flags()
snakemake_costs.list_processes_below()
snakemake_costs.leave_pandas_out()
snakemake_events.shorten_reasons()
snakemake_costs.format_commands_once(lambda: snakemake_costs.tells_commands(workflow))


wildcard_constraints:
    job=FOLDER,


def film_of(wildcards):
    """Return the film of a job folder."""
    film = FILMS.get(wildcards.job)
    if film is None:
        for row in BAD_ROWS:
            if row.folder == wildcards.job:
                raise RefusedError(str(row.error))
        raise RefusedError(
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

    return declare_request(value)


def cores_beside(stage):
    """Return the CPU cores of a stage, as a number: on one machine it leaves a core to the small stages that run beside it."""
    declared = TABLE.cores(stage)
    total = snakemake_api.total(workflow, "_cores") if snakemake_api.runs_here(workflow) else None
    return declared if total is None else max(1, min(declared, total - 1))


def film_words(option):
    """Return a params function: where the film lies, and where it is fetched from, as options of the stage's command.

    Snakemake compares no parameter that depends on the threads: a move reruns nothing.
    """

    def words(wildcards, threads):
        media = film_of(wildcards).media
        if not addresses.is_remote(media):
            return [f"{option}={media}"]
        return [f"{option}={fetched.place(media, COPIES)}", f"--address={media}"]

    return declare_params(words)


@declare_params
def becomes(wildcards, threads):
    """Return what stage 10 is to make of the film. It depends on the threads as above: no result of stage 01 changes with it."""
    row = film_of(wildcards)
    return MUX.values(row)["container"] if "mux" in wanted_stages(row) else "mkv"


def option_flags(stage):
    """Return a params function: all that the configuration and the film's row say, as flags of the stage's command."""
    own = StageSettings(stages.BY_NAME[stage], config)
    return declare_params(lambda wildcards: own.flags(film_of(wildcards)))


def gpus(stage):
    """Return how many GPUs a stage asks for, as a number or a resources function: none where its device is the CPU."""
    declared = stages.BY_NAME[stage]
    if not declared.asks.gpu or config[declared.key]["device"] == "cpu":
        return 0
    return declare_request(lambda wildcards: gpus_of_a_film()) if declared.asks.many_gpus else 1


@functools.cache
def gpus_of_a_film():
    """Return how many GPUs a film may have where a stage can use several: its share of this machine's.

    A queue gives one soonest; who wants more of a cluster says so (`--set-resources asr:gpu=4`).
    """
    total = snakemake_api.total(workflow, "gpu") if snakemake_api.runs_here(workflow) else None
    if not total or total < 2:
        return 1
    lacking = sum(not Path(OUT, job, stages.BY_NAME["asr"].folder, "manifest.json").is_file() for job in FILMS)
    return max(1, total // (lacking or len(FILMS)))


def review_option(stage):
    """Return a params function: the file of a person's decisions that a stage obeys, as an option, where there is one."""
    name = stages.BY_NAME[stage].decisions

    def option(wildcards):
        path = due.decisions_file(film_of(wildcards), Path(OUT) / wildcards.job, name)
        return [f"--review={path}"] if path.is_file() else []

    return declare_params(option)


def manifests(stage):
    """Return an input function: the manifests that a stage reads, by the name of their stage.

    Ancient, for their times say nothing: the records say which stage is due.
    """

    def inputs(wildcards):
        row = film_of(wildcards)
        try:
            names = inputs_of(stage, row)
        except SamvadError as error:
            PLAN.leave_out(wildcards.job, f"Film {row.film}: {error}")
            return {}
        return {name: ancient(f"{OUT}/{wildcards.job}/{stages.BY_NAME[name].folder}/manifest.json") for name in names}

    return declare_params(inputs)


@functools.cache
def origins(row):
    """Return for every stage what decided whether it is on for a film."""
    return configuration.switch_origins(config, row)


@functools.cache
def inputs_of(stage, row):
    """Return the stages whose manifests a stage of a film takes as inputs, once it can do its work at all."""
    found = stages.inputs_of(stage, switches(row), origins(row))
    languages_check.check(config, row, stages.BY_NAME[stage], Path(OUT))
    return found


def manifest_options(stage):
    """Return a params function: the same manifests as options of the stage's command."""
    row = stages.BY_NAME[stage]

    def options(wildcards, input):
        on = switches(film_of(wildcards))
        named = [name for name in (*row.needs, *row.after) if name in input.keys()]
        found = [f"--{name.replace('_', '-')}={input[name]}" for name in named]
        if row.reads_segments and found:  # none: the film is left out
            found.append(f"--segments={input[stages.segments_source(stage, on)]}")
        return found

    return declare_params(options)


def targets(workflow_name):
    """Return an input function: for every film, the last stages that the workflow, or its row, asks for.

    Films that are done are left out of a plan, and those behind its part, but not where somebody's own rule may gather
    the results of all.
    """

    @functools.cache
    def found():
        asked = {job: last_stages(row, workflow_name) for job, row in FILMS.items()}
        may_lack = snakemake_api.plans_a_run(workflow) and not as_module.has_others(workflow)
        is_all = snakemake_api.asks_only_for(workflow, workflow_name)
        wanted = unsettled(asked, may_part=is_all) if may_lack else asked
        return [manifest(job, name) for job in asked if job in wanted and has_room(job) for name in asked[job]]

    def inputs(wildcards):
        PLAN.miss([str(row.error) for row in BAD_ROWS])
        return found()

    return declare_params(inputs)


def has_room(job):
    """Say whether a job can have its folder; a film whose place is taken is left out: Snakemake cannot look into a file."""
    if taken := naming.in_the_way(Path(OUT) / job):
        PLAN.leave_out(job, f"it cannot have its folder ({taken})")
    return not taken


def manifest(job, stage):
    """Return the manifest of a job's stage, as Snakemake is asked for it."""
    return f"{OUT}/{job}/{stages.BY_NAME[stage].folder}/manifest.json"


def last_stages(row, workflow_name):
    """Return the stages that a workflow asks for, or a film's row, but for those that others of them read."""
    return ends(stages.shorter(row.workflow, workflow_name), tuple(name for name, on in switches(row).items() if on))


@functools.cache
def ends(workflow_name, on):
    """Return the stages of a workflow that no other reads; all, where one cannot do without another that is off."""
    switched_on = {name: name in on for name in stages.BY_NAME}
    try:
        return stages.end_stages(workflow_name, switched_on)
    except SamvadError:
        return stages.last_stages(workflow_name, switched_on)


def unsettled(asked, may_part):
    """Return the films whose stages are to be planned: they are not done, or not as they are asked for now."""
    needed = {job: closure(tuple(names), FILMS[job]) for job, names in asked.items()}
    return PLAN.unsettled(needed, may_part=may_part)


def closure(names, row):
    """Return stages of a film with all that they need; none, where one of them cannot do its work."""
    try:
        return all_needed(names, tuple(name for name, on in switches(row).items() if on))
    except SamvadError:
        return frozenset()


@functools.cache
def all_needed(names, on):
    """Return stages with all that they need, where these are on."""
    return stages.with_needs(names, {name: name in on for name in stages.BY_NAME}, dict.fromkeys(stages.BY_NAME, ""))


def made(asked):
    """Return which of several manifests that are asked for by name need no plan: the films are done, or of another part."""
    named = collections.defaultdict(dict)
    for name in asked:
        if (found := TARGET.fullmatch(str(name))) and found["job"] in FILMS and found["folder"] in BY_FOLDER:
            named[found["job"]][BY_FOLDER[found["folder"]]] = name
    if len(named) < 2:
        return []
    films = {job: named[job] for job in FILMS if job in named}  # Snakemake has them in no order
    wanted = unsettled(films, may_part=sum(map(len, films.values())) == len(asked))
    return [name for job, names in films.items() if job not in wanted for name in names.values()]


def wanted_stages(row, workflow_name="subtitle"):
    """Return the stages that a film goes through: those that are on, to the end of its workflow or the one asked for."""
    shorter = stages.shorter(row.workflow, workflow_name)
    return stages.last_stages(shorter, switches(row))


def own_names(asked):
    """Return what the rules call what a word asks for: a file by its absolute path, through a link, or a list of files.

    Snakemake cannot look for one where a file lies in the place of a folder.
    """
    try:
        named = [naming.target(name, OUT) for name in command.listed(asked)]
    except SamvadError as error:
        raise RefusedError(str(error)) from None
    for name in named:
        if (found := TARGET.fullmatch(name)) and (taken := naming.in_the_way(Path(OUT) / found["job"])):
            raise RefusedError(f"{name} cannot be made: {taken}.")
    return named


def one_run():
    """Return the plan of this process, after making sure that Snakemake keeps to it and what is done is recorded."""
    naming.look_at_output_root(Path(OUT))
    parts = Parts(may=workflow.is_main_process and snakemake_again.is_command())
    plan = Plan(
        due.Judge(
            config,
            FILMS,
            Path(OUT),
            switches,
            mend=lambda: snakemake_api.works(workflow),
            runs_here=snakemake_api.runs_here(workflow),
        ),
        lambda job: at_work.busy(Path(OUT) / job) if snakemake_api.works(workflow) else "",
        parts,
        "" if snakemake_api.runs_here(workflow) else platform.node(),
    )
    run = RunHooks(workflow, config, FILMS, wanted_stages, plan, shelf_page.write)
    if workflow.is_main_process:
        snakemake_api.heed_profile(workflow)
        snakemake_api.leave_out(workflow, made)
        snakemake_api.name_targets(workflow, own_names)
        snakemake_api.leave_no_trace(workflow, Path(".snakemake"))
        snakemake_api.outlast_read_only_folders()
        snakemake_api.judge_by(workflow, plan.due)
        snakemake_api.before_work(workflow, run.begin)
        snakemake_api.call_around(workflow, run.start, run.succeed, run.fail)
        snakemake_again.after_execution(workflow, parts.end)
    machine_limits.share(workflow)
    return plan


try:
    PLAN = as_module.once(workflow, config, one_run)
except SamvadError as error:
    raise RefusedError(str(error)) from None
