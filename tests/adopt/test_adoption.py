"""What adopting a Dag file makes: the projects, the new Dag file, and the reasons why tasks stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe.adopt.adoption import Surroundings, adopt
from dagfloe.adopt.plan import Choice
from dagfloe.adopt.reading.source import SourceError

if TYPE_CHECKING:
    from dagfloe.adopt.adoption import Adoption

HEAD = """\
from airflow.sdk import DAG, dag, task

"""


def adopted(source: str, *task_ids: str, is_all: bool = False, release: str = "3.3") -> Adoption:
    """Adopt a Dag file."""
    around = Surroundings(lambda _: False, lambda _, modules: {name: name for name in modules}, {}, "1.0")
    return adopt((HEAD + source).encode(), "etl.py", "etl", Choice(task_ids, is_all, release), None, around)


def dag_file(adoption: Adoption) -> str:
    """The new Dag file without the imports at its top."""
    return adoption.dag_file.decode().removeprefix(HEAD)


def module(adoption: Adoption) -> str:
    """The module of the only project."""
    (files,) = adoption.files.values()
    return files["tasks.py"]


VIRTUALENV = '''\
with DAG("etl") as etl:

    @task
    def extract():
        return [1, 2]

    @task.virtualenv(requirements=["numpy==2.1.0"], retries=2)  # slow
    def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
        """Sum the rows."""
        import numpy as np

        return {"total": factor * int(np.sum(rows))}

    transform(extract(), factor=3)
'''


def test_virtualenv() -> None:
    """The function moves word for word. The Dag file has a stub with the same parameters and options."""
    adoption = adopted(VIRTUALENV)
    assert adoption.plan.refusals == []
    assert (
        dag_file(adoption)
        == '''\
with DAG("etl") as etl:

    @task
    def extract():
        return [1, 2]

    @task.stub(retries=2, queue="etl")  # slow
    def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
        """Sum the rows."""

    transform(extract(), factor=3)
'''
    )
    assert (
        module(adoption)
        == '''\
"""Tasks of the Dag file etl.py. `dagfloe adopt` moved them here."""

from dagfloe import Bundle

bundle = Bundle()
etl_dag = bundle.dag("etl")


@etl_dag.task(multiple_outputs=True)
def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
    """Sum the rows."""
    import numpy as np

    return {"total": factor * int(np.sum(rows))}


with etl_dag:
    transform(etl_dag.xcom("extract"), factor=3)
'''
    )
    assert '"numpy==2.1.0",' in adoption.files["etl"]["pyproject.toml"]


def test_second_time() -> None:
    """The new Dag file has nothing more to move."""
    first = adopted(VIRTUALENV)
    second = adopted(dag_file(first))
    assert second.projects == []
    assert second.dag_file == first.dag_file


@pytest.mark.parametrize("content", [b"def f(:\n", b"\xff\xfe", b"# coding: nope\n", b"x = \x00\n", b"(" * 500])
def test_not_python(content: bytes) -> None:
    """A file that is not Python source code is an error that names it."""
    around = Surroundings(lambda _: False, lambda _, __: {}, {}, "1.0")
    with pytest.raises(SourceError, match=r"bad\.py"):
        adopt(content, "bad.py", "bad", Choice(), None, around)
