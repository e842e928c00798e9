import math

from mmengine.config import Config

from lpt_mm.sweep.run import config_text


def test_a_config_is_read_back_as_it_was(tmp_path):
    inf, nan = float("inf"), float("nan")
    settings = dict(
        limits=[inf, -inf, 1e-30, (inf,), ()],
        nested={"a'b": dict(x=inf, name="inf"), 3: None},
        missing=nan,
        name="\x1b'\\",
        flag=True,
    )
    (tmp_path / "config.py").write_text(config_text(settings))
    read = Config.fromfile(tmp_path / "config.py").to_dict()
    assert math.isnan(read.pop("missing"))
    del settings["missing"]
    assert read == settings
