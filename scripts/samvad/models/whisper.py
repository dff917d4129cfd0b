"""A Whisper model in CTranslate2's form, as faster-whisper loads it: PyTorch is not needed.

Languages have our codes on this side and Whisper's own on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samvad.core.errors import ModelError
from samvad.core.failures import is_memory_shortage
from samvad.models.weights import ResolvedModel
from samvad.text import languages

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A second.
_FEWEST_FRAMES = 100


class Whisper:
    """A Whisper model, loaded.

    Args:
        found: the weights.
        device: ``cpu`` or ``cuda``, as ``weights.resolve_device`` says.
        compute_type: a type of CTranslate2.
        threads: CPU threads; 0 for as many as CTranslate2 takes by itself.
        workers: batches that are decoded at once, and share the threads.

    Raises:
        ModelError: the weights cannot be loaded.
    """

    def __init__(
        self, found: ResolvedModel, device: str, compute_type: str, threads: int = 0, workers: int = 1
    ) -> None:
        from faster_whisper import WhisperModel

        self.found = found
        if not (found.folder / "tokenizer.json").is_file():
            raise ModelError(  # faster-whisper would look for one at the hub
                f"The model in {found.folder} has no tokenizer.json.",
                "Copy that of the Whisper model that it was made from into the folder.",
                path=str(found.folder),
            )
        try:
            self.model = WhisperModel(
                str(found.folder),
                device=device,
                compute_type=compute_type,
                cpu_threads=max(1, threads // workers) if threads else 0,
                num_workers=workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            if is_memory_shortage(error):
                raise
            raise ModelError(
                f"The model in {found.folder} cannot be loaded: {error}.",
                "Is it a whole Whisper model in CTranslate2 form? Copy a folder of your own again; delete one that was "
                "fetched, and it is fetched anew.",
                path=str(found.folder),
            ) from error
        self._tokenizers: dict[tuple[str, str], Any] = {}

    @property
    def multilingual(self) -> bool:
        """Return whether the model knows more than English."""
        return bool(self.model.model.is_multilingual)

    def tokenizer(self, language: str, task: str) -> Any:
        """Return the tokenizer whose prompt names a language and a task; made once.

        Args:
            language: our code.
            task: ``transcribe`` or ``translate``.

        Raises:
            ModelError: the model was not trained on the language.
        """
        from faster_whisper.tokenizer import Tokenizer

        if (language, task) not in self._tokenizers:
            theirs = languages.for_whisper(language)
            made = Tokenizer(self.model.hf_tokenizer, self.multilingual, task=task, language=theirs)
            if self.multilingual and made.language is None:
                raise ModelError(
                    f"The Whisper model {self.found.name} was not trained on the language {language}.",
                    "Choose a model that was, such as large-v3.",
                )
            self._tokenizers[language, task] = made
        return self._tokenizers[language, task]

    def unspoken(self, language: str, task: str) -> set[int]:
        """Return the tokens of symbols that no one speaks, such as musical notes and brackets (Whisper's own list)."""
        from faster_whisper.transcribe import get_suppressed_tokens

        return set(get_suppressed_tokens(self.tokenizer(language, task), [-1]))

    def prompt(
        self, language: str, task: str, before: str = "", most_tokens: int = 0, *, timed: bool = False
    ) -> list[int]:
        """Return what decoding starts from.

        Args:
            language: our code.
            task: ``transcribe`` or ``translate``.
            before: text that the model is to believe came before.
            most_tokens: of that text.
            timed: whether the model writes when each sentence begins and ends, among its text.
        """
        tokenizer = self.tokenizer(language, task)
        earlier = tokenizer.encode(f" {before.strip()}")[:most_tokens] if before.strip() else []
        lead = [tokenizer.sot_prev, *earlier] if earlier else []
        return [*lead, *tokenizer.sot_sequence, *([] if timed else [tokenizer.no_timestamps])]

    @staticmethod
    def length_limit(prompt: int, tokens: int) -> int:
        """Return the ``max_length`` with which CTranslate2 writes so many tokens after a prompt of so many.

        It writes half of it at most, and no more than the prompt leaves of it (``WhisperReplica::generate``).
        """
        return max(2 * tokens, prompt + tokens)

    def features(self, pieces: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of pieces of sound (float32, 16 kHz), each filled up with silence to 30 s.

        Only the sound is transformed: silence has the spectrogram's lowest value, which is known without a transform.
        """
        import numpy as np

        extractor = self.model.feature_extractor
        batch = []
        for piece in pieces:
            mel = extractor(piece[: extractor.n_samples], padding=extractor.n_fft)[..., : extractor.nb_max_frames]
            # The spectrogram is cut off 8 (of log10) below its peak, then scaled by a quarter.
            silence = max(-1.5, float(mel.max()) - 2.0) if mel.size else -1.5
            missing = extractor.nb_max_frames - mel.shape[-1]
            batch.append(np.pad(mel, ((0, 0), (0, missing)), constant_values=silence))
        return np.stack(batch).astype(np.float32, copy=False)

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        """Return spectrograms as the encoder hears them.

        On a CPU one after the other: the result is the same to the bit, in a fifth less CPU time, as what all of them
        ask for at once (300 MB a layer for four windows of base) comes from the kernel page by page.
        """
        if self.model.model.device != "cpu" or len(features) < 2:
            return self.model.encode(features)
        import numpy as np
        from ctranslate2 import StorageView

        heard = [np.asarray(self.model.encode(features[place : place + 1])) for place in range(len(features))]
        return StorageView.from_array(np.concatenate(heard))

    def languages_briefly(self, sounds: Sequence[npt.NDArray[np.float32]], silence_ms: int) -> list[dict[str, float]]:
        """Return the probability of each language in sounds (float32, 16 kHz), encoded together in their own length.

        Whisper was trained on 30 s: what is clearly said is heard all the same, in a fraction of the time. What is not
        is for ``languages_heard``.

        Args:
            sounds: up to 30 s each, all of as many ``brief_frames``.
            silence_ms: how much silence follows each.
        """
        import numpy as np

        extractor = self.model.feature_extractor
        silence = np.zeros(extractor.sampling_rate * silence_ms // 1000, dtype=np.float32)
        frames = max(self.brief_frames(len(sound) + len(silence)) for sound in sounds)
        mels = []
        for sound in sounds:
            mel = extractor(np.concatenate([sound, silence])[: extractor.n_samples], padding=0)[..., :frames]
            lowest = float(mel.min()) if mel.size else -1.5
            mels.append(np.pad(mel, ((0, 0), (0, frames - mel.shape[-1])), constant_values=lowest))
        return self.languages_heard(self.model.encode(np.stack(mels).astype(np.float32, copy=False)))

    def brief_frames(self, samples: int) -> int:
        """Return in how many frames so many samples are encoded where only their language is asked.

        The encoder takes every second frame; what is less than a second is filled up to one. No more is filled up: a
        tenth of a second of silence may turn an unsure answer round.
        """
        extractor = self.model.feature_extractor
        frames = int(min(samples // extractor.hop_length, extractor.nb_max_frames))
        return max(frames + frames % 2, _FEWEST_FRAMES)

    def languages_heard(self, encoded: Any) -> list[dict[str, float]]:
        """Return for each encoded piece the probability of each language."""
        return [
            {languages.from_whisper(token[2:-2]): probability for token, probability in ranking}
            for ranking in self.model.model.detect_language(encoded)
        ]
