"""What comes from outside, taken with care: files that others made or can change, JSON and YAML, paths in documents.

A pipe, a device or an endless file makes no reader wait; no text is so large, so deep or so odd that what is done with
it later fails in a way that nobody thought of; no path out of a document leads out of its folder.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from samvad.core.errors import DiskError

if TYPE_CHECKING:
    import yaml

#: Bytes from which a text or a document is refused: the largest of a film of four hours has some 40 MB.
LARGEST_BYTES = 256 << 20
#: Bytes from which what people write by hand (sheets, tables, settings) is refused.
LARGEST_TABLE_BYTES = 32 << 20
#: Bytes from which a log is refused: a film of four hours has less than one of them in ten thousand.
LARGEST_LOG_BYTES = 4 << 30
#: Levels from which a JSON or YAML value is refused; our own have less than ten.
DEEPEST = 64
#: Values that a YAML file may hold, each counted as often as aliases repeat it.
MOST_YAML_VALUES = 200_000
#: The numbers that mkvmerge gives its tracks have no sign, and need all 64 bits.
_LARGEST_WHOLE = (1 << 64) - 1
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_HALF = re.compile("[\ud800-\udfff]")


_TOO_DEEP = f"values in values more than {DEEPEST} deep"


class UnfitFileError(DiskError, OSError):
    """A path leads to something that is not read: a pipe, a device, a folder, or a file that is far too large.

    It is an ``OSError`` too, so that whoever is prepared for a file that cannot be read is prepared for this one.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: it is {reason}.", "Name a regular file.", path=str(path))
        self.errno, self.strerror, self.filename = errno.EINVAL, f"it is {reason}", str(path)

    def __str__(self) -> str:
        """Return the message for people, not the system's form of it."""
        return f"{self.what} {self.remedy}"


def open_regular(path: Path, largest: int | None = None) -> BinaryIO:
    """Open a regular file to read; nothing else is opened, and no pipe is waited for.

    Args:
        path: the file; links are followed.
        largest: bytes from which it is refused; None: it may have any size.

    Raises:
        UnfitFileError: it is no regular file, or too large.
        OSError: it is missing, or may not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:  # a NUL in its name
        raise UnfitFileError(path, f"no path ({error})") from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise UnfitFileError(path, "a socket, not a file") from None
        raise
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitFileError(path, f"{_kind(status.st_mode)}, not a file")
        if largest is not None and status.st_size > largest:
            raise UnfitFileError(path, _too_large(largest))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def check_kind(path: Path) -> None:
    """Make sure that a path leads to a regular file, without opening it.

    Raises:
        UnfitFileError: it leads to something else.
        OSError: it leads nowhere, or nobody may look.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise UnfitFileError(path, f"{_kind(mode)}, not a file")


def read_bytes(path: Path, largest: int = LARGEST_BYTES) -> bytes:
    """Return what a regular file holds.

    Raises:
        UnfitFileError: it is no regular file, or too large.
        OSError: it is missing, or cannot be read.
    """
    with open_regular(path, largest) as file:
        # Some files of /proc have no size, no end, and nothing to read for now: then there is None.
        data = file.read(largest + 1) or b""
    if len(data) > largest:
        raise UnfitFileError(path, _too_large(largest))
    return data


def read_text(path: Path, encoding: str = "utf-8", largest: int = LARGEST_BYTES, errors: str = "strict") -> str:
    """Return a regular file's text, with line ends as Python's own reader gives them.

    Raises:
        UnfitFileError: it is no regular file, or too large.
        OSError: it is missing, or cannot be read.
        UnicodeDecodeError: it is no such text.
    """
    text = read_bytes(path, largest).decode(encoding, errors)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def json_value(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or holds what no document of ours may: NaN or infinity, a whole number of more than
            64 bits, half a character, or values in values more than 64 deep. The message quotes nothing of it.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"no UTF-8 text at byte {error.start}") from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _check_parts(value)
    if ("\\ud" in text or "\\uD" in text) and _has_half(value):
        raise ValueError("half a character (a lone surrogate)")
    return value


def yaml_value(path: Path, largest: int = LARGEST_TABLE_BYTES) -> Any:
    """Return the value of a YAML file, read without tags of Python's.

    Raises:
        ValueError: it is not YAML, too deep, or its aliases make more of it than anybody wrote.
        UnfitFileError: it is no regular file, or too large.
        OSError: it is missing, or cannot be read.
    """
    return yaml_of(read_text(path, largest=largest))


def yaml_of(text: str) -> Any:
    """Return the value of a YAML text, as ``yaml_value``.

    Raises:
        ValueError: as ``yaml_value``.
    """
    import yaml

    try:
        # libyaml takes tabs in places where the other parser, by which Snakemake reads settings once more, does not.
        fast = yaml.SafeLoader if "\t" in text else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return _yaml_value(text, fast)
        except yaml.YAMLError:  # what is wrong is told in the words of the other parser
            return _yaml_value(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"{getattr(error, 'problem', None) or 'it cannot be read'}{where}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _yaml_value(text: str, kind: type[yaml.SafeLoader]) -> Any:
    """Return the value of a YAML text; libyaml reads it in a tenth of the time, but a deep one would crash the process.

    So the depth is counted first, in its stream of events, where nothing is held.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=kind):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(_TOO_DEEP)
    loader = kind(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_expansion(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def home_path(text: str) -> str:
    """Return a path that a person wrote, with the home folder in place of ``~`` or ``~/``, as a shell has it.

    ``~name`` stays where there is no such user: a file may be called so.
    """
    if not text.startswith("~"):
        return text
    return os.path.expanduser(text)  # noqa: PTH111 -- Path's own fails where there is no such user


def is_checksum(text: str) -> bool:
    """Return whether a text is a checksum: ``sha256:`` and 64 hexadecimal digits."""
    return _CHECKSUM.fullmatch(text) is not None


def is_inside(text: str) -> bool:
    """Return whether a path out of a document stays in the folder that it is relative to, as far as its text tells."""
    parts = text.split("/")
    return bool(text) and "\0" not in text and not text.startswith("/") and not {"", ".", ".."} & set(parts)


def is_name(text: str) -> bool:
    """Return whether a text out of a document is the name of a file, and no path."""
    return is_inside(text) and "/" not in text


def inside(folder: Path, text: str) -> Path:
    """Return the place of a path out of a document, which lies in a folder, whatever links there are.

    Raises:
        ValueError: it leads elsewhere.
    """
    place = folder / text
    if not is_inside(text) or not place.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the path {text[:200]!r} leads out of the folder")
    return place


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _too_large(largest: int) -> str:
    return f"larger than {largest >> 20} MiB"


def _check_parts(value: Any) -> None:
    """Refuse what is too deep, and numbers that no document holds; a long film's has a million parts."""
    level: list[Any] = [[value]]
    for _ in range(DEEPEST + 1):
        below = []
        for part in level:
            for item in part.values() if isinstance(part, dict) else part:
                kind = type(item)
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is int and not -_LARGEST_WHOLE <= item <= _LARGEST_WHOLE:
                    raise ValueError("a whole number of more than 64 bits")
                elif kind is float and not math.isfinite(item):
                    raise ValueError("a number that is too large, or none")
        if not below:
            return
        level = below
    raise ValueError(_TOO_DEEP)


def _has_half(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_half(key) or _has_half(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_half, value))
    return isinstance(value, str) and _HALF.search(value) is not None


def _check_expansion(root: yaml.Node) -> None:
    """Count the values of a YAML text as if each alias were written out.

    Raises:
        ValueError: they are too many, too deep, or an alias stands in what it names.
    """
    import yaml

    sizes: dict[int, tuple[int, int]] = {}
    open_: set[int] = set()
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    while waiting:
        node, done = waiting.pop()
        parts = list(node.value) if isinstance(node, yaml.CollectionNode) else []
        below = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
        if done:
            open_.discard(id(node))
            held = [sizes[id(part)] for part in below]
            size = 1 + sum(count for count, _ in held)
            depth = 1 + max((deep for _, deep in held), default=0)
            if size > MOST_YAML_VALUES or depth > DEEPEST:
                raise ValueError("its aliases, or its values in values, make far more of it than anybody wrote")
            sizes[id(node)] = size, depth
        elif id(node) in open_:
            raise ValueError("an alias stands in what it names")
        elif id(node) not in sizes:
            open_.add(id(node))
            waiting.append((node, True))
            waiting += [(part, False) for part in below]
