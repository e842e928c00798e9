"""The authors' optimizer; the learning rate is that of 256 + 256 images a step."""

optim_wrapper = dict(
    optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=0.01)
)
# The rate follows the images of a step: batch_size of the loader times processes, and
# times accumulative_counts.
auto_scale_lr = dict(enable=True, base_batch_size=256)
param_scheduler = [
    dict(type="WarmupLR", start_factor=1e-3, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", convert_to_iter_based=True),
]
train_cfg = dict(type="ResumableTrainLoop", max_epochs=40, val_interval=1)
val_cfg = dict()
test_cfg = dict()
