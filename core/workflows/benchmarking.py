"""``bench``: what the product promises about speed, measured here and now against the real thing.

Ours and theirs take turns in one run, so that whatever else the machine does meets both. Ratios
are of medians; the raw samples go into the answer.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.config import ROOT
from core.domain import FloatArray
from core.errors import ModelMissingError, ModelVersionError
from core.inference.package import version_names
from core.inference.views import IDENTITY, apply_view, pool_views
from core.saliency.grad_cam import class_maps, upsample
from core.tasks import load_tasks
from core.workflows.analyst import Analyst, open_analyst

MAIN_TASK = "kidney_ct"
ONE_PASS_TARGET = 1.15
VIS_TARGET = 30.0
DIFFERENCE_TARGET = 1e-3
FIRST_ANSWER_TARGET = 0.4
PAUSE_S = 0.02
SHOWN_SIZE = (512, 512)  # rows, columns of a slice as a workstation exports it
TENSORFLOW_ANSWER = (
    "import sys, numpy as np, tensorflow, keras; "
    "network = keras.models.load_model(sys.argv[1], compile=False); "
    "batch = np.load(sys.argv[2]); print(network.predict(batch, verbose=0).shape)"
)

Row = dict[str, Any]
Progress = Callable[[str], None]


def run_bench(
    *, task: str | None = None, rounds: int = 200, starts: int = 5, progress: Progress | None = None
) -> dict[str, Row]:
    """Return the five figures of docs/command-line.md, bench.

    Parameters
    ----------
    task : str or None
        None: kidney_ct where a version of it is installed, else the first task that has one.
    rounds : int
        Turns of the fast comparisons; a tenth of it for tf-keras-vis.
    starts : int
        Turns of the process starts, after one that only warms the disk.
    progress : callable or None
        Told what is measured next.

    Raises
    ------
    ModelVersionError
        If there is no usable version, or it gives no map.
    """
    tell = progress or (lambda _: None)
    analyst = open_analyst(task or first_task())
    head = analyst.ready.head_weights
    if head is None:
        raise ModelVersionError(
            f"Model version {analyst.version_name} gives no map.",
            remedy="Measure a version whose network ends in pooling and one dense layer.",
        )
    tell("one pass against a bare forward pass")
    rows = _engine_rows(analyst, head, rounds)
    tell("process start to first answer against TensorFlow's")
    first = _first_answer_row(analyst, starts)
    tell("one pass against tf-keras-vis")
    return (
        rows
        | _vis_rows(analyst, head, max(5, rounds // 10))
        | {"first_answer_over_tensorflow": first}
    )


def take_turns(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    rounds: int,
    warm_up: int = 3,
    settle: bool = False,
) -> tuple[list[float], list[float]]:
    """Return the seconds of both, run in turn; who begins alternates.

    ``settle``: each timed call follows a pause and an untimed one of its own kind. TensorFlow's
    threads spin on for a while after their work, and what they take is not the next call's.
    """
    for _ in range(warm_up):
        ours()
        theirs()
    ours_s: list[float] = []
    theirs_s: list[float] = []
    for number in range(rounds):
        pairs = [(ours, ours_s), (theirs, theirs_s)]
        for call, samples in pairs if number % 2 else reversed(pairs):
            if settle:
                time.sleep(PAUSE_S)
                call()
            start = time.perf_counter()
            call()
            samples.append(time.perf_counter() - start)
    return ours_s, theirs_s


def row_of(
    ours_s: list[float], theirs_s: list[float], *, target: float | None, faster: bool = False
) -> Row:
    """Return ours over theirs, at most ``target``; with ``faster`` theirs over ours, at least."""
    ours, theirs = statistics.median(ours_s), statistics.median(theirs_s)
    ratio = theirs / ours if faster else ours / theirs
    met = None if target is None else (ratio >= target if faster else ratio <= target)
    return {"ratio": ratio, "target": target, "met": met, "ours_s": ours_s, "theirs_s": theirs_s}


def first_task() -> str:
    """Return the task measured where none is named: kidney_ct, else the first with a version."""
    keys = [MAIN_TASK, *(key for key in load_tasks() if key != MAIN_TASK)]
    for key in keys:
        if version_names(key):
            return key
    raise ModelMissingError(
        "No model version is installed.", remedy="Install one, or train one, and measure again."
    )


def _picture(analyst: Analyst) -> FloatArray:
    """Return one prepared picture, (1, rows, columns, 3) float32: the golden input's first."""
    return np.ascontiguousarray(analyst.ready.golden.batch[:1])


def _engine_rows(analyst: Analyst, head: FloatArray, rounds: int) -> dict[str, Row]:
    ready, batch = analyst.ready, _picture(analyst)
    pixels = batch[0].astype(np.uint8)

    def bare() -> object:
        return ready.engine.run_logits_only(batch)

    def one_pass() -> object:
        output = ready.engine.run(batch)
        return ready.calibration.apply(output.logits), class_maps(output.feature_map[0], head)

    def full() -> object:
        output = ready.engine.run(batch)
        verdict = ready.gate.check(output.gate_features[0], pixels)
        others = [view for view in ready.version.card.views if view != IDENTITY]
        logits = [ready.engine.run(apply_view(batch, view)).logits for view in others]
        y_prob = ready.calibration.apply(pool_views([output.logits, *logits]))
        grids = class_maps(output.feature_map[0], head)
        return verdict, y_prob, [upsample(grid, *SHOWN_SIZE) for grid in grids]

    return {
        "one_pass_over_forward": row_of(
            *take_turns(one_pass, bare, rounds=rounds), target=ONE_PASS_TARGET
        ),
        "full_answer_over_forward": row_of(*take_turns(full, bare, rounds=rounds), target=None),
    }


def _vis_rows(analyst: Analyst, head: FloatArray, rounds: int) -> dict[str, Row]:
    from core.inference.keras_file import load_network
    from core.saliency.oracle import GradientOracle, min_max

    ready, batch = analyst.ready, _picture(analyst)
    size = batch.shape[1:3]
    oracle = GradientOracle(
        load_network(ready.version), layer=str(ready.version.card.feature_layer)
    )

    def ours() -> object:
        output = ready.engine.run(batch)
        y_prob = ready.calibration.apply(output.logits)
        grids = class_maps(output.feature_map[0], head)
        return y_prob, upsample(grids[0], *size)

    ours_s, theirs_s = take_turns(
        ours, lambda: oracle.heatmap(batch, 0), rounds=rounds, settle=True
    )
    differences = []
    for picture in ready.golden.batch:
        grids = class_maps(ready.engine.run(picture[None]).feature_map[0], head)
        for index, grid in enumerate(grids):
            theirs = min_max(oracle.grid(picture[None], index))
            differences.append(float(np.abs(min_max(grid) - theirs).max()))
    worst = max(differences)
    return {
        "tf_keras_vis_over_ours": row_of(ours_s, theirs_s, target=VIS_TARGET, faster=True),
        "max_abs_difference": {
            "ratio": worst,
            "target": DIFFERENCE_TARGET,
            "met": worst <= DIFFERENCE_TARGET,
            "ours_s": ours_s,
            "theirs_s": theirs_s,
            "differences": differences,
        },
    }


def _first_answer_row(analyst: Analyst, starts: int) -> Row:
    """Time whole processes: ours from start to an answer, theirs from start to a prediction."""
    batch, card = _picture(analyst), analyst.ready.version.card
    with tempfile.TemporaryDirectory() as folder:
        picture, stored = Path(folder) / "picture.png", Path(folder) / "batch.npy"
        cv2.imwrite(str(picture), batch[0, :, :, ::-1].astype(np.uint8))
        np.save(stored, batch)
        # The picture is prepared already: no step is left to run, as in the other process.
        steps = ",".join(analyst.recipe.names)
        ours = [sys.executable, "-m", "core", "predict", "--json", "--task", card.task]
        ours += ["--version", card.version, "--already-applied", steps, str(picture)]
        network = str(analyst.ready.version.file("model.keras"))
        theirs = [sys.executable, "-c", TENSORFLOW_ANSWER, network, str(stored)]
        ours_s, theirs_s = take_turns(
            lambda: _run(ours), lambda: _run(theirs), rounds=starts, warm_up=1
        )
    return row_of(ours_s, theirs_s, target=FIRST_ANSWER_TARGET)


def _run(command: list[str]) -> None:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise ModelVersionError(
            f"A measured process ended with exit code {done.returncode}.",
            remedy="Run `python -m core predict` on a picture by hand to see why.",
        )
