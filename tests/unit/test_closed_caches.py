"""Caches: what lies there is run, so whose it is, is a choice; one that is anybody's is refused, or said."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import support
from samvad.core import files
from samvad.documents.media_facts import MediaFacts
from samvad.documents.run_record import CacheSettings
from samvad.runner import reuse
from samvad.stages.mux import known


def make(cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f". {support.ROOT}/envs/lib.bash; make_cache_dir"]
    environment = {**os.environ, "SAMVAD_CACHE": str(cache), **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o7777


def test_a_cache_is_its_owners_alone_unless_a_group_is_named(tmp_path: Path) -> None:
    assert make(tmp_path / "own").returncode == 0 and mode(tmp_path / "own") == 0o700
    assert make(tmp_path / "team", SAMVAD_CACHE_GROUP=str(os.getegid())).returncode == 0
    assert mode(tmp_path / "team") == 0o2770 and (tmp_path / "team").stat().st_gid == os.getegid()
    for parent, wanted in ((tmp_path / "own", 0o700), (tmp_path / "team", 0o2770)):
        files.make_private(parent / "results")
        assert mode(parent / "results") == wanted
    refused = make(tmp_path / "none", SAMVAD_CACHE_GROUP="no-such-group")
    assert refused.returncode == 1 and "is no group" in refused.stderr and not (tmp_path / "none").exists()


def test_a_cache_that_is_there_keeps_its_permissions_and_is_refused_where_anybody_may_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert make(tmp_path).returncode == 0 and mode(tmp_path) == 0o755
    tmp_path.chmod(0o777)
    refused = make(tmp_path)
    assert refused.returncode == 1 and "every user of this machine may write" in refused.stderr
    assert mode(tmp_path) == 0o777


def test_a_cache_of_results_that_is_anybodys_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = CacheSettings(str(tmp_path / "results"), 1.0)
    assert reuse.cache_from(settings) is not None
    (tmp_path / "results").chmod(0o777)
    assert reuse.cache_from(settings) is None and "every user of this machine" in caplog.text


def test_a_proof_that_anybody_may_have_written_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    proved = known.Known((), (), (), (), MediaFacts("matroska", 0, 1000, "header", ()))
    known.keep("sha256:1", proved)
    assert mode(tmp_path / "cache" / "proofs") == 0o700
    assert known.find("sha256:1") == proved and known.find("sha256:2") is None
    (tmp_path / "cache" / "proofs").chmod(0o777)
    assert known.find("sha256:1") is None


def test_a_cache_of_results_that_is_a_strangers_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "results"
    folder.mkdir(mode=0o750)
    assert not files.open_to_others(folder)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    if folder.stat().st_uid == 0:  # root's are everybody's
        os.chown(folder, 12345, 12345)
    assert "belongs to another user" in files.open_to_others(folder)
