from __future__ import annotations

import re

import pytest
import yaml

from support import ROOT

NAMES = sorted(path.stem for path in (ROOT / "envs").glob("*.in"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> dict[str, str]:
    """Return the pinned pip list of an environment, as conda reads it."""
    value = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    pip = next(item["pip"] for item in value["dependencies"] if isinstance(item, dict))
    assert all(re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ;]+( ;.*)?$", line) for line in pip), "all are pinned"
    return {normal(line.split("==")[0].split("[")[0]): line.split("==")[1].split(" ")[0] for line in pip}


def asked(name: str) -> list[str]:
    lines = (ROOT / "envs" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_pins_all_that_its_environment_asks_for(name):
    locked = pins(name)
    for line in asked(name):
        package, _, version = line.partition("==")
        package = normal(re.split(r"[<>\[]", package)[0])
        assert package in locked, f"run `envs/lock {name}`"
        assert version in ("", locked[package]), f"run `envs/lock {name}`"


def test_the_recogniser_and_the_translator_keep_their_own_transformers():
    assert pins("asr")["transformers"].startswith("4.57")
    assert pins("translation")["transformers"] == "4.53.2"


def test_every_environment_is_one_that_a_rule_or_a_tool_uses():
    text = "".join(
        path.read_text() for path in [*(ROOT / "rules").glob("*.smk"), ROOT / "Makefile", ROOT / "envs/setup"]
    )
    for name in NAMES:
        assert re.search(rf"\b{name}\b", text), name
