"""IndicTrans2's models on this machine: where they lie, which directions there are, and how they come from the hub.

``samvad model indictrans2-indic-en`` fetches a repository at the commit that ``config/models.yaml`` pins, converts it
to CTranslate2 (data only: no code that comes with the model is run), checks it, and keeps it in the cache, where stage
08 finds it where nobody names another folder.
"""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, known_yaml, outside, schemas
from samvad.core.errors import ConfigurationError, ModelError, NetworkError
from samvad.models import weights

log = logging.getLogger(__name__)

#: The value of ``translation.backend`` that takes IndicTrans2 where it is at hand, and Whisper for what remains.
AUTO = "auto"
#: What a repository of a model consists of, as far as it is needed.
_PATTERNS = ["config.json", "model.safetensors", "dict.SRC.json", "dict.TGT.json", "model.SRC", "model.TGT"]
#: Folders of a direction in which weights may lie, as packers lay them out.
_PLACES = ("", "ct2_int8_model", "ct2_fp16_model")
#: What follows a direction in the names of the folders that are in AI4Bharat's archives.
_ENDINGS = ("", "-preprint", "-deploy")
#: What is noted beside a model of where it comes from.
_ORIGIN = "samvad-origin.json"


@dataclass(frozen=True)
class Published:
    """A model of ``config/models.yaml``: its direction, its repository, the pinned commit (None: unknown), its size."""

    name: str
    direction: str
    hub: str
    revision: str | None
    size_mb: int
    licence: str


@functools.cache
def published() -> dict[str, Published]:
    """Return IndicTrans2's models that are known by name."""
    table: dict[str, dict[str, Any]] = known_yaml.value(schemas.ROOT / "config" / "models.yaml")["indictrans2"]
    return {
        name: Published(name, row["direction"], row["hub"], row["revision"], row["size_mb"], row["licence"])
        for name, row in table.items()
    }


def root(folder: str = "") -> Path:
    """Return the folder with one folder a direction: the one that is named, else that in the cache."""
    return Path(folder).expanduser() if folder else files.cache_folder() / "models" / "indictrans2"


def at_hand(folder: str = "") -> frozenset[str]:
    """Return the directions whose model is there."""
    place = root(folder)
    directions = dict.fromkeys(item.direction for item in published().values())
    return frozenset(name for name in directions if _has_weights(folder_of(place, name)))


def folder_of(place: Path, direction: str) -> Path:
    """Return the folder of a direction's model below a root, by the names that AI4Bharat's archives unpack to, too."""
    named = [place / f"{direction}{ending}" for ending in _ENDINGS]
    return next(filter(_has_weights, named), named[0])


def _has_weights(folder: Path) -> bool:
    return any((folder / inside / "model.bin").is_file() for inside in _PLACES)


def backends(named: Sequence[str], folder: str = "") -> tuple[str, ...]:
    """Return the backends that a setting means: ``auto`` is IndicTrans2, where it is at hand, then Whisper."""
    automatic = ("indictrans2", "whisper") if at_hand(folder) else ("whisper",)
    return tuple(dict.fromkeys(name for one in named for name in (automatic if one == AUTO else (one,))))


def is_there(name: str) -> bool:
    """Say whether a published model is in the cache, at the commit that is pinned."""
    model = published()[name]
    return model.direction in at_hand() and _origin(root() / model.direction) == [model.hub, model.revision]


def fetch(name: str, source: Path | None = None, quantization: str = "int8") -> Path:
    """Fetch, convert and check a model, unless it is there; return its folder.

    Args:
        name: of ``published``.
        source: a folder with what its repository holds, in place of the hub.
        quantization: number type of the weights on disk.

    Raises:
        ModelError: no commit is pinned, the hub refuses, or what it gave is no such model.
        NetworkError: the hub cannot be reached.
        DiskError: the disk is full.
    """
    from samvad.stages.translation import conversion

    model = published()[name]
    target = root() / model.direction
    if source is None and is_there(name):
        return target
    fetched = source or _from_hub(model)
    making = target.with_name(f".{target.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    with files.disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        log.info("Converting %s to CTranslate2 (%s)", model.hub, quantization)
        conversion.convert(fetched, making, quantization)
        try:
            _check(making, model)
        except ModelError:
            shutil.rmtree(making, ignore_errors=True)
            raise
        origin = [model.hub, model.revision if source is None else None]
        files.write_json(making / _ORIGIN, {"origin": origin, "quantization": quantization})
        shutil.rmtree(target, ignore_errors=True)
        making.replace(target)
        if source is None:
            shutil.rmtree(fetched, ignore_errors=True)  # the converted model is a quarter of it, and all that is read
    return target


def _from_hub(model: Published) -> Path:
    if not model.revision:
        raise ModelError(
            f"config/models.yaml pins no commit of {model.name} ({model.hub}).",
            "Set the key revision beside it to a commit of 40 hexadecimal digits, which the hub shows under "
            '"Files and versions"; or give a folder with the repository: --from FOLDER.',
        )
    gated = (
        f"The repository is gated: accept its terms at the hub once, and set HF_TOKEN to a token of yours; or give a "
        f"folder with what {model.hub} holds: --from FOLDER."
    )
    try:
        return weights.hub_snapshot(model.hub, model.revision, _PATTERNS, ("model.safetensors",), model.name)
    except NetworkError as error:
        raise NetworkError(error.what, gated) from error
    except ModelError as error:
        raise ModelError(error.what, gated) from error


def _check(folder: Path, model: Published) -> None:
    """Make sure that a converted model can be loaded, and is of its direction.

    Raises:
        ModelError: it cannot, or is not.
    """
    import ctranslate2

    from samvad.stages.translation.text_backend import vocabulary_of

    remedy = "Fetch it again; if it stays so, the repository is of another kind than its name says."
    try:
        ctranslate2.Translator(str(folder), device="cpu", compute_type="default")
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The converted model of {model.hub} cannot be loaded ({error}).", remedy) from None
    wanted = {"eng_Latn", "hin_Deva"} if "en" in model.direction.split("-") else {"hin_Deva", "tam_Taml"}
    known = vocabulary_of(folder)
    if known is not None and not wanted <= known:
        missing = ", ".join(sorted(wanted - known))
        raise ModelError(f"The model of {model.hub} does not know {missing}.", remedy)


def _origin(folder: Path) -> Any:
    try:
        return outside.json_value(outside.read_bytes(folder / _ORIGIN)).get("origin")
    except (OSError, ValueError, AttributeError, ConfigurationError):
        return None
