"""The command that harvests phrases refuses what it cannot use, before it loads a model."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import support


def run(*options: object) -> subprocess.CompletedProcess[str]:
    command = [support.ROOT / "samvad", "harvest-phrases", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_needs_no_package() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--sounds" in done.stdout


@pytest.mark.model
def test_a_model_s_phrases_are_harvested_from_one_s_own_recordings(tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    from samvad.text import phrases

    folder = tmp_path / "room tone's $ सन्नाटा"
    folder.mkdir()
    for number in range(2):
        soundfile.write(folder / f"-{number}.wav", np.zeros(16_000 * 3), 16_000)
    target = tmp_path / "en.tsv"
    command = [support.ROOT / "samvad", "harvest-phrases", "--language=en", "--seeds=0"]
    done = subprocess.run(
        [*command, "--output", target, "--sounds", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = phrases.read(target)
    assert found and set(found.values()) == {"en"}  # most processors write "you" of digital silence
    again = subprocess.run([*command, "--output", target], capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "exists already" in again.stderr
