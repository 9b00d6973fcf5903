"""Procedural abdominal CT for teaching: drawn from a seed, never stored, no patient behind it."""

from core.phantoms.drawing import draw_phantom
from core.phantoms.phantom import Phantom, png_bytes, to_study_image
from core.phantoms.table import phantom_picture, phantom_pixels, phantom_table
from core.phantoms.teaching import (
    TeachingCase,
    teaching_case,
    teaching_cases,
    teaching_image,
    teaching_png,
)

__all__ = [
    "Phantom",
    "TeachingCase",
    "draw_phantom",
    "phantom_picture",
    "phantom_pixels",
    "phantom_table",
    "png_bytes",
    "teaching_case",
    "teaching_cases",
    "teaching_image",
    "teaching_png",
    "to_study_image",
]
