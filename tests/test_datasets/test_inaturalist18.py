import json

import pytest
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import gt_labels

CONTENT = dict(
    info=dict(year=2018),
    images=[
        dict(id=7, file_name="train_val2018/Aves/1/b.jpg"),
        dict(id=3, file_name="train_val2018/Plantae/0/a.jpg"),
    ],
    annotations=[
        dict(id=1, image_id=3, category_id=0),
        dict(id=2, image_id=7, category_id=1),
    ],
)


def build(folder, content):
    (folder / "train2018.json").write_text(json.dumps(content))
    cfg = dict(type="INaturalist18", data_root=str(folder), ann_file="train2018.json")
    return DATASETS.build(dict(cfg, pipeline=[]))


def test_images_and_labels_are_joined(tmp_path):
    dataset = build(tmp_path, CONTENT)
    assert gt_labels(dataset).tolist() == [0, 1]
    path = dataset.get_data_info(0)["img_path"]
    assert path == f"{tmp_path}/train_val2018/Plantae/0/a.jpg"
    assert dataset.metainfo["classes"] == ("Plantae/0", "Aves/1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(info=dict(year=2019)), "is of iNaturalist 2019, not of 2018"),
        (dict(annotations=[dict(image_id=9, category_id=0)]), "KeyError: 9"),
        (dict(images=3), "is no annotation file of iNaturalist"),
    ],
)
def test_other_files_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=f"train2018.json .*{message}"):
        build(tmp_path, CONTENT | change)
