"""Full fine-tuning: the whole transformer and a linear classifier, no prompts."""

tuning = dict(
    backbone=dict(prompt_mode="none", frozen=False),
    head=dict(
        type="LinearHead",
        head_init=None,  # at random, whatever the model file says
        loss=dict(_delete_=True, type="CrossEntropyLoss"),
        instance_loss=None,
    ),
)
