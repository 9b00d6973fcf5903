"""``promote``, held against its contract."""

import pytest

from core.workflows.champions import champion_name
from core.workflows.stored_runs import runs_folder
from tests.core.workflows.test_promoting import store_run, versions  # noqa: F401 - a fixture

ASKED = ("--task", "kidney_ct", "--against", "first", "--class", "stone", "--margin", "0.05")
COMPARED = {"n", "mcnemar_p", "auc_difference", "sensitivity_difference", "verdict"}


@pytest.fixture
def promote(core_json, versions, use_settings, tmp_path):  # noqa: F811
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return lambda *words: core_json("promote", *ASKED, *words)


def test_a_pass_is_exit_0_and_the_same_object_as_compare(promote):
    called = promote("--version", "good")
    assert called.code == 0
    assert called.document.keys() >= COMPARED
    assert called.document["promoted"] is True
    assert called.document["verdict"] == "may replace"
    assert champion_name("kidney_ct") == called.document["champion"] == "good"


def test_no_pass_is_exit_1(promote):
    called = promote("--version", "poor")
    assert called.code == 1
    assert called.document["promoted"] is False
    assert called.document["verdict"] == "may not"
    assert called.document.keys() >= COMPARED
    assert champion_name("kidney_ct") == "first"


def test_an_override_is_exit_0_and_recorded(promote):
    called = promote("--version", "poor", "--override", "It is faster.", "--by", "B. Head")
    assert called.code == 0
    assert called.document["promoted"] is True
    assert called.document["override"] == "It is faster."
    assert called.document["promoted_by"] == "B. Head"
    assert champion_name("kidney_ct") == "poor"


@pytest.mark.parametrize(
    ("words", "code", "column"),
    [
        (("--version", "poor", "--override", "why"), 2, "by"),
        (("--version", "poor", "--override", " ", "--by", "B."), 2, "override"),
        (("--version", "good", "--by", ""), 2, "by"),
        (("--version", "good", "--margin", "2"), 2, "margin"),
        (("--version", "good", "--margin", "nan"), 2, "margin"),
        (("--version", "good", "--class", "gravel"), 2, "class"),
        (("--version", "good", "--task", "nothing"), 2, None),
        (("--version", "nobody"), 3, None),
        (("--version", "good", "--against", "nobody"), 3, None),
        ((), 2, None),
    ],
)
def test_a_wrong_call_is_told_and_promotes_nothing(promote, words, code, column):
    called = promote(*words)
    assert called.code == code
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
    if column:
        assert called.document["column"] == column
    assert champion_name("kidney_ct") == "first"


def test_no_common_run_is_exit_2(promote, versions):  # noqa: F811
    folder = runs_folder("kidney_ct", "good") / "test"
    folder.rename(folder.parent / ".away")
    store_run(versions["good"], 4.0, name="elsewhere", data="elsewhere")
    called = promote("--version", "good")
    assert called.code == 2
    assert "no stored run on the same cases" in called.document["error"]


def test_a_home_that_cannot_be_written_promotes_nothing(promote, tmp_path):
    (tmp_path / "home" / "second_look.db").write_bytes(b"")
    called = promote("--version", "good", "--by", "A. Reader")
    assert called.code == 3  # which version is the champion is not known
    assert "was left as it is" in called.document["error"]
