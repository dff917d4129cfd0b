"""Values of YAML are remembered by their text, and are what the parser says, or are not remembered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import support
from samvad.core import known_yaml, outside

#: What JSON gives back as it is, and what it does not: dates, keys that are no texts, what is no number.
PLAIN = "title: Test\nrules:\n  gap: {value: 2, source: 'p. 3'}\n  speed: 17.0\n  dash: true\nnone: ~\nlist: [a, 'ü']\n"
OTHERS = ("day: 2025-01-01\n", "1: one\n", "speed: .nan\n", "large: 123456789012345678901234567890\n")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMVAD_CACHE", support.new_cache(tmp_path)["SAMVAD_CACHE"])
    return tmp_path / "cache" / "yaml"


def test_a_value_is_that_of_the_parser_and_needs_none_the_second_time(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(PLAIN, "utf-8")
    parsed = outside.yaml_value(path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from samvad.core import known_yaml; "
        "print(known_yaml.value(Path(sys.argv[2])) == eval(sys.argv[3]), 'yaml' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(support.ROOT / "scripts"), str(path), repr(parsed)]
    said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)]
    assert said == [["True", "True"], ["True", "False"]] and len(list(cache.iterdir())) == 1
    path.write_text(PLAIN.replace("17.0", "18"), "utf-8")
    assert known_yaml.value(path)["rules"]["speed"] == 18
    assert type(known_yaml.value(path)["rules"]["speed"]) is int


@pytest.mark.parametrize("text", OTHERS)
def test_what_json_would_change_is_parsed_each_time(text: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text, "utf-8")
    found = [repr(known_yaml.value(path)) for _ in range(2)]
    assert found == [repr(outside.yaml_value(path))] * 2


def test_what_is_damaged_or_anybodys_is_not_taken_and_what_is_no_yaml_is_refused_as_ever(
    tmp_path: Path, cache: Path
) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(PLAIN, "utf-8")
    assert known_yaml.value(path)["title"] == "Test"
    (kept,) = cache.iterdir()
    told = kept.read_text("utf-8").replace("Test", "Other")
    for damaged in ("", "[]", "{}", told[:-9]):
        kept.write_text(damaged, "utf-8")
        assert known_yaml.value(path)["title"] == "Test"
    kept.write_text(told, "utf-8")
    assert known_yaml.value(path)["title"] == "Other", "it is what is looked at"
    cache.chmod(0o777)
    assert known_yaml.value(path)["title"] == "Test"
    path.write_text("a: [1\n", "utf-8")
    with pytest.raises(ValueError, match="line 2"):
        known_yaml.value(path)
