"""Shape, colour and texture of a picture as a few named numbers."""

from core.features.spec import Column, FeatureSpec
from core.features.table import FEATURES, feature_table

__all__ = ["FEATURES", "Column", "FeatureSpec", "feature_table"]
