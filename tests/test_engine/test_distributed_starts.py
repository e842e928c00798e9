"""Two processes start from where one would."""

import torch
from torch.testing import assert_close

from tests.programs import run_script, run_together
from tests.test_engine import distributed_starts


def test_processes_start_from_where_one_would(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    run_script(one, [distributed_starts.__file__, str(one), "none"])
    run_together(two, 2, distributed_starts.__file__, two, "pytorch")
    alone = torch.load(one / "0.pth", weights_only=True)
    first, second = (torch.load(two / f"{i}.pth", weights_only=True) for i in (0, 1))
    assert_close(first, second, rtol=0, atol=0)
    assert_close(first, alone, rtol=1e-9, atol=1e-9)
    # The second process keeps nothing: other machines may not share a folder.
    assert [*(two / "cache0").iterdir()]
    assert not (two / "cache1").exists()
