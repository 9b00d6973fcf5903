"""Train a model version: from a data folder, or from drawings for a synthetic task."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.config import settings
from core.datasets.left_out import LeftOut, left_out_by
from core.datasets.manifest import Manifest
from core.datasets.outlines import Cut
from core.domain import ByteArray
from core.errors import DatasetError, TrainingError
from core.inference.package import check_new_name, models_folder, version_names
from core.preprocessing import Recipe
from core.tasks import TaskSpec
from core.training.experiments import Experiment, Resolved, is_file_name, resolve
from core.training.fingerprint import DataFingerprint, difference_in_words
from core.training.job import Folders, Listener, TrainingJob
from core.training.training_set import TrainingSet
from core.workflows.experiments import (
    chosen_experiment,
    data_folder,
    experiment_notes,
    left_behind,
    name_of_folder,
)
from core.workflows.picture_guards import (
    absent_classes,
    absent_in_parts,
    limited,
    refuse_one_class,
    whole_split,
)
from core.workflows.pictures import load_pixels, open_manifest
from core.workflows.run_guards import ending_on_request, only_run, refuse_wrong_network

if TYPE_CHECKING:
    from core.training.run import Trained

__all__ = [
    "Listener",
    "TrainingRequest",
    "drawn_manifest",
    "new_version_name",
    "prepare",
    "train",
]

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG}
STEP_SETTINGS = {  # of a fit by steps alone
    *("epochs", "steps_per_epoch", "batch_size", "learning_rate", "optimizer", "momentum"),
    *("schedule", "warmup", "weight_decay", "clip_norm", "ema", "patience", "precision"),
}
PHANTOM_SEED = 3  # drawings to train on; the teaching cases come from other series


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What a person asks for.

    Attributes
    ----------
    task, architecture : str or None
        Keys: the task's own experiment, with another architecture where one is given.
    experiment : str, Path or None
        Instead of the task: key of an experiment, or its file; a version's ``experiment.yaml`` too.
        Its architecture is then one of those that its settings were chosen for.
    data : Path or None
        Data folder; None: the experiment's, else the task's own, or drawings.
    version : str or None
        Name of the version to write; None: architecture and time.
    limit : int or None
        At most so many pictures, evenly over classes and groups; None: as the experiment says.
    n_folds : int or None
        Also judge every picture out of fold, and calibrate on that; 0: not; None: as it says.
    with_random_split : bool or None
        Also measure the leaking figure; None: as it says.
    changes : mapping
        Training settings that replace the experiment's.
    """

    task: str | None = None
    architecture: str | None = None
    experiment: str | Path | None = None
    data: Path | None = None
    version: str | None = None
    limit: int | None = None
    n_folds: int | None = None
    with_random_split: bool | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request means, checked as far as that takes no picture and no network."""

    resolved: Resolved
    version: str
    begun: float


def train(request: TrainingRequest, *, listener: Listener | None = None) -> Trained:
    """Train, measure and write a model version.

    A request to end (SIGTERM) ends it as a key press (Ctrl-C) would.

    Raises
    ------
    TaskError, DatasetError, TrainingError, ModelVersionError
        If the run cannot start or go on; no version is written then.
    JobError
        If another process trains a version of that name, or the home cannot be written.
    """
    listener = listener or Listener()
    with ending_on_request():
        asked = _asked(request, listener)
        with only_run(asked.resolved.task.key, asked.version):
            refuse_wrong_network(asked.resolved)
            return _written(_read(asked, listener))


def _written(job: TrainingJob) -> Trained:
    from core.training.run import train_version

    try:
        return train_version(job, tracking_uri=settings().mlflow_tracking_uri)
    except OSError as error:  # states, stored maps and the version are written under way
        if error.errno not in NO_ROOM:
            raise
        raise TrainingError(
            f"The run cannot be written: {error.strerror}.",
            remedy="Make room or correct the rights of the home and of the models' folder, and "
            "start the run again: it goes on after its last whole epoch.",
        ) from None


def prepare(request: TrainingRequest, *, listener: Listener) -> TrainingJob:
    """Read and prepare everything that a run needs; nothing heavy is imported.

    Raises
    ------
    TaskError, DatasetError, TrainingError
        If something is wrong or missing.
    """
    return _read(_asked(request, listener), listener)


def _asked(request: TrainingRequest, listener: Listener) -> _Asked:
    begun = time.monotonic()
    resolved = resolve(_as_asked(request), changes=request.changes)
    for sentence in (*_about_experiment(request), *_without_effect(request, resolved)):
        listener.on_note(sentence)
    task = resolved.task
    version = request.version
    if version is None:
        version = new_version_name(task.key, resolved.config.architecture)
    check_new_name(task.key, version, option="--version")
    folder = _folder(resolved)
    if folder is not None:
        refuse_one_class(open_manifest(folder, task, find_groups=False))
    return _Asked(resolved, version, begun)


def _read(asked: _Asked, listener: Listener) -> TrainingJob:
    """Read and prepare the pictures."""
    resolved = asked.resolved
    experiment, task, config = resolved.experiment, resolved.task, resolved.config
    recipe = resolved.recipe
    manifest = limited(_manifest(resolved), experiment.data.limit)
    refuse_one_class(manifest)
    manifest, pixels = _readable(manifest, recipe, config.cut, listener)
    refuse_one_class(manifest)
    split = whole_split(manifest, seed=config.seed, fractions=config.fractions)
    for sentence in (*absent_classes(manifest), *absent_in_parts(manifest, split)):
        listener.on_note(sentence)
    data = TrainingSet(
        pixels=pixels,
        y_true=manifest.class_indices,
        group=manifest.frame["group"].to_numpy(dtype=object),
        file=manifest.frame["file"].to_numpy(dtype=object),
        class_names=task.class_names,
    )
    folds, judged = None, experiment.validation
    if judged.grouped_folds is not None:
        from core.datasets.folds import make_folds  # brings scikit-learn

        folds = make_folds(manifest, n_folds=judged.grouped_folds, seed=config.seed)
    job = TrainingJob(
        task=task,
        recipe=recipe,
        manifest=manifest,
        data=data,
        config=config,
        version=asked.version,
        split=split,
        folders=Folders(settings().home, models_folder(), settings().backbones),
        folds=folds,
        left_out=_left_out(manifest, judged.left_out_column, listener),
        with_random_split=judged.random_split,
        listener=listener,
        experiment=_stored(resolved, data, listener),
        begun=asked.begun,
    )
    from core.training.trust import check_gate  # brings scipy

    check_gate(job)
    return job


def _left_out(manifest: Manifest, column: str | None, listener: Listener) -> LeftOut | None:
    """Return what is left out by a column; a folder without it is trained on all the same."""
    if column is None:
        return None
    try:
        return left_out_by(manifest, column)
    except DatasetError as error:
        listener.on_note(f"No {column} is left out. {error.problem}")
        return None


def _as_asked(request: TrainingRequest) -> Experiment:
    """Return the experiment with what the request says otherwise."""
    asked = chosen_experiment(request.task, request.architecture, experiment=request.experiment)
    judged, data = asked.validation, asked.data
    if request.n_folds is not None:
        judged = judged.model_copy(update={"grouped_folds": request.n_folds or None})
    if request.with_random_split is not None:
        judged = judged.model_copy(update={"random_split": request.with_random_split})
    if request.limit is not None:
        data = data.model_copy(update={"limit": request.limit})
    if request.data is not None:
        data = data.model_copy(update={"folder": str(request.data.absolute())})
    return asked.model_copy(update={"validation": judged, "data": data})


def _about_experiment(request: TrainingRequest) -> Iterator[str]:
    """Yield what a person should know of the experiment that was asked for, by key or by task."""
    if request.experiment is None or not is_file_name(request.experiment):
        yield from experiment_notes()
    if request.experiment is None:
        sentence = left_behind(request.task, request.architecture)
        if sentence:
            yield sentence


def _without_effect(request: TrainingRequest, resolved: Resolved) -> Iterator[str]:
    """Yield a sentence where settings of steps or a backbone would do nothing."""
    config = resolved.config
    if config.is_stem_random:
        yield (
            "Layers begin at random (weights none), and those that are frozen stay so: strategy "
            "all, or frozen_layers 0, trains them too."
        )
    if config.strategy == "head" and config.head_solver == "lbfgs":
        idle = sorted(STEP_SETTINGS & set(request.changes))
        if idle:
            yield (
                f"The head is solved at once, without epochs and steps: {', '.join(idle)} "
                f"{'has' if len(idle) == 1 else 'have'} no effect."
            )


def _stored(resolved: Resolved, data: TrainingSet, listener: Listener) -> Experiment:
    """Return what the version stores, and say where the data are not those of an earlier run."""
    told, found = resolved.experiment.data, DataFingerprint.of(data, resolved.recipe)
    sentence = difference_in_words(told.fingerprint, found) if told.fingerprint else None
    if sentence:
        listener.on_note(sentence)
    folder = name_of_folder(Path(told.folder)) if told.folder else None
    kept = told.model_copy(update={"fingerprint": found, "folder": folder})
    return resolved.experiment.model_copy(update={"data": kept})


def new_version_name(task_key: str, architecture: str, *, taken: Iterable[str] = ()) -> str:
    """Return a name for a version that no installed one has, nor any of ``taken``."""
    stem = f"{architecture}-{datetime.now(UTC):%Y%m%d-%H%M}"
    taken = {*version_names(task_key), *taken}
    names = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
    return next(name for name in names if name not in taken)


def _folder(resolved: Resolved) -> Path | None:
    """Return the folder of the pictures; None: they are drawn."""
    folder = resolved.experiment.data.folder
    if resolved.task.synthetic and folder is None:
        return None
    return data_folder(resolved.task, folder=folder)


def _manifest(resolved: Resolved) -> Manifest:
    folder = _folder(resolved)
    if folder is None:
        return drawn_manifest(resolved.task, n_series=resolved.config.phantom_series)
    return open_manifest(folder, resolved.task)


def drawn_manifest(task: TaskSpec, *, n_series: int, seed: int = PHANTOM_SEED) -> Manifest:
    """Return the manifest of drawn series; nothing is drawn yet."""
    from core.phantoms import phantom_table

    table = phantom_table(n_series=n_series, seed=seed)
    slices = ("lesion_size", "contrast_phase", "body_size", "look_alike")
    sizes = [_size_name(value) for value in table["lesion_size_mm"].tolist()]
    frame = table.assign(lesion_size=sizes)[["file", "label", "group", *slices]].astype(object)
    return Manifest(
        root=Path(),
        task=task,
        frame=frame,
        group_source="column",
        slice_columns=slices,
        name=f"drawings, seed {seed}",
        licence="drawn by this product; no patient behind it",
    )


def _size_name(millimetres: float) -> str:
    """Return the size class of a lesion, as figures are sliced by.

    >>> [_size_name(value) for value in (float("nan"), 3.0, 9.9, 31.0)]
    ['no lesion', 'up to 5 mm', '5 to 10 mm', 'above 20 mm']
    """
    if np.isnan(millimetres):
        return "no lesion"
    for upper, lower in ((5, 0), (10, 5), (20, 10)):
        if millimetres <= upper:
            return f"{lower} to {upper} mm" if lower else f"up to {upper} mm"
    return "above 20 mm"


def _draw(path: Path) -> ByteArray:
    from core.phantoms import phantom_pixels

    return phantom_pixels(path.as_posix()).pixels


def _readable(
    manifest: Manifest, recipe: Recipe, cut: Cut | None, listener: Listener
) -> tuple[Manifest, ByteArray]:
    """Return the readable pictures and their manifest; the others are named and left out."""
    pictures = load_pixels(
        manifest,
        recipe,
        read=_draw if manifest.root == Path() and manifest.task.synthetic else None,
        progress=lambda done, n: listener.on_progress("reading pictures", done, n),
        cut=cut,
    )
    if cut is not None:
        listener.on_note(
            "Pictures are cut by the outline of their masks. An upload has no mask: figures of "
            "this version hold for pictures that are cut in the same way."
        )
    for file, reason in pictures.errors[:20]:
        listener.on_note(f"Left out {file}: {reason}")
    if len(pictures.errors) > 20:
        listener.on_note(f"Left out {len(pictures.errors) - 20} more that cannot be read.")
    if not len(pictures.rows):
        raise TrainingError(
            "None of the pictures can be read.", remedy="Check the folder and its table."
        )
    return manifest.take(pictures.rows), pictures.pixels
