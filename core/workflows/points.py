"""The operating points in force of a model version: signed here, else shipped with it, else none.

Light: SQLAlchemy enters only where something was recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.evaluation.flags import ANY_FINDING
from core.inference.calibration import parse_calibration
from core.inference.package import ModelVersion
from core.workflows.records import OperatingPoint, operating_points

__all__ = [
    "ANY_FINDING",
    "ARGMAX",
    "OperatingPoint",
    "PointsInForce",
    "points_in_force",
    "points_of",
    "threshold_text",
]

ARGMAX = "argmax"


@dataclass(frozen=True, slots=True)
class PointsInForce:
    """What decides which findings are flagged.

    Attributes
    ----------
    thresholds : mapping of finding, or "any_finding", to threshold
        Empty: the called class is flagged where it is a finding.
    signed : mapping of the same keys to OperatingPoint
        Those that a person signed; the rest comes with the version.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    signed: Mapping[str, OperatingPoint] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The thresholds as an export holds them.

        >>> PointsInForce({"stone": 0.25, "cyst": 0.4}).text, PointsInForce().text
        ('cyst >= 0.4; stone >= 0.25', 'argmax')
        """
        return threshold_text(self.thresholds)

    @property
    def shipped(self) -> dict[str, float]:
        """The thresholds that came with the version."""
        return {key: value for key, value in self.thresholds.items() if key not in self.signed}

    @property
    def key(self) -> str:
        """A short text that changes with the thresholds: part of the key of cached answers."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def threshold_text(thresholds: Mapping[str, float]) -> str:
    """Return thresholds as text, every digit kept; "argmax" for none."""
    said = [f"{name} >= {value!r}" for name, value in sorted(thresholds.items())]
    return "; ".join(said) or ARGMAX


def points_of(version: ModelVersion) -> PointsInForce:
    """Return the points in force of an installed version.

    Raises
    ------
    ModelVersionError
        If its calibration.yaml is wrong.
    PersistenceError
        If there is a database that cannot be read.
    """
    calibration = parse_calibration(version.file("calibration.yaml").read_bytes())
    return points_in_force(version.digest, calibration.operating_points)


def points_in_force(version_digest: str, shipped: Mapping[str, float]) -> PointsInForce:
    """Return the points of a version; a signed one takes the place of the shipped one.

    Parameters
    ----------
    version_digest : str
    shipped : mapping of finding to threshold
        ``operating_points`` of the version's calibration.yaml.

    Raises
    ------
    PersistenceError
        If there is a database that cannot be read.
    """
    signed = operating_points(version_digest)
    thresholds = {name: point.threshold for name, point in signed.items()}
    return PointsInForce({**shipped, **thresholds}, signed)
