"""The parts of an explanation audit: which pictures, which methods, what is measured on them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.saliency.methods import METHODS
from core.workflows.audit_measures import (
    AUDIT_DRAWS,
    CASCADE,
    Row,
    Subject,
    Tell,
    curve_rows,
    pointing_rows,
    randomisation_rows,
)
from core.workflows.audit_pictures import (
    PHANTOM_SEED,
    AuditPicture,
    boxed_pictures,
    can_be_drawn,
    choose_pictures,
    class_of_boxes,
    default_folders,
    drawn_pictures,
    labelled_pictures,
)
from core.workflows.auditing import AuditRequest, Part, no_pictures

if TYPE_CHECKING:
    from core.workflows.analyst import Analyst

BOXES = "boxes.csv"
DRAWN_CURVES_SEED = PHANTOM_SEED + 1
Pictures = Callable[[int], Iterable[AuditPicture]]
Measure = Callable[[Subject, Iterable[AuditPicture], Tell], Iterator[Row]]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The parts in their order, and what a reader of the figures should know."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Planner:
    analyst: Analyst
    request: AuditRequest
    methods: Sequence[str]
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def free_name(self, folder: Path) -> str:
        """Return the folder's name, with a number where another of that name is measured."""
        name = folder.resolve().name
        taken = {part.key.partition("-")[2] for part in self.parts}
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        return name if name not in taken else next(each for each in numbered if each not in taken)

    def add(
        self,
        kind: str,
        pictures: Pictures,
        measure: Measure,
        *,
        n: tuple[int, int],
        asked: Any,
        name: str = "",
    ) -> None:
        """Add a part for the quick methods and one, over fewer pictures, for the slow ones."""
        split = (
            ("", [key for key in self.methods if METHODS[key].is_quick], n[0]),
            ("_slow", [key for key in self.methods if not METHODS[key].is_quick], n[1]),
        )
        for suffix, methods, size in split:
            if not methods or not size:
                continue
            key = f"{kind}{suffix}" + (f"-{name}" if name else "")
            title = f"{_TITLES[kind]}{f' on {name}' if name else ''}, " + (
                "slow methods" if suffix else "quick methods"
            )
            question = [asked, methods, size, repr(AUDIT_DRAWS), dict(CASCADE)]
            work = functools.partial(_measured, pictures, measure, size)
            self.parts.append(Part(key, title, size, tuple(methods), question, work))


_TITLES = {"curves": "Deletion and insertion", "cascade": "Random weights", "places": "Pointing"}


def _measured(
    pictures: Pictures, measure: Measure, n: int, subject: Subject, tell: Tell
) -> Iterator[Row]:
    return measure(subject, islice(pictures(n), n), tell)


def plan_parts(analyst: Analyst, request: AuditRequest, methods: Sequence[str]) -> Plan:
    """Return the parts of an audit; folders are opened, no picture is read.

    Raises
    ------
    DatasetError
        If a folder is wrong, or there is nothing to look at.
    """
    planner = _Planner(analyst, request, methods)
    given = request.folders
    folders = default_folders(analyst.task) if given is None else list(given)
    labelled = [folder for folder in folders if not (folder / BOXES).is_file()]
    if labelled:
        for folder in labelled:
            _plan_folder(planner, folder, is_first=folder == labelled[0])
    elif analyst.task.synthetic or (given is None and can_be_drawn(analyst.task)):
        _plan_drawn_curves(planner)
    for folder in folders:
        if folder not in labelled:
            _plan_boxes(planner, folder)
    if given is None and can_be_drawn(analyst.task):
        _plan_drawn_places(planner)
    if not planner.parts:
        raise no_pictures(analyst.task.key)
    return Plan(tuple(planner.parts), tuple(planner.notes))


def _plan_folder(planner: _Planner, folder: Path, *, is_first: bool) -> None:
    """Curves and cascade on the first folder with labels; energy wherever there are masks."""
    from core.datasets.description import read_description
    from core.workflows.pictures import open_manifest

    analyst, sizes = planner.analyst, planner.request.sizes
    manifest = open_manifest(folder, analyst.task)
    choice = choose_pictures(manifest, analyst.ready.version, n=max(sizes.curves, sizes.boxes))
    if not choice.unseen:
        planner.notes.append(
            f"{folder.resolve().name}: the version was fitted on these pictures, or what it was "
            "fitted on is not known."
        )

    def pictures(n: int) -> Iterable[AuditPicture]:
        return labelled_pictures(choice, analyst)

    asked = [str(folder.resolve()), manifest.frame["file"].iloc[choice.rows[:100]].tolist()]
    if is_first:
        _add_curves(planner, pictures, asked)
    description = read_description(folder)
    if description is not None and description.mask_column is not None:
        size = (min(sizes.boxes, len(choice.rows)), sizes.slow_boxes)
        name = planner.free_name(folder)
        planner.add("places", pictures, pointing_rows, n=size, asked=asked, name=name)


def _plan_drawn_curves(planner: _Planner) -> None:
    analyst = planner.analyst
    labels = [*can_be_drawn(analyst.task), "normal"]

    def pictures(n: int) -> Iterable[AuditPicture]:
        return drawn_pictures(analyst, n, labels, seed=DRAWN_CURVES_SEED)

    if not analyst.task.synthetic:
        planner.notes.append(
            "No folder of this task is attached: deletion, insertion and random weights were "
            "measured on drawings of the product's own, not on pictures of patients."
        )
    _add_curves(planner, pictures, ["drawings", DRAWN_CURVES_SEED])


def _add_curves(planner: _Planner, pictures: Pictures, asked: Any) -> None:
    sizes = planner.request.sizes
    planner.add("curves", pictures, curve_rows, n=(sizes.curves, sizes.slow_curves), asked=asked)
    size = (sizes.randomised, sizes.slow_randomised)
    planner.add("cascade", pictures, _cascade, n=size, asked=asked)


def _cascade(subject: Subject, pictures: Iterable[AuditPicture], tell: Tell) -> Iterator[Row]:
    """Measure the methods that a graph with random weights can serve: none that needs Keras."""
    from core.inference.randomising import randomised_probe
    from core.saliency.run import available_methods

    version = subject.analyst.ready.version
    are_quick = all(METHODS[key].is_quick for key in subject.methods)
    stages = CASCADE if are_quick else {"all": CASCADE["all"]}
    probes = {stage: randomised_probe(version, share=share) for stage, share in stages.items()}
    served = {spec.key for spec in available_methods(probes["all"])}
    methods = [key for key in subject.methods if key in served]
    fitting = Subject(subject.analyst, subject.probe, methods)
    return randomisation_rows(fitting, probes, pictures, tell)


def _plan_boxes(planner: _Planner, folder: Path) -> None:
    from core.datasets.boxes import read_boxes

    analyst, sizes = planner.analyst, planner.request.sizes
    class_name = class_of_boxes(folder, analyst.task, planner.request.boxes_class)
    name = planner.free_name(folder)
    files = list(read_boxes(folder))

    def pictures(n: int) -> Iterable[AuditPicture]:
        return boxed_pictures(folder, analyst, class_name)

    planner.add(
        "places",
        pictures,
        pointing_rows,
        n=(min(sizes.boxes, len(files)), min(sizes.slow_boxes, len(files))),
        asked=[str(folder.resolve()), files, class_name],
        name=name,
    )


def _plan_drawn_places(planner: _Planner) -> None:
    analyst, sizes = planner.analyst, planner.request.sizes
    labels = can_be_drawn(analyst.task)

    def pictures(n: int) -> Iterable[AuditPicture]:
        return drawn_pictures(analyst, n, labels)

    planner.add(
        "places",
        pictures,
        pointing_rows,
        n=(sizes.drawn, sizes.slow_drawn),
        asked=["drawings", PHANTOM_SEED, labels],
        name="phantoms",
    )
