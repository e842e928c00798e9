"""What an attacker may write into the config of a pack, with a checksum that fits."""

from collections.abc import Callable


def _set_types(config: object, text: str) -> None:
    """Every component is the hostile one."""
    if isinstance(config, dict):
        for value in config.values():
            _set_types(value, text)
        if "type" in config:
            config["type"] = text
    elif isinstance(config, list):
        for value in config:
            _set_types(value, text)


def _backbone(facts: dict) -> dict:
    return facts["pack"]["model"]["backbone"]


PLAUSIBLE_PACKS: list[Callable[[dict, str], None]] = [
    lambda facts, text: _set_types(facts["pack"]["model"], text),
    lambda facts, text: _set_types(facts["pack"]["pipeline"], text),
    lambda facts, text: facts["pack"]["model"].update(type=text),
    lambda facts, text: _backbone(facts).update(
        init_cfg=dict(type="PretrainedViT", checkpoint=text)
    ),
    lambda facts, text: _backbone(facts).update(
        init_cfg=dict(type="Pretrained", checkpoint=text)
    ),
    lambda facts, text: facts["pack"]["model"].update(pretrained=text),
    lambda facts, text: facts["pack"]["model"].update(
        backbone=dict(type="TIMMBackbone", model_name=text, pretrained=True)
    ),
    lambda facts, text: facts["pack"]["model"].update(
        backbone=dict(type="TIMMBackbone", model_name="x", checkpoint_path=text)
    ),
    lambda facts, text: facts["pack"]["model"].update(
        type="HuggingFaceClassifier", model_name=text, pretrained=True
    ),
    lambda facts, text: _backbone(facts).update(compile=dict(backend=text)),
    lambda facts, text: _backbone(facts).update(arch=text),
    lambda facts, text: _backbone(facts).update(interpolate_mode=text, out_type=text),
    lambda facts, text: facts["pack"].update(_base_=text, default_scope=text),
    lambda facts, text: facts["pack"]["model"].update(_scope_=text, _delete_=True),
    lambda facts, text: facts["pack"]["pipeline"].insert(
        0, dict(type="LoadImageFromFile", backend_args=dict(backend=text))
    ),
    lambda facts, text: facts["pack"]["pipeline"].insert(
        0, dict(type="Resize", scale=[10**6, 10**6])
    ),
    lambda facts, text: facts["pack"]["pipeline"].insert(
        0, dict(type="Albu", transforms=[dict(type=text)])
    ),
    lambda facts, text: facts["pack"]["pipeline"].insert(
        0, dict(type="RandomApply", transforms=[dict(type=text)])
    ),
    lambda facts, text: facts["pack"].update(format=text, lpt_mm=text),
    lambda facts, text: facts["pack"].update(report={text: text}, balancing={}),
    lambda facts, text: facts["pack"].update(
        calibration=dict(
            temperature={text: 1e-300},
            sets={text: dict(kind=text, threshold=[1e300], images=1)},
        )
    ),
    lambda facts, text: facts["pack"].update(balancing=dict(prior_power=text)),
    lambda facts, text: facts["pack"].update(convention=text, thresholds=[text, text]),
    lambda facts, _: facts["pack"]["data_preprocessor"].update(pad_size_divisor=10**6),
    lambda facts, _: _backbone(facts).update(img_size=10**6, patch_size=1),
    lambda facts, _: _backbone(facts)["arch"].update(num_layers=10**6),
    lambda facts, _: _backbone(facts)["arch"].update(embed_dims=10**12),
    lambda facts, text: facts["dataset_meta"].update(classes=[text] * 10),
    lambda facts, text: facts.update(backbone=dict(source=text)),
]
