"""Features of the training images, for heads that compare with them."""

from functools import partial

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.feature_pass import compute_features
from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError


@HOOKS.register_module()
class FeatureBankHook(Hook):
    """Fill the bank of a ``FeatureBankHead`` before a test, with the class counts.

    Args:
        train_dataloader: Config of the loader of a training, whose images are read
            with the transforms of the test.
    """

    priority = "VERY_HIGH"  # before ClassCountHook, which would miss the counts

    def __init__(self, train_dataloader: dict) -> None:
        self.train_dataloader = train_dataloader

    def before_test(self, runner: Runner) -> None:
        """Fill the bank."""
        if runner.world_size > 1:
            raise UserError(
                "without training there is nothing to share among processes, each of "
                "which would see a part of the training images: test without a launcher"
            )
        if isinstance(runner.model, BaseTTAModel):
            raise UserError(
                "test-time augmentation of mmpretrain would augment the images that "
                "are compared with, too: test without --tta, or with that of lpt_mm's "
                "tools/test.py"
            )
        model = get_ori_model(runner.model)
        if not isinstance(model.head, FeatureBankHead):
            raise UserError(
                f"FeatureBankHook: {type(model.head).__name__} compares with no "
                "features; remove the hook, or use NearestNeighborHead"
            )
        model.backbone.load_source()  # no checkpoint brings its weights
        test = runner.cfg.test_dataloader
        cfg = dict(train_dataloader=self.train_dataloader, test_dataloader=test)
        loader = runner.build_dataloader(training_images(Config(cfg)))
        feature_of = partial(model.extract_feat, stage="pre_logits")
        features = compute_features(model, loader, feature_of, "training images")
        model.head.fill(*features)
        counts = count_classes(loader.dataset, model.head.num_classes)
        for metric in runner.test_evaluator.metrics:
            if getattr(metric, "cls_num_list", counts) is None:
                metric.cls_num_list = counts
