"""The ways to translate, by the names that the key ``translation.backend`` has for them.

A backend is a module of this folder with a function ``make(request)``, and its line here. Reading this table loads none
of them, and no other module: the declaration of the stage's options, which every stage's process reads, takes the names
from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Registered:
    """What is known of a backend before it is loaded.

    Attributes:
        module: the module of this folder that makes it.
        serves: whether it can translate a pair (source, target), for advice; its ``refusal`` has the last word.
        libraries: packages whose versions belong into the manifest.
        licence: what its weights may be used for; empty where it has none.
        warning: what people who use it must know.
        advised: whether others may be told to use it: it needs nothing that they may not have.
    """

    module: str
    serves: Callable[[str, str], bool]
    libraries: tuple[str, ...] = ()
    licence: str = ""
    warning: str = ""
    advised: bool = True


def _by_whisper(source: str, target: str) -> bool:
    from samvad.text import languages

    return target == "en" and source in languages.WHISPER


def _by_indictrans2(source: str, target: str) -> bool:
    from samvad.text import languages

    return {source, target} <= languages.INDICTRANS2.keys()


def _by_nllb(source: str, target: str) -> bool:
    from samvad.text import languages

    return {source, target} <= languages.NLLB.keys()


BACKENDS: dict[str, Registered] = {
    "whisper": Registered(
        "whisper_backend",
        _by_whisper,
        libraries=("ctranslate2", "faster-whisper"),
        licence="MIT",
    ),
    "indictrans2": Registered(
        "indictrans2_backend",
        _by_indictrans2,
        libraries=("ctranslate2", "sentencepiece", "indic-nlp-library-itt", "sacremoses"),
        licence="MIT",
    ),
    "nllb": Registered(
        "nllb_backend",
        _by_nllb,
        libraries=("ctranslate2", "sentencepiece"),
        licence="CC BY-NC 4.0: no commercial use",
        warning="NLLB was used. Its weights are under CC BY-NC 4.0: no commercial use.",
    ),
    "llm": Registered("llm_backend", lambda source, target: source != target, advised=False),
    "none": Registered("routes", lambda source, target: False),
}

NAMES: tuple[str, ...] = tuple(BACKENDS)


def by_ctranslate2(name: str, runtime: str) -> bool:
    """Say whether a backend's weights are run by CTranslate2, with a runtime of IndicTrans2."""
    return "ctranslate2" in BACKENDS[name].libraries and (name, runtime) != ("indictrans2", "transformers")
