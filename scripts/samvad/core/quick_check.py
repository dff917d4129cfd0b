"""Say quickly that a document is valid by a JSON Schema, so that the validator need not even be loaded.

Nearly every document that is checked is valid, and the ``jsonschema`` library takes 0.1 s to load and, for the words of
a long film, seconds to check. Here a schema becomes nested plain functions that answer yes or no. What is wrong, and
where, only the library says; of a keyword that is not known here it is asked at once. The keywords are those of JSON
Schema 2020-12 (Core, sections 8 and 10; Validation, section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


#: Keywords that say nothing about whether a document is valid.
_SILENT = frozenset({"$schema", "$id", "title", "description", "$defs", "then", "else"})
_TYPES: dict[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
}


class UnknownKeywordError(Exception):
    """The schema says something that is not known here."""


def compiled(schema: Mapping[str, Any]) -> Check:
    """Return a function that says whether a document is valid.

    Raises:
        UnknownKeywordError: the schema uses a keyword that is not known here.
    """
    return _Compiler(schema).check(schema)


class _Compiler:
    """Makes checks of a schema; what ``$ref`` names is made once, when it is first met."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._named: dict[str, Check] = {}

    def check(self, schema: Mapping[str, Any] | bool) -> Check:
        """Return the check of a schema: all that its keywords ask for."""
        if isinstance(schema, bool):
            return lambda _: schema
        checks = []
        for keyword, wanted in schema.items():
            if keyword in _SILENT:
                continue
            make = getattr(self, f"_{keyword.removeprefix('$').lower()}", None)
            if make is None:
                raise UnknownKeywordError(keyword)
            checks.append(make(wanted, schema))
        if len(checks) == 1:
            return checks[0]  # type: ignore[no-any-return]
        return lambda value: all(check(value) for check in checks)

    def _ref(self, name: str, _: Any) -> Check:
        made = self._named
        if name not in made:
            if not name.startswith("#/$defs/") or name.count("/") != 2:
                raise UnknownKeywordError(f"$ref to {name}")
            made[name] = _never  # while it is made: it may name itself
            made[name] = self.check(self._root["$defs"][name.rsplit("/", 1)[1]])

        def check(value: Any) -> bool:
            return made[name](value)

        return check

    def _type(self, names: str | list[str], _: Any) -> Check:
        checks = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
        return checks[0] if len(checks) == 1 else lambda value: any(check(value) for check in checks)

    def _properties(self, properties: Mapping[str, Any], schema: Mapping[str, Any]) -> Check:
        checks = {key: self.check(each) for key, each in properties.items()}
        more = schema.get("additionalProperties", True)
        others = None if more is True else self.check(more)

        def check(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for key, item in value.items():
                known = checks.get(key, others)
                if known is not None and not known(item):
                    return False
            return True

        return check

    def _additionalproperties(self, more: Any, schema: Mapping[str, Any]) -> Check:
        if "properties" in schema:
            return lambda _: True  # looked after there
        return self._properties({}, {"additionalProperties": more})

    def _propertynames(self, names: Mapping[str, Any], _: Any) -> Check:
        check = self.check(names)
        return lambda value: not isinstance(value, dict) or all(map(check, value))

    def _required(self, keys: list[str], _: Any) -> Check:
        wanted = frozenset(keys)
        return lambda value: not isinstance(value, dict) or wanted <= value.keys()

    def _items(self, each: Mapping[str, Any], _: Any) -> Check:
        check = self.check(each)
        return lambda value: not isinstance(value, list) or all(map(check, value))

    def _minitems(self, count: int, _: Any) -> Check:
        return lambda value: not isinstance(value, list) or len(value) >= count

    def _maxitems(self, count: int, _: Any) -> Check:
        return lambda value: not isinstance(value, list) or len(value) <= count

    def _uniqueitems(self, wanted: bool, schema: Mapping[str, Any]) -> Check:
        if not wanted or not self._is_text(schema.get("items", {})):
            raise UnknownKeywordError("uniqueItems of other than texts")
        return lambda value: not isinstance(value, list) or len(set(map(repr, value))) == len(value)

    def _is_text(self, schema: Mapping[str, Any]) -> bool:
        if "$ref" in schema:
            return self._is_text(self._root["$defs"][schema["$ref"].rsplit("/", 1)[1]])
        return schema.get("type") == "string" or all(isinstance(value, str) for value in schema.get("enum", [None]))

    def _const(self, wanted: Any, _: Any) -> Check:
        return self._enum([wanted], _)

    def _enum(self, values: list[Any], _: Any) -> Check:
        if any(isinstance(value, list | dict | float) for value in values):
            raise UnknownKeywordError("enum of other than texts, whole numbers, true, false and null")
        # 1, 1.0 and true are one in a set, but true is no number in JSON.
        known = {(isinstance(value, bool), value) for value in values}
        return lambda value: not isinstance(value, list | dict) and (isinstance(value, bool), value) in known

    def _pattern(self, pattern: str, _: Any) -> Check:
        search = re.compile(pattern).search
        return lambda value: not isinstance(value, str) or search(value) is not None

    def _minlength(self, length: int, _: Any) -> Check:
        return lambda value: not isinstance(value, str) or len(value) >= length

    def _maxlength(self, length: int, _: Any) -> Check:
        return lambda value: not isinstance(value, str) or len(value) <= length

    def _minimum(self, limit: float, _: Any) -> Check:
        return lambda value: not _is_number(value) or value >= limit

    def _maximum(self, limit: float, _: Any) -> Check:
        return lambda value: not _is_number(value) or value <= limit

    def _exclusiveminimum(self, limit: float, _: Any) -> Check:
        return lambda value: not _is_number(value) or value > limit

    def _exclusivemaximum(self, limit: float, _: Any) -> Check:
        return lambda value: not _is_number(value) or value < limit

    def _oneof(self, schemas: list[Mapping[str, Any]], _: Any) -> Check:
        checks = [self.check(each) for each in schemas]
        return lambda value: sum(check(value) for check in checks) == 1

    def _allof(self, schemas: list[Mapping[str, Any]], _: Any) -> Check:
        checks = [self.check(each) for each in schemas]
        return lambda value: all(check(value) for check in checks)

    def _not(self, schema: Mapping[str, Any], _: Any) -> Check:
        check = self.check(schema)
        return lambda value: not check(value)

    def _if(self, condition: Mapping[str, Any], schema: Mapping[str, Any]) -> Check:
        asked, then = self.check(condition), self.check(schema.get("then", True))
        otherwise = self.check(schema.get("else", True))
        return lambda value: then(value) if asked(value) else otherwise(value)


def _never(_: Any) -> bool:
    raise AssertionError("a check was asked before it was made")
