"""A Dag processor asks a frozen file for its Dags and its task handlers: the author's modules are not imported."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, pack
from support.schemas import NEW, violations

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

#: What a Dag processor sets, and another process does not.
DAG_PROCESSOR = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///"}
TASKS = """
import logging, os
from dagfloe import Bundle
logging.getLogger("tasks").warning("imported")
if "FORBIDDEN" in os.environ:
    raise RuntimeError("not on this host")
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def load(day: str, limit: int | None, *, log: logging.Logger): log.info("loaded")
@dag.task
def call(log: logging.Logger): log.info("called")
"""


@pytest.fixture(scope="session")
def file(
    form: str,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """A bundle file for Airflow 3.4."""
    project = tmp_path_factory.mktemp("projects") / "asked"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "asked"\nversion = "1.0"\n[tool.dagfloe]\nbundle = "tasks:bundle"\nairflow = "3.4"\n'
    )
    (project / "tasks.py").write_text(TASKS)
    output = tmp_path_factory.mktemp("files")
    answer = build(project, output, *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return output / "asked"


def ask(file: Path, kind: str, env: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Ask a file as a Dag processor does; return its answer, and what it logged."""
    request = {"type": kind, "file": str(file), "bundle_path": str(file.parent), "bundle_name": "files"}
    with Peer([str(file)], env) as peer:
        peer.send(0, request if kind == "TaskHandlerParseRequest" else {**request, "callback_requests": []})
        answer = peer.finish()
        assert violations(answer, NEW) == []
        assert answer["fileloc"] == str(file)
        return answer, peer.events()


def test_task_handlers(file: Path, form: str) -> None:
    """The file declares its task handlers. Only the one-file form imports the module for it."""
    answer, events = ask(file, "TaskHandlerParseRequest", DAG_PROCESSOR)
    assert [handler["task_id"] for handler in answer["task_handlers"]["d"]] == ["load", "call"]
    assert [param["name"] for param in answer["task_handlers"]["d"][0]["params"]] == ["day", "limit"]
    assert answer["task_handlers"]["d"][1]["params"] == []
    assert events == (["imported"] if form == "one file" else [])
    if form != "one file":
        assert ask(file, "TaskHandlerParseRequest", DAG_PROCESSOR | {"FORBIDDEN": "1"}) == (answer, [])


def test_dags(file: Path, form: str) -> None:
    """The file has no Dags of its own. Only the one-file form imports the module for it."""
    answer, events = ask(file, "DagFileParseRequest", DAG_PROCESSOR)
    assert (answer["serialized_dags"], answer["import_errors"]) == ([], {})
    assert events == (["imported"] if form == "one file" else [])


def test_nothing_is_unpacked(file: Path, form: str, tmp_path: Path) -> None:
    """The launcher answers without the program, so nothing is unpacked."""
    if form == "one file":
        pytest.skip("it has no launcher, and unpacks itself at every start")
    ask(file, "DagFileParseRequest", DAG_PROCESSOR | {"DAGFLOE_CACHE_DIR": str(tmp_path / "cache")})
    assert not (tmp_path / "cache").exists()


def test_a_request_in_pieces(file: Path) -> None:
    """A request that arrives byte by byte is answered."""
    request = {"type": "DagFileParseRequest", "file": "/f", "bundle_path": "/", "bundle_name": "b"}
    with Peer([str(file)], DAG_PROCESSOR) as peer:
        for byte in pack([0, request, None]):
            peer.comm.sendall(bytes([byte]))
        assert peer.finish()["fileloc"] == "/f"


def test_a_long_request(file: Path) -> None:
    """A request that is too long for the launcher is answered by the program."""
    request = {"type": "DagFileParseRequest", "file": "/f", "bundle_path": "/", "bundle_name": "x" * 100_000}
    with Peer([str(file)], DAG_PROCESSOR) as peer:
        peer.send(0, request)
        assert peer.finish()["serialized_dags"] == []
        assert peer.events() == ["imported"]


@pytest.mark.parametrize(
    "frame",
    [
        b"\0\0",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x05\x93\x00",
        b"HTTP/1.1 400 Bad Request\r\n",
        pack([0, {"type": "Odd"}]),
        pack([0, {"type": "DagFileParseRequest"}]),
        pack([0, {"type": "DagFileParseRequest", "file": None, "bundle_path": "/", "bundle_name": "b"}]),
    ],
)
def test_other_first_frames(file: Path, frame: bytes) -> None:
    """Any other first frame, whole or not, is one line in the log, and status 1."""
    with Peer([str(file)], DAG_PROCESSOR) as peer:
        peer.comm.sendall(frame)
        peer.comm.shutdown(socket.SHUT_WR)
        peer.silent_end()
        assert peer.record("The task cannot begin")["level"] == "error"


def test_a_dag_processor_that_is_gone(file: Path) -> None:
    """If the Dag processor closes the connection before it asks, the status is 1."""
    with Peer([str(file)], DAG_PROCESSOR) as peer:
        peer.comm.close()
        assert peer.wait() == 1


def test_the_environment_is_only_a_hint(file: Path) -> None:
    """A Dag processor with another environment gets the same answer, and a task runs in a Dag processor's one."""
    usual, _ = ask(file, "TaskHandlerParseRequest", DAG_PROCESSOR)
    assert ask(file, "TaskHandlerParseRequest", {}) == (usual, ["imported"])
    with Peer([str(file)], DAG_PROCESSOR) as peer:
        peer.start("call")
        assert peer.finish()["type"] == "SucceedTask"
        assert peer.events() == ["imported", "called"]
