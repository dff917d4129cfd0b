"""How one attempt at a piece decodes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DecodingStrategy:
    """How one attempt decodes.

    Attributes:
        name: in words, for the record.
        prompt: text that the model is to believe came before.
        temperature: 0 for the likeliest text; above it, hypotheses are drawn.
        forbid_repeats: whether three words may not come twice in a row.
        own_script: whether all letters are barred but those of the script that the text is to be in in the end.
        max_tokens: where to stop; 0 for the model's own limit.
        own_length: whether sound is encoded in about its own length, not filled up to the 30 s that the model was
            trained on.
        least_ms: that length at least.
        timed: whether the model writes when each sentence begins and ends, once it is known what is decoded together.
        encoded_ms: that length, once it is known which windows are encoded together; 0: not known, or 30 s.
    """

    name: str = "beam search"
    prompt: str = ""
    temperature: float = 0.0
    forbid_repeats: bool = False
    own_script: bool = False
    max_tokens: int = 0
    own_length: bool = False
    least_ms: int = 0
    encoded_ms: int = 0
    timed: bool = False
