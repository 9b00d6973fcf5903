"""Words that the command line and the pages say alike."""

from __future__ import annotations


def plural(word: str) -> str:
    """Return the plural of what a group is called.

    >>> plural("series"), plural("slide")
    ('series', 'slides')
    """
    return word if word.endswith("s") else f"{word}s"
