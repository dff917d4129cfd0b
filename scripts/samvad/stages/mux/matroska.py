"""Call mkvmerge: what it can read, the options that say what goes in, and what it answers.

Options travel in a JSON file, and every path is absolute, so that no name of a film (a dash, an ``@``, a quote, a line
break) can be taken for an option, and no shell ever sees one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, held_files, outside, subprocesses
from samvad.core.errors import DiskError, ToolError
from samvad.core.typed_json import JsonObject
from samvad.logs import events
from samvad.media import written

log = logging.getLogger(__name__)

#: mkvmerge ends with 0, with 1 after warnings, with 2 after an error, and with a signal's number when it is killed.
_NO_ERROR = (0, 1)
#: Kinds, by mkvmerge's name, that are read together with other files.
_LISTS = ("VobSub", "VobButton")
#: mkvmerge's own words for a full disk; its messages are in English in the locale that it is run in here.
_DISK_FULL = ("drive may be full", "No space left", "could not be written")
#: Kinds of tracks, as options choose them and leave them all out.
_PLURALS = {"video": "video", "audio": "audio", "subtitle": "subtitles"}


@dataclass(frozen=True)
class SourceTrack:
    """A track of the film as mkvmerge counts it.

    Attributes:
        id: mkvmerge's number of it.
        kind: ``video``, ``audio`` or ``subtitle``.
        default: whether the result is to flag it as default.
        forced: whether the result is to flag it as forced.
        hearing_impaired: whether the result is to flag it as one for the deaf and hard of hearing.
        stream: its number in the film, as ffmpeg counts.
        sync_ms: added to its times; what comes before zero then is left out.
    """

    id: int
    kind: str
    default: bool
    forced: bool
    hearing_impaired: bool = False
    stream: int | None = None
    sync_ms: int = 0


@dataclass(frozen=True)
class NewTrack:
    """A subtitle file to put in.

    Attributes:
        path: the file.
        language: short code.
        name: what players show, such as ``Hindi (Samvad)``.
        default: whether players show it by themselves.
        hearing_impaired: whether it is for the deaf and hard of hearing.
        forced: whether it shows only what is spoken in foreign languages.
    """

    path: Path
    language: str
    name: str
    default: bool
    hearing_impaired: bool = False
    forced: bool = False


@dataclass(frozen=True)
class IdentifiedTrack:
    """A track that mkvmerge found: its number, ``video``, ``audio`` or ``subtitle``, its language tag and its flags."""

    id: int
    kind: str
    language: str | None
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True)
class Identified:
    """What mkvmerge reads in a file.

    Attributes:
        readable: whether it can read the container, without opening other files for it.
        container: its name, such as ``Matroska``.
        tracks: in order.
        attachments: names of the attached files.
        chapters: how many there are.
    """

    readable: bool
    container: str
    tracks: tuple[IdentifiedTrack, ...]
    attachments: tuple[str, ...] = ()
    chapters: int = 0

    def of_kind(self, kind: str) -> list[IdentifiedTrack]:
        """Return the tracks of a kind, in order."""
        return [track for track in self.tracks if track.kind == kind]


def identify(path: Path, folder: Path) -> Identified:
    """Ask mkvmerge what it can read in a file.

    Args:
        path: the file, absolute.
        folder: where the options may be written.

    Raises:
        ToolError: mkvmerge is missing or fails.
    """
    code, lines = _run(["--identification-format", "json", "--identify", f"={held_files.opened(path)}"], folder)
    text = "\n".join(lines)
    try:
        found = outside.json_value(text)
    except ValueError:
        raise _failure(code, lines, path) from None
    container = found.get("container", {})
    readable = bool(container.get("recognized") and container.get("supported"))
    # mkvmerge has no way to be kept from other files, so what would lead it to some counts as what it cannot read:
    # ffmpeg, which keeps to the one file, then copies the streams first.
    held = container.get("properties", {})
    lists = bool(held.get("playlist") or held.get("playlist_file") or held.get("other_file"))
    readable = readable and not lists and container.get("type") not in _LISTS
    if code not in _NO_ERROR and readable:
        raise _failure(code, found["errors"], path)
    return Identified(
        readable=readable,
        container=str(container.get("type", "")),
        tracks=tuple(_identified(item) for item in found.get("tracks", [])),
        attachments=tuple(str(item.get("file_name", "")) for item in found.get("attachments", [])),
        chapters=sum(int(item.get("num_entries", 0)) for item in found.get("chapters", [])),
    )


def _identified(item: JsonObject) -> IdentifiedTrack:
    properties = item["properties"]
    language = properties.get("language_ietf") or properties.get("language")
    return IdentifiedTrack(
        int(item["id"]),
        str(item["type"]).removesuffix("s"),
        language,
        default=bool(properties.get("default_track")),
        forced=bool(properties.get("forced_track")),
        hearing_impaired=bool(properties.get("flag_hearing_impaired")),
    )


def options(
    target: Path,
    title: str,
    sources: Sequence[tuple[Path, Sequence[SourceTrack]]],
    new: Iterable[NewTrack],
    seed: str = "",
    attachments: Iterable[Path] = (),
    chapters_ms: int = 0,
) -> list[str]:
    """Return mkvmerge's options for a film with new subtitle tracks after its own.

    Every flag is said: mkvmerge flags all tracks as default unless told otherwise.

    Args:
        target: the file to write.
        title: the film's title; empty keeps the one that it has.
        sources: files with the film's streams, and the tracks to take; those that are not listed stay out.
        new: the subtitle files, in order.
        seed: where the file's unique numbers come from, instead of chance and the clock: the same film and subtitles
            then give the same bytes.
        attachments: fonts that the new tracks need.
        chapters_ms: added to the times of the film's chapters.
    """
    made = ["--gui-mode", "--output", str(target)]
    made += ["--deterministic", seed] if seed else []
    # mkvmerge takes a title such as -V for the option, wherever it stands, and then does nothing and says success.
    made += ["--title", title] if title and not title.startswith("-") else []
    for path, tracks in sources:
        for track in tracks:
            made += ["--default-track-flag", f"{track.id}:{int(track.default)}"]
            if track.kind == "subtitle":
                made += ["--forced-display-flag", f"{track.id}:{int(track.forced)}"]
                made += ["--hearing-impaired-flag", f"{track.id}:{int(track.hearing_impaired)}"]
            made += ["--sync", f"{track.id}:{track.sync_ms}"] if track.sync_ms else []
        for kind, plural in _PLURALS.items():
            numbers = ",".join(str(track.id) for track in tracks if track.kind == kind)
            made += [f"--{kind}-tracks", numbers] if numbers else [f"--no-{plural}"]
        made += ["--chapter-sync", str(chapters_ms)] if chapters_ms else []
        # "=" keeps mkvmerge from joining files with the next numbers (VTS_01_2.VOB) to this one.
        made.append(f"={held_files.opened(path)}")
    for subtitle in new:
        made += ["--language", f"0:{subtitle.language}", "--track-name", f"0:{subtitle.name}"]
        made += [
            "--default-track-flag",
            f"0:{int(subtitle.default)}",
            "--forced-display-flag",
            f"0:{int(subtitle.forced)}",
        ]
        made += ["--hearing-impaired-flag", f"0:{int(subtitle.hearing_impaired)}"]
        made += ["--sub-charset", "0:UTF-8"]
        made.append(f"={held_files.opened(subtitle.path)}")
    for font in attachments:
        made += ["--attachment-mime-type", "font/ttf", "--attachment-name", font.name, "--attach-file", str(font)]
    return made


def multiplex(arguments: list[str], folder: Path, film: Path) -> list[str]:
    """Run mkvmerge, prove that what it wrote is whole, and return its warnings.

    Args:
        arguments: from ``options``.
        folder: where the options may be written.
        film: for messages.

    Raises:
        DiskError: the disk is full, or the file is not whole.
        ToolError: mkvmerge is missing or fails.
    """
    code, lines = _run(arguments, folder)
    if code not in _NO_ERROR:
        raise _failure(code, lines, film)
    target = Path(arguments[arguments.index("--output") + 1])
    written.check_said(target, "mkvmerge", [line for line in lines if written.is_loss(line)], 0)
    written.check(target, "mkvmerge")
    return [line.removeprefix("#GUI#warning ") for line in lines if line.startswith("#GUI#warning ")]


def write_title(target: Path, title: str) -> None:
    """Write the title into a finished film where ``options`` left it out: one that looks like an option.

    Raises:
        DiskError: the file is not whole any more.
        ToolError: mkvpropedit is missing or fails.
    """
    if not title.startswith("-"):
        return
    command = ["mkvpropedit", str(target), "--edit", "info", "--set", f"title={title}"]
    done = subprocesses.run(command, environment=_environment())
    if done.code:
        raise _failure(done.code, (done.stdout + done.tail).splitlines(), target)
    written.check(target, "mkvpropedit")


def _environment() -> dict[str, str]:
    """Return the environment for the programs of MKVToolNix.

    In the C locale they cannot open a file with a name in Devanagari, and other languages change their messages.
    """
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}


def _run(arguments: list[str], folder: Path) -> tuple[int, list[str]]:
    """Run mkvmerge and return its exit code and what it printed, progress left out (that goes to the log)."""
    option_file = folder / "mkvmerge.json"
    files.write_json(option_file, arguments)
    log.debug("Running mkvmerge with %s", arguments)
    lines: list[str] = []

    def take(line: str) -> None:
        if line.startswith("#GUI#progress "):
            events.progress(int(line.removeprefix("#GUI#progress ").rstrip("%")), 100, "percent")
        else:
            # What is not for people is JSON, in which a name would have to be quoted.
            lines.append(held_files.shown(line) if line.startswith("#GUI#") else line)
            log.debug("mkvmerge: %s", line, extra={"rate_key": line})

    try:
        done = subprocesses.run(
            ["mkvmerge", f"@{option_file}"], stdout_line=take, stderr_line=lines.append, environment=_environment()
        )
    finally:
        option_file.unlink(missing_ok=True)
    return done.code, lines


def _failure(code: int, lines: Sequence[str], film: Path) -> DiskError | ToolError:
    said = [line.removeprefix("#GUI#error ") for line in lines if line.startswith("#GUI#error ")] or list(lines[-1:])
    if any(sign in line for line in said for sign in _DISK_FULL):
        return disk_full(film)
    return ToolError(
        f"mkvmerge failed on {str(film)!r} (exit code {code}): {held_files.shown(' '.join(said)) or 'no message'}",
        "Play the film to see whether it is whole; if it is, please report this with the log.",
        path=str(film),
        stderr_tail="\n".join(lines[-subprocesses.TAIL_LINES :]),
    )


def disk_full(film: Path) -> DiskError:
    """Return the error for a disk that a subtitled film does not fit on."""
    return DiskError(
        f"There is not enough space for a subtitled copy of {str(film)!r}.",
        "Free some space, or set output_root to a folder on another disk, and run again.",
    )
