"""Charts: what is drawn is what the frame holds, and it can be read."""

import itertools

import numpy as np
import pandas as pd
import pytest

from core import charts
from core.evaluation import frames
from core.evaluation.curves import run_curves
from core.evaluation.figures import run_figures
from core.tasks import load_task
from tests.drawn_runs import CLASSES, draw_run, make_run

TITLES = {item.key: item.title for item in load_task("kidney_ct").classes}
COLOURS = {item.key: item.colour for item in load_task("kidney_ct").classes}


@pytest.fixture(scope="module")
def run():
    return draw_run(200)


@pytest.fixture(scope="module")
def figures(run):
    return run_figures(run)


@pytest.fixture(scope="module")
def cells(figures):
    return frames.confusion_frame(figures, CLASSES)


def luminance(colour):
    """Return the relative luminance of #RRGGBB (WCAG 2.2)."""
    part = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_the_confusion_chart_writes_the_counts_of_the_frame(cells, figures):
    heat = charts.confusion_chart(cells, titles=TITLES).data[0]
    assert [[int(t) for t in row] for row in heat.text] == figures.confusion.tolist()
    assert list(heat.x) == list(heat.y) == [TITLES[name] for name in CLASSES]


@pytest.mark.parametrize(("scale", "axis"), [("row", 1), ("column", 0)])
def test_shares_of_row_and_column_are_drawn_as_such(cells, scale, axis):
    heat = charts.confusion_chart(cells, titles=TITLES, scale=scale).data[0]
    assert np.sum(heat.z, axis=axis) == pytest.approx(1)
    assert all(text.endswith("%") for row in heat.text for text in row)


def test_true_classes_run_down_and_called_ones_across(cells):
    figure = charts.confusion_chart(cells, titles=TITLES)
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.side == "top"


def test_every_cell_can_be_clicked_and_the_chosen_one_has_a_frame(cells):
    marks = charts.confusion_chart(cells, titles=TITLES, chosen=("stone", "normal")).data[1]
    place = list(map(tuple, marks.customdata)).index(("stone", "normal"))
    assert tuple(marks.selectedpoints) == (place,)
    assert (marks.y[place], marks.x[place]) == (TITLES["stone"], TITLES["normal"])
    assert marks.unselected.marker.opacity == 0
    assert charts.confusion_chart(cells, titles=TITLES).data[1].selectedpoints == ()


def test_a_row_without_a_case_is_written_as_undefined():
    made = frames.confusion_frame(run_figures(make_run([0], [[1, 0, 0, 0]])), CLASSES)
    heat = charts.confusion_chart(made, titles=TITLES, scale="row").data[0]
    assert heat.text[2] == ("–",) * 4 or list(heat.text[2]) == ["–"] * 4


def curve_chart(run, kind):
    made = run_curves(run)
    if kind == "roc":
        called = {"stone": (0.1, 0.8)}
        return charts.roc_chart(made.roc, titles=TITLES, colours=COLOURS, called=called), made.roc
    figure = charts.precision_recall_chart(
        made.precision_recall, titles=TITLES, colours=COLOURS, called={"stone": (0.8, 0.5)}
    )
    return figure, made.precision_recall


@pytest.mark.parametrize("kind", ["roc", "precision_recall"])
def test_a_curve_has_the_colour_and_the_dash_of_its_class_and_the_grouped_band(run, kind):
    figure, frame = curve_chart(run, kind)
    lines = [trace for trace in figure.data if trace.name]
    assert [line.name for line in lines] == list(TITLES.values())
    assert [line.line.color for line in lines] == list(COLOURS.values())
    assert len({line.line.dash for line in lines}) == 4
    first = frame[frame["class"] == "cyst"]
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(band.y[: len(first)]) == first["high_grouped"].tolist()
    assert list(band.y[len(first) :]) == first["low_grouped"].tolist()[::-1]
    ring = figure.data[-1]
    assert ring.marker.symbol == "circle-open"
    assert ring.marker.color == COLOURS["stone"]


def test_the_reliability_chart_shows_band_and_count_of_every_bin(run):
    bins = frames.reliability_frame(run)
    _, band, points, counts = charts.reliability_chart(bins).data
    assert list(points.y) == bins["observed_rate"].tolist()
    high = bins["high_grouped"].astype(float).fillna(bins["high"])
    assert list(band.y[: len(bins)]) == high.tolist()
    assert list(counts.customdata) == bins["n"].tolist()
    assert [int(text) for text in counts.text] == bins["n"].tolist()
    # Counts stand on an axis of their own, below: none can cover another near 100 %.
    assert counts.yaxis == "y2"
    assert (np.diff(counts.x) >= np.array(counts.width[1:])).all()


def test_every_chart_lies_on_the_page_s_own_ground_and_has_no_mode_bar(run, cells):
    drawn = [
        charts.confusion_chart(cells, titles=TITLES),
        curve_chart(run, "roc")[0],
        curve_chart(run, "precision_recall")[0],
        charts.reliability_chart(frames.reliability_frame(run)),
    ]
    for figure in drawn:
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        figure.to_json()
    assert charts.CONFIG["displayModeBar"] is False


def test_the_sequential_scale_only_gets_lighter():
    steps = [luminance(colour) for _, colour in charts.SEQUENTIAL]
    assert all(later > earlier for earlier, later in itertools.pairwise(steps))


def test_the_text_of_a_cell_stands_out_from_every_colour_of_the_scale():
    for _, colour in charts.SEQUENTIAL:
        assert (luminance(charts.CELL_TEXT) + 0.05) / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("colour", [charts.TEXT, charts.QUIET, charts.ACCENT, *COLOURS.values()])
def test_text_and_marks_stand_out_from_a_near_black_ground(colour):
    contrast = (luminance(colour) + 0.05) / (luminance("#14181D") + 0.05)
    assert contrast >= (4.5 if colour in (charts.TEXT, charts.QUIET) else 3.0)


def test_the_curves_of_the_last_fit_are_drawn_in_colour_over_earlier_ones():
    from core.charts.training import loss_chart, score_chart

    rows = [
        {"fit": fit, "stage": stage, "epoch": number, "loss": 1 / number, "nll": 0.5}
        | {"accuracy": 0.5, "macro_f1": number / 10}
        for fit in ("fold 1 of 2", "final")
        for number, stage in ((1, "head"), (2, "top"))
    ]
    curves = pd.DataFrame(rows)
    losses, scores = loss_chart(curves), score_chart(curves)
    assert [(line.name, line.showlegend) for line in losses.data] == [
        ("training loss", False),
        ("validation", False),
        ("training loss", True),
        ("validation", True),
    ]
    assert list(losses.data[2].y) == [1.0, 0.5]
    assert list(scores.data[2].y) == [0.1, 0.2]
    assert losses.layout.shapes[0].x0 == 1.5  # where the second stage began
    assert len(loss_chart(curves.assign(nll=None)).data) == 2  # without validation
