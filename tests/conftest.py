"""What tests of several folders use and is costly to make: it is made once a session."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import support


class Sample(NamedTuple):
    """The sample film, and what is true of it."""

    film: Path
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Make the sample film."""
    folder = tmp_path_factory.mktemp("sample")
    film, truth = folder / "sample.mp4", folder / "sample.truth.json"
    command = [support.ROOT / "envs" / "run", "media", "make_sample_film.py", "--output", film, "--truth", truth]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Sample(film, json.loads(truth.read_text("utf-8")))
