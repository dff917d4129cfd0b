"""Validate documents against the project's JSON Schemas, with messages for people."""

from __future__ import annotations

import difflib
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import quick_check
from samvad.core.errors import ConfigurationError, SamvadError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

ROOT = Path(__file__).resolve().parents[3]
SCHEMA_DIR = ROOT / "config" / "schemas"


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
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


@functools.cache
def _is_valid(name: str) -> quick_check.Check:
    try:
        return quick_check.compiled(schema(name))
    except quick_check.UnknownKeywordError:
        return lambda _: False  # the library is to be asked


def problems(value: Any, name: str) -> list[str]:
    """Return every way in which ``value`` breaks the schema, one line each; empty when it is valid."""
    if _is_valid(name)(value):
        return []
    errors = sorted(_validator(name).iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    return [_explain(error) for error in errors]


def check_config(value: Any, name: str, source: str) -> None:
    """Check what a user wrote.

    Args:
        value: the parsed file.
        name: the schema.
        source: the file's name, for the message.

    Raises:
        ConfigurationError: names the file, the key, and what is allowed.
    """
    found = problems(value, name)
    if found:
        raise ConfigurationError(f"{source}: " + "; ".join(found) + ".", "Correct it and run again.", path=source)


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
        unknown = [name for name in instance if name not in known]
        prefix = "" if key == "the file" else f"{key}."
        return ", ".join(f"unknown key '{prefix}{name}'{_suggestion(name, known)}" for name in unknown)
    if error.validator == "required":
        missing = [name for name in wanted if name not in instance]
        return f"{key} lacks " + ", ".join(f"'{name}'" for name in missing)
    if error.validator == "enum":
        return f"{key} is {error.instance!r}, but must be one of " + ", ".join(map(repr, wanted))
    if error.validator == "pattern":
        return f"{key} is {error.instance!r}, but must be: {rule.get('description', wanted)}"
    if error.validator == "type":
        return f"{key} is {error.instance!r}, but must be of type {wanted}"
    hint = rule.get("description", "") if isinstance(rule, dict) else ""
    return f"{key}: {error.message}" + (f" ({hint.rstrip('.')})" if hint else "")


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else f" (known: {', '.join(known)})"
