"""The time expressions of TTML (TTML2, 12.3) and the parameters that they are counted by (TTML2, 7.2).

A time that can't be read is never taken for zero: it is refused with the reason, or read by a repair that is sure, and
that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from samvad.documents.subtitles.reading import LATEST_MS, Collector
from samvad.documents.subtitles.ttml_tree import PARAMETER, Element

#: The initial values of ttp:frameRate, ttp:subFrameRate and ttp:tickRate.
_FRAME_RATE, _SUB_FRAME_RATE, _TICK_RATE = 30, 1, 1

_DIGITS = r"[0-9]{1,30}"
_CLOCK = re.compile(
    rf"(?P<hours>{_DIGITS}):(?P<minutes>[0-9]{{1,2}}):(?P<seconds>[0-9]{{1,2}})"
    rf"(?:(?P<point>[.,])(?P<fraction>{_DIGITS})?|(?P<mark>[:;])(?P<frames>[0-9]{{1,9}})(?:\.(?P<sub>[0-9]{{1,9}}))?)?"
)
_STRICT_CLOCK = re.compile(r"[0-9]{2,}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+|:[0-9]{2,}(?:\.[0-9]+)?)?")
_SHORT_CLOCK = re.compile(rf"(?P<minutes>[0-9]{{1,3}}):(?P<seconds>[0-9]{{2}})(?:[.,](?P<fraction>{_DIGITS})?)?")
_OFFSET = re.compile(rf"(?P<number>{_DIGITS})(?:(?P<point>[.,])(?P<fraction>{_DIGITS})?)?\s*(?P<metric>ms|[hmsft]|)")
_STRICT_OFFSET = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:ms|[hmsft])")
_METRICS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_RATE = re.compile(r"[0-9]{1,9}")
_MULTIPLIER = re.compile(r"([0-9]{1,9})(?:\s*[\s:/]\s*([0-9]{1,9}))?")


@dataclass(frozen=True)
class Clock:
    """How the times of a file are counted.

    Attributes:
        nominal_rate: frames that a second is counted with (``ttp:frameRate``).
        frame_rate: frames that a second really has (``ttp:frameRateMultiplier``).
        sub_frame_rate: parts of a frame.
        tick_rate: ticks of a second.
        smpte: whether clock times are labels of SMPTE 12M, of which each stands for a frame.
        drop: which labels are left out: ``dropNTSC``, ``dropPAL`` or ``nonDrop``.
    """

    nominal_rate: int = _FRAME_RATE
    frame_rate: Fraction = Fraction(_FRAME_RATE)
    sub_frame_rate: int = _SUB_FRAME_RATE
    tick_rate: Fraction = Fraction(_TICK_RATE)
    smpte: bool = False
    drop: str = "nonDrop"

    def seconds(self, written: str) -> tuple[Fraction, str]:
        """Return the seconds that a time expression stands for, and how it was mended, if it was.

        Raises:
            ValueError: it can't be read.
        """
        expression = written.strip()
        if clock := _CLOCK.fullmatch(expression):
            seconds, slips = self._clock(clock)
            if not _STRICT_CLOCK.fullmatch(written):
                slips.insert(0, "it is not written as TTML has it")
        elif offset := _OFFSET.fullmatch(expression.lower()):
            seconds, slips = self._offset(offset)
            if offset["metric"] and not _STRICT_OFFSET.fullmatch(written):
                slips.insert(0, "it is not written as TTML has it")
        elif short := _SHORT_CLOCK.fullmatch(expression):
            seconds = 60 * int(short["minutes"]) + int(short["seconds"]) + _fraction(short["fraction"])
            slips = ["it has no hours, read as minutes and seconds"]
        else:
            raise ValueError("it is no time that TTML knows")
        if seconds * 1000 > LATEST_MS:
            raise ValueError("it is beyond a million hours")
        return seconds, "; ".join(slips)

    def _clock(self, found: re.Match[str]) -> tuple[Fraction, list[str]]:
        slips = []
        hours, minutes, seconds = int(found["hours"]), int(found["minutes"]), int(found["seconds"])
        if minutes > 59 or seconds > 59:
            slips.append("it has more than 59 minutes or seconds, counted as they are")
        frames = Fraction(int(found["frames"] or 0))
        if frames >= self.nominal_rate and frames:
            slips.append(f"it has frame {frames}, and a second has {self.nominal_rate}, counted as it is")
        if found["sub"]:
            if int(found["sub"]) < self.sub_frame_rate:
                frames += Fraction(int(found["sub"]), self.sub_frame_rate)
            elif int(found["sub"]):
                slips.append(f"its part of a frame is none of {self.sub_frame_rate}, passed over")
        whole = Fraction(3600 * hours + 60 * minutes + seconds)
        if self.smpte:  # TTML2, appendix I.2: a label counts frames, and a second of labels is no second
            counted = whole * self.nominal_rate + frames - self._dropped(hours, minutes)
            return counted / self.frame_rate + _fraction(found["fraction"]), slips
        return whole + _fraction(found["fraction"]) + frames / self.frame_rate, slips

    def _dropped(self, hours: int, minutes: int) -> int:
        """Return the labels left out before a time: two in each minute but every tenth, four in each second one."""
        if self.drop == "dropNTSC":
            return (hours * 54 + minutes - minutes // 10) * 2
        if self.drop == "dropPAL":
            return (hours * 27 + minutes // 2 - minutes // 20) * 4
        return 0

    def _offset(self, found: re.Match[str]) -> tuple[Fraction, list[str]]:
        number, metric = int(found["number"]) + _fraction(found["fraction"]), found["metric"]
        if metric == "f":
            return number / self.frame_rate, []
        if metric == "t":
            return number / self.tick_rate, []
        if metric:
            return number * _METRICS[metric], []
        return number, ["it has no unit, read as seconds, as in SMIL"]


def _fraction(digits: str | None) -> Fraction:
    return Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)


def clock_of(root: Element, found: Collector) -> Clock:
    """Return how a file's times are counted; parameters that can't be taken as they are written are said."""

    def mended(reason: str) -> None:
        found.mended(root.line, reason)

    def rate(name: str, initial: int) -> int | None:
        written = root.get(name, PARAMETER)
        if written is None:
            return None
        if _RATE.fullmatch(written.strip()) and int(written) > 0:
            return int(written)
        mended(f"ttp:{name}={written!r} is no rate, taken as {initial}, the initial value")
        return initial

    nominal = rate("frameRate", _FRAME_RATE)
    sub_frames = rate("subFrameRate", _SUB_FRAME_RATE) or _SUB_FRAME_RATE
    ticks = rate("tickRate", _TICK_RATE)
    frame_rate = Fraction(nominal or _FRAME_RATE)
    if multiplier := root.get("frameRateMultiplier", PARAMETER):
        factor = _MULTIPLIER.fullmatch(multiplier.strip())
        if factor and int(factor[1]) and int(factor[2] or 1):
            frame_rate *= Fraction(int(factor[1]), int(factor[2] or 1))
        else:
            mended(f"ttp:frameRateMultiplier={multiplier!r} is no multiplier, taken as 1, the initial value")
    by_frames = frame_rate * sub_frames if nominal else Fraction(_TICK_RATE)
    tick_rate = by_frames if ticks is None else Fraction(ticks)
    base = (root.get("timeBase", PARAMETER) or "media").strip()
    drop = (root.get("dropMode", PARAMETER) or root.get("smpteMode", PARAMETER) or "nonDrop").strip()
    if base == "smpte" and (root.get("markerMode", PARAMETER) or "continuous").strip() != "continuous":
        mended("its times are labels of a tape that may have gaps (ttp:markerMode), read as if it had none")
    elif base == "clock":
        found.lost(root.line, "its times are those of a clock (ttp:timeBase), and do not say when the film begins")
    elif base not in ("media", "smpte"):
        mended(f"ttp:timeBase={base!r} is unknown, taken as media, the initial value")
    for name in ("mediaOffset", "mediaDuration"):
        if root.get(name, PARAMETER) is not None:
            found.left(root.line, f"ttp:{name}, which players pass over")
    return Clock(nominal or _FRAME_RATE, frame_rate, sub_frames, tick_rate, base == "smpte", drop)
