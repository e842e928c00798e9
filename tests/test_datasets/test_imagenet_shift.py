import os

import pytest
import torch
from mmpretrain.registry import DATASETS, METRICS
from PIL import Image
from timm.data import ImageNetInfo

from lpt_mm.datasets.labels import gt_labels


def build(folder, names):
    for name in names:
        (folder / name).mkdir()
        Image.new("RGB", (4, 4)).save(folder / name / "1.JPEG")
        (folder / name / "readme.txt").write_text("no image")
    return DATASETS.build(dict(type="ImageNetShift", data_root=str(folder)))


def test_wordnet_ids_get_the_labels_of_imagenet(tmp_path):
    dataset = build(tmp_path, ["n15075141", "n01440764", "n01443537"])
    assert gt_labels(dataset).tolist() == [0, 1, 999]
    assert dataset.metainfo["scored_classes"] == (0, 1, 999)
    assert dataset.metainfo["classes"] == tuple(sorted(dataset.metainfo["classes"]))
    names = ImageNetInfo("imagenet-1k").label_names()
    assert dataset.metainfo["classes"] == tuple(names)


def test_class_indices_are_numbers_not_words(tmp_path):
    dataset = build(tmp_path, ["10", "9", "100", "0"])
    assert sorted(gt_labels(dataset).tolist()) == [0, 9, 10, 100]
    for i, label in enumerate(gt_labels(dataset)):
        assert f"/{label}/1.JPEG" in dataset.get_data_info(i)["img_path"]


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match="the folder 'cats' of .* is no class"):
        build(tmp_path, ["cats"])
    with pytest.raises(FileNotFoundError, match="there is no folder '.*gone'"):
        DATASETS.build(dict(type="ImageNetShift", data_root=str(tmp_path / "gone")))


def test_nothing_is_left_out_in_silence(tmp_path, monkeypatch):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "._1.JPEG").write_bytes(b"what macOS adds")
    assert len(build(tmp_path, ["7"])) == 1
    scan = os.scandir

    def guarded(path):
        if str(path).endswith("/7"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(PermissionError, match="Permission denied: '.*/7'"):
        build(tmp_path, [])


def test_classes_that_are_not_there_are_no_prediction(tmp_path):
    metric = METRICS.build(dict(type="LongTailMetric", cls_num_list=[200, 50, 5]))
    score = [0.6, 0.1, 0.3]
    sample = dict(gt_label=2, pred_label=0, pred_score=torch.tensor(score))
    metric.dataset_meta = dict(scored_classes=(1, 2))
    metric.process([], [sample])
    assert metric.compute_metrics(metric.results)["overall"] == 100
    metric.results.clear()
    metric.dataset_meta = {}
    metric.process([], [sample])
    assert metric.compute_metrics(metric.results)["overall"] == 0
