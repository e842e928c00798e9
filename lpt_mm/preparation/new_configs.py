"""The lists and configs of a data set of one's own."""

from pathlib import Path

from lpt_mm.preparation.new_dataset import (
    NewDataset,
    choose_batch_size,
    choose_epochs,
    choose_thresholds,
)
from lpt_mm.utils.new_file import require_new

WRITTEN = "Written by tools/dataset_converters/new_dataset.py."
DATASET = '''"""{name}: {num_classes:,} classes, {num_train:,} training images.

{most:,} to {least:,} per class. {written}
"""

_base_ = "./places_lt.py"

_img_size = {img_size}  # that of the model, too
train_pipeline = [
    dict(type="LoadRandomResizedCrop", scale=_img_size),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackInputs"),
]
_side = round(_img_size * 8 / 7)
test_pipeline = [
    dict(type="LoadImage"),
    dict(
        type="Resize", scale=(_side, _side), backend="pillow", interpolation="bilinear"
    ),
    dict(type="CenterCrop", crop_size=_img_size),
    dict(type="PackInputs"),
]
data_root = {root!r}
_images = dict(
    data_root=data_root, metainfo=dict(classes=data_root + "{name}_classes.txt")
)
train_dataloader = dict(
    batch_size={batch_size},
    dataset=dict(
        dataset=dict(ann_file="{name}_train.txt", pipeline=train_pipeline, **_images)
    ),
)
val_dataloader = dict(
    dataset=dict(ann_file="{name}_val.txt", pipeline=test_pipeline, **_images)
)
test_dataloader = dict(
    dataset=dict(ann_file="{name}_test.txt", pipeline=test_pipeline, **_images)
)
# Shot groups by training images: few <= {low} < medium <= {high} < many.
val_evaluator = dict(thresholds=({low}, {high}))
test_evaluator = dict(thresholds=({low}, {high}))
'''
PHASE1 = '''"""LPT phase 1 on {name}: the shared prompt.

Command:  python tools/train.py configs/lpt/phase1_{name}.py --amp
"""

_base_ = [
    "../_base_/models/{model}.py",
    "../_base_/datasets/{name}.py",
    "../_base_/schedules/lpt_sgd.py",
    "../_base_/default_runtime.py",
]

model = dict(
    backbone=dict({backbone}),
    head=dict(num_classes={num_classes}),
)
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
BASELINE = '''"""{title} on {name}.

Command:  python tools/train.py configs/baselines/{tuning}_{name}.py --amp
"""

_base_ = ["../lpt/phase1_{name}.py", "../_base_/tunings/{tuning}.py"]

model = _base_.tuning
train_dataloader = dict(sampler=dict(type="InstanceBalancedSampler"))
'''
BASELINES = dict(linear_probe="Linear probe", vpt_deep="VPT-deep")


def new_lists(dataset: NewDataset, name: str) -> dict[Path, str]:
    """Give the text of the lists and class names by path, in the images' folder."""
    lists = {**dataset.splits, "classes": dataset.classes}
    return {
        dataset.folder / f"{name}_{part}.txt": "\n".join(lines) + "\n"
        for part, lines in lists.items()
    }


def new_configs(
    dataset: NewDataset,
    name: str,
    configs: Path,
    img_size: int,
    backbone: tuple[str, dict],
) -> dict[Path, str]:
    """Give the text by path of the configs of a data set, both phases and baselines.

    The backbone is the name of a model file, and what is set in ``model.backbone``.
    """
    low, high = choose_thresholds(dataset.counts)
    num_train = sum(dataset.counts)
    batch_size = choose_batch_size(num_train)
    model, settings = backbone
    settings = [f", {key}={value!r}" for key, value in settings.items()]
    values = dict(
        name=name,
        written=WRITTEN,
        root=f"{dataset.folder.as_posix()}/",
        num_classes=len(dataset.classes),
        num_train=num_train,
        most=max(dataset.counts),
        least=min(dataset.counts),
        batch_size=batch_size,
        epochs=choose_epochs(num_train, batch_size),
        low=low,
        high=high,
        img_size=img_size,
        model=model,
        backbone="img_size=_base_._img_size" + "".join(settings),
    )
    texts = {
        f"_base_/datasets/{name}.py": DATASET.format(**values),
        f"lpt/phase1_{name}.py": PHASE1.format(**values),
        f"lpt/phase2_{name}.py": PHASE2.format(**values),
    }
    for tuning, title in BASELINES.items():
        text = BASELINE.format(title=title, tuning=tuning, **values)
        texts[f"baselines/{tuning}_{name}.py"] = text
    return {configs / path: text for path, text in texts.items()}


def require_own(config: Path, *others: Path) -> None:
    """Refuse files that exist, unless the data set's config was written by this."""
    if not (config.is_file() and WRITTEN in config.read_text(encoding="utf-8")):
        require_new(config, *others)
