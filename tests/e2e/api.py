"""Airflow's REST API, as much of it as looking at Dag runs takes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

from e2e.rest import NOT_FOUND, ApiError, Rest, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["Api", "ApiError", "DeadlineError"]

FINISHED = frozenset({"success", "failed"})
#: For a Dag run, on a machine that is busy with others.
DEADLINE_S = 120
POLL_S = 0.25
#: What Airflow gives at once, at most.
PAGE = 100

T = TypeVar("T")


class DeadlineError(Exception):
    """What was waited for did not come."""


class Api(Rest):
    """Requests to one Airflow.

    Args:
        url: of its web page.
        check: called while something is waited for; raises when there is no use in waiting.
        login: gives name and password, where it takes some.
    """

    def __init__(
        self,
        url: str,
        check: Callable[[], None] = lambda: None,
        login: Callable[[], tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(url, login)
        self._check = check

    def wait(self, what: str, look: Callable[[], T | None], deadline_s: float = DEADLINE_S) -> T:
        """Look again and again, until there is something other than nothing.

        Raises:
            DeadlineError: there was not; the text says what was waited for.
        """
        until = time.monotonic() + deadline_s
        while True:
            self._check()
            if found := look():
                return found
            if time.monotonic() > until:
                raise DeadlineError(f"no {what} within {deadline_s:g} s")
            time.sleep(POLL_S)

    def health(self) -> dict[str, dict[str, Any]]:
        """How each component is, by its name; as soon as there is a web page."""
        found: dict[str, dict[str, Any]] = self.get("monitor/health")
        return found

    def dag_ids(self) -> set[str]:
        """The Dags that Airflow knows, paused ones too."""
        return {dag["dag_id"] for dag in self.all("dags", "dags", exclude_stale="true")}

    def wait_dags(self, *dag_ids: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait until Airflow knows Dags.

        Raises:
            DeadlineError: it does not; the text has the import errors.
        """
        try:
            self.wait(f"Dags {', '.join(dag_ids)}", lambda: self.dag_ids() >= set(dag_ids), deadline_s)
        except DeadlineError as error:
            raise DeadlineError(f"{error}; import errors: {self.import_errors()}") from None

    def import_errors(self) -> dict[str, str]:
        """What is wrong with Dag files, by their names."""
        return {each["filename"]: each["stack_trace"] for each in self.all("importErrors", "import_errors")}

    def parse_again(self, dag_id: str) -> None:
        """Have the file of a Dag parsed now."""
        self.put(f"parseDagFile/{self.get(path_of('dags', dag_id))['file_token']}")

    def unpause(self, *dag_ids: str) -> None:
        """Let Dags run."""
        for dag_id in dag_ids:
            self.patch(path_of("dags", dag_id), {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None) -> str:
        """Start a Dag run; its id."""
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        return str(self.post(path_of("dags", dag_id, "dagRuns"), body)["dag_run_id"])

    def dag_runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a Dag."""
        return self.all(path_of("dags", dag_id, "dagRuns"), "dag_runs")

    def wait_run(
        self, dag_id: str, run_id: str, until: Collection[str] = FINISHED, deadline_s: float = DEADLINE_S
    ) -> str:
        """Wait for one of some states of a Dag run; that state."""

        def look() -> str | None:
            state = str(self.get(path_of("dags", dag_id, "dagRuns", run_id))["state"])
            return state if state in until else None

        return self._wait_state(dag_id, run_id, f"run {run_id} of {dag_id}", until, look, deadline_s)

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a Dag run, as the API shows them: state, try_number, map_index and much more."""
        return self.all(path_of("dags", dag_id, "dagRuns", run_id, "taskInstances"), "task_instances")

    def instance(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any] | None:
        """One of them, if it is there: those of a mapped task come when its arguments are known."""
        for found in self.instances(dag_id, run_id):
            if (found["task_id"], found["map_index"]) == (task_id, map_index):
                return found
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
        """Wait for one of some states of a task instance; that state."""

        def look() -> str | None:
            found = self.instance(dag_id, run_id, task_id, map_index)
            return str(found["state"]) if found and found["state"] in states else None

        what = f"{task_id}[{map_index}] in run {run_id} of {dag_id}"
        return self._wait_state(dag_id, run_id, what, states, look, deadline_s)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """The value of an XCom; None when it is not there."""
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
        """The records of a try's log, as the web page gets them."""
        path = path_of("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "logs", str(try_number))
        content = self.get(path, full_content="true", map_index=map_index)["content"]
        return [each if isinstance(each, dict) else {"event": each} for each in content]

    def log_text(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """The same as text, with every field of a record: to look whether something is in it."""
        records = self.log(dag_id, run_id, task_id, try_number, map_index)
        return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)

    def clear(
        self, dag_id: str, run_id: str, task_ids: Sequence[str | tuple[str, int]], **options: bool
    ) -> list[dict[str, Any]]:
        """Clear tasks of a run, whatever their state, so that they run once more; what was cleared.

        Args:
            dag_id: the Dag.
            run_id: its run.
            task_ids: tasks, or pairs of a task and a map index.
            options: such as `include_downstream=True`.
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
        """Give a variable a value, whether it has one or not."""
        self._replace("variables", key, {"key": key, "value": value})

    def set_connection(self, connection_id: str, conn_type: str, **fields: Any) -> None:
        """Make a connection, or make it anew; fields are `host`, `login`, `password`, `schema`, `port`, `extra`."""
        body = {"connection_id": connection_id, "conn_type": conn_type, **fields}
        self._replace("connections", connection_id, body)

    def asset_events(self, **query: object) -> list[dict[str, Any]]:
        """The events of assets, such as those with `source_dag_id="d"`."""
        return self.all("assets/events", "asset_events", **query)

    def all(self, path: str, key: str, **query: object) -> list[dict[str, Any]]:
        """Everything that is at a path, of whatever number of pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=PAGE, offset=len(found), **query)
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def _wait_state(
        self,
        dag_id: str,
        run_id: str,
        what: str,
        states: Collection[str],
        look: Callable[[], str | None],
        deadline_s: float,
    ) -> str:
        try:
            return self.wait(f"state {' or '.join(sorted(states))} of {what}", look, deadline_s)
        except DeadlineError as error:
            now = {f"{each['task_id']}[{each['map_index']}]": each["state"] for each in self.instances(dag_id, run_id)}
            raise DeadlineError(f"{error}; the task instances: {now}") from None

    def _replace(self, path: str, name: str, body: dict[str, Any]) -> None:
        try:
            self.patch(path_of(path, name), body)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            self.post(path, body)
