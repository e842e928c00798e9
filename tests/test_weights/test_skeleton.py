from copy import deepcopy

from lpt_mm.weights.skeleton import build_skeleton


def test_a_config_that_its_model_would_change_is_left_as_it_is():
    mixing = dict(augments=[dict(type="CutMix", alpha=1.0)], probs=[0.5])
    model = dict(
        type="ImageClassifier",
        backbone=dict(type="VisionTransformer", arch="deit-t", img_size=32),
        head=dict(type="LinearClsHead", num_classes=3, in_channels=192),
        data_preprocessor=dict(num_classes=3),
        train_cfg=mixing,
    )
    before = deepcopy(model)
    assert build_skeleton(model).head.num_classes == 3
    assert model == before
