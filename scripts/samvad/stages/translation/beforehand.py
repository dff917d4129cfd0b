"""Which pairs of languages stage 08 could not translate: told before the work, when a run is planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from samvad.stages.translation import chat, own_models
from samvad.stages.translation.registry import BACKENDS
from samvad.text import languages

_ENGLISH = "en"


def refusal(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> str:
    """Return why a film's targets cannot all be made, with the pairs named and what to do; empty where they can.

    A target that the film speaks is no pair to translate. Where several languages are spoken, one that can be
    translated is enough: lines in another are passed on, marked.

    Args:
        values: the options of stage 08 by name.
        source: short codes of the languages that the film is said to speak; none where they are to be detected.
        targets: short codes of the languages to translate into.
    """
    names = own_models.backends(values["backend"], values["indictrans2_dir"])
    asks_a_model = "llm" in names or values.get("second_reader")
    if asks_a_model and (wrong := chat.fault(values["llm_url"], values["llm_model"])):
        return wrong
    if not source or "none" in names:
        return ""
    # With the runtime transformers, and from a folder that is named, what is not there is told by stage 08 itself.
    there = own_models.at_hand(values["indictrans2_dir"]) if values["runtime"] == "ctranslate2" else None

    def serves(one: str, other: str) -> bool:
        return any(BACKENDS[name].serves(one, other) and _has_model(name, one, other, there) for name in names)

    def is_translated(one: str, other: str) -> bool:
        through = values["pivot"] and serves(one, _ENGLISH) and serves(_ENGLISH, other)
        return serves(one, other) or bool(through)

    def is_reached(one: str, other: str) -> bool:
        return languages.same(one, other) or is_translated(one, other)

    lost = [other for other in targets if not any(is_reached(one, other) for one in source)]
    if not lost:
        return ""
    pairs = ", ".join(f"{one} to {other}" for other in lost for one in source)
    return (
        f"{pairs}: translation.backend is {', '.join(values['backend'])}, which cannot. {_advice(source, lost, names)}"
    )


def models(values: Mapping[str, Any], source: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Return the Whisper models that the stage surely cannot do without, each by name and revision; as for ``refusal``.

    Where the languages spoken are not known before the work, or another backend comes first, none is sure.
    """
    names = own_models.backends(values["backend"], values["indictrans2_dir"])
    there = own_models.at_hand(values["indictrans2_dir"]) if values["runtime"] == "ctranslate2" else None
    pairs = [(one, other) for one in source for other in targets if not languages.same(one, other)]

    def is_for_whisper(one: str, other: str) -> bool:
        serving = (name for name in names if BACKENDS[name].serves(one, other) and _has_model(name, one, other, there))
        return next(serving, "") == "whisper"

    wanted = bool(pairs) and all(is_for_whisper(*pair) for pair in pairs)
    return [(values["whisper_model"], values["whisper_revision"])] if wanted and "none" not in names else []


def _has_model(name: str, source: str, target: str, there: frozenset[str] | None) -> bool:
    return name != "indictrans2" or there is None or _direction(source, target) in there


def _direction(source: str, target: str) -> str:
    """Return which of IndicTrans2's models a pair needs."""
    return f"{'en' if source == _ENGLISH else 'indic'}-{'en' if target == _ENGLISH else 'indic'}"


def _advice(source: Sequence[str], lost: Sequence[str], names: Sequence[str]) -> str:
    pairs = [(one, other) for one in source for other in lost]
    found = []
    if models := sorted({_direction(*pair) for pair in pairs if BACKENDS["indictrans2"].serves(*pair)}):
        found.append(" and ".join(f"fetch the model (./samvad model indictrans2-{model})" for model in models))
    others = [name for name in BACKENDS if name not in ("indictrans2", *names) and BACKENDS[name].advised]
    if can := [name for name in others if any(BACKENDS[name].serves(*pair) for pair in pairs)]:
        found.append(f"set translation.backend to {' or '.join(can)}")
    found.append(f"take {', '.join(lost)} from the film's targets")
    text = "; or ".join(found)
    return f"{text[0].upper()}{text[1:]}."
