"""A transformer of timm, and ours of the same size."""

from mmpretrain.registry import MODELS

ARCH = dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=96)


def build(checkpoint, **kwargs):
    defaults = dict(
        type="PromptedViT",
        arch=ARCH,
        img_size=16,
        patch_size=8,
        prompt_mode="none",
        init_cfg=dict(type="PretrainedViT", checkpoint=str(checkpoint)),
    )
    vit = MODELS.build(defaults | kwargs)
    vit.init_weights()
    return vit


TIMM = dict(patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5)
