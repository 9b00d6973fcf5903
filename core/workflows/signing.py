"""A threshold becomes a version's operating point: with a name under it, nothing overwritten."""

from __future__ import annotations

from core.errors import EvaluationError
from core.workflows.operating import ANY_FINDING, Bench, Setting
from core.workflows.records import OperatingPoint, record_operating_point

_ONE_CLASS, _ANY = "one class", "any finding"


def sign(bench: Bench, made: Setting, *, signed_by: str) -> OperatingPoint:
    """Store the threshold as the version's operating point, and return the record.

    Raises
    ------
    EvaluationError
        If nobody's name is given, there is no threshold, or the runs are not of a version of ours.
    PersistenceError
        If it was not stored.
    """
    facts, level = bench.checked_on.facts, made.pictures
    if not signed_by.strip():
        raise EvaluationError("Nobody signed.", remedy="Give your name.", column="signed_by")
    if made.threshold is None:
        raise EvaluationError(
            "There is no threshold to store.", remedy="Choose it on a run with such cases."
        )
    digests = {bench.chosen_on.facts.version_digest, facts.version_digest}
    if len(digests) > 1 or facts.version_digest is None or facts.task is None:
        raise EvaluationError(
            "The runs are not both of this model version, so their threshold is not its own.",
            remedy="Choose and check on runs of the version that answers.",
        )
    return record_operating_point(
        OperatingPoint(
            task=facts.task,
            model_version=str(facts.model_version),
            version_digest=facts.version_digest,
            class_name=made.demand.class_name,
            threshold=made.threshold,
            sensitivity_asked=made.demand.sensitivity,
            rule=_ANY if made.demand.class_name == ANY_FINDING else _ONE_CLASS,
            run=bench.checked_said,
            chosen_on=bench.chosen_said,
            sensitivity=level.sensitivity.leading,
            specificity=level.specificity.leading,
            n_positive=level.at_argmax.n_positive,
            n_groups=level.sensitivity.n_groups,
            lower_bound_one_sided_95=level.lower_bound,
            claim_holds=level.claim_holds,
            prevalence=level.price.prevalence,
            signed_by=signed_by.strip(),
        )
    )
