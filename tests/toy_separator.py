"""Write a demucs model that has learned nothing: enough to see that stage 04 can use one from a folder.

Run with the Python that demucs is installed in: python tests/toy_separator.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from demucs.demucs import Demucs
from demucs.states import get_state


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    sources = ["drums", "bass", "other", "vocals"]
    model = Demucs(sources, channels=4, depth=2, lstm_layers=0, dconv_mode=0, segment=8, samplerate=44_100)
    args, kwargs = model._init_args_kwargs
    package = {"klass": Demucs, "args": args, "kwargs": kwargs, "state": get_state(model, None), "training_args": {}}
    torch.save(package, folder / "toy.th")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
