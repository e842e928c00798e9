"""CIFAR-10-LT: as CIFAR-100-LT; mmpretrain fetches CIFAR-10 (163 MiB)."""

_base_ = "./cifar100_lt.py"

data_root = "data/cifar10/"
train_dataloader = dict(
    dataset=dict(dataset=dict(dataset=dict(type="CIFAR10", data_root=data_root)))
)
test_dataloader = dict(dataset=dict(type="CIFAR10", data_root=data_root))
