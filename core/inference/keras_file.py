"""HEAVY: load ``model.keras`` of a version, after manifest and scanner have let it through.

The Analyse page never comes here: it answers with the engine. Training, activation methods with
gradients and the benchmark do.
"""

from __future__ import annotations

import keras

from core.errors import ModelVersionError
from core.inference.manifest import INSTALL_AGAIN
from core.inference.package import ModelVersion, verify
from core.inference.scanner import scan_keras_file


def load_network(version: ModelVersion) -> keras.Model:
    """Return the version's Keras network, not compiled: a copy of the caller's own.

    Raises
    ------
    ModelVersionError
        If a file was changed, the scanner refuses the file, or Keras cannot read it.
    """
    verify(version)
    path = version.file("model.keras")
    scan_keras_file(path)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:  # what Keras raises for bad files
        raise ModelVersionError(
            f"Keras cannot read model.keras of model version {version.name} "
            f"({type(error).__name__}).",
            remedy=INSTALL_AGAIN,
        ) from None
