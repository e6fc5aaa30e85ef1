"""What a run of a Dag left in Airflow: states, XComs and log records, as plain data for a JSON file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from e2e.rest import path_of

if TYPE_CHECKING:
    from e2e.api import Api


@dataclass(frozen=True)
class Instance:
    """A task instance after its run.

    Attributes:
        task_id: its task.
        map_index: -1, if the task is not mapped.
        state: its last state.
        tries: the number of the last try, 0 if it never began.
        operator: the class of the operator.
        queue: its queue.
        xcoms: the value of each XCom as Airflow's database has it, by key.
        logs: the log records of each try.
        events: the asset and the extra of each asset event, in order.
    """

    task_id: str
    map_index: int
    state: str
    tries: int
    operator: str
    queue: str
    xcoms: dict[str, Any]
    logs: list[list[dict[str, Any]]]
    events: list[list[Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The task_id, with the map_index of a mapped task."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class Observation:
    """A Dag run after its end.

    Attributes:
        dag_id: its Dag.
        state: of the run.
        instances: its task instances, by task_id and map_index.
    """

    dag_id: str
    state: str
    instances: list[Instance] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the data for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Observation:
        """Read what `to_json` returned."""
        return cls(body["dag_id"], body["state"], [Instance(**instance) for instance in body["instances"]])


def observe(api: Api, dag_id: str, run_id: str, state: str) -> Observation:
    """Collect what a run left in Airflow.

    Args:
        api: the REST API.
        dag_id: the Dag.
        run_id: its run, which has ended.
        state: of the run.
    """
    xcoms = _xcoms(api, dag_id, run_id)
    events: dict[tuple[str, int], list[list[Any]]] = {}
    for event in sorted(
        api.asset_events(source_dag_id=dag_id, source_run_id=run_id), key=lambda found: int(found["id"])
    ):
        key = (event["source_task_id"], event["source_map_index"])
        events.setdefault(key, []).append([event["name"], event["uri"], event["extra"]])
    instances = []
    for body in api.instances(dag_id, run_id):
        task_id, map_index, tries = body["task_id"], body["map_index"], body["try_number"]
        logs = [api.log(dag_id, run_id, task_id, number, map_index) for number in range(1, tries + 1)]
        instances.append(
            Instance(
                task_id=task_id,
                map_index=map_index,
                state=str(body["state"]),
                tries=tries,
                operator=body["operator_name"] or body["operator"] or "",
                queue=body["queue"] or "",
                xcoms=xcoms.get((task_id, map_index), {}),
                logs=logs,
                events=events.get((task_id, map_index), []),
            )
        )
    instances.sort(key=lambda instance: (instance.task_id, instance.map_index))
    return Observation(dag_id, state, instances)


def _xcoms(api: Api, dag_id: str, run_id: str) -> dict[tuple[str, int], dict[str, Any]]:
    """The XComs of each task instance, as they are in the database."""
    instances = path_of("dags", dag_id, "dagRuns", run_id, "taskInstances")
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in api.all(f"{instances}/~/xcomEntries", "xcom_entries"):
        task_id, map_index, key = entry["task_id"], entry["map_index"], entry["key"]
        found.setdefault((task_id, map_index), {})[key] = api.xcom(dag_id, run_id, task_id, key, map_index)
    return found
