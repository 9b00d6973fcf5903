"""Whether the maps of one picture may be leaned on: measured on that picture, by the desk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.domain import FloatArray
from core.saliency.methods import method_spec
from core.saliency.raw_maps import Watch
from core.workflows.background_desk import BackgroundDesk, Job
from core.workflows.explanations import (
    ClassMap,
    MapKey,
    Subject,
    explain_subject,
    open_network,
)

if TYPE_CHECKING:
    import pandas as pd

    from core.saliency.faithfulness.curves import AgainstRandom
    from core.saliency.faithfulness.picture import MapFaithfulness, PictureFaithfulness
    from core.saliency.faithfulness.weak_maps import Floor

CURVES = ("deletion", "insertion")
BAND = 1 / 3  # of the gauge's length: where 95 of 100 maps laid at random fall
FARTHEST = 1 / BAND  # half bands from its middle to its end


class TrustKey(NamedTuple):
    """Which measure: that of one map."""

    what: str
    map_key: MapKey

    @classmethod
    def of(cls, key: MapKey) -> TrustKey:
        """Return the key of the measure of a map."""
        return cls("trust", key)


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where a map lies among the same map laid at random over the picture.

    ``at`` : 0 (worse) to 1 (better); random maps fill the middle third, 0.5 is their mean; None
    where there is nothing to measure. ``verdict`` : in words. ``tone`` : better, chance, worse,
    empty. ``said`` : both areas beside random ones, in one sentence.
    """

    at: float | None
    verdict: str
    tone: str
    said: str


def trust_jobs(subject: Subject, found: Collection[ClassMap], desk: BackgroundDesk) -> list[Job]:
    """Return the jobs that measure the maps that were not measured yet."""
    waiting = set(desk.missing([TrustKey.of(item.key) for item in found]))
    return [
        _job(subject, item)
        for item in found
        if item.has_evidence and TrustKey.of(item.key) in waiting
    ]


def _job(subject: Subject, item: ClassMap) -> Job:
    key = TrustKey.of(item.key)
    title = method_spec(item.key.method).title
    return Job(
        f"{title} against chance",
        (key,),
        lambda watch: {key: _measure(subject, item, watch)},
        gives_way=True,  # a map that is asked for comes before what speaks for another
    )


def _measure(subject: Subject, item: ClassMap, watch: Watch) -> MapFaithfulness:
    from core.inference.calibration import parse_calibration
    from core.saliency.faithfulness.curves import DRAWS
    from core.saliency.faithfulness.picture import assess_map, with_stability
    from core.workflows.models import verified_version

    version = verified_version(subject.task, subject.version)
    probe = open_network(subject)
    calibration = parse_calibration(version.file("calibration.yaml").read_bytes())
    total = 2 + 2 * (DRAWS.n_steps - 1) * (1 + DRAWS.n_random)
    done = 0

    def score(batch: FloatArray) -> FloatArray:
        nonlocal done
        watch.tell(min(done, total), total)
        done += len(batch)
        return np.asarray(calibration.apply(probe.logits(batch)), np.float32)

    picture = subject.batch[0]
    index = subject.class_names.index(item.key.class_name)
    floor = weak_floor(subject, item.key)
    made = assess_map(score, picture, item.grid, index, floor=floor)
    if not method_spec(item.key.method).is_quick:
        return made  # six more maps of a slow method would take minutes

    def explain(changed: FloatArray) -> FloatArray:
        watch.tell(total, total)
        maps = explain_subject(
            subject, item.key.method, [item.key.class_name], watch, batch=changed[None]
        )
        return np.asarray(maps.grids[0], np.float32)

    return with_stability(made, explain, picture, item.grid)


def weak_floor(subject: Subject, key: MapKey) -> Floor | None:
    """Return the raw peak below which a map of this class and method is weak; None if unknown."""
    from core.workflows.audit_records import audit_of
    from core.workflows.models import verified_version

    audit = audit_of(verified_version(subject.task, subject.version))
    return None if audit is None else audit.floor(key.method, key.class_name)


@dataclass(frozen=True, slots=True)
class KnownTrust:
    """What an audit of the version says of its maps: ``failing`` methods, and sentences."""

    failing: frozenset[str]
    lines: tuple[str, ...]


def known_trust(subject: Subject, desk: BackgroundDesk) -> KnownTrust:
    """Return what is known about the maps of the subject's version, read once a session.

    A method fails where its map looks much the same with random weights.

    Raises
    ------
    ModelVersionError
        If the version is damaged.
    """
    from core.workflows.audit_records import audit_of
    from core.workflows.model_audit import map_trust
    from core.workflows.models import verified_version

    key = ("known trust", subject.task, subject.version)
    known = desk.found(key)
    if not isinstance(known, KnownTrust):
        audit = audit_of(verified_version(subject.task, subject.version))
        checked = {} if audit is None else audit.document["randomisation"]
        failing = frozenset(name for name, item in checked.items() if item["passes"] is False)
        known = KnownTrust(failing, map_trust(subject.task, subject.version).lines)
        desk.keep({key: known})
    return known


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A map with what was measured of it."""

    item: ClassMap
    trust: MapFaithfulness

    @property
    def title(self) -> str:
        """Title of the method."""
        return method_spec(self.item.key.method).title


def trust_of(class_name: str, measured: Sequence[Measured]) -> PictureFaithfulness:
    """Put the measured maps of one class together, with the sentence for a person."""
    from core.saliency.faithfulness.picture import assess_picture

    maps = {each.title: each.trust for each in measured}
    grids = {each.title: each.item.grid for each in measured if _has_a_voice(each, measured)}
    return assess_picture(class_name, maps, grids)


def _has_a_voice(one: Measured, measured: Sequence[Measured]) -> bool:
    """Whether the map counts for the agreement: one that must agree, or cannot, says nothing."""
    others = {each.item.key.method for each in measured}
    if not method_spec(one.item.key.method).is_class_specific:
        return False
    return not (one.item.key.method == "hires_cam" and "grad_cam" in others)


def measure_row(measured: Measured) -> list[tuple[str, str]]:
    """Return the figures behind a gauge, each with what it stands beside.

    Verdict; deletion and insertion area with the band of maps laid at random; stability; raw peak.
    """
    trust = measured.trust
    steady = "–" if trust.stability is None else f"{trust.stability:.2f}"
    weak = "weak" if trust.weak else ""
    return [
        (str(trust.verdict), ""),
        _area_cell(trust.deletion),
        _area_cell(trust.insertion),
        (steady, "" if trust.stability is not None else "not measured"),
        (peak_words(trust.raw_peak), weak),
    ]


def peak_words(peak: float) -> str:
    """Return a raw peak as a person reads it: two figures, and never a power of ten.

    >>> peak_words(574.2), peak_words(5.26), peak_words(0.034), peak_words(12_345.6)
    ('574', '5.3', '0.034', '12,346')
    """
    return f"{peak:,.0f}" if abs(peak) >= 100 else f"{peak:.2g}"


def _area_cell(area: AgainstRandom | None) -> tuple[str, str]:
    if area is None:
        return "–", "nothing marked"
    if area.low is None or area.high is None:
        return f"{area.area:.2f}", f"at random {area.random_area:.2f}"
    low, high = max(area.low, 0.0), min(area.high, 1.0)
    return f"{area.area:.2f}", f"at random {low:.2f}–{high:.2f}"


def curve_frame(measured: Sequence[Measured], class_name: str) -> pd.DataFrame:
    """Return both curves of the maps of one class: ``method, curve, share, score``."""
    import pandas as pd

    rows = [
        (each.title, curve_name, float(share), float(score))
        for each in measured
        if each.item.key.class_name == class_name and each.trust.curves is not None
        for curve_name, curve in zip(CURVES, each.trust.curves, strict=True)
        for share, score in zip(curve.shares, curve.scores, strict=True)
    ]
    return pd.DataFrame(rows, columns=["method", "curve", "share", "score"])


def gauge(measured: MapFaithfulness) -> Gauge:
    """Return the gauge of one map: of its two curves, the one that decides."""
    from core.saliency.faithfulness.picture import Verdict

    tones = {Verdict.BETTER: "better", Verdict.WORSE: "worse", Verdict.LIKE_CHANCE: "chance"}
    verdict = measured.verdict
    deletion, insertion = measured.deletion, measured.insertion
    if deletion is None or insertion is None:
        return Gauge(None, str(verdict), "empty", "Nothing is marked: there is nothing to delete.")
    places = [-_places(deletion), _places(insertion)]
    decides = {Verdict.BETTER: max, Verdict.WORSE: min}.get(verdict, np.mean)
    at = 0.5 + 0.5 * float(np.clip(decides(places) / FARTHEST, -1.0, 1.0))
    said = (
        f"Area under the deletion curve {_beside(deletion)}: smaller is better. "
        f"Under the insertion curve {_beside(insertion)}: larger is better. "
        "The grey band holds 95 of 100 maps laid at random."
    )
    return Gauge(at, str(verdict), tones[verdict], said)


def _places(area: AgainstRandom) -> float:
    """Return how far an area lies from that of random maps, in half widths of their band."""
    half = (area.high - area.low) / 2 if area.low is not None and area.high is not None else 0.0
    return (area.area - area.random_area) / half if half > 0 else 0.0


def _beside(area: AgainstRandom) -> str:
    return f"{area.area:.2f} (at random {area.random_area:.2f})"
