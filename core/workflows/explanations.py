"""One picture under several methods: prepared once, each map a frozen value that knows its picture.

Every map of the page is worked out by the session's desk (``background_desk``): the page asks for
keys and draws what is there. Neither TensorFlow nor the engine is imported before the first job.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.domain import EVIDENCE_ABOVE, Answer, FloatArray, SeenImage, Status, StudyImage
from core.errors import ExplanationError
from core.saliency.difference import difference
from core.saliency.drawing import Layer, Look, draw_difference, draw_map
from core.saliency.methods import DEFAULT_METHOD, MethodSpec, method_spec
from core.saliency.raw_maps import RawMaps, Watch
from core.saliency.stretch import stretch
from core.workflows.background_desk import BackgroundDesk, Job

if TYPE_CHECKING:
    from core.inference.probe import Probe
    from core.saliency.ensemble_maps import EnsembleBox

LONGEST_DRAWN = 640  # pixels: a map is smooth, and a screen stretches it
Size = tuple[int, int]
Explain = Callable[["Subject", str, Sequence[str], Watch], RawMaps]


class MapKey(NamedTuple):
    """Which map: of which prepared picture and version (``Subject.key``), method and class."""

    subject: str
    method: str
    class_name: str


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A picture made ready for every method.

    Attributes
    ----------
    key : str
        Digest of the picture, of its prepared pixels and of the model version.
    task, version : str
        Key of the task and name of the version.
    class_names : tuple of str
    image : StudyImage
    seen : SeenImage
    probabilities : mapping of str to float, or None
        None where the gate refused the picture.
    called : str
        The called class; of a refused picture the class with the highest score.
    refusal : str or None
        Why there is no answer for it.
    """

    key: str
    task: str
    version: str
    class_names: tuple[str, ...]
    image: StudyImage
    seen: SeenImage
    probabilities: Mapping[str, float] | None
    called: str
    refusal: str | None = None

    @property
    def batch(self) -> FloatArray:
        """The prepared picture as the network takes it, (1, rows, columns, 3) float32 0..255."""
        return self.seen.pixels[None].astype(np.float32)

    @property
    def size(self) -> Size:
        """Rows and columns of the picture."""
        return self.image.rows, self.image.columns

    @property
    def drawn_size(self) -> Size:
        """Rows and columns at which maps are painted for a screen."""
        share = min(1.0, LONGEST_DRAWN / max(self.size))
        return max(round(self.size[0] * share), 1), max(round(self.size[1] * share), 1)

    def lay(self, grid: FloatArray, size: Size, *, is_smooth: bool = True) -> FloatArray:
        """Return a grid over the network input, laid over the picture at a size, in its unit."""
        return stretch(grid, *size, padded_to_square=self.seen.is_padded, is_smooth=is_smooth)


@dataclass(frozen=True, slots=True, eq=False)
class ClassMap:
    """One map.

    ``grid`` : (rows, columns) float32, raw, >= 0, over the whole network input; ``raw_peak`` its
    largest value before any stretching; ``layer`` where it was taken.
    """

    key: MapKey
    layer: str
    grid: FloatArray
    raw_peak: float

    def __post_init__(self) -> None:
        self.grid.setflags(write=False)

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the class at all."""
        return self.raw_peak > EVIDENCE_ABOVE

    def heatmap(
        self, subject: Subject, size: Size | None = None, *, is_smooth: bool = True
    ) -> FloatArray:
        """Return the map over the picture, (rows, columns) in [0, 1]; zeros without evidence.

        ``size`` None: that of the picture.
        """
        laid = subject.lay(self.grid, size or subject.size, is_smooth=is_smooth)
        peak = float(laid.max(initial=0.0))
        return laid / np.float32(peak) if self.has_evidence and peak > 0 else np.zeros_like(laid)


def can_be_explained(answer: Answer) -> bool:
    """Whether the picture could be prepared: then the network has something to look at."""
    return answer.image is not None and answer.seen is not None and answer.gate is not None


def open_subject(answer: Answer, *, task: str, class_names: Sequence[str], digest: str) -> Subject:
    """Return a picture of which ``can_be_explained`` is true, ready for every method.

    Parameters
    ----------
    answer : Answer
        Of the version with that digest.
    task : str
    class_names : sequence of str
    digest : str
        Of the model version.

    Raises
    ------
    ExplanationError
        If the picture could not be prepared.
    ModelVersionError
        If the version cannot be run: a refused picture has no called class yet.
    """
    image, seen = answer.image, answer.seen
    if image is None or seen is None:
        raise ExplanationError(
            "This picture could not be prepared for the network.", remedy="Open another picture."
        )
    content = hashlib.sha256(seen.pixels.tobytes())
    content.update(f"{image.sha256} {image.frame} {seen.steps_applied} {digest}".encode())
    prediction = answer.prediction
    probabilities = None if prediction is None else prediction.probabilities
    called = prediction.predicted if prediction else ""
    subject = Subject(
        content.hexdigest(), task, answer.model_version, tuple(class_names), image, seen,
        probabilities, called, None if answer.status is Status.OK else answer.reason,
    )  # fmt: skip
    return subject if called else _with_strongest(subject)


def _with_strongest(subject: Subject) -> Subject:
    logits = open_network(subject).logits(subject.batch)[0]
    return replace(subject, called=subject.class_names[int(np.argmax(logits))])


def explain_subject(
    subject: Subject,
    method: str,
    class_names: Sequence[str],
    watch: Watch,
    *,
    batch: FloatArray | None = None,
) -> RawMaps:
    """Return the raw maps of some classes, in the order asked for.

    ``batch`` (1, rows, columns, 3): another picture than the subject's own.

    Raises
    ------
    CancelledError
        If the watch was stopped.
    CoreError
        What the method says of a version or a picture that it cannot explain.
    """
    from core.saliency.run import explain_with

    classes = [subject.class_names.index(name) for name in class_names]
    picture = subject.batch if batch is None else batch
    return explain_with(method, open_network(subject), picture, classes, watch)


def map_jobs(
    subject: Subject,
    keys: Collection[MapKey],
    desk: BackgroundDesk,
    *,
    explain: Explain = explain_subject,
) -> list[Job]:
    """Return the jobs that fill in what the desk does not hold yet, quick methods first."""
    missing = [key for key in desk.missing(keys) if isinstance(key, MapKey)]
    methods = list(dict.fromkeys(key.method for key in missing))
    jobs = [
        _map_job(subject, method_spec(method), [key for key in missing if key.method == method],
                 explain)
        for method in methods
    ]  # fmt: skip
    return sorted(jobs, key=lambda job: not job.is_quick)


def _map_job(subject: Subject, spec: MethodSpec, keys: Sequence[MapKey], explain: Explain) -> Job:
    # One set of passes serves every class, but for methods that go back for each of them.
    one_by_one = spec.needs_gradients and not spec.is_quick
    names = [key.class_name for key in keys] if one_by_one else subject.class_names
    all_keys = tuple(MapKey(subject.key, spec.key, name) for name in names)

    def work(watch: Watch) -> dict[MapKey, ClassMap]:
        maps = explain(subject, spec.key, [key.class_name for key in all_keys], watch)
        return {
            key: ClassMap(key, maps.layer, grid.copy(), float(grid.max(initial=0.0)))
            for key, grid in zip(all_keys, maps.grids, strict=True)
        }

    return Job(spec.title, all_keys, work, is_quick=spec.is_quick)


def layer_of(subject: Subject, found: ClassMap, look: Look, *, has_raw_grid: bool = False) -> Layer:
    """Return a map painted for the screen; blocks where the raw grid is to be seen."""
    return draw_map(found.heatmap(subject, subject.drawn_size, is_smooth=not has_raw_grid), look)


def difference_layer(
    subject: Subject, first: ClassMap, second: ClassMap, look: Look, *, has_raw_grid: bool = False
) -> tuple[Layer, float]:
    """Return first minus second painted for the screen, and the raw peak that 1 stands for."""
    signed, peak = difference_of(subject, first, second)
    laid = subject.lay(signed, subject.drawn_size, is_smooth=not has_raw_grid)
    return draw_difference(laid, look), peak


def difference_of(subject: Subject, first: ClassMap, second: ClassMap) -> tuple[FloatArray, float]:
    """Return the signed grid in [-1, 1] of first minus second, and the raw peak of 1.

    Raises
    ------
    ExplanationError
        If the maps are not of this picture and of one method: their units would differ.
    """
    if first.key[:2] != second.key[:2] or first.key.subject != subject.key:
        raise ExplanationError(
            "A difference needs two maps of one picture by one method.",
            remedy="Choose two classes and one method.",
        )
    return difference(first.grid, second.grid)


def usable_methods(subject: Subject) -> tuple[MethodSpec, ...]:
    """Return the methods that the network has what they need for, in the order offered.

    Raises
    ------
    ModelVersionError
        If the version cannot be opened.
    """
    from core.saliency.run import available_methods

    return available_methods(open_network(subject))


def first_methods(usable: Sequence[MethodSpec]) -> tuple[str, ...]:
    """Return the keys of the methods that are shown before a person chose: at most three."""
    keys = [spec.key for spec in usable if spec.is_quick] or [spec.key for spec in usable]
    preferred = (DEFAULT_METHOD, "grad_cam", "grad_cam_plus_plus", "layer_cam_fusion")
    first = [key for key in dict.fromkeys(preferred) if key in keys]
    return tuple(first[:3] or keys[:1])


def open_network(subject: Subject) -> Probe | EnsembleBox:
    """Return the network, or the ensemble, of the subject's version; kept between calls.

    Raises
    ------
    TaskError, ModelVersionError
        If the version cannot be opened.
    """
    from core.workflows.ensemble_answering import network_of
    from core.workflows.models import verified_version

    return network_of(verified_version(subject.task, subject.version), subject.seen)
