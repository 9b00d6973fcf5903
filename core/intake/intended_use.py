"""Is a readable picture one that a task's models may judge at all? The gate comes after this."""

from __future__ import annotations

from core.domain import PictureKind, StudyImage
from core.errors import OutsideUseError
from core.intake.limits import MODALITY_LUT
from core.tasks import TaskSpec

MIN_SIDE = 64  # pixels; less shows no organ
MIN_SPREAD = 1.5  # of 255 grey levels, standard deviation; JPEG noise on a blank stays below


def check_intended_use(image: StudyImage, task: TaskSpec) -> None:
    """Refuse a picture outside the intended use of ``task``.

    What a picture cannot state is not held against it: a PNG has no modality. A DICOM file must
    (PS3.3 C.7.3.1.1.1, type 1).

    Parameters
    ----------
    image : StudyImage
    task : TaskSpec

    Raises
    ------
    OutsideUseError
        If the modality or the body part is stated and not accepted, a DICOM file states no
        modality, a CT has no rescale (its
        values are then not HU), a side is below 64 pixels, or the picture is blank.
    """
    _check_modality(image, task)
    _check_body_part(image, task)
    _check_rescale(image, task)
    if min(image.rows, image.columns) < MIN_SIDE:
        raise OutsideUseError(
            f"The picture has {image.columns} x {image.rows} pixels; "
            f"at least {MIN_SIDE} a side are needed.",
            remedy="Upload the picture at its original size.",
        )
    if float(image.pixels.std(axis=(0, 1)).max()) < MIN_SPREAD:
        raise OutsideUseError(
            "The picture is blank: every pixel has nearly the same value.",
            remedy="Check the export, or choose another window, and upload it again.",
        )


def _check_modality(image: StudyImage, task: TaskSpec) -> None:
    if image.modality is None and image.kind is PictureKind.DICOM:
        raise OutsideUseError(
            "The DICOM file does not state its modality, so its values cannot be trusted to be "
            f"those of {', '.join(task.modalities)}.",
            remedy="Export the original slice from the archive, not a derived copy.",
        )
    if image.modality is not None and image.modality not in task.modalities:
        raise OutsideUseError(
            f"The file's modality is {image.modality}; {task.title} accepts "
            f"{', '.join(task.modalities)}.",
            remedy="Choose the task that fits the study, or another file.",
        )


def _check_body_part(image: StudyImage, task: TaskSpec) -> None:
    accepted = {part.upper() for part in task.body_parts}
    if image.body_part is not None and accepted and image.body_part not in accepted:
        raise OutsideUseError(
            f"The file's body part is {image.body_part}; {task.title} accepts "
            f"{', '.join(sorted(accepted))}.",
            remedy="Choose the task that fits the study, or another file.",
        )


def _check_rescale(image: StudyImage, task: TaskSpec) -> None:
    is_ct = image.kind is PictureKind.DICOM and image.modality == "CT"
    is_in_hu = {"RescaleSlope", "RescaleIntercept"} <= set(image.tags) or MODALITY_LUT in image.tags
    if is_ct and "CT" in task.modalities and not is_in_hu:
        raise OutsideUseError(
            "This CT has no rescale slope and intercept, so its values are not in HU.",
            remedy="Export the original slice from the archive, not a derived copy.",
        )
