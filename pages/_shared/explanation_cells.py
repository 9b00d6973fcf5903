"""From what the desk holds to the panes of the grid, and the words that stand in and under them."""

from __future__ import annotations

from collections.abc import Collection

from core.tasks import TaskSpec
from core.workflows.background_desk import BackgroundDesk, Failure
from core.workflows.explanation_trust import Gauge, TrustKey, gauge, peak_words
from core.workflows.explanations import (
    ClassMap,
    MapKey,
    MethodSpec,
    Subject,
    difference_layer,
    layer_of,
)
from pages._shared import markup
from pages._shared.explanation_controls import Asked
from pages._shared.maps import Bar, Cell, Head

BAND = (1 / 3, 2 / 3)
_EMPTY = "Nothing speaks for {title}: no place raises its score."
_FAILS = "⚠ fails the random-weights check"
_RANDOM = (
    "With random weights its map looks much the same: it shows the picture rather than what the "
    "network learned.\n"
)
_WEAK = (
    "Its raw peak is lower than that of 95 of 100 maps of right calls of this class, over pictures "
    "that the version was not fitted on."
)


class Grid:
    """The grid of one picture: heads of its columns, and its cells row by row.

    ``failing`` : methods that an audit of the version found wanting.
    """

    def __init__(
        self,
        subject: Subject,
        task: TaskSpec,
        asked: Asked,
        desk: BackgroundDesk,
        *,
        failing: Collection[str] = (),
    ) -> None:
        self._subject, self._task, self._asked, self._desk = subject, task, asked, desk
        self._failing = failing

    def heads(self) -> list[Head]:
        """Return the heads: the picture, then one a method."""
        return [Head("Picture"), *(self._head(spec) for spec in self._asked.methods)]

    def cells(self) -> list[Cell]:
        """Return one row a class and, where it is asked for, one of their difference."""
        made: list[Cell] = []
        for number, name in enumerate(self._asked.classes):
            made.append(self._picture(name))
            made += [self._cell(spec, name, number) for spec in self._asked.methods]
        if self._asked.has_difference:
            first, second = self._asked.classes[:2]
            title = f"Difference: {self._title(first)} − {self._title(second)}"
            made.append(Cell("picture.difference", "picture", "The picture", line=title))
            made += [self._difference(spec, first, second) for spec in self._asked.methods]
        return made

    def _head(self, spec: MethodSpec) -> Head:
        found = next(filter(None, (self._map(spec, name) for name in self._asked.classes)), None)
        note = ""
        if found is not None:
            rows, columns = found.grid.shape
            note = f"{rows} × {columns}"
        tip = f"{spec.caution}\nCost: {spec.cost}.\n{spec.source}"
        fails = spec.key in self._failing
        return Head(spec.title, note, _RANDOM + tip if fails else tip, _FAILS if fails else "")

    def _picture(self, name: str) -> Cell:
        subject = self._subject
        words = self._title(name)
        if subject.probabilities is not None:
            words += f" {markup.percent(subject.probabilities[name])}"
            words += " · called" if name == subject.called else ""
        elif name == subject.called:
            words += " · highest score"
        colour = self._task.class_spec(name).colour
        alt = "The picture as decoded, without any map"
        return Cell(f"picture.{name}", "picture", alt, line=words, colour=colour)

    def _cell(self, spec: MethodSpec, class_name: str, row: int) -> Cell:
        name = f"{spec.key}.{class_name}"
        title = self._title(class_name)
        alt = f"{spec.title} for {title}"
        if row and not spec.is_class_specific:
            return Cell(name, "same", alt, note="The same for every class: see the first row.")
        found = self._desk.found(self._key(spec, class_name))
        if not isinstance(found, ClassMap):
            return self._without_map(name, alt, found)
        line = peak_said(found, spec)
        if not found.has_evidence:
            return Cell(name, "none", alt, note=_EMPTY.format(title=title), line=line)
        layer = layer_of(
            self._subject, found, self._asked.look, has_raw_grid=self._asked.has_raw_grid
        )
        measured = self._desk.found(TrustKey.of(found.key))
        is_weak = not isinstance(measured, Failure | None) and bool(measured.weak)
        return Cell(
            name,
            "map",
            alt,
            layer=layer.rgba,
            lines=layer.lines,
            line=line,
            tip=f"Layer {found.layer}",
            flag="⚠ weak map" if is_weak else "",
            flag_tip=_WEAK,
            bar=_bar(measured),
        )

    def _without_map(self, name: str, alt: str, found: Failure | None) -> Cell:
        if isinstance(found, Failure):
            return Cell(name, "failed", alt, note=f"{found.problem} {found.remedy}".strip())
        return Cell(name, "waiting", alt, note="Being worked out …")

    def _difference(self, spec: MethodSpec, first: str, second: str) -> Cell:
        name = f"{spec.key}.difference"
        alt = f"{spec.title}, {self._title(first)} minus {self._title(second)}"
        if not spec.is_class_specific:
            return Cell(name, "same", alt, note="The same for every class: no difference.")
        if not spec.unit:
            note = "Its values have no unit: those of two classes cannot be subtracted."
            return Cell(name, "same", alt, note=note)
        maps = [self._map(spec, item) for item in (first, second)]
        if maps[0] is None or maps[1] is None:
            return Cell(name, "waiting", alt, note="Needs both maps.")
        layer, peak = difference_layer(
            self._subject, maps[0], maps[1], self._asked.look,
            has_raw_grid=self._asked.has_raw_grid,
        )  # fmt: skip
        line = f"±1 is {peak_words(peak)} {spec.unit}"
        return Cell(name, "map", alt, layer=layer.rgba, lines=layer.lines, line=line)

    def _key(self, spec: MethodSpec, class_name: str) -> MapKey:
        name = class_name if spec.is_class_specific else self._asked.classes[0]
        return MapKey(self._subject.key, spec.key, name)

    def _map(self, spec: MethodSpec, class_name: str) -> ClassMap | None:
        found = self._desk.found(self._key(spec, class_name))
        return found if isinstance(found, ClassMap) else None

    def _title(self, class_name: str) -> str:
        return self._task.class_spec(class_name).title


def peak_said(found: ClassMap, spec: MethodSpec) -> str:
    """Return the raw peak in words, with its unit where it has one."""
    if not found.has_evidence:
        return "raw peak 0"
    return f"raw peak {peak_words(found.raw_peak)}" + (
        f" {spec.unit}" if spec.unit else ", no unit"
    )


def _bar(measured: object) -> Bar:
    if measured is None:
        return Bar(None, *BAND, "being measured …", "Held against maps laid at random.", "wait")
    if isinstance(measured, Failure):
        return Bar(None, *BAND, "not measured", f"{measured.problem} {measured.remedy}", "wait")
    made: Gauge = gauge(measured)  # type: ignore[arg-type]
    return Bar(made.at, *BAND, made.verdict, made.said, made.tone)
