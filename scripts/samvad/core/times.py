"""Times: integer milliseconds inside, one formatter for what people and players read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+)(?:[.,](\d{1,3}))?", re.ASCII)


def seconds_to_ms(seconds: float) -> int:
    """Return seconds as whole milliseconds, rounded half up (so that 0.0005 s is 1 ms, not 0)."""
    return int(seconds * 1000 + 0.5) if seconds >= 0 else -int(-seconds * 1000 + 0.5)


def clock(time_ms: int, decimal_mark: str = ".") -> str:
    """Format milliseconds as ``HH:MM:SS.mmm`` (WebVTT) or, with ``decimal_mark=","``, as SubRip does.

    Raises:
        ValueError: the time is negative.
    """
    if time_ms < 0:
        raise ValueError(f"a time cannot be negative: {time_ms} ms")
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{decimal_mark}{milliseconds:03d}"


def from_clock(text: str) -> int:
    """Return what people write for a time, ``HH:MM:SS.mmm``, ``MM:SS`` or seconds, as milliseconds.

    Raises:
        ValueError: it is none of them.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None or (match[2] and int(match[3]) >= 60) or (match[1] and int(match[2]) >= 60):
        raise ValueError(f"{text!r} is no time such as 01:02:03.500, 62:03 or 3723.5")
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((match[4] or "0").ljust(3, "0"))


def utc_now() -> str:
    """Return the present time in UTC as ``2025-11-27T13:30:05.123Z``."""
    return utc_text(datetime.now(UTC))


def seconds_between(first: str, last: str) -> float:
    """Return the seconds between two moments that ``utc_text`` has formatted."""
    return round((datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds(), 3)


def utc_text(moment: datetime) -> str:
    """Format an aware moment in UTC with milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
