"""Features against scikit-image, OpenCV and hand calculations."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from scipy.stats import entropy
from skimage.feature import graycomatrix, graycoprops
from skimage.filters import threshold_otsu
from skimage.measure import label, moments_central, moments_hu, moments_normalized, regionprops

from core.errors import DatasetError
from core.features import FEATURES, FeatureSpec, feature_table
from core.features.objects import find_object, largest_part
from tests.source_tree import ROOT

EVERYTHING = FeatureSpec.from_data(["shape", "colour", "texture"])


def drawn(seed=0, size=(90, 120)):
    """Return a bright, slanted ellipse with a notch and a small second part on dark noise."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 40, size, dtype=np.uint8)
    shape = np.zeros(size, np.uint8)
    cv2.ellipse(shape, (55, 45), (38, 18), 25, 0, 360, 1, -1)
    cv2.rectangle(shape, (60, 30), (70, 46), 0, -1)
    cv2.circle(shape, (104, 12), 4, 1, -1)
    pixels[shape > 0] = rng.integers(140, 200, (shape > 0).sum(), dtype=np.uint8)
    return pixels, shape > 0


def coloured(seed=0, size=(60, 70)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def values(pixels, *features, masks=None):
    spec = FeatureSpec.from_data(features)
    row = feature_table(pixels[None], spec, masks=masks)[0]
    return dict(zip(spec.names, row.tolist(), strict=True))


def test_the_object_is_otsus_on_the_side_that_is_not_the_border():
    pixels, shape = drawn()
    rgb = np.repeat(pixels[:, :, None], 3, axis=2)
    assert np.array_equal(find_object(rgb), pixels > threshold_otsu(pixels))
    assert np.array_equal(find_object(rgb), shape)
    assert np.array_equal(find_object(255 - rgb), shape)  # dark tissue on bright glass
    assert not find_object(np.full((8, 8, 3), 7, np.uint8)).any()


def test_the_outline_is_that_of_scikit_image():
    pixels, shape = drawn()
    ours = values(pixels, "outline")
    theirs = max(regionprops(label(shape, connectivity=2)), key=lambda part: part.area)
    assert ours["area_share"] == pytest.approx(shape.mean())
    assert ours["largest_part"] == pytest.approx(theirs.area / shape.sum())
    assert ours["extent"] == pytest.approx(theirs.extent)
    long, short = (spread + 1 / 12 for spread in theirs.inertia_tensor_eigvals)
    assert ours["eccentricity"] == pytest.approx(np.sqrt(1 - short / long), abs=1e-6)
    assert ours["eccentricity"] == pytest.approx(theirs.eccentricity, abs=1e-3)
    assert ours["solidity"] == pytest.approx(theirs.solidity, abs=0.01)  # theirs adds pixel corners
    assert ours["solidity"] < 0.97
    assert np.array_equal(largest_part(shape), label(shape, connectivity=2) == theirs.label)


def test_the_moments_of_hu_are_scikit_images():
    pixels, shape = drawn()
    # Theirs has rows first, which is the mirrored shape: the seventh moment tells the two apart.
    theirs = moments_hu(moments_normalized(moments_central(shape.T.astype(float))))
    expected = [-np.copysign(np.log10(abs(v)), v) if abs(v) >= 1e-12 else 0 for v in theirs]
    ours = values(pixels, "hu_moments")
    assert list(ours.values()) == pytest.approx(expected, rel=1e-5)


def test_moments_and_outline_do_not_change_when_the_object_is_turned():
    pixels, _ = drawn()
    turned = np.ascontiguousarray(np.rot90(pixels))
    for feature in ("outline", "hu_moments"):
        before, after = values(pixels, feature), values(turned, feature)
        assert list(after.values()) == pytest.approx(list(before.values()), abs=0.02)


def test_colours_are_numpys_and_opencvs():
    pixels = coloured()
    ours = values(pixels, "colour_moments")
    expected = [*pixels.mean(axis=(0, 1)), *pixels.std(axis=(0, 1))]
    assert list(ours.values()) == pytest.approx(expected, rel=1e-6)
    histogram = [
        cv2.calcHist([pixels], [channel], None, [8], [0, 256]).ravel() / (60 * 70)
        for channel in range(3)
    ]
    found = list(values(pixels, "colour_histogram").values())
    assert found == pytest.approx(np.concatenate(histogram), rel=1e-6)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    levels = values(pixels, "grey_levels")
    assert levels["brightness"] == pytest.approx(grey.mean(), rel=1e-6)
    assert levels["contrast"] == pytest.approx(grey.std(), rel=1e-6)
    assert levels["entropy"] == pytest.approx(
        entropy(np.bincount(grey.ravel(), minlength=256), base=2), rel=1e-6
    )


@pytest.mark.parametrize("is_smooth", [False, True])
def test_co_occurrences_are_scikit_images(is_smooth):
    pixels = coloured()
    if is_smooth:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 2)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) // 8
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrix = graycomatrix(grey, [1], angles, levels=32, symmetric=True, normed=True)
    for name, value in values(pixels, "glcm").items():
        theirs = graycoprops(matrix, name.removeprefix("glcm_")).mean()
        assert value == pytest.approx(theirs, rel=1e-5), name


def slow_patterns(grey):
    """Return the share of each pattern, one pixel at a time."""
    counts = np.zeros(10)
    for row in range(1, grey.shape[0] - 1):
        for column in range(1, grey.shape[1] - 1):
            window = grey[row - 1 : row + 2, column - 1 : column + 2] >= grey[row, column]
            ring = [*window[0], window[1, 2], *window[2, ::-1], window[1, 0]]
            n_changes = sum(ring[place] != ring[place - 1] for place in range(8))
            counts[sum(ring) if n_changes <= 2 else 9] += 1
    return counts / counts.sum()


def test_local_binary_patterns_by_hand():
    pixels = cv2.GaussianBlur(coloured(size=(20, 24)), (0, 0), 1)
    expected = slow_patterns(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    assert list(values(pixels, "lbp").values()) == pytest.approx(expected, abs=1e-6)
    assert expected[9] > 0.05
    turned = np.ascontiguousarray(np.rot90(pixels))
    assert list(values(turned, "lbp").values()) == pytest.approx(expected, abs=1e-6)
    peak = np.zeros((3, 3, 3), np.uint8)
    peak[1, 1] = 9
    assert values(peak, "lbp")["lbp_0"] == 1
    assert values(9 - peak, "lbp")["lbp_8"] == 1


@pytest.mark.parametrize("fill", [0, 128, 255])
def test_every_value_of_a_picture_without_anything_is_finite_and_in_range(fill):
    for size in ((40, 40), (3, 3), (1, 5)):
        check_ranges(np.full((1, *size, 3), fill, np.uint8))


def test_every_value_is_in_the_range_of_its_column():
    check_ranges(np.stack([coloured(seed) for seed in range(3)]))
    check_ranges(np.stack([drawn(seed)[0] for seed in range(3)]))
    board = (np.indices((40, 40)).sum(axis=0) % 2 * 255).astype(np.uint8)
    check_ranges(board[None])


def check_ranges(pixels):
    table = feature_table(pixels, EVERYTHING)
    assert (table.shape, table.dtype) == ((len(pixels), len(EVERYTHING.names)), np.float32)
    for column, found in zip(EVERYTHING.columns, table.T, strict=True):
        assert np.isfinite(found).all(), column.name
        assert (found >= column.low).all(), column.name
        assert (found <= column.high).all(), column.name


def test_a_mask_says_where_the_object_is_and_pictures_may_differ_in_size():
    pixels = [drawn()[0], coloured()]
    masks = [np.zeros((90, 120), bool), np.zeros((60, 70), bool)]
    masks[0][10:20, 10:40], masks[1][:30] = True, True
    table = feature_table(pixels, FeatureSpec.from_data(["outline"]), masks=masks)
    assert table[:, 0] == pytest.approx([300 / (90 * 120), 0.5])
    assert table[:, 2:4] == pytest.approx(np.ones((2, 2)))
    assert feature_table([], EVERYTHING).shape == (0, len(EVERYTHING.names))


def test_names_are_unique_and_each_column_says_its_range():
    assert len(set(EVERYTHING.names)) == len(EVERYTHING.names)
    assert all(column.low < column.high for column in EVERYTHING.columns)
    assert {item.family for item in FEATURES.values()} == {"shape", "colour", "texture"}


def test_one_picture_is_measured_while_the_process_is_ending():
    """A thread that measures a run is stopped at the end of the server, after its pools."""
    code = """
import atexit, numpy as np
from core.features import FeatureSpec, feature_table
spec = FeatureSpec.from_data(["colour"])
one = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
atexit.register(lambda: print(feature_table(one, spec).shape[0]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert (ended.stdout, ended.stderr) == ("1\n", "")


def test_a_spec_survives_its_data():
    assert FeatureSpec.from_data(EVERYTHING.to_data()) == EVERYTHING
    mixed = FeatureSpec.from_data(["lbp", "shape"])
    assert [item.key for item in mixed.features] == ["lbp", "outline", "hu_moments"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (["glow"], "'glow'"),
        ([], "no list"),
        ("shape", "no list"),
        (["shape", "outline"], "more than once"),
        ({"feature": ["shape"]}, "'feature'"),
        ({"features": ["lbp"], "versions": {"lbp": 9}}, "version 9"),
    ],
)
def test_a_wrong_spec_is_refused_in_words(data, said):
    with pytest.raises(DatasetError, match=said):
        FeatureSpec.from_data(data)


def test_wrong_pictures_and_masks_are_refused_in_words():
    pixels = coloured()[None]
    with pytest.raises(DatasetError, match="float32"):
        feature_table(pixels.astype(np.float32), EVERYTHING)
    with pytest.raises(DatasetError, match="1 pictures and 2 masks"):
        feature_table(pixels, EVERYTHING, masks=[np.zeros((60, 70), bool)] * 2)
    with pytest.raises(DatasetError, match=r"\(3, 3\)"):
        feature_table(pixels, EVERYTHING, masks=[np.zeros((3, 3), bool)])
