"""Who may import whom, and what is public."""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import dagfloe

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FOLDERS = ("sdk", "runtime", "build", "local", "cli", "testing")
#: Each folder, and the folders that it may import.
ARROWS = {
    "sdk": {"sdk"},
    "runtime": {"sdk", "runtime"},
    "build": {"sdk", "runtime", "build"},
    "local": {"sdk", "runtime", "local"},
    "cli": {"sdk", "runtime", "build", "local", "cli"},
    "testing": {"sdk", "runtime", "build", "local", "testing"},
}
#: This one runs in Airflow's own Python: it may read bundle files, is not frozen, and is imported by nobody.
IN_AIRFLOW = "sdk/airflow.py"
#: The part of `cli` that is frozen into bundles.
FROZEN_CLI = {"cli/__init__.py", "cli/bundle.py", "cli/flags.py", "cli/report.py"}
#: The only third-party modules of what is frozen, with the one file that may import each.
FROZEN_THIRD_PARTY = {"msgpack": "runtime/frames.py", "click": "cli/flags.py", "yaml": "cli/report.py"}
STDLIB = sys.stdlib_module_names | {"annotationlib"}  # of Python 3.14


class Import(NamedTuple):
    """One import of a module."""

    file: str
    line: int
    module: str
    at_top: bool
    for_checkers: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports_of(path: Path) -> Iterator[Import]:
    """Every import in a file, those inside functions included."""
    file = str(path.relative_to(ROOT))

    def walk(node: ast.AST, *, at_top: bool, for_checkers: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, at_top, for_checkers)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            base = node.module or ""
            names = [alias.name for alias in node.names] if base == "dagfloe" else []
            for module in (base, *(f"{base}.{name}" for name in names if name in FOLDERS)):
                yield Import(file, node.lineno, module, at_top, for_checkers)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for part, checked in ((node.body, True), (node.orelse, for_checkers)):
                for statement in part:
                    yield from walk(statement, at_top=at_top, for_checkers=checked)
        else:
            in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                yield from walk(child, at_top=at_top and not in_function, for_checkers=for_checkers)

    yield from walk(ast.parse(path.read_text("utf-8")), at_top=True, for_checkers=False)


def files(folder: str) -> list[Path]:
    """A folder's modules; the links to the other folders are left out."""
    return sorted(path for path in (ROOT / folder).glob("*.py") if not path.is_symlink())


IMPORTS = [each for folder in FOLDERS for path in files(folder) for each in imports_of(path)]


def folder_of(module: str) -> str | None:
    """The folder that a module of ours is in."""
    parts = module.split(".")
    if parts[0] != "dagfloe":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FOLDERS else "sdk"


def test_arrows() -> None:
    """The tool imports everything, the packer and the supervisor the runtime, the runtime the SDK, and none back."""
    wrong = [
        str(each)
        for each in IMPORTS
        if (target := folder_of(each.module))
        and target not in ({"sdk", "build"} if each.file == IN_AIRFLOW else ARROWS[each.file.partition("/")[0]])
    ]
    assert wrong == []
    assert [str(each) for each in IMPORTS if each.module == "dagfloe.airflow"] == []


def test_frozen_command_line() -> None:
    """The frozen part of the command line imports the SDK, the runtime and itself, and neither tool nor packer."""
    wrong = [
        str(each)
        for each in IMPORTS
        if each.file in FROZEN_CLI
        and (target := folder_of(each.module))
        and target not in ("sdk", "runtime")
        and each.module.replace("dagfloe.", "").replace(".", "/") + ".py" not in FROZEN_CLI
    ]
    assert wrong == []


def test_nothing_frozen_needs_more_than_the_standard_library_and_three_packages() -> None:
    """What is frozen imports the standard library, msgpack, and where needed click and yaml."""
    wrong = [
        str(each)
        for each in IMPORTS
        if (each.file.startswith(("sdk/", "runtime/")) or each.file in FROZEN_CLI)
        and each.file != IN_AIRFLOW
        and not each.for_checkers
        and (top := each.module.partition(".")[0]) not in STDLIB | {"dagfloe"}
        and FROZEN_THIRD_PARTY.get(top) != each.file
    ]
    assert wrong == []


def test_what_a_task_does_not_need_is_imported_late() -> None:
    """Only the functions that need click and yaml, or the modules that import them, load them."""
    late = {"click", "yaml", "dagfloe.cli.flags", "dagfloe.cli.report"}
    wrong = [
        str(each)
        for each in IMPORTS
        if each.file in FROZEN_CLI - {"cli/flags.py"} and each.module in late and each.at_top
    ]
    assert wrong == []


def test_errors_import_nothing() -> None:
    """Any module may import the errors."""
    at_run_time = [each.module for each in IMPORTS if each.file == "sdk/errors.py" and not each.for_checkers]
    assert at_run_time == ["__future__"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_looked_at(folder: str) -> None:
    """The tests above see the modules of every folder."""
    assert files(folder)
    assert all(path.parent == ROOT / folder for path in files(folder))


def test_public_names() -> None:
    """What an author may import from `dagfloe` changes only on purpose."""
    assert dagfloe.__all__ == [
        "NEVER_EXPIRE",
        "ApiServerError",
        "Asset",
        "AssetAlias",
        "AssetEvent",
        "AssetNotFound",
        "AssetStateNotFound",
        "Bundle",
        "BundleInfo",
        "Client",
        "Connection",
        "ConnectionLostError",
        "ConnectionNotFound",
        "Context",
        "Dag",
        "DagRun",
        "DagRunAlreadyExists",
        "DagRunFailed",
        "DagfloeError",
        "HumanAnswer",
        "HumanInputError",
        "HumanInputTimeout",
        "InactiveAssetError",
        "NotFoundError",
        "PermissionDenied",
        "ReplyTimeoutError",
        "RetryDecision",
        "SensorTimeout",
        "SupervisorError",
        "Task",
        "TaskAwaitingInput",
        "TaskCancelled",
        "TaskDeferred",
        "TaskFailed",
        "TaskGroup",
        "TaskInstance",
        "TaskRescheduled",
        "TaskSkipped",
        "TaskStateNotFound",
        "TaskTimeout",
        "TriggerFailed",
        "TriggerTimeout",
        "ValueNotSerializableError",
        "VariableNotFound",
        "XComNotFound",
        "__version__",
        "current_context",
    ]
    for name in dagfloe.__all__:
        assert getattr(dagfloe, name)


def test_version() -> None:
    """The version of the installed distribution is the package's own."""
    assert metadata.version("dagfloe") == dagfloe.__version__
