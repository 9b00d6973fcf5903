"""Split by group into train, validation, calibration and test: seeded, stratified, stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.datasets.file_column import tidied
from core.datasets.manifest import Manifest
from core.datasets.table import read_table
from core.errors import DatasetError

PARTS = ("train", "validation", "calibration", "test")
FRACTIONS: Mapping[str, float] = MappingProxyType(
    {"train": 0.6, "validation": 0.1, "calibration": 0.1, "test": 0.2}
)

# Which parts a class with few groups reaches first: without train nothing is learnt, without test
# nothing is known.
_FIRST_SERVED = ("train", "test", "validation", "calibration")
_DRAWS = 64


@dataclass(frozen=True, eq=False)
class Split:
    """The part of every picture of a manifest.

    Attributes
    ----------
    parts : ndarray of shape (n,), str
        One of ``PARTS`` for each row of the manifest.
    seed : int or None
        What it was drawn with; None for one that was read.
    """

    files: tuple[str, ...]
    parts: NDArray[np.str_]
    seed: int | None = None

    def __post_init__(self) -> None:
        self.parts.setflags(write=False)

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the row numbers of a part, ascending."""
        if part not in PARTS:
            raise DatasetError(f"Unknown part {part!r}.", remedy=f"Parts: {', '.join(PARTS)}.")
        return np.flatnonzero(self.parts == part)

    def save(self, path: Path) -> None:
        """Write ``file,split``, sorted by file."""
        frame = pd.DataFrame({"file": self.files, "split": self.parts})
        frame.to_csv(path, index=False, lineterminator="\n")

    @classmethod
    def load(cls, path: Path, manifest: Manifest) -> Split:
        """Read ``file,split`` for the rows of a manifest.

        A split with a group on both sides is read, so that it can be shown what is wrong with it:
        :func:`check_split` refuses it.

        Raises
        ------
        DatasetError
            If the table is wrong, has another word than a part, or misses a picture. Pictures that
            the manifest does not have are passed over.
        """
        files = tuple(manifest.frame["file"])
        return cls(files, read_parts(path, files, pass_over_others=True))


def read_parts(
    path: Path, files: Sequence[str], *, pass_over_others: bool = False
) -> NDArray[np.str_]:
    """Read a split file, ``file, split``, and return the part of each of ``files``.

    Parameters
    ----------
    path : Path
    files : sequence of str
        The pictures of the data folder.
    pass_over_others : bool
        Whether rows about other pictures are passed over; they are refused otherwise.

    Raises
    ------
    DatasetError
        With row and column: a missing column, a repeated or unknown file, an unknown part. Without
        a row: a picture that the split file does not have, an empty file.
    """
    table = read_table(path, header="file,split")
    table.require(("file", "split"))
    table.columns["file"][:] = [tidied(name) for name in table.columns["file"]]
    table.refuse_repeated("file")
    known = frozenset(files)
    for place, (file, part) in enumerate(
        zip(table.columns["file"], table.columns["split"], strict=True)
    ):
        if part not in PARTS:
            raise table.fault(
                place, "split", f"{part!r} is no part.", remedy=f"Allowed: {', '.join(PARTS)}."
            )
        if file not in known and not pass_over_others:
            raise table.fault(
                place,
                "file",
                f"{file!r} is no picture of the data folder.",
                remedy="Give paths as the folder's table has them, relative to the folder.",
            )
    part_of = dict(zip(table.columns["file"], table.columns["split"], strict=True))
    missing = [file for file in files if file not in part_of]
    if missing:
        raise DatasetError(
            f"{path.name} does not have {missing[0]!r} ({len(missing)} pictures missing).",
            remedy="Add a row for each picture of the data folder.",
            column="file",
        )
    return np.array([part_of[file] for file in files], dtype=np.str_)


def make_split(
    manifest: Manifest, *, seed: int, fractions: Mapping[str, float] = FRACTIONS
) -> Split:
    """Deal whole groups into the four parts, class by class.

    Groups are counted, not pictures: a class with at least four groups has one in every part (one
    with fewer reaches train, then test, then validation). Series differ widely in length, so of 64
    seeded draws the one is kept whose picture shares come closest to the fractions. The draw looks
    at labels, groups and sizes only.

    Parameters
    ----------
    manifest : Manifest
    seed : int
    fractions : mapping of part to float
        One for each of ``PARTS``, all above 0, with the sum 1.

    Raises
    ------
    DatasetError
        If the fractions are not that.
    """
    check_fractions(fractions)
    shares = np.array([fractions[part] for part in PARTS], np.float64)
    counts = _counts(manifest)
    strata = _strata(counts)
    best, best_error = np.zeros(len(counts), dtype=np.int64), np.inf
    rng = np.random.default_rng(seed)
    for _ in range(_DRAWS):
        drawn = _draw(strata, shares, rng)
        error = _error(drawn, counts.to_numpy(), shares)
        if error < best_error:
            best, best_error = drawn, error
    part_of = dict(zip(counts.index, np.array(PARTS)[best], strict=True))
    parts = np.array([part_of[group] for group in manifest.frame["group"]], dtype=np.str_)
    split = Split(tuple(manifest.frame["file"]), parts, seed)
    check_split(manifest, split)
    return split


def check_fractions(fractions: Mapping[str, float]) -> None:
    """Refuse shares that are no split.

    Raises
    ------
    DatasetError
        If there is not one above 0 for each of ``PARTS``, or their sum is not 1.
    """
    values = np.array([float(fractions.get(part, 0.0)) for part in PARTS])
    fits = set(fractions) == set(PARTS) and (values > 0).all() and abs(values.sum() - 1) < 1e-9
    if not fits:
        raise DatasetError(
            f"The fractions are {dict(fractions)}.",
            remedy=f"Give one above 0 for each of {', '.join(PARTS)}, with the sum 1.",
            column="fractions",
        )


def straddling_groups(manifest: Manifest, split: Split) -> list[str]:
    """Return the groups with pictures in more than one part, sorted."""
    n_parts = pd.Series(split.parts).groupby(manifest.frame["group"]).nunique()
    return sorted(str(group) for group in n_parts.index[n_parts > 1])


def check_split(manifest: Manifest, split: Split) -> None:
    """Refuse a split that does not fit the manifest or has a group on both sides.

    Raises
    ------
    DatasetError
        Naming the first groups and how many there are.
    """
    if split.files != tuple(manifest.frame["file"]) or len(split.parts) != len(split.files):
        raise DatasetError(
            f"The split is about {len(split.files)} other pictures than the manifest's "
            f"{len(manifest)}.",
            remedy="Load it for this manifest.",
        )
    shared = straddling_groups(manifest, split)
    if shared:
        shown = ", ".join(shared[:5]) + (", ..." if len(shared) > 5 else "")
        raise DatasetError(
            f"{len(shared)} of {manifest.n_groups} groups are in more than one part: {shown}.",
            remedy="Keep all pictures of a group in one part; figures would measure memory.",
            column="split",
        )


def _counts(manifest: Manifest) -> pd.DataFrame:
    """Return pictures by group (rows, sorted) and class (columns)."""
    return pd.crosstab(manifest.frame["group"], manifest.frame["label"]).sort_index()


def _strata(counts: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Return the group numbers to be dealt together: each group goes with its rarest class."""
    n_groups = (counts > 0).sum()
    rarity = n_groups.sort_values(kind="stable").index
    home = (counts[rarity] > 0).to_numpy().argmax(axis=1)
    return [np.flatnonzero(home == place) for place in range(len(rarity))]


def _draw(
    strata: list[NDArray[np.int64]], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the part of every group, as an index into ``PARTS``."""
    drawn = np.zeros(sum(len(groups) for groups in strata), dtype=np.int64)
    for groups in strata:
        parts = np.repeat(np.arange(len(PARTS)), list(_seats(len(groups), shares)))
        drawn[groups] = rng.permutation(parts)
    return drawn


def _seats(n: int, shares: NDArray[np.float64]) -> Iterator[int]:
    """Yield how many of n groups each part gets: at least one each from four on.

    The largest remainder decides about the rest, after the seats that everyone gets.
    """
    if n < len(PARTS):
        served = _FIRST_SERVED[:n]
        yield from (int(part in served) for part in PARTS)
        return
    seats = np.maximum(1, np.floor(shares * n)).astype(int)
    while seats.sum() > n:  # tiny fractions were lifted to one seat: the largest part pays
        seats[seats.argmax()] -= 1
    while seats.sum() < n:
        seats[(shares * n - seats).argmax()] += 1
    yield from (int(seat) for seat in seats)


def _error(
    drawn: NDArray[np.int64], counts: NDArray[np.int64], shares: NDArray[np.float64]
) -> float:
    """Return how far picture shares are from the fractions; a class missing in a part is worst."""
    in_part = np.stack([counts[drawn == part].sum(axis=0) for part in range(len(PARTS))])
    off = np.abs(in_part / counts.sum(axis=0) - shares[:, np.newaxis]).sum()
    could_be_everywhere = (counts > 0).sum(axis=0) >= len(PARTS)
    missing = ((in_part == 0) & could_be_everywhere).sum()
    return float(off + 100 * missing)
