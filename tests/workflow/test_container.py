"""`--sdm apptainer`: Snakemake runs each stage in the image that `machines.container` names.

Apptainer itself is in no package that tests can install. What stands in for it notes how it is called and runs the
command as a container of the image would: with the image's variable, and the home folder that it was given.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from samvad.core import files
from workflow.project import NOTHING, new_project, said

#: It takes `apptainer [options] exec --home FOLDER [--bind PATH …] IMAGE bash -c COMMAND`, and `--version`.
APPTAINER = """\
#!{python}
import json, os, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("apptainer version 1.3.0")
    raise SystemExit
given = words[words.index("exec") + 1 :]
home, binds = None, []
while given[0].startswith("--"):
    name, value = given.pop(0), given.pop(0)
    if name == "--home":
        home = value
    elif name == "--bind":
        binds.append(value)
with open({calls!r}, "a", encoding="utf-8") as calls:
    calls.write(json.dumps({{"home": home, "binds": binds, "image": given[0], "words": given[1:]}}) + "\\n")
os.execvpe(given[1], given[1:], {{**os.environ, "HOME": home, "SAMVAD_ENVS": {envs!r}}})
"""


@pytest.mark.usefixtures("hub")  # the model is not in the cache of this
def test_each_stage_runs_in_the_image_that_the_configuration_names(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    film = tmp_path / "film.mkv"
    inputs = ["-f", "lavfi", "-i", "sine=d=3", "-f", "lavfi", "-i", "testsrc=s=64x64:d=3:r=5"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, str(film)], check=True)
    project.write_sheet({"user": "me", "media": film})
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    text = APPTAINER.format(python=sys.executable, calls=str(calls), envs=str(files.cache_folder() / "envs"))
    for name in ("apptainer", "singularity"):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    image = tmp_path / "samvad.sif"
    image.touch()
    settings = {"machines": json.dumps({"container": str(image)})}
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "SAMVAD_CACHE": str(tmp_path / "cache")}
    target = project.target("me", "glossary_load")
    words = ("--sdm", "apptainer", "--apptainer-args", f"--bind {tmp_path}", target, project.target("me", "demux"))
    done = project.snakemake(*words, env=env, **settings)
    assert done.returncode == 0, said(done)
    called = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    assert {call["image"] for call in called} == {str(image)}
    assert {call["home"] for call in called} == {str(project.root)}
    assert all(str(tmp_path) in call["binds"] for call in called)
    started = [shlex.split(call["words"][-1].split(";")[-1])[1:3] for call in called]
    assert sorted(map(tuple, started)) == [
        ("media", "extract_audio.py"),
        ("text", "fetch_metadata.py"),
        ("text", "load_glossary.py"),
    ]
    record = json.loads((project.job("me") / "01_demux" / "manifest.json").read_text("utf-8"))
    assert record["status"] == "success"

    # An image with the same environments is no other work.
    again = project.snakemake(target, project.target("me", "demux"), env=env)
    assert again.returncode == 0 and NOTHING in said(again), said(again)

    # Without an image Snakemake would start the stages here, and say nothing of it.
    bare = project.snakemake("--sdm", "apptainer", "-n", target, env=env)
    assert "names no image" in said(bare), said(bare)
    assert "names no image" not in said(again)
