"""Words that the command line and the pages say alike."""

from __future__ import annotations


def plural(word: str) -> str:
    """Return the plural of what a group is called.

    >>> plural("series"), plural("slide")
    ('series', 'slides')
    """
    return word if word.endswith("s") else f"{word}s"


def in_sentence(title: str) -> str:
    """Return a title as it stands within a sentence; an abbreviation stays as it is.

    >>> in_sentence("Viral pneumonia"), in_sentence("COVID-19")
    ('viral pneumonia', 'COVID-19')
    """
    first, rest = title[:1], title[1:]
    return title if rest[:1].isupper() else first.lower() + rest
