"""Run IndicTrans2 with transformers: the option. It runs the code that comes with the model, so both are pinned.

The tokenizer of the hub is not used: it needs the same code for nothing but two dictionaries and two SentencePiece
models, which are read here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core.errors import ModelError
from samvad.models import origins
from samvad.stages.translation import text_backend

_MAX_TARGET = 256
_END, _UNKNOWN = "</s>", "<unk>"
FILES = ("dict.SRC.json", "dict.TGT.json", "model.SRC", "model.TGT")


@dataclass(frozen=True)
class Source:
    """Where a model comes from: a folder (``revision`` is None), or a repository of the hub at a commit."""

    place: str
    revision: str | None


def find(folder: Path, hub: str, revision: str) -> tuple[Source, dict[str, Path]]:
    """Return a model's source and its vocabulary files: those of a folder, else of the hub at a pinned commit.

    Raises:
        ModelError: it is neither here nor to be had; says how to get it.
    """
    if (folder / "config.json").is_file() and not (folder / "model.bin").is_file():
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise ModelError(f"{folder} has no {', '.join(missing)}.", "Fetch the repository whole.", path=str(folder))
        return Source(str(folder), None), {name: folder / name for name in FILES}
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        files = {name: Path(hf_hub_download(hub, name, revision=revision)) for name in FILES}
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{folder} holds no model for translation.runtime transformers, and {hub} at {revision} cannot be fetched "
            f"({type(error).__name__}).",
            f"Accept the terms of {hub} on the hub with an account, then `hf download {hub} --revision {revision} "
            f"--local-dir {folder}`; it is about 1 GB, under the MIT licence. Or set translation.runtime "
            "to ctranslate2.",
            path=str(folder),
        ) from None
    return Source(hub, revision), files


class TransformersWeights:
    """One loaded model; decodes as ``text_backend.Weights`` does.

    Args:
        source: from ``find``.
        files: from ``find``.
        device: ``cpu`` or ``cuda``.
        threads: CPU threads.

    Raises:
        ModelError: it cannot be loaded.
    """

    adds_end = False

    def __init__(self, source: Source, files: dict[str, Path], device: str, threads: int) -> None:
        """Load it; the code is that of the same commit as the weights."""
        import torch
        from transformers import AutoModelForSeq2SeqLM

        torch.set_num_threads(threads)
        # Weights that are not here yet are checked when they are used again: the library fetches and loads at once.
        origins.check(files[FILES[0]].parent, origins.ANEW)
        pins = {"revision": source.revision, "code_revision": source.revision} if source.revision else {}
        try:
            self._model: Any = AutoModelForSeq2SeqLM.from_pretrained(source.place, trust_remote_code=True, **pins)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise text_backend.cannot_load(Path(source.place), error) from error
        self._model = self._model.to(device).eval()
        self._device = device
        self._numbers: dict[str, int] = json.loads(files["dict.SRC.json"].read_text(encoding="utf-8"))
        targets: dict[str, int] = json.loads(files["dict.TGT.json"].read_text(encoding="utf-8"))
        self._words = {number: word for word, number in targets.items()}
        self._special = {targets[word] for word in ("<s>", "<pad>", _END, _UNKNOWN) if word in targets}

    def decode(
        self,
        sources: Sequence[Sequence[str]],
        beam_size: int,
        *,
        strictly: bool,
        prefix: Sequence[str] | None = None,
    ) -> list[list[tuple[list[str], float, int]]]:
        """Return for each source its hypotheses: subwords, summed log probability, tokens."""
        import torch

        unknown = self._numbers[_UNKNOWN]
        rows = [[self._numbers.get(word, unknown) for word in source] for source in sources]
        longest = max(map(len, rows))
        padding = self._numbers["<pad>"]
        # Padding goes to the left, as in the hub's tokenizer; positions count from the first token in any case.
        ids = torch.tensor([[padding] * (longest - len(row)) + row for row in rows], device=self._device)
        count = min(text_backend.HYPOTHESES, beam_size)
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=ids,
                attention_mask=(ids != padding).long(),
                num_beams=beam_size,
                num_return_sequences=count,
                max_new_tokens=min(_MAX_TARGET, 2 * longest + 16),
                do_sample=False,
                no_repeat_ngram_size=3 if strictly else 0,
                repetition_penalty=1.1 if strictly else 1.0,
                return_dict_in_generate=True,
                output_scores=True,
            )
        indices = getattr(made, "beam_indices", None)
        steps = self._model.compute_transition_scores(
            made.sequences, made.scores, indices, normalize_logits=beam_size == 1
        )
        found = []
        for row, score in zip(made.sequences.tolist(), steps.tolist(), strict=True):
            words = [self._words[number] for number in row if number not in self._special and number in self._words]
            real = [value for value in score if value > float("-inf") and value != 0.0]
            found.append((words, sum(real), max(1, len(words))))
        return [found[at : at + count] for at in range(0, len(found), count)]
