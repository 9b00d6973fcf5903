"""How far a training run is: its curves fit by fit, what it does now, and the time that is left.

The time left is worked out from steps and epochs that this start of the run has measured, and is
unknown before there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

from core.errors import CoreError
from core.jobs.job import START
from core.jobs.lines import Line
from core.training.config import TrainingConfig
from core.training.experiments import Experiment, read_experiment, resolve
from core.training.job import FINAL, RANDOM_SPLIT, fold_fit, steps_of
from core.workflows.training_jobs import EXPERIMENT_FILE, PLAN, TrainingRun

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {
    "loss": "training loss",
    "nll": "validation log-loss",
    "accuracy": "validation accuracy",
    "macro_f1": "validation macro F1",
}
RECENT = 8  # epochs that the pace is taken from
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class FitCurve:
    """The epochs of one fit.

    Attributes
    ----------
    name : str
        ``fold 2 of 5``, ``final``, ``random split``.
    epochs : tuple of dict
        What was told of each, ascending; one that was run twice stands once, as run last.
    n_epochs : int
        How many there are at most.
    is_over : bool
        Whether something else has begun since.
    """

    name: str
    epochs: tuple[Line, ...]
    n_epochs: int
    is_over: bool

    @property
    def n_done(self) -> int:
        """How many epochs were run."""
        return int(self.epochs[-1]["epoch"]) if self.epochs else 0


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes
    ----------
    fits : tuple of FitCurve
        Those begun, in their order.
    n_fits : int
        How many there will be.
    words : str
        What it does now.
    share : float in [0, 1]
        Epochs done of those planned; early stopping makes it jump.
    seconds_left : float or None
        Until the last epoch; None before there is a measure, and after the last epoch.
    is_bound : bool
        Whether early stopping may end fits sooner: the time left is an upper bound then.
    """

    fits: tuple[FitCurve, ...]
    n_fits: int
    words: str
    share: float
    seconds_left: float | None
    is_bound: bool

    @property
    def left_said(self) -> str:
        """The time left in words."""
        if self.seconds_left is None:
            return "time left: not known yet" if self.share < 1 else "measuring and writing"
        said = duration_said(self.seconds_left)
        bound = ", early stopping may end it sooner" if self.is_bound else ""
        return f"{said} of fitting left{bound}; then measuring and writing"


@dataclass(frozen=True, slots=True)
class Plan:
    """The fits that an experiment runs: their names in order, at most so many epochs each."""

    fits: tuple[str, ...]
    n_epochs: int
    is_stopped_early: bool


def plan_of(experiment: Experiment) -> Plan:
    """Return the fits that an experiment runs, but for values left out: those the data know."""
    config, judged = resolve(experiment).config, experiment.validation
    folds = judged.grouped_folds or 0
    fits = [fold_fit(fold, folds) for fold in range(folds)]
    fits += [FINAL, *([RANDOM_SPLIT] if judged.random_split else [])]
    return Plan(tuple(fits), _most_epochs(config), config.keeps_best)


def _most_epochs(config: TrainingConfig) -> int:
    is_solved = config.head_solver == "lbfgs"  # told as one epoch
    if config.strategy == "head":
        return 1 if is_solved else config.epochs
    if config.strategy == "staged":
        return config.epochs + (1 if is_solved else config.head_epochs)
    return config.epochs


def progress_of(run: TrainingRun) -> RunProgress:
    """Return how far a run is."""
    try:
        plan = plan_of(read_experiment(run.job.folder / EXPERIMENT_FILE))
    except CoreError:  # its task or a step of its recipe went since
        plan = Plan((FINAL,), 0, True)
    return follow(run.lines, plan)


def _as_told(lines: Sequence[Line], plan: Plan) -> Plan:
    """Return the plan with the fits that the run named: only it knows the values left out."""
    told = [line["fits"] for line in lines if line["kind"] == PLAN]
    return replace(plan, fits=tuple(told[-1])) if told else plan


def follow(lines: Sequence[Line], plan: Plan) -> RunProgress:
    """Return how far a run is that told these lines."""
    plan, fits = _as_told(lines, plan), _fits(lines)
    begun = {fit.name for fit in fits}
    expected = _expected_epochs(fits, plan)
    to_come = len([name for name in plan.fits if name not in begun])
    planned = to_come * expected
    left_here = 0.0
    if fits and not fits[-1].is_over:
        left_here = fits[-1].n_epochs - fits[-1].n_done - _share_of_epoch(lines, fits[-1])
    done = sum(fit.n_done for fit in fits)
    total = done + left_here + planned
    return RunProgress(
        fits=fits,
        n_fits=max(len(plan.fits), len(fits)),
        words=_words(lines),
        share=done / total if total else 0.0,
        seconds_left=_seconds_left(lines, fits, plan, left=left_here + planned),
        is_bound=plan.is_stopped_early,
    )


def curve_frame(progress: RunProgress) -> pd.DataFrame:
    """Return every epoch of every fit as a row: ``fit, stage, epoch`` and the measures."""
    import pandas as pd

    rows = [
        {"fit": fit.name, "stage": line.get("stage", ""), "epoch": int(line["epoch"])}
        | {name: line.get(name) for name in MEASURES}
        for fit in progress.fits
        for line in fit.epochs
    ]
    return pd.DataFrame(rows, columns=["fit", "stage", "epoch", *MEASURES])


def duration_said(seconds: float) -> str:
    """Return a duration as a person says it.

    >>> [duration_said(value) for value in (20, 100, 3599, 7800)]
    ['less than a minute', 'about 2 min', 'about 1 h', 'about 2 h 10 min']
    """
    minutes = round(seconds / _MINUTE)
    if seconds < _MINUTE:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    rest = minutes % 60
    return f"about {minutes // 60} h{f' {rest} min' if rest else ''}"


def _fits(lines: Iterable[Line]) -> tuple[FitCurve, ...]:
    epochs: dict[str, dict[int, Line]] = {}
    last = ""  # the fit that is in hand; empty once something else is
    for line in lines:
        if line["kind"] == "epoch":
            last = str(line["fit"])
            epochs.setdefault(last, {})[int(line["epoch"])] = line
        elif line["kind"] == "progress" and last and line["what"] != steps_of(last):
            last = "" if _is_after_fit(line) else last
        elif line["kind"] == "done":
            last = ""
    return tuple(
        FitCurve(
            name,
            tuple(found[epoch] for epoch in sorted(found)),
            max(int(line["epochs"]) for line in found.values()),
            name != last,
        )
        for name, found in epochs.items()
    )


def _is_after_fit(line: Line) -> bool:
    """Return whether a pass comes after a fit; pictures and maps are read anew by a restart."""
    return line["what"] == "measuring" or str(line["what"]).endswith(steps_of(""))


def _expected_epochs(fits: Sequence[FitCurve], plan: Plan) -> float:
    over = [fit.n_done for fit in fits if fit.is_over]
    return mean(over) if over else float(plan.n_epochs)


def _this_start(lines: Sequence[Line]) -> Sequence[Line]:
    begins = [place for place, line in enumerate(lines) if line["kind"] == START]
    return lines[begins[-1] :] if begins else lines


def _steps_now(lines: Sequence[Line], fit: str | None) -> list[Line]:
    """Return the steps told of the epoch in hand, of one fit or whichever it is."""
    steps: list[Line] = []
    for line in _this_start(lines):
        if line["kind"] == "epoch":
            steps = []
        elif line["kind"] == "progress" and str(line["what"]).endswith(steps_of("")):
            steps = [item for item in steps if item["what"] == line["what"]]
            steps.append(line)
    return [line for line in steps if fit is None or line["what"] == steps_of(fit)]


def _share_of_epoch(lines: Sequence[Line], fit: FitCurve) -> float:
    steps = _steps_now(lines, fit.name)
    return float(steps[-1]["done"] / steps[-1]["total"]) if steps else 0.0


def _pace(lines: Sequence[Line]) -> float | None:
    """Return the seconds of an epoch as measured since the last start; None before that.

    The first epoch of a start also builds the graph: it counts for nothing.
    """
    seconds = [float(line["seconds"]) for line in _this_start(lines) if line["kind"] == "epoch"]
    if len(seconds) > 1:
        return mean(seconds[1:][-RECENT:])
    steps = _steps_now(lines, None)
    if len(steps) > 1 and steps[-1]["done"] > steps[0]["done"]:
        taken = (steps[-1]["at"] - steps[0]["at"]) / (steps[-1]["done"] - steps[0]["done"])
        return float(taken * steps[-1]["total"])
    return None


def _seconds_left(
    lines: Sequence[Line], fits: Sequence[FitCurve], plan: Plan, *, left: float
) -> float | None:
    pace = _pace(lines)
    if pace is None or left <= 0:
        return None
    between = _between_fits(lines)
    n_after = len([name for name in plan.fits if name not in {fit.name for fit in fits}])
    return left * pace + n_after * (mean(between) if between else 0.0)


def _between_fits(lines: Sequence[Line]) -> list[float]:
    """Return the seconds that passed between two fits of this start: measuring, building."""
    epochs = [line for line in _this_start(lines) if line["kind"] == "epoch"]
    return [
        max(0.0, float(after["at"] - before["at"] - after["seconds"]))
        for before, after in pairwise(epochs)
        if before["fit"] != after["fit"]
    ]


def _words(lines: Sequence[Line]) -> str:
    """Return what the run does now."""
    for line in reversed(lines):
        if line["kind"] == "epoch":
            return f"{line['fit']}: epoch {line['epoch']} of {line['epochs']} done"
        if line["kind"] == "progress" and line["done"] < line["total"]:
            return f"{line['what']}: {line['done']:,} of {line['total']:,}"
        if line["kind"] == "progress":
            return f"{line['what']}: done; preparing what comes next"
        if line["kind"] == START:
            return "starting"
    return "starting"
