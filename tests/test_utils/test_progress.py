import io

from rich.console import Console

from lpt_mm.utils.progress import progress_bar


def test_a_description_is_no_markup():
    console = Console(file=io.StringIO(), width=200)
    with progress_bar(console=console) as progress:
        progress.add_task("x[/b] [red]{task}", total=1)
    assert "x[/b] [red]{task}" in console.file.getvalue()
