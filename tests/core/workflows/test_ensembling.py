"""An ensemble serves like one version: each member by its own recipe, then all combined."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.config import ROOT, settings
from core.domain import Status
from core.errors import ArgumentError, EnsembleError, ModelVersionError, RecipeError, TrainingError
from core.evaluation.runs import read_run
from core.inference.calibration import fit_temperature, parse_calibration
from core.inference.combining import logits_of
from core.inference.ensemble_spec import META_KINDS
from core.inference.package import read_version
from core.preprocessing import Recipe
from core.saliency.ensemble_maps import LAYER, EnsembleBox, class_grids
from core.saliency.run import available_methods, explain_with
from core.saliency.stretch import stretch
from core.training import stacking
from core.workflows.analyse import analyse_bytes
from core.workflows.analyst import open_analyst
from core.workflows.ensemble_answering import open_ensemble
from core.workflows.ensembling import EnsembleRequest, make_ensemble
from core.workflows.explaining import explain_file, heatmap_of
from core.workflows.models import list_models
from core.workflows.twin_search import training_pictures
from tests.small_ensemble import (
    RECIPES,
    TASK,
    TEMPERATURES,
    drawn_run,
    write_ensemble,
    write_member,
    write_members,
)
from tests.small_version import build_graph, run_graph, slices, small_gate, weights_of


def picture(size=(300, 240)):
    """Return a drawn slice that is no square: padding must show."""
    return np.ascontiguousarray(slices(1, (300, 300), seed=99)[0][: size[0], : size[1]])


def png(pixels):
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


FEWER = {"n_estimators": 8, "max_depth": 3}  # trees: what is tested does not grow with them


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Members ``a`` and ``b``; ensembles ``mean`` and one a meta learner, named as it is."""
    folder = tmp_path_factory.mktemp("models")
    write_members(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECOND_LOOK_MODELS", str(folder))
        patch.setenv("SECOND_LOOK_HOME", str(folder / "home"))
        settings.cache_clear()
        for kind in ("random_forest", "boosting"):
            patch.setitem(stacking.SETTINGS, kind, {**stacking.SETTINGS[kind], **FEWER})
        write_ensemble(folder, "mean")
        for kind in META_KINDS:
            write_ensemble(folder, kind, combine="stack", meta=kind)
    settings.cache_clear()
    return folder


@pytest.fixture
def installed(models, tmp_path, use_settings):
    """Return a function that reads one of the shared ensembles."""
    use_settings(models=models, home=tmp_path / "home")
    return lambda name: read_version(models / TASK.key / name)


@pytest.fixture
def made(models, tmp_path, use_settings):
    """Return a function that makes an ensemble in a folder of its own."""
    for name in ("a", "b"):
        shutil.copytree(models / TASK.key / name, tmp_path / "models" / TASK.key / name)
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return lambda name="both", **asked: write_ensemble(tmp_path / "models", name, **asked)


def ask(version="mean"):
    return analyse_bytes(png(picture()), task=TASK.key, version=version)


def by_hand(pixels, member):
    """Return logits over temperature and feature map, outside the product's own serving."""
    recipe = Recipe.from_data([{"step": step} for step in RECIPES[member]])
    weights = weights_of(TASK, seed={"a": 3, "b": 8}[member])
    batch = recipe.apply(pixels).pixels[None].astype(np.float32)
    output = run_graph(build_graph(TASK, weights, size=recipe.output_size), batch)
    return output.logits[0] / TEMPERATURES[member], output.feature_map[0] @ weights["head"]


def softmax(logits):
    raised = np.exp(logits - logits.max())
    return raised / raised.sum()


def test_a_mean_answers_with_the_mean_of_calibrated_logits(installed):
    check_mean(installed("mean"), 0.5)


def test_a_weighted_mean_weighs_the_members_as_asked(made):
    check_mean(made("weighted", weights=(3.0, 1.0)), 0.75)


def check_mean(version, share):
    answer = ask(version.name)
    mean = share * by_hand(picture(), "a")[0] + (1 - share) * by_hand(picture(), "b")[0]
    own = parse_calibration(version.file("calibration.yaml").read_bytes()).temperature
    assert answer.status is Status.OK
    np.testing.assert_allclose(
        list(answer.prediction.probabilities.values()), softmax(mean / own), atol=1e-5
    )
    assert [part.pixels.shape[0] for part in answer.seen.parts] == [96, 128]


def test_the_order_of_the_members_is_irrelevant_to_the_mean(made, models, use_settings):
    made("ba", members=("b", "a"))
    other = ask("ba").prediction.probabilities
    use_settings(models=models)
    one = ask("mean").prediction.probabilities
    np.testing.assert_allclose(list(one.values()), list(other.values()), atol=1e-9)


def test_the_map_of_a_mean_is_the_sum_of_the_members_unrectified_maps_over_the_picture(installed):
    installed("mean")
    answer = ask()
    maps = {name: by_hand(picture(), name)[1] / TEMPERATURES[name] for name in ("a", "b")}
    rows, columns = 300, 240
    expected = np.zeros((4, rows, columns), np.float32)
    for index in range(4):
        for name, padded in (("a", False), ("b", True)):
            grid = np.ascontiguousarray(maps[name][..., index], np.float32)
            expected[index] += 0.5 * stretch(grid, rows, columns, padded_to_square=padded)
    for index, item in enumerate(answer.explanations):
        assert item.layer == LAYER
        assert item.grid.shape == (4, 3)  # of 4 x 4 cells over the square, 4 x 3 lie on the picture
        laid = stretch(item.grid, rows, columns)
        rectified = np.maximum(expected[index], 0.0)
        scale = max(float(np.abs(expected).max()), 1e-6)
        assert float(np.abs(laid - rectified).mean()) < 0.08 * scale
    assert heatmap_of(answer, "cyst").shape == (rows, columns)


def test_members_of_one_grid_over_the_whole_picture_are_summed_place_by_place(
    tmp_path, use_settings
):
    use_settings(models=tmp_path, home=tmp_path / "home")
    for seed, name in enumerate(("a", "a2")):
        write_member(tmp_path, name, runs=[drawn_run(seed=seed)])
    write_ensemble(tmp_path, members=("a", "a2"))
    answer = analyse_bytes(png(picture()), task=TASK.key)
    expected = np.maximum(by_hand(picture(), "a")[1] / TEMPERATURES["a"], 0)  # both are one network
    for index, item in enumerate(answer.explanations):
        np.testing.assert_allclose(item.grid, expected[..., index], atol=1e-4)


def test_a_linear_stack_has_the_map_of_its_own_score(installed):
    version = installed("logistic_regression")
    ready = open_ensemble(version, TASK)
    parts = ready.prepare(picture(), ())
    outputs = [member.look(seen) for member, seen in zip(ready.members, parts, strict=True)]
    grids = class_grids(ready, parts, outputs, (300, 240))
    mixing = ready.combiner.mixing(4)
    maps = [by_hand(picture(), name)[1] / TEMPERATURES[name] for name in ("a", "b")]
    assert grids.shape == (4, 4, 3)
    alone = np.einsum("rck,kx->xrc", maps[0], mixing[0])
    laid = stretch(np.ascontiguousarray(alone[0], np.float32), 300, 240)
    other = np.einsum("rck,kx->xrc", maps[1], mixing[1])
    laid += stretch(np.ascontiguousarray(other[0], np.float32), 300, 240, padded_to_square=True)
    shown = stretch(grids[0], 300, 240)
    assert float(np.abs(shown - np.maximum(laid, 0)).mean()) < 0.1 * float(np.abs(laid).max())


@pytest.mark.parametrize("meta", META_KINDS)
def test_a_stack_answers_by_its_meta_learner_and_predicts_what_its_arrays_say(installed, meta):
    version = installed(meta)
    answer = ask(meta)
    ready = open_ensemble(version, TASK)
    logits = np.stack([by_hand(picture(), name)[0] for name in ("a", "b")])
    expected = ready.calibration.apply(ready.combiner(logits[None]))[0]
    np.testing.assert_allclose(list(answer.prediction.probabilities.values()), expected, atol=1e-4)
    assert bool(answer.explanations) == (meta == "logistic_regression")


def test_a_forest_says_why_it_has_no_map_and_what_serves_instead(installed, tmp_path):
    installed("random_forest")
    path = tmp_path / "slice.png"
    path.write_bytes(png(picture()))
    analyst = open_analyst(TASK.key, "random_forest")
    told = explain_file(path, analyst)
    assert told.heatmap is None
    assert "random forest" in told.reason and "Occlusion and RISE" in told.reason
    drawn = explain_file(path, analyst, method="occlusion")
    assert drawn.heatmap.shape == (300, 240)
    with pytest.raises(ArgumentError, match="looks into one network"):
        explain_file(path, analyst, method="integrated_gradients")
    box = EnsembleBox(open_ensemble(analyst.version, TASK))
    with pytest.raises(ArgumentError, match="whose score is no sum of maps"):
        explain_with("grad_cam", box, picture()[None].astype(np.float32), [0])


def test_the_methods_offered_are_those_that_an_ensemble_can_serve(installed):
    mean, forest = (open_ensemble(installed(name), TASK) for name in ("mean", "random_forest"))
    offered = [[spec.key for spec in available_methods(EnsembleBox(it))] for it in (mean, forest)]
    assert offered == [["grad_cam", "occlusion", "rise"], ["occlusion", "rise"]]


def test_the_scores_that_slower_methods_ask_for_are_those_of_the_answer(installed):
    ready = open_ensemble(installed("mean"), TASK)
    answer = ask()
    box = EnsembleBox(ready, already_applied=answer.seen.steps_left_out)
    y_prob = ready.calibration.apply(box.logits(answer.seen.pixels[None].astype(np.float32)))[0]
    # The picture is reduced to twice the largest member, as what these methods change may be.
    assert max(answer.seen.pixels.shape) == 256
    np.testing.assert_allclose(y_prob, list(answer.prediction.probabilities.values()), atol=0.05)
    grids = explain_with("grad_cam", box, answer.seen.pixels[None].astype(np.float32), [0]).grids
    assert grids.shape == (1, 4, 3)


def test_its_own_figure_comes_from_nested_folds(installed):
    version = installed("logistic_regression")
    run = read_run(version.path / "evaluation" / "out_of_fold")
    both = logits_of(np.stack([drawn_run(seed=1).y_prob, drawn_run(seed=2).y_prob], axis=1))
    both, folds = both.reshape(run.n, -1), run.slices["fold"].astype(int)

    def scores(fitted, judged):
        learner = stacking.fit_meta(
            "logistic_regression", both[fitted], run.y_true[fitted], folds=folds[fitted],
            group=run.group[fitted], n_classes=4,
        )  # fmt: skip
        return learner.scores(both[judged])

    others = folds != 2
    inner = np.empty((run.n, 4))
    for fold in (1, 3, 4, 5):
        inner[folds == fold] = scores(others & (folds != fold), folds == fold)
    temperature = fit_temperature(inner[others], run.y_true[others])
    expected = np.array([softmax(row / temperature) for row in scores(others, ~others)])
    np.testing.assert_allclose(run.y_prob[~others], expected, atol=1e-9)
    assert "nested folds (5 grouped)" in run.facts.split_made
    assert version.card.metrics[0].n == run.n


def test_labels_of_a_fold_never_reach_the_predictions_of_that_fold(
    installed, tmp_path, use_settings
):
    """Labels of fold 1 are exchanged in both members' runs: its predictions must not change."""
    before = read_run(installed("logistic_regression").path / "evaluation" / "out_of_fold")
    use_settings(models=tmp_path / "exchanged")
    for seed, name in ((1, "a"), (2, "b")):
        run = drawn_run(seed=seed)
        moved = np.where(run.slices["fold"] == "1", (run.y_true + 1) % 4, run.y_true)
        write_member(tmp_path / "exchanged", name, runs=[replace(run, y_true=moved)])
    asked = {"combine": "stack", "meta": "logistic_regression"}
    version = write_ensemble(tmp_path / "exchanged", **asked)
    after = read_run(version.path / "evaluation" / "out_of_fold")
    own = before.slices["fold"] == "1"
    np.testing.assert_allclose(after.y_prob[own], before.y_prob[own], atol=1e-9)
    assert np.abs(after.y_prob[~own] - before.y_prob[~own]).max() > 1e-3


def test_test_figures_are_given_where_all_members_have_the_same_test_part(
    installed, made, tmp_path, use_settings
):
    assert [item.split for item in installed("mean").card.metrics] == ["out_of_fold", "test"]
    use_settings(models=tmp_path / "models")
    write_member(tmp_path / "models", "b2", runs=[drawn_run(seed=5)])
    told = make_ensemble(EnsembleRequest(TASK.key, ("a", "b2"), "other"))
    assert list(told.metrics) == ["out_of_fold"]
    assert told.notes[0].startswith("No figure of a test part: b2 has no run test")


def test_members_without_out_of_fold_predictions_are_refused(made, tmp_path):
    write_member(tmp_path / "models", "b3")
    with pytest.raises(EnsembleError, match="b3 has no run out_of_fold"):
        made("bad", members=("a", "b3"))
    assert not (tmp_path / "models" / TASK.key / "bad").exists()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"members": ("a",)}, "The members are a"),
        ({"members": ("a", "a")}, "The members are a, a"),
        ({"combine": "vote"}, "combined by 'vote'"),
        ({"combine": "stack", "meta": "oracle"}, "combined by 'oracle'"),
        ({"meta": "svm"}, "A mean has no meta learner"),
        ({"weights": (1.0,)}, "1 weights were given for 2 members"),
        ({"weights": (1.0, 0.0)}, "A weight is not above 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(made, asked, sentence):
    with pytest.raises(ArgumentError, match=sentence):
        made("bad", **asked)


def test_an_ensemble_is_no_member_and_is_never_overwritten(made):
    made()
    with pytest.raises(EnsembleError, match="both is an ensemble itself"):
        made("more", members=("a", "both"))
    with pytest.raises(TrainingError, match="exists already"):
        made()


@pytest.mark.parametrize("name", ["engine.bin", "calibration.yaml", "card.yaml", "gate.npz"])
def test_a_member_that_was_tampered_with_is_refused(installed, tmp_path, name):
    version = read_version(shutil.copytree(installed("mean").path, tmp_path / "mean"))
    path = version.path / "members" / "b" / name
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    with pytest.raises(ModelVersionError, match=rf"members/b/{name} of model version mean"):
        open_ensemble(read_version(version.path), TASK)


def test_the_ensemble_is_listed_verified_and_knows_what_its_members_were_trained_on(installed):
    version = installed("mean")
    row = next(item for item in list_models(TASK.key) if item.name == "mean")
    assert row.usable and row.card.n_parameters == 2000
    assert [member.steps for member in row.card.ensemble.members] == [RECIPES["a"], RECIPES["b"]]
    assert training_pictures(version).file.tolist() == sorted(drawn_run().file.tolist())
    assert not (version.path / "members" / "a" / "model.keras").exists()
    with pytest.raises(ModelVersionError, match="is an ensemble of a, b"):
        _ = open_analyst(TASK.key, "mean").ready


def test_one_answer_costs_no_more_than_its_members_together(installed):
    installed("mean")
    analysts = {name: open_analyst(TASK.key, name) for name in ("a", "b", "mean")}
    seconds = dict.fromkeys(analysts, np.inf)
    for _ in range(30):  # in turn, the least of each: other work on the machine passes by
        for name, analyst in analysts.items():
            start = time.perf_counter()
            analyst.answering.look(analyst.answering.prepare(picture())).probabilities()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    # A millisecond for combining and for the copy that slower maps change.
    assert seconds["mean"] <= 1.1 * (seconds["a"] + seconds["b"]) + 1e-3


def test_a_picture_that_the_first_members_gate_refuses_never_reaches_the_others(
    tmp_path, use_settings
):
    use_settings(models=tmp_path, home=tmp_path / "home")
    graph = build_graph(TASK, weights_of(TASK), size=(96, 96))
    write_member(
        tmp_path, "a", runs=[drawn_run()], gate=small_gate(graph, (96, 96), threshold=1e-6)
    )
    write_member(tmp_path, "b", runs=[drawn_run(seed=2)])
    write_ensemble(tmp_path)
    analyst = open_analyst(TASK.key)
    answer = ask("both")
    assert (answer.status, answer.prediction, answer.explanations) == (Status.REFUSED, None, ())
    passed = analyst.answering.look(answer.seen)
    assert len(passed._outputs) == 1


def test_colour_and_large_pictures_and_carried_steps_reach_each_member_as_its_recipe_says(
    installed,
):
    installed("mean")
    analyst = open_analyst(TASK.key, "mean")
    grey = np.ascontiguousarray(picture()[..., 0])
    seen = analyst.answering.prepare(grey)
    assert seen.pixels.shape == (256, 205, 3)
    carried = slices(1, (128, 128), seed=3)[0]
    seen = analyst.answering.prepare(carried, already_applied=["resize_area_128"])
    assert seen.parts[1].steps_left_out == ("resize_area_128",)
    assert seen.steps_left_out == ("resize_area_128",)
    assert seen.pixels.shape == (128, 128, 3)
    with pytest.raises(RecipeError, match="said to have been through resize_area_128"):
        analyst.answering.prepare(picture(), already_applied=["resize_area_128"])


def test_a_forest_answers_without_scikit_learn(installed, tmp_path):
    installed("random_forest")
    path = tmp_path / "slice.png"
    path.write_bytes(png(picture()))
    code = (
        "import sys; from core.workflows.analyse import analyse_files;"
        f"[answer] = analyse_files([{str(path)!r}], task='kidney_ct', version='random_forest');"
        "assert answer.prediction, answer.reason;"
        "print(sorted({'sklearn', 'tensorflow', 'keras', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
