"""The product refuses to start with what cannot work (row 64 of the faults)."""

from __future__ import annotations

import pytest
import yaml

from core.errors import SettingsError, TaskError
from core.tasks.loader import OWN_FOLDER
from core.workflows.starting import check_start


def test_the_product_as_it_comes_may_start():
    assert check_start() is None


def test_a_folder_that_is_not_there_stops_the_start(use_settings, tmp_path):
    use_settings(backbones=tmp_path / "gone")
    with pytest.raises(SettingsError, match="SECOND_LOOK_BACKBONES"):
        check_start()


def test_a_recipe_with_an_unknown_step_stops_the_start(use_settings, tmp_path):
    content = yaml.safe_load((OWN_FOLDER / "kidney_stone.yaml").read_text(encoding="utf-8"))
    content |= {"key": "mine", "recipe": [{"step": "sharpen"}]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    use_settings(tasks=tmp_path)
    with pytest.raises(TaskError, match=r"mine\.yaml.*sharpen") as caught:
        check_start()
    assert "resize_lanczos" in caught.value.remedy
