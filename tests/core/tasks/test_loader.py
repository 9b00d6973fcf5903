"""Tasks are data: ours are right, a user's joins without code, a wrong one is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from core.errors import TaskError
from core.tasks import load_task, load_tasks
from core.tasks.loader import OWN_FOLDER, read_task

GOOD = (OWN_FOLDER / "kidney_stone.yaml").read_text(encoding="utf-8")


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, **changes: object) -> Path:
    """Write a task that is right but for these changes; None takes a key away."""
    content = {**yaml.safe_load(GOOD), "key": "mine", **changes}
    return written(folder, yaml.safe_dump({k: v for k, v in content.items() if v is not None}))


def one_class(**changes: object) -> list[dict[str, object]]:
    classes = yaml.safe_load(GOOD)["classes"]
    return [classes[0], {**classes[1], **changes}]


def test_the_product_brings_its_five_tasks():
    assert set(load_tasks()) == {
        "kidney_ct",
        "kidney_stone",
        "glomeruli",
        "chest_xray",
        "phantom_ct",
    }


@pytest.mark.parametrize(
    ("key", "class_names", "group_is_case"),
    [
        ("kidney_ct", ("cyst", "normal", "stone", "tumor"), True),
        ("kidney_stone", ("normal", "stone"), True),
        ("glomeruli", ("sclerotic", "non_sclerotic"), False),
        (
            "chest_xray",
            ("healthy", "covid19", "bacterial_pneumonia", "viral_pneumonia"),
            False,
        ),
        ("phantom_ct", ("cyst", "normal", "stone", "tumor"), True),
    ],
)
def test_classes_stand_in_the_promised_order(key, class_names, group_is_case):
    task = load_task(key)
    assert task.class_names == class_names
    assert task.group_is_case is group_is_case


def test_every_task_names_the_finding_whose_miss_costs_most():
    for task in load_tasks().values():
        costs = {item.key: item.miss_cost for item in task.classes}
        assert max(costs, key=costs.__getitem__) in task.findings
        assert all(costs[key] > 0 for key in task.findings), task.key


def test_kidney_stone_reads_kidney_ct_folders():
    source = load_task("kidney_stone").source_for("kidney_ct")
    assert source.labels == {"stone": "stone", "normal": "normal"}


def test_only_the_phantoms_are_synthetic():
    assert [task.key for task in load_tasks().values() if task.synthetic] == ["phantom_ct"]


def test_a_user_adds_a_task_with_a_file_and_no_code(use_settings, tmp_path):
    changed(tmp_path, title="Mine")
    use_settings(tasks=tmp_path)
    assert load_task("mine").title == "Mine"
    assert load_task("kidney_ct").title == "Kidney CT"


def test_a_users_task_cannot_replace_one_of_ours(use_settings, tmp_path):
    written(tmp_path, GOOD, "kidney_stone.yaml")
    use_settings(tasks=tmp_path)
    with pytest.raises(TaskError, match=r"kidney_stone\.yaml.*exists already"):
        load_tasks()


def test_a_folder_of_tasks_that_is_not_there_is_refused(use_settings, tmp_path):
    use_settings(tasks=tmp_path / "gone")
    with pytest.raises(TaskError, match="gone"):
        load_tasks()


def test_an_unknown_task_is_refused_with_the_known_ones_named():
    with pytest.raises(TaskError, match="kidney_ct, kidney_stone") as caught:
        load_task("knee")
    assert "'knee'" in caught.value.problem


WRONG: dict[str, tuple[dict[str, object], str, str]] = {
    "an unknown key at the top": ({"clases": []}, "clases", "classes"),
    "a missing key": ({"title": None}, "title", "is missing"),
    "an empty title": ({"title": ""}, "title", "not empty"),
    "one class only": ({"classes": one_class()[:1]}, "classes", "at least 2"),
    "classes that are no list": ({"classes": "stone"}, "classes", "a list"),
    "a colour by name": ({"classes": one_class(colour="red")}, "classes.1.colour", "red"),
    "an unknown key in a class": (
        {"classes": one_class(color="#000000")},
        "classes.1.color",
        "colour",
    ),
    "a class with a space in it": ({"classes": one_class(key="a b")}, "classes.1.key", "a b"),
    "a negative cost": ({"classes": one_class(miss_cost=-1)}, "classes.1.miss_cost", "-1"),
    "a finding that is no yes or no": (
        {"classes": one_class(finding="perhaps")},
        "classes.1.finding",
        "perhaps",
    ),
    "no finding at all": ({"classes": one_class(finding=False)}, "", "finding: true"),
    "the same class twice": ({"classes": one_class(key="normal")}, "", "not all different"),
    "an alias that is another class's key": (
        {"classes": one_class(aliases=["normal"])},
        "",
        "stands for two classes",
    ),
    "an unknown colour space": ({"colour": "cmyk"}, "colour", "'grey' or 'rgb'"),
    "a window of one number": ({"window": [40]}, "window", "is missing"),
    "a window of words": ({"window": ["low", "high"]}, "window.0", "low"),
    "no recipe": ({"recipe": []}, "recipe", "at least 1"),
    "a step without a name": ({"recipe": [{"parameters": {}}]}, "recipe.0.step", "is missing"),
    "no source": ({"sources": []}, "sources", "at least 1"),
    "labels that map to no class": (
        {"sources": [{"task": "kidney_ct", "labels": {"stone": "gallstone"}}]},
        "",
        "gallstone",
    ),
    "another key than the file's name": ({"key": "yours"}, "key", "'mine'"),
}


@pytest.mark.parametrize(("changes", "key", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_the_file_the_key_and_what_is_allowed(
    tmp_path, changes, key, told
):
    with pytest.raises(TaskError) as caught:
        read_task(changed(tmp_path, **changes))
    message = str(caught.value)
    assert "mine.yaml" in message
    assert key in message
    assert told in message
    assert "\n" not in message


def test_every_fault_is_told_at_once_with_what_is_allowed(tmp_path):
    path = changed(tmp_path, colour=None, group_is_case=None, modalities="CT")
    with pytest.raises(TaskError) as caught:
        read_task(path)
    assert "colour is missing" in caught.value.problem
    assert "group_is_case is missing" in caught.value.problem
    assert "modalities is 'CT'" in caught.value.problem
    for allowed in ("grey or rgb", "true or false", "a list"):
        assert allowed in caught.value.remedy


@pytest.mark.parametrize(
    "text", ["", "- a\n- b\n", "just text", "key: [unclosed", "key: mine\n\tbad: tab\n"]
)
def test_a_file_that_holds_no_keys_and_values_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(TaskError, match=r"mine\.yaml") as caught:
        read_task(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path):
    text = GOOD + "colour: grey\n"
    first, again = (n for n, line in enumerate(text.splitlines(), 1) if line.startswith("colour:"))
    with pytest.raises(TaskError, match=f"'colour' stands in line {first} and again in") as caught:
        read_task(written(tmp_path, text))
    assert (caught.value.row, caught.value.column) == (again, "colour")
    assert "mine.yaml" in caught.value.problem


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00key")
    with pytest.raises(TaskError, match=r"mine\.yaml"):
        read_task(path)


def test_yaml_cannot_run_code(tmp_path):
    canary = tmp_path / "canary"
    text = f"key: !!python/object/apply:os.mkdir ['{canary}']\n"
    with pytest.raises(TaskError):
        read_task(written(tmp_path, text))
    assert not canary.exists()
