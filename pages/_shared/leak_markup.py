"""The markup of the leak banner: one line where groups are apart, a box with figures elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from pages._shared.markup import Figure, figure_said, figure_text, text

_ICONS = {"apart": "✓", "unknown": "?", "leak": "✕"}

CompareRow = tuple[str, str, Sequence[Figure | None]]


def leak_banner(
    verdict: str,
    headline: str,
    sentences: Sequence[str],
    columns: Sequence[str] = (),
    rows: Sequence[CompareRow] = (),
) -> str:
    """Return the banner.

    Parameters
    ----------
    verdict : {"apart", "unknown", "leak"}
    headline : str
    sentences : sequence of str
    columns : sequence of str
        Names of the figures that are compared.
    rows : sequence of (title, n in words, one figure a column)
        As measured, then without the leak.
    """
    said = " ".join(text(line) for line in sentences)
    return (
        f"<section class='sl-leaks sl-leaks-{text(verdict)}' role='status' "
        f"data-verdict='{text(verdict)}'><p><b aria-hidden='true'>{_ICONS.get(verdict, '?')}</b> "
        f"<strong>{text(headline)}.</strong> {said}</p>{_table(columns, rows)}</section>"
    )


def _table(columns: Sequence[str], rows: Sequence[CompareRow]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th scope='col'>{text(name)}</th>" for name in columns)
    body = "".join(
        f"<tr><th scope='row'>{text(title)}</th><td>{text(n)}</td>{_cells(figures)}</tr>"
        for title, n, figures in rows
    )
    return (
        "<div class='sl-scroll'><table><thead><tr><th></th><th scope='col'>n</th>"
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(figures: Sequence[Figure | None]) -> str:
    cells = ""
    for figure in figures:
        value, interval = figure_text(figure)
        said = figure_said(figure) if figure is not None else "undefined"
        cells += f"<td title='{text(said)}'><b>{value}</b> <span>{interval}</span></td>"
    return cells
