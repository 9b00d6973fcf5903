"""Who answers by default: the latest promotion, then the shipped choice; never a silent other."""

import subprocess
import sys
from dataclasses import replace

import pytest

from core.errors import ChampionError, ModelMissingError, ModelVersionError
from core.inference import package
from core.workflows.analyst import open_analyst
from core.workflows.champions import champion_name, find_version, is_champion
from core.workflows.models import champion_said, list_models
from core.workflows.records import Promotion, record_promotion
from tests.small_version import write_small_version
from tests.source_tree import ROOT


@pytest.fixture
def two(tmp_path, use_settings):
    """Two versions of kidney_ct, the first shipped as the champion; a home that holds nothing."""
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    made = [write_small_version(tmp_path / "models", version=f"small-{n}") for n in (1, 2)]
    package.set_champion(tmp_path / "models" / "kidney_ct", "small-1")
    return made


def promote(version, **changes):
    row = Promotion(
        task="kidney_ct",
        version=version.name,
        digest=version.digest,
        previous="small-1",
        verdict="may replace",
        override=None,
        promoted_by="A. Reader",
    )
    return record_promotion(replace(row, **changes))


def test_without_a_database_the_shipped_choice_answers(two):
    assert champion_name("kidney_ct") == "small-1"
    assert champion_said("kidney_ct") is None


def test_the_only_version_needs_no_choice(two, tmp_path):
    (tmp_path / "models" / "kidney_ct" / "champion").unlink()
    assert champion_name("kidney_ct") is None
    with pytest.raises(ModelVersionError, match="no champion among"):
        find_version("kidney_ct")
    (tmp_path / "models" / "kidney_ct" / "small-2").rename(tmp_path / "elsewhere")
    assert champion_name("kidney_ct") == "small-1"


def test_the_promoted_version_answers_everywhere(two):
    promote(two[1])
    assert champion_name("kidney_ct") == "small-2"
    assert open_analyst("kidney_ct").version_name == "small-2"
    assert [(row.name, row.is_champion) for row in list_models("kidney_ct")] == [
        ("small-2", True),
        ("small-1", False),
    ]
    assert champion_said("kidney_ct").startswith("Champion small-2: promoted by A. Reader on ")


def test_a_named_version_answers_whatever_was_promoted(two):
    promote(two[1])
    assert find_version("kidney_ct", "small-1").name == "small-1"


def test_the_latest_promotion_counts(two):
    promote(two[1])
    promote(two[0], override="Two stones were missed on Monday.", verdict="may not")
    assert champion_name("kidney_ct") == "small-1"
    assert champion_said("kidney_ct").endswith(
        "against the check (verdict: may not): Two stones were missed on Monday."
    )


def test_another_tasks_promotion_changes_nothing(two):
    promote(two[1], task="phantom_ct")
    assert champion_name("kidney_ct") == "small-1"


def test_a_promoted_version_that_is_away_is_said_and_no_other_answers(two, tmp_path):
    promote(two[1])
    (tmp_path / "models" / "kidney_ct" / "small-2").rename(tmp_path / "elsewhere")
    with pytest.raises(ChampionError, match="small-2 is the champion of kidney_ct") as refusal:
        find_version("kidney_ct")
    assert "promoted by A. Reader on" in refusal.value.problem
    assert "is not installed" in refusal.value.problem
    assert "Installed: small-1." in refusal.value.remedy
    assert not is_champion("kidney_ct", "small-1")
    assert [row.is_champion for row in list_models("kidney_ct")] == [False]


def test_a_promoted_version_with_other_files_is_said_and_does_not_answer(two):
    promote(two[1], digest="0" * 64)
    with pytest.raises(ChampionError, match="its files are others"):
        find_version("kidney_ct")


def test_a_database_that_cannot_be_read_is_said_and_no_version_answers(two, tmp_path):
    promote(two[1])
    (tmp_path / "home" / "second_look.db").write_bytes(b"not a database")
    with pytest.raises(ChampionError, match="is damaged") as refusal:
        find_version("kidney_ct")
    assert "a version named by --version" in refusal.value.remedy
    assert find_version("kidney_ct", "small-1").name == "small-1"
    assert not any(row.is_champion for row in list_models("kidney_ct"))


def test_no_version_at_all_is_still_said_as_such(tmp_path, use_settings):
    use_settings(models=tmp_path, home=tmp_path / "home")
    with pytest.raises(ModelMissingError, match="No model version of task kidney_ct"):
        find_version("kidney_ct")


def test_without_a_database_no_database_library_is_loaded():
    code = (
        "import sys; from core.workflows.champions import champion_name; "
        "champion_name('kidney_ct'); champion_name('phantom_ct'); "
        "print({'sqlalchemy', 'alembic', 'sqlite3'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
