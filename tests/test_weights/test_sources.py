import pytest
import torch

from lpt_mm.weights import WeightFileError
from lpt_mm.weights.sources import local_file, read_weights


@pytest.fixture(autouse=True)
def _hub_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))


def test_urls_of_files_with_the_same_name_are_kept_apart(tmp_path):
    for value in (1, 2):
        folder = tmp_path / str(value)
        folder.mkdir()
        torch.save({"w": torch.tensor(value)}, folder / "model.pth")
    for value in (1, 2):
        url = (tmp_path / str(value) / "model.pth").as_uri()
        assert read_weights(url).tensors["w"] == value
        (tmp_path / str(value) / "model.pth").unlink()
        assert read_weights(url).tensors["w"] == value  # from the copy
    assert len(list((tmp_path / "hub" / "checkpoints").iterdir())) == 2


def test_a_url_that_cannot_be_fetched_says_where_to_put_the_file(tmp_path):
    url = (tmp_path / "gone.pth").as_uri()
    with pytest.raises(WeightFileError, match=r"could not fetch .*hub/checkpoints/.*-"):
        local_file(url)


def test_what_was_fetched_in_vain_is_not_kept(tmp_path):
    (tmp_path / "model.pth").write_text("<html>404")
    with pytest.raises(WeightFileError, match="is a web page"):
        read_weights((tmp_path / "model.pth").as_uri())
    assert not list((tmp_path / "hub" / "checkpoints").iterdir())


@pytest.mark.parametrize(
    "name", ["../../x", "{}", "", "vit_glyphs.pth", "../weights/vit_glyphs"]
)
def test_names_of_this_package_do_not_leave_it(tmp_path, name):
    torch.save({"w": torch.ones(1)}, tmp_path / "x.pth")
    packaged = "only vit_glyphs, vit_photos, vit_photos_simclr"
    with pytest.raises(WeightFileError, match=f"no backbone '.*', {packaged}"):
        read_weights(f"lpt_mm:{name.format(tmp_path / 'x')}")
    for backbone in ("vit_glyphs", "vit_photos", "vit_photos_simclr"):
        assert "pos_embed" in read_weights(f"lpt_mm:{backbone}").tensors
