"""A film at an address goes through the workflow as one on a disk: planned without it, fetched once, given back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import film_server
import support
from film_server import Server
from samvad.core import stages
from workflow.project import NOTHING, Project, new_project, planned, said


@pytest.fixture
def server() -> Iterator[Server]:
    with film_server.started() as made:
        yield made


def asked(server: Server) -> list[str]:
    """Return how the server was asked since the last time."""
    found = [method for method, _, _ in server.asked]
    server.asked.clear()
    return found


@pytest.mark.usefixtures("hub")  # the model is not in the cache of this
def test_it_is_planned_without_being_fetched_and_only_another_film_there_makes_it_due(
    server: Server, tmp_path: Path
) -> None:
    project = new_project(tmp_path / "project")
    support.leave_out_work(project.root)
    project.write_sheet({"user": "a", "media": server.address}, {"user": "b", "media": "https://me:pw@host/film.mkv"})
    target = project.target("a")
    env = {"SAMVAD_CACHE": str(tmp_path / "cache"), "AWS_SECRET_ACCESS_KEY": "not-to-be-seen-anywhere"}

    def run(project: Project, *words: str) -> str:
        done = project.snakemake(target, *words, env=env, machines='{"give_back": true}')
        assert done.returncode == 0, said(done)
        return said(done)

    wrong = project.snakemake(project.target("b"), "-n", env=env)
    assert "holds a password or a key" in said(wrong) and "pw" not in said(wrong).replace("pwd", "")
    assert planned(project.snakemake(target, "-n", env=env)) == dict.fromkeys(stages.BY_NAME, 1)
    assert asked(server) == ["HEAD"]

    run(project)
    assert asked(server).count("GET") == 1
    copies = project.root / project.output_root / ".films"
    assert not list(copies.glob("*/*"))
    record = json.loads((project.job("a") / "01_demux" / "manifest.json").read_text("utf-8"))
    assert [item["path"] for item in record["contents"]] == [server.address]
    assert NOTHING in run(project)
    assert asked(server) == ["HEAD"]

    server.etag = '"two"'
    assert "is another film" in run(project, "-n")
    address, server.etag = server.address, '"one"'
    server.shutdown()
    server.server_close()
    assert NOTHING in (away := run(project)) and f"the film {address}" in away
    texts = [path.read_text("utf-8", "replace") for path in project.root.rglob("*.json*") if path.is_file()]
    assert "not-to-be-seen-anywhere" not in "".join(texts)
