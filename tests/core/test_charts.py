"""Charts: what is drawn is what the frame holds, and it can be read."""

import itertools

import numpy as np
import pytest

from core import charts
from core.evaluation import frames
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


def rows_of(figures, name):
    rows = frames.class_frame(figures)
    return rows[rows["figure"] == name]


def bins_chart(run):
    return charts.reliability_chart(frames.reliability_frame(run))


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
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("called", "true")


def test_a_row_without_a_case_is_written_as_undefined():
    made = frames.confusion_frame(run_figures(make_run([0], [[1, 0, 0, 0]])), CLASSES)
    heat = charts.confusion_chart(made, titles=TITLES, scale="row").data[0]
    assert heat.text[2] == ("–",) * 4 or list(heat.text[2]) == ["–"] * 4


def test_the_interval_chart_draws_the_grouped_interval_in_the_colour_of_the_class(figures):
    rows = rows_of(figures, "sensitivity")
    figure = charts.interval_chart(rows, titles=TITLES, colours=COLOURS)
    bars = [trace for trace in figure.data if trace.mode == "lines"]
    stone = rows[rows["class"] == "stone"].iloc[0]
    drawn = next(bar for bar in bars if bar.y[0] == TITLES["stone"])
    assert tuple(drawn.x) == (stone["low_grouped"], stone["high_grouped"])
    assert drawn.line.color == COLOURS["stone"]
    dots = [trace for trace in figure.data if trace.hovertemplate]
    assert [dot.x[0] for dot in dots] == rows["value"].tolist()
    assert all("n " in dot.hovertemplate and "groups" in dot.hovertemplate for dot in dots)


def test_without_groups_the_plain_interval_leads():
    rows = rows_of(run_figures(draw_run(100, n_groups=None)), "ppv")
    figure = charts.interval_chart(rows, titles=TITLES, colours=COLOURS)
    bars = [trace for trace in figure.data if trace.mode == "lines"]
    assert [tuple(bar.x) for bar in bars] == list(zip(rows["low"], rows["high"], strict=True))


def test_an_undefined_figure_is_written_and_has_no_dot():
    rows = rows_of(run_figures(make_run([0, 1], np.eye(4)[[0, 1]])), "sensitivity")
    figure = charts.interval_chart(rows, titles=TITLES, colours=COLOURS)
    written = [trace.y[0] for trace in figure.data if trace.mode == "text"]
    assert written == [TITLES["stone"], TITLES["tumor"]]
    assert not any(trace.y[0] in written for trace in figure.data if trace.mode != "text")


def test_the_reliability_chart_shows_counts_and_bands_of_every_bin(run):
    bins = frames.reliability_frame(run)
    points = charts.reliability_chart(bins).data[1]
    assert list(points.y) == bins["observed_rate"].tolist()
    assert [int(text) for text in points.text] == bins["n"].tolist()
    assert (np.array(points.error_y.array) >= 0).all()
    assert (np.array(points.error_y.arrayminus) >= 0).all()
    assert not np.isnan(np.array(points.error_y.array, dtype=float)).any()


def test_every_chart_lies_on_the_page_s_own_ground_and_has_no_mode_bar(run, figures, cells):
    drawn = [
        charts.confusion_chart(cells, titles=TITLES),
        charts.interval_chart(rows_of(figures, "npv"), titles=TITLES, colours=COLOURS),
        bins_chart(run),
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


def test_a_class_without_a_figure_keeps_its_row():
    rows = rows_of(run_figures(make_run([0, 1], np.eye(4)[[0, 1]])), "sensitivity")
    axis = charts.interval_chart(rows, titles=TITLES, colours=COLOURS).layout.yaxis
    assert list(axis.categoryarray) == list(TITLES.values())
    assert tuple(axis.range) == (3.5, -0.5)


@pytest.mark.parametrize("colour", [charts.TEXT, charts.QUIET, charts.ACCENT, *COLOURS.values()])
def test_text_and_marks_stand_out_from_a_near_black_ground(colour):
    contrast = (luminance(colour) + 0.05) / (luminance("#14181D") + 0.05)
    assert contrast >= (4.5 if colour in (charts.TEXT, charts.QUIET) else 3.0)
