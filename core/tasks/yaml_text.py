"""Read YAML text strictly: a key that stands twice is refused, since one of the two would be lost.

YAML's own readers keep the last one without a word.
"""

from __future__ import annotations

from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"  # `<<`: two of them are both taken over


class RepeatedKeyError(yaml.YAMLError):
    """A key stands twice in the same place.

    Parameters
    ----------
    key : str
    first, line : int
        Lines of both (the first line of a file is 1).
    """

    def __init__(self, key: str, *, first: int, line: int) -> None:
        where = (
            f"in line {first} and again in line {line}" if first < line else f"twice in line {line}"
        )
        super().__init__(f"the key {key!r} stands {where}")
        self.key = key
        self.line = line


class _Loader(yaml.SafeLoader):
    """The safe loader, which also looks for repeated keys."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Looked at as written: what `<<` merges may stand again, to win over it.
        node = super().compose_mapping_node(anchor)
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            value, line = self.construct_object(key), key.start_mark.line + 1
            if value in lines:
                raise RepeatedKeyError(str(key.value), first=lines[value], line=line)
            lines[value] = line
        return node


def load_yaml(text: str) -> Any:
    """Return what a YAML text holds, read safely.

    Raises
    ------
    YAMLError
        If it is not YAML, or a key stands twice in the same place (:class:`RepeatedKeyError`).

    Examples
    --------
    >>> load_yaml("{stone: 1, cyst: 2}")
    {'stone': 1, 'cyst': 2}
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
