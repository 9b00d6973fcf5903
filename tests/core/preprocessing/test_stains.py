"""Stain normalisation on pictures painted with known stains."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from core.preprocessing import STEPS, Recipe
from core.preprocessing.stain_macenko import LIGHT, StainMacenko, stains_of
from core.preprocessing.stain_reinhard import StainReinhard, tissue_colours

# Reference of the method's authors for haematoxylin and eosin.
HAEMATOXYLIN, EOSIN = (0.5626, 0.7201, 0.4062), (0.2159, 0.8012, 0.5581)
STRONGEST = (1.9705, 1.0308)
OTHER = ((0.65, 0.70, 0.29), (0.27, 0.87, 0.41))


def unit(vector):
    return np.array(vector) / np.linalg.norm(vector)


def painted(stains, strength=(1.0, 1.0), *, seed=0):
    """Return a picture and the concentrations it was painted with; some pixels hold one stain."""
    rng = np.random.default_rng(seed)
    amounts = rng.uniform(0.7, 1.6, (120 * 120, 2)) * strength
    amounts[::3, 0], amounts[1::3, 1] = 0, 0
    density = amounts @ np.array([unit(stain) for stain in stains])
    pixels = np.clip(np.rint(LIGHT * np.exp(-density) - 1), 0, 255).astype(np.uint8)
    return pixels.reshape(120, 120, 3), amounts


@pytest.mark.parametrize("stains", [(HAEMATOXYLIN, EOSIN), OTHER])
def test_macenko_finds_the_stains_that_a_picture_was_painted_with(stains):
    pixels, amounts = painted(stains)
    found, strongest = stains_of(pixels)
    for ours, true in zip(found, stains, strict=True):
        assert np.degrees(np.arccos(ours @ unit(true))) < 2
    assert strongest == pytest.approx(np.percentile(amounts, 99, axis=0), rel=0.05)


def test_macenko_repaints_a_picture_as_the_target_would_have_been_stained():
    source, amounts = painted(OTHER, (0.8, 0.7))
    target, _ = painted((HAEMATOXYLIN, EOSIN), (0.8, 0.7))
    step = StainMacenko(
        first=HAEMATOXYLIN, second=EOSIN, strongest=tuple(np.percentile(amounts, 99, axis=0))
    )
    ours = step(source).astype(int)
    before = np.abs(source.astype(int) - target).mean()
    after = np.abs(ours - target).mean()
    assert before > 8
    assert after < 2.5  # 0 to 1 of it is the "+ 1" that keeps the logarithm of black finite


def test_macenko_leaves_a_picture_of_the_target_about_as_it_is():
    pixels, _ = painted(OTHER)
    stains, strongest = stains_of(pixels)
    step = StainMacenko(first=tuple(stains[0]), second=tuple(stains[1]), strongest=tuple(strongest))
    assert np.abs(step(pixels).astype(int) - pixels).max() <= 3


def test_reinhard_gives_the_tissue_the_mean_and_spread_of_the_target():
    pixels, _ = painted(OTHER)
    step = StainReinhard(mean=(60, 15, -10), deviation=(6, 4, 3))
    lab = rgb2lab(step(pixels)).reshape(-1, 3)
    assert lab.mean(axis=0) == pytest.approx((60, 15, -10), abs=0.3)
    assert lab.std(axis=0) == pytest.approx((6, 4, 3), abs=0.3)


def test_the_colours_of_tissue_are_scikit_images_and_glass_does_not_count():
    pixels, _ = painted(OTHER)
    lab = rgb2lab(pixels).reshape(-1, 3)
    beside_glass = np.vstack([pixels, np.full_like(pixels, 250)])
    for picture in (pixels, beside_glass):
        mean, deviation = tissue_colours(picture)
        assert mean == pytest.approx(lab.mean(axis=0), abs=0.1)
        assert deviation == pytest.approx(lab.std(axis=0), abs=0.1)


NO_TISSUE = {
    "glass": np.full((64, 64, 3), 245, np.uint8),
    "black": np.zeros((64, 64, 3), np.uint8),
    "grey": np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8),
    "three equal channels": np.repeat(
        np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8), 3, axis=2
    ),
}


@pytest.mark.parametrize("name", list(NO_TISSUE))
@pytest.mark.parametrize("kind", ["stain_reinhard", "stain_macenko"])
def test_a_picture_without_tissue_passes_unchanged_and_says_so(kind, name):
    pixels = NO_TISSUE[name]
    seen = Recipe.from_data([{"step": kind}]).apply(pixels)
    assert np.array_equal(seen.pixels[:, :, 0], pixels.reshape(64, 64, -1)[:, :, 0])
    (note,) = seen.notes
    assert kind in note
    assert "no stained tissue" in note


def test_a_stained_picture_is_changed_without_a_note():
    pixels, _ = painted(OTHER)
    for kind in ("stain_reinhard", "stain_macenko"):
        seen = Recipe.from_data([{"step": kind}]).apply(pixels)
        assert seen.notes == ()
        assert np.abs(seen.pixels.astype(int) - pixels).mean() > 1


def test_defaults_are_steps_of_the_table():
    assert {step.kind for step in map(STEPS.__getitem__, STEPS)} >= {
        "stain_reinhard",
        "stain_macenko",
    }
