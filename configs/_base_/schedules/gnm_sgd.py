"""The optimizer of GNM-PT's authors; the learning rate is that of 128 images a step."""

optim_wrapper = dict(
    optimizer=dict(type="SGD", lr=0.005, momentum=0.9, weight_decay=1e-3)
)
auto_scale_lr = dict(enable=True, base_batch_size=128)
param_scheduler = [dict(type="CosineAnnealingLR")]
train_cfg = dict(type="ResumableTrainLoop", max_epochs=70, val_interval=1)
val_cfg = dict()
test_cfg = dict()
