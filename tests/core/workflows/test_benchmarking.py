"""``bench``: its rows, its turns, and one whole run on a small network."""

import pytest

from core.errors import ModelMissingError, ModelVersionError
from core.workflows import benchmarking as module
from core.workflows.benchmarking import run_bench, take_turns
from tests.small_version import small_card, write_small_version

NAMES = {
    "one_pass_over_forward",
    "full_answer_over_forward",
    "tf_keras_vis_over_ours",
    "max_abs_difference",
    "first_answer_over_tensorflow",
}


def test_both_take_turns_and_who_begins_alternates():
    calls = []
    take_turns(lambda: calls.append("a"), lambda: calls.append("b"), rounds=4, warm_up=0)
    assert "".join(calls) == "baabbaab"


def test_an_untimed_call_of_its_own_kind_settles_each_timed_one():
    calls = []
    ours, theirs = take_turns(
        lambda: calls.append("a"), lambda: calls.append("b"), rounds=2, warm_up=0, settle=True
    )
    assert "".join(calls) == "bbaaaabb"
    assert len(ours) == len(theirs) == 2


@pytest.mark.parametrize(
    ("faster", "target", "ratio", "met"),
    [
        (False, 1.15, 0.5, True),
        (False, 0.4, 0.5, False),
        (False, None, 0.5, None),
        (True, 30, 2, False),
        (True, 2, 2, True),
    ],
)
def test_a_row_states_the_ratio_of_medians_and_whether_it_is_met(faster, target, ratio, met):
    row = module.row_of([1.0, 2.0, 900.0], [4.0, 4.0, 4.0], target=target, faster=faster)
    assert (row["ratio"], row["met"]) == (ratio, met)
    assert (row["ours_s"], row["theirs_s"]) == ([1.0, 2.0, 900.0], [4.0, 4.0, 4.0])


def test_without_a_version_the_bench_says_so(tmp_path, use_settings):
    use_settings(models=tmp_path)
    with pytest.raises(ModelMissingError, match="No model version is installed"):
        run_bench()


def test_a_version_without_a_map_cannot_be_measured(tmp_path, use_settings):
    from core.tasks import load_task

    write_small_version(tmp_path, card=small_card(load_task("kidney_ct"), feature_layer=None))
    use_settings(models=tmp_path)
    with pytest.raises(ModelVersionError, match="gives no map"):
        run_bench()


@pytest.mark.heavy
@pytest.mark.slow
def test_a_whole_run_has_every_row_with_its_raw_samples(tmp_path, use_settings):
    from tests.network_version import tiny_network, write_network_version

    write_network_version(tmp_path, tiny_network(), gate_layer="first")
    use_settings(models=tmp_path)
    told = []
    rows = run_bench(rounds=10, starts=1, progress=told.append)
    assert set(rows) == NAMES
    assert len(told) == 3
    for row in rows.values():
        assert {"ratio", "target", "met", "ours_s", "theirs_s"} <= set(row)
    assert len(rows["one_pass_over_forward"]["ours_s"]) == 10
    assert rows["max_abs_difference"]["met"]
    assert rows["full_answer_over_forward"]["met"] is None
    assert rows["first_answer_over_tensorflow"]["ratio"] < 1
