"""Tests of `dagfloe stub`, through its command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.stub import stub
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

MANIFEST = """
airflow_bundle_metadata_version: "1.0"
bundle: {name: shop, version: "2"}
dags:
  orders: {tasks: [a, b], declaration: {schedule: "@daily", tasks: {a: {}, b: {upstream: [a]}}}}
  stock: {tasks: [c], declaration: {tasks: {c: {queue: big}}}}
digests: {cache: DIGEST}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


def bundle(folder: Path, digest: str = "ab") -> str:
    """Write a bundle file of two Dags."""
    return str(write_bundle(folder / "raw", "succeed()", MANIFEST.replace("DIGEST", digest * 32)))


def invoke(*args: str) -> Result:
    return CliRunner().invoke(stub, args)


def test_text(tmp_path: Path) -> None:
    """The stub of every Dag is printed."""
    result = invoke(bundle(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.output.startswith('# Made by `dagfloe stub` from bundle "shop", version "2"')
    assert 'with DAG("orders", schedule="@daily") as orders_dag:' in result.output
    assert "    a() >> b()\n" in result.output
    assert '@task.stub(queue="big")' in result.output


def test_choice(tmp_path: Path) -> None:
    """`--dag` leaves the other Dags out, `--queue` goes before the declared queue, `--output` writes a file."""
    path = tmp_path / "stub.py"
    result = invoke(bundle(tmp_path), "--dag", "stock", "--queue", "q", "--output", str(path))
    assert (result.exit_code, result.output) == (0, "")
    text = path.read_text("utf-8")
    assert 'DAG("stock"' in text
    assert 'DAG("orders"' not in text
    assert '@task.stub(queue="q")' in text


def test_project(tmp_path: Path) -> None:
    """A project is not frozen for it: its module says what it declares."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n', "utf-8"
    )
    (tmp_path / "tasks.py").write_text(
        "from dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d', catchup=False)\n"
        "@dag.task(retries=3)\ndef first() -> None: ...\n",
        "utf-8",
    )
    result = invoke(str(tmp_path))
    assert result.exit_code == 0, result.output
    assert 'DAG("d", schedule=None, catchup=False)' in result.output
    assert '@task.stub(queue="dagfloe", retries=3)\n    def first(): ...' in result.output


def test_check(tmp_path: Path) -> None:
    """A file that is as it would be made passes, also with another build's digest; another one is shown as a diff."""
    path = tmp_path / "stub.py"
    assert invoke(bundle(tmp_path), "--output", str(path)).exit_code == 0
    assert invoke(bundle(tmp_path, "cd"), "--check", str(path)).exit_code == 0
    path.write_text(path.read_text("utf-8").replace("@daily", "@hourly"), "utf-8")
    result = invoke(bundle(tmp_path), "--check", str(path))
    assert result.exit_code == 1
    assert (
        '-with DAG("orders", schedule="@hourly") as orders_dag:\n+with DAG("orders", schedule="@daily")'
        in result.output
    )


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--dag", "nix"], 2, "the bundle has no Dag 'nix', only orders, stock"),
        (["--check", "a.py", "--output", "b.py"], 2, "--output and --check exclude each other"),
        (["--check", "missing.py"], 1, "missing.py: No such file or directory"),
    ],
)
def test_refusals(tmp_path: Path, options: list[str], status: int, message: str) -> None:
    """What cannot be done is told in one line."""
    result = invoke(bundle(tmp_path), *options)
    assert result.exit_code == status
    assert message in result.output
