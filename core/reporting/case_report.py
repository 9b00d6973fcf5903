"""The report of a case as one frozen value: everything that leaves, and nothing else.

PDF, DICOM and CSV are three ways to write the same :class:`CaseReport`. A series is a case with
more than one picture and an answer of its own. No file name, no patient name, no patient number:
where the source was DICOM, it is named by its UIDs (:class:`core.domain.SourceInstance`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain import ByteArray, GateVerdict, Prediction, SourceInstance, Status
from core.errors import ReportError
from core.tasks import TaskSpec

USE = "Research use. Not for primary diagnosis."
ANY_FINDING = "any_finding"  # the threshold of all findings together


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What answered.

    Attributes
    ----------
    title, version, digest, architecture : str
        ``digest`` is the SHA-256 of the version's manifest.
    calibrator, operating_point, training_data, intended_use : str
        One sentence each; ``operating_point`` says which thresholds were in force and whose.
    thresholds : mapping of finding or "any_finding" to threshold
        Positive means ``y_prob >= threshold``; empty: the largest probability decides.
    known_failures, limits : tuple of str
    """

    title: str
    version: str
    digest: str
    architecture: str
    calibrator: str
    operating_point: str
    training_data: str
    intended_use: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    known_failures: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What one person said about the case at one moment.

    ``class_name`` None means "not assessable"; ``confidence`` is 0..1 or None; ``role`` says which
    read it was, in words, such as "second read, blind".
    """

    reader: str
    read_at: datetime
    class_name: str | None
    confidence: float | None = None
    comment: str = ""
    role: str = "read"


@dataclass(frozen=True, slots=True, eq=False)
class PictureReport:
    """One picture and its answer.

    Attributes
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        As it was shown.
    overlay : ndarray of shape (rows, columns, 3), uint8 RGB, or None
        The same picture with the map over it.
    overlay_said : str
        Which class, method and layer; or why there is no overlay.
    sha256 : str
        Of the file that was read.
    status, reason, prediction, gate
        As in :class:`core.domain.Answer`.
    edges : (left, top) letters or None
        What lies at the edges of the picture, such as ("R", "A").
    notes : tuple of str
    source : SourceInstance or None
        Where the picture was DICOM, and which instance is known.
    is_dicom : bool
    is_unread : bool
        Whether nobody could read the slice: its pixels are a black field, and no DICOM object may
        name it.
    """

    pixels: ByteArray
    overlay: ByteArray | None
    overlay_said: str
    sha256: str
    status: Status
    reason: str | None = None
    prediction: Prediction | None = None
    gate: GateVerdict | None = None
    edges: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    source: SourceInstance | None = None
    is_dicom: bool = False
    is_unread: bool = False

    def __post_init__(self) -> None:
        self.pixels.setflags(write=False)
        if self.overlay is not None:
            self.overlay.setflags(write=False)
            if self.overlay.shape != (*self.pixels.shape[:2], 3):
                raise _unfit(f"an overlay of shape {self.overlay.shape} for {self.pixels.shape}")
        if self.source and (self.source.rows, self.source.columns) != self.pixels.shape[:2]:
            raise _unfit(f"a picture of shape {self.pixels.shape} for a source of other size")
        if (self.status is Status.OK) != (self.prediction is not None):
            raise _unfit(f"status {self.status.value} with prediction {self.prediction}")


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """The answer for the whole stack.

    ``rule`` says in a sentence how it follows from the slices; ``strongest`` names, for each class,
    the place (zero-based) of the slice where its probability is largest.
    """

    rule: str
    prediction: Prediction | None
    strongest: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class CaseReport:
    """A case, frozen at ``made_at``.

    Attributes
    ----------
    case_id : str
        The case's pseudonym.
    task : TaskSpec
    model : ModelFacts
    pictures : tuple of PictureReport
        In the order of the stack; one for a single picture.
    made_at : datetime with a time zone
    reads : tuple of Read
        All of them, oldest first; a later one of the same reader corrects the earlier.
    verdict : Read or None
        The one in force: the reader's, or the adjudicated consensus.
    series : SeriesAnswer or None
        None for a single picture.
    study_date : str
        As the case states it; "" where it does not.
    shows_context : bool
        Whether the PDF names study date and UIDs: they lead to the patient.
    """

    case_id: str
    task: TaskSpec
    model: ModelFacts
    pictures: tuple[PictureReport, ...]
    made_at: datetime
    reads: tuple[Read, ...] = ()
    verdict: Read | None = None
    series: SeriesAnswer | None = None
    study_date: str = ""
    shows_context: bool = False

    def __post_init__(self) -> None:
        n = len(self.pictures)
        if n == 0 or (n > 1 and self.series is None):
            raise _unfit(f"{n} pictures and {'an' if self.series else 'no'} answer for the series")
        if self.made_at.tzinfo is None:
            raise _unfit("a time without its zone")
        names = set(self.task.class_names)
        unknown = set(self.model.thresholds) - names - {ANY_FINDING}
        if unknown:
            raise _unfit(f"thresholds of {sorted(unknown)}")
        for prediction in (*(picture.prediction for picture in self.pictures), self.prediction):
            if prediction is not None and set(prediction.probabilities) != names:
                raise _unfit(f"probabilities of {sorted(prediction.probabilities)}")
        for read in (*self.reads, *([self.verdict] if self.verdict else ())):
            if read.class_name is not None and read.class_name not in names:
                raise _unfit(f"a verdict {read.class_name!r}")
        if self.series and not all(0 <= at < n for at in self.series.strongest.values()):
            raise _unfit(f"strongest slices {dict(self.series.strongest)} among {n}")

    @property
    def prediction(self) -> Prediction | None:
        """The answer for the case: the series' where it is one, else the picture's."""
        return self.series.prediction if self.series else self.pictures[0].prediction

    @property
    def answering(self) -> PictureReport:
        """The picture that stands for the case.

        Of a series the strongest slice of the strongest flagged class, else of the called one.
        """
        prediction = self.prediction
        if self.series is None or prediction is None:
            return self.pictures[0]
        flagged = sorted(prediction.flagged, key=lambda name: -self.strength(name))
        named = (*flagged, prediction.predicted)
        place = next((self.series.strongest[n] for n in named if n in self.series.strongest), 0)
        return self.pictures[place]

    def strength(self, class_name: str) -> float:
        """Return the largest probability of a class over the slices; 0 where none was answered."""
        place = self.series.strongest.get(class_name) if self.series else None
        found = None if place is None else self.pictures[place].prediction
        return found.probabilities[class_name] if found else 0.0


def _unfit(what: str) -> ReportError:
    return ReportError(
        f"The parts of the report do not belong together: {what}.",
        remedy="Open the case again and make the report anew.",
    )
