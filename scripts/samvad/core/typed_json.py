"""JSON documents as frozen dataclasses: a class names a document's keys and types, and this reads and writes it.

Keys are fields, arrays are tuples (or lists), objects are dataclasses or ``dict[str, …]``; a field with a default may
be missing. Keys that a class does not know are passed over, or kept and written again where it has a field ``extra``.
Values are taken as they stand: what is written is what was read.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from samvad.core import files, outside, schemas
from samvad.core.errors import ChangedFileError

T = TypeVar("T")
#: An object of somebody else's JSON, or of what a page or a program of somebody else's reads: at the edges alone.
JsonObject = dict[str, Any]
_EXTRA = "extra"
#: The types of JSON's plain values; a number without a fraction is a float too.
_PLAIN: dict[object, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    bool: (bool,),
    types.NoneType: (types.NoneType,),
}


class ShapeError(ValueError):
    """A value is not of the shape that is wanted.

    Args:
        what: what is wrong with it.
        key: where it stands in the document, such as ``.outputs[0].path``; empty for the document itself.
    """

    def __init__(self, what: str, key: str = "") -> None:
        super().__init__(f"{key.lstrip('.') or 'it'} {what}")
        self.what, self.key = what, key


def check_checksum(text: str | None, key: str) -> None:
    """Refuse what is no checksum, in a document's ``__post_init__``; None is none that is known.

    Raises:
        ShapeError: it is none; names the key.
    """
    if text is not None and not outside.is_checksum(text):
        raise ShapeError(f"is {_shown(text)}, but must be sha256: and 64 hexadecimal digits", f".{key}")


def check_path(text: str, key: str) -> None:
    """Refuse a path that leads out of the folder that it is relative to, in a document's ``__post_init__``.

    Raises:
        ShapeError: it does; names the key.
    """
    if not outside.is_inside(text):
        raise ShapeError(f"is {_shown(text)}, but must be a path inside the folder", f".{key}")


def check_name(text: str, key: str) -> None:
    """Refuse what is not the bare name of a file, in a document's ``__post_init__``.

    Raises:
        ShapeError: it is none; names the key.
    """
    if not outside.is_name(text):
        raise ShapeError(f"is {_shown(text)}, but must be the name of a file", f".{key}")


def parse(kind: type[T], value: object) -> T:
    """Return a JSON value as a dataclass.

    Raises:
        ShapeError: a key is missing, or its value is of another type.
    """
    shape: Any = kind
    found: T = _parser(shape)(value)
    return found


def plain(document: Any) -> Any:
    """Return a dataclass, or what holds some, as JSON values, its keys in the order of its fields."""
    if dataclasses.is_dataclass(document):
        value = dict(vars(document))
        kind: Any = type(document)
        for name in _compound(kind):
            value[name] = plain(value[name])
        value.update(value.pop(_EXTRA, {}))
        return value
    if isinstance(document, dict):
        return {key: plain(item) for key, item in document.items()}
    return [plain(item) for item in document] if isinstance(document, tuple | list) else document


def load(path: Path, what: str, remedy: str) -> Any:
    """Return the JSON value in a file.

    Args:
        path: the file.
        what: what it should be, for the message, such as ``stage manifest``.
        remedy: what to do when it is not.

    Raises:
        ChangedFileError: it does not exist, or is not JSON.
        DiskError: it may not be read, or its disk fails.
    """
    try:
        with files.disk_errors(path, "read"):
            return outside.json_value(outside.read_bytes(path))
    except FileNotFoundError:
        raise ChangedFileError(f"The {what} {path} does not exist.", "Run its stage first.", path=str(path)) from None
    except OSError as error:
        what = f"The {what} {path} cannot be read ({error.strerror})."
        raise ChangedFileError(what, remedy, path=str(path)) from None
    except ValueError as error:
        raise ChangedFileError(f"{path} is not JSON ({error}).", remedy, path=str(path)) from None


def read(path: Path, kind: type[T], what: str, remedy: str, *, schema: str | None = None) -> T:
    """Read a document.

    Args:
        path: its file.
        kind: its class.
        what: what it is, for the message.
        remedy: what to do where it is damaged.
        schema: one of ``config/schemas`` that it must keep besides.

    Raises:
        ChangedFileError: it is missing or damaged; names the file and the key.
    """
    value = load(path, what, remedy)
    if schema is not None and (found := schemas.problems(value, schema)):
        raise ChangedFileError(f"{path} is not a {what}: {found[0]}.", remedy, path=str(path))
    try:
        return parse(kind, value)
    except ShapeError as error:
        raise ChangedFileError(f"{path} is not a {what}: {error}.", remedy, path=str(path)) from None


def write(path: Path, document: Any, *, schema: str | None = None) -> None:
    """Write a document atomically, after a check against its schema, where it has one.

    Raises:
        SamvadError: it breaks its schema, which is a defect of the project.
        DiskError: the disk is full, or the folder cannot be written.
    """
    value = plain(document)
    if schema is not None:
        schemas.check_record(value, schema)
    files.write_json(path, value)


@functools.cache
def _compound(kind: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass that may hold more than a plain value; a word has none, and a film 16,000."""
    hints = typing.get_type_hints(kind)
    return tuple(name for name, hint in hints.items() if not _is_plain(hint))


def _is_plain(hint: Any) -> bool:
    one_of = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return all(member in _PLAIN for member in one_of)


@functools.cache
def _parser(kind: Any) -> Callable[[Any], Any]:
    """Return what turns a JSON value into a type, made once for each."""
    if kind is Any or kind is object:
        return lambda value: value
    if kind in _PLAIN:
        return _plain_parser(_PLAIN[kind])
    if dataclasses.is_dataclass(kind):
        return _object_parser(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_parser(arguments)
    if origin in (tuple, list):
        return _array_parser(origin, _parser(arguments[0]))
    if origin is dict:
        return _map_parser(_parser(arguments[1]))
    raise TypeError(f"no JSON value is a {kind}")


def _plain_parser(allowed: tuple[type, ...]) -> Callable[[Any], Any]:
    def taken(value: Any) -> Any:
        if type(value) not in allowed:  # True is an int, but not here
            raise ShapeError(f"is {_shown(value)}, but must be {_named(allowed)}")
        return value

    return taken


def _union_parser(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    allowed = tuple(kind for member in members for kind in _PLAIN.get(member, ()))
    (compound,) = [member for member in members if member not in _PLAIN] or [None]
    if compound is None:
        return _plain_parser(allowed)
    inner = _parser(compound)
    return lambda value: value if type(value) in allowed else inner(value)


def _array_parser(kind: type, item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def taken(value: Any) -> Any:
        if type(value) is not list:
            raise ShapeError(f"is {_shown(value)}, but must be a list")
        found: list[Any] = []
        try:
            found.extend(map(item, value))
        except ShapeError as error:
            raise ShapeError(error.what, f"[{len(found)}]{error.key}") from None
        return kind(found)

    return taken


def _map_parser(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def taken(value: Any) -> Any:
        if type(value) is not dict:
            raise ShapeError(f"is {_shown(value)}, but must be an object")
        found: dict[str, Any] = {}
        for key, part in value.items():
            try:
                found[key] = item(part)
            except ShapeError as error:
                raise ShapeError(error.what, f".{key}{error.key}") from None
        return found

    return taken


def _object_parser(kind: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    known = [field for field in dataclasses.fields(kind) if field.name != _EXTRA]
    parsers = {field.name: _parser(hints[field.name]) for field in known}
    needed = [
        field.name
        for field in known
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    keeps = _EXTRA in hints

    def taken(value: Any) -> Any:
        if type(value) is not dict:
            raise ShapeError(f"is {_shown(value)}, but must be an object")
        found: dict[str, Any] = {}
        for name, parser in parsers.items():
            if name in value:
                try:
                    found[name] = parser(value[name])
                except ShapeError as error:
                    raise ShapeError(error.what, f".{name}{error.key}") from None
        if len(found) < len(parsers) and (missing := [name for name in needed if name not in found]):
            raise ShapeError(f"lacks {', '.join(map(repr, missing))}")
        if keeps:
            found[_EXTRA] = {name: item for name, item in value.items() if name not in parsers}
        return kind(**found)

    return taken


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _named(allowed: tuple[type, ...]) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", types.NoneType: "null"}
    shown = [kind for kind in allowed if not (kind is int and float in allowed)]
    return " or ".join(dict.fromkeys(names[kind] for kind in shown))
