"""The time that a run took, over all of its starts: what lay between a kill and the next is out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


class RunClock:
    """Counts the seconds of a run and keeps them beside its states.

    Parameters
    ----------
    path : Path
        File of the seconds that earlier starts took; it goes with the states of the run.
    begun : float
        ``time.monotonic()`` when this start began.
    """

    def __init__(self, path: Path, *, begun: float) -> None:
        self._path, self._begun = path, begun
        self._earlier = _stored(path)

    @property
    def seconds(self) -> float:
        """Seconds of all starts until now."""
        return self._earlier + time.monotonic() - self._begun

    def keep(self) -> None:
        """Write the seconds until now, whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps({"seconds": round(self.seconds, 1)}), encoding="utf-8")
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)


def _stored(path: Path) -> float:
    try:
        return max(0.0, float(json.loads(path.read_text(encoding="utf-8"))["seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
