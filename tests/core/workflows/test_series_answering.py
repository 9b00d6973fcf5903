"""A series slice by slice: progress, stopping, errors of one slice, and the answer by the rule."""

import dataclasses

import numpy as np
import pytest

from core.domain import Answer, Prediction, Status
from core.errors import CancelledError
from core.evaluation.facts import RunFacts
from core.evaluation.groups import group_cases, one_case
from core.evaluation.runs import EvaluationRun
from core.intake.stack import Slice
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.analyse import analyse_bytes
from core.workflows.analyst import open_analyst
from core.workflows.series import open_uploads
from core.workflows.series_answering import SliceAnswer, answer_slices, series_answer
from tests.core.intake.stack_files import ct
from tests.small_version import slices, write_small_version

TASK = load_task("kidney_ct")
ANY = TASK.model_copy(update={"group_rule": "any"})
NAMES = TASK.class_names


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture
def analyst(models, use_settings):
    use_settings(models=models)
    return open_analyst("kidney_ct")


@pytest.fixture(scope="module")
def files():
    pictures = slices(4, (224, 224), seed=5)[..., 0]
    made = {
        f"{9 - k}.dcm": ct(pixels, at=(0, 0, 5 * k), number=k + 1)
        for k, pixels in enumerate(pictures)
    }
    made["5.dcm"] = ct(np.full((224, 224), 7), at=(0, 0, 20), number=5)
    made["4.dcm"] = ct(pictures[0], at=(0, 0, 25), number=6)[:-9000]
    return made


@pytest.fixture
def stack(files):
    (made,) = open_uploads(list(files.items()))
    return made


def said(number, probabilities, *, status=Status.OK, flagged=()):
    """Return the answer of a slice with these probabilities, as if a version had given it."""
    chances = dict(zip(NAMES, probabilities, strict=True))
    prediction = Prediction(chances, max(chances, key=chances.get), tuple(flagged))
    answer = Answer(f"{number}.png", status, None, "small-1")
    if status is Status.OK:
        answer = dataclasses.replace(answer, prediction=prediction)
    return SliceAnswer(number, Slice(f"{number}.png"), answer)


def test_every_slice_is_answered_in_order_as_its_file_alone_would_be(analyst, stack, files):
    for item in answer_slices(analyst, stack):
        alone = analyse_bytes(files[item.slice.name], task="kidney_ct")
        assert item.prediction == alone.prediction
        assert item.answer.status is alone.status
        assert item.number == item.slice.instance_number


def test_refused_and_unreadable_slices_are_counted_and_left_out(analyst, stack):
    answers = list(answer_slices(analyst, stack))
    whole = series_answer(answers, TASK)
    assert (whole.n, whole.n_answered, whole.n_refused, whole.n_errors) == (6, 4, 1, 1)
    expected = np.mean([list(item.prediction.probabilities.values()) for item in answers[:4]], 0)
    assert list(whole.probabilities.values()) == pytest.approx(expected, abs=1e-9)
    assert sum(whole.probabilities.values()) == pytest.approx(1, abs=1e-9)
    assert sum(whole.n_called.values()) == 4


def test_progress_is_told_and_the_work_stops_at_the_next_slice(analyst, stack):
    told = []
    watch = Watch(on_progress=lambda done, total: told.append((done, total)))
    answers = answer_slices(analyst, stack, watch=watch)
    assert [next(answers).number, next(answers).number] == [1, 2]
    assert told == [(0, 6), (1, 6)]
    watch.stop()
    with pytest.raises(CancelledError, match="Stopped after 2 of 6"):
        next(answers)


def test_what_is_kept_of_a_slice_holds_its_maps_and_no_pixels(analyst, stack):
    item = next(answer_slices(analyst, stack))
    kept = item.without_pictures()
    assert item.answer.image is not None
    assert (kept.answer.image, kept.answer.seen) == (None, None)
    assert kept.prediction == item.prediction
    assert kept.answer.explanations == item.answer.explanations


def test_the_strongest_slice_of_each_class_and_the_one_to_look_at_first():
    answers = [
        said(1, (0.1, 0.7, 0.1, 0.1)),
        said(2, (0.3, 0.5, 0.1, 0.1)),
        said(3, (0.1, 0.2, 0.6, 0.1), flagged=["stone"]),
        said(4, (0.3, 0.4, 0.1, 0.2), status=Status.REFUSED),
        said(5, (0.1, 0.2, 0.6, 0.1), flagged=["stone"]),
    ]
    whole = series_answer(iter(answers), TASK)
    assert {name: item.number for name, item in whole.strongest.items()} == {
        "cyst": 2, "normal": 1, "stone": 3, "tumor": 1,
    }  # fmt: skip
    assert whole.first == 3
    assert whole.n_flagged == {"cyst": 0, "stone": 2, "tumor": 0}
    assert whole.n_called == {"cyst": 0, "normal": 2, "stone": 2, "tumor": 0}


def test_by_the_mean_one_slice_is_outvoted_and_by_any_it_decides():
    answers = [said(k, (0.05, 0.85, 0.05, 0.05)) for k in range(1, 4)]
    answers += [said(4, (0.05, 0.05, 0.85, 0.05)), said(5, (0.6, 0.2, 0.1, 0.1))]
    mean, by_any = series_answer(answers, TASK), series_answer(answers, ANY)
    assert (mean.rule, mean.predicted, mean.called) == ("mean", "normal", ("normal",))
    assert (by_any.rule, by_any.predicted, by_any.called) == ("any", "stone", ("cyst", "stone"))
    joined = np.array([0.6, 0.05, 0.85, 0.1])  # findings: the largest; normal: the smallest
    assert list(by_any.probabilities.values()) == pytest.approx(joined / joined.sum())


def test_a_series_without_an_answered_slice_has_no_answer():
    whole = series_answer([said(1, (1, 0, 0, 0), status=Status.REFUSED)], TASK)
    assert (whole.n, whole.n_refused, whole.predicted, whole.probabilities) == (1, 1, None, None)
    assert (whole.called, whole.strongest, whole.first) == ((), {}, None)


@pytest.mark.parametrize("rule", ["mean", "any"])
def test_a_series_is_called_as_the_figures_by_group_call_it(rule):
    draw = np.random.default_rng(2)
    y_prob = draw.dirichlet(np.ones(4) * 0.5, 60)
    group = np.repeat([f"s{k:02d}" for k in range(12)], 5).astype(object)
    run = EvaluationRun(
        class_names=NAMES,
        file=np.array([f"{k}" for k in range(60)], dtype=object),
        y_true=np.zeros(60, np.int64),
        y_prob=y_prob,
        group=group,
        refused=np.zeros(60, bool),
        facts=RunFacts(),
    )
    cases = group_cases(run, rule=rule, findings=TASK.findings)
    for k in range(12):
        rows = y_prob[5 * k : 5 * k + 5]
        found, called = one_case(rows, class_names=NAMES, rule=rule, findings=TASK.findings)
        assert found == pytest.approx(cases.run.y_prob[k], abs=1e-12)
        assert called.tolist() == cases.labels.called[k].tolist()
