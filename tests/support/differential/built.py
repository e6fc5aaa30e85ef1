"""Tasks of bundles that were built with dagfloe: `hello`, and the one that uses everything."""

from __future__ import annotations

from typing import Any

from support.differential.scenario import Scenario

_UP = {"up/up": 1, "up/a_tuple": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}}
_DB = {"conn_type": "postgres", "host": "db.example", "password": "pa55-w0rd", "extra": '{"mode": "fast"}'}
_GREETING = {"greet/return_value": {"greeting": "Hello, you!", "name": "you"}}


def _hello(name: str, task_id: str, **more: Any) -> Scenario:
    return Scenario(name=f"hello {name}", bundle=("hello", task_id), **more)


def _every(task_id: str, **more: Any) -> Scenario:
    name = f"conformance: {task_id}{'' if not more else ' with ' + ' and '.join(more)}"
    return Scenario(name=name, bundle=("conformance", task_id), **more)


BUILT: tuple[Scenario, ...] = (
    _hello("greets the world", "greet"),
    _hello("greets somebody", "greet", holds={"variables": {"hello_name": "Airflow"}}, task={"try_number": 3}),
    _hello("counts", "count", holds={"xcoms": _GREETING}),
    _hello("has nothing to count", "count"),
    _hello("has no such task", "nobody"),
    *(_every(task_id) for task_id in ("succeeds", "fails", "gives_up", "skips", "defers", "reschedules", "speaks")),
    _every("fails", task={"should_retry": True, "max_tries": 1}),
    _every("policed", task={"should_retry": True, "max_tries": 1}),
    _every("outputs"),
    _every("variables", holds={"variables": {"given": "x", "unwanted": "y", "p1": "", "p2": "", "p3": ""}}),
    _every("connection", holds={"connections": {"db": _DB}}),
    _every("connection"),
    _every("masks"),
    _every("rendered"),
    _every("too_long"),
    _every("chooses"),
)
