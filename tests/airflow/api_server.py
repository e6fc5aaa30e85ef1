"""Airflow's execution API in memory: it answers the supervisor's real client, and records every call.

The Python of an Airflow environment runs this module. The request for a run contains the data of the server:

    variables {key: value} · connections {conn_id: fields} · xcoms {"task/key": value} · mapped_xcoms {"task/key":
    [values by map index]} · prior_xcoms {"task/key": value} · task_store {key: value} · asset_store {name or uri:
    {key: value}} · assets [fields] · asset_aliases {alias: [names]} · asset_events [fields] · inactive_assets [...]
    dag_runs {"dag/run": fields, `states` for a sequence of states} · previous_run · previous_successful ·
    previous_ti · task_states · breadcrumbs · counts {"dag_runs": n, "task_instances": n} · task_instances [fields],
    which replaces the four before it · first_reschedule_date ·
    dags {dag_id: fields} · forbidden [variable keys] · fail {"METHOD path-prefix": status} · refuse_state ·
    heartbeats {"on": the event of the record from which on they fail, "status": 409 refuses states, too}
    ti_context, dag_run (both override fields of the startup details) · should_retry · max_tries · conf
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

import api_runs
from api_answers import Answer, invalid, not_found
from api_assets import Assets
from api_instances import TaskInstances

try:
    import httpx2 as httpx  # the HTTP client of Airflow 3.4
except ImportError:
    import httpx

NOW = datetime.now(timezone.utc).isoformat()
RUN_ID = "manual__1"
MAX_PAGE = 10_000
NO_CONTENT, REFUSALS = 204, 400


class ApiServer:
    """The API server of one task instance."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.calls: list[dict[str, Any]] = []
        self.reads: list[dict[str, Any]] = []
        self.pid: int | None = None
        self.question: dict[str, Any] = {}
        self.assets = Assets(request)
        self.variables: dict[str, Any] = dict(request.get("variables", {}))
        self.xcoms: dict[str, Any] = dict(request.get("xcoms", {}))
        self.mapped_xcoms: dict[str, list[Any]] = dict(request.get("mapped_xcoms", {}))
        self.task_store: dict[str, Any] = dict(request.get("task_store", {}))
        self.asset_store: dict[str, dict[str, Any]] = dict(request.get("asset_store", {}))
        self.dag_runs: dict[str, Any] = dict(request.get("dag_runs", {}))
        self.heartbeat_status: int = 0

    def report(self) -> dict[str, Any]:
        """Return all calls, and all data that a task can change."""
        names = ("calls", "reads", "xcoms", "mapped_xcoms", "variables", "task_store", "asset_store", "dag_runs")
        return {name: getattr(self, name) for name in names}

    def __call__(self, http: httpx.Request) -> httpx.Response:
        """Answer one HTTP request."""
        raw = http.url.raw_path.decode().partition("?")[0]
        path = [unquote(part) for part in raw.split("/") if part]
        body = json.loads(http.content) if http.content else None
        call = {"method": http.method, "path": "/".join(path), "query": dict(http.url.params.multi_items())}
        if path[-1] != "heartbeat":
            call["traceparent"] = http.headers.get("traceparent")
            if http.method in ("GET", "HEAD"):
                self.reads.append(call)
            else:
                self.calls.append({**call, "body": body})
        status = self._wanted_failure(http.method, path)
        if status is not None:
            return httpx.Response(status, json={"detail": {"reason": "failed", "message": "a test wants this"}})
        answer = getattr(self, "_" + path[0].replace("-", "_").lower())(http, path, body)
        if isinstance(answer, httpx.Response):
            return answer
        if answer[0] >= REFUSALS and http.method not in ("GET", "HEAD"):
            self.calls[-1]["refused"] = answer[0]
        if answer[0] == NO_CONTENT:
            return httpx.Response(NO_CONTENT)
        # The argument `json` sends an empty body for None; the server sends null.
        return httpx.Response(answer[0], content=json.dumps(answer[1]), headers={"content-type": "application/json"})

    def _wanted_failure(self, method: str, path: list[str]) -> int | None:
        """The status with which a test wants a request to fail, if it does."""
        if self.heartbeat_status and (path[-1] == "heartbeat" or (path[-1], self.heartbeat_status) == ("state", 409)):
            return self.heartbeat_status
        where = f"{method} {'/'.join(path)}"
        fail: dict[str, int] = self.request.get("fail", {})
        return next((status for prefix, status in fail.items() if where.startswith(prefix)), None)

    # Task instances

    def _task_instances(self, http: httpx.Request, path: list[str], body: Any) -> Answer:
        if path[1] in ("count", "states", "breadcrumbs", "previous"):
            return self._other_task_instances(path, http.url.params)
        if path[-1] == "run":
            self.pid = body["pid"]
            return 200, self._context()
        if path[-1] == "state" and self.request.get("refuse_state"):
            return 500, {"detail": "the database is away"}
        if path[-1] == "state" and body.get("state") == "success":
            unset = [name for name in ("task_outlets", "outlet_events") if body.get(name, []) is None]
            if unset:
                return invalid("body", unset[0], "Input should be a valid list")
        if path[-1] == "previous-successful-dagrun":
            return 200, self.request.get("previous_successful", {})
        if path[-1] == "validate-inlets-and-outlets":
            return 200, {"inactive_assets": self.request.get("inactive_assets", [])}
        if path[-1] == "dag-run-note":
            return 204, None
        if path[-1] == "rendered-map-index" and not body:
            return 422, {"detail": "rendered_map_index cannot be empty"}
        assert http.method in ("PATCH", "PUT"), path
        return 200, {}

    def _other_task_instances(self, path: list[str], query: httpx.QueryParams) -> Answer:
        if "task_instances" in self.request:
            instances = TaskInstances(self.request["task_instances"], self.request["dag_id"])
            if path[1] == "count":
                return 200, len(instances.find(query))
            if path[1] == "states":
                return 200, {"task_states": instances.states(query)}
            if path[1] == "breadcrumbs":
                return 200, {"breadcrumbs": instances.breadcrumbs(query)}
            return 200, instances.previous(path[2], path[3], query)
        if path[1] == "count":
            return 200, self.request.get("counts", {}).get("task_instances", 0)
        if path[1] == "states":
            return 200, {"task_states": self.request.get("task_states", {})}
        if path[1] == "breadcrumbs":
            return 200, {"breadcrumbs": self.request.get("breadcrumbs", [])}
        return 200, self.request.get("previous_ti")

    def _task_reschedules(self, _http: httpx.Request, _place: list[str], _body: Any) -> Answer:
        return 200, self.request.get("first_reschedule_date")

    def run_fields(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return the fields of a Dag run."""
        return {
            "dag_id": dag_id,
            "run_id": run_id,
            "logical_date": NOW,
            "data_interval_start": NOW,
            "data_interval_end": NOW,
            "run_after": NOW,
            "start_date": NOW,
            "end_date": None,
            "run_type": "manual",
            "state": "running",
            "conf": self.request.get("conf", {}),
            "consumed_asset_events": [],
            "partition_key": None,
        }

    def _context(self) -> dict[str, Any]:
        run = {**self.run_fields(self.request["dag_id"], RUN_ID), **self.request.get("dag_run", {})}
        retries = {name: self.request[name] for name in ("should_retry", "max_tries") if name in self.request}
        unset: dict[str, Any] = {"variables": [], "connections": [], "xcom_keys_to_clear": []}
        context = {"dag_run": run, "max_tries": 0, "should_retry": False, **unset}
        return {**context, **retries, **self.request.get("ti_context", {})}

    # Variables, connections, XComs

    def _variables(self, http: httpx.Request, path: list[str], body: Any) -> Answer:
        key = "/".join(path[1:])
        if not key:
            return invalid("path", "variable_key", "String should have at least 1 character")
        if key == "keys" and http.method == "GET":
            query = http.url.params
            keys = sorted(key for key in self.variables if key.startswith(query.get("prefix", "")))
            start, size = int(query.get("offset", 0)), int(query.get("limit", 1000))
            if not 1 <= size <= MAX_PAGE or start < 0:
                return invalid("query", "limit", "Input should be between 1 and 10000, offset 0 or more")
            return 200, {"keys": keys[start : start + size], "total_entries": len(keys)}
        if key in self.request.get("forbidden", ()):
            return 403, {"detail": "not yours"}
        if http.method == "PUT":
            self.variables[key] = str(body["val"])  # null too: the server stores strings only
        elif http.method == "DELETE":
            self.variables.pop(key, None)
        elif key not in self.variables:
            return not_found(key)
        return 200, {"key": key, "value": self.variables.get(key)}

    def _connections(self, _http: httpx.Request, path: list[str], _body: Any) -> Answer:
        connection = self.request.get("connections", {}).get(path[1])
        if connection is None:
            return not_found(path[1])
        unset = dict.fromkeys(("host", "schema", "login", "password", "port", "extra"))
        return 200, {"conn_id": path[1], **unset, **connection}

    def _xcoms(self, http: httpx.Request, path: list[str], body: Any) -> Answer | httpx.Response:
        if len(path) < 5:
            return invalid("path", "key", "String should have at least 1 character")
        name, rest = "/".join(path[3:5]), path[5:]
        if http.method == "POST":
            self.xcoms[name] = body
            return 201, None
        if http.method == "DELETE":
            self.xcoms.pop(name, None)
            return 200, None
        values = self.mapped_xcoms.get(name) or ([self.xcoms[name]] if name in self.xcoms else [])
        if http.method == "HEAD":
            return httpx.Response(200, headers={"Content-Range": f"map_indexes {len(values)}"})
        if rest[:1] == ["item"]:
            offset = int(rest[1])
            return (200, values[offset]) if -len(values) <= offset < len(values) else not_found(name)
        if rest[:1] == ["slice"]:
            bounds = [int(http.url.params[bound]) if bound in http.url.params else None for bound in _BOUNDS]
            return 200, values[slice(*bounds)]
        index = int(http.url.params.get("map_index", -1))
        if index >= 0 and name in self.mapped_xcoms:
            return 200, {"key": path[4], "value": values[index]}
        if name in self.xcoms:
            return 200, {"key": path[4], "value": self.xcoms[name]}
        prior = self.request.get("prior_xcoms", {})
        if http.url.params.get("include_prior_dates") == "true" and name in prior:
            return 200, {"key": path[4], "value": prior[name]}
        return not_found(name)

    # Stores

    def _store(self, http: httpx.Request, path: list[str], body: Any) -> Answer:
        if path[1] == "ti":
            store, key = self.task_store, path[3] if len(path) > 3 else None
        else:
            query = http.url.params
            name = query.get("name") or self.assets.name_of(query["uri"]) or query["uri"]
            store = self.asset_store.setdefault(name, {})
            key = query.get("key") if path[-1] == "value" else None
        if http.method == "PUT" and body["value"] is None:
            return invalid("body", "value", "Value error, value cannot be null")
        if http.method == "PUT":
            store[str(key)] = body["value"]
        elif http.method == "DELETE":
            store.clear() if key is None else store.pop(key, None)
        elif key not in store:
            return not_found(str(key))
        else:
            return 200, {"value": store[str(key)]}
        return 204, None

    # Assets

    def _assets(self, http: httpx.Request, path: list[str], _body: Any) -> Answer:
        return self.assets.find(path[1], http.url.params)

    def _asset_events(self, http: httpx.Request, path: list[str], _body: Any) -> Answer:
        return self.assets.events(path[1], http.url.params)

    # Dags and Dag runs

    def _dags(self, _http: httpx.Request, path: list[str], _body: Any) -> Answer:
        dag = self.request.get("dags", {}).get(path[1])
        return (200, {"dag_id": path[1], **dag}) if dag else not_found(path[1])

    def _dag_runs(self, http: httpx.Request, path: list[str], body: Any) -> Answer:
        query = http.url.params
        if path[1] == "count":
            counts = self.request.get("counts", {})
            return 200, counts.get("dag_runs", api_runs.count(self.dag_runs, query))
        if path[1] == "previous":
            fields = self.request.get("previous_run")
            run_id, previous = ("before", fields) if fields else api_runs.previous(self.dag_runs, query) or ("", None)
            return 200, previous and {**self.run_fields(query["dag_id"], run_id), **previous}
        name = "/".join(path[1:3])
        if http.method == "POST":
            if path[3:] == ["clear"]:
                return 204, None
            if name in self.dag_runs:
                return 409, {"detail": {"reason": "already_exists", "message": name}}
            self.dag_runs[name] = {"state": "queued", "conf": (body or {}).get("conf", {})}
            return 204, None
        run = self.dag_runs.get(name)
        if run is None:
            return not_found(name)
        if path[3:] == ["state"]:
            states = run.get("states")
            return 200, {"state": states.pop(0) if states else run["state"]}
        fields = {key: value for key, value in run.items() if key != "states"}
        return 200, {**self.run_fields(path[1], path[2]), **fields}

    # Human input

    def _hitldetails(self, _http: httpx.Request, path: list[str], body: Any) -> Answer:
        for name in ("params", "assigned_users"):
            if body.get(name, {}) is None:
                return invalid("body", name, "Input should be a valid value, not null")
        fields = ("options", "subject", "body", "defaults", "multiple", "params", "assigned_users")
        # A task instance can ask one question: the server returns the first one.
        self.question = self.question or {name: body.get(name) for name in fields}
        return 201, {"ti_id": path[1], **self.question}


_BOUNDS = ("start", "stop", "step")
