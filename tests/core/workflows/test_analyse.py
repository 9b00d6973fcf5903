"""From bytes to an answer (faults 25, 26, 35, 50 to 53), with a small version made by hand."""

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from core.config import ROOT
from core.domain import Status
from core.errors import ModelMissingError, ModelVersionError, RecipeError, TaskError
from core.inference.calibration import Calibration
from core.inference.golden import Golden
from core.tasks import load_task
from core.workflows.analyse import analyse_bytes, analyse_files, answer_image
from core.workflows.analyst import open_analyst
from tests.small_version import (
    build_graph,
    run_graph,
    slices,
    small_card,
    small_gate,
    weights_of,
    write_small_version,
)

TASK = load_task("kidney_ct")
RECIPE = ("resize_lanczos_224", "clahe_lab_4_8x8")


def png(pixels):
    return cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def picture(seed=99, size=(300, 300)):
    return slices(1, size, seed=seed)[0]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture
def installed(models, use_settings):
    use_settings(models=models)


def installed_with(folder, use_settings, **changes):
    write_small_version(folder, **changes)
    use_settings(models=folder)


def ask(data, **options):
    return analyse_bytes(data, task="kidney_ct", **options)


def test_a_picture_is_answered_with_probabilities_maps_and_what_was_seen(installed):
    answer = ask(png(picture()), file="a.png")
    assert (answer.status, answer.reason, answer.file) == (Status.OK, None, "a.png")
    assert answer.model_version == "small-1"
    assert list(answer.prediction.probabilities) == list(TASK.class_names)
    assert abs(sum(answer.prediction.probabilities.values()) - 1) < 1e-6
    assert answer.prediction.predicted == max(
        answer.prediction.probabilities, key=answer.prediction.probabilities.get
    )
    assert [item.class_name for item in answer.explanations] == list(TASK.class_names)
    assert answer.explanations[0].grid.shape == (7, 7)
    assert answer.seen.steps_applied == RECIPE
    assert answer.gate.inside


def test_probabilities_are_the_calibrated_softmax_of_the_logits(installed):
    answer = ask(png(picture()))
    ready = open_analyst("kidney_ct").ready
    logits = ready.engine.run(answer.seen.pixels[None].astype(np.float32)).logits[0] / 1.5
    expected = np.exp(logits) / np.exp(logits).sum()
    assert list(answer.prediction.probabilities.values()) == pytest.approx(expected, abs=1e-6)


def test_the_same_picture_gives_the_same_answer_twice(installed):
    assert ask(png(picture())).prediction == ask(png(picture())).prediction


def test_steps_that_a_picture_carries_are_left_out_and_named(installed):
    seen = ask(png(picture())).seen.pixels
    answer = ask(png(seen), already_applied=RECIPE)
    assert answer.seen.steps_applied == ()
    assert answer.seen.steps_left_out == RECIPE
    assert np.array_equal(answer.seen.pixels, seen)


def test_a_step_that_cannot_have_run_is_an_error_of_the_file(installed):
    answer = ask(png(picture()), already_applied=RECIPE)
    assert answer.status is Status.ERROR
    assert "300 x 300" in answer.reason
    assert answer.prediction is None


def test_an_unknown_step_is_refused_before_any_file_is_read(installed):
    with pytest.raises(RecipeError, match="no preprocessing step 'sharpen'"):
        analyse_files(["nothing"], task="kidney_ct", already_applied=["sharpen"])


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4"])
def test_what_is_no_picture_is_an_error_with_a_reason_and_no_numbers(installed, data):
    answer = ask(data)
    assert answer.status is Status.ERROR
    assert answer.reason.endswith(".")
    assert (answer.prediction, answer.gate, answer.explanations) == (None, None, ())


@pytest.mark.parametrize(
    "pixels", [np.zeros((300, 300), np.uint8), np.full((300, 300), 200, np.uint8)]
)
def test_a_blank_picture_is_refused(installed, pixels):
    answer = ask(png(pixels))
    assert (answer.status, answer.prediction) == (Status.REFUSED, None)
    assert "blank" in answer.reason


def test_a_picture_of_one_pixel_is_refused(installed):
    answer = ask(png(np.full((1, 1), 9, np.uint8)))
    assert answer.status is Status.REFUSED
    assert "at least 64" in answer.reason


def test_another_modality_is_refused_without_a_score(installed):
    image = dataclasses.replace(ask(png(picture())).image, modality="MR")
    answer = answer_image(open_analyst("kidney_ct"), image)
    assert (answer.status, answer.prediction) == (Status.REFUSED, None)
    assert "modality is MR" in answer.reason


def test_outside_the_gate_there_is_a_reason_and_no_score(tmp_path, use_settings):
    gate = small_gate(build_graph(TASK, weights_of(TASK)), (224, 224), threshold=1e-6)
    installed_with(tmp_path, use_settings, gate=gate.to_bytes())
    answer = ask(png(picture()))
    assert answer.status is Status.REFUSED
    assert answer.reason.startswith("Outside what this model was trained on")
    assert (answer.prediction, answer.explanations) == (None, ())
    assert answer.gate.distance > answer.gate.threshold


@pytest.mark.parametrize("name", ["logits", "feature_map", "gate_features"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_an_error_and_never_a_percentage(
    installed, monkeypatch, name, value
):
    engine = open_analyst("kidney_ct").ready.engine
    real = engine.run

    def broken(batch):
        output = real(batch)
        getattr(output, name).flat[0] = value
        return output

    monkeypatch.setattr(engine, "run", broken)
    answer = ask(png(picture()))
    assert answer.status is Status.ERROR
    assert "not numbers" in answer.reason
    assert (answer.prediction, answer.explanations) == (None, ())


def test_logits_too_large_to_sum_are_still_probabilities(installed, monkeypatch):
    engine = open_analyst("kidney_ct").ready.engine
    huge = np.array([[3e38, -3e38, 0, 0]], np.float32)
    real = engine.run
    monkeypatch.setattr(engine, "run", lambda batch: dataclasses.replace(real(batch), logits=huge))
    assert ask(png(picture())).prediction.probabilities["cyst"] == 1.0


def test_a_version_without_a_feature_map_predicts_and_explains_nothing(tmp_path, use_settings):
    weights, golden_in = weights_of(TASK), slices(1, (224, 224))
    full = run_graph(build_graph(TASK, weights), golden_in.astype(np.float32))
    output = dataclasses.replace(full, feature_map=np.zeros((1, 0, 0, 0), np.float32))
    installed_with(
        tmp_path,
        use_settings,
        graph=build_graph(TASK, weights, outputs=("logits", "gate_features")),
        golden=Golden(golden_in, output, None, None).to_bytes(),
    )
    answer = ask(png(picture()))
    assert answer.status is Status.OK
    assert answer.explanations == ()


def test_a_map_belongs_to_the_picture_of_its_answer(installed):
    pictures = [png(picture(seed)) for seed in range(6)]
    first = [ask(data) for data in pictures]
    again = [ask(data) for data in reversed(pictures)][::-1]
    grids = [answer.explanations[1].grid for answer in first]
    for one, two in zip(first, again, strict=True):
        assert one.image.sha256 == two.image.sha256
        assert np.array_equal(one.explanations[1].grid, two.explanations[1].grid)
    assert len({grid.tobytes() for grid in grids}) == len(grids)


def test_eight_threads_answer_each_picture_as_one_does(installed):
    pictures = [png(picture(seed)) for seed in range(20)] * 8
    serial = [ask(data).prediction.probabilities for data in pictures[:20]]
    with ThreadPoolExecutor(8) as pool:
        threaded = [answer.prediction.probabilities for answer in pool.map(ask, pictures)]
    for number, given in enumerate(threaded):
        assert list(given.values()) == pytest.approx(list(serial[number % 20].values()), abs=1e-5)


def test_views_are_pooled_and_the_map_stays_that_of_the_picture(tmp_path, use_settings, installed):
    plain = ask(png(picture()))
    card = small_card(TASK, views=("identity", "flip_left_right"))
    installed_with(tmp_path, use_settings, card=card)
    pooled = ask(png(picture()))
    flipped = ask(png(picture()[:, ::-1]))
    assert pooled.prediction.probabilities != plain.prediction.probabilities
    assert list(pooled.prediction.probabilities.values()) == pytest.approx(
        list(flipped.prediction.probabilities.values()), abs=0.05
    )
    assert np.array_equal(pooled.explanations[0].grid, plain.explanations[0].grid)


@pytest.mark.parametrize(("threshold", "flagged"), [(0.0, ("stone",)), (1.0, ())])
def test_a_stored_operating_point_decides_what_is_flagged(
    tmp_path, use_settings, threshold, flagged
):
    points = {"cyst": 1.0, "stone": threshold, "tumor": 1.0}
    calibration = Calibration(operating_points=points).to_yaml()
    installed_with(tmp_path, use_settings, calibration=calibration)
    assert ask(png(picture())).prediction.flagged == flagged


def test_equal_scores_call_the_first_class(installed, monkeypatch):
    engine = open_analyst("kidney_ct").ready.engine
    real = engine.run
    equal = np.zeros((1, 4), np.float32)
    monkeypatch.setattr(engine, "run", lambda batch: dataclasses.replace(real(batch), logits=equal))
    prediction = ask(png(picture())).prediction
    assert (prediction.predicted, prediction.flagged) == ("cyst", ("cyst",))


def test_one_bad_file_never_stops_the_rest(installed, tmp_path):
    good = tmp_path / "good.png"
    good.write_bytes(png(picture()))
    (tmp_path / "cut.png").write_bytes(png(picture())[:900])
    (tmp_path / "folder.png").mkdir()
    names = ["missing.png", "good.png", "cut.png", "folder.png", "good.png", "nul\x00.png"]
    answers = list(analyse_files([tmp_path / name for name in names], task="kidney_ct"))
    assert [answer.status.value for answer in answers] == [
        "error",
        "ok",
        "error",
        "error",
        "ok",
        "error",
    ]
    assert [answer.file for answer in answers] == [str(tmp_path / name) for name in names]


def test_a_file_larger_than_the_limit_is_never_read(installed, tmp_path, monkeypatch, use_settings):
    use_settings(max_upload_mb=1)
    large = tmp_path / "large.png"
    with large.open("wb") as stream:
        stream.truncate((1 << 20) + 1)
    (answer,) = analyse_files([large], task="kidney_ct")
    assert "larger than 1 MB" in answer.reason


def test_the_nearest_dataset_yaml_says_what_files_carry(installed, tmp_path):
    seen = ask(png(picture())).seen.pixels
    folder = tmp_path / "set" / "stone"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(png(seen))
    text = f"name: drawn\ntask: kidney_ct\nalready_applied: [{', '.join(RECIPE)}]\n"
    (tmp_path / "set" / "dataset.yaml").write_text(text)
    (answer,) = analyse_files([folder / "a.png"], task="kidney_ct")
    assert answer.seen.steps_left_out == RECIPE
    (answer,) = analyse_files([folder / "a.png"], task="kidney_ct", already_applied=())
    assert answer.seen.steps_applied == RECIPE


def test_a_broken_dataset_yaml_is_an_error_of_its_files_alone(installed, tmp_path):
    (tmp_path / "a.png").write_bytes(png(picture()))
    (tmp_path / "dataset.yaml").write_text("already_applied: [")
    (answer,) = analyse_files([tmp_path / "a.png"], task="kidney_ct")
    assert answer.status is Status.ERROR
    assert "dataset.yaml" in answer.reason


def test_without_a_version_nothing_is_answered(tmp_path, use_settings):
    use_settings(models=tmp_path)
    with pytest.raises(ModelMissingError, match="No model version of task kidney_ct"):
        ask(png(picture()))


def test_an_unknown_task_is_refused(installed):
    with pytest.raises(TaskError):
        analyse_bytes(png(picture()), task="elbow")


def test_a_recipe_that_is_not_the_one_trained_with_is_refused(tmp_path, use_settings):
    installed_with(tmp_path, use_settings, card=small_card(TASK, recipe_fingerprint="0" * 64))
    with pytest.raises(ModelVersionError, match="not the one it was trained with"):
        ask(png(picture()))


def test_a_recipe_of_another_release_is_refused(tmp_path, use_settings):
    recipe = ({"step": "resize_lanczos_224", "version": 99},)
    installed_with(tmp_path, use_settings, card=small_card(TASK, recipe=recipe))
    with pytest.raises(ModelVersionError, match="cannot be followed"):
        ask(png(picture()))


def test_an_answer_of_the_engine_is_not_shared_between_answers(installed):
    first = ask(png(picture(1)))
    before = first.explanations[0].grid.copy()
    ask(png(picture(2)))
    assert np.array_equal(first.explanations[0].grid, before)


ALONE = """
import sys
from core.workflows.analyse import analyse_files
from core.workflows.explaining import heatmap_of
(answer,) = analyse_files([sys.argv[1]], task="kidney_ct")
heatmap_of(answer, "stone")
heavy = {"tensorflow", "keras", "tf_keras_vis", "mlflow", "sklearn", "matplotlib", "h5py"}
print(answer.status, sorted(heavy & set(sys.modules)))
"""


def test_analysing_a_picture_loads_no_heavy_library(installed, tmp_path):
    (tmp_path / "a.png").write_bytes(png(picture()))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "a.png")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "ok []", done.stderr
