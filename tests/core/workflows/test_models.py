"""The list of installed versions (faults 45 and 50): a damaged one stays in sight."""

import pytest

from core.errors import ModelMissingError, ModelVersionError
from core.inference import package
from core.tasks import load_task
from core.workflows import models as module
from core.workflows.models import champion, list_models
from tests.small_version import small_card, write_small_version

TASK = load_task("kidney_ct")


@pytest.fixture
def version(tmp_path, use_settings):
    use_settings(models=tmp_path)
    return write_small_version(tmp_path)


def test_a_sound_version_is_listed_with_its_card(version):
    (row,) = list_models("kidney_ct")
    assert (row.name, row.is_champion, row.usable) == ("small-1", True, True)
    assert row.card.title == "A small network made by hand"
    assert row.digest == champion("kidney_ct").digest == version.digest
    assert row.n_bytes > 1000


def test_a_damaged_version_is_listed_with_its_problem(version):
    (version.path / "engine.bin").write_bytes(b"")
    (row,) = list_models()
    assert not row.usable
    assert "engine.bin of model version small-1 is empty" in row.problem


def test_a_version_without_a_readable_card_is_listed_too(version):
    (version.path / "manifest.json").unlink()
    (row,) = list_models()
    assert (row.card, row.digest) == (None, None)
    assert "has no manifest.json" in row.problem


def test_a_version_that_does_not_fit_the_task_is_listed_with_its_problem(tmp_path, use_settings):
    use_settings(models=tmp_path)
    write_small_version(tmp_path, card=small_card(TASK, class_names=TASK.class_names[:3]))
    (row,) = list_models()
    assert "in this order" in row.problem


def test_the_champion_comes_first(version, tmp_path):
    write_small_version(tmp_path, version="another")
    package.set_champion(tmp_path / "kidney_ct", "small-1")
    assert [row.name for row in list_models()] == ["small-1", "another"]


def test_files_are_hashed_again_only_when_one_of_them_changed(version, monkeypatch):
    module._verified.clear()
    hashed = []
    monkeypatch.setattr(module, "verify", lambda v: hashed.append(v) or package.verify(v))
    champion("kidney_ct")
    champion("kidney_ct")
    assert len(hashed) == 1
    content = (version.path / "engine.bin").read_bytes()
    (version.path / "engine.bin").write_bytes(content[:-1] + b"\x7f")
    with pytest.raises(
        ModelVersionError, match=r"engine\.bin of model version small-1 was changed"
    ):
        champion("kidney_ct")


def test_without_a_version_the_list_is_empty_and_there_is_no_champion(tmp_path, use_settings):
    use_settings(models=tmp_path / "none")
    assert list_models() == ()
    with pytest.raises(ModelMissingError):
        champion("kidney_ct")
