"""What a picture shows, and where."""

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import silhouette_score

from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.features.picture import draw_features
from lpt_mm.features.projection import (
    align,
    project_lda,
    project_tsne,
    select_images,
)
from tests.test_features.test_quality import blobs

GROUPS = ShotGroups(thresholds=(3, 6))
COUNTS = [10] * 30 + [5] * 3 + [1] * 20


def test_classes_are_chosen_evenly_from_the_shot_groups():
    features = blobs(1.0, counts=COUNTS, test=200, dims=53)
    selection = select_images(features, GROUPS)
    sizes = [
        int((selection.groups == name).sum()) for name in ("many", "medium", "few")
    ]
    assert sum(sizes) == len(set(selection.classes)) == 20
    assert sizes == [9, 3, 8]  # there are but three of medium frequency
    assert np.all(np.diff(features.cls_num_list[selection.classes]) <= 0)
    assert len(set(selection.images)) == 20 * 150
    label = features.test_label[selection.images]
    assert np.bincount(label)[selection.classes].tolist() == [150] * 20
    again = select_images(features, GROUPS)
    assert np.array_equal(again.images, selection.images)


def test_two_classes_are_no_picture():
    with pytest.raises(ValueError, match="three classes"):
        select_images(blobs(1.0, counts=(4, 4)), GROUPS)


@pytest.mark.parametrize("project", [project_lda, project_tsne])
def test_projections_keep_classes_apart_and_repeat(project):
    features = blobs(15.0, counts=(9, 4, 1), test=20)
    selection = select_images(features, GROUPS)
    points = project(features, selection)
    label = features.test_label[selection.images]
    assert points.shape == (60, 2)
    assert silhouette_score(points, label) > 0.6
    assert np.array_equal(points, project(features, selection))


def test_lda_does_not_separate_noise():
    """More dimensions than images: axes of the shown images would separate them."""
    features = blobs(0.0, counts=(20, 20, 20), test=30, dims=100)
    selection = select_images(features, GROUPS)
    label = features.test_label[selection.images]
    assert silhouette_score(project_lda(features, selection), label) < 0.05


def test_turned_and_mirrored_points_are_turned_back():
    points = np.random.default_rng(0).normal(size=(9, 2))
    turned = (points @ [[0.6, 0.8], [0.8, -0.6]]) + [3, 4]
    assert np.allclose(align(turned, points), points - points.mean(axis=0))


def test_the_picture_has_a_column_for_each_model(tmp_path):
    features = blobs(2.0, test=20)
    features.class_names = ["$", "a name that is too long", "/a/abbey"]
    selection = select_images(features, GROUPS)
    label = features.test_label[selection.images]
    points = project_lda(features, selection)
    sizes = []
    for names in ("a", "ab"):
        path = tmp_path / f"{names}.png"
        projections = dict.fromkeys(names, (points, points))
        draw_features(projections, selection, label, features.class_names, path)
        with Image.open(path) as image:
            sizes.append(image.size)
    assert sizes[0][1] == sizes[1][1]
    assert sizes[0][0] < sizes[1][0]
