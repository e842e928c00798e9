"""The graph of a trained model: tensors in, tensors out, no Python between them."""

from operator import attrgetter

import torch
from mmpretrain.models.classifiers import BaseClassifier
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

INPUT = "images"
OUTPUTS = ("scores", "features")
FREE_BATCH = {INPUT: {0: Dim("batch")}}


class Scorer(nn.Module):
    """What an exported file computes.

    Args:
        model: The classifier.
        with_preprocessing: Whether the model's ``data_preprocessor`` is part of the
            graph; else the images are as that gives them.
    """

    def __init__(self, model: BaseClassifier, with_preprocessing: bool) -> None:
        super().__init__()
        self.model = model
        self.with_preprocessing = with_preprocessing

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Compute the scores and what they are computed from.

        Args:
            images: (B, channels, H, W); with preprocessing uint8, in RGB where the
                model works on RGB, else float32.

        Returns:
            The ``scores`` (B, C), probabilities that add up to 1 as the model predicts
            them, and the ``features`` (B, D) that its head classifies.
        """
        model = self.model
        if self.with_preprocessing:
            if model.data_preprocessor.to_rgb:  # it takes BGR
                images = images.flip(1)
            images = model.data_preprocessor(dict(inputs=images))["inputs"]
        feats = model.extract_feat(images)
        scores = model.head(feats).softmax(dim=1)
        return dict(scores=scores, features=model.head.pre_logits(feats))


@torch.no_grad()
def trace(module: nn.Module, images: Tensor) -> ExportedProgram:
    """Trace what a module computes, for batches of any size.

    Args:
        module: The module, in evaluation mode; it takes ``images``.
        images: A batch of at least 2 images.

    Returns:
        The graph.
    """
    return torch.export.export(
        module, (images,), dynamic_shapes=FREE_BATCH, strict=False
    )


@torch.no_grad()
def fold_constants(program: ExportedProgram) -> fx.GraphModule:
    """Replace what does not depend on the images with its value.

    Args:
        program: A graph.

    Returns:
        A module that computes the same. Keys and values of the shared prompts are among
        what it does not compute again.
    """
    module = program.module()
    graph = module.graph
    values: dict[fx.Node, object] = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            values[node] = attrgetter(node.target)(module)
        elif node.op == "call_function" and values.keys() >= set(node.all_input_nodes):
            args, kwargs = fx.map_arg((node.args, node.kwargs), values.__getitem__)
            values[node] = node.target(*args, **kwargs)
    names: dict[tuple, str] = {}  # layers that run twice use the same weights
    for node, value in values.items():
        if node.op == "get_attr" or values.keys() >= node.users.keys():
            continue
        key = (value.data_ptr(), value.shape, value.stride())
        if key not in names:
            names[key] = f"constant_{len(names)}"
            value = value.clone(memory_format=torch.contiguous_format)
            module.register_buffer(names[key], value)
        with graph.inserting_before(node):
            node.replace_all_uses_with(graph.get_attr(names[key]))
    for node in reversed(graph.nodes):
        # Neither tests of constants, nor those of the input: its shape is in the graph.
        if node.op == "call_module" or (node in values and not node.users):
            graph.erase_node(node)
    return fx.GraphModule(module, graph).eval()  # with the attributes alone it uses
