"""Measure many tasks on one backbone: ``benchmark_tasks.py CONFIG --tasks 10``.

Memory, time to add a task, and images per second of tasks of one phase 1, together and
one after the other in turns; all weights and images are random.
"""

from rich.console import Console
from rich.table import Table

from lpt_mm.cost.machine import describe_machine
from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference.task_cost import measure_tasks
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Measure and print."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file, such as one of phase 2")
    parser.add_argument("--tasks", type=int, default=10, help="how many")
    parser.add_argument("--batch-size", type=int, default=8, help="images of a batch")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs")
    add_config_options(parser)
    args = parser.parse_args()
    cfg = load_config(args.config, args.cfg_options)
    numbers = measure_tasks(cfg, args.tasks, args.batch_size, args.repeats)
    table = Table("", "", title=for_rich(f"{args.tasks} tasks: {args.config}"))
    for name, number in numbers.items():
        is_memory = "bytes" in name
        text = f"{number / 2**20:,.1f} MiB" if is_memory else f"{number:.3f}"
        table.add_row(name.replace("_", " ").replace(" bytes", ""), text)
    console = Console()
    console.print(table)
    console.print(for_rich(describe_machine()))


if __name__ == "__main__":
    run_tool(main)
