"""ViT-B/14 of DINOv2 in place of the one pre-trained on ImageNet-21k.

ViT-S/14 is arch="dinov2-small" with timm:vit_small_patch14_dinov2.lvd142m.
"""

_base_ = "./lpt_vit_base.py"

model = dict(
    backbone=dict(
        patch_size=14,
        layer_scale_init_value=1e-5,
        init_cfg=dict(checkpoint="timm:vit_base_patch14_dinov2.lvd142m"),
    ),
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
)
