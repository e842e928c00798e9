"""What a weight file is, as tables."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console, Group
from rich.table import Table

from lpt_mm.utils.text import for_rich, list_some
from lpt_mm.weights.description import Description
from lpt_mm.weights.identity import describe_backbone
from lpt_mm.weights.weights import Weights


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
    for fact in _facts(weights, description):
        facts.add_row(*map(for_rich, fact))
    fits = list(map(for_rich, configs)) or [for_rich("none of the configs")]
    facts.add_row("fits", Group(*fits))
    console = Console()
    console.print(tensors)
    console.print(facts)


def _facts(weights: Weights, file: Description) -> Iterator[tuple[str, str]]:
    size = sum(tensor.nbytes for tensor in weights.tensors.values()) / 2**20
    yield "format", f"{weights.format}, {len(weights.tensors)} tensors, {size:,.1f} MiB"
    yield "names", file.layout or "of no known layout"
    if file.layout and file.missing:
        yield "backbone", f"not whole: lacks {list_some(file.missing)}"
    if weights.is_light:
        yield "backbone", f"left out: {describe_backbone(weights.identity)}"
    if file.architecture is not None:
        architecture = file.architecture
        yield "backbone", str(architecture)
        yield "width, depth", f"{architecture.embed_dims}, {architecture.num_layers}"
        if file.img_size is not None:
            yield "image size", "{} x {}".format(*file.img_size)
        for name, value in weights.hidden_settings.items():
            yield name, str(value)
        settings = (f"{k}={v!r}" for k, v in architecture.settings().items())
        yield "as PromptedViT", ", ".join(settings)
    if file.phase is not None:
        yield "phase of LPT", str(file.phase)
    if file.prompt_length is not None:
        yield "shared prompt", f"{file.prompt_length} tokens per layer"
    if file.pool_size is not None:
        yield "group prompts", f"{file.pool_size} groups of {file.group_prompt_length}"
        yield "first layers without them", str(file.num_shared_layers)
    if file.num_classes is not None:
        yield "classes", str(file.num_classes)
