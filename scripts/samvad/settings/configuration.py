"""Load and check the configuration and the film sheet; say which stages are on for a film."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, outside, places, schemas, stages, variables
from samvad.core.declarations import NUMBER, Option
from samvad.core.errors import ConfigurationError
from samvad.documents.costs import Prices
from samvad.documents.run_record import CacheSettings
from samvad.media import addresses
from samvad.models import patience
from samvad.settings import film_values, sheet_rows

_SWITCH_VARIABLE = re.compile(r"^STAGE_([0-9]{2})_([A-Z0-9_]+)_ENABLED$")
#: A variable that is meant to be one, and would be passed over without a word.
_NEARLY_SWITCH = re.compile(r"^STAGE_([0-9]+(?:_?\w*)|\w+)_ENABLED$")
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off"}

#: Where settings are read from, the later over the earlier: the project's, and one's own, which no update touches.
#: Where somebody works in another folder, that folder's lie over the project's.
FILES = ("config/config.yaml", "config/local.yaml")
#: Columns of the film sheet, in the order in which a new sheet is written.
COLUMNS = sheet_rows.COLUMNS
#: The project's own sheet, which has the demo alone, and beside it one's own, which no update touches.
SHEET, OWN_SHEET = "config/films.tsv", "config/films.local.tsv"


@dataclass(frozen=True)
class Film:
    """One row of the film sheet, checked.

    Attributes:
        line: line of the sheet that the row begins on, counted from 1.
        source: languages spoken, as short codes; empty when they are to be detected.
        targets: languages of the subtitles, as short codes.
        audio_track: number of the audio track counted from 0, or None to choose.
        audio_channel: what is heard of it, as ``demux.audio_channel``; empty to go by that.
        settings: options of stages that this film has of its own: the stage's key, the option, the value as text.
        review: folder with a person's decisions; empty for ``review`` in the job's folder.
        stages_off: names of stages that this film goes without.
        tmdb_id: the film's number at TMDB, or None to search.
        sheet: the file that the row stands in.
    """

    line: int
    film: str
    media: str
    title: str
    year: int | None
    source: tuple[str, ...]
    targets: tuple[str, ...]
    user: str
    date: str
    job: int
    workflow: str
    audio_track: int | None
    tmdb_file: str
    glossary: str
    review: str
    stages_off: tuple[str, ...]
    tmdb_id: int | None = None
    name_overrides: str = ""
    text: str = ""
    audio_channel: str = ""
    settings: tuple[film_values.Setting, ...] = ()
    sheet: str = ""

    @property
    def folder(self) -> str:
        """Return the job's folder below the output root: ``YYYY/MM/DD/USER/N``."""
        return f"{self.date.replace('-', '/')}/{self.user}/{self.job}"


@dataclass(frozen=True)
class BadRow:
    """A row of the film sheet that is wrong: no film of it can be made, and the others go on.

    Attributes:
        folder: its job's folder, as ``Film.folder``, where the row says that much; else empty.
        error: what is wrong; names the line and the column.
        media: its film, as the row has it; empty where it cannot be told.
    """

    folder: str
    error: ConfigurationError
    media: str = ""


def project() -> dict[str, Any]:
    """Return the configuration that a run without ``--configfile`` has: the project's, and one's own over it.

    Raises:
        ConfigurationError: a file of it cannot be read, or a value is wrong; names the key.
    """
    return check(joined(sources()), " with ".join(sources()))


def sources() -> list[str]:
    """Return the files that settings are read from, the later over the earlier, as seen from the folder of work."""
    elsewhere = places.work() != schemas.ROOT
    own = [path for path in FILES if (places.work() / path).is_file()]
    return [str(schemas.ROOT / FILES[0]), *own] if elsewhere else list(dict.fromkeys([FILES[0], *own]))


def joined(paths: Iterable[str]) -> dict[str, Any]:
    """Return what files of settings say, the later over the earlier.

    Raises:
        ConfigurationError: one cannot be read, or holds something else.
    """
    return functools.reduce(merged, (read_file(places.work() / path) for path in paths), {})


def over_the_projects(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that somebody gave, laid over those of the project.

    Raises:
        ConfigurationError: the project's cannot be read.
    """
    return merged(read_file(schemas.ROOT / FILES[0]), config)


def read_file(path: Path) -> dict[str, Any]:
    """Return the keys and values of a file of settings; none where it is empty.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """
    try:
        value = outside.yaml_value(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.", "Correct it.", path=str(path)) from None
    if not isinstance(value, dict | None):
        raise ConfigurationError(f"{path} is no configuration.", "It has keys and values.", path=str(path))
    return value or {}


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others laid over them, section by section, as Snakemake does it."""
    both = {
        key: merged(below[key], value) if isinstance(value, dict) and isinstance(below.get(key), dict) else value
        for key, value in above.items()
    }
    return {**below, **both}


def look_at(paths: Iterable[str]) -> None:
    """Make sure that files of settings are YAML, or JSON, of a size that somebody wrote; those that are missing pass.

    Raises:
        ConfigurationError: one is not; names it, and where.
    """
    for path in map(Path, dict.fromkeys(paths)):
        try:
            if path.exists():
                try:
                    outside.json_value(outside.read_bytes(path, outside.LARGEST_TABLE_BYTES))
                except ValueError:
                    outside.yaml_value(path)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.", "Correct it.", path=str(path)) from None


def check(config: dict[str, Any], source: str = "config/config.yaml") -> dict[str, Any]:
    """Check a configuration against its schema, after turning ``--config`` text into numbers and truth values.

    Keys of stages that it does not have get the values that the stages declare.

    Raises:
        ConfigurationError: names the key and what is allowed.
    """
    if not isinstance(config, dict):
        raise ConfigurationError(f"{source} is no configuration.", "It has keys and values.", path=source)
    whole = {**config, **{name: _filled(config.get(name), value) for name, value in stage_defaults().items()}}
    coerced: dict[str, Any] = _coerce(whole, schemas.schema("config"))
    schemas.check_config(coerced, "config", source)
    coerced = _with_places(coerced)
    for stage in stages.STAGES:
        for item in stage.config_options:
            _check_flags(item, coerced[stage.key][item.name], f"{source}: {stage.key}.{item.name}")
    return coerced


def _with_places(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with ``~`` made out in every path, and the folder of jobs as the rules are to name it."""
    found: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in config.items()}
    found["films"] = outside.home_path(found["films"])
    found["output_root"] = os.path.normpath(outside.home_path(found["output_root"]))
    for key, name in (("cache", "folder"), ("machines", "resources"), ("machines", "scratch")):
        found[key][name] = outside.home_path(found[key][name])
    for stage in stages.STAGES:
        for item in stage.config_options:
            if item.content:
                found[stage.key][item.name] = _at_home(found[stage.key][item.name])
    return found


def _at_home(value: Any) -> Any:
    if isinstance(value, str):
        return outside.home_path(value)
    return [_at_home(one) for one in value] if isinstance(value, list | tuple) else value


def _check_flags(item: Option, value: Any, where: str) -> None:
    """Make sure that the stage's own command line will take what the schema has let pass."""
    try:
        for word in item.words(item.of_config(value)):
            if text := word.partition("=")[2]:
                item.parse(text)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"{where}: {error}.", "Correct it and run again.") from None


@functools.cache
def stage_defaults() -> dict[str, dict[str, Any]]:
    """Return the sections of the stages as they declare them, and which stages are on."""
    sections: dict[str, dict[str, Any]] = {"stages": {stage.name: stage.on for stage in stages.STAGES}}
    for stage in stages.STAGES:
        sections[stage.key] = {item.name: item.as_json(item.default) for item in stage.config_options}
    return sections


def _filled(given: Any, defaults: dict[str, Any]) -> Any:
    """Return a section with what it leaves out; what is no section is left to the schema to refuse."""
    return {**defaults, **given} if isinstance(given, dict) else defaults if given is None else given


def load_films(path: Path) -> dict[str, Film]:
    """Read a film sheet in which every row is to be right.

    Returns:
        The films by job folder (``YYYY/MM/DD/USER/N``), in the sheet's order.

    Raises:
        ConfigurationError: the sheet is missing, a column is unknown or missing, a value is wrong, or a job is there
            twice; names the line and the column.
    """
    films, bad = read_sheet(path)
    if bad:
        raise bad[0].error
    return films


def sheets(films: str, root: Path = Path()) -> list[Path]:
    """Return the film sheets that are read where the key ``films`` is this: one, or the project's and one's own.

    Args:
        films: the key.
        root: the folder that it is relative to.
    """
    own = root / OWN_SHEET
    if films != SHEET or not own.exists():
        return [root / films]
    return [
        *([root / films] if (root / films).exists() else []),
        own,
    ]  # another folder of work has no sheet of the project


def read_sheet(*paths: Path) -> tuple[dict[str, Film], list[BadRow]]:
    """Read film sheets: the films by job folder, in the sheets' order, and the rows that are wrong.

    Of a job that is there twice nobody knows which row is meant: both are left out.

    Raises:
        ConfigurationError: a sheet is missing or no table, or a column is unknown or missing.
    """
    films: dict[str, Film] = {}
    bad: list[BadRow] = []
    places: dict[str, str] = {}
    for path in paths:
        for line, row in sheet_rows.read(path):
            if isinstance(row, ConfigurationError):
                bad.append(BadRow("", row))
                continue
            place = f"line {line}" if path == paths[0] else f"line {line} of {path}"
            try:
                film = film_of_row(row, f"{path}, line {line}", line, str(path))
            except ConfigurationError as error:
                folder = "/".join([row["date"].replace("-", "/"), row["user"], row["job"]])
                bad.append(BadRow(folder, error, "" if "\0" in row["media"] else row["media"]))
                continue
            if film.folder in places:
                films.pop(film.folder, None)
                what = f"{path}, line {line}: job {film.folder} is in the sheet already, on {places[film.folder]}."
                remedy = "Give it another job number; ./samvad add-film finds the next free one."
                bad.append(BadRow(film.folder, ConfigurationError(what, remedy, path=str(path)), film.media))
                continue
            places[film.folder] = place
            films[film.folder] = film
    return films, bad


def switches(config: Mapping[str, Any], film: Film | None, environ: Mapping[str, str] | None = None) -> dict[str, bool]:
    """Return for every stage whether it is on: the config, then the environment, then the film's row."""
    return {name: on for name, (on, _) in _switches(config, film, environ).items()}


def switch_origins(
    config: Mapping[str, Any], film: Film | None, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return for every stage what decided whether it is on, for messages."""
    return {name: origin for name, (_, origin) in _switches(config, film, environ).items()}


def stages_off(config: Mapping[str, Any], film: Film) -> dict[str, str]:
    """Return the stages of a film's workflow that are switched off, and by what."""
    found = _switches(config, film, None)
    wanted = [stage.name for stage in stages.STAGES if stages.is_in(stage, film.workflow)]
    return {name: found[name][1] for name in wanted if not found[name][0]}


def cache_settings(config: Mapping[str, Any]) -> CacheSettings | None:
    """Return what the stages need to know of the cache of results, or None where it is off."""
    return cache_place(config) if config["cache"]["enabled"] else None


def cache_place(config: Mapping[str, Any]) -> CacheSettings:
    """Return where the cache of results is, or would be if it were on."""
    named = config["cache"]["folder"]
    folder = Path(named).expanduser().absolute() if named else files.cache_folder() / "results"
    return CacheSettings(str(folder), config["cache"]["max_gb"])


def copies(config: Mapping[str, Any]) -> Path:
    """Return the folder in which copies of films lie that are fetched from elsewhere."""
    return Path(config["machines"]["films"] or Path(config["output_root"]) / ".films").expanduser().absolute()


def prices(config: Mapping[str, Any]) -> Prices | None:
    """Return what machines cost, or None where no currency is named."""
    if not config.get("cost", {}).get("currency"):
        return None
    return Prices(
        currency=config["cost"]["currency"],
        core_hour=config["cost"]["core_hour"],
        gpu_hour=config["cost"]["gpu_hour"],
        gpu_hours=config["cost"]["gpu_hours"],
        kwh=config["cost"]["kwh"],
    )


def tell_stages(config: Mapping[str, Any], deployment: object) -> None:
    """Tell the stages, through the environment, who provides their environments, and how to use machine and network.

    These settings change no result, so they are no options of the stages: changing them reruns nothing.

    Args:
        config: checked.
        deployment: Snakemake's deployment methods. With conda among them Snakemake has made the environment and put
            its python first on the path; otherwise envs/run takes the virtual environment of the same lock.
    """
    # The schema takes 3.0 as a whole number, and nobody can try 3.0 times.
    os.environ[variables.NETWORK] = patience.Policy(
        timeout_seconds=config["network"]["timeout_seconds"],
        attempts=int(config["network"]["attempts"]),
        first_pause_seconds=config["network"]["first_pause_seconds"],
        backoff_factor=config["network"]["backoff_factor"],
        breaker_failures=int(config["network"]["breaker_failures"]),
        breaker_seconds=config["network"]["breaker_seconds"],
        requests_per_second=config["network"]["requests_per_second"],
        cache_days=config["network"]["cache_days"],
    ).as_json()
    os.environ[variables.SCRATCH] = config["machines"]["scratch"]
    os.environ[variables.WAIT_SECONDS] = str(config["machines"]["wait_seconds"])
    os.environ[variables.SILENCE_SECONDS] = str(config["machines"]["silence_seconds"])
    if deployment and "conda" in str(deployment).lower():
        os.environ[variables.DEPLOYMENT] = "conda"


def _switches(
    config: Mapping[str, Any], film: Film | None, environ: Mapping[str, str] | None
) -> dict[str, tuple[bool, str]]:
    decided = {name: (bool(on), f"the key stages.{name}") for name, on in config["stages"].items()}
    given = os.environ if environ is None else environ
    for variable in sorted(given):
        match = _SWITCH_VARIABLE.match(variable)
        if match is None:
            _refuse_nearly(variable)
            continue
        number, called = int(match.group(1)), match.group(2)
        value = given[variable]
        stage = next((item for item in stages.STAGES if item.number == number), None)
        # Its first words will do: STAGE_06_LYRICS_ENABLED was the older program's.
        if stage is None or not f"{stage.name.upper()}_".startswith(f"{called}_"):
            known = f"is {stage.name}" if stage else "does not exist"
            raise ConfigurationError(
                f"The variable {variable} names {called}, but stage {number:02d} {known}.", _variables()
            )
        if value.strip().lower() not in _TRUE | _FALSE:
            raise ConfigurationError(f"The variable {variable} is {value!r}.", "Set it to true or false.")
        decided[stage.name] = (value.strip().lower() in _TRUE, f"the variable {variable}")
    for name in film.stages_off if film else ():
        decided[name] = (False, f"the column stages_off of the film sheet (line {film.line if film else 0})")
    return decided


def _variables() -> str:
    return "The stages are " + ", ".join(f"STAGE_{item.folder.upper()}_ENABLED" for item in stages.STAGES) + "."


def _refuse_nearly(variable: str) -> None:
    """Refuse a variable that somebody meant to switch a stage with, and that switches none.

    Raises:
        ConfigurationError: it is one.
    """
    match = _NEARLY_SWITCH.match(variable)
    if match and (match.group(1)[0].isdigit() or match.group(1).lower() in stages.BY_NAME):
        raise ConfigurationError(f"The variable {variable} switches no stage.", _variables())


def film_of_row(row: Mapping[str, str], where: str, line: int, sheet: str = "") -> Film:
    """Return a film from a row of the sheet.

    Args:
        row: values by column.
        where: the sheet and the line, for messages.
        line: the line.
        sheet: the sheet's path.

    Raises:
        ConfigurationError: a value is wrong; names its column.
    """
    schemas.check_config({key: value for key, value in row.items() if value or key in _REQUIRED}, "film", where)
    value = {column: row.get(column, "") for column in COLUMNS}
    film_values.check_day(value["date"], f"{where}, column date")
    if addresses.is_remote(value["media"]):
        try:
            addresses.check(value["media"])
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}, column media: {error.what}", error.remedy) from None
    return Film(
        line=line,
        film=value["film"],
        media=outside.home_path(value["media"]),
        title=value["title"],
        year=int(value["year"]) if value["year"] else None,
        source=film_values.spoken_languages(value["source"], f"{where}, column source"),
        targets=film_values.language_codes(value["targets"], f"{where}, column targets"),
        user=value["user"],
        date=value["date"],
        job=int(value["job"]),
        workflow=value["workflow"],
        audio_track=int(value["audio_track"]) if value["audio_track"] else None,
        tmdb_file=outside.home_path(value["tmdb_file"]),
        glossary=outside.home_path(value["glossary"]),
        review=outside.home_path(value["review"]),
        stages_off=film_values.stage_names(value["stages_off"], f"{where}, column stages_off"),
        tmdb_id=int(value["tmdb_id"]) if value["tmdb_id"] else None,
        name_overrides=outside.home_path(value["name_overrides"]),
        text=outside.home_path(value["text"]),
        audio_channel=value["audio_channel"],
        settings=film_values.settings(value["settings"], f"{where}, column settings"),
        sheet=sheet,
    )


_REQUIRED = frozenset(schemas.schema("film")["required"])


def _coerce(value: Any, schema: dict[str, Any]) -> Any:
    """Turn the text that ``--config`` leaves in nested keys into the type that the schema asks for."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {key: _coerce(item, properties.get(key, {})) for key, item in value.items()}
    wanted = schema.get("type")
    if isinstance(value, str) and wanted == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if isinstance(value, str) and (wanted == "integer" or "oneOf" in schema) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, str) and wanted == "number" and NUMBER.fullmatch(value):
        return float(value)
    return value
