"""What models cost, as tables."""

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table

from lpt_mm.cost.model_cost import ModelCost
from lpt_mm.utils.text import for_rich

# Two tables, since all columns in one would leave no room for the names.
PARAMETERS: dict[str, Callable[[ModelCost], str]] = {
    "trained": lambda cost: f"{cost.trained_parameters:,}",
    "of all": lambda cost: f"{cost.parameters:,}",
    "share": lambda cost: f"{cost.trained_share:.2%}",
    "beside\nclassifier": lambda cost: f"{cost.trained_share_beside_head:.2%}",
}
WORK_AND_FILES: dict[str, Callable[[ModelCost], str]] = {
    "GFLOP to\nclassify": lambda cost: f"{cost.infer_flops_per_image / 1e9:,.3g}",
    "GFLOP to\ntrain": lambda cost: f"{cost.train_flops_per_image / 1e9:,.3g}",
    "MiB to\nresume": lambda cost: f"{cost.checkpoint_bytes / 2**20:,.2f}",
    "MiB to\nuse": lambda cost: f"{cost.model_bytes / 2**20:,.2f}",
}
NOTES = """\
beside classifier: share of the parameters outside of the head that is trained
GFLOP: of an image; a multiplication and an addition are two operations
to resume: checkpoint with the optimizer's state; to use: the model alone; both
leave out the frozen layers that come from pre-trained weights"""


def print_costs(costs: Mapping[str, ModelCost]) -> None:
    """Print what models cost, a row for each."""
    console = Console()
    for title, columns in (
        ("Parameters", PARAMETERS),
        ("Arithmetic and files", WORK_AND_FILES),
    ):
        table = Table(title=title)
        table.add_column("", overflow="fold")
        for column in columns:
            table.add_column(column, justify="right", no_wrap=True)
        for name, cost in costs.items():
            table.add_row(for_rich(name), *(cell(cost) for cell in columns.values()))
        console.print(table)
    console.print(NOTES, highlight=False)
