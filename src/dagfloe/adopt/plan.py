"""What is to move from a Dag file, and what moves and stays. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagfloe.adopt.reading.names import Needs

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection, Sequence

    from dagfloe.adopt.environments import Environment, Problem
    from dagfloe.adopt.reading.values import Dag, Site


@dataclass(frozen=True)
class Choice:
    """Which tasks are to move.

    Attributes:
        task_ids: tasks that are to move although they are not isolated.
        is_all: whether all tasks that run a Python function are to move.
        release: the oldest Airflow that runs the files.
        is_native: whether the Dags are to be native.
        requirements: the packages of tasks of which the file does not say the requirements.
    """

    task_ids: Collection[str] = ()
    is_all: bool = False
    release: str = "3.3"
    requirements: Sequence[str] = ()
    is_native: bool = False


@dataclass
class MovedTask:
    """A task that moves.

    Attributes:
        dag: its Dag.
        task_id: its full id.
        line: the line of the call that creates it.
        kind: the method of `Dag` that registers it.
        options: the options for the project, as code.
        args: its arguments by position, as code.
        kwargs: its arguments by name, as code.
        mapped: what it is mapped over, as code; None if it is not mapped.
        is_mapping_source: whether a task is mapped over what it returns.
        xcoms: the tasks of which it gets XComs, with the keys.
    """

    dag: Dag
    task_id: str
    line: int
    kind: str = "task"
    options: dict[str, str] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)
    kwargs: dict[str, str] = field(default_factory=dict)
    mapped: dict[str, str] | None = None
    is_mapping_source: bool = False
    xcoms: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Unit:
    """A function that moves, with its tasks.

    Attributes:
        site: where the tasks are created.
        environment: its environment.
        tasks: its tasks.
        needs: what the function uses of its module.
        uses_airflow: whether it uses names of Airflow, its context or templates.
        sends_arguments: whether the Dag file passes the arguments; if not, it has only the edges.
        notes: what is different after it was moved.
        missing: the modules that it imports and of which the requirements are unknown.
        uses_pendulum: whether it uses pendulum's dates without an import.
    """

    site: Site
    environment: Environment
    tasks: list[MovedTask] = field(default_factory=list)
    needs: Needs = field(default_factory=Needs)
    uses_airflow: bool = False
    sends_arguments: bool = True
    notes: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    uses_pendulum: bool = False

    @property
    def function(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """The function's definition."""
        if self.site.function is None:
            raise AssertionError(self)
        return self.site.function.node


@dataclass(frozen=True)
class Refusal:
    """A task that stays.

    Attributes:
        dag_id: its Dag; an empty string if it is unknown.
        name: its task_id, or else its function.
        problem: why, and what to write.
    """

    dag_id: str
    name: str
    problem: Problem


@dataclass
class Plan:
    """What moves and what stays.

    Attributes:
        units: what moves, in the order of the file.
        refusals: what stays although it was asked for.
        others: the number of tasks with a Python function that nobody asked for.
    """

    units: list[Unit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    others: int = 0


def variable_of(dag_id: Any) -> str:
    """A variable for a Dag."""
    name = re.sub(r"\W+", "_", str(dag_id)).strip("_") or "dag"
    name = f"dag_{name}" if name[0].isdigit() else name
    return f"{name}_dag" if not name.endswith("dag") else name
