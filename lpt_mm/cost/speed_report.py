"""The measured numbers as a table."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lpt_mm.cost.data_speed import DataSpeed
from lpt_mm.cost.model_speed import ModelSpeed
from lpt_mm.utils.text import for_rich


def print_speeds(
    speeds: Mapping[str, ModelSpeed | DataSpeed], title: str, machine: str
) -> None:
    """Print what was measured, a column for each model or pipeline.

    Args:
        speeds: ``config`` and perhaps ``reference``.
        title: What was measured.
        machine: What it was measured on.
    """
    columns = {name: _rows(speed) for name, speed in speeds.items()}
    table = Table(title=Text("\n").join(map(for_rich, (title, machine))))
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for row in columns["config"]:
        table.add_row(row, *(column[row] for column in columns.values()))
    console = Console()
    console.print(table)
    if "reference" in speeds:
        for line in _compare(speeds["config"], speeds["reference"]):
            console.print(line)


def _rows(speed: ModelSpeed | DataSpeed) -> dict[str, str]:
    numbers = speed.as_dict()
    low, high = speed.timing.spread
    if isinstance(speed, DataSpeed):
        scale = 1000 / speed.num_images
        return {
            "images/s on one core": f"{numbers['images_per_second']:.1f}",
            "ms/image": f"{scale * speed.timing.median:.3f}",
            "fastest ... slowest": f"{scale * low:.3f} ... {scale * high:.3f}",
        }
    return {
        "images/s": f"{numbers['images_per_second']:.2f}",
        "s/step": f"{speed.timing.median:.4f}",
        "fastest ... slowest": f"{low:.4f} ... {high:.4f}",
        "peak memory above the weights": f"{speed.memory / 2**20:,.1f} MiB",
        "parameters trained": f"{speed.trained:,}",
        "of all": f"{speed.total:,} ({speed.trained / speed.total:.2%})",
        "GFLOP/image": f"{numbers['flops_per_image'] / 1e9:.2f}",
        "matmul peak of this machine": f"{speed.peak_flops / 1e9:,.0f} GFLOP/s",
        "reached of it": f"{speed.peak_share:.1%}",
    }


def _compare(
    speed: ModelSpeed | DataSpeed, reference: ModelSpeed | DataSpeed
) -> list[str]:
    ratio = reference.timing.median / speed.timing.median
    lines = [f"{ratio:.2f} times as fast as the plain reference"]
    if isinstance(speed, ModelSpeed):
        lines += [
            f"{speed.memory / reference.memory:.2f} of its memory",
            f"largest difference to it: {speed.difference:.1e}",
        ]
    return lines
