"""Join the events of a job's attempts into the run's one file: no line lost, none twice, none torn.

Each process of an attempt writes files of its own. The workflow's one process copies their lines, byte for byte, when
a stage ends. Within a run it remembers how far it has read. What a run that was killed left unread is found by
comparing lines, so that nothing about the merging has to be kept on the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from samvad.core import outside, stages
from samvad.core.typed_json import JsonObject
from samvad.logs.line_file import LineFile

#: The two channels: files of an attempt, and the file of a run they are joined into.
CHANNELS = {"events": "99_pipeline", "performance": "99_performance"}
#: Bytes from which a line is no event of ours: the longest, with a traceback, has some 20,000.
_LONGEST_LINE = 1 << 20


def attempts_of(job_folder: Path, stage: str) -> list[Path]:
    """Return the folders of a stage's attempts, in order."""
    folder = job_folder / stages.BY_NAME[stage].folder / "attempts"
    try:
        return sorted(entry for entry in folder.iterdir() if entry.name.isascii() and entry.name.isdigit())
    except OSError:
        return []


def sources(attempt_folder: Path, channel: str) -> list[Path]:
    """Return the files of one attempt and channel: that of its process, then those of processes forked from it."""
    return sorted(attempt_folder.glob(f"{channel}*.jsonl"), key=lambda path: (len(path.name), path.name))


def whole_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines that are whole: not what a killed process left half-written or a crash filled with zeros."""
    for line in data.splitlines(keepends=True):
        if line.endswith(b"\n") and parse(line) is not None:
            yield line


def parse(line: bytes) -> JsonObject | None:
    """Return a line's event, or None where it is not one."""
    if len(line) > _LONGEST_LINE:
        return None
    try:
        value = outside.json_value(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Merger:
    """Copies lines of attempts into the files of a run, and remembers how far it has come.

    Args:
        targets: for each channel, the file to copy into.
    """

    def __init__(self, targets: dict[str, LineFile]) -> None:
        self._targets = targets
        self._read: dict[Path, int] = {}

    def take(self, attempt_folder: Path) -> None:
        """Copy what an attempt has written since the last time.

        Raises:
            OSError: it could not be copied; it will be the next time.
        """
        for channel, target in self._targets.items():
            for source in sources(attempt_folder, channel):
                begin = self._read.get(source, 0)
                with outside.open_regular(source) as file:
                    file.seek(begin)
                    data = file.read()
                end = data.rfind(b"\n") + 1
                target.write_bytes(b"".join(whole_lines(data[:end])))
                self._read[source] = begin + end

    def pass_over(self, attempt_folder: Path) -> None:
        """Take an attempt of an earlier run, which is in that run's file, as read."""
        for channel in self._targets:
            for source in sources(attempt_folder, channel):
                self._read[source] = source.stat().st_size


def take_missing(logs: Path, attempt_folders: list[Path], targets: dict[str, LineFile]) -> None:
    """Copy the lines of attempts that are in none of the job's merged files.

    Args:
        logs: the job's ``logs`` folder.
        attempt_folders: of attempts whose processes are gone.
        targets: for each channel, the file to copy into.
    """
    for channel, target in targets.items():
        there: Counter[bytes] = Counter()
        for merged in logs.glob(f"{CHANNELS[channel]}_*.jsonl"):
            there.update(outside.read_bytes(merged).splitlines(keepends=True))
        for folder in attempt_folders:
            for source in sources(folder, channel):
                missing = []
                for line in whole_lines(outside.read_bytes(source)):
                    if there[line]:
                        there[line] -= 1
                    else:
                        missing.append(line)
                target.write_bytes(b"".join(missing))


def mend_end(path: Path) -> None:
    """Cut off a last line that a killed process left half-written."""
    if not path.is_file():
        return
    with path.open("r+b") as file:
        data = file.read()
        if data and not data.endswith(b"\n"):
            file.truncate(data.rfind(b"\n") + 1)


def run_of(attempt_folder: Path) -> str | None:
    """Return the run that an attempt belongs to, as its first event says."""
    for source in sources(attempt_folder, "events"):
        with outside.open_regular(source) as file:
            first = parse(file.readline(_LONGEST_LINE + 1))
        if first is not None:
            return first.get("run_id")
    return None
