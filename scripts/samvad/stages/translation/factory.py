"""Make the backends that the configuration names, with nothing loaded yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from samvad.core.errors import ConfigurationError
from samvad.stages.translation import nllb_backend
from samvad.stages.translation.backends import Backend
from samvad.stages.translation.memory import Memory
from samvad.stages.translation.options import Options as StageOptions
from samvad.stages.translation.routes import NoBackend, Router
from samvad.stages.translation.sentence_model import Settings
from samvad.stages.translation.terms import Glossary, Use
from samvad.stages.translation.text_backend import Options, TextBackend

#: Packages of a backend whose versions belong into the manifest.
LIBRARIES = {
    "whisper": ("ctranslate2", "faster-whisper"),
    "indictrans2": ("ctranslate2", "sentencepiece", "indic-nlp-library-itt", "sacremoses"),
    "nllb": ("ctranslate2", "sentencepiece"),
    "none": (),
}
#: What the weights may be used for.
LICENCES = {
    "whisper": "MIT",
    "indictrans2": "MIT",
    "nllb": nllb_backend.LICENCE,
}


def router(
    options: StageOptions,
    audio: Path,
    threads: int,
    memory: Memory,
    glossary: Callable[[str], Glossary],
) -> Router:
    """Return the backends that the options name, as one.

    Args:
        options: of the stage.
        audio: the film's sound.
        threads: CPU threads.
        memory: of earlier translations.
        glossary: returns the glossary for a target.

    Raises:
        ConfigurationError: the folder of a backend's models is not given.
        ModelError: the model named cannot translate.
    """
    shared = Options(
        device=options.device,
        compute_type=options.compute_type,
        threads=threads,
        beam_size=options.beam_size,
        settings=Settings(options.batch_size, options.fit_margin),
        memory=memory,
        glossary=glossary,
    )
    makers: dict[str, Callable[[], Backend]] = {
        "whisper": lambda: _whisper(options, audio, threads),
        "indictrans2": lambda: _indictrans2(options, shared),
        "nllb": lambda: _nllb(options, shared),
        "none": NoBackend,
    }
    return Router([makers[name]() for name in dict.fromkeys(options.backend)], pivot=options.pivot)


def by_ctranslate2(name: str, runtime: str) -> bool:
    """Say whether a backend's weights are run by CTranslate2, with a runtime of IndicTrans2."""
    return "ctranslate2" in LIBRARIES[name] and (name, runtime) != ("indictrans2", "transformers")


def uses_of(made: Router) -> list[Use]:
    """Return which terms came out how in what the backends have translated from text."""
    return [use for member in made.members.values() if isinstance(member, TextBackend) for use in member.uses]


def counts_of(made: Router) -> Counter[str]:
    """Return the counts of what the backends have translated from text."""
    counts: Counter[str] = Counter()
    for member in made.members.values():
        if isinstance(member, TextBackend):
            counts += member.counts
    return counts


def _whisper(options: StageOptions, audio: Path, threads: int) -> Backend:
    from samvad.stages.translation.whisper_backend import WhisperBackend

    return WhisperBackend(
        model=options.whisper_model,
        revision=options.whisper_revision,
        audio=audio,
        device=options.device,
        compute_type=options.compute_type,
        threads=threads,
        batch_size=options.batch_size,
        beam_size=options.beam_size,
    )


def _indictrans2(options: StageOptions, shared: Options) -> Backend:
    from samvad.stages.translation.indictrans2_backend import IndicTrans2Backend

    remedy = "Set it to the folder that holds indic-en/, en-indic/ or indic-indic/; docs/translation.md says more."
    folder = _folder(options.indictrans2_dir, "indictrans2", "indictrans2_dir", remedy)
    return IndicTrans2Backend(folder, shared, options.runtime)


def _nllb(options: StageOptions, shared: Options) -> Backend:
    remedy = "Set it to the folder with model.bin and sentencepiece.bpe.model; docs/translation.md says more."
    return nllb_backend.NllbBackend(_folder(options.nllb_dir, "nllb", "nllb_dir", remedy), shared)


def _folder(given: str, backend: str, key: str, remedy: str) -> Path:
    if not given:
        option = f"--{key.replace('_', '-')}"
        raise ConfigurationError(
            f"translation.backend names {backend}, but translation.{key} ({option}) is empty.", remedy
        )
    return Path(given).expanduser()
