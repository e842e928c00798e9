"""LIFT: AdaptFormer, a cosine classifier, logit adjustment. Paper: arXiv 2309.10019.

Its paper's default; the classifier starts as the leaves say, by text or class means.
"""

tuning = dict(
    backbone=dict(prompt_mode="none", tunings=[dict(type="AdaptFormer")]),
    head=dict(
        scale=25.0,
        dropout=0.0,
        loss=dict(_delete_=True, type="LogitAdjustedLoss"),
        instance_loss=None,
    ),
)
