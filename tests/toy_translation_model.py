"""Train a toy translation model and write it as CTranslate2 and SentencePiece files: a stand-in for IndicTrans2.

Run it in the translation environment: ``python toy_translation_model.py FOLDER``. The model is a real transformer that
has learned to translate made-up sentences such as "राम लाल किताब देखता है ।" to "Ram sees the red book ." and back. It
is written below FOLDER in two layouts that packers use, and as NLLB would lie there::

    indic-en/ct2_int8_model/model.bin     indic-en/vocab/model.SRC, model.TGT
    en-indic/model.bin                    en-indic/fairseq_model/vocab/model.SRC, model.TGT
    nllb/model.bin                        nllb/sentencepiece.bpe.model

It has learned NLLB's way too: one tag before the source, the target's tag as the first word of the translation.

The same figures come out of every run on one machine.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import ctranslate2
import numpy as np
import sentencepiece
import torch
from ctranslate2.specs import TransformerSpec
from torch import nn

SUBJECTS = {"राम": "Ram", "सीता": "Sita", "मोहन": "Mohan", "माँ": "Mother", "भाई": "Brother", "रानी": "Rani"}
OBJECTS = {"पानी": "water", "किताब": "book", "घर": "house", "चाँद": "moon", "फूल": "flower", "नाव": "boat"}
ADJECTIVES = {"": "", "लाल": "red", "नया": "new", "पुराना": "old", "बड़ा": "big"}
VERBS = {"देखता": "sees", "चाहता": "wants", "लाता": "brings", "बेचता": "sells"}
ENDS = {"।": ".", "?": "?"}
#: Placeholders as tokenizers leave them: the toy learns to copy them, as IndicTrans2 was trained to.
FIRST, SECOND = "< ID1 >", "< ID2 >"
INDIC_TAGS = ("hin_Deva", "guj_Gujr", "ben_Beng")
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "eng_Latn", *INDIC_TAGS]
PAD, END = 1, 2

WIDTH, HEADS, LAYERS, HIDDEN = 64, 4, 2, 128
MAX_TOKENS = 260  # what IndicTrans2 takes, and a little more
STEPS, BATCH, LEARNING_RATE = 400, 64, 3e-3


def sentence_pairs() -> list[tuple[str, str]]:
    """Return every sentence of the made-up language with its translation, both in tokens set apart by spaces."""
    pairs = []
    subjects, objects = {**SUBJECTS, FIRST: FIRST}, {**OBJECTS, FIRST: FIRST, SECOND: SECOND}
    for subject, adjective, thing, verb, end in itertools.product(subjects, ADJECTIVES, objects, VERBS, ENDS):
        if (subject == FIRST and thing == FIRST) or (subject != FIRST and thing == SECOND):
            continue
        indic = f"{subject} {adjective} {thing} {verb} है {end}"
        english = f"{subjects[subject]} {VERBS[verb]} the {ADJECTIVES[adjective]} {objects[thing]} {ENDS[end]}"
        pairs.append((" ".join(indic.split()), " ".join(english.split())))
    return pairs


def train_pieces(pairs: list[tuple[str, str]]) -> bytes:
    """Return a SentencePiece model of both languages."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(text for pair in pairs for text in pair),
        model_writer=model,
        model_type="bpe",
        vocab_size=200,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


class Toy(nn.Module):
    """A small transformer, its layer norms before each step as IndicTrans2's."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, WIDTH)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        self.body = nn.Transformer(WIDTH, HEADS, LAYERS, LAYERS, HIDDEN, dropout=0.0, norm_first=True, batch_first=True)
        self.output = nn.Linear(WIDTH, words)
        self.register_buffer("positions", torch.from_numpy(positions(MAX_TOKENS)))

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return embeddings with positions."""
        return self.embedding(tokens) * WIDTH**0.5 + self.positions[: tokens.shape[1]]

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return scores of the next token at each place of the target."""
        causal = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        padding = source == PAD
        hidden = self.body(
            self.embed(source),
            self.embed(target),
            tgt_mask=causal,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        return self.output(hidden)


def positions(count: int) -> np.ndarray:
    """Return sinusoidal position encodings (Vaswani et al. 2017, section 3.5)."""
    angle = np.arange(count)[:, None] / 10000 ** (np.arange(0, WIDTH, 2) / WIDTH)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def examples(pairs: list[tuple[str, str]], pieces: bytes, vocabulary: list[str]) -> list[tuple[list[int], list[int]]]:
    """Return the pairs as numbers, both ways, each with the tags of a language that is drawn for it."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    number = {word: index for index, word in enumerate(vocabulary)}

    def numbers(words: list[str]) -> list[int]:
        return [number[word] for word in words]

    made = []
    for (indic, english), tag in zip(pairs, itertools.cycle(INDIC_TAGS)):
        left = processor.encode(indic, out_type=str)
        right = processor.encode(english, out_type=str)
        made.append((numbers([tag, "eng_Latn", *left, "</s>"]), numbers([*right, "</s>"])))
        made.append((numbers(["eng_Latn", tag, *right, "</s>"]), numbers([*left, "</s>"])))
        made.append((numbers([tag, *left, "</s>"]), numbers(["eng_Latn", *right, "</s>"])))
    return made


def pad(rows: list[list[int]]) -> torch.Tensor:
    """Return rows of numbers as one tensor."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def train(data: list[tuple[list[int], list[int]]], words: int) -> Toy:
    """Return the trained model."""
    torch.manual_seed(1)
    draw = random.Random(1)
    model = Toy(words)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS, pct_start=0.15)
    for _ in range(STEPS):
        batch = draw.sample(data, BATCH)
        target = pad([row for _, row in batch])
        # IndicTrans2's decoder starts from the end token.
        shifted = torch.cat([torch.full((BATCH, 1), END), target[:, :-1]], dim=1)
        scores = model(pad([row for row, _ in batch]), shifted)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model


def converted(model: Toy, vocabulary: list[str]) -> TransformerSpec:
    """Return the model as CTranslate2 holds it."""
    spec = TransformerSpec.from_config(LAYERS, HEADS, pre_norm=True)
    # A copy, since quantization works in place.
    state = {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}

    def copy(part: object, name: str, kinds: tuple[str, str] = ("weight", "bias"), rows: slice = slice(None)) -> None:
        for kind, key in zip(kinds, ("weight", "bias"), strict=True):
            joined = f"{name}_{key}" if f"{name}_{key}" in state else f"{name}.{key}"
            setattr(part, kind, state[joined][rows])

    norm = ("gamma", "beta")
    for side, spec_side in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        embeddings = spec_side.embeddings[0] if side == "encoder" else spec_side.embeddings
        embeddings.weight = state["embedding.weight"]
        spec_side.scale_embeddings = True
        spec_side.position_encodings.encodings = state["positions"]
        copy(spec_side.layer_norm, f"body.{side}.norm", norm)
        for index, layer in enumerate(spec_side.layer):
            base = f"body.{side}.layers.{index}"
            copy(layer.self_attention.linear[0], f"{base}.self_attn.in_proj")
            copy(layer.self_attention.linear[1], f"{base}.self_attn.out_proj")
            copy(layer.self_attention.layer_norm, f"{base}.norm1", norm)
            if side == "decoder":
                copy(layer.attention.linear[0], f"{base}.multihead_attn.in_proj", rows=slice(WIDTH))
                copy(layer.attention.linear[1], f"{base}.multihead_attn.in_proj", rows=slice(WIDTH, None))
                copy(layer.attention.linear[2], f"{base}.multihead_attn.out_proj")
                copy(layer.attention.layer_norm, f"{base}.norm2", norm)
            copy(layer.ffn.linear_0, f"{base}.linear1")
            copy(layer.ffn.linear_1, f"{base}.linear2")
            copy(layer.ffn.layer_norm, f"{base}.norm3" if side == "decoder" else f"{base}.norm2", norm)
    copy(spec.decoder.projection, "output")
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.decoder_start_token = "</s>"
    spec.config.add_source_eos = True
    return spec


def write(model: Toy, vocabulary: list[str], pieces: bytes, folder: Path) -> None:
    """Write the model into both layouts."""
    for weights, vocab, quantization in (
        ("indic-en/ct2_int8_model", "indic-en/vocab", "int8"),
        ("en-indic", "en-indic/fairseq_model/vocab", None),
    ):
        spec = converted(model, vocabulary)
        spec.validate()
        spec.optimize(quantization=quantization)
        (folder / weights).mkdir(parents=True)
        spec.save(str(folder / weights))
        (folder / vocab).mkdir(parents=True)
        for name in ("model.SRC", "model.TGT"):
            (folder / vocab / name).write_bytes(pieces)
    spec = converted(model, vocabulary)
    spec.config.add_source_eos = False
    spec.validate()
    spec.optimize()
    (folder / "nllb").mkdir()
    spec.save(str(folder / "nllb"))
    (folder / "nllb" / "sentencepiece.bpe.model").write_bytes(pieces)


def exact_share(folder: Path, data: list[tuple[list[int], list[int]]], vocabulary: list[str]) -> float:
    """Return the share of sentences that the written int8 model translates word for word."""
    translator = ctranslate2.Translator(str(folder), intra_threads=1)
    # The end is added by the translator itself.
    results = translator.translate_batch([[vocabulary[number] for number in row[:-1]] for row, _ in data], beam_size=2)
    wanted = [[vocabulary[number] for number in row[:-1]] for _, row in data]
    return sum(result.hypotheses[0] == row for result, row in zip(results, wanted, strict=True)) / len(data)


def main(folder: Path) -> int | str:
    """Train, write, and try the model on sentences that it has not seen."""
    torch.set_num_threads(1)
    pairs = sentence_pairs()
    random.Random(0).shuffle(pairs)
    pieces = train_pieces(pairs)
    processor = sentencepiece.SentencePieceProcessor(model_proto=pieces)
    words = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    vocabulary = SPECIAL + [word for word in words if word not in SPECIAL]
    data = examples(pairs, pieces, vocabulary)
    unseen, seen = data[:120], data[120:]
    model = train(seen, len(vocabulary))
    write(model.eval(), vocabulary, pieces, folder)
    share = exact_share(folder / "indic-en" / "ct2_int8_model", unseen, vocabulary)
    return 0 if share > 0.9 else f"the toy learned badly: {share:.2f} of {len(unseen)} sentences are exact"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
