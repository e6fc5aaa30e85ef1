"""Every Dag file of the corpus can be adopted: all of its tasks, and as native Dags."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dagfloe.adopt.adoption import Adoption, Surroundings, adopt
from dagfloe.adopt.plan import Choice

DAGS = sorted((Path(__file__).parents[1] / "corpus" / "dags").glob("*.py"))
AROUND = Surroundings(lambda _: False, lambda _, modules: {name: name for name in modules}, {}, "1.0")
CHOICES = {
    "isolated": Choice((), False, "3.3", (), False),
    "all": Choice((), True, "3.3", (), False),
    "native": Choice((), True, "3.4", (), True),
}


def run(content: bytes, choice: str) -> Adoption:
    """Adopt a Dag file."""
    return adopt(content, "file.py", "file", CHOICES[choice], None, AROUND)


def bodies(source: str | bytes) -> set[str]:
    """What the functions of a module do, and what they are named."""
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return {f"{function.name}: {[ast.dump(statement) for statement in function.body]}" for function in functions}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.stem)
def test_functions_do_not_change(file: Path, choice: str) -> None:
    """The projects have functions of the Dag file as they were, and what is written is Python."""
    content = file.read_bytes()
    adoption = run(content, choice)
    before = bodies(content)
    for files in adoption.files.values():
        moved = bodies(files["tasks.py"])
        assert moved
        assert moved <= before
        for name in ("tasks.py", "tests/test_tasks.py"):
            compile(files[name], name, "exec", dont_inherit=True)
    compile(adoption.dag_file, file.name, "exec", dont_inherit=True)
    assert adoption.files or adoption.dag_file == content


@pytest.mark.parametrize("choice", ["isolated", "all"])
@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.stem)
def test_new_dag_file_stays(file: Path, choice: str) -> None:
    """What moved once is not found again in the new Dag file, and what stayed stays for the same reasons."""
    first = run(file.read_bytes(), choice)
    second = run(first.dag_file, choice)
    assert second.files == {}
    assert second.dag_file == first.dag_file
    assert len(second.plan.refusals) == len(first.plan.refusals)
