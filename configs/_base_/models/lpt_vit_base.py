"""LPT on ViT-B/16 pre-trained on ImageNet-21k; phase-2 leaves add the group prompts."""

model = dict(
    type="LPTClassifier",
    backbone=dict(
        type="PromptedViT",
        arch="base",
        img_size=224,
        patch_size=16,
        prompt_length=10,
        init_cfg=dict(
            type="PretrainedViT", checkpoint="timm:vit_base_patch16_224.augreg_in21k"
        ),
    ),
    head=dict(
        type="CosineHead",
        # The authors' settings for the class- and the instance-balanced half.
        loss=dict(type="AsymmetricGCLLoss", gamma_pos=0.0, gamma_neg=4.0),
        instance_loss=dict(type="AsymmetricGCLLoss", gamma_pos=0.5, gamma_neg=8.0),
    ),
    data_preprocessor=dict(
        type="ClsDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
    ),
)
# model.neck of phase 2
group_prompts = dict(
    type="GroupPromptNeck",
    pool_size=20,
    topk=2,
    prompt_length=10,
    num_shared_layers=6,
)
