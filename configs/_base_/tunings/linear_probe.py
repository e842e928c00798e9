"""Linear probe: a linear classifier on the frozen transformer."""

tuning = dict(
    backbone=dict(prompt_mode="none"),
    head=dict(
        type="LinearHead",
        head_init=None,  # at random, whatever the model file says
        loss=dict(_delete_=True, type="CrossEntropyLoss"),
        instance_loss=None,
    ),
)
