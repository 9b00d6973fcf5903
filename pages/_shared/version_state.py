"""Whether a task has a version that may answer, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.workflows.models import Card
from core.workflows.points import PointsInForce


@dataclass(frozen=True, slots=True)
class VersionState:
    """The version that answers for a task, or why none may.

    ``points`` stand in the database: ``resources.with_points`` fills them in.
    """

    name: str | None
    digest: str | None
    problem: str | None = None
    remedy: str | None = None
    missing: bool = False
    unknown: bool = False
    card: Card | None = None
    points: PointsInForce = field(default_factory=PointsInForce)

    @property
    def usable(self) -> bool:
        """Whether it may answer."""
        return self.problem is None

    @property
    def label(self) -> str:
        """What the frame says of it."""
        if self.usable:
            return f"{self.name} · champion · verified"
        if self.unknown:
            return "Champion cannot answer"
        return "Model not installed" if self.missing else "Model refused: not as shipped"
