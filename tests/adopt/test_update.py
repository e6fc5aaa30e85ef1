"""A second run updates a project, and leaves alone what a person changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.adopt import adopt

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DAG_FILE = """\
from airflow.sdk import DAG, task

LIMIT = 1

with DAG("etl"):
    @task.virtualenv(requirements=["six"])
    def first():
        return LIMIT

    @task.virtualenv(requirements=["six"])
    def second(value):
        return value + 1

    second(first())
"""


class Adopted:
    """A Dag file, and what adopting it wrote."""

    def __init__(self, folder: Path) -> None:
        self.dag_file = folder / "etl.py"
        self.dag_file.write_text(DAG_FILE)
        self.output = folder / "out"
        self.module = self.output / "etl" / "tasks.py"

    def __call__(self, *options: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(adopt, [str(self.dag_file), "--output", str(self.output), *options])

    def files(self) -> dict[str, bytes]:
        """All files, by their paths."""
        return {str(path): path.read_bytes() for path in self.output.rglob("*") if path.is_file()}

    def edit(self, path: Path, before: str, after: str) -> None:
        """Edit a file as a person would."""
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


@pytest.fixture
def adopted(tmp_path: Path) -> Adopted:
    """A Dag file."""
    return Adopted(tmp_path)


def test_second_run_changes_nothing(adopted: Adopted) -> None:
    """The second run writes no file, and says so. After `--write`, nothing is left to move."""
    assert adopted().exit_code == 0
    before = adopted.files()
    result = adopted()
    assert result.exit_code == 0
    assert "All files are up to date." in result.output
    assert adopted.files() == before
    assert adopted("--write").exit_code == 0
    assert '@task.stub(queue="etl")' in adopted.dag_file.read_text()
    before = adopted.files()
    assert "Nothing to move" in adopted("--write").output
    assert adopted.files() == before


def test_edits_of_the_dag_file(adopted: Adopted) -> None:
    """What changed in the Dag file changes in the project: functions, constants, arguments, requirements, options."""
    adopted()
    adopted.edit(adopted.dag_file, "LIMIT = 1", "LIMIT = 2")
    adopted.edit(adopted.dag_file, "value + 1", "value + 2")
    adopted.edit(adopted.dag_file, "second(first())", "first() >> second(5)")
    adopted.edit(adopted.dag_file, '["six"]', '["six", "idna"]')
    adopted.edit(adopted.dag_file, "def first():", "def first() -> dict[str, int]:")
    result = adopted()
    assert result.exit_code == 0, result.output
    text = adopted.module.read_text()
    for part in ("LIMIT = 2", "value + 2", "    second(5)\n", "@etl_dag.task(multiple_outputs=True)"):
        assert part in text
    assert "LIMIT = 1" not in text
    assert "xcom" not in text
    assert '"idna",' in (adopted.output / "etl" / "pyproject.toml").read_text()


def test_edits_of_the_project(adopted: Adopted) -> None:
    """What a person changed in the project stays. If the Dag file asks for something else, the command says so once."""
    adopted()
    adopted.edit(adopted.module, "value + 1", "value * 7")
    adopted.edit(adopted.module, "\nbundle = Bundle()", "\nMINE = 1\nbundle = Bundle()")
    adopted.edit(adopted.output / "etl" / "pyproject.toml", '"0.1.0"', '"2.0.0"')
    before = adopted.files()
    assert adopted().exit_code == 0
    assert adopted.files() == before
    adopted.edit(adopted.dag_file, "value + 1", "value + 2")
    adopted.edit(adopted.dag_file, "LIMIT = 1", "LIMIT = 2")
    result = adopted("--write")
    assert result.exit_code == 1
    assert "somebody changed it" in result.output
    assert "def second" in result.output
    assert "pyproject.toml" not in result.output
    text = adopted.module.read_text()
    assert "value * 7" in text
    assert "LIMIT = 2" in text
    assert "MINE = 1" in text
    assert "value + 2" in adopted.dag_file.read_text(), "the edit is not lost"


def test_new_tasks(adopted: Adopted) -> None:
    """A task that is added to the Dag file with stubs joins the project of its requirements."""
    adopted("--write")
    adopted.edit(adopted.module, "value + 1", "value * 7")
    adopted.edit(
        adopted.dag_file,
        "    second(first())",
        '    @task.virtualenv(requirements=["six"])\n    def third(value):\n        return -value\n\n'
        "    third(second(first()))",
    )
    result = adopted("--write")
    assert result.exit_code == 0, result.output
    names: dict[str, Any] = {}
    exec(compile(adopted.module.read_text(), "tasks.py", "exec"), names)  # noqa: S102 - the module that was written
    assert list(names["etl_dag"].tasks) == ["first", "second", "third"]
    assert (names["second"](2), names["third"](2)) == (14, -2)
    assert all(task.arguments is not None for task in names["etl_dag"].tasks.values())
    record = json.loads((adopted.output / "etl" / "adopted.json").read_text())
    assert record["tasks"] == [["etl", "first"], ["etl", "second"], ["etl", "third"]]


def test_tasks_that_are_gone(adopted: Adopted) -> None:
    """A task that the Dag file does not have any more is named; its function stays in the project."""
    adopted()
    adopted.edit(adopted.dag_file, "second(first())", "first()")
    adopted.edit(adopted.dag_file, "def second", "def other")
    adopted.edit(adopted.dag_file, "first()\n", "other(first())\n")
    result = adopted()
    assert "Not in the Dag file any more: etl.second" in result.output
    assert "def second" in adopted.module.read_text()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"dag_file": 5}', "\0"])
def test_damaged_record(adopted: Adopted, content: str) -> None:
    """A damaged record is an error that says what to do."""
    adopted()
    (adopted.output / "etl" / "adopted.json").write_text(content)
    result = adopted()
    assert result.exit_code == 1
    assert "adopt the Dag file again" in result.output


def test_module_that_is_no_python(adopted: Adopted) -> None:
    """A module that a person broke is left alone."""
    adopted()
    adopted.module.write_text("def (")
    assert adopted().exit_code == 1
    assert adopted.module.read_text() == "def ("
