"""What an answer is worth, in one sentence from the card: misses in plain sight."""

from __future__ import annotations

from core.workflows.models import Card
from pages._shared import style


def sentence(card: Card, class_name: str, title: str, *, group_name: str) -> str | None:
    """Return how often the version finds a class where nothing leaked, or None if not measured.

    Parameters
    ----------
    card : Card
    class_name, title : str
        Key and plain-language name of the class.
    group_name : str
        What a group is: series, patient, slide.
    """
    for part in card.metrics:
        figure = part.figures.get(f"sensitivity_{class_name}")
        if part.leakage or figure is None or figure.value is None:
            continue
        found = f"it found {figure.value * 100:.0f} % of {title.lower()} pictures"
        grouped = figure.low_grouped is not None
        low, high = (
            (figure.low_grouped, figure.high_grouped) if grouped else (figure.low, figure.high)
        )
        interval = (
            f"{low * 100:.0f}–{high * 100:.0f} %, " if low is not None and high is not None else ""
        )
        groups = f" in {figure.n_groups:,} {style.plural(group_name)}" if figure.n_groups else ""
        unseen = f"On {style.plural(group_name)} it had not seen, "
        return f"{unseen}{found} ({interval}n {figure.n:,}{groups})."
    return None
