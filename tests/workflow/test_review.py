"""From an edit on the page into the film: what is due runs; the film, the records and a later run obey."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from samvad.core import schemas
from workflow.project import Project, environment

pytestmark = [pytest.mark.slow, pytest.mark.model]

FILM = "2025~01~01~demo~1"


class Page:
    """What a page asks of the server of a project."""

    def __init__(self, project: Project, port: int) -> None:
        words = ["./samvad", "review", "demo", "--no-browser", "--port", str(port)]
        given = {**environment(), "XDG_STATE_HOME": str(project.root)}
        self.process = subprocess.Popen(words, cwd=project.root, stdout=subprocess.PIPE, env=given, text=True)
        assert self.process.stdout is not None
        address = self.process.stdout.readline().split()[-1]
        self._origin, token = address.partition("/film")[0], address.partition("token=")[2]
        self._headers = {"Cookie": f"samvad_{port}={token}", "Origin": self._origin, "X-Samvad": "1"}

    def ask(self, path: str, value: object = None) -> Any:
        headers = {**self._headers, "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self._origin}/api/films/{FILM}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"code": error.code, **json.load(error)}

    def edit(self, *edits: dict[str, Any]) -> Any:
        return self.ask("/edits", {"edits": [{"lane": "en", **edit} for edit in edits], "client": "w"})

    def finish(self) -> dict[str, Any]:
        """Put the film's edits into it; return how the run ended."""
        begun = self.ask("/run", {"what": "finish"})
        assert begun["state"] == "running", begun
        again = self.ask("/run", {"what": "finish"})
        assert again["code"] == 409 and again["run"]["state"] == "running", "a run is shown, not started twice"
        until = time.monotonic() + 400
        while time.monotonic() < until:
            run: dict[str, Any] = self.ask("")["run"]
            if run["state"] != "running":
                return run
            time.sleep(1)
        raise AssertionError("it does not end")


@pytest.fixture
def page(demo_copy: Project) -> Iterator[Page]:
    (demo_copy.root / "config" / "local.yaml").write_text("films: shelf.tsv\noutput_root: made\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Page(demo_copy, port)
    yield made
    made.process.terminate()
    made.process.communicate(timeout=30)


def test_an_edited_cue_is_in_the_film_and_an_approved_track_in_the_records(demo_copy: Project, page: Page) -> None:
    job = demo_copy.job("demo")
    first = page.ask("")["lanes"][0]["cues"][0]
    done = page.edit({"op": "set_text", "cue": first["id"], "text": "A line by hand."})
    assert done["revision"] == 2, done
    assert page.edit({"op": "approve"})["approved"]["en"]["by"]
    run = page.finish()
    assert run["state"] == "success", run
    film = next((job / "10_mux").glob("*.mkv"))
    command = ["ffmpeg", "-v", "error", "-i", film, "-map", "0:s:m:language:eng", "-f", "srt", "-"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "A line by hand." in shown and first["text"].split("\n")[0] not in shown
    manifest = json.loads((job / "manifest.json").read_text("utf-8"))
    assert schemas.problems(manifest, "job_manifest") == []
    assert [(item["language"], item["changed"]) for item in manifest["approved"]] == [("en", False)]
    assert "Approved (en):" in demo_copy.samvad("show", "demo").stdout
    made = {stage: entry["attempt"] for stage, entry in manifest["stages"].items()}
    assert made["asr"] == made["translation"] == 1 and made["subtitle_gen"] == made["mux"] == 2
    document = page.ask("")
    assert document["revision"] == 3 and document["lanes"][0]["cues"][0]["text"] == "A line by hand."
    assert not document["carried"] and not document["problems"]
    dry = demo_copy.snakemake("-n", demo_copy.target("demo"))
    assert "Nothing to be done" in dry.stdout + dry.stderr, "the command line finds nothing left to do"
