"""A version goes out of use with a reason and a name, never the champion, and its files stay."""

import shutil

import pytest

from core.errors import ArgumentError, ModelMissingError, ModelVersionError
from core.evaluation.runs import write_run
from core.inference import package
from core.inference.manifest import manifest_bytes
from core.tasks import load_task
from core.workflows.comparing import comparable_runs
from core.workflows.models import list_models
from core.workflows.retiring import retire, retired_versions, take_back
from tests.drawn_runs import draw_run
from tests.small_version import small_card, write_small_version


def keep_run(version):
    """Give a version a stored run, and a manifest that says so."""
    write_run(draw_run(30), version / "evaluation" / "out_of_fold")
    (version / "manifest.json").write_bytes(manifest_bytes(version))


SAID = {"why": "Too slow.", "by": "A. Reader"}


@pytest.fixture
def models(tmp_path, use_settings):
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    for name in ("first", "other"):
        write_small_version(tmp_path / "models", version=name)
    package.set_champion(tmp_path / "models" / "kidney_ct", "first")
    return tmp_path / "models"


def test_it_is_listed_last_with_who_and_why_until_it_is_taken_back(models):
    assert retired_versions("kidney_ct") == {}
    row = retire("kidney_ct", "other", **SAID)
    assert retired_versions("kidney_ct") == {"other": row}
    (first, other) = list_models("kidney_ct")
    assert first.retired is None
    assert other.retired.startswith("Retired by A. Reader on ")
    assert other.retired.endswith("Too slow.")
    assert other.usable  # whoever names it is answered
    take_back("kidney_ct", "other", by="B")
    assert [item.retired for item in list_models("kidney_ct")] == [None, None]


def test_its_runs_are_compared_after_those_in_use_and_marked(models):
    for name in ("other", "third"):
        write_small_version(models, version=name) if name == "third" else None
        keep_run(models / "kidney_ct" / name)
    package.set_champion(models / "kidney_ct", "first")
    keep_run(models / "kidney_ct" / "first")
    told = [(run.facts.model_version, run.retired) for run in comparable_runs("kidney_ct")]
    assert told == [("first", False), ("other", False), ("third", False)]
    retire("kidney_ct", "other", **SAID)
    told = [(run.facts.model_version, run.retired) for run in comparable_runs("kidney_ct")]
    assert told == [("first", False), ("third", False), ("other", True)]


def test_the_champion_and_nobody_are_not_retired(models):
    with pytest.raises(ModelVersionError, match="Promote another one first"):
        retire("kidney_ct", "first", **SAID)
    with pytest.raises(ModelMissingError):
        retire("kidney_ct", "nobody", **SAID)
    with pytest.raises(ArgumentError, match="No reason"):
        retire("kidney_ct", "other", why=" ", by="A")
    with pytest.raises(ArgumentError, match="name"):
        retire("kidney_ct", "other", why="Old.", by="")
    assert retired_versions("kidney_ct") == {}


def test_other_files_under_the_name_are_another_version(models):
    retire("kidney_ct", "other", **SAID)
    shutil.rmtree(models / "kidney_ct" / "other")
    card = small_card(load_task("kidney_ct"), "other", limits=("Another one.",))
    write_small_version(models, version="other", card=card)
    assert [item.retired for item in list_models("kidney_ct")] == [None, None]
