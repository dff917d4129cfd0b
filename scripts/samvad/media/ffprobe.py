"""ffprobe, asked about a file: the one place that starts it, and reads the numbers that it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from samvad.core import held_files, subprocesses
from samvad.core.errors import MediaError
from samvad.media import ffmpeg, film_file, late_streams

#: ffmpeg's name of MPEG-TS, and the option by which a recording whose programme gets new numbers for its streams (PIDs,
#: in the middle: another broadcast, parts put together) stays one film: the picture goes on as the picture.
TRANSPORT_STREAM = "mpegts"
ONE_PROGRAM: Mapping[str, str | int | None] = MappingProxyType({"merge_pmt_versions": 1})


def run(path: Path, *options: str, stdout_line: Callable[[str], None] | None = None) -> subprocesses.Done:
    """Ask ffprobe about a file. ffmpeg-python's own ``probe`` runs it itself, unlogged, and keeps all that it says."""
    # ffprobe does not mind the last one where the file is of another kind.
    given = {**ffmpeg.closed(), **late_streams.options(path), **ONE_PROGRAM}
    closed = [word for name, value in given.items() for word in (f"-{name}", str(value))]
    words = ["ffprobe", *options, *closed, f"file:{held_files.opened(path)}"]
    done = subprocesses.run(words, stdout_line=stdout_line)
    if any(map(held_files.cannot_read, done.tail.splitlines())):
        held_files.read_through()
    return done


def packet_fields(
    path: Path, entries: str, take: Callable[..., None], streams: str = "", interval: str = "", *more: str
) -> None:
    """Give the fields of a file's packets to ``take``, one packet at a time: a film has a million of them.

    Raises:
        MediaError: ffprobe cannot read the file.
    """
    options = ["-v", "error", *more, "-show_entries", f"packet={entries}", "-of", "csv=p=0"]
    options += ["-select_streams", streams] if streams else []
    options += ["-read_intervals", interval] if interval else []
    wanted = entries.count(",") + 1

    def split(line: str) -> None:
        fields = line.strip().split(",")
        if len(fields) >= wanted and fields[0]:  # side data follows on lines and fields of its own
            take(*fields)

    printed(path, split, *options)


def printed(path: Path, take: Callable[[str], None], *options: str) -> None:
    """Give the lines that ffprobe prints of a file to ``take``.

    Raises:
        MediaError: ffprobe cannot read the file.
    """
    done = run(path, *options, stdout_line=take)
    if done.code:
        check_kind(path, done)
        raise MediaError(
            f"ffprobe cannot read {str(path)!r} (exit code {done.code}).",
            "Play the film to see whether it is whole; if it is not, copy it again.",
            path=str(path),
        )


def check_kind(path: Path, done: subprocesses.Done) -> None:
    """Refuse a file of a kind that is no film's, by the name of the kind.

    Raises:
        MediaError: it is one.
    """
    kind = ffmpeg.refused_kind(done.tail)
    if kind is None:
        return
    listed = film_file.LISTS.get(kind)
    what = f"is {listed}, not a film: its picture and sound would come from other files" if listed else "is no film"
    raise MediaError(
        f"{str(path)!r} {what} (ffmpeg calls its kind {kind!r}).",
        "Make one file of it first, such as `ffmpeg -i LIST -c copy film.mkv`, and give that one."
        if listed
        else "Give the film itself, or convert it to MKV or MP4.",
        path=str(path),
        stderr_tail=done.tail,
    )


def number(text: str | None) -> float | None:
    """Read a number that ffprobe prints; None for ``N/A``, or nothing."""
    try:
        return float(text or "")
    except ValueError:
        return None


def microseconds(text: str) -> int | None:
    """Read a time that ffprobe prints, in seconds with six digits; None for ``N/A``."""
    try:
        return round(float(text) * 1_000_000)
    except ValueError:
        return None
