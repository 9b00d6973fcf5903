"""Answer pictures: intake, recipe, one pass of the engine, gate, calibration, every map.

Nothing here imports TensorFlow, Keras, MLflow or scikit-learn, and nothing is kept between calls
but the compiled engine: an answer holds its own picture and its own maps, so no map can be shown
with another picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from core.domain import (
    Answer,
    Prediction,
    SeenImage,
    Status,
    StudyImage,
)
from core.errors import DatasetError, IntakeError, OutsideUseError, RecipeError
from core.evaluation.flags import flagged_findings
from core.intake import check_intended_use, read_study
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.answering import Pass
from core.workflows.files import carried_steps, check_steps, read_file

SUM_TOLERANCE = 1e-6
NOT_NUMBERS = (
    "The model gave values that are not numbers for this picture, so there is no answer. "
    "Report it with the model version, and do not use the picture's result."
)


def analyse_bytes(
    data: bytes,
    *,
    task: str,
    version: str | None = None,
    file: str = "",
    frame: int | None = None,
    already_applied: Sequence[str] = (),
) -> Answer:
    """Answer one picture.

    Parameters
    ----------
    data : bytes
        Of a PNG, JPEG, TIFF, BMP or DICOM file.
    task : str
    version : str or None
        A version of the task; its champion otherwise.
    file : str
        Name that the answer carries; it is never opened.
    frame : int or None
        Frame of a multi-frame file, zero-based.
    already_applied : sequence of str
        Recipe steps that the picture carries already.

    Returns
    -------
    Answer
        ``ok`` with probabilities and the map of every class, ``refused`` or ``error`` with the
        reason in one sentence.

    Raises
    ------
    TaskError, ModelVersionError
        If nothing can be answered at all.
    RecipeError
        If ``already_applied`` names a step that does not exist.
    """
    analyst = open_analyst(task, version)
    check_steps(already_applied)
    return answer_bytes(
        analyst,
        data,
        file=file,
        frame=frame,
        already_applied=already_applied,
    )


def analyse_files(
    paths: Iterable[Path | str],
    *,
    task: str,
    version: str | None = None,
    frame: int | None = None,
    already_applied: Sequence[str] | None = None,
) -> Iterator[Answer]:
    """Answer files in the order given; one bad file never stops the rest.

    ``already_applied`` None means: what the ``dataset.yaml`` that governs the file says, else
    nothing (docs/command-line.md, predict).

    Raises
    ------
    TaskError, ModelVersionError, RecipeError
        As ``analyse_bytes``, before the first file is opened.
    """
    analyst = open_analyst(task, version)
    check_steps(already_applied or ())
    return (
        answer_file(analyst, path, frame=frame, already_applied=already_applied) for path in paths
    )


def answer_file(
    analyst: Analyst,
    path: Path | str,
    *,
    frame: int | None = None,
    already_applied: Sequence[str] | None = None,
) -> Answer:
    """Answer one file; whatever is wrong with it becomes an answer with status ``error``.

    The answer carries the path as it was given, so that a program finds its own names again.
    """
    try:
        data = read_file(Path(path))
        carried = carried_steps(Path(path), already_applied)
    except (IntakeError, DatasetError) as error:
        return _failed(analyst, str(path), Status.ERROR, str(error))
    return answer_bytes(analyst, data, file=str(path), frame=frame, already_applied=carried)


def answer_bytes(
    analyst: Analyst,
    data: bytes,
    *,
    file: str = "",
    frame: int | None = None,
    already_applied: Sequence[str] = (),
) -> Answer:
    """Answer one picture with a version that is open; see ``analyse_bytes``."""
    try:
        image = read_study(data, frame=frame, default_window=analyst.task.window)
    except IntakeError as error:
        return _failed(analyst, file, Status.ERROR, str(error))
    return answer_image(analyst, image, file=file, already_applied=already_applied)


def answer_image(
    analyst: Analyst,
    image: StudyImage,
    *,
    file: str = "",
    already_applied: Sequence[str] = (),
    explain_refused: bool = False,
) -> Answer:
    """Answer one decoded picture.

    ``explain_refused`` keeps the maps of a picture that the gate refuses: an audit needs them.
    """
    blank = _failed(analyst, file, Status.ERROR, None)
    try:
        check_intended_use(image, analyst.task)
        seen = analyst.answering.prepare(image.pixels, already_applied=already_applied)
    except OutsideUseError as error:
        return replace(blank, status=Status.REFUSED, reason=str(error), image=image)
    except RecipeError as error:
        return replace(blank, reason=str(error), image=image)
    return _judged(analyst, replace(blank, image=image, seen=seen), explain_refused)


def _judged(analyst: Analyst, blank: Answer, explain_refused: bool) -> Answer:
    """Run the version over the prepared picture and fill in what it says."""
    passed = analyst.answering.look(cast(SeenImage, blank.seen))
    if not passed.is_finite():
        return replace(blank, reason=NOT_NUMBERS)
    gate = passed.judge()
    if not gate.inside:
        explanations = passed.explanations() if explain_refused else ()
        refused = replace(blank, status=Status.REFUSED, reason=gate.reason)
        return replace(refused, gate=gate, explanations=explanations)
    prediction = _predict(analyst, passed)
    if prediction is None or not passed.is_finite():
        return replace(blank, reason=NOT_NUMBERS, gate=gate)
    answered = replace(blank, status=Status.OK, gate=gate)
    return replace(answered, prediction=prediction, explanations=passed.explanations())


def _failed(analyst: Analyst, file: str, status: Status, reason: str | None) -> Answer:
    return Answer(file=file, status=status, reason=reason, model_version=analyst.version_name)


def _predict(analyst: Analyst, passed: Pass) -> Prediction | None:
    """Return calibrated probabilities; None where they are not numbers."""
    y_prob = passed.probabilities()
    if not np.isfinite(y_prob).all() or abs(float(y_prob.sum()) - 1) > SUM_TOLERANCE:
        return None
    names = analyst.version.card.class_names
    probabilities = dict(zip(names, y_prob.tolist(), strict=True))
    predicted = names[int(np.argmax(y_prob))]
    thresholds = analyst.points.thresholds
    flagged = flagged_findings(probabilities, findings=analyst.task.findings, thresholds=thresholds)
    return Prediction(probabilities, predicted, flagged, thresholds)
