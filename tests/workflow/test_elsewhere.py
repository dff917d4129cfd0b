"""One project serves other folders: by Snakemake's -s and -d, and as a module of somebody's own workflow."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.core import stages
from workflow import project as projects
from workflow.project import NOTHING, Project, environment, files_of, planned, said

#: Somebody's own workflow: our rules under other names, one of them changed, and a rule of its own by a name of ours.
OUTER = """
configfile: "my.yaml"

module samvad:
    snakefile: "{project}/Snakefile"
    config: config

use rule * from samvad as s_*

use rule asr from samvad as s_asr with:
    threads: 2

onstart:
    shell("touch began")

rule count:
    default_target: True
    input: "words.txt"

rule mux:
    input: rules.s_subtitle.input, "own.txt"
    output: "words.txt"
    shell: "cat {{input}} | wc -w >{{output}}; echo >>times.txt"
"""
#: As snakedeploy 0.17 writes it.
STUB = """from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/somebody/samvad as a module
module samvad:
    snakefile:
        github("somebody/samvad", path="Snakefile", tag="v1")
    config:
        config


# use all rules from https://github.com/somebody/samvad
use rule * from samvad
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose stages do nothing."""
    made = projects.new_project(tmp_path_factory.mktemp("clone") / "samvad")
    support.leave_out_work(made.root)
    return made


@pytest.fixture
def work(tmp_path: Path) -> Project:
    """Return a folder of work with a film and its sheet, and no settings."""
    (tmp_path / "work" / "config").mkdir(parents=True)
    made = Project(tmp_path / "work", sheet="config/films.tsv", output_root="out")
    (made.root / "a.mkv").write_bytes(b"a film")
    made.write_sheet({"user": "a", "media": "a.mkv"})
    return made


def run(clone: Project, work: Project, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Let the project's Snakemake run in a folder of work."""
    return subprocess.run(
        [str(clone.root / ".venv/bin/snakemake"), "--cores", "1", *words],
        cwd=work.root, env={**environment(), **env}, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip


def job_manifest(work: Project) -> Mapping[str, Any]:
    """Return the film's job manifest."""
    value: dict[str, Any] = json.loads((work.job("a") / "manifest.json").read_text("utf-8"))
    return value


def is_recorded(work: Project) -> bool:
    """Say whether the film's record and its log tell of ten stages and a success."""
    pipeline = job_manifest(work)["pipeline"]
    log = next((work.job("a") / "logs").glob("99_pipeline_*.jsonl")).read_text("utf-8")
    events = [json.loads(line).get("event") for line in log.splitlines()]
    done = sorted(pipeline["completed_stages"]) == sorted(stages.BY_NAME)
    return pipeline["status"] == "success" and done and {"job_received", "job_finished"} <= set(events)


def test_a_folder_of_work_has_all_its_own_and_nothing_comes_into_the_project(clone: Project, work: Project) -> None:
    (work.root / "config" / "local.yaml").write_text("subtitle: {profile: bbc}\n", "utf-8")
    before = files_of(clone.root)
    words = ("-s", str(clone.root / "Snakefile"), "-d", str(work.root))
    done = run(clone, work, *words)
    assert done.returncode == 0, said(done)
    assert is_recorded(work)
    record = json.loads((work.job("a") / "09_subtitle_gen" / "manifest.json").read_text("utf-8"))
    assert record["config"]["profile"] == "bbc"
    added = {name for name in files_of(clone.root) if name not in before and "__pycache__" not in name}
    assert not added
    assert (work.root / ".snakemake" / "log").is_dir()
    assert NOTHING in said(run(clone, work, *words))

    # The project was moved, as by an update into another folder: what was done stays done.
    other = clone.root.parent / "moved"
    other.symlink_to(clone.root)
    assert NOTHING in said(run(clone, work, "-s", str(other / "Snakefile")))


def test_commands_work_for_a_folder_of_work(clone: Project, work: Project) -> None:
    ours = str(clone.root / "samvad")
    for words, expected in (
        (["config", "set", "subtitle.profile", "children"], str(work.root / "config" / "local.yaml")),
        (["config", "show", "subtitle.profile"], "children"),
        (["list"], "A film"),
    ):
        done = subprocess.run(
            [ours, "-d", ".", *words], cwd=work.root, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and expected in done.stdout, said(done)
    assert not (clone.root / "config" / "local.yaml").exists()
    film = subprocess.run(
        [ours, "-d", str(work.root), "film", str(support.ROOT / "tests/support.py")],
        cwd="/", env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert film.returncode == 3, said(film)


@pytest.mark.usefixtures("hub")  # the models are not in the cache of these
def test_as_a_module_under_other_names_it_keeps_its_records_and_leaves_others_rules_alone(
    clone: Project, work: Project
) -> None:
    (work.root / "Snakefile").write_text(OUTER.format(project=clone.root), "utf-8")
    (work.root / "my.yaml").write_text("films: config/films.tsv\nasr: {model: small}\n", "utf-8")
    (work.root / "own.txt").write_text("one\n", "utf-8")
    done = run(clone, work)
    assert done.returncode == 0, said(done)
    assert is_recorded(work)
    assert (work.root / "began").exists()
    record = json.loads((work.job("a") / "04_asr" / "manifest.json").read_text("utf-8"))
    assert record["config"]["model"] == "small"
    assert NOTHING in said(run(clone, work))

    # Snakemake judges somebody's own rule, which is called as one of ours; ours is judged by its record.
    before = (work.root / "own.txt").stat().st_mtime - 10
    os.utime(work.root / "words.txt", (before, before))
    again = run(clone, work, "--config", "subtitle={'profile': 'bbc'}")
    assert again.returncode == 0, said(again)
    assert (work.root / "times.txt").read_text("utf-8") == "\n\n"
    attempts = {name: len(projects.attempts(work.job("a"), name)) for name in ("asr", "subtitle_gen", "mux")}
    assert attempts == {"asr": 1, "subtitle_gen": 2, "mux": 2}

    # Its rule gathers what films that are done have, too.
    (work.root / "b.mkv").write_bytes(b"another film")
    work.write_sheet({"user": "a", "media": "a.mkv"}, {"user": "b", "media": "b.mkv"})
    gathered = said(run(clone, work, "--dry-run", "--config", "subtitle={'profile': 'bbc'}"))
    (inputs,) = (line for line in gathered.splitlines() if "input:" in line and "own.txt" in line)
    assert all(f"{work.job(user).relative_to(work.root)}/10_mux/manifest.json" in inputs for user in "ab")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('    prefix: "results"\n', "Set output_root in the module's config"),
        (
            '\nmodule other:\n    snakefile: "{project}/Snakefile"\n    config: dict(output_root="b")\n'
            "use rule * from other as o_*\n",
            "taken in twice",
        ),
    ],
)
def test_what_a_module_cannot_do_is_refused(clone: Project, work: Project, more: str, reason: str) -> None:
    text = 'module samvad:\n    snakefile: "{project}/Snakefile"\n    config: dict(output_root="a")\n'
    use = "use rule * from samvad as s_*\n"
    text += more + use if "prefix" in more else use + more
    (work.root / "Snakefile").write_text(text.format(project=clone.root), "utf-8")
    done = run(clone, work, "-n")
    assert done.returncode != 0 and reason in said(done) and "Traceback (most" not in said(done), said(done)


@pytest.mark.usefixtures("hub")
def test_it_can_be_taken_in_from_where_it_is_published(clone: Project, work: Project, tmp_path: Path) -> None:
    published = tmp_path / "published" / "somebody" / "samvad"
    clone.copy(published)
    git = ["git", "-C", str(published), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-q", "-m", "all"], ["tag", "v1"]):
        subprocess.run([*git, *words], check=True)
    env = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/published/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    (work.root / "config" / "config.yaml").write_bytes((clone.root / "config" / "config.yaml").read_bytes())
    (work.root / "workflow").mkdir()
    (work.root / "workflow" / "Snakefile").write_text(STUB, "utf-8")
    done = run(clone, work, "-n", "-p", **env)
    assert planned(done) == dict.fromkeys(stages.BY_NAME, 1)
    (laid_out,) = (tmp_path / "cache").rglob("somebody/samvad-*")
    assert f"{laid_out}/envs/run media extract_audio.py" in said(done)
