"""The tool that lists CIFAR-10's JPEG files."""

from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "cifar10_jpeg.py"
CLASSES = [f"class{i}" for i in range(10)]


def test_lists_are_written_once(run_here, tmp_path):
    for split, count in (("train", 2500), ("test", 2)):
        for name in CLASSES:
            folder = tmp_path / "cifar" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i:04d}.jpg").touch()
    out = run_here(TOOL, "cifar")
    lists = {
        name: (tmp_path / "cifar" / f"{name}.txt").read_text().splitlines()
        for name in ("pretrain", "train", "val", "test")
    }
    assert {k: len(v) for k, v in lists.items()} == dict(
        pretrain=12500, train=2478, val=2000, test=20
    )
    assert "pretrain 12500, train 2478, val 2000" in " ".join(out.split())
    assert lists["test"][:3] == [
        "test/class0/0000.jpg 0",
        "test/class0/0001.jpg 0",
        "test/class1/0000.jpg 1",
    ]
    assert "exists and is not overwritten" in run_here(TOOL, "cifar", fails=True)


def test_another_folder_is_refused(run_here, tmp_path):
    (tmp_path / "train" / "cat").mkdir(parents=True)
    out = run_here(TOOL, ".", fails=True)
    assert "has 1 class folders, CIFAR-10 has 10" in " ".join(out.split())
