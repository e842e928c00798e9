"""VPT-deep with Gaussian clouded logits, as GNM-PT trains it (NeurIPS 2024)."""

tuning = dict(
    backbone=dict(prompt_mode="deep", prompt_init="uniform"),
    head=dict(
        scale=25.0,
        dropout=0.0,
        loss=dict(_delete_=True, type="GCLLoss", margin=0.1, noise_mul=1.0),
        instance_loss=None,
    ),
)
