"""Arguments with templates arrive in a bundle as in an ordinary task of Airflow, under the same supervisor."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.format.bundle_file import read_bundle
from support.peer import TOOL

if TYPE_CHECKING:
    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

PROJECT = Path(__file__).parents[1] / "demo" / "templates"
BUILD_S = 600
DATE = "2026-01-31T10:20:30.123456Z"
REQUEST: dict[str, Any] = {
    "conf": {"limit": 7},
    "dag_run": {"logical_date": DATE, "data_interval_start": DATE, "data_interval_end": "2026-02-01T00:00:00Z"},
    "variables": {"table": "orders", "settings": '{"limit": 3}'},
    "connections": {"db": {"conn_id": "db", "conn_type": "http", "host": "db.example", "port": 80, "login": "me"}},
    "xcoms": {"extract/return_value": ["{{ ds }}", "x"]},
}
RENDERED = (
    *("plain", "empty", "end_of_line", "two_ends_of_line", "lone_brace", "number", "nothing", "date", "time"),
    *("logical_date", "interval", "filters", "run", "params", "ids", "list", "tuple", "dict", "macros", "more_macros"),
    *("variable", "connection", "statement", "condition", "do", "comment", "raw", "jinja_filters", "escaped"),
    *("expression", "pulled", "private", "unicode", "literal", "mixed", "alone"),
)
FAILING = {
    "undefined": "UndefinedError: 'nothing_of_this_name' is undefined",
    "no_attribute": "UndefinedError: 'dict object' has no attribute 'nothing'",
    "syntax": "TemplateSyntaxError: ",
    "statement_without_end": "TemplateSyntaxError: ",
    "raising": "an expression raised ZeroDivisionError",
    "forbidden": "SecurityError: ",
    "no_variable": "an expression raised ",
}


class Twins:
    """Runs a task both ways.

    Args:
        supervisor: the real supervisor.
        root: the folder of the bundle file.
    """

    def __init__(self, supervisor: Supervisor, root: Path) -> None:
        self.supervisor = supervisor
        self.root = root

    def run(self, dag_id: str, **request: Any) -> tuple[Answer, Answer]:
        """Run the task `work` of a Dag as an ordinary task, and in the bundle."""
        request = {**REQUEST, **request}
        ordinary = self.supervisor.run(PROJECT, dag_id, "work", ordinary="templates_dag.py", **request)
        return ordinary, self.supervisor.run(self.root, dag_id, "work", **request)


@pytest.fixture(scope="module")
def twins(both: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Both ways, with the bundle file built."""
    root = tmp_path_factory.mktemp("templates")
    subprocess.run([TOOL, "build", str(PROJECT), "--output", str(root), "--quiet"], check=True, timeout=BUILD_S)
    return Twins(both, root)


def value(answer: Answer) -> Any:
    """The value that the task got and returned."""
    assert answer.final_state == "success", answer
    return answer.xcoms.get("work/return_value")


@pytest.mark.parametrize("name", RENDERED)
def test_rendered(twins: Twins, name: str) -> None:
    """The task gets the same value."""
    ordinary, own = twins.run(name)
    assert value(own) == value(ordinary)


@pytest.mark.parametrize("map_index", [0, 1])
def test_mapped(twins: Twins, map_index: int) -> None:
    """The items of a literal list are rendered."""
    ordinary, own = twins.run("mapped", map_index=map_index)
    assert own.raw["mapped_xcoms"] == ordinary.raw["mapped_xcoms"]
    assert "manual__1" in str(own.raw) if map_index == 0 else "2026-01-31" in str(own.raw)


def test_mapped_over_xcom(twins: Twins) -> None:
    """The items of an XCom are not."""
    ordinary, own = twins.run("mapped_over_xcom", map_index=0)
    assert own.raw["mapped_xcoms"] == ordinary.raw["mapped_xcoms"]


@pytest.mark.parametrize("name", FAILING)
def test_failing(twins: Twins, name: str) -> None:
    """The task fails before its function is called. The message names the argument and the problem."""
    ordinary, own = twins.run(name)
    assert (ordinary.final_state, own.final_state) == ("failed", "failed")
    error = own.record("Task failed with BindingError")["error_detail"][0]["exc_value"]
    assert f"the argument 'value' of task 'work' of Dag {name!r} cannot be rendered: {FAILING[name]}" in error


def test_tables_are_complete(twins: Twins) -> None:
    """Every Dag of the project has a test."""
    tested = {*RENDERED, *FAILING, "mapped", "mapped_over_xcom"}
    assert set(read_bundle(twins.root / "templates").manifest["dags"]) == tested
