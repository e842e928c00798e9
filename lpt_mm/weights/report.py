"""What a weight file is, as tables, and which configs take it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from rich.console import Console, Group
from rich.table import Table

from lpt_mm.utils.text import for_rich, list_some
from lpt_mm.weights.checks import find_misfit
from lpt_mm.weights.description import Description, describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import describe_backbone
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
    if description.phase is None and not description.tunings:
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
    for path in sorted([*folder.glob("lpt/*.py"), *folder.glob("recipes/*.py")]):
        model = build_skeleton(Config.fromfile(path).model)
        if find_misfit(model, weights, new="") is None:
            yield path


def print_weights(
    weights: Weights, description: Description, configs: Iterable[Path]
) -> None:
    """Print the tensors of a weight file, what it is, and the configs that take it."""
    tensors = Table("tensor", "shape", "type", title="Tensors")
    tensors.add_column("KiB", justify="right")
    for name, tensor in weights.tensors.items():
        tensors.add_row(
            for_rich(name),
            " x ".join(map(str, tensor.shape)) or "number",
            str(tensor.dtype).removeprefix("torch."),
            f"{tensor.nbytes / 1024:,.1f}",
        )
    facts = Table(show_header=False, title="What it is")
    for name, fact in _facts(weights, description).items():
        if fact is not None:
            facts.add_row(for_rich(name), for_rich(fact))
    fits = list(map(for_rich, configs)) or [for_rich("none of the configs")]
    facts.add_row("fits", Group(*fits))
    console = Console()
    console.print(tensors)
    console.print(facts)


def _facts(weights: Weights, file: Description) -> dict[str, object]:
    """Name the facts; those that are not known are None."""
    size = sum(tensor.nbytes for tensor in weights.tensors.values()) / 2**20
    facts = {
        "format": f"{weights.format}, {len(weights.tensors)} tensors, {size:,.1f} MiB",
        "names": file.layout or "of no known layout",
    }
    if weights.is_light:
        facts["backbone"] = f"left out: {describe_backbone(weights.identity)}"
    elif file.layout and file.missing:
        facts["backbone"] = f"not whole: lacks {list_some(file.missing)}"
    if (vit := file.architecture) is not None:
        facts["backbone"] = vit
        facts["width, depth"] = f"{vit.embed_dims}, {vit.num_layers}"
        facts["image size"] = file.img_size and "{} x {}".format(*file.img_size)
        facts |= weights.hidden_settings
        settings = (f"{k}={v!r}" for k, v in vit.settings().items())
        facts["as PromptedViT"] = ", ".join(settings)
    facts["phase of LPT"] = file.phase
    if file.prompt_length is not None:
        facts["shared prompt"] = f"{file.prompt_length} tokens per layer"
    for name, width in file.tunings.items():
        facts[name] = f"bottleneck {width}"
    if file.pool_size is not None:
        groups = f"{file.pool_size} groups of {file.group_prompt_length}"
        facts["group prompts"] = groups
        facts["first layers without them"] = file.num_shared_layers
    return facts | {"classes": file.num_classes}
