"""The cases are the Dag files in the folder, and each is written as a Dag file that Python can compile."""

from __future__ import annotations

import ast

import pytest

from corpus.cases import CASES, DAGS, Case


def test_every_file_is_a_case() -> None:
    """No Dag file and no file beside one is left out, and names are unique."""
    expected = {path.name for path in DAGS.iterdir() if path.is_file()}
    assert {path.name for case in CASES for path in case.files(DAGS)} == expected
    assert len({case.name for case in CASES}) == len(CASES)
    dag_ids = [dag_id for case in CASES for dag_id in case.dags]
    assert len(set(dag_ids)) == len(dag_ids)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_dag_files(case: Case) -> None:
    """A Dag file is valid, and says at its top what it shows."""
    source = case.files(DAGS)[0].read_text("utf-8")
    assert ast.get_docstring(ast.parse(source))


def test_quick_cases() -> None:
    """The short form has few files, because it has to end within two minutes."""
    assert 2 <= sum(case.quick for case in CASES) <= 3
