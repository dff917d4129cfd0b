"""An IndicTrans2-shaped model with random weights, and a forward pass of its own, written from the papers with torch.

Run in the translation environment: ``python indictrans2_reference.py FOLDER`` writes such models below the folder as
the hub has them, and converts them. It fails if this forward pass and the converted model disagree by more than 1e-4 in
the log probability of any token of a translation.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import ctranslate2
import torch
from safetensors.torch import save_file
from torch.nn import functional

from samvad.stages.translation import conversion

CONFIG = {
    "encoder_vocab_size": 60, "decoder_vocab_size": 50, "encoder_embed_dim": 32, "decoder_embed_dim": 32,
    "encoder_layers": 3, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_source_positions": 64, "max_target_positions": 64,
    "encoder_normalize_before": True, "decoder_normalize_before": True, "layernorm_embedding": False,
    "share_decoder_input_output_embed": False, "scale_embedding": True, "activation_function": "gelu",
}  # fmt: skip
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def random_tensors(config: dict) -> dict[str, torch.Tensor]:
    """Return random weights under the hub's names."""
    torch.manual_seed(5)
    width = config["encoder_embed_dim"]
    made = {}

    def linear(name: str, rows: int, columns: int) -> None:
        made[f"{name}.weight"] = torch.randn(rows, columns) * 0.2
        made[f"{name}.bias"] = torch.randn(rows) * 0.1

    def norm(name: str) -> None:
        made[f"{name}.weight"] = 1 + torch.randn(width) * 0.1
        made[f"{name}.bias"] = torch.randn(width) * 0.1

    for side in ("encoder", "decoder"):
        base = f"model.{side}"
        made[f"{base}.embed_tokens.weight"] = torch.randn(config[f"{side}_vocab_size"], width) * 0.2
        norm(f"{base}.layer_norm")
        for number in range(config[f"{side}_layers"]):
            layer = f"{base}.layers.{number}"
            for attention in ("self_attn", "encoder_attn") if side == "decoder" else ("self_attn",):
                for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{layer}.{attention}.{part}", width, width)
                norm(f"{layer}.{attention}_layer_norm")
            linear(f"{layer}.fc1", config[f"{side}_ffn_dim"], width)
            linear(f"{layer}.fc2", width, config[f"{side}_ffn_dim"])
            norm(f"{layer}.final_layer_norm")
    made["lm_head.weight"] = torch.randn(config["decoder_vocab_size"], width) * 0.3
    return made


class Reference:
    """The forward pass, step by step, for one sentence."""

    def __init__(self, config: dict, tensors: dict[str, torch.Tensor]) -> None:
        self.config, self.tensors = config, tensors

    def log_probabilities(self, source: list[int], target: list[int]) -> torch.Tensor:
        """Return the log probabilities of every word at each place of the target, which begins with the start token."""
        memory = self.side("encoder", source, None)
        hidden = self.side("decoder", target, memory)
        return functional.log_softmax(hidden @ self.tensors["lm_head.weight"].T, dim=-1)

    def side(self, side: str, tokens: list[int], memory: torch.Tensor | None) -> torch.Tensor:
        base = f"model.{side}"
        width = self.config["encoder_embed_dim"]
        hidden = self.tensors[f"{base}.embed_tokens.weight"][tokens] * math.sqrt(width)
        place = torch.arange(2, 2 + len(tokens))[:, None]  # fairseq's positions begin after the padding token's number
        rate = torch.exp(torch.arange(width // 2) * -(math.log(10000) / (width // 2 - 1)))
        hidden = hidden + torch.cat([torch.sin(place * rate), torch.cos(place * rate)], dim=1)
        for number in range(self.config[f"{side}_layers"]):
            layer = f"{base}.layers.{number}"
            normed = self.norm(f"{layer}.self_attn_layer_norm", hidden)
            hidden = hidden + self.attention(f"{layer}.self_attn", normed, normed, causal=memory is not None)
            if memory is not None:
                normed = self.norm(f"{layer}.encoder_attn_layer_norm", hidden)
                hidden = hidden + self.attention(f"{layer}.encoder_attn", normed, memory, causal=False)
            normed = self.norm(f"{layer}.final_layer_norm", hidden)
            hidden = hidden + self.linear(f"{layer}.fc2", functional.gelu(self.linear(f"{layer}.fc1", normed)))
        return self.norm(f"{base}.layer_norm", hidden)

    def linear(self, name: str, hidden: torch.Tensor) -> torch.Tensor:
        return hidden @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def norm(self, name: str, hidden: torch.Tensor) -> torch.Tensor:
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return functional.layer_norm(hidden, hidden.shape[-1:], weight, bias)

    def attention(self, name: str, queries: torch.Tensor, keys: torch.Tensor, causal: bool) -> torch.Tensor:
        heads = self.config["encoder_attention_heads"]

        def split(hidden: torch.Tensor) -> torch.Tensor:
            return hidden.view(len(hidden), heads, -1).transpose(0, 1)

        query = split(self.linear(f"{name}.q_proj", queries))
        key, value = split(self.linear(f"{name}.k_proj", keys)), split(self.linear(f"{name}.v_proj", keys))
        scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])
        if causal:
            scores = scores + torch.full(scores.shape[1:], -math.inf).triu(1)
        mixed = (torch.softmax(scores, dim=-1) @ value).transpose(0, 1).reshape(len(queries), -1)
        return self.linear(f"{name}.out_proj", mixed)


def words(size: int) -> list[str]:
    """Return a made-up vocabulary."""
    return [*SPECIAL, *(f"w{number}" for number in range(len(SPECIAL), size))]


def write_hub(folder: Path, config: dict, tensors: dict[str, torch.Tensor]) -> None:
    """Write the model as the hub's repository holds it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors")
    for side, key in (("SRC", "encoder_vocab_size"), ("TGT", "decoder_vocab_size")):
        numbers = {word: number for number, word in enumerate(words(config[key])[:-2])}  # two rows without a word
        (folder / f"dict.{side}.json").write_text(json.dumps(numbers))
        (folder / f"model.{side}").write_bytes(b"pieces")


def main(folder: Path) -> int | str:
    """Write, convert, compare."""
    worst = 0.0
    for dtype in (torch.float32, torch.bfloat16):
        tensors = {name: value.to(dtype) for name, value in random_tensors(CONFIG).items()}
        hub, made = folder / f"hub {dtype}", folder / f"made {dtype}"
        write_hub(hub, CONFIG, tensors)
        conversion.convert(hub, made, "float32")
        reference = Reference(CONFIG, {name: value.float() for name, value in tensors.items()})
        translator = ctranslate2.Translator(str(made), compute_type="float32", intra_threads=1)
        source, target = [7, 9, 30, 31, 8, 12, 5], [11, 4, 23, 40, 6]
        scored = translator.score_batch(
            [[words(60)[number] for number in source]], [[words(50)[number] for number in target]]
        )[0]
        expected = reference.log_probabilities([*source, 2], [2, *target])
        ours = [expected[place, number].item() for place, number in enumerate([*target, 2])]
        worst = max(worst, *(abs(one - other) for one, other in zip(ours, scored.log_probs, strict=True)))
    return 0 if worst < 1e-4 else f"they differ by {worst}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
