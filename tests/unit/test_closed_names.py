"""Names and paths that nobody can have: a command says what is wrong with which, and is no defect."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import support
from samvad.commands import __main__ as commands
from samvad.core import schemas
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration

CUES = "1\n00:00:01,000 --> 00:00:03,000\nनमस्ते\n"
LONG = "x" * 300
#: Ways to write no path, or one that cannot be written to.
READ = (LONG.encode(), b"/tmp/" + b"d" * 300 + b"/x.srt", b"/tmp/" + b"/".join([b"d" * 200] * 30), b"caf\xe9\xff.srt")
WRITTEN = (*READ[:3], b"/proc/x", b"/proc/self/x/y", b"/dev/null/x", b"/sys/x")


def said(folder: Path, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    command = [os.fsencode(support.ROOT / "samvad"), *map(os.fsencode, words)]
    return subprocess.run(command, capture_output=True, check=False, cwd=folder, stdin=subprocess.DEVNULL)


def lines(folder: Path) -> Iterator[list[str | bytes]]:
    for path in READ:
        for command in ("check", "correct", "export", "figures", "query"):
            yield [command, *(["--output", "crate"] if command == "export" else []), path]
    for path in WRITTEN:
        yield ["check", "film.hi.srt", "--fix", "--output", path]
        yield ["export", ".", "--output", path]
        yield ["make-dashboard", "--output", path]
    for option in ("--glossary", "--review", "--tmdb-file", "--name-overrides"):
        line = ["add-film", "--media", "film.mkv", "--title", "t", "--source", "hi", "--targets", "en"]
        yield [*line, option, READ[3]]


def test_no_command_ends_as_a_defect_for_a_path_that_nobody_can_have(tmp_path: Path) -> None:
    (tmp_path / "film.hi.srt").write_text(CUES, encoding="utf-8")
    with ThreadPoolExecutor(3) as pool:
        for line, done in pool.map(lambda line: (line, said(tmp_path, *line)), list(lines(tmp_path))):
            told = done.stderr.decode(errors="replace")
            assert done.returncode not in (0, 70, -9) and b"Traceback" not in done.stderr, (line, told)
            assert told.startswith(("samvad", "usage: samvad")), (line, told[:200])


EMPTY = (["check", ""], ["correct", ""], ["report", "--output", ""], ["query", "overview", ""])


@pytest.mark.parametrize(
    "words", [*EMPTY, ["add-film", "--media= ", "--source=hi", "--targets=en"]], ids=lambda words: words[0]
)
def test_an_empty_text_is_no_path_and_never_the_folder_one_stands_in(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.sys, "argv", ["samvad", *words])
    try:
        code = commands.main()
    except SystemExit as error:  # argparse
        code = int(str(error.code))
    assert code == 2 and re.search("no path|names no film", capsys.readouterr().err)


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=400) | st.sampled_from(
    [LONG, "a\0b", "\0", "caf\udce9", "\ud800", "a\n", "\r", "../" * 2000]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(name="\0/film.mkv", option="--media")
@given(name=NAMES, option=st.sampled_from(["--media", "--title", "--glossary", "--review", "--tmdb-file", "--user"]))
def test_a_film_is_added_or_refused_in_words_whatever_it_is_called(
    tmp_path: Path, name: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"\x1a\x45\xdf\xa3" + b"\0" * 64)
    line = ["samvad", "add-film", f"--media={film}", "--title=t", "--source=hi", "--targets=en", f"{option}={name}"]
    monkeypatch.setattr(commands.sys, "argv", [*line, f"--sheet={tmp_path / 'films.tsv'}"])
    try:
        code = commands.main()
    except SystemExit as error:  # argparse
        code = int(str(error.code))
    told = capsys.readouterr().err
    assert code == 0 or told.startswith(("samvad add-film: ", "usage: ")), told


STAGE_PATHS = (*READ, *WRITTEN[3:])


def test_no_stage_ends_as_a_defect_for_a_path_that_nobody_can_have(tmp_path: Path) -> None:
    def run(line: tuple[bytes, bytes]) -> tuple[tuple[bytes, bytes], subprocess.CompletedProcess[bytes]]:
        command = [support.ROOT / "envs/run", "media", "extract_audio.py", "--film=f", "--threads=1"]
        command += [b"--media=" + line[0], b"--job-folder=" + line[1] + b"/2025/01/01/me/1"]
        return line, subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)

    # Each in a job of its own: of two attempts of one stage at once, the later one wins.
    lines = [(path, os.fsencode(tmp_path / str(number))) for number, path in enumerate(READ)]
    lines += [(b"film.mkv", path) for path in STAGE_PATHS]
    with ThreadPoolExecutor(3) as pool:
        for line, done in pool.map(run, lines):
            assert done.returncode not in (0, 1) and b"Traceback" not in done.stderr, (line, done.stderr)


ODD = ("{}\n", "{}\r\n", "a\0b", "a\x1b[2Jb", "a\nb", "\x9b31m", "\ud800")


def texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from texts(item, (*path, key))
    if isinstance(value, str):
        yield path


def with_value(value: dict[str, Any], path: tuple[str, ...], item: str) -> dict[str, Any]:
    return {**value, path[0]: with_value(value[path[0]], path[1:], item) if len(path) > 1 else item}


def test_no_key_of_the_configuration_takes_a_line_end_or_a_sign_that_is_obeyed() -> None:
    whole = configuration.check(yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8")))
    keys = list(texts(whole))
    assert len(keys) > 40
    for path in keys:
        for odd in ODD:
            with pytest.raises(ConfigurationError, match=path[-1]):
                configuration.check(with_value(whole, path, odd.format("x")))


def test_no_column_of_the_sheet_takes_a_last_line_end_or_half_a_character(tmp_path: Path) -> None:
    row = dict.fromkeys(configuration.COLUMNS, "")
    row |= {"film": "f", "media": "f.mkv", "title": "T", "year": "2008", "source": "hi", "targets": "en", "user": "me"}
    row |= {"date": "2025-01-01", "job": "1", "workflow": "subtitle"}
    filled = {key: value for key, value in row.items() if value}
    schemas.check_config(filled, "film", "sheet")
    for column in configuration.COLUMNS:
        for odd in ("{}\n", "a\0b", "\ud800", "{}\r") + (() if column in ("media", "title") else ("a\x1b[2J", "a\nb")):
            with pytest.raises(ConfigurationError, match=column):
                schemas.check_config({**filled, column: odd.format(row[column] or "x")}, "film", "sheet")
