"""LPT on the backbone of configs/pretrain/vit_cifar10_half.py: 1.2 M parameters."""

_base_ = "./lpt_vit_base.py"

model = dict(
    backbone=dict(
        arch=dict(
            _delete_=True,
            embed_dims=128,
            num_layers=6,
            num_heads=4,
            feedforward_channels=512,
        ),
        img_size=24,
        patch_size=4,
        prompt_length=5,
        init_cfg=dict(checkpoint="data/cifar10_jpeg/vit_half.pth"),
    ),
)
group_prompts = dict(prompt_length=5, num_shared_layers=3)
