"""Tasks for the rows of the conformance page that a supervisor of Airflow 3.3 offers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from dagfloe import (
    NEVER_EXPIRE,
    Asset,
    AssetAlias,
    Client,
    Context,
    DagRunAlreadyExists,
    HumanAnswer,
    RetryDecision,
    TaskDeferred,
    TaskRescheduled,
    TaskStateNotFound,
)
from demo.base import bundle

dag = bundle.dag("conformance")
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
SALES, ALIAS = Asset("sales", "s3://bucket/sales"), AssetAlias("daily")


# States


@dag.task
def defers() -> None:
    raise TaskDeferred(
        "airflow.providers.standard.triggers.temporal.DateTimeTrigger",
        {"moment": WHEN, "end_from_trigger": False},
        resume=resumed,
        kwargs={"rows": (1, 2), "since": WHEN},
        timeout=timedelta(minutes=5),
    )


@defers.resume
def resumed(event: datetime, rows: tuple[int, ...], since: datetime, context: Context) -> dict[str, Any]:
    return {"event": event.isoformat(), "rows": list(rows), "since": since.isoformat(), "try": context.try_number}


@dag.task
def reschedules() -> None:
    raise TaskRescheduled(datetime.now(timezone.utc) + timedelta(minutes=10))


@dag.task
def sensor(client: Client) -> str:
    return client.poke(lambda: client.get_variable("arrived", None), interval=60, timeout=3600)


@dag.task
def soft_sensor(client: Client) -> None:
    client.poke(lambda: False, interval=60, timeout=3600, soft_fail=True)


@dag.task
def asks(client: Client) -> None:
    client.human_input.ask(
        "Publish?",
        ["yes", "no"],
        body="**Now?**",
        defaults=["no"],
        params={"why": "no reason"},
        timeout=60,
        resume=answered,
    )


@asks.resume
def answered(event: HumanAnswer) -> dict[str, Any]:
    return {"chosen": list(event.chosen_options), "by": (event.responded_by_user or {}).get("name")}


@dag.task
def polls(client: Client) -> None:
    client.human_input.ask("Publish?", ["yes", "no"], poll=5, timeout=60, resume=polled)


@polls.resume
def polled(event: HumanAnswer) -> list[str]:
    return list(event.chosen_options)


# Capabilities


@dag.task
def speaks() -> None:
    logging.getLogger("conformance").warning("a warning with %s", "arguments", extra={"rows": 3})
    logging.getLogger("conformance").debug("too quiet to be heard")
    print("printed")
    warnings.warn("warned", stacklevel=1)


@dag.task
def xcoms(client: Client) -> dict[str, Any]:
    client.xcom.set("own", {"n": [1, 2.5, None, True, "ü"]})
    client.xcom.delete("stale")
    client.xcom.delete("theirs", task_id="other", dag_id="elsewhere", run_id="then", map_index=3)
    sequence = client.xcom.sequence("mapped")
    return {
        "other run": client.xcom.get("up", dag_id="elsewhere", run_id="then"),
        "map index": client.xcom.get("mapped", map_index=1),
        "prior": client.xcom.get("up", "prior", include_prior_dates=True),
        "none": client.xcom.get("up", "nothing", default="none"),
        "airflow's own": list(client.xcom.get("up", "a_tuple")),
        "all": client.xcom.get_all("mapped"),
        "len": len(sequence),
        "item": sequence[-1],
        "slice": sequence[1:],
        "reversed": sequence[::-1],
        "listed": list(sequence),
    }


@dag.task(multiple_outputs=True)
def outputs() -> dict[str, Any]:
    return {"a": 1, "b": [2]}


@dag.task
def large(client: Client) -> str:
    return client.get_xcom("up", "large")


@dag.task
def variables(client: Client) -> list[Any]:
    client.set_variable("written", "by the task", "why")
    client.delete_variable("unwanted")
    return [client.get_variable("given"), list(client.variables.keys("p", page_size=2))]


@dag.task
def connection(client: Client) -> list[Any]:
    db = client.get_connection("db")
    print(f"the password is {db.password}")
    return [db.conn_type, db.host, db.extra_dejson["mode"], db.get_uri().partition("@")[2]]


@dag.task(
    retry_policy=lambda error, try_number: (
        RetryDecision.fail("no such key")
        if isinstance(error, KeyError)
        else RetryDecision.retry(delay=timedelta(seconds=90), reason=f"try {try_number} was flaky")
    )
)
def policed(client: Client) -> None:
    raise KeyError("x") if client.get_variable("fatal", None) else ValueError("flaky")


@dag.task
def task_state(client: Client) -> list[Any]:
    store = client.task_state_store
    before = store.get("cursor", 0)
    store.set("cursor", before + 1, retention=NEVER_EXPIRE)
    store.set("other", {"a": 1}, retention=timedelta(days=2))
    store.delete("stale")
    try:
        missing = store.get("missing")
    except TaskStateNotFound:
        missing = "not there"
    return [before, store.get("cursor"), missing]


@dag.task
def clears_task_state(client: Client) -> None:
    client.task_state_store.clear()


@dag.task
def asset_state(client: Client) -> list[Any]:
    by_name, by_uri = client.asset_state_store[SALES], client.asset_state_store[Asset.ref(uri="s3://bucket/other")]
    by_name.set("rows", 3)
    by_uri.set("rows", [4])
    by_uri.delete("stale")
    client.asset_state_store[Asset.ref(name="old")].clear()
    return [by_name.get("rows"), by_uri.get("rows"), by_name.get("missing", None)]


@dag.task(outlets=[SALES, ALIAS])
def emits(client: Client) -> None:
    client.outlet_events[SALES].extra["rows"] = 3
    client.outlet_events[ALIAS].add(Asset("june", "s3://bucket/june"), {"n": 1})


@dag.task
def reads_events(client: Client, context: Context) -> dict[str, Any]:
    return {
        "latest": [event.extra["n"] for event in client.assets.events(SALES, ascending=False, limit=2)],
        "alias": len(client.assets.events(ALIAS, after=WHEN, before=WHEN + timedelta(days=1))),
        "asset": client.assets.get(name="sales").uri,
        "by uri": client.assets.get(uri="s3://bucket/sales").name,
        "of alias": [asset.name for asset in client.assets.by_alias(ALIAS)],
        "triggered by": {asset.name: len(events) for asset, events in context.triggering_asset_events.items()},
    }


@dag.task(inlets=[SALES])
def validated() -> None: ...


@dag.task
def object_store(client: Client) -> list[Any]:
    import fsspec  # type: ignore[import-not-found, unused-ignore]

    store = client.get_connection("store")
    files = fsspec.filesystem(store.conn_type, **store.extra_dejson)
    with files.open(f"{store.schema}/june/orders.csv", "w") as written:
        written.write("1,2,3\n")
    (path,) = files.glob(f"{store.schema}/*/*.csv")
    return [path.rpartition("/")[2], len(files.cat_file(path).split(b","))]


# Binding


@dag.task
def scaled(row: int, scale: int) -> int:
    return row * scale


@dag.task
def join(values: Sequence[int]) -> list[Any]:
    return [type(values).__name__, len(values), values[0], values[1:], sum(values)]


@dag.task
def numbers() -> list[int]:
    return [1, 2, 3]


with dag:
    join(scaled.partial(scale=10).expand(row=numbers()))


# The graph


@dag.branch
def chooses() -> str:
    return "left"


@dag.short_circuit
def stops() -> bool:
    return False


@dag.task
def left() -> None: ...


@dag.task
def right() -> None: ...


@dag.task
def after() -> None: ...


with dag:
    chooses >> [left, right] >> after
    stops >> right


@dag.task
def queries(client: Client, context: Context) -> dict[str, Any]:
    runs, instances = client.dag_runs, client.task_instances
    previous_run, previous_ti = runs.previous("success"), instances.previous("extract", state="success")
    return {
        "run": runs.get().run_id,
        "state": runs.state("then", dag_id="elsewhere"),
        "previous": previous_run and previous_run.run_id,
        "successful": runs.previous_successful().start_date.isoformat(),
        "runs": runs.count(states=["failed"]),
        "instances": instances.count(task_ids=["extract"], states=["success"]),
        "states": instances.states(),
        "previous ti": previous_ti and previous_ti.try_number,
        "breadcrumbs": instances.breadcrumbs("then", dag_id="elsewhere"),
        "dag": client.dags.get().tags,
    }


@dag.task
def triggers(client: Client) -> list[Any]:
    first = client.dag_runs.trigger("elsewhere", run_id="now", conf={"a": 1}, note="by a task")
    try:
        client.dag_runs.trigger("elsewhere", run_id="then")
    except DagRunAlreadyExists:
        again = "exists"
    return [first, client.dag_runs.wait("waited", dag_id="elsewhere", poke_interval=0.01), again]


@dag.task
def masks(client: Client) -> None:
    client.mask_secret("open-sesame")
    logging.getLogger("conformance").warning("the word is open-sesame")


@dag.task
def rendered(client: Client) -> None:
    client.mask_secret("open-sesame")
    client.task_instances.set_rendered_fields({"sql": "select 1", "word": "open-sesame"})
    client.task_instances.set_rendered_map_index("june")


@dag.task
def traced(client: Client, context: Context) -> str | None:
    client.get_variable("given")
    return context.traceparent


@dag.task(execution_timeout=0.3)
def too_long() -> None:
    import time

    time.sleep(30)
