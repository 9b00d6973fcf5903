"""The card: read back as written, refused with the key that is wrong."""

import pytest
import yaml

from core.errors import ModelVersionError
from core.inference.card import CardFigure, MetricSet, check_card_fits_task, parse_card
from core.tasks import load_task
from tests.small_version import small_card

TASK = load_task("kidney_ct")


def changed(**values):
    content = yaml.safe_load(small_card(TASK).to_yaml())
    return yaml.safe_dump(content | values).encode()


def test_a_card_is_read_back_as_it_was_written():
    figure = CardFigure(value=0.7, low=0.6, high=None, n=10, n_groups=3)
    metrics = (MetricSet(split="test", title="Own test split", n=10, figures={"accuracy": figure}),)
    card = small_card(TASK, metrics=metrics, known_failures=("Misses small stones.",))
    assert parse_card(card.to_yaml()) == card


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"schema": 2}, "schema"),
        ({"class_names": ["one"]}, "class_names"),
        ({"recipe_fingerprint": "abc"}, "recipe_fingerprint"),
        ({"created_at": "2026-01-02T03:04:05"}, "created_at"),
        ({"input_size": [0, 224]}, "card as a whole"),
        ({"class_names": ["a", "a"]}, "card as a whole"),
        ({"files": {"../x": "stray"}}, "card as a whole"),
    ],
)
def test_a_wrong_key_is_named(values, key):
    with pytest.raises(ModelVersionError, match=f"wrong at .*{key}"):
        parse_card(changed(**values))


@pytest.mark.parametrize("text", [b"", b"- 1", b"a: [", b"\xff\xfe"])
def test_what_is_no_card_is_refused(text):
    with pytest.raises(ModelVersionError, match=r"card\.yaml of the model version cannot be read"):
        parse_card(text)


def test_a_removed_class_is_refused_against_the_task():
    card = small_card(TASK, class_names=TASK.class_names[:3])
    with pytest.raises(ModelVersionError, match="has the classes cyst, normal, stone;"):
        check_card_fits_task(card, TASK)


def test_another_order_of_the_same_classes_is_refused():
    card = small_card(TASK, class_names=TASK.class_names[::-1])
    with pytest.raises(ModelVersionError, match="in this order"):
        check_card_fits_task(card, TASK)


def test_a_version_of_another_task_is_refused():
    with pytest.raises(ModelVersionError, match="belongs to task kidney_ct, not chest_xray"):
        check_card_fits_task(small_card(TASK), load_task("chest_xray"))
