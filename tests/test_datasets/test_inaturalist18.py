import json
import math
import re

import pytest
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.inaturalist18 import read_json
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
        (dict(info=dict(year=2019)), "info.year must be 2018, got 2019"),
        (dict(info=[]), "info.year must be 2018, got None"),
        (dict(images=3), "images must be a list that is not empty, got 3"),
        (dict(images=[None]), "images[0] must be an object, got None"),
        (dict(annotations=[]), "annotations must be a list that is not empty, got []"),
        (dict(annotations={}), "annotations must be a list that is not empty, got {}"),
    ],
)
def test_other_files_are_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        build(tmp_path, CONTENT | change)
    assert str(error.value).startswith(f"{tmp_path}/train2018.json is no ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(image_id=9), "image_id must be the id of an image, got 9"),
        (dict(image_id=[7]), "image_id must be the id of an image, got [7]"),
        (dict(category_id=math.inf), "category_id must be a whole number "),
        (dict(category_id=math.nan), "category_id must be a whole number "),
        (dict(category_id=0.5), "category_id must be a whole number "),
        (dict(category_id=True), "category_id must be a whole number "),
        (dict(category_id="1"), "category_id must be a whole number "),
        (dict(category_id=-1), "category_id must be a whole number "),
        (
            dict(category_id=999999999),
            "category_id must be a whole number from 0 to 999999, got 999999999",
        ),
    ],
)
def test_a_wrong_annotation_is_named(tmp_path, change, message):
    annotations = [CONTENT["annotations"][0], CONTENT["annotations"][1] | change]
    with pytest.raises(ValueError, match=re.escape(f"annotations[1].{message}")):
        build(tmp_path, CONTENT | dict(annotations=annotations))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(file_name=None), "file_name must be a path, got None"),
        (dict(file_name=""), "file_name must be a path, got ''"),
        (dict(file_name="a\nb"), "file_name must be a path, got 'a\\nb'"),
        (dict(file_name="\ud800"), "file_name must be a path, got '\\ud800'"),
        (dict(file_name="http://a/b"), "file_name must be a path, got 'http://a/b'"),
        (dict(id=None), "id must be a number, got None"),
        (dict(id=7), "id must be another than those before, got 7"),
    ],
)
def test_a_wrong_image_is_named(tmp_path, change, message):
    images = [CONTENT["images"][0], CONTENT["images"][1] | change]
    with pytest.raises(ValueError, match=re.escape(f"images[1].{message}")):
        build(tmp_path, CONTENT | dict(images=images))


@pytest.mark.parametrize("text", ["", "{", "[" * 10**5, '{"a":' + "[" * 10**5, "\0"])
def test_what_is_no_json_is_refused_in_a_line(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=r"x\.json is ") as error:
        read_json(tmp_path / "x.json")
    assert len(str(error.value).splitlines()) == 1
