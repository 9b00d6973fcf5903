"""Draw pictures for an epoch evenly over series: a long series must not outweigh a short one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DatasetError


def even_series_sample(rows: pd.DataFrame, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw n pictures, evenly over classes and, within a class, evenly over its groups.

    Within a group pictures are drawn without repetition until all were drawn, then again. What does
    not divide evenly falls to classes and groups by lot.

    Parameters
    ----------
    rows : DataFrame
        ``label`` and ``group`` of the pictures to draw from, such as the training rows of a
        manifest's frame; its index does not matter.
    n : int
        At least 1.
    rng : Generator

    Returns
    -------
    ndarray of shape (n,), int64
        Positions in ``rows``, shuffled.

    Raises
    ------
    DatasetError
        If there is nothing to draw from, or n is below 1.
    """
    if n < 1 or rows.empty:
        raise DatasetError(
            f"{n} pictures cannot be drawn from {len(rows)}.", remedy="Give rows, and n above 0."
        )
    by_label = pd.Series(np.arange(len(rows))).groupby(rows["label"].to_numpy(dtype=object))
    group_of = rows["group"].to_numpy(dtype=object)
    drawn = []
    classes = [members.to_numpy() for _, members in by_label]
    for members, quota in zip(classes, _quotas(n, len(classes), rng), strict=True):
        by_group = pd.Series(members).groupby(group_of[members])
        groups = [pictures.to_numpy() for _, pictures in by_group]
        for pictures, share in zip(groups, _quotas(quota, len(groups), rng), strict=True):
            drawn.append(_cycled(pictures, share, rng))
    return rng.permutation(np.concatenate(drawn))


def _quotas(n: int, n_parts: int, rng: np.random.Generator) -> list[int]:
    """Deal n into equal whole numbers; who gets the remainder is drawn."""
    quotas = np.full(n_parts, n // n_parts, dtype=np.int64)
    quotas[rng.permutation(n_parts)[: n % n_parts]] += 1
    return [int(quota) for quota in quotas]


def _cycled(pictures: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw n, each picture as often as any other or once more."""
    rounds = [rng.permutation(pictures) for _ in range(-(-n // len(pictures)))]
    return np.concatenate([*rounds, np.empty(0, np.int64)])[:n]
