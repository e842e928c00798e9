"""Preparation of benchmarks, on tables of the tests' own and without network."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from lpt_mm.preparation import BENCHMARKS, PartState, prepare, print_states
from lpt_mm.preparation.benchmarks import (
    Archive,
    Benchmark,
    DataFiles,
    ImageTree,
    SplitFile,
)
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "prepare.py"
LIST = b"train/a/1.jpg 0\ntrain/a/2.jpg 0\ntrain/b/1.jpg 1\n"
PATHS = [line.split()[0].decode() for line in LIST.splitlines()]
PAGE, IMAGES = "https://page.example", "https://images.example"
ARCHIVE = Archive("images.tar", IMAGES, "train/")
SPLIT = SplitFile(
    "train.txt", 3, PAGE, ARCHIVE, sha256=hashlib.sha256(LIST).hexdigest()
)
JSON_SPLIT = SplitFile("train.txt", 2, PAGE, ARCHIVE, json="train2018.json")
JSON_LIST = b"train_val2018/Plantae/0/a.jpg 0\ntrain_val2018/Aves/1/b.jpg 1\n"
JSON = dict(
    info=dict(year=2018),
    images=[
        dict(id=7, file_name="train_val2018/Aves/1/b.jpg"),
        dict(id=3, file_name="train_val2018/Plantae/0/a.jpg"),
    ],
    annotations=[
        dict(id=1, image_id=3, category_id=0),
        dict(id=2, image_id=7, category_id=1),
    ],
)


def run(folder, split=SPLIT, lists=None):
    """Prepare a benchmark of one list; return the states on list and images."""
    return prepare(Benchmark("bench", lists=(split,)), folder, lists)


def touch(folder, *paths, content="x"):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def snapshot(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def source(tmp_path):
    """Make a folder of the user's copies."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.txt").write_bytes(LIST)
    return tmp_path / "source"


def test_everything_in_place(root):
    (root / "train.txt").write_bytes(LIST)
    touch(root, *PATHS)
    before = snapshot(root)
    on_list, on_images = run(root)
    assert on_list.in_place and on_list.state == "3 images; its checksum is right"
    assert on_images.in_place and on_images.state == "all 3 are there"
    assert snapshot(root) == before


def test_nothing_in_place(tmp_path):
    on_list, on_images = run(tmp_path / "none")
    assert on_list.state == "missing"
    assert on_list.todo.startswith(f"get train.txt from {PAGE} and put it into ")
    assert on_images.state.startswith("not checked: there is no split list")
    assert on_images.todo == "get train.txt, then run this again"
    assert not (tmp_path / "none").exists()


def test_local_copy(root, source):
    on_list, _ = run(root, lists=source)
    assert on_list.in_place and on_list.state.startswith(f"copied from '{source}")
    assert snapshot(root) == snapshot(source) == {"train.txt": LIST}


def test_tampered_copy_is_not_taken(root, source):
    (source / "train.txt").write_bytes(LIST.replace(b"b/1.jpg 1", b"b/1.jpg 0"))
    on_list, _ = run(root, lists=source)
    assert "is another list: its sha256 is" in on_list.state
    assert f"'{source / 'train.txt'}'" in on_list.state
    assert not on_list.in_place and snapshot(root) == {}


def test_fetched(root, source):
    url = (source / "train.txt").as_uri()
    on_list, _ = run(root, replace(SPLIT, url=url))
    assert on_list.in_place and on_list.state.startswith(f"fetched from {url};")
    assert snapshot(root) == {"train.txt": LIST}


@pytest.mark.parametrize("sha256", [SPLIT.sha256, None])
def test_another_page_is_not_taken_for_the_list(root, source, sha256):
    (source / "train.txt").write_text("<html>\nnot found\n</html>\n")
    url = (source / "train.txt").as_uri()
    on_list, _ = run(root, replace(SPLIT, url=url, sha256=sha256))
    assert not on_list.in_place and url in on_list.state
    assert ".part" not in on_list.state and snapshot(root) == {}


def test_failing_network_says_what_to_do(root, source):
    url = (source / "gone.txt").as_uri()
    on_list, _ = run(root, replace(SPLIT, url=url))
    assert on_list.state.startswith(f"could not fetch {url} (")
    assert "\n" not in on_list.state
    assert on_list.todo.startswith(f"fetch {url} (see {PAGE}) and put it into '{root}'")
    assert snapshot(root) == {}


def test_unknown_checksum_is_told(root, source):
    on_list, _ = run(root, replace(SPLIT, sha256=None), source)
    assert on_list.in_place
    assert "3 images; not verified, as no checksum of it is known" in on_list.state
    on_list, _ = run(root, replace(SPLIT, sha256=None, images=4))
    assert "lists 3 images, not 4; left as it is" in on_list.state
    assert not on_list.in_place


def test_other_list_is_left_alone(root, source):
    touch(root, "train.txt", content="train/a/1.jpg 0\r\n")
    before = snapshot(root)
    split = replace(SPLIT, url=(source / "train.txt").as_uri())
    on_list, on_images = run(root, split, source)
    assert on_list.state.endswith("left as it is") and not on_list.in_place
    assert on_images.state.startswith("1 of 1 are missing")
    assert snapshot(root) == before


def test_link_to_nothing_is_left_alone(root, source):
    (root / "train.txt").symlink_to(root / "elsewhere.txt")
    on_list, _ = run(root, lists=source)
    assert "is no file, or a link to none" in on_list.state
    assert (root / "train.txt").is_symlink() and snapshot(root) == {}


def test_file_that_appears_meanwhile_is_left_alone(root, source, monkeypatch):
    def download(url, file):
        file.write_bytes(LIST)
        (root / "train.txt").write_text("the user's")

    monkeypatch.setattr("lpt_mm.preparation.lists.download", download)
    on_list, _ = run(root, replace(SPLIT, url="https://list.example"))
    assert "is not overwritten" in on_list.state
    assert snapshot(root) == {"train.txt": b"the user's"}


def test_missing_images_are_counted_and_named(root):
    paths = [f"train/a/{number}.jpg" for number in range(9)]
    touch(root, "train.txt", content="".join(f"{path} 0\n" for path in paths))
    touch(root, paths[0])
    touch(root, paths[1], content="")
    _, on_images = run(root, replace(SPLIT, sha256=None, images=9))
    names = ", ".join(paths[1:6])
    assert on_images.state == f"8 of 9 are missing or empty: {names} and 3 more"
    assert f"get images.tar from {IMAGES}" in on_images.todo


def test_list_is_written_from_json(root):
    touch(root, "train2018.json", content=json.dumps(JSON))
    on_list, on_images = run(root, JSON_SPLIT)
    source = f"'{root}/train2018.json'"
    assert on_list.state == f"written from {source}; 2 images, as in {source}"
    assert on_list.in_place and on_images.state.startswith("2 of 2 are missing")
    assert (root / "train.txt").read_bytes() == JSON_LIST
    on_list, _ = run(root, replace(JSON_SPLIT, sha256="0" * 64))
    assert on_list.in_place and on_list.state.startswith("2 images, as in ")
    (root / "train.txt").write_bytes(b"\r\n".join(reversed(JSON_LIST.splitlines())))
    assert run(root, JSON_SPLIT)[0].in_place  # in another order
    public = replace(JSON_SPLIT, sha256=hashlib.sha256(JSON_LIST).hexdigest())
    (root / "train.txt").unlink()
    assert run(root, public)[0].state.endswith("2 images; its checksum is right")


def test_list_that_differs_from_json_is_left_alone(root):
    touch(root, "train2018.json", content=json.dumps(JSON))
    touch(root, "train.txt", content="a/1.jpg 0\nb/1.jpg 1\n")
    before = snapshot(root)
    on_list, _ = run(root, JSON_SPLIT)
    assert "has other lines than" in on_list.state and not on_list.in_place
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(info=dict(year=2017)), "info.year must be 2018, got 2017"),
        (dict(annotations=[]), "train2018.json .*: annotations must be a list that"),
        (dict(annotations=JSON["annotations"][:1]), "lists 1 images, not 2"),
    ],
)
def test_other_json_is_refused(root, source, change, message):
    (source / "train.txt").unlink()
    touch(source, "train2018.json", content=json.dumps(JSON | change))
    on_list, _ = run(root, JSON_SPLIT, source)
    assert re.search(message, on_list.state)
    assert on_list.todo.startswith("get train2018.json (train2018.json.tar.gz) from")
    assert not on_list.in_place and snapshot(root) == {}


def test_images_in_folders(root):
    tree = ImageTree("sketch", 2, 3, ARCHIVE)
    benchmark = Benchmark("bench", trees=(tree,))
    assert prepare(benchmark, root)[0].state == "missing"
    touch(root, "sketch/a/1.JPEG", "sketch/a/2.png", "sketch/b/README.txt")
    (part,) = prepare(benchmark, root)
    assert part.state == "2 images in 1 classes instead of 3 in 2"
    touch(root, "sketch/b/1.jpg")
    assert prepare(benchmark, root)[0].in_place


def test_files_with_checksums(root):
    files = DataFiles((("a", hashlib.md5(b"x").hexdigest()), ("b", "0")), ARCHIVE)
    benchmark = Benchmark("bench", files=(files,))
    touch(root, "a")
    assert prepare(benchmark, root)[0].state == "b is missing"
    touch(root, "a", content="y")
    md5 = "415290769594460e2e485922904f345d instead of 9dd4e461268c8034f5c8564e155c67a6"
    assert prepare(benchmark, root)[0].state == f"a has the MD5 {md5}, b is missing"
    good = replace(files, md5=files.md5[:1])
    touch(root, "a")
    assert prepare(replace(benchmark, files=(good,)), root)[0].in_place


def test_folders_that_are_none(tmp_path):
    touch(tmp_path, "file")
    with pytest.raises(NotADirectoryError, match="file' is no folder"):
        run(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match="there is no folder '.*none'"):
        run(tmp_path, lists=tmp_path / "none")


def test_table_is_sound():
    names = "places_lt imagenet_lt inat18 cifar10_lt cifar100_lt imagenet_sketch"
    assert set(BENCHMARKS) >= set(names.split())
    for benchmark in BENCHMARKS.values():
        parts = (benchmark.lists, benchmark.trees, benchmark.files, benchmark.folds)
        assert any(parts)
        for split in benchmark.lists:
            assert split.sha256 is None or len(bytes.fromhex(split.sha256)) == 32
            assert split.page.startswith("http")
            assert split.url is None or split.url.startswith("https://")


def test_tool(run_here, root, source, monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "places_lt", Benchmark("bench", lists=(SPLIT,)))
    output = run_here(TOOL, "places_lt", "--root", root, fails=True)
    assert "missing" in output and PAGE in output
    assert output.endswith("error: 2 of 2 items are not in place")
    touch(root, *PATHS)
    output = run_here(TOOL, "places_lt", "--root", root, "--lists", source)
    assert "copied from" in output and "all 3 are there" in output
    output = run_here(TOOL, "places_lt", "--root", root / "train.txt", fails=True)
    assert "train.txt' is no folder" in output


def test_steps_are_told_once_and_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    long = "get " + "x" * 300
    states = [PartState("a", "[red]\x1b"), PartState("b", "b", long)]
    print_states([*states, PartState("c", "c", long)], "title")
    output = capsys.readouterr().out
    assert "[red]\\x1b" in output and "nothing" in output
    assert output.count("x" * 300) == 1 and f"step 1: {long}\n" in output


def test_tool_looks_where_the_configs_do(run_here, tmp_path):
    assert "data/cifar100'" in run_here(TOOL, "cifar100_lt", fails=True)
    assert list(tmp_path.iterdir()) == []
