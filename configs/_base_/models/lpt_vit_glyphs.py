"""LPT on the embedded backbone: 0.30 M parameters, 8 x 8 grey images."""

_base_ = "./lpt_vit_base.py"

model = dict(
    backbone=dict(
        arch=dict(
            _delete_=True,
            embed_dims=64,
            num_layers=6,
            num_heads=4,
            feedforward_channels=256,
        ),
        img_size=8,
        patch_size=2,
        in_channels=1,
        # Beside 17 tokens, more prompts disturb the features more than they help.
        prompt_length=1,
        init_cfg=dict(checkpoint="lpt_mm:vit_glyphs"),
    ),
    data_preprocessor=dict(mean=[127.5], std=[127.5], to_rgb=False),
)
group_prompts = dict(prompt_length=1, num_shared_layers=3)
