"""Words that the command line and the pages say alike."""

from __future__ import annotations


def plural(word: str) -> str:
    """Return the plural of what a group is called.

    >>> plural("series"), plural("slide")
    ('series', 'slides')
    """
    return word if word.endswith("s") else f"{word}s"


def counted(n: int, word: str) -> str:
    """Return a number with its word.

    >>> counted(1, "picture"), counted(5758, "picture")
    ('1 picture', '5,758 pictures')
    """
    return f"{n:,} {word if n == 1 else plural(word)}"


def is_or_are(n: int) -> str:
    """Return the verb of so many.

    >>> is_or_are(1), is_or_are(0)
    ('is', 'are')
    """
    return "is" if n == 1 else "are"


def in_sentence(title: str) -> str:
    """Return a title as it stands within a sentence; an abbreviation stays as it is.

    >>> in_sentence("Viral pneumonia"), in_sentence("COVID-19")
    ('viral pneumonia', 'COVID-19')
    """
    first, rest = title[:1], title[1:]
    return title if rest[:1].isupper() else first.lower() + rest
