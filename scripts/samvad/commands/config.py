"""Show or change settings: what you set goes to config/local.yaml, which no update touches."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import files, outside, places, stages
from samvad.core.errors import ConfigurationError, ModelError
from samvad.models import weights
from samvad.settings import configuration, film_values, subtitle_profiles

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_HEAD = "# Settings of this machine's own, over those of config/config.yaml. `./samvad config set` writes this file.\n"
_EXAMPLES = """examples:
  ./samvad config show asr                    all keys of a section, and where each value is from
  ./samvad config set asr.model large-v3
  ./samvad config unset asr.model             back to the project's own value

docs/configuration.md has every key with its range. A key that is wrong is refused, and nothing is written."""


def main(argv: list[str] | None = None) -> int:
    """Do one of the actions."""
    p = _parsing.Parser(description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = p.add_subparsers(dest="action", required=True)
    show = actions.add_parser("show", help="print keys with their values")
    show.add_argument("key", nargs="?", default="", help="a key, or a section; without it, all")
    show.add_argument("--json", action="store_true", help="print JSON")
    put = actions.add_parser("set", help="set a key")
    put.add_argument("key")
    put.add_argument("value", help="as YAML has it: large-v3, 4, true, [en, hi]")
    unset = actions.add_parser("unset", help="go back to the project's own value")
    unset.add_argument("key")
    options = p.parse_args(argv)
    path = places.work() / configuration.FILES[1]
    own = configuration.read_file(path) if path.is_file() else {}
    if options.action == "show":
        return _show(options.key, own, as_json=options.json)
    base = configuration.joined(name for name in configuration.sources() if name != configuration.FILES[1])
    plain = configuration.check(base)
    words = options.key.split(".")
    if options.action == "set":
        _check_key(options.key, plain)
        value = _nested(words, _value(options.value))
        configuration.check(configuration.merged(base, value), str(path))
        _check_named(options.key, _at(value, words))
        mended = configuration.merged(own, value)
    else:
        if _at(own, words) is None:  # what is there may be unknown: then it is to go
            _check_key(options.key, plain, section=True)
        mended = _without(own, words)
    try:
        settings = configuration.check(configuration.merged(base, mended), str(path))
    except ConfigurationError as error:
        if _is_valid(configuration.merged(base, own)):
            raise
        _write(path, mended)  # it was wrong before, and is mended one key after the other
        print(f"{options.key} is written, and {path} is still wrong: {error}")
        return error.exit_code
    _write(path, mended)
    now = _at(settings, words)
    place = path if _at(mended, words) is not None else "the project's own value"
    print(f"{options.key} is {'gone' if now is None else _shown(now)} now ({place}).")
    return 0


def _is_valid(settings: dict[str, Any]) -> bool:
    try:
        configuration.check(settings)
    except ConfigurationError:
        return False
    return True


def _show(key: str, own: dict[str, Any], *, as_json: bool) -> int:
    settings = configuration.project()
    if key:
        _check_key(key, settings, section=True)
    words = key.split(".") if key else []
    leaves = _leaves(_at(settings, words), words)
    if as_json:
        found = {
            ".".join(name): {"value": value, "file": configuration.FILES[_at(own, name) is not None]}
            for name, value in leaves
        }
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    for name, value in leaves:
        mine = _at(own, name) is not None
        print(f"{'.'.join(name)}: {_shown(value)}" + ("    # config/local.yaml" if mine else ""))
    return 0


def _check_key(key: str, settings: dict[str, Any], *, section: bool = False) -> None:
    """Make sure that there is a key.

    Args:
        key: as a person writes it, such as ``asr.model``.
        settings: all of them.
        section: whether a section will do.

    Raises:
        ConfigurationError: there is none; names the nearest.
    """
    found = _at(settings, key.split("."))
    names = [".".join(name) for name, _ in _leaves(settings, [])]
    if isinstance(found, dict) and not section:
        known = [name for name in names if name.startswith(f"{key}.")]
        raise ConfigurationError(f"{key} is a section.", f"Name a key of it: {', '.join(known)}.")
    if found is None:
        meant = film_values.nearest_key(key, [*names, *settings])
        raise ConfigurationError(f"There is no key {key!r}.", meant or "`./samvad config show` has all.")


def _check_named(key: str, value: Any) -> None:
    """Make sure that there is what a value names, where that can be known now: rules of subtitles, a model.

    Raises:
        ConfigurationError: there is not.
    """
    content = {f"{stage.key}.{item.name}": item.content for stage in stages.STAGES for item in stage.config_options}
    if content.get(key) == "profile":
        subtitle_profiles.load(value)
    if content.get(key) == "model":
        try:
            weights.check_name(value)
        except ModelError as error:
            raise ConfigurationError(f"{key}: {error.what}", error.remedy) from None


def _value(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _nested(words: list[str], value: Any) -> dict[str, Any]:
    return {words[0]: _nested(words[1:], value) if words[1:] else value}


def _without(own: dict[str, Any], words: list[str]) -> dict[str, Any]:
    kept = dict(own)
    if len(words) > 1 and isinstance(kept.get(words[0]), dict):
        kept[words[0]] = _without(kept[words[0]], words[1:])
        if kept[words[0]]:
            return kept
    kept.pop(words[0], None)
    return kept


def _at(settings: Any, words: list[str]) -> Any:
    for word in words:
        settings = settings.get(word) if isinstance(settings, dict) else None
    return settings


def _leaves(value: Any, name: list[str]) -> list[tuple[list[str], Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _leaves(item, [*name, str(key)])]
    return [(name, value)]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _write(path: Path, own: dict[str, Any]) -> None:
    import yaml

    if not own:
        path.unlink(missing_ok=True)
        return
    before = outside.read_text(path) if path.is_file() else _HEAD
    remarks = [line for line in before.splitlines(keepends=True) if line.startswith("#")]
    with files.disk_errors(path):
        files.write_text(path, "".join(remarks) + yaml.safe_dump(own, allow_unicode=True, sort_keys=False))
