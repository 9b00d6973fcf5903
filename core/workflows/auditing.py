"""``explain-audit``: whether the maps of a model version deserve belief, measured over pictures.

Three questions: do the maps change when what was learned is thrown away; does following them move
the score more than chance would; do they point at the finding where its place is known. Each part
is stored when it is done, so an audit that was broken off goes on where it stopped.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ArgumentError, DatasetError
from core.saliency.methods import METHODS, method_spec
from core.saliency.raw_maps import Watch
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.audit_records import Rows, read_part, store_audit, store_part

if TYPE_CHECKING:
    from core.inference.probe import Probe
    from core.workflows.audit_measures import Row, Subject, Tell


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many pictures each part looks at: the default audit ends in a quarter of an hour.

    Slow methods (many passes a map) look at fewer, and each of their figures carries its own n.

    Attributes
    ----------
    curves, slow_curves : int
        Deletion, insertion and floors.
    randomised, slow_randomised : int
        The cascade.
    boxes, slow_boxes : int
        Of each folder with boxes or masks.
    drawn, slow_drawn : int
        Drawings with a lesion.
    """

    curves: int = 240
    slow_curves: int = 16
    randomised: int = 40
    slow_randomised: int = 6
    boxes: int = 1000
    slow_boxes: int = 24
    drawn: int = 120
    slow_drawn: int = 12


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What to audit.

    ``folders`` : data folders instead of the task's own below the data root; one with boxes.csv
    plays the pointing game. ``methods`` : keys; None: every method of the engine that the network
    has what it needs for. ``boxes_class`` : the class that boxes mark, where the folder's name does
    not say. ``afresh`` : measure again what was measured before.
    """

    task: str
    version: str | None = None
    folders: Sequence[Path] | None = None
    methods: Sequence[str] | None = None
    boxes_class: str | None = None
    sizes: Sizes = field(default_factory=Sizes)
    afresh: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part: the methods it is about, and how its rows are made."""

    key: str
    title: str
    n: int
    methods: tuple[str, ...]
    asked: Any
    measure: Callable[[Subject, Tell], Iterable[Row]]


def run_audit(
    request: AuditRequest,
    *,
    on_progress: Callable[[str], None] | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Audit a version and return the audit in the shape of docs/command-line.md.

    It is stored as the version's, unless the one that stands tells more (``store_audit``).

    Parameters
    ----------
    request : AuditRequest
    on_progress : callable or None
        Told in words, about every twentieth of a part.
    watch : Watch or None
        Stops the audit between two pictures; finished parts stay.

    Raises
    ------
    ArgumentError
        If a method does not exist, or the network has not what it needs.
    DatasetError
        If a folder is wrong, or there is nothing to look at.
    ModelVersionError
        If no usable version is installed.
    CancelledError
        If the watch was stopped.
    """
    from core.inference.probe import open_probe
    from core.workflows.audit_measures import Subject
    from core.workflows.audit_parts import plan_parts

    started = time.monotonic()
    analyst = open_analyst(request.task, request.version)
    version = analyst.ready.version
    probe = open_probe(version)
    methods = chosen_methods(probe, request.methods)
    plan = plan_parts(analyst, request, methods)
    found: dict[str, Rows] = {}
    for part in plan.parts:
        stored = None if request.afresh else read_part(version, part.key, part.asked)
        if stored is None:
            subject = Subject(analyst, probe, part.methods)
            tell = _teller(part, on_progress, watch)
            stored = list(part.measure(subject, tell))
            store_part(version, part.key, part.asked, stored)
        found[part.key] = stored
    seconds = time.monotonic() - started
    notes = [*plan.notes, *_passed_over(plan.parts, found)]
    document = _document(analyst, request, found, notes=notes, seconds=seconds)
    store_audit(version, document)
    return document


def chosen_methods(probe: Probe, asked: Sequence[str] | None) -> tuple[str, ...]:
    """Return the keys of the methods to audit, in the registry's order.

    Raises
    ------
    ArgumentError
        If one does not exist, or the network has not what it needs.
    """
    from core.saliency.run import available_methods

    available = {spec.key: spec for spec in available_methods(probe)}
    if asked is None:
        return tuple(key for key, spec in available.items() if spec.kind != "keras")
    for key in asked:
        if method_spec(key).key not in available:
            raise ArgumentError(
                f"{METHODS[key].title} cannot be made of {probe.name}.",
                remedy=f"Methods for this version: {', '.join(available)}.",
            )
    return tuple(key for key in available if key in set(asked))


def _passed_over(parts: Sequence[Part], found: dict[str, Rows]) -> Iterator[str]:
    """Say of how many pictures with known places there is no figure."""
    for part in parts:
        if part.key.startswith("places-"):
            n = len({row["file"] for row in found[part.key]})
            if n < part.n:
                yield (
                    f"{part.key.partition('-')[2]}: {part.n - n} of {part.n} pictures are not "
                    "counted: they cannot be read or prepared, or mark what the task does not know."
                )


def _teller(part: Part, on_progress: Callable[[str], None] | None, watch: Watch | None) -> Tell:
    every = max(1, part.n // 20)

    def tell(done: int) -> None:
        if watch is not None:
            watch.tell(done, part.n)
        if on_progress is not None and (done % every == 0 or done == part.n):
            on_progress(f"{part.title}: {done} of {part.n} pictures")

    return tell


def _document(
    analyst: Analyst,
    request: AuditRequest,
    found: dict[str, Rows],
    *,
    notes: Sequence[str],
    seconds: float,
) -> dict[str, Any]:
    from core.workflows import audit_figures as figures

    curves = list(itertools.chain(found.get("curves", ()), found.get("curves_slow", ())))
    cascade = list(itertools.chain(found.get("cascade", ()), found.get("cascade_slow", ())))
    pointing, energy = {}, {}
    places = [key.partition("-") for key in found if key.startswith("places")]
    for name in dict.fromkeys(name for _, _, name in places):
        both = figures.merged(found.get(f"places-{name}", ()), found.get(f"places_slow-{name}", ()))
        for part, chosen in _by_finding(name, both):
            if any("chance" in row for row in chosen):
                pointing[part] = figures.pointing_figures(chosen)
            energy[part] = figures.energy_figures(chosen)
    return {
        "model_version": analyst.version_name,
        "task": analyst.task.key,
        "version_digest": analyst.digest,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "randomisation": figures.randomisation_figures(cascade),
        "deletion": figures.curve_figures(curves, "deletion"),
        "insertion": figures.curve_figures(curves, "insertion"),
        "pointing": pointing,
        "energy": energy,
        "floors": figures.floors_of(curves, analyst.task.class_names),
        "sizes": asdict(request.sizes),
        "notes": list(notes),
        "seconds": round(seconds, 1),
    }


def _by_finding(name: str, rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Yield the rows of a data set, and of each finding where it holds several."""
    yield name, rows
    labels = sorted({str(row["label"]) for row in rows})
    if len(labels) > 1:
        for label in labels:
            yield f"{name}_{label}", [row for row in rows if row["label"] == label]


def no_pictures(task: str) -> DatasetError:
    """Return the error for an audit that has nothing to look at."""
    return DatasetError(
        f"There are no pictures to audit the maps of task {task} on.",
        remedy="Name a folder with --data, or attach the data root (SECOND_LOOK_DATA_ROOT).",
    )
