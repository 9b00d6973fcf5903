"""MLflow is told of an ensemble as it is of a training run: settings, figures, files, registry."""

from __future__ import annotations

from collections.abc import Callable

from core.config import settings
from core.inference.package import names_in
from core.workflows.ensembling import EnsembleRequest, MadeEnsemble


def track_ensemble(
    request: EnsembleRequest, made: MadeEnsemble, *, tell: Callable[[str], None]
) -> None:
    """Track and register a written ensemble, so that it can become champion in the registry too.

    Where MLflow is away, ``tell`` gets one warning and nothing is lost.
    """
    # HEAVY: it takes seconds to load and is needed for a command alone.
    from core.training.tracking import Tracker

    known = settings()
    tracker = Tracker(
        known.mlflow_tracking_uri,
        home=known.home,
        experiment=request.task,
        name=made.model_version,
        values={
            "members": list(request.members),
            "combine": request.combine,
            "meta": request.meta,
            "weights": list(request.weights),
        },
        tell=tell,
    )
    tracker.figures(made.metrics)
    is_alone = names_in(made.path.parent) == (made.model_version,)
    tracker.finish(made.path, is_champion=is_alone)
