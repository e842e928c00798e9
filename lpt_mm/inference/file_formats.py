"""The formats that a graph is exported to, and how a file of each is run."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lpt_mm.inference.agreement import Run
from lpt_mm.inference.graph import FREE_BATCH, INPUT, OUTPUTS, trace
from lpt_mm.utils.errors import UserError

OPSET = 20  # of ONNX, whichever torch exports with
LARGEST_ONNX = 2**31  # bytes of a protobuf


class FileFormat(NamedTuple):
    """A format: what it needs, how a graph is written, and how a file is opened."""

    packages: tuple[str, ...]
    largest: float
    write: Callable[[nn.Module, Tensor, Path, Mapping[str, str]], None]
    open: Callable[[Path], Run]

    def require_possible(self, model: nn.Module) -> None:
        """Refuse a model before the work, if it cannot be written.

        Args:
            model: The model.

        Raises:
            UserError: If packages are missing, or its file would be too large.
        """
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise UserError(
                f"this format needs {', '.join(missing)}: "
                f"pip install {' '.join(missing)}"
            )
        size = sum(4 * parameter.numel() for parameter in model.parameters())
        if size > self.largest:
            raise UserError(
                f"the model has {size / 2**30:.1f} GiB, and one file of this format "
                f"holds {self.largest / 2**30:.0f}: export it to exported_program"
            )


def _write_onnx(
    graph: nn.Module, images: Tensor, file: Path, metadata: Mapping[str, str]
) -> None:
    program = torch.onnx.export(
        graph,
        (images,),
        dynamo=True,
        dynamic_shapes=FREE_BATCH,
        input_names=[INPUT],
        output_names=OUTPUTS,
        opset_version=OPSET,
        verbose=False,
    )
    program.model.metadata_props.update(metadata)
    program.save(file, external_data=False)


def _open_onnx(file: Path) -> Run:
    from onnxruntime import InferenceSession  # not everyone has it

    session = InferenceSession(file, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> dict[str, Tensor]:
        outputs = session.run(OUTPUTS, {INPUT: images.numpy()})
        return dict(zip(OUTPUTS, map(torch.from_numpy, outputs), strict=True))

    return run


def _write_program(
    graph: nn.Module, images: Tensor, file: Path, metadata: Mapping[str, str]
) -> None:
    with file.open("wb") as stream:  # of any name, where torch wants NAME.pt2
        torch.export.save(trace(graph, images), stream, extra_files=dict(metadata))


def _open_program(file: Path) -> Run:
    with file.open("rb") as stream:
        return torch.export.load(stream).module()


FORMATS = {
    "onnx": FileFormat(
        ("onnx", "onnxscript", "onnxruntime"), LARGEST_ONNX, _write_onnx, _open_onnx
    ),
    "exported_program": FileFormat((), float("inf"), _write_program, _open_program),
}
