"""The answers to a Dag processor that the build stores: the program reads what the build packs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.dag_processor.answers import pack_answers
from dagfloe.runtime.stored_answers import ANSWERS_NAME, find_answer, read_stored_answer
from support.schemas import NEW, violations

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

METADATA: dict[str, Any] = {
    "sdk": {"supervisor_schema_version": "2026-10-30"},
    "dags": {"d": {"task_handlers": [{"task_id": "t", "binding": "named", "params": None}]}, "native": {}},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=40,
)


def ask(kind: str, file: str = "/b/c/f", folder: str = "/b") -> dict[str, Any]:
    """What a Dag processor asks."""
    return {"type": kind, "file": file, "bundle_path": folder, "bundle_name": "b", "callback_requests": []}


@given(dag=st.dictionaries(st.text(max_size=40), VALUES, max_size=20), count=st.integers(0, 40))
def test_any_dag(dag: dict[str, Any], count: int) -> None:
    """A Dag comes back as it was packed, with the paths of the request."""
    answers = pack_answers(METADATA, [{"__version": 3, "dag": dag}] * count)
    answer = find_answer(answers, ask("DagFileParseRequest"))
    assert answer is not None
    assert violations(answer, NEW) == []
    expected = {**dag, "fileloc": "/b/c/f", "relative_fileloc": "c/f"}
    assert answer["serialized_dags"] == [{"data": {"__version": 3, "dag": expected}}] * count


def test_other_requests() -> None:
    """Task handlers are those of the other Dags. A request that the build does not know gets no answer."""
    answers = pack_answers(METADATA, [{"__version": 3, "dag": {}}])
    answer = find_answer(answers, ask("TaskHandlerParseRequest"))
    assert answer is not None
    assert violations(answer, NEW) == []
    assert answer["task_handlers"] == {"d": METADATA["dags"]["d"]["task_handlers"]}
    assert find_answer(answers, ask("StartupDetails")) is None


def test_the_file_of_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen program reads the answers from its folder. A program without that file has none."""
    request = ask("DagFileParseRequest")
    assert read_stored_answer(request) is None
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", os.fspath(tmp_path), raising=False)
    assert read_stored_answer(request) is None
    (tmp_path / ANSWERS_NAME).write_bytes(pack_answers(METADATA))
    assert read_stored_answer(request) == find_answer(pack_answers(METADATA), request)
