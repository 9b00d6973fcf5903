"""The store of pictures: lossless, named by the pixels, damage is seen."""

import os

import numpy as np
import pytest

from core.errors import PersistenceError
from core.persistence import pictures

DRAW = np.random.default_rng(2)
VALUES = {
    "8 bits": (DRAW.integers(0, 256, (9, 7)), ".png"),
    "8 bits colour": (DRAW.integers(0, 256, (9, 7, 3)), ".png"),
    "one value": (np.full((5, 5), 7), ".png"),
    "HU": (DRAW.integers(-1024, 3072, (9, 7)), "_plus-"),
    "16 bits": (np.array([[0, 65535], [1, 256]]), "_plus0.png"),
    "16 bits colour": (DRAW.integers(0, 65536, (9, 7, 3)), "_plus"),
    "more than 16 bits": (np.array([[0.0, 65536.0]]), ".npz"),
    "not whole": (DRAW.normal(size=(9, 7)), ".npz"),
    "not whole, colour": (DRAW.random((9, 7, 3)), ".npz"),
    "negative nought": (np.array([[-0.0, 0.5]]), ".npz"),
    "very large": (np.array([[3e30, 3e30]]), ".npz"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_come_back_exactly(home, kind):
    values, ending = VALUES[kind]
    values = values.astype(np.float32)
    digest = pictures.keep(values)
    assert ending in pictures.find(digest).name
    found = pictures.read(digest)
    assert found.dtype == np.float32
    assert np.array_equal(found, values)
    assert pictures.keep(values) == digest
    assert [path.name.startswith(digest) for path in pictures.files()] == [True]


def test_the_digest_is_of_values_and_shape():
    flat = np.arange(6, dtype=np.float32)
    digests = {
        pictures.digest_of(values)
        for values in (flat.reshape(2, 3), flat.reshape(3, 2), flat.reshape(2, 3) + 1)
    }
    assert len(digests) == 3
    assert pictures.digest_of(np.asfortranarray(flat.reshape(2, 3))) in digests


@pytest.mark.parametrize("data", [b"", b"\x89PNG", None])
def test_a_damaged_picture_is_refused(home, data):
    digest = pictures.keep(np.arange(64, dtype=np.float32).reshape(8, 8))
    path = pictures.find(digest)
    if data is None:
        other = pictures.find(pictures.keep(np.ones((8, 8), np.float32)))
        data = other.read_bytes()
    path.write_bytes(data)
    with pytest.raises(PersistenceError, match=f"picture {digest[:8]}"):
        pictures.read(digest)


def test_a_picture_that_is_gone_or_cannot_be_stored_is_a_sentence(home, monkeypatch):
    with pytest.raises(PersistenceError, match="is not in the store"):
        pictures.read("0" * 64)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures.os, "fsync", full)
    with pytest.raises(PersistenceError, match="Not saved: the picture"):
        pictures.keep(np.ones((4, 4), np.float32))
    assert list(home.rglob("*.part")) == list(pictures.files()) == []


def test_drafts_that_a_kill_left_are_swept_and_pictures_stay(home):
    path = pictures.find(pictures.keep(np.ones((4, 4), np.float32)))
    old, young = (path.with_name(f".{name}.part") for name in ("old", "young"))
    for draft in (old, young):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert pictures.sweep() == 1
    assert (old.exists(), young.exists(), path.exists()) == (False, True, True)
