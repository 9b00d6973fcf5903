"""``preview``: a picture after every step and its augmented versions, as files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain import ByteArray
from core.saliency.channel_drawing import sheet
from core.tasks import load_task
from core.workflows.files import carried_steps, check_steps, read_file
from core.workflows.folder_files import check_folder, png_bytes, write_folder
from core.workflows.previewing import Preview, PreviewPlan, plan_preview, preview_picture

__all__ = ["FilePreview", "check_folder", "plan_for", "preview_file", "write_preview"]

SHEET = "contact_sheet.png"
DOCUMENT = "preview.json"
TILE, N_COLUMNS, MOST_LETTERS = 224, 4, 32


@dataclass(frozen=True, slots=True, eq=False)
class FilePreview:
    """The preview of a file; ``file`` is the path as it was given."""

    file: str
    preview: Preview

    @property
    def stage_files(self) -> list[str]:
        """Name of the PNG of every stage."""
        stages = self.preview.stages
        return [f"{place:02d}_{stage.step}.png" for place, stage in enumerate(stages)]

    @property
    def augmented_files(self) -> list[str]:
        """Name of the PNG of every augmented version."""
        return [f"augmented_{place:02d}.png" for place in range(len(self.preview.augmented))]

    def to_document(self) -> dict[str, Any]:
        """Return what ``preview.json`` holds."""
        plan = self.preview.plan
        return {
            "file": self.file,
            "recipe": plan.recipe.to_data(),
            "recipe_fingerprint": plan.recipe.fingerprint,
            "steps_left_out": list(self.preview.steps_left_out),
            "stages": [
                {
                    "step": stage.step,
                    "file": name,
                    "rows": stage.pixels.shape[0],
                    "columns": stage.pixels.shape[1],
                    "note": stage.note or None,
                }
                for name, stage in zip(self.stage_files, self.preview.stages, strict=True)
            ],
            "augmentation": plan.augmentation.to_data(),
            "seed": plan.seed,
            "augmented": self.augmented_files,
            "contact_sheet": SHEET,
        }


def plan_for(
    task_key: str,
    *,
    recipe: Path | None = None,
    augmentation: Path | None = None,
    n: int = 8,
    seed: int = 0,
) -> PreviewPlan:
    """Return what to try for a task: see :func:`core.workflows.previewing.plan_preview`.

    Raises
    ------
    TaskError, ArgumentError, RecipeError, DatasetError
    """
    return plan_preview(
        load_task(task_key), recipe=recipe, augmentation=augmentation, n=n, seed=seed
    )


def preview_file(
    path: Path,
    task_key: str,
    plan: PreviewPlan,
    *,
    already_applied: tuple[str, ...] | None = None,
    frame: int | None = None,
) -> FilePreview:
    """Read a picture as Analyse would and preview it.

    Parameters
    ----------
    path : Path
    task_key : str
        Its window is that of a CT file without one.
    plan : PreviewPlan
    already_applied : tuple of str or None
        None: what the ``dataset.yaml`` that governs the file says.
    frame : int or None

    Raises
    ------
    TaskError, IntakeError, DatasetError, RecipeError
        If there is no such task, or the file cannot be read or prepared.
    """
    from core.intake import read_study

    check_steps(already_applied or ())
    task = load_task(task_key)
    image = read_study(read_file(path), frame=frame, default_window=task.window)
    carried = carried_steps(path, already_applied)
    return FilePreview(str(path), preview_picture(image.pixels, plan, already_applied=carried))


def write_preview(made: FilePreview, folder: Path) -> None:
    """Write a PNG a stage and version, the contact sheet, and ``preview.json`` last.

    Raises
    ------
    ArgumentError
        If the folder cannot be written.
    """
    stages = [stage.pixels for stage in made.preview.stages]
    pixels = dict(zip(made.stage_files, stages, strict=True))
    pixels |= dict(zip(made.augmented_files, made.preview.augmented, strict=True))
    pixels[SHEET] = contact_sheet(made.preview)
    files = {name: png_bytes(item) for name, item in pixels.items()}
    text = json.dumps(made.to_document(), indent=1, allow_nan=False) + "\n"
    write_folder(folder, {**files, DOCUMENT: text.encode()})


def contact_sheet(preview: Preview) -> ByteArray:
    """Return every stage and version side by side, (rows, columns, 3) uint8."""
    tiles = [(_short(stage.step), _rgb(stage.pixels)) for stage in preview.stages]
    tiles += [(f"augmented {place}", item) for place, item in enumerate(preview.augmented)]
    title = f"{len(preview.stages) - 1} steps, {len(preview.augmented)} augmented versions"
    return sheet(tiles, title=f"{title}, seed {preview.plan.seed}", side=TILE, n_columns=N_COLUMNS)


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 2]}.."


def _rgb(pixels: ByteArray) -> ByteArray:
    return pixels if pixels.ndim == 3 else pixels[:, :, None].repeat(3, axis=2)
