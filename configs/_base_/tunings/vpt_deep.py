"""VPT-deep: prompts in every layer, a linear classifier. Paper: arXiv 2203.12119."""

tuning = dict(
    backbone=dict(prompt_mode="deep"),
    head=dict(
        type="LinearHead",
        head_init=None,  # at random, whatever the model file says
        loss=dict(_delete_=True, type="CrossEntropyLoss"),
        instance_loss=None,
    ),
)
