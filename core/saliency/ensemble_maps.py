"""Maps of an ensemble: the closed form where there is one, and methods that only need scores.

Where the ensemble's score is a sum of its members' logits (a mean, or a linear meta learner),
``score_c = const + sum_m sum_k mixing[m, k, c] logit_mk / T_m``, and each member's logit is the
mean over places of its own class map (``core.saliency.grad_cam``), then the class map of the
ensemble is the same sum of the members' *unrectified* maps. Each is laid over the picture as its
own recipe laid the picture (padding cut off, stretched), all are brought to the finest member's
grid, summed there, and rectified at the end: what one member holds against a class cancels what
another holds for it. The sum is exact; laying is linear and changes only where values stand. The
unit is that of the ensemble's logit, before its own temperature.

For trees and for radial basis functions there is no such sum, and no map is drawn from a formula.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import cv2
import numpy as np

from core.domain import EngineOutput, Explanation, FloatArray, SeenImage
from core.errors import ArgumentError, ModelVersionError
from core.inference.ensemble import ReadyEnsemble
from core.saliency.grad_cam import METHOD
from core.saliency.masks import only_picture
from core.saliency.methods import METHODS, MethodSpec, method_spec
from core.saliency.raw_maps import RawMaps, Watch
from core.saliency.stretch import stretch

LAYER = "feature maps of all members"
BLACK_BOX = ("occlusion", "rise")
FINER = 8  # points a cell while a padded member's cells are cut at the picture's edge


def has_closed_form(ready: ReadyEnsemble) -> bool:
    """Whether the class maps are a sum of the members' maps, and every member has one."""
    spec = ready.version.card.ensemble
    has_maps = all(member.ready.head_weights is not None for member in ready.members)
    return spec is not None and spec.is_linear and has_maps


def why_no_map(ready: ReadyEnsemble) -> str:
    """Return why no map is drawn from a formula, and what there is instead."""
    spec = ready.version.card.ensemble
    if spec is not None and not spec.is_linear:
        kind = str(spec.meta).replace("_", " ")
        why = f"Its members are combined by a meta learner ({kind}) whose score is no sum of maps"
    else:
        why = "One of its members gives no feature map"
    return f"{why}, so there is no class map. Occlusion and RISE ask for scores alone."


def class_grids(
    ready: ReadyEnsemble,
    parts: Sequence[SeenImage],
    outputs: Sequence[EngineOutput],
    size: tuple[int, int],
) -> FloatArray:
    """Return the class maps of one picture.

    Parameters
    ----------
    ready : ReadyEnsemble
        One that ``has_closed_form``.
    parts : sequence of SeenImage
        What each member saw.
    outputs : sequence of EngineOutput
        Each member's pass over it.
    size : tuple of int
        (rows, columns) of the decoded picture.

    Returns
    -------
    ndarray of shape (n_classes, grid_rows, grid_columns), float32, >= 0
        Over the picture itself, without anybody's padding.

    Raises
    ------
    ModelVersionError
        If there is no closed form, or a value is not a number.
    """
    mixing = ready.combiner.mixing(len(ready.version.card.class_names))
    if mixing is None or not has_closed_form(ready):
        raise ModelVersionError(why_no_map(ready), remedy="Choose occlusion or RISE.")
    shape = _finest(parts, outputs, size)
    summed = np.zeros((*shape, mixing.shape[2]))
    for place, (member, seen, output) in enumerate(zip(ready.members, parts, outputs, strict=True)):
        maps = output.feature_map[0].astype(np.float64) @ member.ready.head_weights
        own = maps @ (mixing[place] / member.ready.calibration.temperature)
        summed += _laid(own, seen, shape, size)
    if not np.isfinite(summed).all():
        raise ModelVersionError(
            "The heat map holds values that are not numbers.",
            remedy="Install the model version again.",
        )
    return np.ascontiguousarray(np.moveaxis(np.maximum(summed, 0.0), -1, 0), np.float32)


def explain_members(
    ready: ReadyEnsemble,
    parts: Sequence[SeenImage],
    outputs: Sequence[EngineOutput],
    size: tuple[int, int],
) -> tuple[Explanation, ...]:
    """Return the explanation of every class, in class order; none without a closed form."""
    if not has_closed_form(ready):
        return ()
    grids = class_grids(ready, parts, outputs, size)
    names = ready.version.card.class_names
    return tuple(
        Explanation(name, METHOD, LAYER, grid.copy(), float(grid.max(initial=0.0)))
        for name, grid in zip(names, grids, strict=True)
    )


def _finest(
    parts: Sequence[SeenImage], outputs: Sequence[EngineOutput], size: tuple[int, int]
) -> tuple[int, int]:
    """Return the grid over the picture whose cells are as small as the finest member's."""
    shapes = []
    for seen, output in zip(parts, outputs, strict=True):
        rows, columns = output.feature_map.shape[1:3]
        if seen.is_padded:
            longest = max(size)
            rows, columns = rows * size[0] / longest, columns * size[1] / longest
        shapes.append((max(1, round(rows)), max(1, round(columns))))
    return max(shapes, key=lambda shape: shape[0] * shape[1])


def _laid(
    maps: FloatArray, seen: SeenImage, shape: tuple[int, int], size: tuple[int, int]
) -> FloatArray:
    """Return signed maps (rows, columns, n) over the picture, on a grid of another shape."""
    if not seen.is_padded and maps.shape[:2] == shape:
        return maps
    rows, columns = shape[0] * FINER, shape[1] * FINER
    if seen.is_padded:  # the cut is made in the picture's own proportions
        share = max(shape) * FINER / max(size)
        rows, columns = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    laid = []
    for one in np.moveaxis(np.asarray(maps, np.float32), -1, 0):
        fine = stretch(one, rows, columns, padded_to_square=seen.is_padded)
        laid.append(cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA))
    return np.stack(laid, axis=-1).astype(np.float64)


class EnsembleBox:
    """An ensemble as the saliency methods see it: scores of pictures, and its closed form.

    Parameters
    ----------
    ready : ReadyEnsemble
    already_applied : sequence of str
        Recipe steps that the picture carries already (``SeenImage.steps_left_out``).
    """

    version = None  # there is no Keras network to differentiate

    def __init__(self, ready: ReadyEnsemble, *, already_applied: Sequence[str] = ()) -> None:
        self._ready, self._carried = ready, tuple(already_applied)
        self.name = ready.version.name
        self.class_names = ready.version.card.class_names

    def logits(self, batch: FloatArray) -> FloatArray:
        """Return the ensemble's logits (n, n_classes) before its own temperature, views included.

        Parameters
        ----------
        batch : ndarray of shape (n, rows, columns, 3), float32, 0..255
            Pictures before any recipe; rounded to 8 bits, as a decoded picture is.
        """
        found = [
            self._ready.member_logits(self._ready.prepare(_decoded(picture), self._carried))
            for picture in batch
        ]
        return np.asarray(self._ready.combiner(np.stack(found)), np.float32)

    def methods(self) -> tuple[MethodSpec, ...]:
        """Return the methods that an ensemble has what they need for, in the registry's order."""
        keys = {*BLACK_BOX, *([METHOD] if has_closed_form(self._ready) else [])}
        return tuple(spec for spec in METHODS.values() if spec.key in keys)

    def explain(
        self, method: str, batch: FloatArray, classes: Sequence[int], watch: Watch | None = None
    ) -> RawMaps:
        """Return the raw maps of one picture; see ``core.saliency.run.explain_with``.

        Raises
        ------
        ArgumentError
            If there is no such method, or it is none for this ensemble.
        ModelVersionError
            If a member gives values that are not numbers.
        """
        spec = method_spec(method)
        if method == METHOD and not has_closed_form(self._ready):
            raise ArgumentError(why_no_map(self._ready), remedy="Choose occlusion or RISE.")
        if method == METHOD:
            return RawMaps(self._closed_form(batch)[list(classes)], LAYER)
        if method not in BLACK_BOX:
            raise ArgumentError(
                f"{spec.title} looks into one network; {self.name} is an ensemble.",
                remedy=f"Methods for it: {', '.join(item.key for item in self.methods())}; or name "
                "the version of one member.",
            )
        module = importlib.import_module(spec.module)
        found: RawMaps = module.explain(self, batch, classes, watch=watch)
        return found

    def _closed_form(self, batch: FloatArray) -> FloatArray:
        picture = _decoded(only_picture(batch))
        parts = self._ready.prepare(picture, self._carried)
        outputs = [
            member.look(seen) for member, seen in zip(self._ready.members, parts, strict=True)
        ]
        size = (picture.shape[0], picture.shape[1])
        return class_grids(self._ready, parts, outputs, size)


def _decoded(picture: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
