"""Full fine-tuning: the whole transformer and a linear classifier, no prompts."""

tuning = dict(
    backbone=dict(prompt_mode="none", frozen=False),
    head=dict(
        type="LinearHead",
        loss=dict(_delete_=True, type="CrossEntropyLoss"),
        instance_loss=None,
    ),
)
