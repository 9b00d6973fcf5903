"""Declarative preprocessing: steps as data, and the recipe that training and serving share."""

from core.preprocessing.recipe import Recipe
from core.preprocessing.step import Step
from core.preprocessing.steps import STEPS

__all__ = ["STEPS", "Recipe", "Step"]
