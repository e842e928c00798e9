"""A run that is interrupted, and goes on, equals one that is not."""

import numpy as np
import pytest
import torch
from mmengine.dataset import InfiniteSampler
from mmpretrain.registry import LOOPS
from torch.utils.data import DataLoader

from lpt_mm.engine.loops.resumable_train_loop import require_step
from lpt_mm.utils.seeds import seed_all
from tests.test_engine.short_runs import assert_same, make_runner, read

LAST = dict(epoch="epoch_4.pth", iter="iter_20.pth")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Train without an interruption, saving by epoch and by step."""
    runs = {}
    for saving in LAST:
        folder = tmp_path_factory.mktemp(saving)
        keep = {"default_hooks.checkpoint.max_keep_ckpts": -1}
        runner, record = make_runner(folder, saving=saving, **keep)
        runner.train()
        runs[saving] = folder, record
    return runs


def test_saving_does_not_change_a_run(whole):
    (by_epoch, record), (by_iter, other) = whole["epoch"], whole["iter"]
    assert record.steps == other.steps
    assert_same(
        read(by_epoch / LAST["epoch"])["state_dict"],
        read(by_iter / LAST["iter"])["state_dict"],
    )


@pytest.mark.parametrize(
    ("workers", "start"),
    [
        (0, "epoch_1.pth"),
        (2, "epoch_2.pth"),
        (0, "iter_9.pth"),  # in the middle of the second epoch
        (2, "iter_12.pth"),
        (0, "iter_15.pth"),  # after an epoch's last step, before its end
    ],
)
def test_a_resumed_run_equals_one_left_alone(whole, tmp_path, workers, start):
    saving = start.split("_")[0]
    folder, record = whole[saving]
    runner, resumed = make_runner(tmp_path, workers, saving, folder / start)
    runner.train()
    if workers:  # left to the garbage collector this takes 10 s
        runner.train_dataloader._iterator._shutdown_workers()
    first = read(folder / start)["meta"]["iter"]
    assert list(resumed.steps) == list(range(first, 20))
    for i, step in resumed.steps.items():
        assert step == record.steps[i], i
    final, expected = (read(place / LAST[saving]) for place in (tmp_path, folder))
    for part in ("state_dict", "optimizer", "param_schedulers"):
        assert_same(final[part], expected[part])


def test_a_validation_that_was_missed_is_made_up_for(tmp_path):
    runner, record = make_runner(tmp_path, epochs=2)
    runner.train()
    assert record.validations == [2]
    # Epoch 2 was saved before it was validated, as if the run had ended in between.
    runner, record = make_runner(tmp_path, resume=tmp_path / "epoch_2.pth")
    runner.train()
    assert record.validations == [2, 4]
    runner, record = make_runner(tmp_path, resume=tmp_path / "epoch_4.pth")
    runner.train()
    assert record.validations == [4]
    assert not record.steps


def test_what_is_skipped_is_not_read(tmp_path):
    reads = []

    class Reads(list):
        def __getitem__(self, i):
            reads.append(i)
            return i

    loop = LOOPS.get("ResumableTrainLoop")
    loader = DataLoader(Reads(range(10)), batch_size=2)
    skipping = loop._run_epoch_from.__globals__["_skipping"]
    with skipping(loader, 3):
        assert len(loader) == 5
        assert [batch.tolist() for batch in loader] == [[6, 7], [8, 9]]
    assert reads == [6, 7, 8, 9]
    assert len(list(loader)) == 5

    class Unknown:
        def __iter__(self):
            yield [0]

        def __len__(self):
            return 1

    loader = DataLoader(Reads(range(10)), batch_sampler=Unknown())
    with pytest.raises(ValueError, match="not Unknown"), skipping(loader, 1):
        pass


def test_seeds_depend_on_all_numbers():
    def draw(*entropy):
        seed_all(*entropy)
        return torch.rand(1).item(), np.random.rand()  # noqa: NPY002

    assert draw(0, 1, 2) == draw(0, 1, 2)
    assert len({draw(*e) for e in [(0, 1, 2), (0, 2, 1), (1, 1, 2), (0, 1, 3)]}) == 4


def test_an_epoch_must_have_a_full_batch(tmp_path):
    runner, _ = make_runner(tmp_path, **{"train_dataloader.batch_size": 44})
    message = r"no full batch: .* 43 of the 43 .*batch_size=44.*lower train_dataload"
    with pytest.raises(ValueError, match=message):
        runner.train()


def test_batches_that_need_not_be_full_are_steps():
    data = range(3)
    for options in (
        dict(batch_size=4),
        dict(batch_size=3, drop_last=True),
        dict(batch_size=4, drop_last=True, sampler=InfiniteSampler(data)),
    ):
        require_step(DataLoader(data, **options))
