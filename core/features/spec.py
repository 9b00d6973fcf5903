"""What a feature is, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray
from core.errors import DatasetError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a picture.

    Attributes
    ----------
    name : str
    title : str
        In words.
    unit : str
        "share", "grey level", "bit" and so on.
    low, high : float
        Both can occur; nothing lies outside.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class Feature:
    """Columns that are computed together.

    Attributes
    ----------
    key : str
    family : {"shape", "colour", "texture"}
    columns : tuple of Column
    compute : callable
        (pixels (rows, columns, 3) uint8, object mask (rows, columns) bool) -> one value a column.
    version : int
        Raised whenever the same picture gives other values than before.
    """

    key: str
    family: str
    columns: tuple[Column, ...]
    compute: Callable[[ByteArray, Mask], Sequence[float]]
    version: int = 1


@dataclass(frozen=True)
class FeatureSpec:
    """Which features a model reads beside the pixels, in their order.

    Attributes
    ----------
    features : tuple of Feature
    """

    features: tuple[Feature, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column, in the order of the table."""
        return tuple(column for feature in self.features for column in feature.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the table."""
        return tuple(column.name for column in self.columns)

    @classmethod
    def from_data(cls, data: Sequence[str] | Mapping[str, Any]) -> FeatureSpec:
        """Build a spec from what an experiment file or a card holds.

        Parameters
        ----------
        data : sequence of str, or what :meth:`to_data` returns
            Keys of features, or a family, which stands for all of its features.

        Raises
        ------
        DatasetError
            If a key is unknown or stands twice, there is none, or a card was made with another
            version of a feature.

        Examples
        --------
        >>> FeatureSpec.from_data(["texture"]).to_data()
        {'features': ['glcm', 'lbp'], 'versions': {'glcm': 1, 'lbp': 1}}
        """
        from core.features.table import FEATURES  # noqa: PLC0415 - the table names this module

        keys, versions = _read(data)
        found: list[Feature] = []
        for key in keys:
            members = [item for item in FEATURES.values() if key in (item.key, item.family)]
            if not members:
                families = sorted({item.family for item in FEATURES.values()})
                raise DatasetError(
                    f"There is no feature {key!r}.",
                    remedy=f"Features: {', '.join(FEATURES)}; or all of a family: "
                    f"{', '.join(families)}.",
                    column="features",
                )
            found += members
        _refuse(found, versions)
        return cls(tuple(found))

    def to_data(self) -> dict[str, Any]:
        """Return keys and versions, as YAML and JSON can hold them."""
        return {
            "features": [item.key for item in self.features],
            "versions": {item.key: item.version for item in self.features},
        }


def _read(data: Sequence[str] | Mapping[str, Any]) -> tuple[list[str], Mapping[str, int]]:
    if isinstance(data, Mapping):
        unknown = sorted(set(data) - {"features", "versions"})
        if unknown:
            raise DatasetError(
                f"Features: unknown key {unknown[0]!r}.",
                remedy="Allowed: features, versions.",
                column=str(unknown[0]),
            )
        keys, versions = data.get("features", ()), data.get("versions", {})
    else:
        keys, versions = data, {}
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not keys:
        raise DatasetError(
            f"Features: {keys!r} is no list of features.",
            remedy="Give a list, such as [shape, glcm].",
            column="features",
        )
    return [str(key) for key in keys], versions


def _refuse(found: Sequence[Feature], versions: Mapping[str, int]) -> None:
    keys = [item.key for item in found]
    repeated = sorted({key for key in keys if keys.count(key) > 1})
    if repeated:
        raise DatasetError(
            f"The feature {repeated[0]!r} is asked for more than once.",
            remedy="Name it, or its family, once.",
            column="features",
        )
    for item in found:
        if versions.get(item.key, item.version) != item.version:
            raise DatasetError(
                f"The feature {item.key!r} was computed with version {versions[item.key]}; this "
                f"product has version {item.version}.",
                remedy="Use the release that the model was trained with, or train it again.",
                column="versions",
            )
