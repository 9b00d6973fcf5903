"""How the picture that excites a channel most is searched for: part of the key it is kept under."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class MaximumSettings:
    """Settings of the search.

    Attributes
    ----------
    is_grey : bool
        Whether the three channels are held equal, as in every picture of a grey task.
    n_steps : int
        Steps of gradient ascent.
    step : float
        Length of a step, in grey levels (root mean square over the picture).
    smoothness : float
        Weight of total variation against the score, both of which start at the same gradient.
    jitter : int
        Largest shift before a step, in pixels: what only works in one place is no feature.
    seed : int
    """

    is_grey: bool
    n_steps: int = 64
    step: float = 3.0
    smoothness: float = 0.1
    jitter: int = 8
    seed: int = 0

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
