"""Make a row of the film sheet from options, and check it: what `samvad add-film` and `samvad add-folder` share."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from samvad.core import console, places, schemas, stages
from samvad.core.declarations import WORKFLOWS
from samvad.core.errors import ConfigurationError
from samvad.media import addresses, fetched, film_file
from samvad.settings import configuration, film_sheet, film_values


def add_options(p: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the options that say what is to be done with a film; every one is a column of the sheet.

    Args:
        p: the parser.
        required: whether the languages must be said.
    """
    spoken, wanted = ("", "") if required else ("; without it, auto", "; without it, en")
    p.add_argument("--source", required=required, help=f"language spoken, such as hi; several: hi,en; or auto{spoken}")
    p.add_argument(
        "--targets", "--target", required=required, help=f"languages of the subtitles, such as en,hi{wanted}"
    )
    p.add_argument("--user", default="", help="whose job it is; without it, the one who is logged in")
    p.add_argument("--date", default="", help="day of the job, YYYY-MM-DD; without it, today")
    p.add_argument("--workflow", choices=WORKFLOWS, default="subtitle", help="how far the film goes")
    p.add_argument("--audio-track", default="", help="number of the audio track, counted from 0")
    p.add_argument("--audio-channel", default="", help="mix, left, right, centre, or the channel's number, from 0")
    p.add_argument("--glossary", default="", help="the film's own glossary")
    p.add_argument("--review", default="", help="folder with decisions: songs.tsv, quarantine.tsv, shorter.tsv")
    p.add_argument("--stages-off", default="", help="stages that this film goes without, with commas")
    p.add_argument("--name-overrides", default="", help="file that says how names are to be written in this film")
    p.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="a key of a stage that these films have another value of, such as asr.model=large-v3; may be given again",
    )  # fmt: skip
    p.add_argument("--sheet", type=console.path, help="film sheet; without it, the key films of config/config.yaml")


def new_row(options: argparse.Namespace, *, away: bool = False) -> dict[str, str]:
    """Return a row of the sheet, checked, with the job's number still empty.

    Args:
        options: of ``add_options``, and what is said of one film alone.
        away: whether the film need not be there, for the sheet may have it.

    Raises:
        ConfigurationError: an option is wrong; names it.
        MediaError: the film is missing, empty, or no film.
    """
    wished = requested_columns(options)
    if not options.media.strip():
        raise ConfigurationError("An empty text names no film.", "Give the path of a film.")
    media = film_sheet.stored_path(options.media)
    if addresses.is_remote(media):
        addresses.look(media)
    elif not away or (places.work() / media).exists():
        remedy = "Give the path of a film; samvad shelf takes all films of a folder."
        film_file.check(places.work() / media, remedy, shown=options.media)
    title = options.title.strip() or (fetched.place(media, Path()) if addresses.is_remote(media) else Path(media)).stem
    row = {
        "film": options.film or film_sheet.film_id(title, media),
        "media": media,
        "title": title,
        "year": options.year.strip(),
        "job": "1",
        "tmdb_file": _companion("--tmdb-file", options.tmdb_file),
        "tmdb_id": options.tmdb_id.strip(),
        "text": _companion("--text", options.text),
        **wished,
    }
    for column, value in row.items():
        if film_sheet.UNFIT.search(value):
            raise ConfigurationError(
                f"The {column} {value!r} holds a character that the film sheet cannot hold.",
                "Rename the file."
                if column in ("media", "glossary", "tmdb_file", "name_overrides", "review", "text")
                else "Write it without.",
            )
    filled = {key: value for key, value in row.items() if value or key == "year"}
    schemas.check_config(filled, "film", "The film")
    return row


def requested_columns(options: argparse.Namespace) -> dict[str, str]:
    """Return the columns that can be the same for many films, checked, from the options of ``add_options``.

    Raises:
        ConfigurationError: an option is wrong; names it.
    """
    day = options.date or date.today().isoformat()
    film_values.check_day(day, "--date")
    return {
        "source": ",".join(film_values.spoken_languages(options.source, "--source")) or "auto",
        "targets": ",".join(film_values.language_codes(options.targets, "--targets")),
        "user": options.user or default_user(os.environ),
        "date": day,
        "workflow": options.workflow,
        "audio_track": options.audio_track.strip(),
        "audio_channel": options.audio_channel.strip(),
        "glossary": _companion("--glossary", options.glossary),
        "review": film_sheet.stored_path(options.review) if options.review else "",
        "stages_off": ",".join(film_values.stage_names(options.stages_off, "--stages-off")),
        "name_overrides": _companion("--name-overrides", options.name_overrides),
        "settings": film_values.settings_text(film_values.settings(";".join(options.settings), "--set")),
    }


def end_targets(settings: Mapping[str, Any], film: configuration.Film) -> list[str]:
    """Return the manifests that Snakemake is to be asked for, so that all of a film's workflow is done; one as a rule.

    Raises:
        ConfigurationError: nothing is switched on, or a stage that one cannot do without is off.
    """
    ends = stages.end_stages(film.workflow, configuration.switches(settings, film))
    if not ends:
        raise ConfigurationError(f"Every stage of {film.folder} is switched off.", "Switch some on.")
    folder = f"{str(settings['output_root']).rstrip('/')}/{film.folder}"
    return [f"{folder}/{stages.BY_NAME[name].folder}/manifest.json" for name in ends]


def default_user(environ: Mapping[str, str]) -> str:
    """Return who is logged in, in letters that a job's folder may have."""
    try:
        name = environ.get("USER") or getpass.getuser()
    except (OSError, KeyError):  # no such user in the password file, as in a container
        name = ""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"^[^A-Za-z0-9]+", "", re.sub(r"[^A-Za-z0-9._-]+", "-", plain))[:64] or "user"


def _companion(option: str, given: str) -> str:
    if not given:
        return ""
    path = film_sheet.stored_path(given)
    if not (places.work() / path).is_file():
        raise ConfigurationError(f"{option}: the file {given} does not exist.", "Correct its path.", path=given)
    return path
