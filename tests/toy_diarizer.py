"""Write a pyannote pipeline that tells nobody apart: enough to see that stage 04 can use one from a folder.

Its segmentation is the network that WhisperX carries for voice detection; its speaker embedding has learned nothing.
Run in the environment ``asr``: python tests/toy_diarizer.py FOLDER
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import numpy as np
import torch
import yaml
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import XVectorMFCC

DIMENSION = 16

CONFIG = {
    "dependencies": {"pyannote.audio": "4.0.0"},
    "pipeline": {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {
            "segmentation": "$model/segmentation",
            "embedding": "$model/embedding",
            "plda": "$model/plda",
            "clustering": "AgglomerativeClustering",
        },
    },
    "params": {
        "clustering": {"method": "centroid", "min_cluster_size": 1, "threshold": 0.7},
        "segmentation": {"min_duration_off": 0.0, "threshold": 0.5},
    },
}


def main(folder: Path) -> None:
    for name in ("segmentation", "embedding", "plda"):
        (folder / name).mkdir(parents=True)
    weights = resources.files("whisperx") / "assets" / "pytorch_model.bin"
    (folder / "segmentation" / "pytorch_model.bin").write_bytes(weights.read_bytes())
    torch.manual_seed(0)
    model = XVectorMFCC(dimension=DIMENSION)
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=3.0, min_duration=1.0
    )
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": "2.0.0",
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "embedding" / "pytorch_model.bin")
    nothing, same = np.zeros(DIMENSION), np.eye(DIMENSION)
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=nothing, mean2=nothing, lda=same)
    np.savez(folder / "plda" / "plda.npz", mu=nothing, tr=same, psi=np.linspace(2.0, 1.0, DIMENSION))
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
