"""Validate documents against the project's JSON Schemas, with messages for people.

Whether a document is valid, jsonschema-rs says: it takes milliseconds where jsonschema takes seconds. What is wrong,
and where, jsonschema says, which is loaded for that alone. Formats (``format``) are checked by neither.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import outside
from samvad.core.errors import ConfigurationError, SamvadError

if TYPE_CHECKING:
    import jsonschema_rs
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

ROOT = Path(__file__).resolve().parents[3]
SCHEMA_DIR = ROOT / "config" / "schemas"
#: No key means a number like this.
_TOO_LARGE = 1e15
#: Signs that no text of a table or a profile holds: what moves a cursor, ends a path or is half a character.
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: A setting has one line.
_ONE_LINE = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Films of others' making are named as they like, but nobody means a name that ends with a line end.
_NAMES = re.compile("[\0\r\ud800-\udfff]|[\t\n](?=\\Z)")
_FREE = ("media", "title")
#: Keys of the configuration that have another name now.
MOVED = {"demux.shots": "subtitle.shots", "demux.proxy_height": "subtitle.proxy_height"}
#: Characters of a value that a message shows at most.
_LONGEST_SHOWN = 200
#: And of the reason that jsonschema gives, which quotes values, too.
_LONGEST_REASON = 1000


@functools.cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema of ``config/schemas``, such as ``schema("stage_manifest")``."""
    document: dict[str, Any] = json.loads((SCHEMA_DIR / f"{name}.schema.json").read_text(encoding="utf-8"))
    if name == "config":  # the file has what is of no stage; each stage declares its own section
        from samvad.core import stages

        sections = stages.config_sections()
        document["properties"] |= sections
        document["required"] += list(sections)
    return document


@functools.cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema(name), offline=True)


@functools.cache
def _explainer(name: str) -> Validator:
    """Return jsonschema's validator, made to agree with the other where JSON is not Python.

    NaN is no number, a tuple is written as a list is, and ``$`` in a pattern is the end of the text, before which no
    line break may stand.
    """
    from jsonschema import Draft202012Validator, validators

    python = Draft202012Validator.TYPE_CHECKER
    types = python.redefine("array", lambda _, value: isinstance(value, list | tuple)).redefine(
        "number", lambda _, value: python.is_type(value, "number") and math.isfinite(value)
    )
    extend: Any = validators.extend  # it has no types
    made: Validator = extend(Draft202012Validator, {"pattern": _pattern}, type_checker=types)(schema(name))
    return made


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    import jsonschema_rs
    from jsonschema.exceptions import ValidationError

    if not isinstance(value, str):
        return
    text = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # the other takes no half characters
    if not jsonschema_rs.is_valid({"pattern": pattern}, text):
        yield ValidationError(f"{_shown(value)} does not match {pattern!r}")


def problems(value: Any, name: str) -> list[str]:
    """Return every way in which ``value`` breaks the schema, one line each; empty when it is valid."""
    otherwise = []
    try:
        if _validator(name).is_valid(value):
            return []
        otherwise.append("it is not valid")  # never said, as long as both agree
    except ValueError:  # it holds a type of Python's or NumPy's own: the slower one knows these too
        pass
    errors = sorted(_explainer(name).iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    return [_explain(error) for error in errors] or otherwise


def check_config(value: Any, name: str, source: str) -> None:
    """Check what a user wrote.

    Args:
        value: the parsed file.
        name: the schema.
        source: the file's name, for the message.

    Raises:
        ConfigurationError: names the file, the key, and what is allowed.
    """
    _check_values(value, source, "", _ONE_LINE if name in ("config", "film") else _CONTROLS)
    found = problems(value, name)
    if found:
        raise ConfigurationError(f"{source}: " + "; ".join(found) + ".", "Correct it and run again.", path=source)


def _check_values(value: Any, source: str, key: str, unfit: re.Pattern[str]) -> None:
    """Refuse what no key may hold: numbers that are none, or far too large, depths that nobody wrote, odd signs."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        if key.count(".") > outside.DEEPEST:
            raise ConfigurationError(f"{source}: {key[:40]}… is too deep.", "Correct it and run again.", path=source)
        for name, item in items:
            _check_values(item, source, f"{key}.{name}" if key else str(name), unfit)
    elif isinstance(value, str) and (found := (_NAMES if key in _FREE else unfit).search(value)):
        sign = found[0][-1].encode("unicode_escape").decode()
        what = f"{source}: {key} has a character that it cannot have ({sign}, the {found.end()}th of {_shown(value)})."
        raise ConfigurationError(what, "Correct it and run again.", path=source)
    elif isinstance(value, int | float) and not abs(value) < _TOO_LARGE:  # NaN is not less than anything
        shown = "no number" if isinstance(value, float) and math.isnan(value) else "a number that is too large"
        raise ConfigurationError(f"{source}: {key} is {shown}.", "Correct it and run again.", path=source)


def check_record(value: Any, name: str) -> None:
    """Check what the project itself is about to write.

    Raises:
        SamvadError: the record breaks its schema, which is a defect of the project.
    """
    found = problems(value, name)
    if found:
        raise SamvadError(f"The {name} breaks its own schema: " + "; ".join(found) + ".", "Please report this.")


def _explain(error: ValidationError) -> str:
    rule: Any = error.schema
    wanted: Any = error.validator_value
    instance: Any = error.instance
    key = ".".join(str(part) for part in error.absolute_path) or "the file"
    if error.validator == "additionalProperties":
        known = list(rule.get("properties", {}))
        unknown = [str(name)[:_LONGEST_SHOWN] for name in instance if name not in known]
        prefix = "" if key == "the file" else f"{key}."
        return ", ".join(f"unknown key '{prefix}{name}'{_suggestion(name, known, prefix)}" for name in unknown)
    if error.validator == "required":
        missing = [name for name in wanted if name not in instance]
        return f"{key} lacks " + ", ".join(f"'{name}'" for name in missing)
    if error.validator in ("enum", "oneOf") and (choices := _choices(rule if error.validator == "enum" else wanted)):
        return f"{key} is {_shown(instance)}, but must be one of " + ", ".join(choices)
    if error.validator == "pattern":
        return f"{key} is {_shown(instance)}, but must be: {rule.get('description', wanted)}"
    if error.validator == "type":
        return f"{key} is {_shown(instance)}, but must be of type {wanted}"
    hint = rule.get("description", "") if isinstance(rule, dict) else ""
    return f"{key}: {_cut(error.message, _LONGEST_REASON)}" + (f" ({hint.rstrip('.')})" if hint else "")


def _shown(value: Any) -> str:
    return _cut(repr(value))


def _cut(text: str, longest: int = _LONGEST_SHOWN) -> str:
    """Return a text for a message: what it quotes may be a whole file."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def _choices(found: Any) -> list[str]:
    """Return the values that a schema, or alternatives, name, and what else they allow; nothing for none."""
    schemas = found if isinstance(found, list) else [found]
    named = [repr(value) for one in schemas for value in one.get("enum", [one["const"]] if "const" in one else [])]
    others = [f"any {one['type']}" for one in schemas if one.get("type") in ("integer", "number")]
    return [*named, *others] if named else []


def _suggestion(name: str, known: list[str], prefix: str) -> str:
    if now := MOVED.get(f"{prefix}{name}"):
        return f" (it is called '{now}' now)"
    import difflib  # for a mistake alone

    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else f" (known: {', '.join(known)})"
