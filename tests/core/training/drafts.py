"""A draft of a version for tests: everything around the network, none of it trained."""

import numpy as np

from core.architectures import ARCHITECTURES


def draft(*, task="phantom_ct", spec="simple_cnn", n_gate=96, name="test-1"):
    from core.inference.calibration import Calibration
    from core.inference.card import TrainingData
    from core.inference.gate_fitting import fit_gate
    from core.preprocessing import Recipe
    from core.tasks import load_task
    from core.training.version import VersionDraft

    found = load_task(task)
    features = np.random.default_rng(0).normal(size=(40, n_gate))
    return VersionDraft(
        task=found,
        spec=ARCHITECTURES[spec],
        recipe=Recipe.from_task(found),
        name=name,
        title="For tests",
        training_data=TrainingData(name="none", n=0, split="none", licence="none"),
        calibration=Calibration(),
        gate=fit_gate(features, np.arange(40) // 2, held_out_distances=np.full(5, 1.9)),
    )
