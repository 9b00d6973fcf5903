"""A data folder drawn from a seed: pictures, labels.csv, dataset.yaml."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.small_version import slices

LABELS = ("cyst", "normal", "stone", "tumor")


def write_labelled_folder(
    folder: Path, *, n: int = 12, labels: tuple[str, ...] = LABELS, task: str = "kidney_ct"
) -> Path:
    """Write n pictures, three a group, the labels in turn; return the folder."""
    folder.mkdir(parents=True)
    lines = ["file,label,group,centre"]
    for index, picture in enumerate(slices(n, (224, 224), seed=21)[..., 0]):
        name = f"slice_{index:02d}.png"
        Image.fromarray(picture).save(folder / name)
        label = labels[index // 3 % len(labels)]
        lines.append(f"{name},{label},g{index // 3},{'north' if index % 2 else 'south'}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "dataset.yaml").write_text(
        f"name: Drawn set\ntask: {task}\nlabels: labels.csv\ngroup_column: group\n"
        "slice_columns: [centre]\nalready_applied: []\n",
        encoding="utf-8",
    )
    return folder
