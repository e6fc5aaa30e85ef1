"""Task functions as people write them for Airflow. A bundle and an ordinary Dag file import this module unchanged."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow import exceptions
from airflow.hooks.base import BaseHook
from airflow.models import Connection as ModelConnection
from airflow.sdk import Asset, Connection, Variable, get_current_context, task
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowRescheduleException,
    AirflowRuntimeError,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    DownstreamTasksSkipped,
    TaskDeferred,
)
from airflow.utils import timezone as airflow_timezone

#: Values whose `str` names an object, or a class that Airflow and dagfloe name differently.
OBJECTS = (
    "conn",
    "dag_run",
    "inlet_events",
    "macros",
    "outlet_events",
    "task_instance",
    "task_state_store",
    "ti",
    "triggering_asset_events",
    "var",
)


def context_keys(**context):
    return sorted(context)


def context_values(**context):
    return {key: str(value) for key, value in context.items() if key not in OBJECTS}


def current_context():
    context = get_current_context()
    return {key: str(value) for key, value in context.items() if key not in OBJECTS}


def parameters(
    ds=None,
    ds_nodash=None,
    ts=None,
    ts_nodash=None,
    ts_nodash_with_tz=None,
    logical_date=None,
    data_interval_start=None,
    data_interval_end=None,
    params=None,
    run_id=None,
    dag_run=None,
    dag=None,
    task=None,
    ti=None,
    task_instance=None,
    prev_data_interval_start_success=None,
    prev_start_date_success=None,
    test_mode=None,
    try_number=None,
):
    return {name: str(value) for name, value in locals().items() if name not in ("dag_run", "ti", "task_instance")} | {
        "same": ti is task_instance,
        "run": str(dag_run.run_id),
    }


def required(ds, run_id):
    return [ds, run_id]


def arithmetic(logical_date=None, prev_start_date_success=None):
    day = timedelta(days=1)
    return [
        str(logical_date - day),
        (logical_date + day).isoformat(),
        logical_date.strftime("%d/%m/%Y"),
        f"{logical_date:%Y}",
        str(logical_date == logical_date.astimezone(timezone(timedelta(hours=2)))),
        str(isinstance(prev_start_date_success, datetime)),
        str(bool(prev_start_date_success)),
        str(prev_start_date_success),
        f"{prev_start_date_success}",
        str(prev_start_date_success + day if prev_start_date_success else None),
    ]


def task_instance(ti=None):
    names = ("dag_id", "task_id", "run_id", "try_number", "map_index", "max_tries", "is_mapped", "rendered_map_index")
    return {name: str(getattr(ti, name)) for name in names} | {
        "task": str(ti.task.task_id),
        "log_url": ti.log_url,
        "context": ti.get_template_context()["run_id"],
        "previous": str(getattr(ti.get_previous_dagrun(), "run_id", None)),
        "count": ti.get_ti_count(dag_id=ti.dag_id, states=["success"]),
        "runs": ti.get_dr_count(dag_id=ti.dag_id),
        "reschedule": str(ti.get_first_reschedule_date(get_current_context())),
    }


def dag_run(dag_run=None):
    names = ("dag_id", "run_id", "logical_date", "data_interval_start", "data_interval_end", "run_after", "conf")
    return {name: str(getattr(dag_run, name)) for name in names} | {"type": str(dag_run.run_type)}


def operators(task=None, dag=None):
    return {
        "task_id": task.task_id,
        "dag_id": task.dag_id,
        "owner": task.owner,
        "retries": task.retries,
        "retry_delay": str(task.retry_delay),
        "pool": task.pool,
        "trigger_rule": str(task.trigger_rule),
        "callable": task.python_callable.__name__,
        "dag": dag.dag_id,
        "tags": sorted(dag.tags),
        "tasks": list(dag.task_ids),
        "description": str(dag.description),
        "str": [str(task), str(dag)],
        "same": task.dag is dag,
    }


def xcoms(ti=None):
    ti.xcom_push(key="pushed", value={"a": [1, None]})
    pulls = {
        "one": {"task_ids": "up"},
        "key": {"task_ids": "up", "key": "rows"},
        "missing": {"task_ids": "absent"},
        "missing default": {"task_ids": "absent", "default": 5},
        "default with index": {"task_ids": "absent", "default": 5, "map_indexes": -1},
        "list": {"task_ids": ["up", "absent", "mapped"]},
        "tuple of one": {"task_ids": ("up",)},
        "mapped": {"task_ids": "mapped"},
        "index": {"task_ids": "mapped", "map_indexes": 1},
        "no index": {"task_ids": "up", "map_indexes": None},
        "indexes": {"task_ids": "mapped", "map_indexes": [1, 0]},
        "indexes and tasks": {"task_ids": ["mapped", "up"], "map_indexes": [0, 1], "default": "-"},
        "own": {"key": "pushed"},
        "prior": {"task_ids": "up", "key": "old", "include_prior_dates": True, "map_indexes": None},
        "run": {"task_ids": "up", "run_id": ti.run_id, "dag_id": ti.dag_id},
    }
    values = {name: ti.xcom_pull(**arguments) for name, arguments in pulls.items()}
    return {**values, "position": ti.xcom_pull("up"), "key by position": ti.xcom_pull("up", None, "rows")}


def variables(var=None):
    found = [Variable.get("limit"), Variable.get("config", deserialize_json=True), Variable.get("no", default=None)]
    found += [var["value"].limit, var["json"].config, var["value"].get("no", "d"), var["json"].get("config")["a"]]
    try:
        Variable.get("no")
    except AirflowRuntimeError as error:
        found += [error.error.error.value, str(error)]
    Variable.set("new", "5")
    Variable.set("tree", {"a": 1}, serialize_json=True)
    Variable.delete("limit")
    return found


def connections(conn=None):
    found = [Connection.get("db"), BaseHook.get_connection("db"), conn.db, conn.get("db")]
    names = ("conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra", "extra_dejson")
    values = [{name: str(getattr(one, name)) for name in names} for one in found]
    try:
        BaseHook.get_connection("no")
    except AirflowNotFoundException as error:
        values.append(str(error))
    made = ModelConnection(conn_id="x", conn_type="http", host="h", login="a@b", password="p/w", port=1, schema="s")
    return [*values, conn.get("no", "d"), found[0].get_uri(), made.get_uri()]


def masks():
    connection = BaseHook.get_connection("db")
    print(f"the password is {connection.password}")


def macro_values(macros=None, ds=None):
    return [
        macros.ds_add(ds, 5),
        macros.ds_add(ds, -31),
        macros.ds_format(ds, "%Y-%m-%d", "%d %B"),
        str(macros.timedelta(days=1)),
        str(macros.datetime(2026, 1, 31)),
        macros.json.dumps({"a": 1}),
        len(str(macros.uuid.uuid4())),
    ]


def dates():
    return [
        str(airflow_timezone.datetime(2026, 1, 31)),
        str(airflow_timezone.parse("2026-01-31T05:00:00+02:00")),
        str(airflow_timezone.convert_to_utc(datetime(2026, 1, 31))),  # noqa: DTZ001 - it becomes aware
        airflow_timezone.utcnow().tzname(),
        str(airflow_timezone.make_naive(airflow_timezone.datetime(2026, 1, 31), timezone.utc)),
    ]


def environment():
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith("AIRFLOW_CTX_")}


def outlet(outlet_events=None):
    outlet_events[Asset("report")].extra = {"rows": 5}


def inlet(inlet_events=None):
    events = inlet_events[Asset("orders")]
    return [len(events), events[0].extra, events[-1].source_task_id, [str(event.timestamp) for event in events]]


def triggers(triggering_asset_events=None):
    return {
        asset.name: [[event.extra, str(event.timestamp)] for event in events]
        for asset, events in triggering_asset_events.items()
    }


@task
def helper():
    return "helped"


def calls_helper():
    return helper.function() if hasattr(helper, "function") else helper()


def skips():
    raise AirflowSkipException("no rows")


def fails():
    raise AirflowFailException("bad rows")


def times_out():
    raise AirflowSensorTimeout("too long")


def reschedules():
    raise AirflowRescheduleException(datetime(2030, 1, 31, tzinfo=timezone.utc))


def raises():
    raise AirflowException("again")


def raises_timeout():
    raise AirflowTaskTimeout("too slow")


def raises_old_name():
    raise exceptions.AirflowException("again")


def raises_not_found():
    raise AirflowNotFoundException("nothing")


def skips_inside():
    try:
        raise AirflowSkipException("no rows")
    except Exception as error:
        raise ValueError("wrapped") from error


def catches():
    caught = []
    for kind in (AirflowSkipException, AirflowFailException, AirflowSensorTimeout, AirflowNotFoundException):
        try:
            raise kind("x")
        except AirflowException as error:
            caught.append([type(error).__name__, str(error)])
    return [*caught, *(issubclass(kind, Exception) for kind in (TaskDeferred, AirflowTaskTimeout))]


def skips_downstream():
    raise DownstreamTasksSkipped(tasks=["after", "later"])


def adds(a, b=2, *, ds=None, **context):
    return [a, b, ds, context["templates_dict"], "b" in context, get_current_context()["b"]]


#: The functions that are tasks without arguments.
PLAIN = (
    context_keys,
    context_values,
    current_context,
    parameters,
    required,
    arithmetic,
    task_instance,
    dag_run,
    operators,
    xcoms,
    variables,
    connections,
    masks,
    macro_values,
    dates,
    environment,
    triggers,
    calls_helper,
    skips,
    fails,
    times_out,
    reschedules,
    raises,
    raises_timeout,
    raises_old_name,
    raises_not_found,
    skips_inside,
    catches,
    skips_downstream,
)
