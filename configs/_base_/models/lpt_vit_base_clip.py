"""ViT-B/16 of OpenAI's CLIP in place of the one pre-trained on ImageNet-21k."""

_base_ = "./lpt_vit_base.py"

model = dict(
    backbone=dict(
        pre_norm=True,
        norm_cfg=dict(type="LN", eps=1e-5),
        layer_cfgs=dict(act_cfg=dict(type="QuickGELU")),
        init_cfg=dict(checkpoint="timm:vit_base_patch16_clip_quickgelu_224.openai"),
    ),
    data_preprocessor=dict(
        mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323]
    ),
)
