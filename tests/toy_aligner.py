"""Write a wav2vec2 aligner that has learned nothing: enough to see that stage 04 can use one from a folder.

Run in the environment ``asr``: python tests/toy_aligner.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

CHARACTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz'"]


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({character: place for place, character in enumerate(CHARACTERS)}))
    torch.manual_seed(0)
    extractor = Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=16_000, padding_value=0.0, do_normalize=True, return_attention_mask=False
    )
    Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))).save_pretrained(folder)
    config = Wav2Vec2Config(
        vocab_size=len(CHARACTERS),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(32,) * 7,
        pad_token_id=0,
    )
    Wav2Vec2ForCTC(config).save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
