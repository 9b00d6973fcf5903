"""An edited text becomes an experiment of one's own; what is wrong is refused, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import TrainingError
from core.training.experiments import load_experiment
from core.workflows.experiment_words import experiment_choices, experiment_problems
from core.workflows.own_experiments import save_experiment

TEXT = """# Chosen by hand
title: Mine
key: phantom_ct   # ours
task: phantom_ct
architecture: simple_cnn
training: {epochs: 3}
"""


@pytest.fixture
def folder(tmp_path: Path, use_settings: Callable[..., None]) -> Path:
    """An empty folder of one's own experiments."""
    use_settings(experiments=tmp_path)
    return tmp_path


def test_a_text_is_kept_with_its_comments_under_its_name(folder: Path):
    path = save_experiment(TEXT, key="mine")
    assert path == folder / "mine.yaml"
    assert path.read_text("utf-8") == TEXT.replace("key: phantom_ct   # ours", "key: mine")
    assert load_experiment("mine").training == {"epochs": 3}
    assert [path.name for path in folder.iterdir()] == ["mine.yaml"]


def test_ones_own_is_saved_over_itself_and_over_no_other(folder: Path):
    save_experiment(TEXT, key="mine")
    save_experiment(TEXT.replace("epochs: 3", "epochs: 4"), key="mine", edited="mine")
    assert load_experiment("mine").training == {"epochs": 4}
    for edited in (None, "phantom_ct"):
        with pytest.raises(TrainingError, match="mine of yours already"):
            save_experiment(TEXT, key="mine", edited=edited)
    assert load_experiment("mine").training == {"epochs": 4}


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (TEXT, "kidney_ct", "kidney_ct of the product already"),
        (TEXT, "../mine", "no name of an experiment"),
        (TEXT, "Mine", "no name of an experiment"),
        (TEXT.replace("epochs: 3", "epochs: none"), "mine", "epochs"),
        ("key: [", "mine", "YAML"),
        ("{key: a, title: b, task: phantom_ct, architecture: simple_cnn}", "mine", "its key"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(
    folder: Path, text: str, key: str, said: str
):
    with pytest.raises(TrainingError, match=said):
        save_experiment(text, key=key, edited=key)
    assert list(folder.iterdir()) == []


def test_without_a_folder_or_where_it_cannot_be_written_it_is_said(
    folder: Path, use_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(TrainingError, match="No space left"):
            save_experiment(TEXT, key="mine")
    assert list(folder.iterdir()) == []
    use_settings(experiments=None)
    with pytest.raises(TrainingError, match="SECOND_LOOK_EXPERIMENTS"):
        save_experiment(TEXT, key="mine")


def test_a_wrong_file_is_told_beside_the_choices(folder: Path):
    save_experiment(TEXT, key="mine")
    (folder / "broken.yaml").write_text("key: broken", encoding="utf-8")
    (problem,) = experiment_problems()
    assert "broken.yaml" in str(problem)
    assert [choice.kind for choice in experiment_choices("phantom_ct")] == ["ours", "yours"]
