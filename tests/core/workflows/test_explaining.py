"""``explain``: the contract's document, the map, the overlay, also where the gate refuses."""

import json

import cv2
import numpy as np
import pytest

from core.domain import Status
from core.errors import ArgumentError, RecipeError
from core.saliency.grad_cam import upsample
from core.tasks import load_task
from core.workflows.analyse import analyse_bytes
from core.workflows.explaining import explain_file, heatmap_of, open_analyst
from tests.small_version import (
    build_graph,
    slices,
    small_card,
    small_gate,
    weights_of,
    write_small_version,
)

TASK = load_task("kidney_ct")
KEYS = [
    "file",
    "status",
    "reason",
    "class",
    "method",
    "layer",
    "raw_peak",
    "has_evidence",
    "peak",
    "gate",
    "model_version",
]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture
def analyst(models, use_settings):
    use_settings(models=models)
    return open_analyst("kidney_ct")


@pytest.fixture
def file(tmp_path):
    pixels = cv2.resize(slices(1, (300, 300), seed=99)[0], (400, 300))
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    return tmp_path / "a.png"


def test_the_document_has_the_contract_s_keys_and_is_json(analyst, file):
    document = explain_file(file, analyst, class_name="cyst").to_document()
    assert list(document) == KEYS
    assert json.loads(json.dumps(document, allow_nan=False))["class"] == "cyst"
    assert document["status"] == "ok"
    assert document["layer"] == "feature_map"
    assert document["has_evidence"] is (document["raw_peak"] > 1e-6)


def test_the_map_is_the_raw_grid_over_the_picture_divided_by_its_peak(analyst, file):
    explained = explain_file(file, analyst, class_name="normal")
    answer = analyse_bytes(file.read_bytes(), task="kidney_ct")
    grid = answer.explanations[1].grid
    assert explained.raw_peak == grid.max()
    assert explained.heatmap.shape == (300, 400)
    assert explained.heatmap.dtype == np.float32
    stretched = cv2.resize(grid, (400, 300), interpolation=cv2.INTER_LINEAR)
    assert np.allclose(explained.heatmap, stretched / stretched.max(), atol=1e-6)


def test_the_peak_is_the_centre_of_what_is_at_the_top(analyst, file):
    explained = explain_file(file, analyst, class_name="normal")
    marked = np.argwhere(explained.heatmap >= 0.999)
    row, column = explained.peak
    assert np.abs(marked.mean(axis=0) - (row, column)).max() < 0.05
    assert 0 <= row < 300
    assert 0 <= column < 400


def test_without_a_class_the_called_one_is_explained(analyst, file):
    called = analyse_bytes(file.read_bytes(), task="kidney_ct").prediction.predicted
    assert explain_file(file, analyst).class_name == called


def test_no_positive_evidence_is_all_zeros_and_no_peak(analyst, file):
    answer = analyse_bytes(file.read_bytes(), task="kidney_ct")
    dark = next(item.class_name for item in answer.explanations if not item.has_evidence)
    explained = explain_file(file, analyst, class_name=dark)
    assert not explained.heatmap.any()
    assert explained.peak is None
    assert explained.has_evidence is False
    assert np.array_equal(explained.overlay()[..., 0], explained.picture)


def test_the_overlay_has_the_picture_s_size(analyst, file):
    assert explain_file(file, analyst, class_name="normal").overlay().shape == (300, 400, 3)


def test_a_refused_picture_is_explained_and_the_reason_says_that_it_was_refused(
    tmp_path, use_settings, file
):
    gate = small_gate(build_graph(TASK, weights_of(TASK)), (224, 224), threshold=1e-6)
    write_small_version(tmp_path / "models", gate=gate.to_bytes())
    use_settings(models=tmp_path / "models")
    explained = explain_file(file, open_analyst("kidney_ct"))
    assert explained.status is Status.REFUSED
    assert explained.reason.startswith("Outside what this model was trained on")
    assert explained.gate.inside is False
    assert explained.heatmap.shape == (300, 400)
    assert explained.class_name in TASK.class_names


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_file_that_is_no_picture_is_an_error_with_every_key(analyst, tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    document = explain_file(tmp_path / "a.png", analyst).to_document()
    assert list(document) == KEYS
    assert document["status"] == "error"
    assert document["raw_peak"] is None


def test_a_missing_file_is_an_error(analyst, tmp_path):
    assert explain_file(tmp_path / "none.png", analyst).status is Status.ERROR


def test_a_blank_picture_is_refused_without_a_map(analyst, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((100, 100), np.uint8))
    explained = explain_file(tmp_path / "a.png", analyst)
    assert (explained.status, explained.heatmap) == (Status.REFUSED, None)


def test_a_version_without_maps_says_that_no_explanation_is_available(tmp_path, use_settings, file):
    write_small_version(tmp_path / "models", card=small_card(TASK, feature_layer=None))
    use_settings(models=tmp_path / "models")
    explained = explain_file(file, open_analyst("kidney_ct"), class_name="stone")
    assert explained.status is Status.OK
    assert explained.reason.startswith("No explanation is available")
    assert (explained.heatmap, explained.overlay(), explained.raw_peak) == (None, None, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"class_name": "fracture"}, ArgumentError),
        ({"method": "guess"}, ArgumentError),
        ({"already_applied": ["sharpen"]}, RecipeError),
    ],
)
def test_wrong_arguments_are_refused(analyst, file, options, error):
    with pytest.raises(error):
        explain_file(file, analyst, **options)


def test_padding_of_the_recipe_is_cut_off_the_map(tmp_path, use_settings):
    write_small_version(tmp_path, "chest_xray")
    use_settings(models=tmp_path)
    pixels = cv2.resize(slices(1, (300, 300), seed=99)[0], (400, 200))
    data = cv2.imencode(".png", pixels)[1].tobytes()
    answer = analyse_bytes(data, task="chest_xray")
    best = max(answer.explanations, key=lambda item: item.raw_peak)
    whole = upsample(best.grid, 400, 400)[100:300]
    assert np.allclose(heatmap_of(answer, best.class_name), whole / whole.max(), atol=1e-6)


@pytest.mark.parametrize("method", ["hires_cam", "layer_cam_fusion", "eigen_cam", "occlusion"])
def test_every_method_answers_with_the_same_keys_and_its_own_map(analyst, file, method):
    explained = explain_file(file, analyst, class_name="cyst", method=method)
    document = explained.to_document()
    assert list(document) == KEYS
    assert (document["method"], document["status"]) == (method, "ok")
    assert document["raw_peak"] > 0
    assert explained.heatmap.shape == (300, 400)
    assert explained.heatmap.max() == pytest.approx(1.0)
    expected = explain_file(file, analyst, class_name="cyst").heatmap
    assert np.allclose(explained.heatmap, expected, atol=1e-5) == (method == "hires_cam")


def test_a_method_that_the_network_has_nothing_for_says_so(analyst, file):
    with pytest.raises(ArgumentError, match="needs a network of one layer on its pixels"):
        explain_file(file, analyst, class_name="cyst", method="exact_linear")
