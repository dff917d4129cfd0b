"""What we take from inside Snakemake is there, in the pinned version and in the oldest that may run the workflow."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.core import stages
from workflow.project import Project, environment, new_project, planned, said

GROUP = ("ner", "lyrics_detection", "hallucination_removal")
#: A cluster of stand-ins: it takes no job, and keeps what it was told and which mark the run had then.
SBATCH = """#!/bin/sh
case "$*" in *--version*) echo "slurm 22.05.8"; exit 0;; esac
printf '%s\\n' "$@" >sbatch.txt
cat .snakemake/samvad_runs/*.json >mark-slurm.json
echo "sbatch: error: this cluster takes no jobs" >&2
exit 1
"""
#: Before a stage of the local runs: which locks there are, and which the run's mark tells of.
LOOK = """ls .snakemake/locks >locks.txt; cat .snakemake/samvad_runs/*.json >mark.json"""

DECLARED = """
import inspect, sys
sys.path.insert(0, "scripts")
from snakemake.common import get_function_params
from samvad.workflow import snakemake_costs
function = snakemake_costs.declare_params(lambda wildcards, threads: None)
snakemake_costs.spare_resources()
inspect.signature = None
print(*get_function_params(function))
try:
    from snakemake.resources import Resource
except ImportError:
    print("no such class")
else:
    print(*get_function_params(Resource("mem_mb", 1).evaluate))
"""


@dataclass(frozen=True)
class Runs:
    """A film that one version of Snakemake plans, makes to its middle, loses on a cluster, and makes to its end.

    Attributes:
        dry, first, slurm, last: what each of these runs printed, with its exit code.
        failed: the job manifest after the cluster's failure.
    """

    project: Project
    dry: subprocess.CompletedProcess[str]
    first: subprocess.CompletedProcess[str]
    slurm: subprocess.CompletedProcess[str]
    last: subprocess.CompletedProcess[str]
    failed: dict[str, Any]

    def json_of(self, name: str) -> dict[str, Any]:
        """Return a JSON file of the project's folder."""
        value: dict[str, Any] = json.loads((self.project.root / name).read_text("utf-8"))
        return value


def environment_of(name: str) -> Path:
    """Return the folder of an environment that has been built."""
    line = ["bash", "-c", 'source envs/lib.bash; environment_dir "$1"', "-", name]
    folder = Path(subprocess.run(line, cwd=support.ROOT, check=True, capture_output=True, text=True).stdout)
    assert (folder / ".complete").exists(), f"run `envs/setup {name}`"
    return folder


def job_manifest(project: Project) -> dict[str, Any]:
    """Return the film's job manifest."""
    value: dict[str, Any] = json.loads((project.job("a") / "manifest.json").read_text("utf-8"))
    return value


def on_slurm(project: Project, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the group of stages after recognition on a cluster of stand-ins."""
    answers = {"sbatch": SBATCH, "scontrol": "#!/bin/sh\necho 'MinJobAge = 3600 sec'\n"}
    folder.mkdir()
    for name in ("sbatch", "scontrol", "squeue", "scancel", "sinfo", "sacct", "sacctmgr"):
        (folder / name).write_text(answers.get(name, "#!/bin/sh\nexit 0\n"), encoding="utf-8")
        (folder / name).chmod(0o755)
    command = project.command(
        project.target("a", "hallucination_removal"), project.target("a", "ner"), "--retries=0", "--latency-wait=1",
        "--slurm-init-seconds-before-status-checks=1",
    )  # fmt: skip
    return subprocess.run(
        [word.replace("profiles/local-cpu", "profiles/slurm") for word in command],
        cwd=project.root, env={**environment(), "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module", params=["workflow", "oldest-snakemake"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Let a version make a film, with stages that do nothing."""
    project = new_project(tmp_path_factory.mktemp(str(request.param)) / "project")
    (project.root / ".venv").unlink()
    (project.root / ".venv").symlink_to(environment_of(request.param))
    support.leave_out_work(project.root)
    stand_in = project.root / "envs" / "run"
    stand_in.write_text(stand_in.read_text("utf-8").replace("set -eu\n", f"set -eu\n{LOOK}\n", 1), "utf-8")
    (project.root / "a.mkv").write_bytes(b"a film")
    project.write_sheet({"user": "a", "media": "a.mkv"})
    dry = project.snakemake_itself("subtitle", "-n")
    first = project.snakemake_itself(project.target("a", "asr"), "--resources", "mem_mb=400")
    slurm = on_slurm(project, project.root / "cluster")
    failed = job_manifest(project)
    last = project.snakemake_itself("subtitle")
    return Runs(project, dry, first, slurm, last, failed)


def test_the_oldest_version_is_the_one_that_the_snakefile_names() -> None:
    named = re.search(r'min_version\("(.*)"\)', (support.ROOT / "Snakefile").read_text("utf-8"))
    asked = (support.ROOT / "envs" / "oldest-snakemake.in").read_text("utf-8")
    assert named and f"snakemake=={named[1]}\n" in asked


def test_a_film_is_planned_and_made_and_its_record_kept(runs: Runs) -> None:
    assert planned(runs.dry) == dict.fromkeys(stages.BY_NAME, 1)
    assert runs.first.returncode == 0 and runs.last.returncode == 0, said(runs.first) + said(runs.last)
    pipeline = job_manifest(runs.project)["pipeline"]
    assert pipeline["status"] == "success" and sorted(pipeline["completed_stages"]) == sorted(stages.BY_NAME)


def test_starts_and_ends_of_stages_arrive(runs: Runs) -> None:
    for stage in stages.STAGES[:2]:
        assert re.search(rf"a: {stage.folder} started\n(.*\n)*.*a: {stage.folder} success", said(runs.first))
    log = next((runs.project.job("a") / "logs").glob("99_pipeline_*.jsonl")).read_text("utf-8")
    assert json.loads(log.splitlines()[0])["event"] == "job_received"


def test_lines_about_each_job_leave_the_terminal_and_stay_in_snakemakes_log(runs: Runs) -> None:
    log = "".join(path.read_text("utf-8") for path in (runs.project.root / ".snakemake" / "log").iterdir())
    for line in (r"^Select jobs to execute", r"^\d+ of \d+ steps", r"^Job \d+: "):
        assert re.search(line, log, re.MULTILINE), line
        assert not re.search(line, said(runs.last), re.MULTILINE), line


def test_a_run_tells_which_locks_are_its_own(runs: Runs) -> None:
    there = (runs.project.root / "locks.txt").read_text("utf-8").split()
    assert there and sorted(runs.json_of("mark.json")["locks"]) == sorted(there)


def test_memory_is_what_was_given_or_what_this_machine_has(runs: Runs) -> None:
    assert "asr asks for 400 MiB of memory or more" in said(runs.first)
    found = re.search(r"^Provided resources: .*mem_mb=\D*(\d+)", said(runs.last), re.MULTILINE)
    assert found and int(found[1]) > 400


def test_slurm_jobs_bear_the_name_that_the_runs_mark_tells(runs: Runs) -> None:
    asked = (runs.project.root / "sbatch.txt").read_text("utf-8").splitlines()
    name = runs.json_of("mark-slurm.json")["slurm"]
    assert asked[asked.index("--job-name") + 1] == name


def test_every_stage_of_a_group_that_failed_on_the_cluster_has_failed(runs: Runs) -> None:
    assert runs.slurm.returncode != 0
    assert sorted(runs.failed["pipeline"]["failed_stages"]) == sorted(GROUP), said(runs.slurm)


def test_functions_that_snakemake_asks_are_looked_at_once(runs: Runs) -> None:
    done = subprocess.run(
        [".venv/bin/python", "-c", DECLARED], cwd=runs.project.root, capture_output=True, text=True, check=True
    )
    function, own = done.stdout.splitlines()
    assert function == "wildcards threads" and own in ("args kwargs", "no such class")


FORMATTED = """
import sys
sys.path.insert(0, "scripts")
from samvad.workflow import snakemake_costs
from snakemake.jobs import Job
formatted = []
class Told(Job):
    def __init__(self): pass
    def format_wildcards(self, text): formatted.append(text); return text
    rule = type("Rule", (), {"shellcmd": "command", "name": "rule"})
Job.log_info = lambda job: print(job.shellcmd, job.shellcmd, job.shellcmd, len(formatted))
heard = [True]
snakemake_costs.format_commands_once(lambda: heard[0])
Told().log_info()
print(Told().shellcmd, len(formatted))
heard[0] = False
Told().log_info()
"""


def test_a_command_is_formatted_once_while_it_is_told_of(runs: Runs) -> None:
    done = subprocess.run(
        [".venv/bin/python", "-c", FORMATTED], cwd=runs.project.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["command command command 1", "command 2", "None None None 2"]


SPARED = """
import sys
sys.path.insert(0, "scripts")
from snakemake import resources
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule
from samvad.workflow import snakemake_costs
asked, looked = [], []
Rule.apply_input_function = lambda rule, function, *given, **named: asked.append(function) or (function(), False)
OutputIndex.match_producers = lambda index, file: looked.append(file) or {"asr"}
snakemake_costs.spare_resources()
snakemake_costs.look_up_rules_once()
kind = getattr(resources, "Resource", None)
if kind:
    number, counted = kind("mem_mb", 5), kind("mem_mb", lambda: 7)
    print(Rule.apply_input_function(None, number.evaluate, {})[0] is number, len(asked))
    print(Rule.apply_input_function(None, counted.evaluate, {})[0].value, len(asked))
else:
    print("True 0\\n7 1")
one, other = OutputIndex.__new__(OutputIndex), OutputIndex.__new__(OutputIndex)
one.match_producers("a").add("no rule")
print(one.match_producers("a"), other.match_producers("a"), looked)
from snakemake import io
before, temp, plain = io.is_flagged, io.temp("a"), io.IOFile("a", rule=None)
snakemake_costs.look_at_flags()
values = (temp, io.ancient("a"), io.flag("a", "x", ""), io.IOFile(temp, rule=None), plain, "a", 5, len)
same = [(value, name) for value in values for name in ("temp", "ancient", "x", "storage_object")]
print(all(io.is_flagged(*each) == before(*each) for each in same), io.is_flagged(temp, "temp"), plain.is_storage)
import subprocess, psutil
from snakemake.benchmark import BenchmarkRecord, BenchmarkTimer
job = subprocess.Popen(["sh", "-c", "sleep 60 & echo; sleep 60; true"], stdout=subprocess.PIPE, start_new_session=True)
job.stdout.readline()
listed = set()
while len(listed) < 2:  # both sleep
    listed = {process.pid for process in psutil.Process(job.pid).children(recursive=True)}
snakemake_costs.list_processes_below()
look, psutil._pslinux.ppid_map = psutil._pslinux.ppid_map, None  # who looks through all processes fails
count, added_up = psutil.Process.memory_full_info, []
psutil.Process.memory_full_info = lambda process: added_up.append(process.pid) or count(process)
timer = BenchmarkTimer(job.pid, BenchmarkRecord())
timer.work(), timer.work(), timer.work()
found = {process.pid for process in timer.main.children(recursive=True)}
print(found == listed, len(found), timer.bench_record.max_rss > 0)
print(sorted(added_up) == sorted({job.pid, *listed}), 0 < timer.bench_record.max_uss < timer.bench_record.max_rss)
psutil._pslinux.ppid_map = look
import os, signal
os.killpg(job.pid, signal.SIGKILL)
job.wait()
timer.work()
"""


@pytest.mark.parametrize("name", ["workflow", "oldest-snakemake"])
def test_what_is_known_is_not_asked_for_again_in_each_version(name: str) -> None:
    python = environment_of(name) / "bin" / "python"
    done = subprocess.run([python, "-c", SPARED], cwd=support.ROOT, capture_output=True, text=True, check=True)
    given, asked, rules, flags, processes, memory = done.stdout.splitlines()
    assert (given, asked, rules) == ("True 0", "7 1", "{'asr'} {'asr'} ['a', 'a']")
    assert (flags, processes) == ("True True False", "True 2 True")
    assert memory == "True True", "what processes share is added up once, as long as they do not grow"


SHORTENED = """
import sys
sys.path.insert(0, "scripts")
from snakemake.io import IOFile
from snakemake.jobs import Reason
from samvad.workflow import snakemake_events
def reason(count, other=False):
    found = Reason()
    found.updated_input_run.update(IOFile(f"out/{number:03}", rule=None) for number in range(count))
    if other:
        found.updated_input.update([IOFile("another", rule=None), *found.updated_input_run])
    return found
before = str(reason(4))
snakemake_events.shorten_reasons()
few, many, mixed = reason(4), reason(1000), reason(1000, other=True)
print(sorted(str(few).split(", ")) == sorted(before.split(", ")) or str(few).count("out/") == 4)
print(str(many))
print(str(mixed))
print(len(many.updated_input_run), len(mixed.updated_input), bool(many))
"""


@pytest.mark.parametrize("name", ["workflow", "oldest-snakemake"])
def test_of_the_files_that_other_jobs_make_few_are_named(name: str) -> None:
    python = environment_of(name) / "bin" / "python"
    done = subprocess.run([python, "-c", SHORTENED], cwd=support.ROOT, capture_output=True, text=True, check=True)
    short = "Input files updated by another job: out/000, out/001, out/002 and 997 more"
    assert done.stdout.splitlines() == ["True", short, f"Updated input files: another; {short}", "1000 1001 True"]


WITHOUT_PANDAS = """
import sys
sys.path.insert(0, "scripts")
from snakemake import persistence
from samvad.workflow import snakemake_costs
kind = getattr(persistence, "PersistenceBase", None) or persistence.Persistence
records = type("Records", (), {
    "_serialize_param_builtin": kind._serialize_param_builtin,
    "_serialize_param_pandas": kind._serialize_param_pandas,
})
before = records()
snakemake_costs.leave_pandas_out()
records._serialize_param_pandas = kind._serialize_param_pandas
class Text(str):
    pass
values = ["a", 5, None, [1, "b"], {"a": 1}, len, Text("c"), object()]
loaded = set(sys.modules)
now = [records()._serialize_param_pandas(value) for value in values]
print("pandas" in set(sys.modules) - loaded)
import pandas
table = pandas.DataFrame({"a": [1, 2]})
class Own(pandas.Series):
    pass
own = Own([1, 2])
print(now == [before._serialize_param_builtin(value) for value in values])
print(records()._serialize_param_pandas(table) == repr(pandas.util.hash_pandas_object(table).tolist()))
print(records()._serialize_param_pandas(own) == repr(pandas.util.hash_pandas_object(own).tolist()))
"""


@pytest.mark.parametrize("name", ["workflow", "oldest-snakemake"])
def test_parameters_are_written_down_without_pandas_unless_they_are_its_own(name: str) -> None:
    python = environment_of(name) / "bin" / "python"
    done = subprocess.run([python, "-c", WITHOUT_PANDAS], cwd=support.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True", "True"]


SAME = """
import sys
sys.path.insert(0, {scripts!r})
from snakemake.rules import Rule
from samvad.workflow import snakemake_costs
from samvad.workflow.snakemake_costs import declare_params, declare_request
plain_params, plain_resources = Rule.expand_params, Rule.expand_resources
asked, found = [], []
def counted(function):
    def ask(*given, **named):
        asked.append(given[0].name)
        return function(*given, **named)
    return ask
Rule.expand_params, Rule.expand_resources = counted(plain_params), counted(plain_resources)
snakemake_costs.share_requests(lambda wildcards: len(wildcards["film"]) if wildcards else None)
snakemake_costs.fill_in_params_directly()
direct, shared = Rule.expand_params, Rule.expand_resources
def params(rule, *given, **named):
    got, wanted = direct(rule, *given, **named), plain_params(rule, *given, **named)
    found.append([list(a) == list(b) for a, b in zip(got, wanted)] + [got[0]._names == wanted[0]._names])
    return got
def resources(rule, *given, **named):
    got, wanted = shared(rule, *given, **named), plain_resources(rule, *given, **named)
    found.append([dict(got.items()) == dict(wanted.items()), list(got) == list(wanted)])
    got.append("changed by its job")
    got._names["more"] = (len(got) - 1, None)
    return plain_resources(rule, *given, **named)
Rule.expand_params, Rule.expand_resources = params, resources
def request(wildcards, attempt):
    return 100 * len(wildcards.film) * attempt
rule all:
    input: expand("{{film}}.b", film=["a", "b", "long"])
rule ours:
    output: "{{film}}.a"
    threads: 2
    resources: mem_mb=declare_request(request), gpu=1
    params:
        "{{film}} first",
        folder="out/{{film}}",
        name=declare_params(lambda wildcards: f"the film {{wildcards.film}}"),
        words=declare_params(lambda wildcards, threads: ["--threads", threads])
    shell: "touch {{output}}"
rule theirs:
    input: "{{film}}.a"
    output: "{{film}}.b"
    resources: mem_mb=lambda wildcards, attempt: request(wildcards, attempt), runtime=5
    params:
        read=declare_params(lambda wildcards, input: list(input)),
        other=lambda wildcards: "not declared"
    shell: "touch {{output}}"
def told():
    print("same:", all(map(all, found)), len(found) > 8, asked.count("theirs"), asked.count("ours"), file=sys.stderr)
import atexit
atexit.register(told)
"""


@pytest.mark.parametrize(("name", "times"), [("workflow", (6, 2)), ("oldest-snakemake", (6, 3))])
def test_params_and_requests_are_what_snakemake_makes_of_them_and_asked_for_less_often(
    name: str, times: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "Snakefile").write_text(SAME.format(scripts=str(support.ROOT / "scripts")), encoding="utf-8")
    command = [environment_of(name) / "bin" / "snakemake", "-n", "--cores", "4", "--printshellcmds"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "same: True True {} {}".format(*times) in done.stderr, done.stderr[-2000:]


AGAIN = """
import atexit, os, signal, sys
if os.environ.get("AGAIN"):
    sys.stderr.write("once more")
    sys.exit(0)
sys.path.insert(0, "scripts")
from samvad.workflow import snakemake_again
if sys.argv[1] in ("SIGINT", "SIGTERM"):
    number = getattr(signal, sys.argv[1])
    signal.signal(number, lambda *given: None)  # as Snakemake's scheduler takes note of it, and goes on
    snakemake_again._note(number)
    atexit.register(os.kill, os.getpid(), number)
elif sys.argv[1] == "unheard":
    sys.stdout = os.fdopen(os.dup(1), "w", buffering=1000)
    sys.stdout.write("said")
    unread, written = os.pipe()
    os.close(unread)
    os.dup2(written, sys.stdout.fileno())
snakemake_again.at_the_end({"AGAIN": "yes"})
"""


@pytest.mark.parametrize("name", ["workflow", "oldest-snakemake"])
@pytest.mark.parametrize(("case", "code"), [("", 0), ("unheard", 0), ("SIGINT", 1), ("SIGTERM", 1)])
def test_the_command_goes_on_though_nobody_reads_and_not_after_ctrl_c_or_sigterm_at_its_end(
    name: str, case: str, code: int
) -> None:
    python = environment_of(name) / "bin" / "python"
    done = subprocess.run([python, "-c", AGAIN, case], cwd=support.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert ("once more" in done.stderr) == (code == 0)
    assert ("the rest of the plan was not made: it was stopped" in done.stderr) == (code == 1)


ENDED = """
import sys
sys.path.insert(0, "scripts")
from types import SimpleNamespace
from snakemake.exceptions import WorkflowError
from samvad.workflow import snakemake_again
from samvad.workflow.refusal import RefusedError
def stops(error, dryrun, keep_going):
    def execute():
        raise error
    settings = SimpleNamespace(keep_going=keep_going)
    workflow = SimpleNamespace(
        execute=execute, _prepare_dag=None, scheduler=None, dryrun=dryrun, execution_settings=settings
    )
    told = []
    snakemake_again.after_execution(workflow, lambda error, **named: told.append(named["stops_at_failure"]))
    try:
        workflow.execute()
    except WorkflowError:
        return told[0]
row, job = RefusedError("a row is wrong"), WorkflowError("a job failed")
print(stops(row, False, False), stops(row, True, False), stops(job, False, True), stops(job, False, False))
"""


def test_a_film_that_was_left_out_stops_no_part_of_a_plan_and_a_job_that_failed_does_without_keep_going() -> None:
    python = environment_of("workflow") / "bin" / "python"
    done = subprocess.run([python, "-c", ENDED], cwd=support.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False", "True"]


RETRIED = """
import sys
sys.path.insert(0, "scripts")
from snakemake.jobs import GroupJob, Job
from samvad.workflow import snakemake_api
snakemake_api.retry_only(lambda rule, wildcards: wildcards.get("job") == "killed")
class Rule:
    name, restart_times = "asr", 2
def job(name):
    made = Job.__new__(Job)
    made.rule, made.wildcards_dict = Rule(), {"job": name}
    return made
group = GroupJob.__new__(GroupJob)
group.jobs = [job("killed"), job("wrong")]
print(job("killed").restart_times, job("wrong").restart_times, group.restart_times)
"""


@pytest.mark.parametrize("name", ["workflow", "oldest-snakemake"])
def test_only_what_may_pass_is_retried_in_each_version_and_a_group_with_it(name: str) -> None:
    python = environment_of(name) / "bin" / "python"
    done = subprocess.run([python, "-c", RETRIED], cwd=support.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "0", "2"]
