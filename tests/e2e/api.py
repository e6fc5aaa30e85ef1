"""Airflow's REST API: the parts that are needed to watch Dag runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

from e2e.rest import NOT_FOUND, ApiError, Rest, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["Api", "ApiError", "DeadlineError"]

FINISHED = frozenset({"success", "failed"})
#: For a Dag run on a busy machine.
DEADLINE_S = 120
POLL_S = 0.25
#: The most items that Airflow returns at once.
PAGE = 100

T = TypeVar("T")


class DeadlineError(Exception):
    """A wait took longer than its deadline."""


class Api(Rest):
    """Requests to one Airflow.

    Args:
        url: the URL of its web page.
        check: called during a wait; it raises an exception if the wait is pointless.
        login: returns name and password, if the Airflow has a login.
    """

    def __init__(
        self,
        url: str,
        check: Callable[[], None] = lambda: None,
        login: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(url, login)
        self._check = check

    def wait(self, description: str, poll: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
        """Poll until the result is true, and return it.

        Raises:
            DeadlineError: it is still false after the deadline; the message contains the description.
        """
        until = time.monotonic() + deadline_s
        while True:
            self._check()
            if result := poll():
                return result
            if time.monotonic() > until:
                raise DeadlineError(f"no {description} within {deadline_s:g} s")
            time.sleep(POLL_S)

    def health(self) -> dict[str, dict[str, Any]]:
        """Return the health of the components by name."""
        health: dict[str, dict[str, Any]] = self.get("monitor/health")
        return health

    def dag_ids(self) -> set[str]:
        """Return the ids of all Dags, paused ones too."""
        return {dag["dag_id"] for dag in self.all("dags", "dags", exclude_stale="true")}

    def wait_dags(self, *dag_ids: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until Airflow has Dags.

        Raises:
            DeadlineError: it does not have them; the message contains the import errors.
        """
        try:
            self.wait(f"Dags {', '.join(dag_ids)}", lambda: self.dag_ids() >= set(dag_ids), deadline_s)
        except DeadlineError as error:
            raise DeadlineError(f"{error}; import errors: {self.import_errors()}") from None

    def import_errors(self) -> dict[str, str]:
        """Return the import errors of Dag files, by file name."""
        return {error["filename"]: error["stack_trace"] for error in self.all("importErrors", "import_errors")}

    def parse_again(self, dag_id: str) -> None:
        """Parse the file of a Dag again, now."""
        self.put(f"parseDagFile/{self.get(path_of('dags', dag_id))['file_token']}")

    def unpause(self, *dag_ids: str) -> None:
        """Unpause Dags."""
        for dag_id in dag_ids:
            self.patch(path_of("dags", dag_id), {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Pause a Dag: Airflow starts no more runs by its schedule."""
        self.patch(path_of("dags", dag_id), {"is_paused": True})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Start a Dag run, and return its run_id."""
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        return str(self.post(path_of("dags", dag_id, "dagRuns"), body)["dag_run_id"])

    def dag_runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return all runs of a Dag."""
        return self.all(path_of("dags", dag_id, "dagRuns"), "dag_runs")

    def wait_run(
        self, dag_id: str, run_id: str, until: Collection[str] = FINISHED, deadline_s: float = DEADLINE_S
    ) -> str:
        """Wait until a Dag run is in one of the states, and return the state."""

        def poll() -> str | None:
            state = str(self.get(path_of("dags", dag_id, "dagRuns", run_id))["state"])
            return state if state in until else None

        return self._wait_state(dag_id, run_id, f"run {run_id} of {dag_id}", until, poll, deadline_s)

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a Dag run, with state, try_number, map_index and more."""
        return self.all(path_of("dags", dag_id, "dagRuns", run_id, "taskInstances"), "task_instances")

    def instance(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any] | None:
        """Return a task instance. Airflow creates those of a mapped task when it has the arguments."""
        for instance in self.instances(dag_id, run_id):
            if (instance["task_id"], instance["map_index"]) == (task_id, map_index):
                return instance
        return None

    def wait_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        states: Collection[str],
        map_index: int = -1,
        deadline_s: float = DEADLINE_S,
    ) -> str:
        """Wait until a task instance is in one of the states, and return the state."""

        def poll() -> str | None:
            instance = self.instance(dag_id, run_id, task_id, map_index)
            return str(instance["state"]) if instance and instance["state"] in states else None

        name = f"{task_id}[{map_index}] in run {run_id} of {dag_id}"
        return self._wait_state(dag_id, run_id, name, states, poll, deadline_s)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """Return the value of an XCom, or None if it does not exist."""
        path = path_of("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "xcomEntries", key)
        try:
            return self.get(path, map_index=map_index)["value"]
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> list[dict[str, Any]]:
        """Return the records of a try's log, as the web page gets them."""
        path = path_of("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "logs", str(try_number))
        content = self.get(path, full_content="true", map_index=map_index)["content"]
        return [record if isinstance(record, dict) else {"event": record} for record in content]

    def log_text(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return a try's log as one string, with all fields of the records, for searches."""
        records = self.log(dag_id, run_id, task_id, try_number, map_index)
        return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)

    def clear(
        self, dag_id: str, run_id: str, task_ids: Sequence[str | tuple[str, int]], **options: bool
    ) -> list[dict[str, Any]]:
        """Clear tasks of a run in any state, so that they run again. Return the cleared task instances.

        Args:
            dag_id: the Dag.
            run_id: its run.
            task_ids: task_ids, or pairs of a task_id and a map_index.
            options: options such as `include_downstream=True`.
        """
        body = {"dag_run_id": run_id, "task_ids": list(task_ids), "dry_run": False, "only_failed": False, **options}
        cleared: list[dict[str, Any]] = self.post(path_of("dags", dag_id, "clearTaskInstances"), body)["task_instances"]
        return cleared

    def answer(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        options: Sequence[str],
        params: dict[str, Any] | None = None,
        map_index: int = -1,
    ) -> None:
        """Answer a task that waits for a person."""
        path = path_of("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, str(map_index), "hitlDetails")
        self.patch(path, {"chosen_options": list(options), "params_input": params or {}})

    def set_variable(self, key: str, value: str) -> None:
        """Create or replace a variable."""
        self._replace("variables", key, {"key": key, "value": value})

    def set_connection(self, connection_id: str, conn_type: str, **fields: Any) -> None:
        """Create or replace a connection; fields are `host`, `login`, `password`, `schema`, `port`, `extra`."""
        body = {"connection_id": connection_id, "conn_type": conn_type, **fields}
        self._replace("connections", connection_id, body)

    def asset_events(self, **query: object) -> list[dict[str, Any]]:
        """Return the events of assets that match a query such as `source_dag_id="d"`."""
        return self.all("assets/events", "asset_events", **query)

    def all(self, path: str, key: str, **query: object) -> list[dict[str, Any]]:
        """Return the items of all pages at a path."""
        items: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=PAGE, offset=len(items), **query)
            items += page[key]
            if not page[key] or len(items) >= page["total_entries"]:
                return items

    def _wait_state(
        self,
        dag_id: str,
        run_id: str,
        name: str,
        states: Collection[str],
        poll: Callable[[], str | None],
        deadline_s: float,
    ) -> str:
        try:
            return self.wait(f"state {' or '.join(sorted(states))} of {name}", poll, deadline_s)
        except DeadlineError as error:
            instances = self.instances(dag_id, run_id)
            current = {f"{instance['task_id']}[{instance['map_index']}]": instance["state"] for instance in instances}
            raise DeadlineError(f"{error}; the task instances: {current}") from None

    def _replace(self, path: str, name: str, body: dict[str, Any]) -> None:
        try:
            self.patch(path_of(path, name), body)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            self.post(path, body)
