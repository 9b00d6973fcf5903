"""Messages between the server and its gradient process: a JSON header and named arrays.

Nothing in a message can name code to run: arrays are plain ``.npz`` without objects.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_LENGTHS = struct.Struct(">QQ")  # of the header and of the arrays, in bytes


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What is said, with its arrays.

    ``header["kind"]`` says which message it is; ``header["id"]`` which request it belongs to.
    """

    header: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Which message it is."""
        return str(self.header["kind"])


def write_message(stream: BinaryIO, message: Message) -> None:
    """Write one message and flush.

    Raises
    ------
    OSError
        If nobody reads any more.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> write_message(stream, Message({"kind": "ready"}, {"a": np.arange(3)}))
    >>> _ = stream.seek(0)
    >>> message = read_message(stream)
    >>> message.kind, message.arrays["a"].tolist()
    ('ready', [0, 1, 2])
    """
    header = json.dumps(dict(message.header)).encode()
    packed = io.BytesIO()
    if message.arrays:
        np.savez(packed, **message.arrays)  # type: ignore[arg-type]  # its stub names a flag
    content = packed.getvalue()
    stream.write(_LENGTHS.pack(len(header), len(content)) + header + content)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """Read one message; None where the other side has ended."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    n_header, n_arrays = _LENGTHS.unpack(lengths)
    header, content = stream.read(n_header), stream.read(n_arrays)
    if len(header) < n_header or len(content) < n_arrays:
        return None
    arrays: dict[str, NDArray[Any]] = {}
    if content:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    return Message(json.loads(header), arrays)
