"""rich, tqdm and typer: a table, a bar, and a command line."""

import io
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.table import Table
from tqdm.auto import tqdm
from typer.testing import CliRunner

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("rich_tqdm_typer")


@dag.task
def work() -> list:
    console = Console(file=io.StringIO(), width=40, record=True)
    table = Table("name", "rows")
    table.add_row("orders", "3")
    console.print(table, ":rocket:", Markdown("# Head"), Syntax("x = 1", "python"))
    console.print("国", emoji=True)
    bar = io.StringIO()
    total = sum(tqdm(range(4), file=bar, ascii=True, desc="rows"))
    app = typer.Typer()

    @app.command()
    def greet(name: str, times: Annotated[int, typer.Option(min=1)] = 1) -> None:
        typer.echo(f"hello {name} " * times)

    answer = CliRunner().invoke(app, ["Ann", "--times", "2"])
    return [console.export_text(), total, "4/4" in bar.getvalue(), answer.output]
