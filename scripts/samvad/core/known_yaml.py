"""Values of YAML files that seldom change, remembered by their text: a stage that asks for one needs no parser.

The parser takes 20 ms to be imported, in each stage that looks into a profile or the list of models.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from samvad.core import files, outside
from samvad.core.errors import SamvadError

log = logging.getLogger(__name__)

_KEY = "value"


def value(path: Path) -> Any:
    """Return the value of a YAML file, as ``outside.yaml_value`` does, with its errors."""
    text = outside.read_text(path, largest=outside.LARGEST_TABLE_BYTES)
    memo = _memo(text)
    known = _read(memo)
    if known is not None:
        return known[_KEY]
    found = outside.yaml_of(text)
    _keep(memo, found)
    return found


def _memo(text: str) -> Path:
    """Return the file that remembers a text's value: one for each parser (environment), and for each code of ours."""
    digest = hashlib.sha256(Path(outside.__file__).read_bytes())
    for part in (sys.prefix, text):
        digest.update(b"\0" + part.encode("utf-8", "surrogatepass"))
    return files.cache_folder() / "yaml" / f"{digest.hexdigest()}.json"


def _read(memo: Path) -> dict[str, Any] | None:
    """Return what is remembered; None where nothing is, or anybody may have written it."""
    if files.open_to_others(memo.parent):
        return None
    try:
        known = outside.json_value(outside.read_bytes(memo))
    except (OSError, ValueError, SamvadError):
        return None
    return known if isinstance(known, dict) and _KEY in known else None


def _keep(memo: Path, found: Any) -> None:
    """Remember a value that JSON gives back as it is: dates, and keys that are no texts, are none."""
    try:
        if json.loads(json.dumps(found, allow_nan=False)) != found:
            return
        files.make_private(memo.parent)
        files.write_json(memo, {_KEY: found})
    except (TypeError, ValueError, OSError, SamvadError) as error:
        log.debug("The value of a YAML file is not remembered: %s", error)
