"""The task and the Dag, as Airflow's context has them under `task` and `dag`. They are for reading only."""

from __future__ import annotations

from datetime import timedelta

from dagfloe.compat.states import TriggerRule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dagfloe.authoring.dag import Dag, Task

#: What Airflow's operators and Dags have if an author sets nothing.
_OPERATOR_DEFAULTS: dict[str, Any] = {
    "depends_on_past": False,
    "do_xcom_push": True,
    "doc": None,
    "doc_md": None,
    "email": None,
    "end_date": None,
    "executor": None,
    "executor_config": {},
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "max_retry_delay": None,
    "owner": "airflow",
    "pool": "default_pool",
    "pool_slots": 1,
    "priority_weight": 1,
    "queue": "default",
    "retries": 0,
    "retry_delay": timedelta(seconds=300),
    "retry_exponential_backoff": 0,
    "start_date": None,
    "task_display_name": None,
    "templates_dict": None,
    "trigger_rule": "all_success",
    "wait_for_downstream": False,
    "weight_rule": "downstream",
}
_DAG_DEFAULTS: dict[str, Any] = {
    "catchup": False,
    "dag_display_name": None,
    "default_args": {},
    "description": None,
    "doc_md": None,
    "end_date": None,
    "fail_fast": False,
    "max_active_runs": 16,
    "max_active_tasks": 16,
    "schedule": None,
    "start_date": None,
}


class _View:
    """Reads the options of something that was declared."""

    def __init__(self, kind: str, name: str, declared: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self._kind = kind
        self._name = name
        self._options = {**defaults, **declared}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_options"][name]
        except KeyError:
            raise AttributeError(
                f"{self.__dict__.get('_name')!r} in Airflow's context has no attribute {name!r} in a bundle: it has "
                f"the ids, the options and the order of a {self.__dict__.get('_kind')}"
            ) from None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)


class OperatorView(_View):
    """A task, with the attributes of Airflow's operators that a running task reads.

    Args:
        task: the task.
        dag: its Dag.
    """

    def __init__(self, task: Task, dag: DagView) -> None:
        declared = {"start_date": dag.start_date, **task.declared}
        super().__init__("task", task.task_id, declared, _OPERATOR_DEFAULTS)
        self.trigger_rule = TriggerRule(self._options["trigger_rule"])
        self.dag = dag
        self.dag_id = task.dag_id
        self.task_id = task.task_id
        self.label = task.task_id.rpartition(".")[2]
        self.python_callable = task.function
        self.op_args: tuple[object, ...] = ()
        self.op_kwargs: dict[str, object] = dict(task.arguments or {})
        self.inlets = list(task.inlets)
        self.outlets = list(task.outlets)
        self.multiple_outputs = task.multiple_outputs
        seconds = task.execution_timeout_s
        self.execution_timeout = None if seconds is None else timedelta(seconds=seconds)
        self.params = dag.params
        graph = task.dag
        self.upstream_task_ids = {name for name in graph.tasks if task.task_id in graph.downstream_of(name)}
        self.downstream_task_ids = set(graph.downstream_of(task.task_id))
        self.task_type = self.operator_name = "_PythonDecoratedOperator"
        self.is_setup, self.is_teardown = task.kind == "setup", task.kind == "teardown"

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"


class DagView(_View):
    """A Dag, with the attributes of Airflow's Dags that a running task reads.

    Args:
        dag: the Dag.
    """

    def __init__(self, dag: Dag) -> None:
        super().__init__("Dag", dag.dag_id, dag.declared, _DAG_DEFAULTS)
        self.dag_id = dag.dag_id
        self.params = dict(dag.default_params)
        self.tags = set(dag.declared.get("tags", ()))
        self.task_ids = list(dag.tasks)
        self._dag = dag

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    @property
    def tasks(self) -> list[OperatorView]:
        """The tasks of the Dag that are in the bundle."""
        return [OperatorView(task, self) for task in self._dag.tasks.values()]

    def has_task(self, task_id: str) -> bool:
        """Whether the bundle has a task of the Dag.

        Args:
            task_id: the task.
        """
        return task_id in self._dag.tasks

    def get_task(self, task_id: str) -> OperatorView:
        """A task of the Dag.

        Args:
            task_id: the task.

        Raises:
            KeyError: if the bundle does not have it.
        """
        return OperatorView(self._dag.tasks[task_id], self)
