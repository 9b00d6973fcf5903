"""A version that may answer: golden input, parts that fit, loaded once (faults 46, 50 to 52)."""

import threading
from dataclasses import replace

import numpy as np
import pytest

import core.inference.ready as ready_module
from core.domain import EngineOutput
from core.errors import ModelVersionError
from core.inference.calibration import Calibration
from core.inference.golden import Golden, check_golden, parse_golden
from core.inference.package import read_version
from core.inference.ready import load_version, ready_version
from core.inference.writer import write_version
from core.tasks import load_task
from tests.small_version import (
    build_graph,
    run_graph,
    slices,
    small_card,
    version_files,
    weights_of,
    write_small_version,
)

TASK = load_task("kidney_ct")


def version_with(folder, **changes):
    files = version_files(TASK, **changes)
    return read_version(write_version(folder / "kidney_ct", "small-1", files=files))


def test_a_sound_version_is_ready_with_its_head(tmp_path):
    ready = load_version(write_small_version(tmp_path))
    assert ready.head_weights.shape == (8, 4)
    assert ready.calibration.temperature == 1.5


def test_a_picture_scaled_twice_inside_the_graph_is_found_by_the_golden_input(tmp_path):
    graph = build_graph(TASK, weights_of(TASK), scale=1 / 255 / 255)
    with pytest.raises(ModelVersionError, match="its own test picture differently"):
        load_version(version_with(tmp_path, graph=graph))


def test_weights_that_were_swapped_with_a_matching_manifest_are_found_by_the_golden_input(
    tmp_path,
):
    graph = build_graph(TASK, weights_of(TASK, seed=4))
    with pytest.raises(ModelVersionError, match="its own test picture differently"):
        load_version(version_with(tmp_path, graph=graph))


def test_a_graph_that_gives_no_numbers_is_found_by_the_golden_input(tmp_path):
    weights = weights_of(TASK)
    broken = weights | {"bias": np.full(4, np.nan, np.float32)}
    with pytest.raises(ModelVersionError, match="its own test picture differently"):
        load_version(version_with(tmp_path, graph=build_graph(TASK, broken)))


def test_a_changed_file_is_refused_before_anything_is_compiled(tmp_path, monkeypatch):
    version = write_small_version(tmp_path)
    path = version.path / "engine.bin"
    path.write_bytes(path.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    monkeypatch.setattr(ready_module, "Engine", lambda _: pytest.fail("the graph was opened"))
    with pytest.raises(
        ModelVersionError, match=r"engine\.bin of model version small-1 was changed"
    ):
        load_version(version)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"card": small_card(TASK, views=("flip_left_right",))}, "asks for the views"),
        ({"card": small_card(TASK, views=("identity", "sideways"))}, "asks for the views"),
        (
            {"calibration": Calibration(operating_points={"fracture": 0.5}).to_yaml()},
            "names fracture, which are not among its classes",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path, changes, sentence):
    with pytest.raises(ModelVersionError, match=sentence):
        load_version(version_with(tmp_path, **changes))


def test_class_order_is_checked_against_the_task_before_anything_is_loaded(tmp_path):
    card = small_card(TASK, class_names=TASK.class_names[::-1])
    with pytest.raises(ModelVersionError, match="in this order"):
        ready_version(version_with(tmp_path, card=card), TASK)


def test_a_head_that_does_not_make_the_logits_gives_no_map(tmp_path):
    weights, size = weights_of(TASK), (224, 224)
    pixels = slices(1, size)
    output = run_graph(build_graph(TASK, weights), pixels.astype(np.float32))
    golden = Golden(pixels, output, weights["head"] * 2, weights["bias"])
    assert load_version(version_with(tmp_path, golden=golden.to_bytes())).head_weights is None


def test_a_card_that_names_no_layer_gives_no_map(tmp_path):
    card = small_card(TASK, feature_layer=None)
    assert load_version(version_with(tmp_path, card=card)).head_weights is None


def test_a_head_of_another_shape_is_refused():
    output = EngineOutput(np.zeros((1, 4)), np.zeros((1, 2, 2, 8)), np.zeros((1, 3)))
    golden = Golden(np.zeros((1, 4, 4, 3), np.uint8), output, np.ones((7, 4)), np.ones(4))
    with pytest.raises(ModelVersionError, match=r"has the shape \(7, 4\), not \(8, 4\)"):
        parse_golden(golden.to_bytes())


def test_probabilities_may_differ_by_a_thousandth_and_no_more():
    logits = np.array([[0.0, 0.0]], np.float32)
    output = EngineOutput(logits, np.ones((1, 2, 2, 3), np.float32), np.ones((1, 3), np.float32))
    golden = Golden(np.zeros((1, 4, 4, 3), np.uint8), output, None, None)
    check_golden(golden, replace(output, logits=logits + np.array([[0.003, 0.0]], np.float32)))
    with pytest.raises(ModelVersionError, match="probabilities"):
        check_golden(golden, replace(output, logits=logits + np.array([[0.01, 0.0]], np.float32)))


def test_a_version_is_loaded_once_however_many_ask(tmp_path, monkeypatch):
    # A version of its own: the process may keep any other one from an earlier test.
    version, loads = write_small_version(tmp_path, version="once-1"), []
    real = ready_module.load_version
    monkeypatch.setattr(ready_module, "load_version", lambda v: loads.append(v) or real(v))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(ready_version(version, TASK)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({id(item) for item in found}) == 1
