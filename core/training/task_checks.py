"""Settings that are right or wrong for a task alone: names of its classes, a loss for so many."""

from __future__ import annotations

from collections.abc import Iterable

from core.datasets.splits import check_fractions
from core.errors import TrainingError
from core.tasks import TaskSpec
from core.training.config import TrainingConfig


def check_settings(config: TrainingConfig, task: TaskSpec, *, has_folds: bool) -> None:
    """Refuse what could only fail later, after pictures were read or networks fitted.

    Raises
    ------
    TrainingError, DatasetError
        If a class is named that the task has not, the loss is one of two classes and the task has
        more, a detail branch has no folds, or the shares of the split are none.
    """
    check_fractions(config.fractions)
    check_class_weights(
        config.class_weights if isinstance(config.class_weights, dict) else (), task.class_names
    )
    check_required(config.required_sensitivity, task)
    check_loss(config.loss, n_classes=len(task.class_names))
    if config.detail is not None:
        _check_detail(config.detail.pasting_spec.finding, task, has_folds=has_folds)


def check_class_weights(names: Iterable[str], class_names: tuple[str, ...]) -> None:
    """Refuse weights of what is no class.

    Raises
    ------
    TrainingError
        With the names that are wrong and those that are right.
    """
    unknown = sorted(set(names) - set(class_names))
    if unknown:
        raise TrainingError(
            f"class_weights names {', '.join(unknown)}, which is no class of the task.",
            remedy=f"Classes: {', '.join(class_names)}; those left out count 1.",
            column="class_weights",
        )


def check_required(names: Iterable[str], task: TaskSpec) -> None:
    """Refuse a required sensitivity of what is no finding.

    Raises
    ------
    TrainingError
        With the names that are wrong and those that are right.
    """
    unknown = sorted(set(names) - set(task.findings))
    if unknown:
        raise TrainingError(
            f"required_sensitivity names {', '.join(unknown)}, which is no finding of the task.",
            remedy=f"Its findings are {', '.join(task.findings)}.",
            column="required_sensitivity",
        )


def check_loss(loss: str, *, n_classes: int) -> None:
    """Refuse one sigmoid for more than two classes.

    Raises
    ------
    TrainingError
        With the number of classes.
    """
    if loss == "binary_cross_entropy" and n_classes != 2:
        raise TrainingError(
            f"One sigmoid tells two classes apart; there are {n_classes}.",
            remedy="Set loss to cross_entropy.",
            column="loss",
        )


def _check_detail(finding: str, task: TaskSpec, *, has_folds: bool) -> None:
    if finding not in task.findings:
        raise TrainingError(
            f"The detail branch is to learn {finding!r}, which is no finding of the task.",
            remedy=f"Findings: {', '.join(task.findings)}.",
            column="detail",
        )
    if task.colour != "grey":
        raise TrainingError(
            "The detail branch is taught with small bright stones, drawn as a CT slice shows them; "
            f"pictures of {task.key} are in colour.",
            remedy="Train without `detail`.",
            column="detail",
        )
    if not has_folds:
        raise TrainingError(
            "A detail branch needs folds: what its evidence is worth is asked out of fold.",
            remedy="Train with --folds 5, or without `detail`.",
            column="detail",
        )
