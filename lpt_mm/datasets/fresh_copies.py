"""Subsets of mmengine's data sets that share nothing with earlier subsets."""

from mmengine.dataset import BaseDataset

_copy_with_memo = BaseDataset._copy_without_annotation


def _copy_without_annotation(self: BaseDataset, memo: dict | None = None) -> object:
    return _copy_with_memo(self, {} if memo is None else memo)


def copy_subsets_afresh() -> None:
    """Give each copy of a data set a memory of its own.

    mmengine's ``get_subset`` remembers all copies of a process by the addresses of what
    was copied (a ``dict()`` as default argument). An address may be used again: two
    ``KFoldDataset`` then share transforms, silently, or have something else for them.
    """
    BaseDataset._copy_without_annotation = _copy_without_annotation
