"""HEAVY: convert a Keras network to an OpenVINO graph, whichever backend trained it.

The converter reads TensorFlow's functions. A network that was fitted on another backend (JAX, on a
GPU) is saved and converted by TensorFlow in a process of its own: a process has one backend.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras

from core.config import ROOT
from core.errors import TrainingError

_CODE = """
import sys, keras
network = keras.saving.load_model(sys.argv[1], compile=False)
network.export(sys.argv[2], format="openvino", verbose=False)
"""


def convert(network: keras.Model, path: Path) -> None:
    """Write ``network`` as OpenVINO IR to ``path``, as Keras's export leaves it.

    Raises
    ------
    TrainingError
        If another backend trained it and TensorFlow cannot convert it.
    """
    if keras.backend.backend() == "tensorflow":
        network.export(str(path), format="openvino", verbose=False)
        return
    saved = path.with_suffix(".keras")
    network.save(saved)
    made = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",  # the GPU is the fit's
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(saved), str(path)],
        cwd=ROOT, env=made, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise TrainingError(
            f"The network was trained by Keras on {keras.backend.backend()}, and TensorFlow, which "
            f"converts it, ended with exit code {done.returncode}: {said}.",
            remedy="Install this release's requirements beside the backend, and start the run "
            "again: what was fitted is kept.",
        )
