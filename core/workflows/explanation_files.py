"""Maps that a person takes away: numbers as NPY, the picture with the map as PNG, both together.

Every file says which version made it and what it is for: the PNG in its text chunks, the archive in
``maps.json``, the NPY, which has no room for words, in its name.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.domain import ByteArray, FloatArray
from core.saliency.drawing import Look, draw_difference, draw_map
from core.saliency.grad_cam import peak_place
from core.workflows.downloads import USE
from core.workflows.explanations import ClassMap, Subject, difference_of

SENSITIVE = "Shows where the score is sensitive, not where disease is."


@dataclass(frozen=True, slots=True, eq=False)
class MapFile:
    """One map, or the difference of two, as it is taken away.

    ``values`` : (rows, columns) float32 of the decoded picture, in [0, 1], or [-1, 1] of a
    difference (docs/command-line.md, explain); ``picture`` : (rows, columns, 3) uint8, the map over
    it.
    """

    stem: str
    values: FloatArray
    picture: ByteArray
    facts: Mapping[str, Any]

    @property
    def npy(self) -> bytes:
        """The values as NPY."""
        stream = io.BytesIO()
        np.save(stream, self.values, allow_pickle=False)
        return stream.getvalue()

    @property
    def png(self) -> bytes:
        """The picture with the map, losslessly, with the facts as text chunks."""
        info = PngInfo()
        for name, value in self.facts.items():
            info.add_text(name, value if isinstance(value, str) else json.dumps(value))
        stream = io.BytesIO()
        Image.fromarray(self.picture).save(stream, "PNG", pnginfo=info)
        return stream.getvalue()


def map_file(subject: Subject, found: ClassMap, look: Look, *, is_smooth: bool = True) -> MapFile:
    """Return one map at the size of the picture; without ``is_smooth`` its picture shows cells.

    The values are those of the contract, smooth, in either case.
    """
    heatmap = found.heatmap(subject)
    drawn = heatmap if is_smooth else found.heatmap(subject, is_smooth=False)
    place = peak_place(heatmap)
    facts = {
        **_facts(subject, found.key.method, found.layer),
        "class": found.key.class_name,
        "raw_peak": found.raw_peak,
        "has_evidence": found.has_evidence,
        "peak": list(place) if place else None,
    }
    picture = draw_map(drawn, look).over(subject.image.pixels)
    stem = file_stem(subject, found.key.method, found.key.class_name)
    return MapFile(stem, heatmap, picture, facts)


def difference_file(
    subject: Subject, first: ClassMap, second: ClassMap, look: Look, *, is_smooth: bool = True
) -> MapFile:
    """Return first minus second at the size of the picture; ``is_smooth`` as ``map_file``.

    Raises
    ------
    ExplanationError
        As :func:`core.workflows.explanations.difference_of`.
    """
    signed, peak = difference_of(subject, first, second)
    values = subject.lay(signed, subject.size)
    classes = [first.key.class_name, second.key.class_name]
    facts = {
        **_facts(subject, first.key.method, first.layer),
        "classes": classes,
        "is_difference": True,
        "raw_peak": peak,
    }
    drawn = values if is_smooth else subject.lay(signed, subject.size, is_smooth=False)
    picture = draw_difference(drawn, look).over(subject.image.pixels)
    stem = file_stem(subject, first.key.method, *classes)
    return MapFile(stem, values, picture, facts)


def maps_zip(files: Sequence[MapFile]) -> bytes:
    """Return several maps as one archive: PNG and NPY of each, and ``maps.json`` with the facts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(f"{file.stem}.png", file.png)
            archive.writestr(f"{file.stem}.npy", file.npy)
        described = [{"file": file.stem, **file.facts} for file in files]
        archive.writestr("maps.json", json.dumps(described, indent=1) + "\n")
    return stream.getvalue()


def file_stem(subject: Subject, method: str, *classes: str) -> str:
    """Return the name of a map's files without its ending; two classes: their difference."""
    # Never the name that a file came under: it may hold a patient's.
    picture = subject.image.sha256[:8]
    return f"{subject.task}_{subject.version}_{picture}_{'-minus-'.join(classes)}_{method}"


def _facts(subject: Subject, method: str, layer: str) -> dict[str, Any]:
    return {
        "task": subject.task,
        "model_version": subject.version,
        "picture_sha256": subject.image.sha256,
        "frame": subject.image.frame + 1,
        "method": method,
        "layer": layer,
        "refused": subject.refusal,
        "use": USE,
        "meaning": SENSITIVE,
    }
