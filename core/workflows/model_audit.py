"""What a version's card says about its maps, from its explanation audit: lines in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.inference.package import models_folder, read_version
from core.saliency.methods import DEFAULT_METHOD, METHODS
from core.tasks import load_task
from core.wording import in_sentence
from core.workflows.audit_figures import MOST_ALIKE
from core.workflows.audit_records import audit_of

FigureKeys = dict[str, Any]
LEADING = DEFAULT_METHOD
NOT_AUDITED = (
    "The maps of this version were not audited: whether they can be believed is not known. "
    "python -m core explain-audit --task {task} --version {version} measures it."
)


@dataclass(frozen=True, slots=True)
class MapTrust:
    """The section of a card.

    Attributes
    ----------
    lines : tuple of str
        Sentences, the worst news first.
    columns : tuple of str
        Of ``table``.
    table : tuple of (method, n in words, figures)
        One row a method, one figure (docs/command-line.md) or None a column.
    """

    lines: tuple[str, ...]
    columns: tuple[str, ...] = ()
    table: tuple[tuple[str, str, tuple[FigureKeys | None, ...]], ...] = ()


def map_trust(task: str, name: str) -> MapTrust:
    """Return what is known about the maps of a version; a sentence where nothing is.

    Raises
    ------
    ModelVersionError
        If there is no such version, or its card or manifest is damaged.
    """
    version = read_version(models_folder() / task / name)
    audit = audit_of(version)
    if audit is None:
        return MapTrust((NOT_AUDITED.format(task=task, version=name),))
    document = audit.document
    places = _whole_sets(list(document["pointing"]))
    lines = [
        *_randomisation_lines(document["randomisation"]),
        *_chance_lines(document["deletion"], document["insertion"]),
        *(line for place in places if (line := _pointing_line(place, document["pointing"][place]))),
        *_floor_lines(document["floors"], _class_titles(task)),
        *document["notes"],
    ]
    columns = ["Like random weights", "Deletion", "of random maps", "Insertion", "of random maps"]
    columns += [f"Hits, {place}" for place in places]
    methods = [key for key in METHODS if key in document["deletion"]]
    table = tuple(_row(document, key, places) for key in methods)
    return MapTrust(tuple(lines), tuple(columns), table)


def _whole_sets(names: list[str]) -> list[str]:
    """Leave out the parts of a data set by finding: they stand in the audit itself."""
    return [name for name in names if not any(name.startswith(f"{other}_") for other in names)]


def _row(
    document: dict[str, Any], method: str, places: list[str]
) -> tuple[str, str, tuple[FigureKeys | None, ...]]:
    deletion, insertion = (document[kind][method] for kind in ("deletion", "insertion"))
    cells = [document["randomisation"].get(method, {}).get("ssim")]
    for found in (deletion, insertion):
        cells += [found["area"], found["random_area"]]
    cells += [document["pointing"][place].get(method) for place in places]
    return METHODS[method].title, f"{deletion['area']['n']:,}", tuple(cells)


def _randomisation_lines(found: dict[str, Any]) -> list[str]:
    failing = [_title(key) for key, item in found.items() if item["passes"] is False]
    passing = [_title(key) for key, item in found.items() if item["passes"] is True]
    lines = []
    if failing:
        lines.append(
            f"{_and(failing)} {'fail' if len(failing) > 1 else 'fails'} the check with random "
            "weights: with nothing learned the map looks much the same (structural similarity "
            f"above {MOST_ALIKE}), so it shows the picture rather than what the network learned "
            f"({_sizes(found, failing, 'ssim')})."
        )
    if passing:
        lines.append(
            f"{_and(passing)} {'pass' if len(passing) > 1 else 'passes'} it: the map changes when "
            f"the weights are random (similarity at most {MOST_ALIKE}; "
            f"{_sizes(found, passing, 'ssim')})."
        )
    unsure = [_title(key) for key, item in found.items() if _holds(item["ssim"], MOST_ALIKE)]
    if unsure:
        lines.append(
            f"For {_and(unsure)} more pictures may decide it otherwise: {MOST_ALIKE} lies within "
            f"the interval ({_sizes(found, unsure, 'ssim')})."
        )
    return lines


def _holds(figure: dict[str, Any], value: float) -> bool:
    low, high = _interval(figure)
    return low is not None and high is not None and low <= value <= high


def _chance_lines(deletion: dict[str, Any], insertion: dict[str, Any]) -> list[str]:
    lines = []
    for what, found in (
        ("Deleting what the map marks lowers the score faster", deletion),
        ("Showing only what the map marks raises the score faster", insertion),
    ):
        better = [_title(key) for key, item in found.items() if (_low(item["better_by"]) or 0) > 0]
        rest = [_title(key) for key in found if _title(key) not in better]
        n = _sizes(found, [_title(key) for key in found], "area")
        if better:
            words = f"{what} than chance by {_and(better)}"
            lines.append(words + (f"; not by {_and(rest)}" if rest else "") + f" ({n}).")
        elif rest:
            lines.append(f"{what} than chance by no method ({n}).")
    return lines


def _pointing_line(name: str, found: dict[str, Any]) -> str:
    own = found.get(LEADING)
    if own is None or own["value"] is None:
        return ""
    low, high = _interval(own)
    worse = low is None or low <= found["chance"]["value"]
    verdict = "no better than chance" if worse else "better than chance"
    return (
        f"{_title(LEADING)} points at the finding in {own['value']:.0%} of {own['n']} pictures of "
        f"{name} ({_percent(low)}–{_percent(high)}): {verdict} ({found['chance']['value']:.0%}); "
        f"the brightest spot {found['brightest']['value']:.0%}, the picture's centre "
        f"{found['centre']['value']:.0%}."
    )


def _class_titles(task: str) -> dict[str, str]:
    return {spec.key: in_sentence(spec.title) for spec in load_task(task).classes}


def _floor_lines(floors: dict[str, Any], titles: dict[str, str]) -> list[str]:
    known = {key: item for key, item in floors.get(LEADING, {}).items() if item is not None}
    if not known:
        return ["No floor of the raw peak is known: too few pictures were called rightly."]
    said = ", ".join(
        f"{titles.get(key, key)} {item['value']:.2g} (n {item['n']})" for key, item in known.items()
    )
    unknown = [titles.get(key, key) for key in floors[LEADING] if key not in known]
    rest = f"; too few right calls of {_and(unknown)}" if unknown else ""
    return [f"A map of {_title(LEADING)} counts as weak below a raw peak of: {said}{rest}."]


def _sizes(found: dict[str, Any], titles: list[str], part: str) -> str:
    """Return n of the methods of those titles, and of which ones it is smaller."""
    by_n: dict[int, list[str]] = {}
    for key, item in found.items():
        if _title(key) in titles:
            by_n.setdefault(item[part]["n"], []).append(_title(key))
    most, *fewer = sorted(by_n, reverse=True) or [0]
    return "; ".join([f"n {most}", *(f"n {n} for {_and(by_n[n])}" for n in fewer)])


def _interval(figure: dict[str, Any]) -> tuple[float | None, float | None]:
    if figure["low_grouped"] is not None:
        return figure["low_grouped"], figure["high_grouped"]
    return figure["low"], figure["high"]


def _low(figure: dict[str, Any]) -> float | None:
    return _interval(figure)[0]


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{value:.0%}"


def _title(key: str) -> str:
    return METHODS[key].title if key in METHODS else key


def _and(titles: list[str]) -> str:
    return " and ".join([", ".join(titles[:-1]), titles[-1]]) if len(titles) > 1 else titles[0]
