"""What the network sees: table, maps, the training pictures that excite a channel most."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ArgumentError, CancelledError, DatasetError, ExplanationError
from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
from core.inference.package import read_version, set_champion, write_version
from core.phantoms import phantom_table
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.channel_search import shown_pictures
from core.workflows.exciting_pictures import find_exciting, kept_exciting, strongest
from core.workflows.network_view import check_channel, layer_maps, layer_table, open_network_view
from tests.small_version import slices, version_files


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Write a phantom version that lists eleven training pictures, some of one group."""
    folder = tmp_path_factory.mktemp("models")
    task = load_task("phantom_ct")
    names = phantom_table(n_series=5)["file"].tolist()[:10]
    groups = ["a", "a", "a", "b", "b", "c", "d", "e", "f", "g", "h"]
    listed = TrainingPictures(
        np.array([*names, "phantom_ct/nothing.png"], object), np.array(groups, object)
    )
    files = version_files(task) | {TRAINING_FILE: listed.to_bytes()}
    write_version(folder / task.key, "small-1", files=files)
    set_champion(folder / task.key, "small-1")
    return folder


@pytest.fixture
def view(use_settings, models, tmp_path):
    use_settings(models=models, home=tmp_path / "home")
    return open_network_view("phantom_ct")


def test_the_table_holds_every_layer_and_all_weights(view):
    table = layer_table(view)
    assert table["layer"].tolist()[:3] == ["pixels", "scaling", "first"]
    assert table["parameters"].sum() == sum(row.n_parameters for row in view.layers) > 0
    assert table.loc[table["has_map"], "layer"].tolist() == list(view.layers_with_maps)
    assert view.first_convolution == "first"


def test_maps_are_ordered_by_their_peak_and_share_one_scale(view):
    batch = slices(1, view.probe.input_size).astype(np.float32)
    found = layer_maps(view, batch, "first")
    assert np.array_equal(np.moveaxis(found.maps, 0, -1), view.probe.activations(batch, "first"))
    assert np.all(np.diff(found.peaks[found.order]) <= 0)
    assert found.scale.high == pytest.approx(float(found.peaks.max()))
    assert found.painted(0, side=70).shape == (70, 70, 3)


def test_a_layer_or_channel_that_is_not_there_is_named(view):
    with pytest.raises(ArgumentError, match="first, second"):
        layer_maps(view, slices(1, view.probe.input_size).astype(np.float32), "conv9")
    with pytest.raises(ExplanationError, match="0 to 5"):
        check_channel(view, "first", 6)


def test_the_strongest_training_pictures_are_found_once_one_a_group(view):
    told: list[int] = []
    found = find_exciting(view, "first", Watch(lambda done, total: told.append(total)))
    assert (len(found.files), told[0]) == (10, 11)  # one of the eleven cannot be drawn
    shown = strongest(found, 2, n=4)
    assert len({item.group for item in shown}) == len(shown) == 4
    assert shown[0].peak == pytest.approx(float(found.peaks[:, 2].max()))
    again = kept_exciting(view, "first")
    assert again is not None
    assert np.array_equal(again.peaks, found.peaks)
    pictures = shown_pictures(view, found, 2)
    assert pictures[0].pixels is not None
    assert pictures[0].pixels.shape[2] == 3


def test_the_search_stops_when_asked_and_keeps_nothing(view):
    watch = Watch(lambda done, total: watch.stop())
    with pytest.raises(CancelledError):
        find_exciting(view, "second", watch)
    assert kept_exciting(view, "second") is None


def test_pictures_that_are_away_are_said_with_how_to_attach_them(use_settings, tmp_path):
    use_settings(models=tmp_path, home=tmp_path / "home", data_root=None)
    task = load_task("kidney_ct")
    listed = TrainingPictures(np.array(["a.png"], object), None)
    folder = write_version(
        tmp_path / task.key,
        "small-1",
        files=version_files(task) | {TRAINING_FILE: listed.to_bytes()},
    )
    assert read_version(folder)
    set_champion(tmp_path / task.key, "small-1")
    with pytest.raises(DatasetError, match="SECOND_LOOK_DATA_ROOT"):
        find_exciting(open_network_view(task.key), "first")
