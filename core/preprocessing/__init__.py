"""Declarative preprocessing: steps as data, and the recipe that training and serving share."""

from core.preprocessing.recipe import Recipe
from core.preprocessing.step import Step
from core.preprocessing.steps import KINDS, STEPS

__all__ = ["KINDS", "STEPS", "Recipe", "Step"]
