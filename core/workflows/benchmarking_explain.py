"""``bench explain``: what a map costs beside a bare forward pass and beside tf-keras-vis.

Measured on the shipped version and on EfficientNet-B3 at 300 pixels with random weights. Ours and
theirs take turns in one run; ratios are of medians. tf-keras-vis's Score-CAM gives one class a
call, ours every class.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.architectures import architecture
from core.domain import FloatArray
from core.inference.golden import parse_golden
from core.inference.graph import graph_of
from core.inference.layers import LAYERS_FILE, parse_layers
from core.inference.probe import Probe, open_probe
from core.saliency.faithfulness.ranks import rank_correlation
from core.saliency.rise import RandomMasks, rise
from core.saliency.run import explain_with
from core.saliency.score_cam import N_MASKS, score_cam
from core.workflows.analyst import open_analyst
from core.workflows.benchmarking import Progress, Row, first_task, row_of, take_turns

if TYPE_CHECKING:
    from core.saliency.oracle import ScoreOracle

ONE_PASS_METHODS = ("grad_cam", "hires_cam", "grad_cam_plus_plus", "layer_cam", "eigen_cam")
ONE_PASS_TARGET, LAYER_TARGET = 1.3, 2.0
SAME_MASKS_TARGET, FEW_MASKS_TARGET = 2.5, 8.0
TIMED_MASKS = 128  # of either side; all masks of tf-keras-vis cost in proportion
COUNTS = (8, 16, 32, N_MASKS, 64, 96, 128, 192, 256)
ALIKE = 0.95
RANDOM = "efficientnet_b3"
FULL_RISE = RandomMasks(n=4096)


@dataclass(frozen=True, eq=False)
class _Subject:
    """A network to measure: its probe, pictures (m, rows, columns, 3), its Keras twin's Score-CAM.

    ``suffix`` follows the name of each of its figures.
    """

    suffix: str
    probe: Probe
    pictures: FloatArray
    oracle: ScoreOracle

    @property
    def batch(self) -> FloatArray:
        return self.pictures[:1]

    @property
    def classes(self) -> range:
        return range(len(self.probe.class_names))


def run_explain_bench(
    *, task: str | None = None, rounds: int = 60, progress: Progress | None = None
) -> dict[str, Row]:
    """Return the speed figures of the explanations, with raw samples.

    Parameters
    ----------
    task : str or None
        None: kidney_ct where a version of it is installed, else the first task that has one.
    rounds : int
        Turns of the one-pass methods; a twentieth of it, at least 3, for Score-CAM and RISE.
    progress : callable or None
        Told what is measured next.

    Returns
    -------
    dict of name to {ratio, target, met, ours_s, theirs_s, ...}
        For the shipped version, and with the suffix ``_efficientnet_b3`` for the other network:
        ``<method>_over_forward`` (all classes over a bare pass, at most), ``activation_maps_over_
        forward`` (one layer, at most), ``tf_keras_vis_over_score_cam`` and ``…_over_rise`` (as many
        masks on either side, at least), ``all_masks_over_few_score_cam`` and ``…_rise`` (tf-keras-
        vis with every mask over ours with the fewest whose map has a rank correlation of 0.95 with
        that of all masks, at least).

    Raises
    ------
    ModelVersionError
        If there is no usable version, or it gives no map.
    """
    tell = progress or (lambda _: None)
    rows: dict[str, Row] = {}
    for name, opened in (("the shipped version", _shipped), (RANDOM, _random)):
        tell(f"opening {name}")
        subject = opened(task)
        tell(f"one-pass methods on {name}")
        rows |= _one_pass_rows(subject, rounds)
        tell(f"Score-CAM and RISE on {name}: some minutes")
        rows |= _mask_rows(subject, max(3, rounds // 20))
    return rows


def _shipped(task: str | None) -> _Subject:
    from core.inference.keras_file import load_network
    from core.saliency.oracle import ScoreOracle

    ready = open_analyst(task or first_task()).ready
    oracle = ScoreOracle(load_network(ready.version))
    return _Subject("", open_probe(ready.version), ready.golden.batch, oracle)


def _random(task: str | None) -> _Subject:
    """Export EfficientNet-B3 with random weights and open it, without writing a version."""
    del task
    from core.architectures.builders import build_network
    from core.saliency.oracle import ScoreOracle
    from core.training.export import export_network

    spec = architecture(RANDOM)
    network = build_network(spec, n_classes=4, weights="none")
    with tempfile.TemporaryDirectory() as folder:
        files = export_network(network, gate_layer=spec.gate_layer, folder=Path(folder))
        graph = graph_of(_content(files["engine.xml"]), _content(files["engine.bin"]))
    golden = parse_golden(_content(files["golden.npz"]))
    weights, bias = golden.head_weights, golden.head_bias
    probe = Probe(
        graph.clone,
        name=RANDOM,
        class_names=("first", "second", "third", "fourth"),
        head=None if weights is None or bias is None else (weights, bias),
        layers=parse_layers(_content(files[LAYERS_FILE]), version_name=RANDOM),
    )
    return _Subject(f"_{RANDOM}", probe, golden.batch, ScoreOracle(network))


def _content(part: Path | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.read_bytes()


def _one_pass_rows(subject: _Subject, rounds: int) -> dict[str, Row]:
    probe, batch, classes = subject.probe, subject.batch, subject.classes

    def bare() -> object:
        return probe.logits(batch)

    rows = {}
    for method in ONE_PASS_METHODS:
        ours = partial(explain_with, method, probe, batch, classes)
        turns = take_turns(ours, bare, rounds=rounds)
        rows[f"{method}_over_forward{subject.suffix}"] = row_of(*turns, target=ONE_PASS_TARGET)
    with_map = [row.name for row in probe.layers if row.has_map] or ["feature_map"]
    layer = with_map[len(with_map) // 2]
    turns = take_turns(lambda: probe.activations(batch, layer), bare, rounds=rounds)
    row = row_of(*turns, target=LAYER_TARGET) | {"layer": layer}
    return rows | {f"activation_maps_over_forward{subject.suffix}": row}


def _mask_rows(subject: _Subject, rounds: int) -> dict[str, Row]:
    n_all = int(subject.probe.passes(subject.batch).feature_map.shape[-1])
    n_same = min(TIMED_MASKS, n_all)

    def theirs() -> object:
        return subject.oracle.grid(subject.batch, 0, n_masks=n_same)

    rows = {}
    for name, make in _MAKERS.items():
        ours_s, theirs_s = take_turns(
            partial(make, subject, subject.batch, n_same),
            theirs,
            rounds=rounds,
            warm_up=1,
            settle=True,
        )
        same = row_of(ours_s, theirs_s, target=SAME_MASKS_TARGET, faster=True)
        rows[f"tf_keras_vis_over_{name}{subject.suffix}"] = same | {"n_masks": n_same}
        all_s = [seconds * n_all / n_same for seconds in theirs_s]
        n_few, alike = _fewest(subject, make, n_all if name == "score_cam" else FULL_RISE.n)
        few_s = _seconds(partial(make, subject, subject.batch, n_few), rounds)
        few = row_of(few_s, all_s, target=FEW_MASKS_TARGET, faster=True)
        few["met"] = bool(few["met"]) and alike >= ALIKE
        rows[f"all_masks_over_few_{name}{subject.suffix}"] = few | {
            "n_masks": n_few,
            "theirs_n_masks": n_all,
            "theirs_timed_masks": n_same,
            "rank_correlation": alike,
        }
    return rows


_Make = Callable[[_Subject, FloatArray, int], FloatArray]


def _score_cam(subject: _Subject, batch: FloatArray, n_masks: int) -> FloatArray:
    feature_map = subject.probe.passes(batch).feature_map[0]
    return score_cam(subject.probe.logits, batch[0], feature_map, subject.classes, n_masks=n_masks)


def _rise(subject: _Subject, batch: FloatArray, n_masks: int) -> FloatArray:
    drawn = RandomMasks(n=n_masks)
    return rise(subject.probe.logits, batch[0], subject.classes, drawn=drawn)


_MAKERS: dict[str, _Make] = {"score_cam": _score_cam, "rise": _rise}


def _fewest(subject: _Subject, make: _Make, n_full: int) -> tuple[int, float]:
    """Return the fewest masks whose maps agree with those of all masks, and how well."""
    full = make(subject, subject.batch, n_full)
    tried = [n for n in (*COUNTS, 512, 1024) if n < n_full] or [n_full]
    alike = 0.0
    for n_masks in tried:
        alike = _agreement(make(subject, subject.batch, n_masks), full)
        if alike >= ALIKE:
            return n_masks, alike
    return tried[-1], alike


def _agreement(few: FloatArray, full: FloatArray) -> float:
    """Return the mean rank correlation over the classes that any place speaks for."""
    pairs = [
        rank_correlation(ours, theirs)
        for ours, theirs in zip(few, full, strict=True)
        if theirs.max() > theirs.min() and ours.max() > ours.min()
    ]
    known = [value for value in pairs if value is not None]
    return float(np.mean(known)) if known else 0.0


def _seconds(call: Callable[[], object], rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found
