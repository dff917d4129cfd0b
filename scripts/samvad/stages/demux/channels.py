"""Which channels of a sound carry its speech: what a mix would cancel or muddle is noticed, by measuring all of it.

Left and right of a stereo sound are usually mixed. In opposite phase they cancel each other, and digital silence is
left; with a language in each, two voices at once are left. Both are seen in the energies of left, right, their mean and
half their difference in each tenth of a second. ffmpeg gives left and right (and the centre) at a low rate while it
decodes the sound for recognition, and ``Levels`` takes their energies: its own filter for that, ``astats``, works out
two dozen other figures for each sample, and takes as long as all of the decoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.core.times import clock
from samvad.documents.probe import AudioTrack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Powers = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

_WINDOWS_A_SECOND = 10
#: Samples a second in which voices are compared: they are told apart by far lower sounds than it keeps.
_RATE_HZ = 8000
#: ffmpeg's resampler has 32 by default, for a tenth more of what decoding a 5.1 sound costs. What a shorter one lets
#: through from above 4 kHz it lets through in all channels alike (docs/benchmarks.md).
_FILTER_SIZE = 16
#: What ffmpeg gives is taken so much at a time: its own blocks are of a tenth of that, and each costs as much as this.
_AT_ONCE_BYTES = 1 << 18
#: ffmpeg's names of the channel layouts whose first three channels are left, right and centre.
_WITH_CENTRE = frozenset(
    {"3.0", "3.1", "4.0", "4.1", "5.0", "5.0(side)", "5.1", "5.1(side)", "6.0", "6.1", "6.1(back)", "7.0", "7.0(front)"}
    | {"7.1", "7.1(wide)", "7.1(wide-side)", "hexagonal", "octagonal", "hexadecagonal", "22.2"}
)
_MIX, _SIDE, _WITHOUT_CENTRE, _ALL = "mix", "side", "left and right", "all"
#: Nothing is heard below this (dB of full scale), nor so much below the loud moments of the same sound.
_SILENT_DB, _BELOW_LOUD_DB = -60.0, 30.0
#: Of the mean energy of left and right: below it, their mix has lost what they have. Unlike sounds keep a half.
_CANCELLED = 0.1
_MOSTLY, _OFTEN, _HARDLY = 0.9, 0.2, 0.02
#: What a mix loses counts from a second on: half of its moments are heard, and nearly all of these are lost.
_LOST_SECONDS, _HEARD_OF_SECOND = 1.0, 0.5
#: What the channels beyond the mix alone have is worth the noise of them all from so many seconds on, or from
#: ``_HARDLY`` of all that is heard; less is an effect: it is named.
_BEYOND_SECONDS = 10.0
#: Sounds of so small a correlation have nothing in common; a centre channel's speech in left and right has nearly 1.
_UNLIKE = 0.3
#: Speech has pauses between words: so many moments are so much below its loud ones. Music and noise have few.
_PAUSES, _PAUSE_DB = 0.12, 18.0


@dataclass(frozen=True)
class Verdict:
    """What is to be heard of a sound.

    Attributes:
        channel: ``mix``, ``side`` (half the difference of left and right), ``left and right``, ``left``, ``right``, or
            ``all``: the centre, and all other channels low.
        warning: what a person should know of that; empty where nothing is odd.
    """

    channel: str
    warning: str = ""


def check(track: AudioTrack, channel: str, film: str) -> None:
    """Check that a track has the channel that a user asks for.

    Raises:
        MediaError: it has not.
    """
    number = {"left": 0, "right": 1}.get(channel, int(channel) if channel.isdecimal() else 0)
    lacks_centre = channel == "centre" and not _has_centre(track)
    if number >= max(1, track.channels) or (channel in ("left", "right") and track.channels < 2) or lacks_centre:
        raise MediaError(
            f"Audio track {track.track} of {film!r} has no channel {channel!r}: it has {track.channels} "
            f"({track.layout or 'of no stated place'}), counted from 0.",
            "Correct audio_channel in the film sheet or demux.audio_channel in the configuration.",
            path=film,
        )


def mixing(track: AudioTrack, channel: str, downmix: str) -> list[str]:
    """Return ffmpeg's filters that make one channel of a track.

    The centre channel carries the dialogue of surround sound (ITU-R BS.775; ffmpeg's own mix-down gives it 3 dB less
    than left and right together). ``<`` makes ``pan`` keep the sum from clipping.
    """
    taken = {
        **{"left": "c0", "right": "c1", "centre": "FC"},
        **{_SIDE: "0.5*c0-0.5*c1", _WITHOUT_CENTRE: "0.5*c0+0.5*c1"},
    }.get(channel)
    if channel.isdecimal():
        taken = f"c{channel}"
    if taken is not None:
        return [f"pan=mono|c0={taken}"]
    if downmix == "centre" and _has_centre(track):
        low = range(2) if channel != _ALL else [number for number in range(track.channels) if number != 2]
        return ["pan=mono|c0<c2" + "".join(f"+0.3*c{number}" for number in low)]
    if downmix == "centre" and track.channels > 2:
        # ffmpeg's own mix-down leaves out channels that it knows no place for; a layout that it guessed may be none.
        return ["pan=mono|c0<" + "+".join(f"c{number}" for number in range(track.channels))]
    return []


def judge(powers: Powers, downmix: str) -> Verdict:
    """Say what is to be heard of a sound.

    Args:
        powers: from ``Levels.powers``: a row for each tenth of a second; left, right, their mean, half their
            difference; where there is a centre, this; where there are more, the mix and what it leaves out, without
            their low sounds.
        downmix: ``centre`` or ``plain``: where there is a centre, whether it is taken for the dialogue.
    """
    import numpy as np

    if len(powers) == 0:
        return Verdict(_MIX)
    if powers.shape[1] > 5 and downmix == "centre" and (beyond := _beyond_the_mix(powers[:, 5], powers[:, 6])):
        return beyond
    if powers.shape[1] > 4:
        if downmix != "centre" or np.percentile(powers[:, 4], 95) > _power(_SILENT_DB):
            return Verdict(_MIX)
        # A centre without a sound: speech is where a stereo sound has it.
        found = judge(powers[:, :4], downmix)
        return Verdict(_WITHOUT_CENTRE) if found.channel == _MIX else found
    return _of_two(*powers[:, :4].T)


def _of_two(left: Powers, right: Powers, middle: Powers, side: Powers) -> Verdict:
    """Say what is to be heard of left and right: where one cancels the other, or they are two sounds."""
    import numpy as np

    mean = (left + right) / 2
    floor = max(_power(_SILENT_DB), float(np.percentile(mean, 95)) * _power(-_BELOW_LOUD_DB))
    heard = mean > floor
    if heard.sum() < _WINDOWS_A_SECOND:
        return Verdict(_MIX)
    lost = heard & (middle < _CANCELLED * mean)
    cancelled = float(lost[heard].mean())
    louder = "left" if left[heard].sum() >= right[heard].sum() else "right"
    loud, low = (left, right) if louder == "left" else (right, left)
    only_low = heard & (loud < _CANCELLED * low)  # what the louder one alone would lose
    by_hand = "their mix, which is recognised, loses it. Set audio_channel to left or right."
    if cancelled > _OFTEN:
        in_phase = float((side < _CANCELLED * mean)[heard].mean())
        taken = _SIDE if cancelled > _MOSTLY and in_phase < _HARDLY else louder
        if taken == louder and only_low.sum() > lost.sum():
            said = f"Left and right of the sound are in opposite phase for {cancelled:.0%} of what is heard, so that"
            return Verdict(_MIX, f"{said} {by_hand}")
        return Verdict(
            taken,
            f"Left and right of the sound are in opposite phase for {cancelled:.0%} of what is heard, so that a mix of "
            f"them loses it: {'their difference' if taken == _SIDE else f'the {taken} channel'} is recognised. "
            "Set audio_channel to choose another way.",
        )
    passages = _in_passages(lost, heard)
    if not passages.any():
        return _two_sounds(left, right, middle, floor)
    said = f"Left and right of the sound are in opposite phase for {_told(passages)}, so that"
    if only_low.sum() > min(passages.sum(), _HARDLY * len(only_low)):  # each has what the other has not
        return Verdict(_MIX, f"{said} {by_hand}")
    remedy = "Set audio_channel to choose another way."
    return Verdict(louder, f"{said} a mix of them loses it: the {louder} channel is recognised. {remedy}")


def _beyond_the_mix(mix: Powers, others: Powers) -> Verdict | None:
    """Say what is to be heard where channels that the mix leaves out have a sound of their own; None where they do not.

    A voice behind the scene may be in the surround channels alone; and of eight microphones ffmpeg says "7.1".
    """
    import numpy as np

    floor = max(_power(_SILENT_DB), float(np.percentile(np.maximum(mix, others), 95)) * _power(-_BELOW_LOUD_DB))
    heard = others > floor
    passages = _in_passages(heard & (mix < _CANCELLED * others), heard)
    if not passages.any():
        return None
    said = f"For {_told(passages)}, there is sound in channels beyond left, right and centre alone"
    of_heard = passages.sum() / (np.maximum(mix, others) > floor).sum()
    if passages.sum() < _BEYOND_SECONDS * _WINDOWS_A_SECOND and of_heard < _HARDLY:
        return Verdict(_MIX, f"{said}, which is not recognised: too little for a mix of all. Listen there.")
    return Verdict(_ALL, f"{said}: all channels are mixed for recognition. Set audio_channel to choose another way.")


def _told(passages: Bools) -> str:
    first_ms = int(passages.argmax()) * 1000 // _WINDOWS_A_SECOND
    return f"{passages.sum() / _WINDOWS_A_SECOND:.1f} s, first at {clock(first_ms)}"


def _in_passages(lost: Bools, heard: Bools) -> Bools:
    """Return which moments are lost together with those around them, for a second at least."""
    import numpy as np

    second = np.ones(round(_LOST_SECONDS * _WINDOWS_A_SECOND))
    if len(lost) < len(second):
        return np.zeros(len(lost), dtype=bool)
    of_heard, of_lost = (np.convolve(values, second, "valid") for values in (heard, lost))
    whole = (of_heard >= _HEARD_OF_SECOND * len(second)) & (of_lost >= _MOSTLY * of_heard)
    found: Bools = lost & (np.convolve(whole, second) > 0)
    return found


def _two_sounds(left: Powers, right: Powers, middle: Powers, floor: float) -> Verdict:
    """Say whether left and right are two sounds that have nothing to do with each other."""
    import numpy as np

    seconds = len(left) // _WINDOWS_A_SECOND
    by_second = [
        values[: seconds * _WINDOWS_A_SECOND].reshape(seconds, -1).mean(axis=1) for values in (left, right, middle)
    ]
    first, second, both = by_second
    heard = np.maximum(first, second) > floor
    together = heard & (np.minimum(first, second) > np.maximum(floor, 0.05 * np.maximum(first, second)))
    if together.sum() < 2 or together.sum() < 0.5 * heard.sum():
        return Verdict(_MIX)  # two people with a microphone each speak by turns: their mix has both
    likeness = (2 * both - (first + second) / 2)[together] / np.sqrt(first * second)[together]
    if float((np.abs(likeness) < _UNLIKE).mean()) < 0.7:
        return Verdict(_MIX)
    speaks = {name: _has_pauses(values) for name, values in (("left", left), ("right", right))}
    if speaks["left"] and speaks["right"]:
        return Verdict(
            "left",
            "Left and right of the sound have nothing in common, as where each is another language: the left channel "
            "is recognised, and that is a guess. Set audio_channel to left, right or mix.",
        )
    if speaks["left"] or speaks["right"]:
        taken, other = ("left", "right") if speaks["left"] else ("right", "left")
        return Verdict(
            taken,
            f"Left and right of the sound have nothing in common, and the {other} one does not sound like speech: "
            f"the {taken} channel is recognised. Set audio_channel to choose another way.",
        )
    return Verdict(_MIX)


def _has_pauses(power: Powers) -> bool:
    import numpy as np

    return float((power < np.percentile(power, 90) * _power(-_PAUSE_DB)).mean()) > _PAUSES


class Levels:
    """Takes left and right of a sound, its centre and the others, block by block, and keeps their energies.

    Args:
        centre: whether there is one.
        others: how many channels there are besides.
    """

    def __init__(self, *, centre: bool, others: int = 0) -> None:
        self._channels = (4 if others else 3) if centre else 2
        self._others = others
        self._rest = bytearray()
        self._found: list[Powers] = []
        self._taken_bytes = 0

    @classmethod
    def of(cls, track: AudioTrack) -> Levels | None:
        """Return what takes the energies of a track; None where it has no channels to compare."""
        centre = _has_centre(track)
        return cls(centre=centre, others=max(0, track.channels - 3)) if centre or track.channels == 2 else None

    @property
    def filters(self) -> str:
        """Return ffmpeg's filters that give what is to be taken.

        The others are halved: of a sound that is in front and behind alike, the mix has lost nothing.
        """
        taken = "|".join(f"c{number}=c{number}" for number in range(min(self._channels, 3)))
        others = "|c3=" + "+".join(f"0.5*c{number}" for number in range(3, 3 + self._others)) if self._others else ""
        return f"pan={self._channels}c|{taken}{others},aresample={_RATE_HZ}:filter_size={_FILTER_SIZE}"

    @property
    def seconds(self) -> float:
        """Return how much was taken."""
        return self._taken_bytes / (4 * self._channels * _RATE_HZ)

    def take(self, block: bytes) -> None:
        """Take the next bytes of the sound: 32-bit floats, the channels by turns."""
        self._taken_bytes += len(block)
        self._rest += block
        if len(self._rest) >= _AT_ONCE_BYTES:
            self._take_whole()

    def _take_whole(self) -> None:
        """Take the energies of all that makes whole windows."""
        window = 4 * self._channels * (_RATE_HZ // _WINDOWS_A_SECOND)
        whole = len(self._rest) - len(self._rest) % window
        if whole:
            self._found.append(self._powers(bytes(self._rest[:whole]), whole // window))
            del self._rest[:whole]

    def powers(self) -> Powers:
        """Return the energies, a row for each tenth of a second, and for what is left of one at the end."""
        import numpy as np

        self._take_whole()
        last = bytes(self._rest[: len(self._rest) - len(self._rest) % (4 * self._channels)])
        found = [*self._found, *([self._powers(last, 1)] if last else [])]
        return np.concatenate(found) if found else np.zeros((0, 0))

    def _powers(self, samples: bytes, windows: int) -> Powers:
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore"):  # a damaged sound of floats can hold what is no number
            sound = np.frombuffer(samples, dtype="<f4").reshape(windows, -1, self._channels).astype(np.float64)
            left, right, *more = np.moveaxis(sound, 2, 0)
            parts = [left, right, (left + right) / 2, (left - right) / 2, *more[:1]]
            if self._others:
                # Differences of neighbouring samples have no rumble in them, as the low frequency channel has.
                parts += [
                    np.diff(part, axis=1, prepend=part[:, :1]) for part in (more[0] + 0.3 * (left + right), more[1])
                ]
            found = np.stack([np.square(part).mean(axis=1) for part in parts], axis=1)
        powers: Powers = np.nan_to_num(found, posinf=0.0)
        return powers


def _has_centre(track: AudioTrack) -> bool:
    return track.channels > 2 and track.layout in _WITH_CENTRE


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))
