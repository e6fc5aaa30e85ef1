"""A task that is run over sockets is found by the process that runs it."""

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

#: A module, whose task says how it is called.
TASKS = """
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("d")
@dag.task
def where() -> str:
    return __name__
"""


def test_task_that_no_other_process_finds(dagfloe_env: TaskEnvironment) -> None:
    """A task that is registered inside a test runs in memory, and over sockets the reason is told why not."""
    hidden = Bundle().dag("hidden")

    @hidden.task
    def inner() -> int:
        return 1

    assert dagfloe_env.run(inner).value == 1
    with pytest.raises(MisuseError, match="at its top level"):
        dagfloe_env.run(inner, over="sockets")


def test_module_that_is_another_one_elsewhere(dagfloe_env: TaskEnvironment, tmp_path: Any, monkeypatch: Any) -> None:
    """A task that is not there when another process imports the module is named in the log."""
    (tmp_path / "shifty.py").write_text(
        "import sys\nfrom dagfloe import Bundle\nbundle = Bundle()\ndag = bundle.dag('d')\n"
        "def t(): pass\nif 'pytest' in sys.modules: t = dag.task(t)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    shifty = __import__("shifty")
    result = dagfloe_env.run(shifty.t, over="sockets")
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
    ids=["package imports it", "it imports its package", "no search path leads to it"],
)
def test_modules(
    dagfloe_env: TaskEnvironment, tmp_path: Path, monkeypatch: Any, name: str, files: dict[str, str]
) -> None:
    """Another process imports the module under the name that it has here."""
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    if name.startswith("pack"):
        module = import_module(name)
    else:
        spec = spec_from_file_location(name, tmp_path / "tasks.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    for loaded in [each for each in sys.modules if each.partition(".")[0] == "pack"]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, name, module)
    assert dagfloe_env.run(module.where, over="sockets").raise_for_state().value == name


def test_file_that_is_no_module(dagfloe_env: TaskEnvironment, tmp_path: Path, monkeypatch: Any) -> None:
    """A task of a script that no import statement could reach is run in memory only, and the log says why."""
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
