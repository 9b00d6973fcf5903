"""What the banner says of a stored run, and what a search of nearly equal pictures adds."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from core.config import ROOT, settings
from core.errors import EvaluationError
from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
from core.inference.package import find_version
from core.inference.writer import set_champion, write_version
from core.tasks import load_task
from core.workflows.run_leaks import run_leaks
from core.workflows.twin_search import (
    BackgroundSearch,
    is_searched,
    open_known,
    read_twins,
    run_digest,
    search_twins,
    why_not,
)
from tests.leaking_runs import DATA, N, store, write_pictures
from tests.small_version import version_files, write_small_version

FILES = [f"picture_{index:05d}.png" for index in range(N)]
APART = [f"g{index // 2:02d}" for index in range(N)]
HALVES = ["1"] * 12 + ["2"] * 12
SPLIT = ["train"] * 12 + ["test"] * 12


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture(autouse=True)
def root(use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home", data_root=tmp_path / "data")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_folds_that_keep_groups_whole_are_apart_and_checked():
    how = {"split": "out_of_fold", "split_made": "2 grouped folds"}
    version = find_version("kidney_ct")
    run = store("folds", version=version, group=APART, slices={"fold": HALVES}, **how)
    found = run_leaks(run)
    assert (found.verdict, found.headline) == ("apart", "No series on both sides")
    assert found.how == "How it was split: 2 grouped folds."
    assert (found.compared, found.search_wanted) == ((), False)


def test_the_trainers_word_stands_where_sides_are_not_stored():
    run = store("test", version=find_version("kidney_ct"), group=APART, split="test")
    assert run_leaks(run).headline == "No series on both sides, by the trainer's own check"


def test_a_group_in_two_folds_is_a_leak_and_figures_without_it_stand_beside():
    group = ["a" if index in (0, 12) else name for index, name in enumerate(APART)]
    found = run_leaks(store("leaky", group=group, slices={"fold": HALVES}))
    assert found.verdict == "leak"
    assert found.headline.startswith("Leakage: 2 of 24 cases")
    assert [(item.title, item.n) for item in found.compared] == [
        ("As measured", 24),
        ("Without the leak", 22),
    ]
    assert "1 of 13 series were trained on too." in found.sentences
    assert found.compared[1].figures["sensitivity_stone"]["n"] == 6


def test_the_same_patient_in_train_and_test_of_an_uploaded_table_is_named(root):
    """Row 68 of the faults: by the patient's id, and by the pixels where pictures are there."""
    write_pictures(root, copies={20: 3})
    group = ["a" if index in (0, 12) else name for index, name in enumerate(APART)]
    run = store("uploaded", group=group, slices={"split": SPLIT}, data="somebody.csv")
    found = run_leaks(run)
    assert found.how == "How it was split: by the file's column 'split'."
    assert "12 of 24 cases are training pictures." in found.sentences
    assert "1 of 13 series were trained on too." in found.sentences
    assert found.compared[1].n == 11


def test_near_duplicates_are_found_in_an_uploaded_table_without_patients(root):
    write_pictures(root, copies={20: 3, 21: 22})
    run = store("uploaded", slices={"split": SPLIT})
    assert run_leaks(run).search_wanted
    found = search_twins(run)
    assert (found.kind, found.n_pairs, found.files) == ("across", 1, (FILES[20],))
    told = run_leaks(run)
    assert told.compared[1].n == 11
    assert any(line.startswith("1 of 24 cases have a nearly equal") for line in told.sentences)
    assert not told.search_wanted


def test_a_random_split_leaks_whatever_is_known_and_the_honest_figure_stands_beside():
    columns = {"group_in_training": ["yes"] * 20 + ["no"] * 4, "twin_in_training": ["yes"] * 24}
    version = find_version("kidney_ct")
    found = run_leaks(
        store("z", version=version, group=APART, slices=columns, split="random_split")
    )
    assert found.verdict == "leak"
    assert found.headline == "Leakage: these figures measure memory, not diagnosis"
    assert not found.search_wanted


def test_grouping_unknown_is_said_and_found_groups_widen_the_intervals(root):
    write_pictures(root, copies={index: index - 1 for index in range(1, N, 2)})
    run = store("unknown")
    assert run_leaks(run).headline.startswith("Grouping unknown")
    assert len(set(search_twins(run).groups)) == 12
    told = run_leaks(run)
    assert told.verdict == "unknown"
    assert [item.n_groups for item in told.compared] == [None, 12]
    assert any("they are 12 groups" in line for line in told.sentences)


def test_training_unknown_is_searched_across_groups(root):
    write_pictures(root, copies={1: 0, 5: 0})
    run = store("unknown", group=APART)
    assert run_leaks(run).headline.startswith("Training pictures unknown")
    assert search_twins(run).n_pairs == 2  # 0 and 5, 1 and 5; 0 and 1 are of one series
    told = run_leaks(run)
    assert any("2 pairs of nearly equal pictures" in line for line in told.sentences)


def test_with_the_pictures_away_the_banner_says_how_to_attach_them(use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home", data_root=None)
    told = run_leaks(store("unknown"))
    assert not told.search_wanted
    assert any("SECOND_LOOK_DATA_ROOT" in line for line in told.sentences)
    with pytest.raises(EvaluationError, match="cannot be searched"):
        search_twins(store("again"))


def _version_with_list(models, name, files, data):
    training = TrainingPictures(
        np.array(files, dtype=object), np.array(["t"] * len(files), dtype=object)
    )
    parts = version_files(load_task("kidney_ct"), name)
    card = parts["card.yaml"].decode().replace("name: drawn", f"name: {data}")
    parts |= {"card.yaml": card.encode(), TRAINING_FILE: training.to_bytes()}
    write_version(models / "kidney_ct", name, files=parts)
    set_champion(models / "kidney_ct", name)
    return find_version("kidney_ct", name)


def test_a_version_knows_what_it_was_trained_on(use_settings, root, tmp_path):
    use_settings(models=tmp_path / "m", home=tmp_path / "home", data_root=root)
    version = _version_with_list(tmp_path / "m", "listed", FILES[:6], DATA)
    assert version.card.training_data.name == DATA
    write_pictures(root, copies={20: 3})
    run = store("whole", version=version, group=APART)
    assert "6 of 24 cases are training pictures." in run_leaks(run).sentences
    assert search_twins(run).files == (FILES[20],)


def test_pictures_of_another_set_are_compared_with_those_trained_on(use_settings, root, tmp_path):
    use_settings(models=tmp_path / "m", home=tmp_path / "home", data_root=root)
    version = _version_with_list(tmp_path / "m", "listed", ["a.png", "b.png"], "theirs")
    folder = write_pictures(root)
    run = store("elsewhere", version=version, group=APART)
    assert "are not attached" in why_not(open_known(run))
    (root / "theirs").mkdir()
    for name, source in (("a.png", FILES[7]), ("b.png", FILES[9])):
        (root / "theirs" / name).write_bytes((folder / source).read_bytes())
    assert run_leaks(run).search_wanted
    assert search_twins(run).files == (FILES[7], FILES[9])
    assert run_leaks(run).verdict == "leak"


def test_what_was_found_is_kept_by_the_digest_of_the_run_and_damage_is_searched_again(root):
    write_pictures(root)
    run = store("unknown", slices={"split": SPLIT})
    assert not is_searched(run)
    found = search_twins(run)
    assert is_searched(run)
    assert read_twins(run_digest(run)) == found
    (kept,) = (settings().home / "twins").iterdir()
    kept.write_text("{half")
    assert read_twins(run_digest(run)) is None


def test_a_search_in_the_background_tells_why_it_stopped(root):
    (root / DATA).mkdir()
    search = BackgroundSearch(store("unknown"))
    search.wait()
    assert not search.is_running
    assert search.problem.startswith("None of the 24 pictures can be read.")


LIGHT = """
import sys
from core.workflows import run_leaks, twin_search
print(sorted({"tensorflow", "keras", "sklearn", "scipy", "sqlalchemy"} & set(sys.modules)))
"""


def test_the_banner_needs_no_heavy_library():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
