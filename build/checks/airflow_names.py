"""Checks that a project with `airflow-names` imports only what the modules with Airflow's names have."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagfloe.build.author.modules import AuthorModule
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

#: The package whose modules these are.
PACKAGE = "airflow"
#: What to write instead, by the beginning of `module.name`; the first that fits counts.
_ADVICE = (
    (
        "airflow.providers",
        "use the library itself with the fields of Connection.get(...), or leave the task in Airflow",
    ),
    ("airflow.triggers", "raise dagfloe.TaskDeferred with the full name of the trigger's class"),
    ("airflow.sensors", "wait with client.poke, or leave the sensor in Airflow"),
    ("airflow.sdk.PokeReturnValue", "wait with client.poke, or leave the sensor in Airflow"),
    ("airflow.operators", "call the library itself, or leave the operator in Airflow"),
    ("airflow.configuration", "read the setting from an environment variable of the worker"),
    ("airflow.sdk.configuration", "read the setting from an environment variable of the worker"),
    ("airflow.sdk.conf", "read the setting from an environment variable of the worker"),
    ("airflow.sdk.ObjectStoragePath", "use the package universal-pathlib itself"),
    ("airflow.sdk.io", "use the package universal-pathlib itself"),
    ("airflow.io", "use the package universal-pathlib itself"),
    ("airflow.utils.dates", "Airflow 3 does not have it, so use datetime or pendulum"),
    ("airflow.datasets", "Airflow 3 does not have it, so import Asset from airflow.sdk"),
    ("airflow.models.XCom", "use ti.xcom_pull and ti.xcom_push"),
    ("airflow.models", "a task has no access to Airflow's database, so use dagfloe's Client"),
    ("airflow.settings", "a task has no access to Airflow's database, so use dagfloe's Client"),
    ("airflow.utils.session", "a task has no access to Airflow's database, so use dagfloe's Client"),
    ("airflow.utils.db", "a task has no access to Airflow's database, so use dagfloe's Client"),
    ("airflow.utils.email", "use smtplib, or leave the task in Airflow"),
)
_OTHER_ADVICE = "write the code without it, or leave the task in Airflow"


@dataclass(frozen=True, slots=True)
class _Use:
    """A name of Airflow that the author's code uses.

    Attributes:
        module: the module of Airflow.
        name: what it takes from the module; empty for the module itself.
        file: the name of the author's file.
        line: the line.
    """

    module: str
    name: str
    file: str
    line: int

    @property
    def full_name(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module

    def describe(self) -> str:
        what = f"{self.name!r} of the module {self.module}" if self.name else f"the module {self.module}"
        advice = next((text for prefix, text in _ADVICE if _begins(self.full_name, prefix)), _OTHER_ADVICE)
        return f"{self.file}:{self.line}: {what}: {advice}"


def check_airflow_names(project: Project, modules: Iterable[AuthorModule], environment: Environment) -> None:
    """Check what the modules of a project with `airflow-names` take from Airflow, unless it has a real Airflow.

    What may fail is not checked: imports in a block that catches ImportError, and imports on a condition.

    Args:
        project: the project; without the setting, nothing is checked.
        modules: its modules.
        environment: the project's environment.

    Raises:
        FreezeError: if a module takes a name that a bundle does not have. The message has the place of each, and what
            to write instead.
    """
    if not project.airflow_names:
        return
    uncovered = [use for module in modules for use in _list_uses(module) if not _is_covered(use)]
    if uncovered and not environment.find_modules([PACKAGE]):
        lines = [use.describe() for use in sorted(set(uncovered), key=lambda use: (use.file, use.line, use.full_name))]
        raise FreezeError("\n  ".join(["the project uses names of Airflow that a bundle does not have:", *lines]))


@cache
def _offered() -> dict[str, frozenset[str]]:
    """The modules with Airflow's names, and the names that each has."""
    folder = Path(dagfloe.__file__).parent / "compat" / "names"
    offered: dict[str, frozenset[str]] = {}
    for path in sorted(folder.rglob(f"{PACKAGE}/**/*.py")):
        name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        lists = [
            node.value
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        offered[name] = frozenset(name for names in lists for name in ast.literal_eval(names))
    return offered


def _is_covered(use: _Use) -> bool:
    offered = _offered()
    return use.module in offered and (not use.name or use.name in offered[use.module] or use.full_name in offered)


def _list_uses(module: AuthorModule) -> Iterator[_Use]:
    """What a module imports from Airflow, and what it takes from Airflow's modules as attributes."""
    imports = [item for item in module.imports if _begins(item.module, PACKAGE) and not item.is_optional]
    for item in imports:
        yield _Use(item.module, item.attribute, module.path.name, item.line)
    nodes = [*ast.walk(module.tree)] if imports and module.tree else []
    aliases = _list_aliases(nodes, {item.line for item in imports})
    for node in nodes:
        if isinstance(node, ast.Attribute) and (owner := _find_module(node.value, aliases)) in _offered():
            yield _Use(owner, node.attr, module.path.name, node.lineno)


def _list_aliases(nodes: list[ast.AST], lines: set[int]) -> dict[str, str]:
    """The modules of Airflow by the names that a module has for them, unless it also has other values of these names.

    Args:
        nodes: the nodes of the module.
        lines: the lines of the imports that count.
    """
    aliases: dict[str, str] = {}
    others = {node.arg for node in nodes if isinstance(node, ast.arg)}
    others |= {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    for node in nodes:
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or node.lineno not in lines:
            continue
        for alias in node.names:
            if isinstance(node, ast.Import) and not alias.asname:
                aliases[PACKAGE] = PACKAGE
            else:
                name = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
                aliases[alias.asname or alias.name] = name
    return {alias: name for alias, name in aliases.items() if name in _offered() and alias not in others}


def _find_module(node: ast.expr, aliases: dict[str, str]) -> str:
    """The dotted name of Airflow's module that an expression is; empty for any other expression."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    if isinstance(node, ast.Attribute) and (owner := _find_module(node.value, aliases)):
        return f"{owner}.{node.attr}"
    return ""


def _begins(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")
