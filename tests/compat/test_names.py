"""The modules of the package `airflow`, and what they offer."""

from __future__ import annotations

import asyncio
import importlib
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import pytest

from compat.run import run
from dagfloe import Bundle
from dagfloe.compat.install import FOLDER
from dagfloe.errors import RegistrationError
from dagfloe.testing import TaskEnvironment

DECLARED = "was called in a bundle: declare Dags with dagfloe's Bundle"
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts).removesuffix(".__init__")
    for path in Path(FOLDER).rglob("airflow/**/*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    """Every module can be imported, and has all that it lists."""
    module = importlib.import_module(name)
    for attribute in getattr(module, "__all__", ()):
        assert hasattr(module, attribute)


def test_decorators() -> None:
    """Airflow's decorators leave a function as it is; those of Dags refuse the call."""
    sdk: Any = importlib.import_module("airflow.sdk")

    def work() -> int:
        return 5

    for decorator in (sdk.task, sdk.task(retries=2), sdk.task.virtualenv(requirements=["x"]), sdk.task.a.b, sdk.setup):
        assert decorator(work) is work
    assert "task.virtualenv" in repr(sdk.task.virtualenv)
    for decorator in (sdk.dag, sdk.dag(schedule=None), sdk.task_group):
        with pytest.raises(RegistrationError, match=r"work, a function with @.* of Airflow, was called in a bundle"):
            decorator(work)()
    for call in (lambda: sdk.DAG("etl"), lambda: sdk.chain(1, 2), cast("Any", type("Own", (sdk.BaseOperator,), {}))):
        with pytest.raises(RegistrationError, match=re.escape(DECLARED)):
            call()


def test_model_variables() -> None:
    """`airflow.models.Variable` has `default_var`, KeyErrors and `setdefault`."""

    def read() -> list[object]:
        variable = importlib.import_module("airflow.models").Variable
        sdk_variable = importlib.import_module("airflow.sdk").Variable
        found = [variable.get("no", default_var=1), variable.get("no", None), variable.get("no", default=2)]
        with pytest.raises(KeyError, match="Variable no does not exist"):
            variable.get("no")
        with pytest.raises(ValueError, match="Default Value"):
            variable.setdefault("no", None)
        found += [variable.setdefault("new", {"a": 1}, deserialize_json=True), variable.get("new", None, True)]
        variable.set("number", 5)
        found += [variable.setdefault("number", 6), sdk_variable.keys("n")]
        sdk_variable.set("api_token", {"a": "hunter2"}, serialize_json=True)
        return found

    environment = TaskEnvironment()
    result = run(read, environment).raise_for_state()
    assert result.value == [1, None, 2, {"a": 1}, {"a": 1}, "5", ["new", "number"]]


def test_connections() -> None:
    """`Connection` and `BaseHook` have what code uses; a hook of a provider is refused."""
    connections: Any = importlib.import_module("airflow.sdk")
    connection = connections.Connection.from_uri("postgres://ann:p%2Fw@h:5/s?a=b", "db")
    assert [connection.password, connection.extra_dejson, connection.get_password()] == ["p/w", {"a": "b"}, "p/w"]
    assert connection.get_extra_dejson() == {"a": "b"}
    assert connection.get_uri() == "postgres://ann:p%2Fw@h:5/s?a=b"
    assert connection.as_json().startswith('{"conn_type": "postgres", "host": "h"')
    assert connections.Connection("x", extra="[not").extra_dejson == {}
    assert "p/w" not in repr(connection)
    with pytest.raises(NotImplementedError, match="a bundle has no hook for 'postgres'"):
        connection.get_hook()
    hook = type("Hook", (connections.BaseHook,), {})()
    assert hook.log.name == f"airflow.task.hooks.{__name__}.Hook"
    with pytest.raises(NotImplementedError):
        hook.get_conn()

    def read() -> list[object]:
        found = [asyncio.run(kind.aget_connection("db")).host for kind in (connections.BaseHook,)]
        found.append(asyncio.run(connections.Connection.async_get("db")).host)
        with pytest.raises(NotImplementedError):
            connections.BaseHook.get_hook("db")
        return found

    environment = TaskEnvironment()
    environment.connections["db"] = "postgres://h"
    assert run(read, environment).value == ["h", "h"]


def test_timezone() -> None:
    """Naive and aware datetimes are told apart, and None stays None."""
    zone: Any = importlib.import_module("airflow.utils.timezone")
    date = datetime(2026, 1, 31, tzinfo=timezone.utc)
    naive = date.replace(tzinfo=None)
    assert [zone.coerce_datetime(None), zone.convert_to_utc(None)] == [None, None]
    assert [zone.coerce_datetime(naive), zone.coerce_datetime(date), zone.make_aware(naive)] == [date] * 3
    assert [zone.from_timestamp(0).year, zone.is_naive(naive), zone.is_localized(date)] == [1970, True, True]
    with pytest.raises(ValueError, match="expects a naive"):
        zone.make_aware(date)
    with pytest.raises(ValueError, match="naive datetime"):
        zone.make_naive(naive)


def test_states() -> None:
    """The members are strings; `str` shows the value only in `airflow.utils`, as in Airflow."""
    sdk: Any = importlib.import_module("airflow.sdk")
    utils: Any = importlib.import_module("airflow.utils.state")
    assert sdk.TaskInstanceState.FAILED == utils.TaskInstanceState.FAILED == "failed"
    assert [str(sdk.DagRunState.FAILED), str(utils.DagRunState.FAILED)] == ["DagRunState.FAILED", "failed"]


def test_deferral() -> None:
    """A deferral of Airflow's resumes in a function that `resume` registers; a trigger needs `serialize`."""
    deferred: Any = importlib.import_module("airflow.exceptions").TaskDeferred

    class Trigger:
        def serialize(self) -> tuple[str, dict[str, object]]:
            return "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger", {"delta": 5}

    dag = Bundle().dag("etl")

    @dag.task
    def wait() -> None:
        raise deferred(trigger=Trigger(), method_name="arrived", kwargs={"a": 1})

    @wait.resume
    def arrived(event: object, a: int) -> list[object]:
        return [event, a]

    @dag.task
    def wrong() -> None:
        raise deferred(trigger=object(), method_name="wrong")

    environment = TaskEnvironment()
    result = environment.run(wait)
    assert result.state == "deferred"
    assert environment.resume(result, event=5).value == [5, 1]
    result = environment.run(wrong, max_tries=1)
    assert result.state == "failed"
    assert "has no serialize(): raise dagfloe.TaskDeferred" in result.log.text
