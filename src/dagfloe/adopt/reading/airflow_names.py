"""What a task's function uses of Airflow, and whether a bundle file has it. Pure.

A bundle file has the names that the modules in `dagfloe/compat/names` define. They are read as source code.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe

if TYPE_CHECKING:
    from dagfloe.adopt.reading.names import Import

#: The keys of Airflow's context: a parameter with such a name gets the value.
CONTEXT_KEYS = frozenset(
    """
    asset_state_store conn dag dag_run data_interval_end data_interval_start ds ds_nodash exception expanded_ti_count
    inlet_events inlets logical_date macros map_index_template outlet_events outlets params partition_date
    partition_key prev_data_interval_end_success prev_data_interval_start_success prev_end_date_success
    prev_start_date_success reason run_id start_date task task_instance task_instance_key_str task_reschedule_count
    task_state_store templates_dict test_mode ti triggering_asset_events ts ts_nodash ts_nodash_with_tz var
    """.split()  # noqa: SIM905 - as a list it would be a page long
)

#: The keys whose values are dates, which are pendulum's in Airflow.
DATE_KEYS = frozenset(
    """
    data_interval_end data_interval_start logical_date prev_data_interval_end_success prev_data_interval_start_success
    prev_end_date_success prev_start_date_success
    """.split()  # noqa: SIM905 - as above
)
#: The options of a Dag that give its templates further names.
TEMPLATE_OPTIONS = ("user_defined_filters", "user_defined_macros")


def uses_dates(function: ast.AST) -> bool:
    """Whether a function uses dates of Airflow's context: as a name, an attribute, a parameter or a key."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.Constant(value=str(name)):
                if name in DATE_KEYS:
                    return True
    return False


def template_names(value: object) -> set[str]:
    """The words in the templates of a value."""
    if isinstance(value, str):
        return set(re.findall(r"\w+", value)) if is_template(value) else set()
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(template_names, value)) if isinstance(value, (list, tuple, set)) else set()


def is_template(value: object) -> bool:
    """Whether Airflow renders a value."""
    if isinstance(value, str):
        return any(mark in value for mark in ("{{", "{%", "{#"))
    if isinstance(value, (list, tuple, set)):
        return any(map(is_template, value))
    return isinstance(value, dict) and any(map(is_template, value.values()))


def uncovered(item: Import) -> str:
    """Why a bundle file does not have a name of Airflow; an empty string if it has it, or the name is not Airflow's."""
    if item.root != "airflow":
        return ""
    names = _names_of(item.module)
    if names is None and item.name:
        submodule = _names_of(f"{item.module}.{item.name}")
        names = None if submodule is None else frozenset({item.name})
    if names is None:
        what = "the provider" if item.module.startswith("airflow.providers") else "Airflow's module"
        return f"it uses {what} {item.module}, which a bundle file does not have"
    if item.name and item.name != "*" and item.name not in names and _names_of(f"{item.module}.{item.name}") is None:
        return f"it uses {item.module}.{item.name}, which a bundle file does not have"
    return ""


@cache
def _names_of(module: str) -> frozenset[str] | None:
    """The names that a module of Airflow has in a bundle file; None if it does not have the module."""
    place = Path(dagfloe.__file__).parent.joinpath("compat", "names", *module.split("."))
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return _defined(path.read_text("utf-8"))
    return None


def _defined(source: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                names |= {str(item.value) for item in ast.walk(node.value) if isinstance(item, ast.Constant)}
    return frozenset(names)
