"""Architectures as data (specs) and what builds them (HEAVY, imported on demand only).

>>> from core.architectures import ARCHITECTURES
>>> ARCHITECTURES["mobilenet"].freeze_until
'conv_pw_7_relu'
"""

from core.architectures.specs import (
    ARCHITECTURES,
    ArchitectureSpec,
    BackboneFile,
    architecture,
)

__all__ = ["ARCHITECTURES", "ArchitectureSpec", "BackboneFile", "architecture"]
