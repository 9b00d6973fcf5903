"""A model version's card in words: use, limits, data, figures, failures, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.downloads import card_csv
from core.workflows.model_audit import map_trust
from core.workflows.models import InstalledVersion, champion_said
from pages._shared import markup, resources, state, style

if TYPE_CHECKING:
    from core.inference.card import Card, MetricSet
    from core.inference.ensemble_spec import EnsembleSpec

# Keys of a card's figures: the first of the whole, in this order, and those that every class has.
LEADING = ("macro_f1", "balanced_accuracy", "accuracy", "ece", "brier")
PER_CLASS = ("sensitivity", "specificity", "ppv", "npv", "f1", "auc")


def pick(installed: Sequence[InstalledVersion]) -> InstalledVersion:
    """Show a picker where there are several versions; return the chosen one."""
    if len(installed) == 1:
        return installed[0]
    by_name = {item.name: item for item in installed}
    name = st.selectbox(
        "Version",
        list(by_name),
        format_func=lambda key: f"{key}{_mark(by_name[key])}",
        key=state.VERSION,
        label_visibility="collapsed",
        width=360,
    )
    return by_name.get(name, installed[0])


def _mark(version: InstalledVersion) -> str:
    if version.is_champion:
        return " · champion"
    return " · retired" if version.retired else ""


def show_head(version: InstalledVersion) -> None:
    """Show what it is, whether it leads, and whether it may answer; red when it may not."""
    card = version.card
    words = [(version.name, "plain")]
    if version.is_champion:
        words.append(("champion", "plain"))
    if version.retired:
        words.append(("retired", "plain"))
    words.append(("✓ verified", "ok") if version.usable else ("✕ refused", "bad"))
    if card is not None:
        words += [
            (card.architecture, "plain"),
            (f"made {card.created_at:%d %b %Y}", "plain"),
            (f"{version.n_bytes / 1e6:.1f} MB", "plain"),
        ]
        if card.n_parameters:
            words.append((f"{card.n_parameters / 1e6:.1f} million parameters", "plain"))
    style.title_line(card.title if card else version.name, words)
    if version.problem:
        style.verdict("error", "This version may not answer", version.problem)


def show_champion(task: TaskSpec) -> None:
    """Show who made which version the champion, and why; red where that cannot be known."""
    version = resources.version_state(task.key)
    if version.unknown:
        style.notice("error", str(version.problem), str(version.remedy))
        return
    said = champion_said(task.key)
    if said is not None:
        style.quiet(said)


def show_words(card: Card, task: TaskSpec) -> None:
    """Show intended use, known failures, limits, training data and recipe as sentences."""
    style.prose("Intended use", [card.intended_use, "Research use. Not for primary diagnosis."])
    failures = card.known_failures or ("None is written down. That is not the same as none.",)
    style.prose("Known failures", failures)
    style.prose("Limits", card.limits or ("None is written down.",))
    data = card.training_data
    groups = f" in {data.n_groups:,} {plural(task.group_name)}" if data.n_groups else ""
    by_class = ", ".join(f"{name} {n:,}" for name, n in data.n_by_class.items())
    lines = [
        f"{data.name}: {data.n:,} pictures{groups}{f' ({by_class})' if by_class else ''}.",
        f"{data.split.rstrip('.')}{f'; seed {data.seed}' if data.seed is not None else ''}.",
        f"Licence: {data.licence}.",
    ]
    if data.already_applied:
        lines.append(f"Its pictures carried {', '.join(data.already_applied)} when they were read.")
    style.prose("Training data", lines)
    style.prose("How a picture is prepared and answered", _answering_said(card))


def _answering_said(card: Card) -> list[str]:
    """Return how a picture is prepared and answered, of an ensemble member by member."""
    if card.ensemble is not None:
        return _members_said(card.ensemble)
    steps = ", then ".join(str(step["step"]) for step in card.recipe)
    return [
        f"Recipe: {steps}; the network takes {card.input_size[1]} x {card.input_size[0]}.",
        f"Views averaged: {', '.join(card.views)}.",
        f"Maps are taken at {card.feature_layer}." if card.feature_layer else "It gives no map.",
        f"Gate: features of the frozen layer {card.gate_layer}.",
    ]


def _members_said(spec: EnsembleSpec) -> list[str]:
    by = (
        "the mean of their calibrated logits"
        if spec.meta is None
        else f"a meta learner ({_said(spec.meta).lower()}) fitted on out-of-fold predictions only"
    )
    lines = [f"{len(spec.members)} members answer together by {by}."]
    for member in spec.members:
        weight = f"; weight {member.weight:g}" if spec.meta is None else ""
        lines.append(
            f"{member.name} ({member.architecture}): {', then '.join(member.steps)}; takes "
            f"{member.input_size[1]} x {member.input_size[0]}{weight}."
        )
    maps = "its members' maps, summed over the picture" if spec.is_linear else "occlusion and RISE"
    return [*lines, f"Where it looks is shown by {maps}.", spec.gate]


def show_metrics(card: Card, task: TaskSpec, digest: str) -> None:
    """Show the figures of every split, how each split was made, and which one leaks."""
    style.kicker("Figures, with 95 % intervals")
    if not card.metrics:
        style.quiet("The card holds no figures.")
        return
    style.splits([_split_figures(part, task, card.class_names) for part in card.metrics])
    st.download_button(
        "Figures as CSV", data=lambda: card_csv(card, version_digest=digest), mime="text/csv",
        file_name=f"{card.task}_{card.version}_figures.csv", key="models.csv", on_click="ignore",
        icon=":material/download:", type="tertiary",
    )  # fmt: skip


def _split_figures(
    part: MetricSet, task: TaskSpec, class_names: Sequence[str]
) -> markup.SplitFigures:
    """Part a split's figures into those of the whole and those of a class (``name_class``)."""
    left = {name: figure.model_dump() for name, figure in part.figures.items()}
    columns = [name for name in PER_CLASS if any(f"{name}_{key}" in left for key in class_names)]
    per_class = [
        (task.class_spec(key).title, [left.pop(f"{name}_{key}", None) for name in columns])
        for key in class_names
        if columns
    ]
    groups = f" in {part.n_groups:,} {plural(task.group_name)}" if part.n_groups else ""
    return markup.SplitFigures(
        title=part.title,
        leaks=part.leakage,
        n=f"{part.n:,}{groups}",
        summary=[(_said(name), left[name]) for name in sorted(left, key=_rank)],
        columns=[_said(name) for name in columns],
        per_class=per_class,
    )


def _rank(name: str) -> int:
    return LEADING.index(name) if name in LEADING else len(LEADING)


def _said(name: str) -> str:
    """Return a figure's key as words.

    >>> _said("macro_f1"), _said("balanced_accuracy")
    ('Macro F1', 'Balanced accuracy')
    """
    known = {"f1": "F1", "ece": "ECE", "auc": "AUC", "ppv": "PPV", "npv": "NPV"}
    words = " ".join(known.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def show_maps(version: InstalledVersion) -> None:
    """Show whether the maps of a version can be believed, as its audit measured it."""
    trust = map_trust(version.task, version.name)
    style.prose("Whether its maps can be believed", trust.lines)
    if trust.table:
        rows = [(title, "", n, figures) for title, n, figures in trust.table]
        style.figure_table(trust.columns, rows)


def show_files(version: InstalledVersion) -> None:
    """Show what the version consists of and the digest that stands for all of it."""
    style.kicker("Files")
    files = version.card.files if version.card else {}
    rows = [*files.items(), ("digest", version.digest or "none")]
    style.facts(rows)
