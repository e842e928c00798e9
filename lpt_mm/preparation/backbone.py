"""Which settings a backbone needs."""

from pathlib import Path

from mmengine.config import Config

from lpt_mm.utils.errors import UserError
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pretrained_vit import fit_backbone
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.sources import read_weights

PACKAGED = {"photos": "lpt_vit_photos"}  # model files of backbones of this package
SCHEDULES = {"lpt_vit_photos": "lpt_sgd_photos"}  # of model files; else LPT's
# The least epochs and the least steps, which are worth their time on few images.
LENGTH = (40, 2000)
LENGTHS = {"lpt_vit_photos": (10, 900)}  # from class means, few will do
# How training images are cut, by model file. A small backbone that stays frozen knows
# things by their size: with random crops it is trained on what tests do not show.
CROPS = {"lpt_vit_photos": "*_centre"}
RANDOM_CROP = 'dict(type="LoadRandomResizedCrop", scale=_img_size)'


def settings_of_backbone(
    source: str | None, img_size: int | None, configs: Path
) -> tuple[str, dict]:
    """Choose the settings that take weights.

    Args:
        source: Their source, as ``PretrainedViT`` takes it; timm's are not fetched; or
            ``'photos'`` for that of this package. By default that of the model file.
        img_size: Side of the images in pixels, by default that of the model file.
        configs: Folder of the configs.

    Returns:
        Name of the file in ``_base_/models``, and what is set in ``model.backbone``,
        ``img_size`` always.
    """
    model, settings, weights = PACKAGED.get(source, "lpt_vit_base"), {}, None
    if source is not None and source not in PACKAGED:
        weights = read_weights(source, fetch=False)
        architecture = describe(weights).architecture
        if architecture is None:
            raise WeightFileError(f"{source} holds no whole vision transformer")
        if architecture.pre_norm:
            model = "lpt_vit_base_clip"
        elif architecture.layer_scale_init_value:
            model = "lpt_vit_base_dinov2"
        settings = architecture.settings()
        if isinstance(settings["arch"], dict):
            raise WeightFileError(
                f"{source} is a {architecture}, whose number of heads no tensor shows: "
                "leave --backbone out, and set model.backbone in the config"
            )
    file = configs / "_base_" / "models" / f"{model}.py"
    backbone = Config.fromfile(file).model.backbone
    patch = settings.get("patch_size", backbone.patch_size)
    if img_size is None:
        img_size = backbone.img_size
    if img_size < 1 or img_size % patch:
        raise UserError(
            f"--img-size must be a multiple of the {patch} pixels of the backbone's "
            f"patches, got {img_size}"
        )
    # What the model file has already need not be said again.
    settings = {k: v for k, v in settings.items() if backbone.get(k) != v}
    if weights is not None:
        fit_backbone(build_skeleton({**backbone, **settings}), weights)
        settings["init_cfg"] = dict(checkpoint=source)
    return model, dict(settings, img_size=img_size)
