"""WhisperX's way: one window from the first word to the last, and on a GPU spectrograms by PyTorch.

WhisperX's pipeline itself is not imported. It wraps the same decoding in a class of transformers that costs 5 CPU
seconds to import, and drops no_speech_prob, compression_ratio, temperature and word times on the way.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from samvad.stages.asr import windows
from samvad.stages.asr.engine import Engine
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


log = logging.getLogger(__name__)


class WhisperXEngine(Engine):
    """A Whisper model that hears what WhisperX's pipeline would hear.

    Raises:
        ModelError: the weights cannot be loaded.
    """

    name = "whisperx"

    def windows(self, speech: Sequence[Region]) -> list[Window]:
        """Return the windows to decode, each with the silence in it."""
        return windows.spans(speech, windows.SHORT_SPAN_MS if self.own_length else windows.LONGEST_MS)

    def features(self, pieces: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of pieces of sound, each filled up with silence to 30 s.

        On a CPU NumPy gives the same to 0.00005 of 2.5, and PyTorch (4 CPU seconds) need not be loaded for it.
        """
        if self.options.device == "cpu":
            return super().features(pieces)
        import numpy as np
        from whisperx.audio import N_SAMPLES, log_mel_spectrogram

        size = self._whisper.model.feat_kwargs.get("feature_size") or 80
        batch = [
            log_mel_spectrogram(
                piece[:N_SAMPLES], n_mels=size, padding=max(0, N_SAMPLES - len(piece)), device=self.options.device
            )
            for piece in pieces
        ]
        return np.stack([mel.cpu().numpy() for mel in batch])
