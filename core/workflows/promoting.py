"""Make a version the champion: only when it passes against the one that is, or with a reason.

Light: numpy and scipy; MLflow enters only to mirror the choice where it keeps a registry.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.config import settings
from core.errors import ArgumentError, EvaluationError
from core.inference.package import ModelVersion
from core.tasks import load_task
from core.workflows.champions import champion_name, find_version
from core.workflows.comparing import Question, compare_stored, comparison_document, verdict_record
from core.workflows.models import verified_version
from core.workflows.points import points_of
from core.workflows.records import Promotion, record_comparison, record_promotion
from core.workflows.retiring import retired_versions, take_back
from core.workflows.stored_runs import StoredRun, stored_runs

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison

PASSES = "may replace"
# Of the runs that both versions have on the same cases: a part kept for testing tells most, then
# folds, then folders of pictures. A random split measures memory, and nothing rests on it.
_SPLITS = ("test", "out_of_fold")
_LEAKING = "random_split"


@dataclass(frozen=True, slots=True)
class Override:
    """Why a person promotes against the check, and who that is; both are kept with it."""

    why: str
    by: str

    def __post_init__(self) -> None:
        for value, name, what in (
            (self.why, "override", "no reason was given"),
            (self.by, "by", "nobody's name was given"),
        ):
            if not value.strip():
                raise ArgumentError(
                    f"An override is recorded with who and why, and {what}.",
                    remedy="Give both --override TEXT and --by WHO.",
                    column=name,
                )


@dataclass(frozen=True, slots=True, eq=False)
class Promoted:
    """What became of a promotion.

    Attributes
    ----------
    comparison : Comparison
        A is the version to replace, B the one to promote.
    run_a, run_b : StoredRun
        The runs it rests on.
    promotion : Promotion or None
        What was recorded; None: the version was not promoted.
    champion : str or None
        Which version answers by default now.
    why : str
        The decision in one sentence.
    """

    comparison: Comparison
    run_a: StoredRun
    run_b: StoredRun
    promotion: Promotion | None
    champion: str | None
    why: str


def promote(
    task: str,
    version: str,
    question: Question,
    *,
    against: str,
    override: Override | None = None,
    by: str | None = None,
) -> Promoted:
    """Compare a version with the champion on the same cases and promote it if it passes.

    Each is compared as it answers: by its threshold of the class, signed or shipped, if it has one.

    Parameters
    ----------
    task, version : str
        The version to promote; every file of it is verified first.
    question : Question
        The class whose misses decide and by how much its sensitivity may be lower. A threshold
        that it names takes the place of the version's own.
    against : str
        The version it is compared with: the champion. Against another one it is not promoted.
    override : Override or None
        Promotes it all the same.
    by : str or None
        Who promotes; the login name otherwise.

    Raises
    ------
    TaskError, ModelVersionError
        If there is no such task or version, or a file of the version was changed.
    EvaluationError
        If the two have no run on the same cases, or there is no such class.
    PersistenceError
        If it could not be recorded: nothing is promoted then.
    """
    done = promote_untold(task, version, question, against=against, override=override, by=by)
    if done.promotion is not None:
        mirror(done.promotion.task, version)
    return done


def promote_untold(
    task: str,
    version: str,
    question: Question,
    *,
    against: str,
    override: Override | None = None,
    by: str | None = None,
) -> Promoted:
    """Do as ``promote`` does, and leave MLflow's alias to the caller: it is heavy."""
    key = load_task(task).key
    challenger, other = verified_version(key, version), find_version(key, against)
    champion = champion_name(key)
    made, run_a, run_b = _compared(key, other, challenger, question)
    who = override.by if override else by or _login()
    record_comparison(verdict_record(made, run_a, run_b, by=who))
    refusal = _refusal(made, version=version, against=against, champion=champion)
    if refusal is not None and override is None:
        told = f"{refusal}{_thresholds_said(made)}"
        return Promoted(made, run_a, run_b, None, champion, told)
    promotion = Promotion(
        task=key,
        version=challenger.name,
        digest=challenger.digest,
        previous=champion if champion != version else None,
        verdict=made.verdict,
        override=override.why.strip() if override and refusal else None,
        promoted_by=who.strip(),
    )
    recorded = record_promotion(promotion)
    if version in retired_versions(key):
        take_back(key, version, by=who)
    said = _said(version, against, champion=champion, refusal=refusal)
    return Promoted(made, run_a, run_b, recorded, version, f"{said}{_thresholds_said(made)}")


def promotion_document(done: Promoted) -> dict[str, Any]:
    """Return the comparison with the keys of the ``compare`` contract, and what became of it."""
    recorded = done.promotion
    return {
        **comparison_document(done.comparison),
        "promoted": recorded is not None,
        "decision": done.why,
        "champion": done.champion,
        "override": recorded.override if recorded else None,
        "promoted_by": recorded.promoted_by if recorded else None,
        "version_a": done.run_a.facts.model_version,
        "version_b": done.run_b.facts.model_version,
        "run_a": done.run_a.name,
        "run_b": done.run_b.name,
        "data": done.run_a.facts.data,
        "split": done.run_a.facts.split,
    }


def _compared(
    task: str, a: ModelVersion, b: ModelVersion, question: Question
) -> tuple[Comparison, StoredRun, StoredRun]:
    """Return the comparison on the first pair of runs that hold the same cases."""
    differ, question = None, _as_they_answer(question, a, b)
    for run_a, run_b in _pairs(_own_runs(task, a), _own_runs(task, b)):
        try:
            return compare_stored(run_a, run_b, question), run_a, run_b
        except EvaluationError as error:
            if error.column not in ("file", "y_true"):
                raise
            differ = error
    why = f" The nearest differ: {differ.problem}" if differ else ""
    raise EvaluationError(
        f"{a.name} and {b.name} have no stored run on the same cases.{why}",
        remedy="Evaluate both on one folder: python -m core evaluate "
        f"--task {task} --data FOLDER --version {b.name}, then with --version {a.name}.",
    )


def _as_they_answer(question: Question, a: ModelVersion, b: ModelVersion) -> Question:
    """Return the question with the thresholds by which the two answer, where none is named."""
    own_a, own_b = (points_of(version).thresholds.get(question.class_name) for version in (a, b))
    named_a, named_b = question.threshold_a, question.threshold_b
    return replace(
        question,
        threshold_a=own_a if named_a is None else named_a,
        threshold_b=own_b if named_b is None else named_b,
    )


def _own_runs(task: str, version: ModelVersion) -> list[StoredRun]:
    runs = stored_runs(task, version.name)
    return [
        run
        for run in runs
        if run.facts.version_digest == version.digest and run.facts.split != _LEAKING
    ]


def _pairs(
    runs_a: list[StoredRun], runs_b: list[StoredRun]
) -> Iterator[tuple[StoredRun, StoredRun]]:
    """Give the pairs that may hold the same cases, the one that tells most first."""

    def rank(run: StoredRun) -> tuple[bool, int, int]:
        split = run.facts.split
        place = _SPLITS.index(split) if split in _SPLITS else len(_SPLITS)
        return bool(run.facts.notes), place, -run.n  # a note says that it measures memory

    for run_a in sorted(runs_a, key=rank):
        for run_b in sorted(runs_b, key=rank):
            a, b = run_a.facts, run_b.facts
            if (a.data, a.split, run_a.n) == (b.data, b.split, run_b.n):
                yield run_a, run_b


def _refusal(made: Comparison, *, version: str, against: str, champion: str | None) -> str | None:
    """Return why the version is not promoted; None where nothing is against it."""
    if made.verdict != PASSES:
        return f"{version} is not promoted: the verdict is “{made.verdict}”."
    if champion not in (against, version, None):
        return (
            f"{version} is not promoted: {against}, which it passed, is not the champion. "
            f"{champion} is: compare with that one."
        )
    return None


def _said(version: str, against: str, *, champion: str | None, refusal: str | None) -> str:
    if refusal is None and champion == version:
        return f"{version} is the champion and stays it."
    if refusal is None:
        return f"{version} is the champion now: it may replace {against}."
    return f"{version} is the champion now, by override. Without it: {refusal}"


def _thresholds_said(made: Comparison) -> str:
    """Say by what the two were compared, unless both call the most probable class."""
    given = (made.threshold_a, made.threshold_b)
    if given == (None, None):
        return ""
    a, b = ("its most probable class" if at is None else f"its threshold {at:.3g}" for at in given)
    return f" Compared as they answer for {made.class_name}: A by {a}, B by {b}."


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        return "unknown login"


def has_registry() -> bool:
    """Return whether MLflow may have anything: a server is named, or runs were tracked here."""
    return settings().mlflow_tracking_uri is not None or (settings().home / "mlflow.db").is_file()


def mirror(task: str, version: str) -> None:
    """Set MLflow's alias too, where MLflow has anything; the product never reads it."""
    if not has_registry():
        return
    from core.training.tracking import mirror_champion

    mirror_champion(settings().tracking_uri, task=task, version=version)
