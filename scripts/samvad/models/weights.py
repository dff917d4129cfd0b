"""Find the weights of a Whisper model: a folder, the cache, a model hub, or the package registry.

Looked for in this order:

1. a folder given as the model's name, or a folder of that name (or ``faster-whisper-<name>``) below ``$SAMVAD_MODELS``;
2. the cache (``$SAMVAD_CACHE``, else ``~/.cache/samvad``); then, at that commit, the cache of the hub's own client;
3. the model hub, at the commit that ``config/models.yaml`` or the configuration pins;
4. for models that have a copy in the Python package registry: that copy, by ``samvad model``.

Wherever they are found, they are held against the checksums that are known of them (``samvad.models.origins``).
"""

from __future__ import annotations

import difflib
import functools
import logging
import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import checksums, files, known_yaml, schemas
from samvad.core.errors import ModelError, NetworkError
from samvad.models import http, origins, patience

log = logging.getLogger(__name__)

_WEIGHTS = "model.bin"
#: What is named so is a folder, and no hub id.
_FOLDER_BEGINNINGS = ("/", "./", "../", "~")
_TOKENIZER = "tokenizer.json"
#: What a CTranslate2 Whisper model consists of.
_PATTERNS = ["config.json", "preprocessor_config.json", _WEIGHTS, _TOKENIZER, "vocabulary.*"]


@dataclass(frozen=True)
class ResolvedModel:
    """Weights on this machine.

    Attributes:
        name: as configured.
        folder: where they lie.
        revision: commit of the hub, or None for a folder or a registry's copy.
        checksum: of ``model.bin``.
    """

    name: str
    folder: Path
    revision: str | None
    checksum: str


@functools.cache
def known_models() -> dict[str, dict[str, Any]]:
    """Return the Whisper models of ``config/models.yaml`` by name."""
    models: dict[str, dict[str, Any]] = known_yaml.value(schemas.ROOT / "config" / "models.yaml")["whisper"]
    return models


def pinned_commit(name: str) -> str | None:
    """Return the commit that ``config/models.yaml`` pins for a model's name; None of a folder, or a name of a hub."""
    commit: str | None = known_models().get(name, {}).get("revision")
    return commit or None


def resolve_whisper(name: str, revision: str = "") -> ResolvedModel:
    """Return the weights of a Whisper model, fetched from the hub if they are not here yet.

    Args:
        name: a folder, a name of ``config/models.yaml``, or a hub id (``owner/name``).
        revision: commit of a hub id; empty for the pinned one.

    Raises:
        ModelError: the weights are not to be had; says how to get them.
    """
    found = find_whisper(name, revision)
    if found is not None:
        return found
    hub, pinned = _hub_id(name, revision)
    return fetch_from_hub(name, hub, pinned)


def find_whisper(name: str, revision: str = "") -> ResolvedModel | None:
    """Return the weights if they are on this machine already, else None.

    Raises:
        ModelError: ``name`` is a folder without weights, no model of that name is known, or its files are not those
            that were published.
    """
    found = place_of(name, revision)
    return None if found is None else _checked(name, *found)


def place_of(name: str, revision: str = "") -> tuple[Path, str | None] | None:
    """Return where the weights lie on this machine, and their commit where they are a hub's; None where they are not.

    They are not read: it costs nothing to ask for each film of a shelf.

    Raises:
        ModelError: ``name`` is a folder without weights, or no model of that name is known.
    """
    named = os.environ.get("SAMVAD_MODELS", "")
    given = [Path(named) / name, Path(named) / f"faster-whisper-{name}"] if named else []
    for folder in (Path(name).expanduser(), *given):
        if (folder / _WEIGHTS).is_file():
            return folder.resolve(), None
    if Path(name).expanduser().is_dir() or name.startswith(_FOLDER_BEGINNINGS):
        raise ModelError(
            f"The model folder {name} holds no {_WEIGHTS}.",
            "Give a folder with a Whisper model in CTranslate2 form (model.bin, config.json, tokenizer.json, "
            "vocabulary.*).",
            path=name,
        )
    hub, pinned = _hub_id(name, revision)
    if (hub_folder(hub, pinned) / _WEIGHTS).is_file():
        return hub_folder(hub, pinned), pinned
    snapshot = user_snapshot(hub, pinned)
    if all(
        any(snapshot.glob(name)) for name in ("config.json", _WEIGHTS, _TOKENIZER, "vocabulary.*")
    ):  # all is fetched
        return snapshot, pinned
    copy = registry_folder(name)
    if (copy / _WEIGHTS).is_file() and revision in ("", known_models().get(name, {}).get("revision")):
        return copy, None
    return None


def check_name(name: str) -> None:
    """Make sure that a name may be a model's, before it is written down; whether it can be had, a run says.

    Raises:
        ModelError: no model has such a name, or it is a folder without weights.
    """
    is_folder = name.startswith(_FOLDER_BEGINNINGS)
    if name not in known_models() and (is_folder or name.count("/") != 1):
        place_of(name)


def how_to_get(name: str) -> str:
    """Return what to do where a model is not on this machine and cannot be fetched, without a full stop."""
    return (
        f"Run `make model MODEL={name}` on a machine with a network, or copy the model to a folder and set "
        "SAMVAD_MODELS (a folder with one folder a model) or the model's key in the configuration to it"
    )


def out_of_reach(name: str, revision: str = "") -> str:
    """Return why a Whisper model is not to be had now, in words that go on after "and".

    Empty where it is on this machine, or may be fetched: only a second is waited for the hub, and what it would say of
    the model is not asked. What is wrong with its name or folder is told elsewhere.
    """
    try:
        if place_of(name, revision) is not None:
            return ""
    except ModelError:
        return ""
    if is_offline():
        return "HF_HUB_OFFLINE is set"
    reason = http.unreachable(hub_address())
    return f"the hub {http.address(hub_address())} cannot be reached: {reason}" if reason else ""


def is_offline() -> bool:
    """Say whether nothing may be fetched, as the hub's own client understands it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def user_snapshot(hub: str, revision: str) -> Path:
    """Return where the hub's own client keeps a model at a commit, for all programs of a user.

    ``HF_HUB_CACHE``, or ``hub`` in ``HF_HOME``, or ``~/.cache/huggingface/hub``, as its documentation has it.
    """
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    cache = os.environ.get("HF_HUB_CACHE") or Path(home) / "hub"
    return Path(cache).expanduser() / f"models--{hub.replace('/', '--')}" / "snapshots" / revision


def _checked(name: str, folder: Path, revision: str | None) -> ResolvedModel:
    """Return a folder's weights, once they are held against what is known of them."""
    known: dict[str, str] = {}
    remedy = f"Copy or fetch the model anew, or take what you trust under another name ({folder})."
    if folder.parent == files.cache_folder().resolve() / "models":
        remedy = f"Delete {folder}, and fetch it again: make model MODEL={name}"
    if folder.name in (registry_folder(name).name, name, f"faster-whisper-{name}") and revision is None:
        table: dict[str, str] = known_models().get(name, {}).get("registry", {}).get("checksums", {})
        weights = table.get(_WEIGHTS)
        whole = table if folder.name == registry_folder(name).name else {_WEIGHTS: weights} if weights else {}
        known = {file: checksum.removeprefix("sha256:") for file, checksum in whole.items()}
    origins.check(folder, remedy, known)
    return ResolvedModel(name, folder, revision, checksums.checksum(folder / _WEIGHTS))


def hub_folder(hub: str, revision: str) -> Path:
    """Return the cache folder of a hub's model at a commit."""
    return files.cache_folder() / "models" / f"{hub.replace('/', '--')}-{revision[:12]}"


def hub_address() -> str:
    """Return where the hub is."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def registry_folder(name: str) -> Path:
    """Return the cache folder of a model's copy from the package registry."""
    return files.cache_folder() / "models" / f"{name.replace('/', '--')}-registry"


def fetch_from_hub(name: str, hub: str, revision: str) -> ResolvedModel:
    """Fetch a Whisper model from the hub into the cache.

    Raises:
        ModelError: the hub refuses; says how to get the weights otherwise.
        NetworkError: the hub cannot be reached; says the same.
    """
    lender = known_models().get(known_models().get(name, {}).get("tokenizer", ""))
    folder = hub_snapshot(
        hub,
        revision,
        _PATTERNS,
        (_WEIGHTS,),
        name,
        tokenizer_from=(lender["hub"], lender["revision"]) if lender else None,
    )
    return _checked(name, folder, revision)


def hub_snapshot(
    hub: str,
    revision: str,
    patterns: list[str],
    weights: tuple[str, ...],
    name: str = "",
    *,
    tokenizer_from: tuple[str, str] | None = None,
    asks_for: str = "config.json",
) -> Path:
    """Return the cache folder of a hub's model at a commit, fetched if it is not there yet.

    Args:
        hub: its id (``owner/name``).
        revision: the commit.
        patterns: names of the files to fetch.
        weights: names of which one must be there in the end.
        name: what the user calls the model, where that is not the id.
        tokenizer_from: hub id and commit of a model that lends its tokenizer, where this one has none of its own.
        asks_for: a small file that every repository of the kind has; the hub is asked for it first.

    Raises:
        ModelError: the hub refuses; says how to get the weights otherwise.
        NetworkError: the hub cannot be reached; says the same.
    """
    folder = hub_folder(hub, revision)
    name = name or hub
    if any((folder / file).is_file() for file in weights):
        origins.check(folder, f"Delete {folder}, so that it is fetched again.")
        return folder
    remedy = f"{how_to_get(name)}."
    if is_offline():
        raise ModelError(f"Model {name} is not in the cache, and HF_HUB_OFFLINE is set.", remedy)
    endpoint = hub_address()
    try:
        # The hub is asked for one small file first: its own client tries for minutes.
        status = http.probe(http.address(endpoint), "The hub", f"{endpoint}/{hub}/resolve/{revision}/{asks_for}")
    except NetworkError as error:
        host = urllib.parse.urlsplit(endpoint).hostname
        what = f"Model {name} is not in the cache, and the hub {host} cannot be reached: {error}"
        raise NetworkError(what, remedy, endpoint=error.endpoint) from None
    # A gated or private model answers 401 to this anonymous question; the client below brings the token.
    if status >= 400 and status not in (401, 403):
        raise ModelError(f"The hub answers {status} for {hub} at {revision}.", remedy)
    log.info("Fetching %s at %s from the hub", hub, revision)
    try:
        with filling(folder, weights) as temporary:
            http.call(http.address(endpoint), "The hub", lambda: _fetch(hub, revision, temporary, patterns))
            if tokenizer_from and not (temporary / _TOKENIZER).is_file():
                http.call(http.address(endpoint), "The hub", lambda: _fetch(*tokenizer_from, temporary, [_TOKENIZER]))
    except NetworkError as error:
        raise NetworkError(f"{hub} could not be fetched: {error}", remedy, endpoint=error.endpoint) from None
    return folder


def _fetch(hub: str, revision: str, folder: Path, patterns: list[str]) -> None:
    """Fetch a model's files into a folder; what an earlier attempt has fetched is not fetched again."""
    timeout = str(max(1, round(patience.policy().timeout_seconds)))
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", timeout)
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", timeout)
    from huggingface_hub import configure_http_backend, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    configure_http_backend(http.capped_session)
    try:
        snapshot_download(hub, revision=revision, local_dir=folder, allow_patterns=patterns)
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        if status in http.TRANSIENT_STATUSES:
            raise http.TransientError(f"answered with status {status}") from None
        raise NetworkError(f"The hub refuses {hub} ({type(error).__name__}).") from None
    except OSError as error:
        if files.disk_error(error, Path(error.filename) if isinstance(error.filename, str) else None):
            raise
        raise http.TransientError(f"broke off ({type(error).__name__})") from None
    origins.note(folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)


@contextmanager
def filling(folder: Path, weights: tuple[str, ...] = (_WEIGHTS,)) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``folder`` at the end, so that a half-fetched model is never found."""
    with files.disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with files.disk_errors(folder):
            yield temporary
            if not any((temporary / file).is_file() for file in weights):
                wanted = " or ".join(weights)
                raise ModelError(f"What was fetched for {folder.name} holds no {wanted}.", "Check the model's name.")
            temporary.chmod(0o755)
            if not folder.is_dir():
                temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def resolve_device(device: str, compute_type: str) -> tuple[str, str]:
    """Return the device and number type to use.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        compute_type: ``auto`` (int8 on a CPU, float16 on a GPU) or a type of CTranslate2.

    Raises:
        ModelError: a GPU is asked for and there is none, or the device cannot compute in that type.
    """
    import ctranslate2

    gpus = ctranslate2.get_cuda_device_count()
    if device == "cuda" and not gpus:
        raise ModelError("device is cuda, but no GPU is to be seen.", "Set device to auto or cpu, or check the driver.")
    actual = ("cuda" if gpus else "cpu") if device == "auto" else device
    chosen = ("float16" if actual == "cuda" else "int8") if compute_type == "auto" else compute_type
    supported = ctranslate2.get_supported_compute_types(actual)
    if chosen not in supported:
        raise ModelError(
            f"compute_type {chosen} does not run on {actual} here.", f"It can be: {', '.join(sorted(supported))}."
        )
    return actual, chosen


def _hub_id(name: str, revision: str) -> tuple[str, str]:
    known = known_models()
    if name in known:
        pinned = revision or known[name]["revision"]
        if not pinned:
            raise ModelError(
                f"config/models.yaml pins no revision of {name} ({known[name]['hub']}).",
                "Set the revision key beside the model to a commit of 40 hexadecimal digits: the hub shows it under "
                '"Files and versions".',
            )
        return known[name]["hub"], pinned
    if name.count("/") != 1:
        close = difflib.get_close_matches(name, known, n=1)
        raise ModelError(
            f"No model is called {name!r}.",
            (f"Did you mean {close[0]}? " if close else "")
            + f"Use a name of config/models.yaml ({', '.join(known)}), a hub id (owner/name), or a folder.",
        )
    if not revision:
        raise ModelError(
            f"The model {name} has no pinned revision.",
            "Set the revision key beside it to a commit of 40 hexadecimal digits, so that results can be repeated.",
        )
    return name, revision
