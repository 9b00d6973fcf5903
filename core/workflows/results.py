"""The table of results: every network that was measured on a task, beside what was published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.architectures.specs import ARCHITECTURES
from core.errors import ModelVersionError
from core.evaluation.runs import read_run
from core.inference.card import Card, CardFigure, MetricSet, parse_card, parse_yaml
from core.inference.package import champion_of, compared_folder, models_folder, version_names
from core.tasks import TaskSpec, load_tasks
from core.training.experiments import shipped_experiments
from core.workflows.compared_versions import CARD, EXPERIMENT, MEASURED, Measured
from core.workflows.stored_runs import FOLDER

Cases = frozenset[tuple[str, int]]  # file and class of each picture

OUT_OF_FOLD, TEST, LEAKING = "out_of_fold", "test", "random_split"
_CUTS = {"box": ", cut to the drawn outline", "inside": ", cut inside the drawn outline"}
_N_FOLDS = re.compile(r"(\d+) grouped")  # of the sentence that says how a split was made


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One version: what it is, what it costs, and its figures by split.

    Attributes
    ----------
    version, title, architecture, strategy : str
    experiment : str or None
        Key of the experiment that the version stores; None: it stores none, or is an ensemble.
    from_scratch : bool
    is_solved : bool
        Whether the head was solved at once: no epoch was run.
    is_stem_random : bool
        Whether lower layers are frozen as they began, at random.
    epochs : int or None
        The most that a fit had; None: the card does not say.
    input_size, usual_size : tuple of int, tuple of int or None
        (rows, columns) of this version; what the architecture has where nobody says otherwise.
    is_champion : bool
    split : str or None
        What ``honest`` was measured on: ``out_of_fold``, else ``test``, the part that was held
        out; None: neither was.
    n_folds : int or None
        Grouped folds of ``out_of_fold``.
    n, n_groups : int, int or None
        Pictures and groups of ``honest``.
    honest, leaking : dict
        Names such as ``macro_f1`` to figures; empty where that split was not measured.
    leaking_lacks_branch : bool
        Whether ``leaking`` was measured without the branch for small findings that it has.
    data : str
        Name of the data that it was fitted on.
    is_comparable : bool
        Whether its honest figures are of as many pictures of the same data as the champion's.
    n_fitted : int
        Pictures that the version's own fit had; fewer where a group gives only some of its own.
    n_parameters : int or None
    milliseconds, minutes : float or None
        One forward pass of one picture; the whole run, folds included.
    trained_on : str or None
        Where ``minutes`` were measured, if that is another machine than the one of all others.
    """

    version: str
    title: str
    architecture: str
    strategy: str
    experiment: str | None
    from_scratch: bool
    is_solved: bool
    is_stem_random: bool
    epochs: int | None
    input_size: tuple[int, int]
    usual_size: tuple[int, int] | None
    is_champion: bool
    split: str | None
    n_folds: int | None
    n: int
    n_groups: int | None
    honest: dict[str, CardFigure]
    leaking: dict[str, CardFigure]
    leaking_lacks_branch: bool
    data: str
    is_comparable: bool
    n_fitted: int
    n_parameters: int | None
    milliseconds: float | None
    minutes: float | None
    trained_on: str | None

    def to_document(self) -> dict[str, Any]:
        """Return plain values, figures as everywhere: value, interval, n, grouped interval."""
        figures = {
            name: {key: figure.model_dump() for key, figure in getattr(self, name).items()}
            for name in ("honest", "leaking")
        }
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        usual = None if self.usual_size is None else list(self.usual_size)
        return values | {"input_size": list(self.input_size), "usual_size": usual} | figures


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A public figure as it was stated, how it was measured, and what it says.

    ``figure`` is None where none was stated; ``title`` says what was run again, by the experiment
    ``key``.
    """

    key: str
    project: str
    architecture: str
    title: str
    protocol: str
    figure: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class TaskResults:
    """All rows of a task, the best of the honest figure first; ``machines`` they were timed on.

    A row that was judged on its test part alone comes after those judged out of fold, and one of
    other data after both: its figure is of other pictures.
    """

    task: TaskSpec
    rows: tuple[ResultRow, ...]
    published: tuple[PublishedRow, ...]
    machines: tuple[str, ...]


def collect_results() -> tuple[TaskResults, ...]:
    """Return what is kept of every task that is not drawn.

    Raises
    ------
    ModelVersionError, EvaluationError
        If a card, the times or a run of a version cannot be read.
    """
    tasks = sorted(load_tasks().values(), key=lambda task: task.key)
    return tuple(_of_task(task) for task in tasks if not task.synthetic)


def _of_task(task: TaskSpec) -> TaskResults:
    kept = compared_folder(task.key)
    folders = {path.name: path for path in kept.iterdir()} if kept.is_dir() else {}
    installed = {name: models_folder() / task.key / name for name in version_names(task.key)}
    champion, rows, cases, machines = champion_of(task.key), [], {}, []
    for name, folder in (folders | installed).items():
        if name.startswith(".") or not (folder / CARD).is_file():
            continue
        measured = _measured(folders.get(name))
        machines += [measured.machine] if measured else []
        card, experiment = _card(folder), _experiment_key(folder)
        rows.append(_row(card, measured, experiment, is_champion=name == champion))
        cases[name] = _cases(folder, rows[-1].split)
    return TaskResults(
        task=task,
        rows=tuple(sorted(_compared(rows, cases), key=_rank)),
        published=_published(task.key),
        machines=tuple(sorted(set(machines))),
    )


def _published(task: str) -> tuple[PublishedRow, ...]:
    """Return what the product's own experiments run again, whatever a user's folder holds."""
    return tuple(
        PublishedRow(
            item.key,
            told.project,
            item.architecture,
            item.title.removesuffix(", as published"),
            told.protocol,
            told.figure,
            told.meaning,
        )
        for item in shipped_experiments().values()
        if item.task == task and (told := item.published) is not None
    )


def _cases(folder: Path, split: str | None) -> Cases:
    """Return the pictures, with their labels, that a version's honest figures are of."""
    stored = folder / FOLDER / str(split)
    if not stored.is_dir():
        return frozenset()
    run = read_run(stored)
    return frozenset(zip(run.file.astype(str).tolist(), run.y_true.tolist(), strict=True))


def _compared(rows: list[ResultRow], cases: Mapping[str, Cases]) -> list[ResultRow]:
    """Return the rows, those marked whose figures are of other pictures than the champion's."""
    champion = next((row for row in rows if row.is_champion), None)
    if champion is None:
        return rows
    return [
        replace(row, is_comparable=row.data == champion.data and _is_alike(row, champion, cases))
        for row in rows
    ]


def _is_alike(row: ResultRow, champion: ResultRow, cases: Mapping[str, Cases]) -> bool:
    """Return whether all pictures of one split are the same, or a test part lies in the folds."""
    own, others = cases[row.version], cases[champion.version]
    return own == others if row.split == champion.split else own <= others or others <= own


def _rank(row: ResultRow) -> tuple[bool, int, float, str]:
    figure = row.honest.get("macro_f1")
    place = (OUT_OF_FOLD, TEST, None).index(row.split)
    return not row.is_comparable, place, -(figure.value or 0.0) if figure else 1.0, row.version


def _experiment_key(folder: Path) -> str | None:
    path = folder / EXPERIMENT
    if not path.is_file():
        return None
    key = parse_yaml(path.read_bytes(), name=EXPERIMENT).get("key")
    return None if key is None else str(key)


def _row(
    card: Card, measured: Measured | None, experiment: str | None, *, is_champion: bool
) -> ResultRow:
    by_split = {item.split: item for item in card.metrics}
    honest = by_split.get(OUT_OF_FOLD) or by_split.get(TEST)
    leaking, known = by_split.get(LEAKING), ARCHITECTURES.get(card.architecture)
    return ResultRow(
        version=card.version,
        title=_title_of(card),
        architecture=card.architecture,
        strategy="combined" if card.ensemble else str(card.parameters.get("strategy", "top")),
        experiment=experiment,
        from_scratch=_is_from_scratch(card),
        is_solved=_is_solved(card),
        is_stem_random=_is_stem_random(card),
        epochs=card.parameters.get("epochs"),
        input_size=card.input_size,
        usual_size=known.input_size if known else None,
        is_champion=is_champion,
        split=honest.split if honest else None,
        n_folds=_n_folds(honest),
        n=honest.n if honest else 0,
        n_groups=honest.n_groups if honest else None,
        honest=_figures(honest),
        leaking=_figures(leaking),
        leaking_lacks_branch=bool(card.parameters.get("detail")),
        data=card.training_data.name,
        is_comparable=True,
        n_fitted=card.training_data.n,
        n_parameters=card.n_parameters,
        milliseconds=measured.milliseconds if measured else None,
        minutes=measured.minutes if measured else None,
        trained_on=measured.trained_on if measured else None,
    )


def _title_of(card: Card) -> str:
    """Return what tells this network apart in the table of its task."""
    if card.ensemble is not None:
        by = (card.ensemble.meta or card.ensemble.combine).replace("_", " ")
        return f"Ensemble of {len(card.ensemble.members)}, {by}"
    branch = " with a branch for small findings" if card.parameters.get("detail") else ""
    beside = card.parameters.get("beside_layers") or ()
    depths = f" at {len(beside) + 1} depths" if beside else ""
    known = ARCHITECTURES.get(card.architecture)
    end = card.parameters.get("end_layer")
    cut = _CUTS.get(str(card.parameters.get("cut")), "")
    return (known.title_up_to(end) if known else card.architecture) + depths + branch + cut


def _n_folds(honest: MetricSet | None) -> int | None:
    """Return how many folds the out-of-fold figures are of, as the card says it."""
    if honest is None or honest.split != OUT_OF_FOLD:
        return None
    found = _N_FOLDS.search(honest.title)
    return int(found.group(1)) if found else None


def _is_from_scratch(card: Card) -> bool:
    """Return whether nothing of the network was learnt on other pictures."""
    known = ARCHITECTURES.get(card.architecture)  # None: an ensemble, or made elsewhere
    begins_at_random = known is not None and not known.has_imagenet_weights
    return begins_at_random or card.parameters.get("weights") == "none"


def _is_solved(card: Card) -> bool:
    known = card.parameters
    return (known.get("strategy"), known.get("head_solver")) == ("head", "lbfgs")


def _is_stem_random(card: Card) -> bool:
    known = ARCHITECTURES.get(card.architecture)
    could_begin = known is not None and known.has_imagenet_weights
    random = card.parameters.get("weights") == "none" and card.frozen_until is not None
    return could_begin and random


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
