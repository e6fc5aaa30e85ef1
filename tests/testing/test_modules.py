"""Tests that the process that runs a task over sockets finds its module."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Bundle
from dagfloe.testing import MisuseError, TaskEnvironment

if TYPE_CHECKING:
    from pathlib import Path

#: A module whose task returns the module's name.
TASKS = """
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def where() -> str:
    return __name__
"""


def test_task_inside_a_function(dagfloe_env: TaskEnvironment) -> None:
    """A task that is registered inside a test runs in memory only; the error over sockets has the reason."""
    hidden = Bundle().dag("hidden")

    @hidden.task
    def inner() -> int:
        return 1

    assert dagfloe_env.run(inner).value == 1
    with pytest.raises(MisuseError, match="at its top level"):
        dagfloe_env.run(inner, over="sockets")


def test_module_with_other_tasks(dagfloe_env: TaskEnvironment, tmp_path: Any, monkeypatch: Any) -> None:
    """If the module has no such task in the other process, the log names the task."""
    (tmp_path / "unstable_tasks.py").write_text(
        "import sys\nfrom dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d')\n"
        "def t(): pass\nif 'pytest' in sys.modules: t = dag.task(t)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    tasks = __import__("unstable_tasks")
    result = dagfloe_env.run(tasks.t, over="sockets")
    assert result.state == "failed"
    assert result.log.has("The task cannot begin: .* has no task 't'", level="error")


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("pack.tasks", {"pack/__init__.py": "from pack.tasks import bundle", "pack/tasks.py": TASKS}),
        (
            "pack.tasks",
            {"pack/__init__.py": "", "pack/names.py": "x = 1", "pack/tasks.py": f"from . import names\n{TASKS}"},
        ),
        ("no.where.tasks", {"tasks.py": TASKS}),
    ],
    ids=["imported by its package", "imports its package", "on no search path"],
)
def test_modules(
    dagfloe_env: TaskEnvironment, tmp_path: Path, monkeypatch: Any, name: str, files: dict[str, str]
) -> None:
    """The other process imports the module under its name in this process."""
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    if name.startswith("pack"):
        module = import_module(name)
    else:
        spec = spec_from_file_location(name, tmp_path / "tasks.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    for module_name in [key for key in sys.modules if key.partition(".")[0] == "pack"]:
        monkeypatch.delitem(sys.modules, module_name)
    monkeypatch.setitem(sys.modules, name, module)
    assert dagfloe_env.run(module.where, over="sockets").raise_for_state().value == name


def test_script_without_suffix(dagfloe_env: TaskEnvironment, tmp_path: Path, monkeypatch: Any) -> None:
    """A task of a script that cannot be imported runs in memory only; the log over sockets has the reason."""
    script = tmp_path / "script"
    script.write_text(TASKS)
    module = ModuleType("script")
    module.__file__ = str(script)
    exec(compile(TASKS, script, "exec"), vars(module))  # noqa: S102 - as Python does with a script
    monkeypatch.setitem(sys.modules, "script", module)
    assert dagfloe_env.run(module.where).value == "script"
    assert dagfloe_env.run(module.where, over="sockets").log.has(
        "The task cannot begin: .*script is not a Python module"
    )
