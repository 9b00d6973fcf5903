"""What an explanation audit measures on each picture, as plain rows that can be stored.

A row holds numbers, names and nothing of the picture itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.domain import FloatArray
from core.saliency.faithfulness.curves import Draws, against_random
from core.saliency.faithfulness.energy import energy_inside
from core.saliency.faithfulness.pointing import (
    brightest_peak,
    centre_peak,
    chance_of,
    pointing_hit,
)
from core.saliency.faithfulness.ranks import structural_similarity
from core.saliency.grad_cam import peak_place, upsample
from core.saliency.run import explain_with

if TYPE_CHECKING:
    from core.inference.probe import Probe
    from core.workflows.analyst import Analyst
    from core.workflows.audit_pictures import AuditPicture

Row = dict[str, Any]
Tell = Callable[[int], None]
"""Told how many pictures are done; raises CancelledError where somebody stopped the audit."""

CASCADE: Mapping[str, float] = {"last layer": 0.001, "quarter": 0.25, "half": 0.5, "all": 1.0}
"""Share of the weights that is random, counted from the logits down."""

AUDIT_DRAWS = Draws(n_random=1, n_steps=8)
"""One random map a picture: the mean over pictures is what counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The version that is audited, and the methods by which it is."""

    analyst: Analyst
    probe: Probe
    methods: Sequence[str]

    def probabilities(self, batch: FloatArray) -> FloatArray:
        """Return calibrated probabilities (n, n_classes) of the pictures as they are, no views."""
        calibrated = self.analyst.ready.calibration.apply(self.probe.logits(batch))
        return np.asarray(calibrated, np.float32)

    def grids(self, batch: FloatArray, classes: Sequence[int]) -> dict[str, FloatArray]:
        """Return the raw maps (n_classes, grid_rows, grid_columns) by every method."""
        return {
            method: explain_with(method, self.probe, batch, classes).grids
            for method in self.methods
        }


def curve_rows(subject: Subject, pictures: Iterable[AuditPicture], tell: Tell) -> Iterator[Row]:
    """Yield a row for each picture and method: areas beside random ones, raw peaks.

    The class is the called one of the picture as it is, without views: what a page explains first.
    """
    names = subject.analyst.task.class_names
    for done, picture in enumerate(pictures, start=1):
        called = int(subject.probabilities(picture.batch)[0].argmax())
        measured: dict[bytes, Row] = {}
        for method, grids in subject.grids(picture.batch, range(len(names))).items():
            areas = measured.setdefault(_pattern(grids[called]), {})
            if not areas:  # two methods with one map are measured once
                areas.update(_areas(subject, picture, grids[called], called))
            yield {
                "file": picture.file,
                "group": picture.group,
                "label": picture.label,
                "called": names[called],
                "method": method,
                "peaks": [float(grid.max()) for grid in grids],
                **areas,
            }
        tell(done)


def _areas(subject: Subject, picture: AuditPicture, grid: FloatArray, called: int) -> Row:
    found = against_random(subject.probabilities, picture.batch[0], grid, called, draws=AUDIT_DRAWS)
    if found is None:
        return dict.fromkeys(("deletion", "deletion_random", "insertion", "insertion_random"))
    _, deletion, insertion = found
    return {
        "deletion": deletion.area,
        "deletion_random": deletion.random_area,
        "insertion": insertion.area,
        "insertion_random": insertion.random_area,
    }


def _pattern(grid: FloatArray) -> bytes:
    """Return what two maps have in common that differ by a factor only."""
    peak = float(grid.max(initial=0.0))
    scaled = grid / peak if peak > 0 else grid
    levels: NDArray[np.int32] = np.rint(scaled * 1e4).astype(np.int32)
    return str(grid.shape).encode() + bytes(levels.tobytes())


def randomisation_rows(
    subject: Subject,
    randomised: Mapping[str, Probe],
    pictures: Iterable[AuditPicture],
    tell: Tell,
) -> Iterator[Row]:
    """Yield a row for each picture, method and stage of the cascade: how alike the maps are.

    ``randomised`` : stage of ``CASCADE`` -> probe with that share of its weights random. Maps of
    the called class, each divided by its own peak, at the size of the network's input.
    """
    for done, picture in enumerate(pictures, start=1):
        called = [int(subject.probabilities(picture.batch)[0].argmax())]
        trained = subject.grids(picture.batch, called)
        for stage, probe in randomised.items():
            others = Subject(subject.analyst, probe, subject.methods).grids(picture.batch, called)
            for method, grids in trained.items():
                yield {
                    "group": picture.group,
                    "method": method,
                    "stage": stage,
                    "ssim": _likeness(grids[0], others[method][0], picture.batch.shape[1:3]),
                }
        tell(done)


def _likeness(first: FloatArray, second: FloatArray, size: tuple[int, ...]) -> float | None:
    """Return the structural similarity of two maps; None where neither shows anything."""
    maps = [upsample(grid, size[0], size[1]) for grid in (first, second)]
    if not maps[0].any() and not maps[1].any():
        return None
    return structural_similarity(maps[0], maps[1])


def pointing_rows(subject: Subject, pictures: Iterable[AuditPicture], tell: Tell) -> Iterator[Row]:
    """Yield a row for each picture: hits and energies by method, and the baselines.

    Maps of the class that the boxes or the outline mark, whatever was called. A picture with an
    outline but no boxes has energies only.
    """
    names = subject.analyst.task.class_names
    for done, picture in enumerate(pictures, start=1):
        index = [names.index(str(picture.label))]
        rows, columns = picture.size
        row: Row = {
            "file": picture.file,
            "group": picture.group,
            "label": picture.label,
            "share": None if picture.region is None else float(picture.region.mean()),
            "hits": {},
            "energy": {},
        }
        if picture.boxes is not None:
            boxes, size = picture.boxes, picture.size
            row["chance"] = chance_of(boxes, size)
            row["brightest"] = pointing_hit(brightest_peak(picture.image.pixels), boxes, size)
            row["centre"] = pointing_hit(centre_peak(size), boxes, size)
        for method, grids in subject.grids(picture.batch, index).items():
            heatmap = upsample(grids[0], rows, columns, padded_to_square=picture.seen.is_padded)
            if picture.boxes is not None:
                peak = peak_place(heatmap)
                row["hits"][method] = pointing_hit(peak, picture.boxes, picture.size)
            if picture.region is not None:
                row["energy"][method] = energy_inside(heatmap, picture.region)
        yield row
        tell(done)
