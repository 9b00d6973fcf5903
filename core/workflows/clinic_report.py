"""The clinic as files: every listed row as CSV, cards and rows as PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.evaluation.misses import MISS
from core.reporting.csv_table import csv_bytes
from core.workflows import clinic_words as words
from core.workflows.clinic import CAUSES, Cause, Clinic, ClinicCase, case_at, clinic_table, pareto
from core.workflows.clinic_pictures import CasePicture, case_picture
from core.workflows.records import MissCause
from core.workflows.run_pictures import PictureSource, maps_said

if TYPE_CHECKING:
    from core.reporting.clinic_pdf import Card

MOST_CARDS = 24
MOST_ROWS = 2000
_COLUMNS = ("file", "group", "y_true", "called", "distance", "refused", "cause", "recorded_by")
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")

Places = Sequence[int] | NDArray[np.int64]


def file_stem(clinic: Clinic) -> str:
    """Return a file name without ending, of letters that every file system takes."""
    facts = clinic.stored.facts
    parts = (clinic.task.key, facts.model_version or "external", clinic.stored.name)
    return _SAFE.sub("_", "_".join((*parts, clinic.class_name, clinic.kind)))


def csv_of(clinic: Clinic, places: Places, recorded: Mapping[str, MissCause]) -> bytes:
    """Return the listed wrong calls as CSV, with version, threshold and run in every row."""
    table = clinic_table(clinic, places, recorded)
    return csv_bytes(table, provenance=clinic.provenance)


def pdf_of(
    clinic: Clinic,
    places: Places,
    recorded: Mapping[str, MissCause],
    source: PictureSource,
) -> bytes:
    """Return the clinic as PDF: at most 24 cards with maps, and at most 2,000 rows.

    With the pictures away there are no cards, but the sentence that attaches them.

    Raises
    ------
    SettingsError
        If the fonts are not installed.
    """
    from core.reporting import clinic_pdf

    made_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    table = clinic_table(clinic, places[:MOST_ROWS], recorded)
    columns = [name for name in _COLUMNS if name in table]
    rows = [[_cell(value) for value in row] for row in table[columns].itertuples(index=False)]
    cards = [
        _card(clinic, case_at(clinic, int(place)), recorded, source)
        for place in (places[:MOST_CARDS] if source.attached else ())
    ]
    facts = clinic.provenance
    digest = str(facts["version_digest"])[:16] or "none"
    title = words.title_of(clinic, clinic.class_name)
    document = clinic_pdf.Clinic(
        title=f"{title}: {'misses' if clinic.kind == MISS else 'false alarms'}",
        headline=words.headline(clinic),
        detail=words.detail(clinic),
        header=f"Version {facts['model_version']} (digest {digest}) · run {facts['run']}, "
        f"{facts['data']} · threshold {facts['threshold']} · n {facts['n_cases']:,}",
        facts=[
            ("Task", clinic.task.title),
            ("Model version", f"{facts['model_version']}, digest {facts['version_digest']}"),
            ("Run", f"{facts['run']} on {facts['data']}, of {facts['created_at']}"),
            ("Split", f"{facts['split']}: {facts['split_made']}"),
            ("Threshold", str(facts["threshold"])),
            ("Listed", f"{len(places):,} of {clinic.summary.n_wrong:,}"),
        ],
        sentences=[
            said
            for said in (source.sentence, maps_said(clinic.stored), words.labels_said(clinic))
            if said
        ],
        causes=_causes(clinic, recorded),
        cards=cards,
        columns=columns,
        rows=rows,
        made_at=made_at,
        cut="" if len(places) <= MOST_ROWS else f"{len(places):,} rows in all: the CSV has each.",
    )
    return clinic_pdf.render_clinic_pdf(document)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    return "" if value is None else str(value)


def _causes(clinic: Clinic, recorded: Mapping[str, MissCause]) -> list[tuple[str, int, str]]:
    given = pareto(clinic, recorded)
    return [
        (
            row["title"],
            int(row["n"]),
            f"{row['cumulative'] * 100:.0f} % with those above" if row["n"] else "",
        )
        for row in given.to_dict("records")
    ]


def _card(
    clinic: Clinic,
    case: ClinicCase,
    recorded: Mapping[str, MissCause],
    source: PictureSource,
) -> Card:
    from core.reporting.clinic_pdf import Card
    from core.reporting.pdf_parts import Pane

    shown = tuple(dict.fromkeys((case.y_true, case.called, case.looked_for)))[:2]
    picture = case_picture(clinic.stored, clinic.cases, case.file, shown, source=source)
    panes = [Pane("Picture", picture.png, picture.problem or "away")]
    for name in shown:
        drawn = picture.maps.get(name)
        role = "true" if name == case.y_true else "called"
        title = f"Map of {words.title_of(clinic, name)} ({role})"
        png = drawn.png if drawn else None
        panes.append(Pane(title, png, "no positive evidence" if drawn else "no map"))
    cause = recorded.get(case.file)
    return Card(
        title=f"{case.place + 1}. {case.file}",
        panes=panes,
        probabilities=_probabilities(clinic, case),
        facts=_facts(clinic, case, picture),
        near=[
            Pane(f"{words.title_of(clinic, item.label)} {item.distance:.2f}", item.png, "away")
            for item in picture.look_alikes
        ],
        near_said="Nearest training pictures, with labels and distance"
        if picture.look_alikes
        else picture.look_alikes_said,
        cause=f"{CAUSES[Cause(cause.cause)]} ({cause.recorded_by})" if cause else "",
        note=cause.note if cause else "",
    )


def _probabilities(clinic: Clinic, case: ClinicCase) -> list[tuple[str, str, float, str]]:
    def role(name: str) -> str:
        return ", ".join(
            word for word, at in (("true", case.y_true), ("called", case.called)) if at == name
        )

    return [
        (item.title, item.colour, case.probabilities[item.key], role(item.key))
        for item in clinic.task.classes
        if item.key in case.probabilities
    ]


def _facts(clinic: Clinic, case: ClinicCase, picture: CasePicture) -> list[tuple[str, str]]:
    facts = [("Distance", words.distance_said(clinic, case))]
    if case.group is not None:
        facts.append((clinic.group_name.capitalize(), case.group))
    if picture.quality is not None:
        facts.append(("Quality", f"{picture.quality:.2f}: {picture.quality_reason}"))
    gate = words.gate_said(clinic, picture)
    if gate is not None:
        facts.append(("Gate", gate))
    if case.refused:
        facts.append(("Refused", "by the gate in this run"))
    if case.suspected and case.suggested:
        facts.append(("Label", f"doubted: {words.title_of(clinic, case.suggested)}?"))
    return [*facts, *case.slices.items()]
