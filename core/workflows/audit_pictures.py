"""The pictures that an explanation audit looks at, made ready, each with what is known about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.config import settings
from core.domain import FloatArray, SeenImage, StudyImage
from core.errors import CoreError, DatasetError

if TYPE_CHECKING:
    from core.datasets.manifest import Manifest
    from core.inference.package import ModelVersion
    from core.saliency.faithfulness.pointing import Boxes
    from core.tasks import TaskSpec
    from core.workflows.analyst import Analyst

SEED = 20261121
STONE_BOXES = "stone_boxes"
PHANTOM_SEED = 905  # series that no version was trained on: training draws from small seeds


@dataclass(frozen=True, slots=True, eq=False)
class AuditPicture:
    """One picture, ready for the network.

    Attributes
    ----------
    file : str
    group : str or None
        Pictures of one group are not independent.
    label : str or None
        Its true class, where it is known.
    image : StudyImage
    seen : SeenImage
    boxes : ndarray of shape (n_boxes, 4), or None
        Where the finding of class ``label`` is (core.saliency.faithfulness.pointing).
    region : ndarray of shape (rows, columns), bool, or None
        The finding's own outline, or its boxes.
    """

    file: str
    group: str | None
    label: str | None
    image: StudyImage
    seen: SeenImage
    boxes: Boxes | None = None
    region: NDArray[np.bool_] | None = None

    @property
    def batch(self) -> FloatArray:
        """The prepared picture, (1, rows, columns, 3) float32, 0..255."""
        return self.seen.pixels[None].astype(np.float32)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the decoded picture."""
        return self.image.rows, self.image.columns


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Which pictures of a folder are looked at: by row of its manifest, in random order.

    ``unseen`` : whether the version was fitted on none of them.
    """

    manifest: Manifest
    rows: NDArray[np.int64]
    unseen: bool


def default_folders(task: TaskSpec) -> list[Path]:
    """Return the folders of a task that the data root holds: its own, and that with stone boxes.

    A task of drawings has none: its pictures are drawn.
    """
    root = settings().data_root
    if root is None or task.synthetic:
        return []
    own = [root / source.folder for source in task.sources if source.folder]
    boxes = [root / STONE_BOXES] if "stone" in task.findings else []
    return [folder for folder in own[:1] + boxes if folder.is_dir()]


def choose_pictures(manifest: Manifest, version: ModelVersion, *, n: int) -> Choice:
    """Choose n pictures: of series that the version was not fitted on, classes and groups even.

    Where every picture was fitted on, or nothing is known about that, all of them stand to choice.
    """
    from core.workflows.twin_search import training_pictures

    known = training_pictures(version)
    frame = manifest.frame
    free = np.ones(len(frame), bool)
    if known is not None:
        free &= ~np.isin(frame["file"].to_numpy(str), known.file.astype(str))
        if known.group is not None and manifest.group_source == "column":
            free &= ~np.isin(frame["group"].to_numpy(str), known.group.astype(str))
    unseen = known is not None and bool(free.any())
    rows = np.flatnonzero(free) if unseen else np.arange(len(frame))
    return Choice(manifest, _even(frame.iloc[rows], rows, n), unseen)


def _even(frame: Any, rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Take rows in rounds: each class's groups in turn, so that no group and no class dominates."""
    rng = np.random.default_rng(SEED)
    mixed = rng.permutation(len(frame))
    labels, groups = frame["label"].to_numpy(str)[mixed], frame["group"].to_numpy(str)[mixed]
    in_group: dict[tuple[str, str], int] = {}
    in_class: dict[str, int] = {}
    keys = []
    for label, group in zip(labels, groups, strict=True):
        place = in_group[label, group] = in_group.get((label, group), -1) + 1
        keys.append((label, place))
    order = sorted(range(len(keys)), key=lambda item: keys[item][1])
    ranks = np.empty(len(keys), int)
    for item in order:  # the how-manieth of its class
        ranks[item] = in_class[keys[item][0]] = in_class.get(keys[item][0], -1) + 1
    taken = np.argsort(ranks, kind="stable")[:n]
    return np.asarray(rows[mixed[taken]], np.int64)


def labelled_pictures(choice: Choice, analyst: Analyst) -> Iterator[AuditPicture]:
    """Yield the chosen pictures; those that cannot be read are passed over."""
    from core.intake import read_study
    from core.workflows.files import read_file

    manifest = choice.manifest
    frame, masks = manifest.frame, _mask_files(manifest)
    has_groups = manifest.group_source != "none"
    for row in choice.rows.tolist():
        file, label, group = (str(frame[name].iloc[row]) for name in ("file", "label", "group"))
        try:
            data = read_file(manifest.root / file)
            image = read_study(data, default_window=analyst.task.window)
            seen = analyst.recipe.apply(image.pixels, already_applied=manifest.already_applied)
            region = _read_mask(manifest.root / masks[file], image) if file in masks else None
        except CoreError:
            continue
        yield AuditPicture(file, group if has_groups else None, label, image, seen, None, region)


def boxed_pictures(folder: Path, analyst: Analyst, class_name: str) -> Iterator[AuditPicture]:
    """Yield the pictures of a folder with ``boxes.csv``, in a random order that never changes."""
    from core.datasets.boxes import read_boxes
    from core.intake import read_study
    from core.saliency.faithfulness.pointing import inside
    from core.workflows.files import carried_steps, read_file

    found = read_boxes(folder)
    files = list(found)
    for place in np.random.default_rng(SEED).permutation(len(files)).tolist():
        file = files[place]
        try:
            image = read_study(read_file(folder / file), default_window=analyst.task.window)
            carried = carried_steps(folder / file, None)
            seen = analyst.recipe.apply(image.pixels, already_applied=carried)
        except CoreError:
            continue
        region = inside(found[file], (image.rows, image.columns))
        yield AuditPicture(file, None, class_name, image, seen, found[file], region)


def class_of_boxes(folder: Path, task: TaskSpec, class_name: str | None = None) -> str:
    """Return the class that the boxes of a folder mark: the one named, else in the folder's name.

    Raises
    ------
    DatasetError
        If neither names one class of the task.
    """
    if class_name is not None and class_name in task.class_names:
        return class_name
    named = [key for key in task.findings if key in folder.resolve().name.lower()]
    if class_name is None and len(named) == 1:
        return named[0]
    raise DatasetError(
        f"Which class the boxes of {folder.name} mark is not known"
        + (f": task {task.key} has no class {class_name!r}." if class_name else "."),
        remedy=f"Name it with --class: {', '.join(task.findings)}.",
    )


def can_be_drawn(task: TaskSpec) -> tuple[str, ...]:
    """Return the findings of a task that the product can draw: none where it reads no CT."""
    from core.phantoms.series import LABELS

    return tuple(key for key in task.findings if key in LABELS and "CT" in task.modalities)


def drawn_pictures(
    analyst: Analyst, n: int, labels: Sequence[str], *, seed: int = PHANTOM_SEED
) -> Iterator[AuditPicture]:
    """Yield at most n drawings of these labels, each of a series of its own, with its outline."""
    from core.intake import read_study
    from core.phantoms import phantom_pixels, phantom_table, png_bytes

    table = phantom_table(n_series=2 * n, seed=seed)
    middle = table[table["label"].isin(list(labels))].groupby("group", sort=False).nth(1)
    for file, label, group in zip(
        middle["file"][:n], middle["label"][:n], middle["group"][:n], strict=True
    ):
        drawn = phantom_pixels(str(file))
        image = read_study(png_bytes(drawn))
        seen = analyst.recipe.apply(image.pixels)
        boxes = boxes_around(drawn.outline) if drawn.outline.any() else None
        region = drawn.outline if boxes is not None else None
        yield AuditPicture(str(file), str(group), str(label), image, seen, boxes, region)


def boxes_around(outline: NDArray[np.bool_]) -> Boxes:
    """Return a box (top, left, bottom, right), in fractions, around each part of an outline."""
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(outline.astype(np.uint8), connectivity=8)
    rows, columns = outline.shape
    left, top, width, height = (stats[1:, place].astype(np.float64) for place in range(4))
    sides = (top / rows, left / columns, (top + height) / rows, (left + width) / columns)
    return np.stack(sides, axis=1)


def _mask_files(manifest: Manifest) -> dict[str, str]:
    """Return the outline mask of each file, where the folder's description names a column."""
    from core.datasets.description import read_description
    from core.datasets.manifest import LABELS_FILE
    from core.datasets.table import read_table

    description = read_description(manifest.root)
    if description is None or description.mask_column is None:
        return {}
    table = read_table(manifest.root / (description.labels or LABELS_FILE))
    table.require(("file", description.mask_column))
    rows = zip(table.columns["file"], table.columns[description.mask_column], strict=True)
    return {file: mask for file, mask in rows if mask}


def _read_mask(path: Path, image: StudyImage) -> NDArray[np.bool_]:
    from core.intake import read_study
    from core.workflows.files import read_file

    pixels = read_study(read_file(path)).pixels
    grey = pixels if pixels.ndim == 2 else pixels.max(axis=2)
    if grey.shape != (image.rows, image.columns):
        raise DatasetError(
            f"The mask {path.name} has {grey.shape[1]} x {grey.shape[0]} pixels, its picture "
            f"{image.columns} x {image.rows}.",
            remedy="Save mask and picture at one size.",
        )
    return np.asarray(grey > 0, bool)
