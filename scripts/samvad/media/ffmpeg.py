"""Every ffmpeg command of the project: ffmpeg-python builds its arguments, ``core/subprocesses.py`` runs it.

What ffmpeg-python cannot express, and what is done instead:

- Its ``run()`` keeps all that ffmpeg prints until its end and waits for a hung one for ever; so it only builds here.
- It writes an option once, but ``-metadata:s:0`` is given once a key: a value that is a list is added by ``command``.
- It writes filters as a graph (``-filter_complex``) only. A graph begins when all its inputs have given something, and
  holds in memory what comes until then: with a sound track that starts an hour late, an hour of pictures. So where
  sound and picture are filtered side by side, and where no text of a user's stands in a filter, which its graphs
  escape, they are simple filters, given as text: the options ``vf`` and ``af``.
- It sorts options by name, which ffmpeg does not mind: ``c`` comes before ``c:s``, and global options hold anywhere.

Files are named by ``file:`` and their path, so that no name (a dash, a colon, ``pipe:``) means anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from samvad.core import subprocesses

#: A stream of ffmpeg-python's, which has no types: ``stream["a:0"]`` chooses from it, ``stream.filter(…)`` changes it.
Stream: TypeAlias = Any
#: Options by name, without the dash; None for one that has no value, a list for one that is given several times.
Options: TypeAlias = Mapping[str, str | int | list[str] | None]
NO_OPTIONS: Options = MappingProxyType({})


def source(path: Path, **options: str | int | None) -> Stream:
    """Return a file to read, with the options that stand before its name."""
    import ffmpeg

    return ffmpeg.input(f"file:{path}", **options)


def synthetic(description: str) -> Stream:
    """Return pictures or sound that ffmpeg makes itself, such as ``color=size=64x64:duration=0.1``."""
    import ffmpeg

    return ffmpeg.input(description, format="lavfi")


def joined(pictures: Sequence[Stream]) -> Stream:
    """Return pictures one after another, without sound."""
    import ffmpeg

    return ffmpeg.concat(*pictures, v=1, a=0)


def command(streams: Sequence[Stream], target: Path | None, options: Options, global_options: Options) -> list[str]:
    """Return the command that writes streams to a file.

    Args:
        streams: in the order of the result; where ffmpeg is to choose by itself, the whole source.
        target: the file, which is replaced; None for the standard output.
        options: of the result.
        global_options: of the whole command.
    """
    import ffmpeg

    once = {name: value for name, value in options.items() if not isinstance(value, list)}
    result = ffmpeg.output(*streams, "-" if target is None else f"file:{target}", **once)
    *words, name = map(str, result.compile())
    for option, values in options.items():
        if isinstance(values, list):
            words += [word for value in values for word in (f"-{option}", value)]
    for option, only in global_options.items():
        words += [f"-{option}"] if only is None else [f"-{option}", str(only)]
    return [*words, name]


def run(
    streams: Sequence[Stream],
    target: Path | None,
    options: Options,
    *,
    level: str = "error",
    stdout_line: Callable[[str], None] | None = None,
    stderr_line: Callable[[str], None] | None = None,
    global_options: Options = NO_OPTIONS,
) -> subprocesses.Done:
    """Write streams to a file; whether it went well is for the caller to judge.

    Args:
        streams: in the order of the result; where ffmpeg is to choose by itself, the whole source.
        target: the file, which is replaced; None for the standard output.
        options: of the result.
        level: from which level on ffmpeg says something.
        stdout_line: called with each line of the standard output: progress, and what filters print.
        stderr_line: called with each line of the standard error.
        global_options: of the whole command.

    Raises:
        ToolError: ffmpeg is missing, or hung.
    """
    quiet: Options = {"nostdin": None, "nostats": None, "v": level, "y": None}
    # A program that says nothing for minutes counts as hung: it tells its progress where the output is free for it.
    progress: Options = {} if target is None else {"progress": "pipe:1"}
    words = command(streams, target, options, {**quiet, **progress, **global_options})
    return subprocesses.run(words, stdout_line=stdout_line, stderr_line=stderr_line, writes=target)


def is_disk_full(done: subprocesses.Done) -> bool:
    """Return whether ffmpeg found no space on the disk."""
    return "No space left on device" in done.tail
