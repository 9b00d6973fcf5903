"""The table of results: every network that was measured on a task, beside what was published."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.architectures.specs import ARCHITECTURES
from core.errors import ModelVersionError
from core.inference.card import Card, CardFigure, MetricSet, parse_card, parse_yaml
from core.inference.package import champion_of, compared_folder, models_folder, version_names
from core.tasks import TaskSpec, load_tasks
from core.training.experiments import load_experiments
from core.workflows.compared_versions import CARD, MEASURED, Measured

HONEST, LEAKING = "out_of_fold", "random_split"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One version: what it is, what it costs, and its figures by split.

    ``honest`` and ``leaking`` map names such as ``macro_f1`` to figures; both are empty where that
    split was not measured. ``milliseconds`` is one forward pass of one picture; ``minutes`` the
    whole run, folds included.
    """

    version: str
    title: str
    architecture: str
    strategy: str
    from_scratch: bool
    input_size: tuple[int, int]
    is_champion: bool
    n: int
    n_groups: int | None
    honest: dict[str, CardFigure]
    leaking: dict[str, CardFigure]
    n_parameters: int | None
    milliseconds: float | None
    minutes: float | None

    def to_document(self) -> dict[str, Any]:
        """Return plain values, figures as everywhere: value, interval, n, grouped interval."""
        figures = {
            name: {key: figure.model_dump() for key, figure in getattr(self, name).items()}
            for name in ("honest", "leaking")
        }
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return values | {"input_size": list(self.input_size)} | figures


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A public figure as it was stated, and what it says; ``title`` of its network."""

    project: str
    title: str
    figure: str
    meaning: str


@dataclass(frozen=True, slots=True)
class TaskResults:
    """All rows of a task, the best of the honest figure first; ``machine`` they were timed on."""

    task: TaskSpec
    rows: tuple[ResultRow, ...]
    published: tuple[PublishedRow, ...]
    machine: str | None


def collect_results() -> tuple[TaskResults, ...]:
    """Return what is kept of every task that is not drawn.

    Raises
    ------
    ModelVersionError
        If a card or the times of a version cannot be read.
    """
    tasks = sorted(load_tasks().values(), key=lambda task: task.key)
    return tuple(_of_task(task) for task in tasks if not task.synthetic)


def _of_task(task: TaskSpec) -> TaskResults:
    kept = compared_folder(task.key)
    folders = {path.name: path for path in kept.iterdir()} if kept.is_dir() else {}
    installed = {name: models_folder() / task.key / name for name in version_names(task.key)}
    champion, rows, machine = champion_of(task.key), [], None
    for name, folder in (folders | installed).items():
        if name.startswith(".") or not (folder / CARD).is_file():
            continue
        measured = _measured(folders.get(name))
        machine = measured.machine if measured else machine
        rows.append(_row(_card(folder), measured, is_champion=name == champion))
    published = [item for item in load_experiments().values() if item.task == task.key]
    return TaskResults(
        task=task,
        rows=tuple(sorted(rows, key=_rank)),
        published=tuple(
            PublishedRow(
                item.published.project,
                _title(item.architecture),
                item.published.figure or "none stated",
                item.published.meaning,
            )
            for item in published
            if item.published is not None
        ),
        machine=machine,
    )


def _title(key: str) -> str:
    known = ARCHITECTURES.get(key)
    return known.title if known else key


def _rank(row: ResultRow) -> tuple[float, str]:
    figure = row.honest.get("macro_f1")
    return (-(figure.value or 0.0) if figure else 1.0, row.version)


def _row(card: Card, measured: Measured | None, *, is_champion: bool) -> ResultRow:
    by_split = {item.split: item for item in card.metrics}
    honest, leaking = by_split.get(HONEST), by_split.get(LEAKING)
    told = card.parameters
    return ResultRow(
        version=card.version,
        title=_title(card.architecture),
        architecture=card.architecture,
        strategy=str(told.get("strategy", "top")),
        from_scratch=_is_from_scratch(card),
        input_size=card.input_size,
        is_champion=is_champion,
        n=honest.n if honest else 0,
        n_groups=honest.n_groups if honest else None,
        honest=_figures(honest),
        leaking=_figures(leaking),
        n_parameters=card.n_parameters,
        milliseconds=measured.milliseconds if measured else None,
        minutes=measured.minutes if measured else None,
    )


def _is_from_scratch(card: Card) -> bool:
    """Return whether nothing of the network was learnt on other pictures."""
    known = ARCHITECTURES.get(card.architecture)  # None: an ensemble, or made elsewhere
    begins_at_random = known is not None and not known.has_imagenet_weights
    return begins_at_random or card.parameters.get("weights") == "none"


def _figures(found: MetricSet | None) -> dict[str, CardFigure]:
    return dict(found.figures) if found else {}


def _card(folder: Path) -> Card:
    try:
        return parse_card((folder / CARD).read_bytes())
    except OSError as error:
        raise ModelVersionError(
            f"The card of {folder.name} cannot be read: {error.strerror}.",
            remedy="Restore it, or remove the folder.",
        ) from None


def _measured(folder: Path | None) -> Measured | None:
    if folder is None or not (folder / MEASURED).is_file():
        return None
    try:
        return Measured(**parse_yaml((folder / MEASURED).read_bytes(), name=MEASURED))
    except (OSError, ValidationError):
        raise ModelVersionError(
            f"The times of {folder.name} cannot be read.",
            remedy="Keep it again, or remove the folder.",
        ) from None
