"""The configs of a data set of one's own."""

from pathlib import Path

from lpt_mm.preparation.new_dataset import (
    NewDataset,
    choose_batch_size,
    choose_epochs,
    choose_thresholds,
)

DATASET = '''"""{name}: {num_classes:,} classes, {num_train:,} training images.

{most:,} to {least:,} per class. Written by tools/dataset_converters/new_dataset.py.
"""

_base_ = "./places_lt.py"

data_root = {root!r}
metainfo = dict(classes=data_root + "{name}_classes.txt")
train_dataloader = dict(
    batch_size={batch_size},
    dataset=dict(
        dataset=dict(
            data_root=data_root, ann_file="{name}_train.txt", metainfo=metainfo
        )
    ),
)
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file="{name}_val.txt", metainfo=metainfo)
)
test_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file="{name}_test.txt", metainfo=metainfo)
)
# Shot groups by training images: few <= {low} < medium <= {high} < many.
val_evaluator = dict(thresholds=({low}, {high}))
test_evaluator = dict(thresholds=({low}, {high}))
'''
PHASE1 = '''"""LPT phase 1 on {name}: the shared prompt.

Command:  python tools/train.py configs/lpt/phase1_{name}.py --amp
"""

_base_ = [
    "../_base_/models/lpt_vit_base.py",
    "../_base_/datasets/{name}.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(head=dict(num_classes={num_classes}))
train_cfg = dict(max_epochs={epochs})
# The best epoch on the validation list is kept as best_long_tail_mean_class_*.pth.
default_hooks = dict(
    checkpoint=dict(save_best="long_tail/mean_class", rule="greater")
)
'''
PHASE2 = '''"""LPT phase 2 on {name}: group prompts.

Command:  python tools/train.py configs/lpt/phase2_{name}.py --amp
"""

_base_ = "./phase1_{name}.py"

phase1_work_dir = "work_dirs/phase1_{name}"

model = dict(backbone=dict(frozen_prompts=True), neck=_base_.group_prompts)
'''


def new_files(dataset: NewDataset, name: str, configs: Path) -> dict[Path, str]:
    """Write down the lists and configs of a data set.

    Args:
        dataset: The data set.
        name: What it is to be called.
        configs: Folder of the configs.

    Returns:
        The text of each file by its path: lists and class names in the folder of the
        images, a data set file and the leaves of both phases in that of the configs.
    """
    low, high = choose_thresholds(dataset.counts)
    num_train = sum(dataset.counts)
    batch_size = choose_batch_size(num_train)
    values = dict(
        name=name,
        root=f"{dataset.folder.as_posix()}/",
        num_classes=len(dataset.classes),
        num_train=num_train,
        most=max(dataset.counts),
        least=min(dataset.counts),
        batch_size=batch_size,
        epochs=choose_epochs(num_train, batch_size),
        low=low,
        high=high,
    )
    lists = {f"{name}_{split}": lines for split, lines in dataset.splits.items()}
    lists[f"{name}_classes"] = list(dataset.classes)
    files = {
        dataset.folder / f"{stem}.txt": "\n".join(lines) + "\n"
        for stem, lines in lists.items()
    }
    files[configs / "_base_" / "datasets" / f"{name}.py"] = DATASET.format(**values)
    files[configs / "lpt" / f"phase1_{name}.py"] = PHASE1.format(**values)
    files[configs / "lpt" / f"phase2_{name}.py"] = PHASE2.format(**values)
    return files
