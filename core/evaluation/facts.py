"""The facts of an evaluation run: without them its numbers are no measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Where a run comes from; every field is a plain value that YAML holds.

    Attributes
    ----------
    name : str
        Name of the run; the folder's name once stored.
    task, model_version, version_digest : str or None
        None for predictions of a model that is not ours.
    data : str
        Name of the data set (from its dataset.yaml) or of the predictions file.
    split, split_made : str
        Which part this is ("test", "all") and, in a sentence, how it was made.
    group_source : str
        "column" (the data say it), "found" (from the pixels) or "none".
    group_name : str
        What a group is, in one word: series, patient, slide.
    operating_point : str
        "argmax", or the threshold in force as text: it stands in every export.
    created_at : str
        UTC, ISO 8601.
    errors : tuple of (file, reason)
        Files that could not be read; they are in no figure.
    left_out : mapping of label to count
        Pictures whose label the task does not know; in no figure either.
    notes : tuple of str
        Sentences that stand among the warnings of the result.
    """

    name: str = "run"
    task: str | None = None
    model_version: str | None = None
    version_digest: str | None = None
    data: str = ""
    split: str = "all"
    split_made: str = "not stated"
    group_source: str = "none"
    group_name: str = "group"
    operating_point: str = "argmax"
    created_at: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
