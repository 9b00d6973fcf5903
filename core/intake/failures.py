"""Third-party decoders fail in many ways; each becomes one sentence of ours.

The text of a third-party exception is never passed on: it may quote a tag's value.
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import IntakeError

EXPORT_AGAIN = "Export it again."

# Every family that Pillow, OpenCV, pydicom and the codecs behind them were seen to raise on damaged
# bytes. KeyError and IndexError are LookupErrors; RecursionError and NotImplementedError are
# RuntimeErrors; a unicode error is a ValueError.
DECODER_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    SyntaxError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    BufferError,
    struct.error,
    zlib.error,
)


def incomplete() -> IntakeError:
    """Return the refusal of a file that ends too early."""
    return IntakeError("The file is incomplete.", remedy=EXPORT_AGAIN)


@contextmanager
def refusing(
    problem: str, *, remedy: str, also: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn every failure of a decoder inside the block into one :class:`IntakeError`.

    Parameters
    ----------
    problem, remedy : str
        The two sentences of the refusal.
    also : tuple of exception types
        A library's own exceptions that derive from no family listed here.
    """
    try:
        yield
    except (*DECODER_FAILURES, *also):
        raise IntakeError(problem, remedy=remedy) from None


def silence(package: str) -> None:
    """Keep a decoder's warnings and log lines, which quote values of the file, out of our logs.

    What matters in them intake finds out itself and says in a note or a refusal.
    """
    warnings.filterwarnings("ignore", module=package)
    logging.getLogger(package).setLevel(logging.CRITICAL + 1)
