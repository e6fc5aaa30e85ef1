"""What a bundle file contains of the distributions that its project declares, and of those that they require."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, startup
from support.wheels import write_wheel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

PYPROJECT = """
[project]
name = "kinds"
version = "1.0"
dependencies = ["needy"]
[tool.dagfloe]
bundle = "tasks:bundle"
"""
TASKS = """
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("kinds")

@dag.task
def requirement_that_is_imported_in_a_function():
    import needy
    return needy.answer()
"""


def value_of(file: Path, task_id: str, env: dict[str, str] | None = None) -> Any:
    """Run a task of a bundle file; return its XCom."""
    with Peer([str(file)], env) as peer:
        peer.send(0, startup(task_id, "kinds"))
        frame_id, body = peer.expect("SetXCom")
        peer.send(frame_id)
        assert peer.finish()["type"] == "SucceedTask"
        return body["value"]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory, build: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """A bundle file whose dependencies are tiny distributions, one for each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    wheels = folder / "wheels"
    needy = "def answer():\n    from typing_extensions import get_type_hints\n    return get_type_hints.__name__\n"
    write_wheel(wheels, "needy", {"needy.py": needy}, requires=["typing_extensions"])
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "tasks.py").write_text(TASKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_FIND_LINKS", " ".join(filter(None, (str(wheels), os.environ.get("PIP_FIND_LINKS")))))
        answer = build(project, folder / "files")
    assert answer.returncode == 0, answer.stderr
    return folder / "files" / "kinds"


def test_requirement_that_is_imported_in_a_function(kinds: Path) -> None:
    """Whatever an installed distribution requires is in the file, `typing_extensions` like any other."""
    assert value_of(kinds, "requirement_that_is_imported_in_a_function") == "get_type_hints"
