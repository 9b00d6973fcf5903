"""The look: style sheet and the few pieces of own markup. The only module that hands HTML on.

Every value that enters markup goes through :func:`pages._shared.markup.text`; the name of a file
never enters here at all: it is shown with ``st.text``, or set as text by our own components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from pages._shared import (
    clinic_markup,
    contract_markup,
    explanation_markup,
    leak_markup,
    markup,
    paired_markup,
    slice_markup,
)
from pages._shared.markup import colour as _colour
from pages._shared.markup import text as _text

ASSETS = Path(__file__).resolve().parents[2] / "assets"
# Each state has an icon and a word; colour only repeats what they say.
STATES: Mapping[str, tuple[str, str]] = {
    "ok": ("✓", "Answered"),
    "refused": ("⊘", "Outside use"),
    "error": ("✕", "Unreadable"),
    "choose": ("▤", "Choose a frame"),
    "open": ("?", "Cannot tell"),
}
# The same for where a case stands; what has no answer never looks like one that is normal.
CASE_STATES: Mapping[str, tuple[str, str]] = {
    "new": ("○", "New"),
    "in_review": ("◐", "In review"),
    "done": ("✓", "Done"),
    "not_assessable": ("⊖", "Not assessable"),
    "failed": ("✕", "Failed"),
    "refused": ("⊘", "Outside use"),
}


@cache
def asset(name: str) -> str:
    """Return a text file of ``assets/``."""
    return (ASSETS / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Return the code of a component: what all of them share, then its own files in ``assets/``."""
    return "".join(asset(name) for name in ("latest_call.js", *names))


def load() -> None:
    """Put the style sheet into the page; once a run, from the frame."""
    st.html(f"<style>{asset('style.css')}</style>")


def brand() -> None:
    """Show the product's name."""
    st.html("<div class='sl-brand'><i aria-hidden='true'></i>Second Look</div>", width="content")


def section(name: str) -> None:
    """Show the name of a group of pages."""
    st.html(f"<span class='sl-section'>{_text(name)}</span>", width="content")


def banner(*, synthetic: bool) -> None:
    """Show what the product is not, and whether the task is drawn."""
    badge = "<span class='sl-badge'>Synthetic, for teaching</span>" if synthetic else ""
    st.html(
        "<div class='sl-banner' role='note'>"
        "<strong>Research use. Not for primary diagnosis.</strong>"
        f"{badge}<span class='sl-quiet'>Data: local, no network.</span></div>"
    )


def kicker(text: str, colour: str = "") -> None:
    """Show a small heading over a block; with a colour it names a class."""
    dot = f"<i style='background:{_colour(colour)}'></i>" if colour else ""
    st.html(f"<h3 class='sl-kicker'>{dot}{_text(text)}</h3>")


def verdict(state: str, headline: str, detail: str) -> None:
    """Show the verdict of trust: icon, words, and one sentence below."""
    icon = STATES.get(state, STATES["error"])[0]
    st.html(
        f"<section class='sl-verdict sl-{_text(state)}' role='status' data-status='{_text(state)}'>"
        f"<span class='sl-icon' aria-hidden='true'>{icon}</span>"
        f"<div><p class='sl-headline'>{_text(headline)}</p>"
        f"<p class='sl-detail'>{_text(detail)}</p></div></section>"
    )


def leak_banner(
    verdict: str,
    headline: str,
    sentences: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[leak_markup.CompareRow],
) -> None:
    """Show whether figures may be believed: see :func:`pages._shared.leak_markup.leak_banner`."""
    st.html(leak_markup.leak_banner(verdict, headline, sentences, columns, rows))


def gate_meter(distance: float, threshold: float) -> None:
    """Show how far the picture is from the training pictures, on a scale to twice the limit."""
    share = min(max(distance / (2 * threshold), 0.0), 1.0) if threshold > 0 else 1.0
    words = f"Distance to training pictures {distance:.3f}, limit {threshold:.3f}"
    st.html(
        f"<div class='sl-meter' role='img' aria-label='{words}'>"
        f"<div class='sl-meter-track'><i style='width:{share * 100:.1f}%'></i><b></b></div>"
        f"<span>distance <b>{distance:.3f}</b> · limit {threshold:.3f}</span></div>"
    )


def probability_bars(
    rows: Sequence[tuple[str, str, str, float]],
    *,
    called: str,
    ticks: Mapping[str, float],
    flagged: Sequence[str],
) -> None:
    """Show calibrated probabilities, largest first.

    ``rows`` holds (class key, title, colour, probability in 0..1); ``ticks`` the threshold of a
    class, drawn on its bar; ``flagged`` the classes that an operating point flags.
    """
    ranked = sorted(rows, key=lambda row: -row[3])
    items = "".join(
        markup.probability_bar(row, called=called, tick=ticks.get(row[0]), flagged=flagged)
        for row in ranked
    )
    st.html(f"<ol class='sl-bars' aria-label='Calibrated probabilities'>{items}</ol>")


def colour_bar(
    stops: Sequence[str],
    *,
    note: str,
    ends: tuple[str, str] = ("0", "1"),
    said: str = "Colour scale of the map from 0 to 1",
) -> None:
    """Show the scale of the heat map, 0..1, and the raw peak or why there is none."""
    colours = ", ".join(_colour(stop) for stop in stops)
    st.html(
        f"<div class='sl-colourbar'><span>{_text(ends[0])}</span>"
        f"<i role='img' aria-label='{_text(said)}' "
        f"style='background:linear-gradient(90deg, {colours})'></i>"
        f"<span>{_text(ends[1])}</span><em>{_text(note)}</em></div>"
    )


def facts(rows: Sequence[tuple[str, str]]) -> None:
    """Show names and values, two columns; nothing that came with a file's name."""
    items = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows)
    st.html(f"<dl class='sl-facts'>{items}</dl>")


def sentences(lines: Sequence[str]) -> None:
    """Show short sentences as a quiet list."""
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    st.html(f"<ul class='sl-sentences'>{items}</ul>")


def steps(applied: Sequence[str], left_out: Sequence[str]) -> None:
    """Show the recipe's steps that ran, and those that the picture carried already."""
    items = "".join(f"<li class='sl-ran'>{_text(name)}</li>" for name in applied)
    items += "".join(f"<li class='sl-carried'>{_text(name)} · carried</li>" for name in left_out)
    st.html(f"<ul class='sl-steps'>{items or '<li>no step</li>'}</ul>")


def notice(state: str, title: str, body: str, *, commands: Sequence[str] = ()) -> None:
    """Show a whole state of a page (empty, not installed, broken): what it is and what to do."""
    icon = STATES.get(state, ("○", ""))[0]  # "empty" is no state of a picture
    code = "".join(f"<code>{_text(command)}</code>" for command in commands)
    st.html(
        f"<section class='sl-notice sl-{_text(state)}' role='status'>"
        f"<span class='sl-icon' aria-hidden='true'>{icon}</span>"
        f"<div><h2>{_text(title)}</h2><p>{_text(body)}</p>{code}</div></section>"
    )


def quiet(text: str) -> None:
    """Show one quiet sentence."""
    st.html(f"<p class='sl-quiet'>{_text(text)}</p>")


def promise(title: str, classes: Sequence[tuple[str, str]]) -> None:
    """Show, on an empty light box, what an answer will hold: (title, colour) of each class."""
    names = "".join(
        f"<li><i style='background:{_colour(colour)}'></i>{_text(name)}</li>"
        for name, colour in classes
    )
    st.html(
        "<section class='sl-promise'>"
        f"<div><h2>{_text(title)}</h2><p>Calibrated probabilities of</p><ul>{names}</ul></div>"
        "<div><h2>Where it looked</h2><p>The map of each class over your picture, or the plain "
        "words that there is no positive evidence.</p></div>"
        "<div><h2>When not to trust it</h2><p>A picture outside what the model was trained on is "
        "refused, with the reason and no probabilities.</p></div></section>"
    )


def figure_row(items: Sequence[tuple[str, Mapping[str, object]]]) -> None:
    """Show summary figures side by side, each with interval and n."""
    st.html(markup.figure_row(items))


def figure_table(
    columns: Sequence[str],
    rows: Sequence[tuple[str, str, str, Sequence[Mapping[str, object] | None]]],
) -> None:
    """Show a table of figures: (title, colour, n in words, one figure a column)."""
    st.html(markup.figure_table(columns, rows))


def word_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show a table of words: the first of each row is its name."""
    st.html(markup.word_table(columns, rows))


def finding_table(rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Show checks of a data set: (code, level, what the level means, sentence), in order."""
    st.html(markup.finding_table(rows))


def figure_line(items: Sequence[tuple[str, Mapping[str, object]]]) -> None:
    """Show the figures of a whole run side by side in one line."""
    st.html(markup.figure_line(items))


def class_table(
    columns: Sequence[tuple[str, str]], rows: Sequence[markup.FigureRow], *, plain: bool
) -> None:
    """Show a table of figures; see :func:`pages._shared.markup.class_table`."""
    st.html(markup.class_table(columns, rows, plain=plain))


def contract(tiles: str, claims: str) -> None:
    """Show the numbers of a sensitivity contract and what may be said of it."""
    st.html(f"{tiles}{claims}")


def called_table(
    classes: Sequence[tuple[str, str]], cells: Sequence[Sequence[tuple[int, int]]]
) -> None:
    """Show the matrix of calls: (title, colour) of each class, (now, before) of each cell."""
    st.html(contract_markup.called_table(classes, cells))


def splits(parts: Sequence[markup.SplitFigures]) -> None:
    """Show the figures of a card, one block a split."""
    st.html("".join(markup.split_block(part) for part in parts))


def prose(title: str, paragraphs: Sequence[str]) -> None:
    """Show a heading and sentences of a model card."""
    body = "".join(f"<li>{_text(line)}</li>" for line in paragraphs)
    st.html(f"<section class='sl-prose'><h3>{_text(title)}</h3><ul>{body}</ul></section>")


def title_line(title: str, words: Sequence[tuple[str, str]]) -> None:
    """Show the head of a card: its title and short facts with a tone (ok, bad, plain)."""
    chips = "".join(
        f"<span class='sl-chip sl-tone-{_text(tone)}'>{_text(word)}</span>" for word, tone in words
    )
    st.html(f"<header class='sl-title'><h1>{_text(title)}</h1>{chips}</header>")


def dark_pane(state: str, words: str) -> None:
    """Show, where a picture would be, that there is none and why: never an empty place."""
    icon = STATES[state][0]
    st.html(
        f"<div class='sl-dark sl-{_text(state)}'>"
        f"<p><b aria-hidden='true'>{icon}</b>{_text(words)}</p></div>"
    )


def picture(png_base64: str, alt: str, *, kind: str = "saw") -> None:
    """Show a small PNG inside the page itself: it never lies at an address of the server.

    ``kind`` is "saw" (what the model saw) or "case" (a square on black).
    """
    st.html(
        f"<img class='sl-{_text(kind)}' src='data:image/png;base64,{_text(png_base64)}'"
        f" alt='{_text(alt)}'>"
    )


def pane(png_base64: str, words: str) -> None:
    """Show a small PNG on black with its words below, as one of several side by side."""
    st.html(
        f"<figure class='sl-pane'><img src='data:image/png;base64,{_text(png_base64)}'"
        f" alt='{_text(words)}'><figcaption>{_text(words)}</figcaption></figure>"
    )


def no_pane(words: str, why: str) -> None:
    """Show, where a map would be, that there is none and why."""
    st.html(
        f"<figure class='sl-pane'><div>{_text(why)}</div>"
        f"<figcaption>{_text(words)}</figcaption></figure>"
    )


def measures(rows: Sequence[paired_markup.Measure]) -> None:
    """Show figures of two runs with their difference and its test."""
    st.html(paired_markup.measures(rows))


def miss_table(misses: Mapping[str, int], *, title: str) -> None:
    """Show who missed what: see :func:`pages._shared.paired_markup.miss_table`."""
    st.html(paired_markup.miss_table(misses, title=title))


def clinic_head(headline: str, detail: str) -> None:
    """Show the sentence of the clinic: how many, of how many, where; its interval below."""
    st.html(clinic_markup.head(headline, detail))


def clinic_card(card: clinic_markup.Card) -> None:
    """Show a wrong call: pictures, maps, neighbours, probabilities, scores."""
    st.html(clinic_markup.card(card))


def slice_table(
    columns: Sequence[tuple[str, str]], rows: Sequence[slice_markup.SliceRow], *, shade: str
) -> None:
    """Show the figures of every slice; ``shade`` is the colour of the finding."""
    st.html(slice_markup.table(columns, rows, shade=shade))


def slice_found(worst: slice_markup.Found) -> None:
    """Show the worst slice that was found."""
    st.html(slice_markup.found(worst))


def slices_next(rows: Sequence[tuple[str, str, str, str]], *, corrected: str) -> None:
    """Show the slices after the worst: (slice, n, value with interval, p)."""
    st.html(slice_markup.next_found(rows, corrected=corrected))


def promises(items: Sequence[tuple[str, str]]) -> None:
    """Show what a page will hold, before there is a picture: (title, sentence) side by side."""
    st.html(explanation_markup.promises(items))


def case_line(icon: str, word: str, state: str, rest: Sequence[str]) -> None:
    """Show where a case stands: icon and word in the colour of the state, then plain words."""
    words = "".join(f"<span>{_text(item)}</span>" for item in rest if item)
    st.html(
        f"<div class='sl-case-line' data-case-state='{_text(state)}'>"
        f"<b class='sl-case-{_text(state)}'><i aria-hidden='true'>{_text(icon)}</i>"
        f"{_text(word)}</b>{words}</div>"
    )


def read_card(title: str, verdict: str, colour: str, lines: Sequence[str], comment: str) -> None:
    """Show one read: whose, the class with its colour, when and how sure, and the comment."""
    dot = f"<i style='background:{_colour(colour)}'></i>" if colour else ""
    said = f"<p class='sl-read-comment'>{_text(comment)}</p>" if comment else ""
    small = "".join(f"<p>{_text(line)}</p>" for line in lines)
    st.html(
        f"<section class='sl-read'><h3>{_text(title)}</h3>"
        f"<p class='sl-read-verdict'>{dot}{_text(verdict)}</p>{small}{said}</section>"
    )


def told(rows: Sequence[tuple[str, str, str]]) -> None:
    """Show a history: (when, who, what) a line, oldest first."""
    items = "".join(
        f"<tr><td>{_text(at)}</td><th scope='row'>{_text(who)}</th><td>{_text(what)}</td></tr>"
        for at, who, what in rows
    )
    st.html(f"<table class='sl-told'><tbody>{items}</tbody></table>")


def trust_lines(rows: Sequence[tuple[str, str, str]], *, limit: str) -> None:
    """Show one sentence a class, (title, colour, sentence), and what no map shows."""
    st.html(explanation_markup.trust_lines(rows, limit=limit))


def trust_table(columns: Sequence[str], rows: Sequence[explanation_markup.TrustRow]) -> None:
    """Show the figures behind the bars under the maps."""
    st.html(explanation_markup.trust_table(columns, rows))
