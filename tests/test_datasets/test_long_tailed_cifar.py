import pickle

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.datasets import CIFAR10, CIFAR100
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import gt_labels
from tests.conftest import ROOT


def write_cifar(folder, cls, key, num_classes, per_class):
    """Write files like CIFAR's, with the label of an image as its grey level."""
    (folder / cls.base_folder).mkdir()
    for name, _ in cls.train_list + cls.test_list:
        labels = np.tile(np.arange(num_classes), per_class).tolist()
        data = np.repeat(np.uint8(labels)[:, None], 3072, axis=1)
        content = pickle.dumps({"data": data, key: labels})
        (folder / cls.base_folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("cls", "key", "num_classes", "first", "last"),
    [(CIFAR10, "labels", 10, 100, 10), (CIFAR100, "fine_labels", 100, 20, 2)],
)
def test_the_training_images_are_long_tailed(
    tmp_path, monkeypatch, cls, key, num_classes, first, last
):
    write_cifar(tmp_path, cls, key, num_classes, 20)
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    leaf = ROOT / "configs" / "lpt" / f"phase1_{cls.__name__.lower()}_lt_ir10.py"
    cfg = Config.fromfile(leaf).train_dataloader.dataset.dataset
    cfg.dataset.update(data_root=str(tmp_path), pipeline=[])
    dataset = DATASETS.build(cfg)
    counts = np.bincount(gt_labels(dataset))
    assert (counts[0], counts[-1], len(counts)) == (first, last, num_classes)
    assert (np.diff(counts) <= 0).all()
    assert dataset.metainfo["classes"] == cls.METAINFO["classes"]
    image = dataset[5]
    assert (image["img"] == image["gt_label"]).all()


def test_the_config_trains_and_is_tested(run_here, tmp_path, monkeypatch):
    (tmp_path / "data" / "cifar10").mkdir(parents=True)
    write_cifar(tmp_path / "data" / "cifar10", CIFAR10, "labels", 10, 20)
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    options = (
        *("model.backbone.arch=deit-tiny", "model.backbone.init_cfg=None"),
        *("train_cfg.max_epochs=1", "train_dataloader.batch_size=2"),
        *(
            "train_dataloader.num_workers=0",
            "train_dataloader.persistent_workers=False",
        ),
        *("train_dataloader.num_batch_per_epoch=2", "test_dataloader.num_workers=0"),
        "test_dataloader.dataset.indices=20",
    )
    leaf = ROOT / "configs" / "lpt" / "phase1_cifar10_lt_ir10.py"
    out = run_here(ROOT / "tools" / "train.py", leaf, "--cfg-options", *options)
    assert "training set: 403 images of 10 classes, 100 to 10 per class" in out
    checkpoint = "work_dirs/phase1_cifar10_lt_ir10/epoch_1.pth"
    test = (ROOT / "tools" / "test.py", leaf, checkpoint, "--cfg-options", *options)
    assert "lpt: few <= 20 < medium <= 100 < many" in run_here(*test)
