"""What all runs share.

mmpretrain's file of this name is not inherited: that needs ``pkg_resources``, which
current setuptools no longer has.
"""

default_scope = "mmpretrain"
custom_imports = dict(imports=["lpt_mm"], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=100),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(type="SafeCheckpointHook", interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    visualization=dict(type="VisualizationHook", enable=False),
    config_check=dict(type="ConfigCheckHook"),
    launcher=dict(type="LauncherHook"),
    start=dict(type="StartHook"),
    checkpoint_check=dict(type="CheckpointCheckHook"),
    settings_check=dict(type="SettingsCheckHook"),
    resume=dict(type="ResumeHook"),
    class_count=dict(type="ClassCountHook"),
    data_check=dict(type="DataCheckHook"),
    beta_schedule=dict(type="BetaScheduleHook", eta=0.5),
    choice_noise=dict(type="ChoiceNoiseHook"),
    prompt_init=dict(type="PromptInitHook"),
    head_init=dict(type="HeadInitHook"),
    key_init=dict(type="KeyInitHook"),
    group_prompt_init=dict(type="GroupPromptInitHook"),
    matching=dict(type="MatchingHook"),
    plain_checkpoint=dict(type="PlainCheckpointHook"),
    progress=dict(type="ProgressHook"),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),  # the tools take gloo where there is no GPU
)
visualizer = dict(
    type="UniversalVisualizer", vis_backends=[dict(type="LocalVisBackend")]
)
log_level = "INFO"
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
