"""Tests of the store behind a real channel, and of all requests."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import (
    ApiServerError,
    Asset,
    AssetNotFound,
    Bundle,
    Client,
    DagRunAlreadyExists,
    TaskStateNotFound,
)
from dagfloe.local.store.store import Store
from dagfloe.runtime.wire.requests import TERMINAL_STATES, list_request_names
from support.comm_pair import answered
from support.memory import context
from support.schemas import NEW, OLD, SCHEMAS
from support.store_requests import TASK, answer, ask
from support.strategies import aware, from_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW = Asset("raw", "s3://raw")
#: Requests of the schema that the task supervisor of Airflow 3.3.2 does not handle.
UNHANDLED = {"DagFileParsingResult", "TaskHandlerParsingResult", "GetHITLDetailResponse", "UpdateHITLDetail"}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    """A client whose requests reach a store over a socket pair."""
    bundle = Bundle()
    bundle.dag(TASK.dag_id).task(task_id=TASK.task_id, outlets=[RAW])(lambda: None)
    task_context = context(id=TASK.ti_id, dag_id=TASK.dag_id, task_id=TASK.task_id, run_id=TASK.run_id)
    with answered(lambda body: tuple(store.answer(body, TASK)), NEW) as comms:  # type: ignore[arg-type,return-value]
        yield Client(comms, task_context, bundle=bundle)


def test_xcoms(client: Client) -> None:
    """XComs of several map indexes are one sequence."""
    for index in range(3):
        client.xcom.set("k", index * 10, task_id="up", map_index=index)
    sequence = client.xcom.sequence("up", key="k")
    assert (len(sequence), sequence[-1], sequence[::2], list(sequence)) == (3, 20, [0, 20], [0, 10, 20])
    with pytest.raises(IndexError):
        sequence[3]


def test_states(client: Client, store: Store) -> None:
    """A client sets, reads, deletes and clears states of the task and of an asset."""
    store.add_asset(RAW.name, RAW.uri)
    for states in (client.task_state_store, client.asset_state_store[RAW]):
        states.set("cursor", {"at": 3})
        assert states.get("cursor") == {"at": 3}
        states.delete("cursor")
        assert states.get("cursor", None) is None
        states.set("cursor", 4)
        states.clear()
        assert states.get("cursor", 0) == 0
    with pytest.raises(TaskStateNotFound):
        client.task_state_store.get("cursor")


def test_assets(client: Client, store: Store) -> None:
    """A client finds an asset, and the event of the task's outlet."""
    store.add_asset(RAW.name, RAW.uri, extra={"owner": "me"}, aliases=["al"])
    assert client.assets.get(name="raw").extra == {"owner": "me"}
    assert client.assets.by_alias("al") == [RAW]
    with pytest.raises(AssetNotFound):
        client.assets.get(uri="s3://other")
    client.assets.validate()
    client.outlet_events[RAW].extra = {"rows": 3}
    ask(store, "SucceedTask", end_date="2026-01-01T00:00:00Z", **client.outlet_events.fields())
    (event,) = client.assets.events(RAW)
    assert (event.extra, event.source_task_id, event.source_run_id) == ({"rows": 3}, TASK.task_id, TASK.run_id)


def test_runs(client: Client, store: Store) -> None:
    """A client triggers a run once, finds it and counts it; unknown runs are errors."""
    assert client.dag_runs.trigger("e", run_id="t", conf={"a": 1}) == "t"
    assert client.dag_runs.get("t", dag_id="e").conf == {"a": 1}
    assert client.dag_runs.state("t", dag_id="e") == "queued"
    assert client.dag_runs.count(dag_id="e") == 1
    with pytest.raises(DagRunAlreadyExists):
        client.dag_runs.trigger("e", run_id="t")
    with pytest.raises(ApiServerError, match="404"):
        client.dag_runs.get("x")
    client.dag_runs.update_note("by the task")
    assert store.runs[TASK.dag_id, TASK.run_id].note == "by the task"
    assert client.dags.get().dag_id == TASK.dag_id


def test_task_instances(client: Client) -> None:
    """The task finds itself among the task instances of its run."""
    assert client.task_instances.count(states=["running"]) == 1
    assert client.task_instances.states() == {TASK.run_id: {TASK.task_id: "running"}}
    assert client.task_instances.breadcrumbs() == []
    assert client.task_instances.first_reschedule_date() is None


def bodies(version: str) -> st.SearchStrategy[dict[str, Any]]:
    """All requests of a schema, half of them about the task instance that sends them."""

    def own(body: dict[str, Any], is_own: bool) -> dict[str, Any]:
        return {**body, "ti_id": TASK.ti_id} if is_own and "ti_id" in body else body

    definitions = SCHEMAS[version]["$defs"]
    one_of = [from_schema(definitions[name], aware, definitions=definitions) for name in list_request_names(version)]
    return st.builds(own, st.one_of(one_of), st.booleans())


@pytest.mark.parametrize("version", [OLD, NEW])
def test_every_request_is_answered(version: str) -> None:
    """All requests get a reply that follows the schema, in any order; only Airflow's own gaps are unhandled."""

    @given(st.lists(bodies(version), min_size=1, max_size=5))
    def check(requests: list[dict[str, Any]]) -> None:
        store = Store()
        for body in requests:
            kind = body["type"]
            reply = ask(store, kind, version=version, **{name: value for name, value in body.items() if name != "type"})
            unhandled = reply.error is not None and reply.error["detail"]["message"] == "Unhandled request"
            assert unhandled is (kind in UNHANDLED)
            is_open = kind == "SucceedTask" and None in (body.get("task_outlets"), body.get("outlet_events"))
            assert kind not in TERMINAL_STATES or (reply == (None, None)) is not is_open

    check()


def test_several_threads() -> None:
    """Requests of several threads are atomic: no event is missing, and a run is created once."""
    store, exists = Store(), []

    def run(number: int) -> None:
        task = replace(TASK, map_index=number, ti_id=f"{number:08}-89ab-cdef-0123-456789abcdef")
        for index in range(50):
            reply = store.answer({"type": "TriggerDagRun", "dag_id": "e", "run_id": str(index)}, task)
            exists.append(reply.body is not None and reply.body["type"] == "ErrorResponse")
            store.answer({"type": "SkipDownstreamTasks", "tasks": [f"{number} {index}"]}, task)
        outlet = {"type": "Asset", "name": "raw", "uri": "raw"}
        store.answer({"type": "SucceedTask", "task_outlets": [outlet], "outlet_events": []}, task)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (exists.count(False), exists.count(True)) == (50, 350)
    assert len(set(store.skipped[TASK.dag_id, TASK.run_id])) == 400
    assert len(answer(store, "GetAssetEventByAsset", name="raw", uri=None)["asset_events"]) == 8
