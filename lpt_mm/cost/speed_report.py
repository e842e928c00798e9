"""The measured numbers as a table."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lpt_mm.utils.text import for_rich


def print_speeds(speeds: Mapping[str, Mapping], title: str, machine: str) -> None:
    """Print what was measured, a column for each model or pipeline.

    Args:
        speeds: Numbers of ``config`` and perhaps ``reference``, of a model or of data.
        title: What was measured.
        machine: What it was measured on.
    """
    columns = {name: _rows(numbers) for name, numbers in speeds.items()}
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


def _rows(numbers: Mapping) -> dict[str, str]:
    speed = numbers["images_per_second"]
    if "images" in numbers:
        each = [s * 1000 / numbers["images"] for s in numbers["seconds_of_all_images"]]
        return {
            "images/s on one core": f"{speed:.1f}",
            "ms/image": f"{1000 * numbers['seconds_per_image']:.3f}",
            "fastest ... slowest": f"{min(each):.3f} ... {max(each):.3f}",
        }
    each = numbers["seconds_of_each_step"]
    trained, total = numbers["trained_parameters"], numbers["parameters"]
    return {
        "images/s": f"{speed:.2f}",
        "s/step": f"{numbers['seconds_per_step']:.4f}",
        "fastest ... slowest": f"{min(each):.4f} ... {max(each):.4f}",
        "peak memory above the weights": f"{numbers['peak_memory'] / 2**20:,.1f} MiB",
        "parameters trained": f"{trained:,}",
        "of all": f"{total:,} ({trained / total:.2%})",
        "GFLOP/image": f"{numbers['flops_per_image'] / 1e9:.2f}",
        "matmul peak of this machine": (
            f"{numbers['matmul_peak_flops'] / 1e9:,.0f} GFLOP/s"
        ),
        "reached of it": f"{numbers['share_of_matmul_peak']:.1%}",
    }


def _compare(ours: Mapping, theirs: Mapping) -> list[str]:
    ratio = ours["images_per_second"] / theirs["images_per_second"]
    lines = [f"{ratio:.2f} times as fast as the plain reference"]
    if "peak_memory" in ours:
        lines += [
            f"{ours['peak_memory'] / theirs['peak_memory']:.2f} of its memory",
            f"largest difference to it: {ours['difference_to_reference']:.1e}",
        ]
    return lines
