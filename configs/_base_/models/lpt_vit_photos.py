"""LPT on the embedded backbone for photographs: 2.8 M parameters, 64 x 64 pixels."""

_base_ = "./lpt_vit_base.py"

model = dict(
    backbone=dict(
        arch=dict(
            _delete_=True,
            embed_dims=192,
            num_layers=6,
            num_heads=3,
            feedforward_channels=768,
        ),
        img_size=64,
        patch_size=16,
        prompt_length=5,
        init_cfg=dict(checkpoint="lpt_mm:vit_photos"),
    ),
    # Features of a small backbone have much in common; few epochs do from here.
    head=dict(head_init="class_means", center=True),
)
group_prompts = dict(prompt_length=5, num_shared_layers=3)
