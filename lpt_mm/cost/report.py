"""What was measured, as tables."""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich

# Two tables, since all columns in one would leave no room for the names. By column what
# it shows of :func:`measure_cost`, its unit and its format.
COSTS = {
    "Parameters": {
        "trained": ("trained_parameters", 1, ",.0f"),
        "of all": ("parameters", 1, ",.0f"),
        "share": ("trained_share", 1, ".2%"),
        "beside\nclassifier": ("trained_share_beside_head", 1, ".2%"),
    },
    "Arithmetic and files": {
        "GFLOP to\nclassify": ("infer_flops_per_image", 1e9, ",.3g"),
        "GFLOP to\ntrain": ("train_flops_per_image", 1e9, ",.3g"),
        "MiB to\nresume": ("checkpoint_bytes", 2**20, ",.2f"),
        "MiB to\nuse": ("model_bytes", 2**20, ",.2f"),
    },
}
NOTES = """\
beside classifier: share of the parameters outside of the head that is trained
GFLOP: of an image; a multiplication and an addition are two operations
to resume: checkpoint with the optimizer's state; to use: the model alone; both
leave out the frozen layers that come from pre-trained weights"""


def print_costs(costs: Mapping[str, Mapping]) -> None:
    """Print what models cost, a row for each."""
    console = Console()
    for title, columns in COSTS.items():
        rows = [
            (name, *(f"{cost[key] / unit:{f}}" for key, unit, f in columns.values()))
            for name, cost in costs.items()
        ]
        console.print(number_table(title, ["", *columns], rows))
    console.print(NOTES, highlight=False)


def print_speeds(speeds: Mapping[str, Mapping], title: str, machine: str) -> None:
    """Print what was measured, by ``config`` and perhaps ``reference``."""
    columns = {name: _rows(numbers) for name, numbers in speeds.items()}
    rows = [(row, *(c[row] for c in columns.values())) for row in columns["config"]]
    heading = Text("\n").join(map(for_rich, (title, machine)))
    console = Console()
    console.print(number_table(heading, ["", *columns], rows))
    if "reference" in speeds:
        ours, theirs = speeds["config"], speeds["reference"]
        ratio = ours["images_per_second"] / theirs["images_per_second"]
        console.print(f"{ratio:.2f} times as fast as the plain reference")
        if "peak_memory" in ours:
            share = ours["peak_memory"] / theirs["peak_memory"]
            console.print(f"{share:.2f} of its memory")
            difference = ours["difference_to_reference"]
            console.print(f"largest difference to it: {difference:.1e}")


def _rows(numbers: Mapping) -> dict[str, str]:
    speed = numbers["images_per_second"]
    if "images" in numbers:
        each = [s * 1000 / numbers["images"] for s in numbers["seconds_of_all_images"]]
        return {
            "images/s on one core": f"{speed:.1f}",
            "ms/image": f"{1000 * numbers['seconds_per_image']:.3f}",
            "fastest ... slowest": f"{min(each):.3f} ... {max(each):.3f}",
        }
    each, peak = numbers["seconds_of_each_step"], numbers["matmul_peak_flops"]
    trained, total = numbers["trained_parameters"], numbers["parameters"]
    return {
        "images/s": f"{speed:.2f}",
        "s/step": f"{numbers['seconds_per_step']:.4f}",
        "fastest ... slowest": f"{min(each):.4f} ... {max(each):.4f}",
        "peak memory above the weights": f"{numbers['peak_memory'] / 2**20:,.1f} MiB",
        "parameters trained": f"{trained:,}",
        "of all": f"{total:,} ({trained / total:.2%})",
        "GFLOP/image": f"{numbers['flops_per_image'] / 1e9:.2f}",
        "matmul peak of this machine": f"{peak / 1e9:,.0f} GFLOP/s",
        "reached of it": f"{numbers['share_of_matmul_peak']:.1%}",
    }
