"""Properties of a run's pictures: measured once, in the background, and kept in the home.

What intake measures, and of the features those that a person can see: how much of the picture the
object fills, how many greys are in use, how alike neighbouring pixels are, and of pictures in
colour how red and how blue they are, which stains and scanners decide.

A stored run holds names and no pixels. What is measured is named by the digest of the run's
predictions, which never change, so that it serves as long as the run does, also when the pictures
are away again.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.config import settings
from core.domain import ByteArray
from core.errors import CoreError, IntakeError
from core.evaluation.runs import read_facts
from core.features import FeatureSpec, feature_table
from core.intake.properties import PictureProperties, measure_properties
from core.intake.quality import grey_copy
from core.tasks import TaskSpec, load_task
from core.workflows.run_pictures import PictureSource, picture_source
from core.workflows.stored_runs import StoredRun, open_run

__all__ = ["BackgroundMeasure", "is_measured", "measure_pictures", "read_properties"]

FOLDER = "properties"
_SCHEMA = b"2"
_SLICED = {"CT", "MR"}  # modalities whose pictures are slices through a body
_LAST_SECONDS = 5.0
_FEATURES = FeatureSpec.from_data(["outline", "grey_levels", "glcm"])
_SLICED_BY = ("area_share", "entropy", "glcm_homogeneity")
_COLOURS = FeatureSpec.from_data(["colour_moments"])
_SLICED_BY_COLOUR = ("mean_red", "mean_blue")

Progress = Callable[[int, int], None]
Properties = dict[str, NDArray[np.object_]]


def measure_pictures(
    stored: StoredRun,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Properties | None:
    """Measure every picture of a run and keep the figures: about 5 ms a picture.

    Parameters
    ----------
    stored : StoredRun
    progress : callable or None
        Called with (done, n) after each picture.
    stop : Event or None
        Ends the work when set; nothing is kept then.

    Returns
    -------
    mapping of property to ndarray of shape (n,), object, or None
        In the order of the run's cases, None where a picture cannot be read. None when stopped.

    Raises
    ------
    EvaluationError
        If the run cannot be read.
    IntakeError
        If its pictures are away, or not one of them can be read.
    OSError
        If the figures cannot be written.
    """
    source = picture_source(stored)
    if not source.attached:
        raise IntakeError("The pictures of this run are away.", remedy=source.sentence)
    run = open_run(stored)
    task = load_task(stored.facts.task) if stored.facts.task else None
    rows: list[dict[str, Any] | None] = []
    for file in run.file:
        if stop is not None and stop.is_set():
            return None
        rows.append(_measure(source, str(file), task))
        if progress is not None:
            progress(len(rows), run.n)
    if not any(rows):
        raise IntakeError(
            f"None of the {run.n:,} pictures of this run can be read.", remedy="Check the folder."
        )
    own = (item.name for item in fields(PictureProperties))
    names = [*own, *_SLICED_BY, *_SLICED_BY_COLOUR]
    found = {
        name: np.array([row[name] if row else None for row in rows], dtype=object) for name in names
    }
    _write(found, _path(_digest(stored)))
    return found


def is_measured(stored: StoredRun) -> bool:
    """Whether the pictures of this run were measured."""
    return _path(_digest(stored)).is_file()


def read_properties(stored: StoredRun) -> Properties:
    """Return what was measured; empty where nothing was, or where the file is damaged."""
    try:
        table = pq.read_table(_path(_digest(stored)))
    except (OSError, pa.ArrowInvalid):
        return {}
    if (table.schema.metadata or {}).get(b"schema") != _SCHEMA or table.num_rows != stored.n:
        return {}
    return {
        name: np.array(table[name].to_pylist(), dtype=object)
        for name in table.column_names
        if table[name].null_count < table.num_rows
    }


def _measure(source: PictureSource, file: str, task: TaskSpec | None) -> dict[str, Any] | None:
    from core.intake import read_study

    is_sliced = task is not None and bool(_SLICED & set(task.modalities))
    try:
        image = read_study(source.read(file), default_window=task.window if task else None)
    except IntakeError:
        return None
    measured = asdict(measure_properties(image, is_sliced=is_sliced))
    # On the copy on which brightness and contrast are measured: sizes compare.
    (values,) = feature_table(grey_copy(image.pixels)[None], _FEATURES)
    seen = {name: float(values[_FEATURES.names.index(name)]) for name in _SLICED_BY}
    return measured | seen | _colours(image.pixels)


def _colours(pixels: ByteArray) -> dict[str, float | None]:
    """Return the means of a picture in colour; None of one whose channels are equal."""
    if pixels.ndim == 2 or bool((pixels == pixels[..., :1]).all()):
        return dict.fromkeys(_SLICED_BY_COLOUR)
    (values,) = feature_table(pixels[None], _COLOURS)
    return {name: float(values[_COLOURS.names.index(name)]) for name in _SLICED_BY_COLOUR}


def _digest(stored: StoredRun) -> str:
    return str(read_facts(stored.folder)[1].get("predictions_sha256", ""))


def _path(digest: str) -> Path:
    return settings().home / FOLDER / f"{digest[:32]}.parquet"


def _write(found: Properties, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    columns: dict[str, Any] = {name: pa.array(values.tolist()) for name, values in found.items()}
    pq.write_table(pa.table(columns).replace_schema_metadata({b"schema": _SCHEMA}), draft)
    draft.replace(path)


class BackgroundMeasure:
    """Measures a run in a thread of its own, goes on when the page is closed, and can be stopped.

    Attributes
    ----------
    done, n : int
        Pictures measured, and how many there are.
    problem : str
        Why it ended without a result; empty otherwise.
    """

    def __init__(self, stored: StoredRun) -> None:
        self.problem = ""
        self.done, self.n = 0, stored.n
        self._stored = stored
        self._stop = threading.Event()
        self._started_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it still measures."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def was_stopped(self) -> bool:
        """Whether a person stopped it."""
        return self._stop.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go at the pace so far; None before the first pictures."""
        if self.done < 20:
            return None
        return (time.monotonic() - self._started_at) * (self.n - self.done) / self.done

    def start(self) -> None:
        """Start, or start again; does nothing while it runs."""
        if self.is_running:
            return
        self.problem, self.done = "", 0
        self._stop.clear()
        self._started_at = time.monotonic()
        # A daemon, stopped at the end of the process: a minute's work must not hold up its end.
        self._thread = threading.Thread(target=self._measure, daemon=True)
        atexit.register(self.stop)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the picture in hand; nothing is kept."""
        self._stop.set()
        self.wait(_LAST_SECONDS)

    def wait(self, seconds: float | None = None) -> None:
        """Return when it has ended, or after so many seconds."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _measure(self) -> None:
        try:
            measure_pictures(self._stored, progress=self._tell, stop=self._stop)
        except CoreError as error:
            self.problem = f"{error.problem} {error.remedy or ''}".strip()
        except OSError as error:
            self.problem = f"What was measured cannot be kept ({type(error).__name__})."
        finally:
            atexit.unregister(self.stop)

    def _tell(self, done: int, n: int) -> None:
        self.done, self.n = done, n
