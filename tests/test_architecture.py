"""The layout of the package, its imports, and its public names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dagfloe
from dagfloe.build.freeze.stage import NAMES_MODULES, PARSING_MODULES, list_staged

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "dagfloe"
#: The package's folders at the top level, to which links in `src/dagfloe` lead.
LINKED = ("build", "cli", "runtime")
MAX_MODULES = 15
#: The only third-party modules in bundle files, by the only module that may import them.
FROZEN_THIRD_PARTY = {
    "msgpack": "runtime/wire/frames.py",
    "click": "cli/frozen/flags.py",
    "yaml": "cli/frozen/output.py",
}
STDLIB = sys.stdlib_module_names | {"annotationlib"}  # new in Python 3.14


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
    """Every import in a module, also inside functions."""
    file = str(path.relative_to(PACKAGE))

    def walk(node: ast.AST, *, at_top: bool, for_checkers: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, at_top, for_checkers)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            yield Import(file, node.lineno, node.module or "", at_top, for_checkers)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for part, checked in ((node.body, True), (node.orelse, for_checkers)):
                for statement in part:
                    yield from walk(statement, at_top=at_top, for_checkers=checked)
        else:
            in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                yield from walk(child, at_top=at_top and not in_function, for_checkers=for_checkers)

    yield from walk(ast.parse(path.read_text("utf-8")), at_top=True, for_checkers=False)


#: Some bundle files contain these modules, too. They check params and cron expressions only if two packages exist.
PARSING = list_staged(PARSING_MODULES)
PARSING_THIRD_PARTY = {
    "native/rules/schedule.py": {"croniter"},
    "native/rules/params.py": {"jsonschema"},
    "format/param_schema.py": {"jsonschema", "referencing"},
}
#: The bundle files of projects with `airflow-names` contain these modules, too. The values are packages that one needs.
NAMES = list_staged(NAMES_MODULES)
NAMES_THIRD_PARTY: dict[str, set[str]] = {
    "compat/templates.py": {"jinja2"},
    "compat/objects/dates.py": {"pendulum"},
    "compat/objects/macros.py": {"babel", "pendulum"},
}
FROZEN_IMPORTS = [import_ for path in list_staged() for import_ in imports_of(path)]


def test_links() -> None:
    """The three links in `src/dagfloe` are the only links of the repository, and lead to the top level."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    links = {name: (ROOT / name).readlink() for name in names.split("\0") if name and (ROOT / name).is_symlink()}
    assert links == {f"src/dagfloe/{name}": Path("..", "..", name) for name in LINKED}


def test_folders_are_small() -> None:
    """No folder of the package contains more than 15 modules."""
    folders = Counter(path.parent for path in package_modules())
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MAX_MODULES} == {}
    assert len(folders) > len(LINKED)


def package_modules() -> Iterator[Path]:
    """Every module of the package."""
    for name in LINKED:
        yield from (ROOT / name).rglob("*.py")
    yield from (path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in LINKED)


def test_private_modules_and_names_are_private() -> None:
    """No module imports a private module of another package, or a private name of another module."""
    wrong = []
    for path in package_modules():
        root = ROOT if path.relative_to(ROOT).parts[0] in LINKED else PACKAGE
        package = ["dagfloe", *path.relative_to(root).parts[:-1]]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dagfloe")):
                continue
            parts = node.module.split(".")
            private = [index for index, part in enumerate(parts) if part.startswith("_")]
            names = [alias.name for alias in node.names if re.match("_[^_]", alias.name)]
            if names or any(parts[:index] != package[:index] for index in private):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} imports {node.module} {names or ''}")
    assert wrong == []


def test_third_party_imports_of_frozen_modules() -> None:
    """Modules in bundle files import only the standard library, msgpack, click and yaml."""
    wrong = [
        str(import_)
        for import_ in FROZEN_IMPORTS
        if not import_.for_checkers
        and (top := import_.module.partition(".")[0]) not in STDLIB | {"dagfloe"}
        and FROZEN_THIRD_PARTY.get(top) != import_.file
    ]
    assert wrong == []


def test_frozen_modules_import_only_frozen_modules() -> None:
    """A module that goes into bundle files imports no module of dagfloe that does not.

    Functions that run only in projects with `airflow-names` import modules that only the files of those contain.
    """
    frozen = {str(path.relative_to(PACKAGE)).removesuffix(".py").replace("/", ".") for path in list_staged()}
    known = {f"dagfloe.{name}".removesuffix(".__init__") for name in frozen}
    wrong = [
        str(import_)
        for import_ in FROZEN_IMPORTS
        if import_.module.partition(".")[0] == "dagfloe"
        and not import_.for_checkers
        and import_.module not in known | {"dagfloe"}
        and (import_.at_top or import_.module.partition(".")[2].partition(".")[0] != "compat")
    ]
    assert wrong == []


def test_modules_that_make_dags_at_each_parse() -> None:
    """Modules that only some bundle files contain import those, the others, and two packages if these exist."""
    staged = [*list_staged(), *PARSING]
    known = {f"dagfloe.{path.relative_to(PACKAGE)}".removesuffix(".py").replace("/", ".") for path in staged}
    known = {name.removesuffix(".__init__") for name in known}
    wrong = [
        str(import_)
        for path in PARSING
        for import_ in imports_of(path)
        if not import_.for_checkers
        and import_.module not in known
        and import_.module.partition(".")[0] not in STDLIB | PARSING_THIRD_PARTY.get(import_.file, set())
    ]
    assert wrong == []


def test_modules_with_airflow_names() -> None:
    """Modules that only the files of projects with `airflow-names` contain import those and the others."""
    staged = {f"dagfloe.{path.relative_to(PACKAGE)}".removesuffix(".py").replace("/", ".") for path in list_staged()}
    own = {f"dagfloe.{path.relative_to(PACKAGE)}".removesuffix(".py").replace("/", ".") for path in NAMES}
    known = {name.removesuffix(".__init__") for name in staged | own} | {"dagfloe"}
    wrong = [
        str(import_)
        for path in NAMES
        for import_ in imports_of(path)
        if not import_.for_checkers
        and import_.module not in known
        and import_.module.partition(".")[0] not in STDLIB | NAMES_THIRD_PARTY.get(import_.file, set())
    ]
    assert len(own) > 10
    assert wrong == []


def test_click_and_yaml_are_imported_late() -> None:
    """In bundle files, click and yaml are imported only inside functions that need them."""
    late = {"click", "yaml", "dagfloe.cli.frozen.flags", "dagfloe.cli.frozen.output"}
    wrong = [
        str(import_)
        for import_ in FROZEN_IMPORTS
        if import_.file.startswith("cli/")
        and import_.file != "cli/frozen/flags.py"
        and import_.module in late
        and import_.at_top
    ]
    assert wrong == []


def test_errors_import_nothing() -> None:
    """Any module may import the errors."""
    imports = [import_.module for import_ in FROZEN_IMPORTS if import_.file == "errors.py" and not import_.for_checkers]
    assert imports == ["__future__"]


def test_public_names() -> None:
    """The names that authors import from `dagfloe` change only on purpose."""
    assert dagfloe.__all__ == [
        "NEVER_EXPIRE",
        "ApiServerError",
        "Asset",
        "AssetAlias",
        "AssetAll",
        "AssetAny",
        "AssetEvent",
        "AssetNotFound",
        "AssetStateNotFound",
        "AsyncCallback",
        "Bundle",
        "BundleInfo",
        "Client",
        "Connection",
        "ConnectionLostError",
        "ConnectionNotFound",
        "Context",
        "Dag",
        "DagInfo",
        "DagRun",
        "DagRunAlreadyExists",
        "DagRunFailed",
        "DagfloeError",
        "DeadlineAlert",
        "DeadlineReference",
        "ForeignClassError",
        "HumanAnswer",
        "HumanInputError",
        "HumanInputTimeout",
        "InactiveAssetError",
        "Label",
        "NotFoundError",
        "Param",
        "PermissionDenied",
        "PreviousDagRun",
        "PreviousTaskInstance",
        "ReplyTimeoutError",
        "RetryDecision",
        "SensorTimeout",
        "SupervisorError",
        "SyncCallback",
        "Task",
        "TaskAwaitingInput",
        "TaskCancelled",
        "TaskDeferred",
        "TaskFailed",
        "TaskFunction",
        "TaskGroup",
        "TaskInstance",
        "TaskRescheduled",
        "TaskSkipped",
        "TaskStateNotFound",
        "TaskTimeout",
        "TriggerFailed",
        "TriggerRule",
        "TriggerTimeout",
        "ValueNotSerializableError",
        "VariableInterval",
        "VariableKeys",
        "VariableNotFound",
        "XComNotFound",
        "__version__",
        "chain",
        "chain_linear",
        "cross_downstream",
        "current_context",
        "literal",
        "setup",
        "task",
        "task_group",
        "teardown",
    ]
    for name in dagfloe.__all__:
        assert getattr(dagfloe, name)


def test_names_that_few_tasks_need_are_imported_late() -> None:
    """`import dagfloe` does not import the modules of the public names that few tasks need."""
    code = "import dagfloe, sys; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = {
        "dagfloe._version",
        "dagfloe.authoring.taskflow.chains",
        "dagfloe.authoring.dag_function",
        "dagfloe.authoring.functions",
        "dagfloe.authoring.group",
        "dagfloe.authoring.taskflow.group_function",
        "dagfloe.authoring.retry",
        "dagfloe.authoring.taskflow.decorators",
        "dagfloe.authoring.taskflow.task_function",
        "dagfloe.authoring.taskflow.trigger_rule",
        "dagfloe.authoring.taskflow.unique_ids",
        "dagfloe.authoring.taskflow.unnamed_dag",
        "dagfloe.call_errors",
        "dagfloe.client.dag_runs",
        "dagfloe.client.human_input",
        "dagfloe.client.state_stores",
        "dagfloe.client.task_instances",
        "dagfloe.client.variables",
        "dagfloe.model.assets",
        "dagfloe.model.connection",
    }
    assert late & set(process.stdout.split()) == set()
    assert all(find_spec(module) for module in late)


def test_version() -> None:
    """The version of the installed distribution equals the package's version."""
    assert metadata.version("dagfloe") == dagfloe.__version__
