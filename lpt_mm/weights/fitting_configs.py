"""Which configs take a weight file?"""

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from lpt_mm.weights.checks import find_misfit
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.layouts import is_official
from lpt_mm.weights.official import from_official
from lpt_mm.weights.pretrained_vit import fit_backbone
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.weights import Weights


def fitting_configs(weights: Weights, folder: str | Path) -> Iterator[Path]:
    """Find the configs in the folder ``configs`` that the weights fit, by trying all.

    They are leaves that test a trained model, if need be once it is converted from that
    of the authors, or model files that start from a backbone.
    """
    folder = Path(folder).resolve(strict=True)
    init_default_scope("mmpretrain")
    description = describe(weights)
    if description.architecture is None and not weights.is_light:
        return
    if description.phase is None:
        for path in sorted(folder.glob("_base_/models/*.py")):
            backbone = build_skeleton(Config.fromfile(path).model.backbone)
            try:
                fit_backbone(backbone, weights)
            except WeightFileError:
                continue
            yield path
        return
    if is_official(weights.tensors):
        weights = from_official(weights)
    for path in sorted(folder.glob("lpt/*.py")):
        model = build_skeleton(Config.fromfile(path).model)
        if find_misfit(model, weights, new="") is None:
            yield path
