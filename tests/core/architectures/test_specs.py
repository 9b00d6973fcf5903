"""The specs are consistent data, and light."""

import subprocess
import sys

import pytest

from core.architectures import ARCHITECTURES, architecture
from core.errors import TrainingError


def test_every_key_is_the_one_it_is_listed_under():
    assert all(spec.key == key for key, spec in ARCHITECTURES.items())


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(TrainingError, match=r"vgg.*mobilenet, densenet169"):
        architecture("vgg")


def test_listing_architectures_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys, core.architectures;"
        "assert not {'keras', 'tensorflow', 'openvino'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
