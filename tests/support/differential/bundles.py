"""Tasks of bundle files that dagfloe built: `hello` and `demo`."""

from __future__ import annotations

from typing import Any

from support.differential.scenario import Scenario

_DB = {"conn_type": "postgres", "host": "db.example", "password": "pa55-w0rd", "extra": '{"mode": "fast"}'}
_GREETING = {"greet/return_value": {"greeting": "Hello, you!", "name": "you"}}


def _hello(name: str, task_id: str, **more: Any) -> Scenario:
    return Scenario(name=f"hello {name}", bundle="hello", dag_id="hello", task_id=task_id, **more)


def _demo(task_id: str, dag_id: str = "conformance", **more: Any) -> Scenario:
    name = f"{dag_id}: {task_id}{'' if not more else ' with ' + ' and '.join(more)}"
    return Scenario(name=name, bundle="demo", dag_id=dag_id, task_id=task_id, **more)


BUNDLES: tuple[Scenario, ...] = (
    _hello("greets the world", "greet"),
    _hello("greets somebody", "greet", data={"variables": {"hello_name": "Airflow"}}, task={"try_number": 3}),
    _hello("counts", "count", data={"xcoms": _GREETING}),
    _hello("counts without a greeting", "count"),
    _hello("does not have the task", "nobody"),
    *(_demo(task_id, "ends") for task_id in ("succeeds", "fails", "gives_up", "skips")),
    *(_demo(task_id) for task_id in ("defers", "reschedules", "speaks")),
    _demo("fails", "ends", task={"should_retry": True, "max_tries": 1}),
    _demo("policed", task={"should_retry": True, "max_tries": 1}),
    _demo("outputs"),
    _demo("variables", data={"variables": {"given": "x", "unwanted": "y", "p1": "", "p2": "", "p3": ""}}),
    _demo("connection", data={"connections": {"db": _DB}}),
    _demo("connection"),
    _demo("masks"),
    _demo("rendered"),
    _demo("too_long"),
    _demo("chooses"),
)
