"""The Operating point page: what is asked for, what it gives on other cases, what it costs.

One fragment: a move of the slider runs this and nothing else. Everything was sorted when the runs
were opened, so a move is a few searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from core.charts.look import ACCENT, CONFIG
from core.charts.operating_point import net_benefit_chart, trade_off_chart
from core.errors import CoreError
from core.tasks import TaskSpec
from core.wording import in_sentence, plural
from core.workflows.points import PointsInForce
from pages._shared import contract_markup, identity, resources, state, style
from pages._shared.contract_markup import Claim, Tile, per_1000, percent
from pages._shared.version_state import VersionState

if TYPE_CHECKING:
    import pandas as pd

    from core.workflows.operating import Bench, Level, Setting

DEFAULT_SENSITIVITY = 95.0
ANY_TITLE = "Any finding"
# Shares as a person thinks of them, a few to each power of ten.
PREVALENCES = (
    0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.12, 0.15, 0.2,
    0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9,
)  # fmt: skip


@st.fragment
def show_contract(bench: Bench, task: TaskSpec, version: VersionState, *, may_sign: str) -> None:
    """Show the whole contract; ``may_sign`` says why it cannot be stored, empty where it can."""
    from core.workflows.operating import Demand, setting

    points = resources.with_points(task.key, version).points  # one may just have been signed

    with st.container(key="contract_controls"):
        name, sensitivity, prevalence = _demand(bench, task)
    made = setting(bench, Demand(name, sensitivity, prevalence))
    title = title_of(task, name)
    style.contract(_tiles(made, title, bench), _claims(made, title, bench))
    left, middle, right = st.columns([5, 5, 4], gap="medium")
    with left:
        _show_trade_off(bench, made, task)
    with middle:
        _show_net_benefit(bench, made)
    with right:
        _show_sign(bench, made, title, points, may_sign)
    _show_called(bench, made, task, points)


def title_of(task: TaskSpec, name: str) -> str:
    """Return the plain-language name of a finding, or of the rule for any."""
    return task.class_spec(name).title if name in task.class_names else ANY_TITLE


def _demand(bench: Bench, task: TaskSpec) -> tuple[str, float, float | None]:
    """Show finding (the dearest miss first), sensitivity and prevalence; None: as in the run."""
    first = max(
        (name for name in bench.findings if name in task.class_names),
        key=lambda name: task.class_spec(name).miss_cost,
    )
    finding, slider, share = st.columns([5, 5, 4], gap="large", vertical_alignment="bottom")
    with finding:
        name = st.segmented_control(
            "Of these I must find", list(bench.findings), default=first, required=True,
            format_func=lambda key: title_of(task, key), key=state.FINDING,
        ) or first  # fmt: skip
    with slider:
        st.session_state.setdefault(state.SENSITIVITY, DEFAULT_SENSITIVITY)
        asked = st.slider(
            "Sensitivity of at least",
            50.0,
            100.0,
            step=0.5,
            format="%.1f %%",
            key=state.SENSITIVITY,
        )
    own = bench.scores[name].checking.at_argmax.prevalence
    with share:
        prevalence = st.select_slider(
            "Prevalence: share of pictures that have it",
            sorted({*PREVALENCES, own}), own,
            format_func=lambda value: f"{percent(value)}{' (this run)' if value == own else ''}",
            key=state.prevalence_key(name, bench.checked_on.name, own),
        )  # fmt: skip
    return name, round(asked / 100, 4), None if prevalence == own else float(prevalence)


def _tiles(made: Setting, title: str, bench: Bench) -> str:
    level, price = made.pictures, made.pictures.price
    group = bench.checked_on.facts.group_name
    items = [
        Tile("Threshold", _number(made.threshold, ".3f"), _chosen_note(made)),
        Tile(f"{title} found, by picture", *_rate(level, "sensitivity", group)),
    ]
    if made.groups is not None:
        items.append(Tile(f"{title} found, by {group}", *_group_rate(made.groups)))
    items += [
        Tile("Specificity: others left alone", *_rate(level, "specificity", group)),
        Tile(
            "Missed per 1,000",
            _number(price.misses, ".1f"),
            per_1000(level.sensitivity, price.prevalence),
            _number(price.misses_at_argmax, ".1f"),
        ),
        Tile(
            "False alarms per 1,000",
            _number(price.false_alarms, ".0f"),
            per_1000(level.specificity, 1 - price.prevalence),
            _number(price.false_alarms_at_argmax, ".0f"),
        ),
        Tile("Price of a miss avoided", *_reads(made)),
    ]
    return contract_markup.tiles(items)


def _chosen_note(made: Setting) -> str:
    found, positives = made.chosen
    if not positives:
        return "no such case to choose it on"
    return f"found {found:,} of {positives:,} where it was chosen"


def _rate(level: Level, which: str, group: str) -> tuple[str, str]:
    figure = level.sensitivity if which == "sensitivity" else level.specificity
    if figure.value is None:
        return "–", f"undefined, n {figure.n:,}"
    _, low, high = figure.leading
    interval = "no interval" if low is None or high is None else _range(low, high)
    groups = f" in {figure.n_groups:,} {plural(group)}" if figure.n_groups else ""
    return percent(figure.value), f"{interval}, n {figure.n:,}{groups}"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def _group_rate(level: Level) -> tuple[str, str]:
    figure = level.sensitivity
    if figure.value is None or figure.low is None or figure.high is None:
        return "–", f"undefined, n {figure.n:,}"
    spared = level.specificity.value
    others = "" if spared is None else f"; {100 * spared:.0f} % of the others left alone"
    return percent(figure.value), f"{_range(figure.low, figure.high)}, n {figure.n:,}{others}"


def _reads(made: Setting) -> tuple[str, str]:
    reads = made.pictures.price.extra_reads_per_miss_avoided_at_prevalence
    if made.pictures.counts is None:
        return "–", "undefined"
    more = made.pictures.counts.fn - made.pictures.at_argmax.fn
    if reads is None:
        return "–", "misses no fewer" if more == 0 else f"misses {more:,} more than before"
    return f"{reads:.1f} reads", "more, for each one that is not missed"


def _claims(made: Setting, title: str, bench: Bench) -> str:
    """Return whether the sensitivity may be said at each level; groups lead where there are any."""
    group, words = (
        bench.checked_on.facts.group_name,
        f"At least {percent(made.demand.sensitivity)}",
    )
    by_picture = Claim(
        f"{words} by picture",
        made.pictures.claim_holds,
        _claim(made.pictures, title, "picture", group),
        is_shaky=made.groups is not None and not made.groups.claim_holds,
    )
    if made.groups is None:
        return contract_markup.claims([by_picture])
    by_group = Claim(
        f"{words} by {group}", made.groups.claim_holds, _claim(made.groups, title, group, group)
    )
    return contract_markup.claims([by_group, by_picture])


def _claim(level: Level, title: str, unit: str, group: str) -> str:
    """Return what may be said at one level, and how many positives it would take."""
    bound, counts, found = level.lower_bound, level.counts, level.sensitivity
    if bound is None or counts is None:
        return f"There is no {unit} with {in_sentence(title)} to check it on."
    units = plural(unit)
    where = f" in {found.n_groups:,} {plural(group)}" if found.n_groups else ""
    said = f"Missed {counts.fn:,} of {counts.n_positive:,} {units}"
    said += f"{where if unit == 'picture' else ''}: exact lower bound {percent(bound)}."
    if level.claim_holds:
        return said
    if level.positives_needed is None:
        return f"{said} No number of cases proves that nothing is ever missed."
    missed = "no miss" if not counts.fn else f"{counts.fn:,} miss{'' if counts.fn == 1 else 'es'}"
    return f"{said} It would take {level.positives_needed:,} {units} with {missed}."


def _show_trade_off(bench: Bench, made: Setting, task: TaskSpec) -> None:
    from core.workflows.operating import trade_off_frame

    style.kicker("Misses against reads: click a point to take it")
    frame = trade_off_frame(bench, made.demand)
    price = made.pictures.price
    name = made.demand.class_name
    colour = task.class_spec(name).colour if name in task.class_names else ACCENT
    chart = trade_off_chart(
        frame,
        now=_place(price.misses, price.false_alarms, price.prevalence),
        at_argmax=_place(price.misses_at_argmax, price.false_alarms_at_argmax, price.prevalence),
        colour=colour,
    )
    st.plotly_chart(
        chart, config=CONFIG, theme=None, key=state.TRADE_OFF, on_select=_take_point,
        selection_mode="points",
        alt="Missed against read per 1,000 pictures; the table can be downloaded",
    )  # fmt: skip
    _download(bench, made, "misses_against_reads", "Curve as CSV", frame)


def _place(
    misses: float | None, alarms: float | None, prevalence: float
) -> tuple[float, float] | None:
    """Return (reads, misses) per 1,000: what is found and every false alarm is read."""
    if misses is None or alarms is None:
        return None
    return 1000 * prevalence - misses + alarms, misses


def _take_point() -> None:
    """Move the slider to the point that was clicked."""
    asked = state.clicked(state.TRADE_OFF)
    if asked is not None:
        st.session_state[state.SENSITIVITY] = round(100 * asked, 1)


def _show_net_benefit(bench: Bench, made: Setting) -> None:
    from core.workflows.operating import net_benefit_frame

    style.kicker("Net benefit: is it better than reading all, or none?")
    frame = net_benefit_frame(bench, made.demand)
    st.plotly_chart(
        net_benefit_chart(frame, probability=made.probability), config=CONFIG, theme=None,
        key="operating.net_benefit",
        alt="Net benefit against threshold probability; the table can be downloaded",
    )  # fmt: skip
    _download(bench, made, "net_benefit", "Net benefit as CSV", frame)


def _show_sign(
    bench: Bench, made: Setting, title: str, points: PointsInForce, may_sign: str
) -> None:
    """Show what the threshold says of a miss, the benefit, and the signature."""
    style.kicker("What this threshold says")
    if made.threshold is not None:
        said = made.cost_said("finding" if title == ANY_TITLE else in_sentence(title))
        style.quiet(f"{said[:1].upper()}{said[1:]}.")
        style.quiet(_benefit_said(made))
    if may_sign:
        style.quiet(may_sign)
        return
    signed = points.signed.get(made.demand.class_name)
    if signed is not None and signed.threshold == made.threshold:
        style.verdict("ok", "In force: Analyse uses it", f"Signed by {signed.signed_by}.")
    identity.name_input(state.SIGNED_BY, placeholder="Who takes this on")
    st.button(
        f"Sign and store for {in_sentence(title)}", key="operating.sign", width="stretch",
        disabled=made.threshold is None, icon=":material/edit:",
        on_click=_store, args=(bench, made),
    )  # fmt: skip
    problem = st.session_state.pop(state.NOT_SIGNED, None)
    if problem:
        st.error(problem, icon=":material/error:")


def _store(bench: Bench, made: Setting) -> None:
    from core.workflows.signing import sign

    try:
        sign(bench, made, signed_by=st.session_state.get(state.SIGNED_BY) or "")
    except CoreError as error:
        st.session_state[state.NOT_SIGNED] = f"{error.problem} {error.remedy}"


def _benefit_said(made: Setting) -> str:
    if made.benefit is None or made.benefit_of_all is None or made.benefit_at_argmax is None:
        return "Its net benefit is undefined here."
    best = max(made.benefit_of_all, 0.0)
    other = "reading all" if made.benefit_of_all > 0 else "reading none"
    against_simple = _better_said(made.benefit - best)
    against_argmax = _better_said(made.benefit - made.benefit_at_argmax)
    return (
        f"At that worth it is {against_simple} per 1,000 pictures than {other}, and "
        f"{against_argmax} than the largest probability."
    )


def _better_said(difference: float) -> str:
    """Return a difference of net benefit in words: what it is worth in findings.

    >>> _better_said(0.0123), _better_said(-0.001)
    ('better by the worth of 12.3 findings', 'worse by the worth of 1.0 findings')
    """
    word = "better" if difference >= 0 else "worse"
    return f"{word} by the worth of {abs(1000 * difference):.1f} findings"


def _show_called(bench: Bench, made: Setting, task: TaskSpec, points: PointsInForce) -> None:
    """Show what is called at this threshold, the points of other findings in force."""
    from core.workflows.operating import called_frame

    frame, thresholds = called_frame(bench, made, points.thresholds)
    left, right = st.columns([8, 5], gap="large")
    with left:
        style.kicker("What is then called on the checking part, and what was before")
        names = list(dict.fromkeys(frame["y_true"]))
        cells = {(row["y_true"], row["called"]): row for row in frame.to_dict("records")}
        table = [
            [(int(cells[a, b]["n"]), int(cells[a, b]["n_at_argmax"])) for b in names] for a in names
        ]
        spec = {item.key: item for item in task.classes}
        style.called_table([(spec[name].title, spec[name].colour) for name in names], table)
        _download(bench, made, "called", "Calls as CSV", frame)
    with right:
        style.kicker("In force")
        style.sentences(_in_force(points, task))
        style.quiet(
            "A finding is flagged at or above its threshold; where the sum of the findings reaches "
            "that of any finding, the most probable one is. Called is the most probable flagged "
            "finding, else the most probable class that is none. Thresholds above: "
            + "; ".join(
                f"{title_of(task, name)} {value:.3f}" for name, value in sorted(thresholds.items())
            )
            + "."
        )
        _download(bench, made, "contract", "All numbers as CSV", None)


def _in_force(points: PointsInForce, task: TaskSpec) -> list[str]:
    """Return one sentence a threshold that Analyse uses now."""
    if not points.thresholds:
        return ["No point is stored: Analyse flags the called class where it is a finding."]
    lines = []
    for name, value in points.thresholds.items():
        signed = points.signed.get(name)
        who = "shipped with the version"
        if signed is not None and signed.signed_at is not None:
            who = (
                f"at least {percent(signed.sensitivity_asked)}, signed by {signed.signed_by}, "
                f"{signed.signed_at:%d %b %Y %H:%M} UTC, checked on {signed.run}"
            )
        lines.append(f"{title_of(task, name)}: {value:.3f} ({who}).")
    return lines


def _download(
    bench: Bench, made: Setting, table: str, label: str, frame: pd.DataFrame | None
) -> None:
    from core.workflows.operating import setting_frame, table_csv

    thresholds: Mapping[str, float] = {}
    if made.threshold is not None:
        thresholds = {made.demand.class_name: made.threshold}
    version = bench.checked_on.facts.model_version or "external"
    st.download_button(
        label,
        data=lambda: table_csv(bench, setting_frame(made) if frame is None else frame, thresholds),
        file_name=f"{bench.checked_on.facts.task}_{version}_{made.demand.class_name}_{table}.csv",
        mime="text/csv",
        key=f"operating.csv.{table}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
