"""What the scanner adds to a drawing: blur, correlated noise and streaks."""

from __future__ import annotations

import cv2
import numpy as np

from core.domain import FloatArray
from core.phantoms.canvas import SIZE
from core.phantoms.series import SeriesPlan, noise_stream, stream

LOWEST_HU = -1024.0  # what scanners store for no signal at all


def acquire(drawn: FloatArray, plan: SeriesPlan, *, slice_index: int) -> FloatArray:
    """Return the drawing, (256, 256) in HU, as a scan of it: whole HU, float32."""
    scan = plan.scan
    rng = noise_stream(plan.series_seed, slice_index)
    grain = stream(plan.series_seed, "grain").normal(0, 4.0, (40, 40)).astype(np.float32)
    uneven = cv2.resize(grain, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    sharp = drawn + uneven * (drawn > -300)
    seen = np.asarray(cv2.GaussianBlur(sharp, (0, 0), scan.blur_px), np.float32)
    thickness = _thickness(plan)
    white = rng.standard_normal((SIZE, SIZE), np.float32)
    noise = _reconstruction_noise(white, scan.noise_grain_px)
    seen += noise * (scan.noise_hu * (0.25 + 0.75 * thickness))
    seen += _streaks(rng, drawn) * scan.streak_hu * thickness
    return np.maximum(np.rint(seen), LOWEST_HU).astype(np.float32)


def _reconstruction_noise(white: FloatArray, grain_px: float) -> FloatArray:
    """Return noise of unit variance with the band-pass spectrum of filtered back projection.

    The ramp filter removes slow waves, the kernel's roll-off fast ones (Kijewski & Judy 1987).
    """
    fine = cv2.GaussianBlur(white, (0, 0), grain_px)
    noise = fine - 0.85 * cv2.GaussianBlur(white, (0, 0), 3.2 * grain_px)
    return np.asarray(noise / noise.std(), np.float32)


def _thickness(plan: SeriesPlan) -> FloatArray:
    """Return how much body lies around each pixel, 0 outside to 1 in the middle."""
    placement = plan.scan.placement
    side, front, back = plan.fat_mm
    half = (plan.muscle_radii_mm[0] + side, plan.muscle_radii_mm[1] + (front + back) / 2)
    at = (np.arange(SIZE, dtype=np.float32) + 0.5 - SIZE / 2) * placement.pixel_spacing_mm
    across = ((at - placement.shift_mm[0]) / half[0]) ** 2
    down = ((at - placement.shift_mm[1]) / half[1]) ** 2
    return np.asarray(np.clip(1.15 - down[:, None] - across[None, :], 0.0, 1.0), np.float32)


def _streaks(rng: np.random.Generator, drawn: FloatArray) -> FloatArray:
    """Return unit streaks: few photons pass the body lengthwise and through the spine."""
    rows = rng.standard_normal((SIZE, 9), np.float32)
    rows -= cv2.blur(rows, (1, 9))
    along = cv2.resize(rows, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    tilt = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), float(rng.uniform(-9, 9)), 1.0)
    turned = cv2.warpAffine(along, tilt, (SIZE, SIZE))
    bone = cv2.blur((drawn > 250).astype(np.float32), (SIZE // 2 + 1, 5))
    return np.asarray((along * 0.7 + turned * 0.5) * (0.35 + 9.0 * bone), np.float32)
