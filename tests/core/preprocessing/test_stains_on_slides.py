"""Stain normalisation on real slides: centres that stain differently end up alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.config import settings
from core.preprocessing import STEPS
from core.preprocessing.stain_reinhard import tissue_colours

pytestmark = pytest.mark.needs_data
N = 20  # crops a centre


@pytest.fixture(scope="module")
def crops():
    """Return crops by centre, one a slide where there are as many slides."""
    folder = settings().data_root / "glomeruli"
    table = pd.read_csv(folder / "labels.csv")
    found = {}
    for centre, part in table.groupby("centre"):
        first = part[~part["group"].duplicated()]
        rest = part.drop(first.index)
        files = pd.concat([first, rest])["file"].head(N)
        found[centre] = [np.asarray(Image.open(folder / file).convert("RGB")) for file in files]
    return found


def means_of(crops, step=None):
    """Return the mean L, a and b of the tissue of each centre, shape (n_centres, 3)."""
    changed = {
        centre: [pixels if step is None else step(pixels) for pixels in pictures]
        for centre, pictures in crops.items()
    }
    return np.array(
        [
            np.mean([tissue_colours(pixels)[0] for pixels in pictures], axis=0)
            for pictures in changed.values()
        ]
    )


@pytest.fixture(scope="module")
def before(crops):
    return np.ptp(means_of(crops), axis=0)


@pytest.mark.parametrize("kind", ["stain_reinhard", "stain_macenko"])
def test_centres_differ_less_after_normalisation(crops, before, kind):
    (name,) = [name for name in STEPS if STEPS[name].kind == kind]
    after = np.ptp(means_of(crops, STEPS[name]), axis=0)
    assert len(crops) == 3
    assert before[0] > 10  # lightness, of 100
    assert after[0] < before[0] / 2
    assert np.linalg.norm(after) < np.linalg.norm(before) / 2
