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
from samvad.documents.probe import AudioTrack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Powers = npt.NDArray[np.float64]

_WINDOWS_A_SECOND = 10
#: Samples a second in which voices are compared: they are told apart by far lower sounds than it keeps.
_RATE_HZ = 8000
#: ffmpeg's names of the channel layouts that have a centre channel, without what stands in brackets.
_WITH_CENTRE = frozenset({"3.0", "3.1", "4.0", "4.1", "5.0", "5.1", "6.0", "6.1", "7.0", "7.1"})
_MIX, _SIDE, _WITHOUT_CENTRE = "mix", "side", "left and right"
#: Nothing is heard below this (dB of full scale), nor so much below the loud moments of the same sound.
_SILENT_DB, _BELOW_LOUD_DB = -60.0, 30.0
#: Of the mean energy of left and right: below it, their mix has lost what they have. Unlike sounds keep a half.
_CANCELLED = 0.1
_MOSTLY, _OFTEN, _HARDLY = 0.9, 0.2, 0.02
#: Sounds of so small a correlation have nothing in common; a centre channel's speech in left and right has nearly 1.
_UNLIKE = 0.3
#: Speech has pauses between words: so many moments are so much below its loud ones. Music and noise have few.
_PAUSES, _PAUSE_DB = 0.12, 18.0


@dataclass(frozen=True)
class Verdict:
    """What is to be heard of a sound.

    Attributes:
        channel: ``mix``, ``side`` (half the difference of left and right), ``left and right``, ``left`` or ``right``.
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
        return ["pan=mono|c0<FC+0.3*FL+0.3*FR"]
    return []


def judge(powers: Powers, downmix: str) -> Verdict:
    """Say what is to be heard of a sound.

    Args:
        powers: from ``Levels.powers``: a row for each tenth of a second; left, right, their mean, half their
            difference, and the centre where there is one.
        downmix: ``centre`` or ``plain``: where there is a centre, whether it is taken for the dialogue.
    """
    import numpy as np

    if len(powers) == 0:
        return Verdict(_MIX)
    if powers.shape[1] > 4:
        if downmix != "centre" or np.percentile(powers[:, 4], 95) > _power(_SILENT_DB):
            return Verdict(_MIX)
        # A centre without a sound: speech is where a stereo sound has it.
        found = judge(powers[:, :4], downmix)
        return Verdict(_WITHOUT_CENTRE) if found.channel == _MIX else found
    left, right, middle, side = powers[:, :4].T
    mean = (left + right) / 2
    floor = max(_power(_SILENT_DB), float(np.percentile(mean, 95)) * _power(-_BELOW_LOUD_DB))
    heard = mean > floor
    if heard.sum() < _WINDOWS_A_SECOND:
        return Verdict(_MIX)
    cancelled = float((middle < _CANCELLED * mean)[heard].mean())
    louder = "left" if left[heard].sum() >= right[heard].sum() else "right"
    if cancelled > _OFTEN:
        in_phase = float((side < _CANCELLED * mean)[heard].mean())
        taken = _SIDE if cancelled > _MOSTLY and in_phase < _HARDLY else louder
        return Verdict(
            taken,
            f"Left and right of the sound are in opposite phase for {cancelled:.0%} of what is heard, so that a mix of "
            f"them loses it: {'their difference' if taken == _SIDE else f'the {taken} channel'} is recognised. "
            "Set audio_channel to choose another way.",
        )
    return _two_sounds(left, right, middle, floor)


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
    """Takes left and right of a sound, and its centre, block by block, and keeps their energies.

    Args:
        centre: whether there is one.
    """

    def __init__(self, *, centre: bool) -> None:
        self._channels = 3 if centre else 2
        self._rest = b""
        self._found: list[Powers] = []
        self._taken_bytes = 0

    @classmethod
    def of(cls, track: AudioTrack) -> Levels | None:
        """Return what takes the energies of a track; None where it has no channels to compare."""
        centre = _has_centre(track)
        return cls(centre=centre) if centre or track.channels == 2 else None

    @property
    def filters(self) -> str:
        """Return ffmpeg's filters that give what is to be taken."""
        taken = "3c|c0=FL|c1=FR|c2=FC" if self._channels > 2 else "2c|c0=c0|c1=c1"
        return f"pan={taken},aresample={_RATE_HZ}"

    @property
    def seconds(self) -> float:
        """Return how much was taken."""
        return self._taken_bytes / (4 * self._channels * _RATE_HZ)

    def take(self, block: bytes) -> None:
        """Take the next bytes of the sound: 32-bit floats, the channels by turns."""
        self._taken_bytes += len(block)
        block = self._rest + block
        window = 4 * self._channels * (_RATE_HZ // _WINDOWS_A_SECOND)
        whole = len(block) - len(block) % window
        self._rest = block[whole:]
        if whole:
            self._found.append(self._powers(block[:whole], whole // window))

    def powers(self) -> Powers:
        """Return the energies, a row for each tenth of a second, and for what is left of one at the end."""
        import numpy as np

        last = self._rest[: len(self._rest) - len(self._rest) % (4 * self._channels)]
        found = [*self._found, *([self._powers(last, 1)] if last else [])]
        return np.concatenate(found) if found else np.zeros((0, 0))

    def _powers(self, samples: bytes, windows: int) -> Powers:
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore"):  # a damaged sound of floats can hold what is no number
            sound = np.frombuffer(samples, dtype="<f4").reshape(windows, -1, self._channels).astype(np.float64)
            left, right, *centre = np.moveaxis(sound, 2, 0)
            parts = [left, right, (left + right) / 2, (left - right) / 2, *centre]
            found = np.stack([np.square(part).mean(axis=1) for part in parts], axis=1)
        powers: Powers = np.nan_to_num(found, posinf=0.0)
        return powers


def _has_centre(track: AudioTrack) -> bool:
    return track.layout.split("(")[0] in _WITH_CENTRE


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))
