"""Copies of streams by ffmpeg."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from samvad.core import subprocesses
from samvad.core.errors import DiskError, MediaError
from samvad.media.ffprobe import Stream

#: Streams that a Matroska file has tracks for; data streams (time codes, telemetry) are none of them.
KINDS = ("video", "audio", "subtitle")


def copy_streams(film: Path, target: Path, streams: Sequence[Stream]) -> None:
    """Copy streams as they are into a new Matroska file; MP4's text (which Matroska has no code for) becomes SubRip.

    Raises:
        MediaError: ffmpeg cannot.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    command = ["ffmpeg", "-nostdin", "-nostats", "-v", "error", "-y", "-i", f"file:{film}"]
    for place, stream in enumerate(streams):
        command += ["-map", f"0:{stream.index}", f"-c:{place}", "srt" if stream.codec == "mov_text" else "copy"]
    run_ffmpeg([*command, "-f", "matroska"], film, target)


def run_ffmpeg(command: list[str], film: Path, target: Path) -> None:
    """Run a command of ffmpeg that writes ``target`` to its end.

    Raises:
        MediaError: ffmpeg cannot do it.
        DiskError: the disk is full.
        ToolError: ffmpeg is missing, or hung.
    """
    # Without "bitexact" every file bears numbers made by chance. -progress is for the runner: a program that says
    # nothing for minutes counts as hung.
    _output([*command, "-fflags", "+bitexact", "-progress", "pipe:1", f"file:{target}"], film, target)


def _output(command: list[str], film: Path, writes: Path | None = None) -> str:
    done = subprocesses.run(command, writes=writes)
    if done.code == 0:
        return done.stdout
    if "No space left on device" in done.tail:
        raise DiskError(
            f"No space was left on the disk while {str(film)!r} was copied.",
            "Free some space, or set output_root to a folder on another disk, and run again.",
        )
    raise MediaError(
        f"{command[0]} cannot read or copy {str(film)!r} (exit code {done.code}): {done.last_line}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(film),
        stderr_tail=done.tail,
    )
