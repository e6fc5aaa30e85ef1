"""A frozen file returns its native Dags to a Dag processor, and its other Dags are for stub tasks."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.sources import read_sources, source_path
from support.peer import TOOL, Peer
from support.schemas import NEW, violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What a Dag processor sets, and another process does not.
DAG_PROCESSOR = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "airflow-db-not-allowed:///"}
SETTINGS = """
[project]
name = "shop"
version = "1.0"
[tool.dagfloe]
bundle = "shop.tasks:bundle"
airflow = "3.4"
native-dags = ["sales", "stock"]
"""
MODULES = {
    "__init__": "",
    "base": "from dagfloe import Bundle\nbundle = Bundle()\n",
    "stock": """# -*- coding: latin-1 -*-
from shop.base import bundle
stock = bundle.dag("stock", schedule="@daily", description="Bestände")
@stock.task
def count(): ...
""",
    "tasks": """
import logging
import os
from shop.base import bundle
import shop.stock
if "FORBIDDEN" in os.environ:
    raise RuntimeError("not on this host")
sales = bundle.dag("sales")
@sales.task(queue="large")
def load(values: list[int]): ...
with sales:
    load([1])
@sales.task
def call(log: logging.Logger): log.info("called")
other = bundle.dag("other")
@other.task
def stubbed(day: str = "2026-01-01"): ...
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of several modules."""
    root = tmp_path_factory.mktemp("projects") / "shop"
    (root / "shop").mkdir(parents=True)
    (root / "pyproject.toml").write_text(SETTINGS)
    for name, content in MODULES.items():
        encoding = "latin-1" if "latin-1" in content else "utf-8"
        (root / "shop" / f"{name}.py").write_text(content, encoding)
    return root


@pytest.fixture(scope="module")
def file(
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """Its bundle file."""
    output = tmp_path_factory.mktemp("files")
    answer = build(project, output)
    assert answer.returncode == 0, answer.stderr
    return output / "shop"


def ask(file: Path, kind: str, env: dict[str, str], **fields: str) -> dict[str, Any]:
    """Ask a file as a Dag processor does; return its answer."""
    request = {"type": kind, "file": str(file), "bundle_path": str(file.parent), "bundle_name": "files", **fields}
    with Peer([str(file)], env) as peer:
        peer.send(0, request if kind == "TaskHandlerParseRequest" else {**request, "callback_requests": []})
        answer = peer.finish()
        assert violations(answer, NEW) == []
        return answer


def test_native_dags(file: Path) -> None:
    """Airflow gets the native Dags, with the path of the file. No module is imported."""
    answer = ask(file, "DagFileParseRequest", DAG_PROCESSOR | {"FORBIDDEN": "1"})
    assert (answer["fileloc"], answer["import_errors"]) == (str(file), {})
    dags = {dag["data"]["dag"]["dag_id"]: dag["data"]["dag"] for dag in answer["serialized_dags"]}
    assert sorted(dags) == ["sales", "stock"]
    for dag in dags.values():
        assert (dag["fileloc"], dag["relative_fileloc"]) == (str(file), "shop")
    queues = {task["__var"]["task_id"]: task["__var"]["queue"] for task in dags["sales"]["tasks"]}
    assert queues == {"load": "large", "call": "dagfloe"}
    assert dags["stock"]["description"] == "Bestände"


def test_files_of_one_folder(file: Path) -> None:
    """The path is relative to the folder of the Dag bundle, which may be above the file's folder."""
    folder = str(file.parent.parent)
    answer = ask(file, "DagFileParseRequest", DAG_PROCESSOR, bundle_path=folder)
    paths = {dag["data"]["dag"]["relative_fileloc"] for dag in answer["serialized_dags"]}
    assert paths == {f"{file.parent.name}/shop"}


def test_the_program_gives_the_same_answer(file: Path) -> None:
    """Without the environment of a Dag processor, the program answers, also if its module cannot be imported."""
    for kind in ("DagFileParseRequest", "TaskHandlerParseRequest"):
        usual = ask(file, kind, DAG_PROCESSOR)
        assert ask(file, kind, {}) == usual
        assert ask(file, kind, {"FORBIDDEN": "1"}) == usual


def test_a_file_elsewhere(file: Path) -> None:
    """If the file is not below the folder, the program computes the path as Airflow does."""
    answer = ask(file, "DagFileParseRequest", DAG_PROCESSOR, bundle_path=str(file.parent / "dags"))
    assert {dag["data"]["dag"]["relative_fileloc"] for dag in answer["serialized_dags"]} == {"../shop"}


def test_task_handlers(file: Path) -> None:
    """Only the other Dags have task handlers, and a stub Dag."""
    answer = ask(file, "TaskHandlerParseRequest", DAG_PROCESSOR)
    assert list(answer["task_handlers"]) == ["other"]


def test_a_native_task_runs(file: Path) -> None:
    """A task of a native Dag runs like any other task."""
    with Peer([str(file)]) as peer:
        peer.start("call", dag_id="sales")
        assert peer.finish()["type"] == "SucceedTask"
        assert peer.events() == ["called"]


def test_sources(file: Path) -> None:
    """The file has the source of each native Dag, in UTF-8. The manifest says which Dags are native."""
    bundle = read_bundle(file)
    files = read_sources(bundle.source, bundle.manifest)
    assert sorted(files) == ["shop/stock.py", "shop/tasks.py"]
    assert files["shop/tasks.py"].decode() == MODULES["tasks"]
    assert files["shop/stock.py"].decode() == MODULES["stock"]
    shown = {dag_id: source_path(bundle.manifest, dag_id) for dag_id in ("sales", "stock", "made at run time")}
    assert shown == {"sales": "shop/tasks.py", "stock": "shop/stock.py", "made at run time": "shop/tasks.py"}
    native = {dag_id: dag.get("is_native") for dag_id, dag in bundle.manifest["dags"].items()}
    assert native == {"other": None, "sales": True, "stock": True}
    words = " ".join(subprocess.run([TOOL, "inspect", file], capture_output=True, text=True, check=True).stdout.split())
    assert "source shop/stock.py (stock), shop/tasks.py (sales)" in words
    assert "Dag sales native, 2 tasks" in words
    assert "Dag other 1 task" in words


def test_a_changed_setting(
    project: Path, tmp_path: Path, build: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """A build with other native Dags is a new build, and with an unknown Dag it fails."""
    assert json.loads(build(project, tmp_path, "--json").stdout)["built"] is True
    assert json.loads(build(project, tmp_path, "--json").stdout)["built"] is False
    (project / "pyproject.toml").write_text(SETTINGS.replace('["sales", "stock"]', "true"))
    assert json.loads(build(project, tmp_path, "--json").stdout)["built"] is True
    assert len(ask(tmp_path / "shop", "DagFileParseRequest", DAG_PROCESSOR)["serialized_dags"]) == 3
    assert ask(tmp_path / "shop", "TaskHandlerParseRequest", DAG_PROCESSOR)["task_handlers"] == {}
    (project / "pyproject.toml").write_text(SETTINGS.replace("stock", "store"))
    answer = build(project, tmp_path)
    assert answer.returncode == 1
    assert "names 'store', and the bundle has no such Dag: its Dags are other, sales, stock" in answer.stderr
    (project / "pyproject.toml").write_text(SETTINGS)


def test_one_file(project: Path, tmp_path: Path, build: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """A file without a launcher cannot have native Dags."""
    answer = build(project, tmp_path, "--one-file")
    assert answer.returncode == 1
    assert "native-dags needs the launcher" in answer.stderr
    assert "remove --one-file" in answer.stderr


DYNAMIC = """
import os
from dagfloe import Bundle
bundle = Bundle()
if "FORBIDDEN" in os.environ:
    raise RuntimeError("not on this host")
for table in os.environ.get("TABLES", "a").split():
    name = "x" * int(os.environ.get("LENGTH", "1"))
    dag = bundle.dag(f"load_{table}", schedule="@daily", params={"p": 1}, dag_display_name=name)
    with dag:
        first = dag.task(task_id="first", trigger_rule=os.environ.get("RULE", "all_success"))(lambda: None)
        second = dag.task(task_id="second")(lambda: None)
        first >> second
"""


@pytest.fixture(scope="module")
def dynamic(
    form: str,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """A bundle file that makes its Dags at each parse."""
    project = tmp_path_factory.mktemp("projects") / "dynamic"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "dynamic"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
        'airflow = "3.4"\nnative-dags = true\nnative-dags-at = "parse"\n'
    )
    (project / "tasks.py").write_text(DYNAMIC)
    output = tmp_path_factory.mktemp("files")
    answer = build(project, output, *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return output / "dynamic"


def test_dags_of_each_parse(dynamic: Path) -> None:
    """The Dags depend on the environment of the Dag processor. The file may also have no launcher."""
    for tables in ("a", "b c"):
        answer = ask(dynamic, "DagFileParseRequest", DAG_PROCESSOR | {"TABLES": tables})
        dags = [dag["data"]["dag"] for dag in answer["serialized_dags"]]
        assert [dag["dag_id"] for dag in dags] == [f"load_{table}" for table in tables.split()]
        assert {(dag["fileloc"], dag["relative_fileloc"]) for dag in dags} == {(str(dynamic), "dynamic")}
        assert answer["import_errors"] == {}
    assert ask(dynamic, "TaskHandlerParseRequest", DAG_PROCESSOR)["task_handlers"] == {}


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"FORBIDDEN": "1"}, "RuntimeError: not on this host"),
        ({"RULE": "sometimes"}, "trigger_rule"),
        ({"LENGTH": "3000"}, "Dag 'load_a': the dag_display_name has 3000 characters"),
    ],
)
def test_errors_of_a_parse(dynamic: Path, env: dict[str, str], message: str) -> None:
    """An error is the import error of the file, by its relative path, and there are no Dags."""
    answer = ask(dynamic, "DagFileParseRequest", DAG_PROCESSOR | env)
    assert answer["serialized_dags"] == []
    assert list(answer["import_errors"]) == ["dynamic"]
    assert message in answer["import_errors"]["dynamic"]
