"""Settings: no odd number, no line end, no brace and no option gets through a key, a schema or a rule."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

import support
from samvad.core import schemas, stages
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration, resource_requests, subtitle_profiles

SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in schemas.SCHEMA_DIR.glob("*.schema.json"))
#: Numbers that a key of numbers may not have, as YAML has them and as ``--config`` gives them.
ODD_NUMBERS = (float("nan"), float("inf"), -float("inf"), 1e308, 10**400, -(10**400), "nan", "inf", "1e999")


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from leaves(item, (*path, key))
    if not isinstance(value, dict):
        yield path, value


def replaced(value: dict[str, Any], path: tuple[str, ...], item: Any) -> dict[str, Any]:
    made = inner = copy.deepcopy(value)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = item
    return made


@pytest.mark.parametrize("odd", ODD_NUMBERS, ids=lambda odd: str(odd)[:8])
def test_no_key_of_the_configuration_takes_an_odd_number(odd: Any) -> None:
    whole = configuration.check(yaml.safe_load((support.ROOT / "config/config.yaml").read_text("utf-8")))
    keys = [path for path, value in leaves(whole) if isinstance(value, int | float)]
    assert len(keys) > 30
    for path in keys:
        with pytest.raises(ConfigurationError, match=path[-1]):
            configuration.check(replaced(whole, path, odd))


@pytest.mark.parametrize("odd", [".nan", ".inf", "-.inf", "1.0e+308", "1" + "0" * 400], ids=lambda odd: odd[:8])
def test_no_profile_and_no_table_of_resources_takes_an_odd_number(tmp_path: Path, odd: str) -> None:
    profile = (subtitle_profiles.FOLDER / "netflix.yaml").read_text("utf-8")
    for number, match in enumerate(re.finditer(r"value: ([0-9.]+)", profile)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(profile[: match.start(1)] + odd + profile[match.end(1) :], encoding="utf-8")
        with pytest.raises(ConfigurationError):
            subtitle_profiles.load(str(path))
    for key in ("cores", "mem_mb", "mem_mb_per_hour", "runtime", "runtime_per_hour"):
        (tmp_path / "r.yaml").write_text(f"stages:\n  asr:\n    {key}: {odd}\n", encoding="utf-8")
        with pytest.raises(ConfigurationError):
            resource_requests.load(str(tmp_path / "r.yaml"))


def patterns(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key == "pattern" and isinstance(value, str):
            yield value
        yield from patterns(value)


ALL_PATTERNS = sorted({pattern for name in SCHEMAS for pattern in patterns(schemas.schema(name))})


@pytest.mark.parametrize("pattern", ALL_PATTERNS)
def test_the_end_of_a_pattern_is_the_end_of_the_text_to_whatever_reads_it(pattern: str) -> None:
    """A ``$`` is the place before a last line end to Python, and the end to Rust and to JavaScript."""
    samples = ("hi", "en-US", "me", "2025-11-27", "2008", "7", "", "sha256:" + "0" * 64, "a/1", "25/1", "0" * 40, "out")
    samples += ("2025-01-01T00:00:00.000Z", "none", "demux", "cue_count")
    for text in samples:
        if jsonschema_rs.is_valid({"pattern": pattern}, text) and not re.search(r"\[\^|\.\*|^\(\^", pattern):
            assert not jsonschema_rs.is_valid({"pattern": pattern}, text + "\n"), (pattern, text)
            assert not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text + "\n")


def test_no_code_asks_python_for_a_pattern_that_lets_a_last_line_end_pass() -> None:
    """Where a pattern of ours is to hold for a whole text, ``fullmatch`` says so: ``match`` with ``$`` does not."""
    loose = re.compile(r"re\.(match|search)\(\s*r?f?\"\^[^\"]*\$\"")
    assert not support.modules_with(lambda text: loose.search(text) is not None)


def test_every_option_of_every_stage_refuses_a_last_line_end_where_it_has_a_pattern_or_choices() -> None:
    tried = 0
    for stage in stages.STAGES:
        for option in stage.all_options:
            default = option.as_json(option.default)
            if (option.pattern or option.choices) and isinstance(default, str):
                with pytest.raises(ValueError):
                    option.parse(f"{default}\n")
                tried += 1
    assert tried > 5


def test_every_parameter_in_a_command_is_quoted() -> None:
    rules = [*(support.ROOT / "rules").glob("*.smk"), support.ROOT / "Snakefile"]
    found = 0
    for path in rules:
        for shell in re.findall(r"\n    shell:\n((?:        .*\n)+)", path.read_text("utf-8") + "\n"):
            for name, quoted in re.findall(r"\{(?!threads\}|resources\.(?:mem_mb|gpu)\})([^}:]+)(:q)?\}", shell):
                assert quoted and name.startswith("params."), f"{path.name}: {{{name}}}"
                found += 1
    assert found > 30


TITLES = (
    *("{wildcards.job}", "{x} {{y}} {", "$(touch ran) `touch ran` $HOME", "--help", "-V", "a\nb; touch ran"),
    *("--", "@x"),
)


def test_a_title_reaches_the_command_as_it_is_written(tmp_path: Path) -> None:
    sheet, film = tmp_path / "films.tsv", tmp_path / "film.mkv"
    film.write_bytes(b"x")
    lines = ["film\tmedia\ttitle\tyear\tsource\ttargets\tuser\tdate\tjob\tworkflow"]
    for number, title in enumerate(TITLES, start=1):
        lines.append(f'a\t{film}\t"{title}"\t2008\thi\ten\tme\t2025-01-01\t{number}\tsubtitle')
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [str(support.ROOT / ".venv/bin/snakemake"), "-n", "-p", "--cores", "1"]
    command += ["--directory", str(support.ROOT), "--config", f"films={sheet}", f"output_root={tmp_path}/out", "--"]
    jobs = range(1, len(TITLES) + 1)
    command += [f"{tmp_path}/out/2025/01/01/me/{number}/02_tmdb/manifest.json" for number in jobs]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=support.ROOT)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    shell = "envs/run text fetch_metadata.py"
    given = set()
    for part in said.split(shell)[1:]:
        script = f"set -- {part.split(chr(10) * 2)[0]}\nprintf '%s\\0' \"$@\""
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
        given |= {word.removeprefix("--title=") for word in done.stdout.split("\0") if word.startswith("--title=")}
    assert given == set(TITLES)
    assert not (tmp_path / "ran").exists()


def bomb(levels: int, kind: str) -> str:
    """A YAML text whose aliases stand for far more than it holds."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, levels):
        inner = f"*a{level - 1}"
        lines.append(
            f"a{level}: &a{level} "
            + (f"[{', '.join([inner] * 9)}]" if kind == "list" else f"{{b: {inner}, c: {inner}}}")
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("kind", "place"), [("list", "--configfile"), ("list", "config.yaml"), ("keys", "config.yaml")]
)
def test_a_file_of_settings_that_is_far_more_than_it_holds_is_refused_at_once(
    tmp_path: Path, kind: str, place: str
) -> None:
    (tmp_path / "config").mkdir()
    usual = (support.ROOT / "config/config.yaml").read_text("utf-8")
    text = bomb(40, kind)
    (tmp_path / "config" / "config.yaml").write_text(text if place == "config.yaml" else usual, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    command = [str(support.ROOT / ".venv/bin/snakemake"), "-n", "--cores", "1", "--directory", str(tmp_path)]
    command += ["--snakefile", str(support.ROOT / "Snakefile")]
    command += ["--configfile", str(tmp_path / "own.yaml")] if place == "--configfile" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode and re.search(r"(own|config)\.yaml cannot be read: its aliases", done.stdout + done.stderr)
    with pytest.raises(ConfigurationError, match="its aliases"):
        configuration.look_at([str(tmp_path / "own.yaml")])
