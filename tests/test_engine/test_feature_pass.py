import torch
from mmengine.dataset import default_collate
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.testing import assert_close
from torch.utils.data import DataLoader

from lpt_mm.engine.feature_pass import compute_features
from tests.golden import tiny_lpt


def test_features_of_all_images_in_order_without_a_graph(capsys):
    model = MODELS.build(tiny_lpt(2)).train()
    images = torch.randn(5, 3, 16, 16)
    dataset = [
        dict(inputs=image, data_samples=DataSample().set_gt_label(i))
        for i, image in enumerate(images)
    ]
    loader = DataLoader(dataset, batch_size=2, collate_fn=default_collate)
    feature, label = compute_features(model, loader, model.query, "[red]five\n")
    assert not model.training
    assert not feature.requires_grad
    assert label.tolist() == [0, 1, 2, 3, 4]
    assert_close(feature, model.extract_feat(images, "backbone")[0].detach())
    assert model.neck.co_choice is None  # only training counts
    assert "five\n" not in capsys.readouterr().out
