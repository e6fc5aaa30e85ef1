"""Every request that an author can cause: its body against Airflow's schema, its reply, and its errors.

Through a real channel: frames go over a socket pair, and what the supervisor would answer is scripted.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dagfloe import (
    NEVER_EXPIRE,
    ApiServerError,
    Asset,
    AssetAlias,
    AssetEvent,
    AssetNotFound,
    AssetStateNotFound,
    Bundle,
    Client,
    ConnectionNotFound,
    DagRun,
    DagRunAlreadyExists,
    InactiveAssetError,
    PermissionDenied,
    SupervisorError,
    TaskAwaitingInput,
    TaskStateNotFound,
    VariableNotFound,
    XComNotFound,
)
from dagfloe.client.dag_runs import DagInfo, PreviousDagRun
from dagfloe.client.task_instances import PreviousTaskInstance
from dagfloe.client.variables import VariableKeys
from dagfloe.runtime.wire.requests import TERMINAL_STATES, list_request_names
from support.comm_pair import answered
from support.memory import context
from support.schemas import NEW, OLD, violations

if TYPE_CHECKING:
    from collections.abc import Callable

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TI = "01234567-89ab-cdef-0123-456789abcdef"
ASSET = {"name": "a", "uri": "s3://shop/a", "group": "asset", "extra": {"x": 1}}
RUN = {
    "dag_id": "d",
    "run_id": "r",
    "logical_date": WHEN,
    "data_interval_start": None,
    "data_interval_end": None,
    "run_after": WHEN,
    "start_date": WHEN,
    "end_date": None,
    "run_type": "manual",
    "state": "running",
    "conf": {"a": 1},
    "consumed_asset_events": [],
    "partition_key": None,
}
DAG_RUN = DagRun(
    dag_id="d", run_id="r", logical_date=WHEN, run_after=WHEN, start_date=WHEN, conf={"a": 1}, consumed_asset_events=()
)
EVENT = {
    "id": 7,
    "timestamp": "2026-01-02T03:04:05Z",
    "extra": {"rows": 3},
    "asset": ASSET,
    "created_dagruns": [],
    "source_task_id": "t",
    "source_dag_id": "d",
    "source_run_id": "r",
    "source_map_index": -1,
}
HITL = {"type": "HITLDetailRequestResult", "ti_id": TI, "options": ["yes", "no"], "subject": "s"}
OK = {"type": "OKResponse", "ok": True}
GENERAL = {"PERMISSION_DENIED": PermissionDenied, "API_SERVER_ERROR": ApiServerError, "GENERIC_ERROR": SupervisorError}


class Call(NamedTuple):
    """A call, the request that it sends, the reply, and the call's result or errors."""

    kind: str
    call: Callable[[Client], Any]
    fields: dict[str, Any]
    reply: dict[str, Any] | None = None
    result: Any = None
    errors: dict[str, type[Exception]] = {}  # noqa: RUF012 - read only
    version: str = OLD


def xcom(**fields: Any) -> dict[str, Any]:
    """The fields that identify the XComs of the calls."""
    return {"key": "return_value", "dag_id": "d", "run_id": "manual__1", "task_id": "up", **fields}


CALLS = [
    Call(
        "GetVariable",
        lambda client: client.variables.get("k"),
        {"key": "k"},
        {"type": "VariableResult", "key": "k", "value": "v"},
        "v",
        {"VARIABLE_NOT_FOUND": VariableNotFound},
    ),
    Call(
        "PutVariable",
        lambda client: client.variables.set("k", [1], "why", serialize_json=True),
        {"key": "k", "value": "[1]", "description": "why"},
    ),
    Call("DeleteVariable", lambda client: client.variables.delete("k"), {"key": "k"}, OK),
    Call(
        "GetVariableKeys",
        lambda client: client.variables.page("p", limit=2, offset=4),
        {"prefix": "p", "limit": 2, "offset": 4},
        {"type": "VariableKeysResult", "keys": ["p1"], "total_entries": 5},
        VariableKeys(keys=("p1",), total_entries=5),
    ),
    Call(
        "GetConnection",
        lambda client: client.connections.get("db").uri,
        {"conn_id": "db"},
        {"type": "ConnectionResult", "conn_id": "db", "conn_type": "postgres", "host": "h"},
        "postgres://h",
        {"CONNECTION_NOT_FOUND": ConnectionNotFound},
    ),
    Call(
        "GetXCom",
        lambda client: client.xcom.get("up", map_index=3, include_prior_dates=True),
        xcom(map_index=3, include_prior_dates=True),
        {"type": "XComResult", "key": "return_value", "value": {"a": [1]}},
        {"a": [1]},
        {"XCOM_NOT_FOUND": XComNotFound},
    ),
    Call(
        "GetXCom",
        lambda client: client.xcom.get("up", previous_iteration=True),
        xcom(previous_iteration=True),
        {"type": "XComResult", "key": "return_value", "value": None},
        version=NEW,
    ),
    Call(
        "GetXComCount",
        lambda client: client.xcom.count("up", dag_id="other"),
        xcom(dag_id="other"),
        {"type": "XComCountResponse", "len": 4},
        4,
    ),
    Call(
        "GetXComSequenceItem",
        lambda client: client.xcom.sequence("up")[-1],
        xcom(offset=-1),
        {"type": "XComSequenceIndexResult", "root": 9},
        9,
        {"XCOM_NOT_FOUND": IndexError},
    ),
    Call(
        "GetXComSequenceSlice",
        lambda client: client.xcom.sequence("up")[2:5:2],
        xcom(start=2, stop=5, step=2),
        {"type": "XComSequenceSliceResult", "root": [1, 2]},
        [1, 2],
    ),
    Call(
        "GetXComSequenceSlice",
        lambda client: client.xcom.get_all("up", run_id="other", include_prior_dates=True),
        xcom(run_id="other", start=None, stop=None, step=None, include_prior_dates=True),
        {"type": "XComSequenceSliceResult", "root": [1]},
        [1],
    ),
    Call(
        "SetXCom",
        lambda client: client.xcom.set("own", [1, 2], mapped_length=2, dag_result=True),
        xcom(key="own", task_id="t", value=[1, 2], map_index=7, mapped_length=2, dag_result=True),
    ),
    Call(
        "SetXCom",
        lambda client: client.xcom.set("k", None, task_id="other"),
        xcom(key="k", task_id="other", value=None, map_index=-1),
    ),
    Call(
        "DeleteXCom",
        lambda client: client.xcom.delete("k", task_id="other", dag_id="e", run_id="r", map_index=2),
        xcom(key="k", task_id="other", dag_id="e", run_id="r", map_index=2),
    ),
    Call("DeleteXCom", lambda client: client.xcom.delete("k"), xcom(key="k", task_id="t", map_index=7)),
    Call(
        "MaskSecret",
        lambda client: client.mask_secret(["hunter2", {"a": "b"}], "n"),
        {"value": ["hunter2", {"a": "b"}], "name": "n"},
    ),
    Call(
        "GetTaskStateStore",
        lambda client: client.task_state_store.get("cursor"),
        {"ti_id": TI, "key": "cursor"},
        {"type": "TaskStateStoreResult", "value": [3]},
        [3],
        {"TASK_STORE_NOT_FOUND": TaskStateNotFound},
    ),
    Call(
        "SetTaskStateStore",
        lambda client: client.task_state_store.set("cursor", 3, retention=NEVER_EXPIRE),
        {"ti_id": TI, "key": "cursor", "value": 3, "expires_at": None},
        OK,
    ),
    Call(
        "DeleteTaskStateStore",
        lambda client: client.task_state_store.delete("cursor"),
        {"ti_id": TI, "key": "cursor"},
        OK,
    ),
    Call("ClearTaskStateStore", lambda client: client.task_state_store.clear(), {"ti_id": TI}, OK),
    *(
        call
        for suffix, place, asset in (
            ("ByName", {"name": "a"}, Asset("a", "s3://shop/a")),
            ("ByName", {"name": "a"}, Asset.ref(name="a")),
            ("ByUri", {"uri": "s3://shop/a"}, Asset.ref(uri="s3://shop/a")),
        )
        for call in (
            Call(
                f"GetAssetStateStore{suffix}",
                lambda client, asset=asset: client.asset_state_store[asset].get("k"),  # type: ignore[misc]
                {**place, "key": "k"},
                {"type": "AssetStateStoreResult", "value": "v"},
                "v",
                {"ASSET_STORE_NOT_FOUND": AssetStateNotFound},
            ),
            Call(
                f"SetAssetStateStore{suffix}",
                lambda client, asset=asset: client.asset_state_store[asset].set("k", {"v": 1}),  # type: ignore[misc]
                {**place, "key": "k", "value": {"v": 1}},
                OK,
            ),
            Call(
                f"DeleteAssetStateStore{suffix}",
                lambda client, asset=asset: client.asset_state_store[asset].delete("k"),  # type: ignore[misc]
                {**place, "key": "k"},
                OK,
            ),
            Call(
                f"ClearAssetStateStore{suffix}",
                lambda client, asset=asset: client.asset_state_store[asset].clear(),  # type: ignore[misc]
                place,
                OK,
            ),
        )
    ),
    Call(
        "GetAssetByName",
        lambda client: client.assets.get(name="a"),
        {"name": "a"},
        {"type": "AssetResult", **ASSET},
        Asset("a", "s3://shop/a"),
        {"ASSET_NOT_FOUND": AssetNotFound},
    ),
    Call(
        "GetAssetByUri",
        lambda client: client.assets.get(uri="s3://shop/a").extra,
        {"uri": "s3://shop/a"},
        {"type": "AssetResult", **ASSET},
        {"x": 1},
        {"ASSET_NOT_FOUND": AssetNotFound},
    ),
    Call(
        "GetAssetsByAlias",
        lambda client: client.assets.by_alias("al"),
        {"alias_name": "al"},
        {"type": "AssetsByAliasResult", "assets": [{**ASSET, "type": "AssetResult"}]},
        [Asset("a", "s3://shop/a")],
    ),
    Call(
        "GetAssetEventByAsset",
        lambda client: client.assets.events(Asset("a", "s3://shop/a"), after=WHEN, ascending=False, limit=3),
        {"name": "a", "uri": "s3://shop/a", "after": WHEN, "before": None, "ascending": False, "limit": 3},
        {"type": "AssetEventsResult", "asset_events": [EVENT]},
        [
            AssetEvent(
                asset=Asset("a", "s3://shop/a"),
                timestamp=WHEN,
                extra={"rows": 3},
                id=7,
                source_dag_id="d",
                source_task_id="t",
                source_run_id="r",
                source_map_index=-1,
            )
        ],
    ),
    Call(
        "GetAssetEventByAsset",
        lambda client: client.assets.events(
            Asset.ref(uri="s3://shop/a"), partition_key="p", partition_key_pattern="p.*", extra={"a": "b"}
        ),
        {
            "name": None,
            "uri": "s3://shop/a",
            "partition_key": "p",
            "partition_key_regexp_pattern": "p.*",
            "extra": {"a": "b"},
        },
        {"type": "AssetEventsResult", "asset_events": []},
        [],
        version=NEW,
    ),
    Call(
        "GetAssetEventByAssetAlias",
        lambda client: client.assets.events(AssetAlias("al"), before=WHEN),
        {"alias_name": "al", "before": WHEN, "ascending": True},
        {"type": "AssetEventsResult", "asset_events": []},
        [],
    ),
    Call(
        "ValidateInletsAndOutlets",
        lambda client: client.assets.validate(),
        {"ti_id": TI},
        {"type": "InactiveAssetsResult", "inactive_assets": []},
    ),
    Call(
        "GetDagRun",
        lambda client: client.dag_runs.get("r"),
        {"dag_id": "d", "run_id": "r"},
        {"type": "DagRunResult", **RUN},
        DAG_RUN,
    ),
    Call(
        "GetDagRunState",
        lambda client: client.dag_runs.state("r", dag_id="e"),
        {"dag_id": "e", "run_id": "r"},
        {"type": "DagRunStateResult", "state": "queued"},
        "queued",
    ),
    Call(
        "GetPreviousDagRun",
        lambda client: client.dag_runs.previous("success", logical_date=WHEN),
        {"dag_id": "d", "logical_date": WHEN, "state": "success"},
        {"type": "PreviousDagRunResult", "dag_run": RUN},
        DAG_RUN,
    ),
    Call(
        "GetPreviousDagRun",
        lambda client: client.dag_runs.previous(dag_id="e", logical_date=WHEN),
        {"dag_id": "e", "state": None},
        {"type": "PreviousDagRunResult", "dag_run": None},
    ),
    Call(
        "GetPrevSuccessfulDagRun",
        lambda client: client.dag_runs.previous_successful(),
        {"ti_id": TI},
        {"type": "PrevSuccessfulDagRunResult", "start_date": WHEN, "end_date": None},
        PreviousDagRun(start_date=WHEN),
    ),
    Call(
        "GetDRCount",
        lambda client: client.dag_runs.count(states=["failed"], run_ids="r", logical_dates=[WHEN]),
        {"dag_id": "d", "states": ["failed"], "run_ids": ["r"], "logical_dates": [WHEN]},
        {"type": "DRCount", "count": 2},
        2,
    ),
    Call(
        "TriggerDagRun",
        lambda client: client.dag_runs.trigger(
            "e", run_id="r", conf={"a": 1}, logical_date=WHEN, run_after=WHEN, reset_dag_run=True, note="n"
        ),
        {
            "dag_id": "e",
            "run_id": "r",
            "conf": {"a": 1},
            "logical_date": WHEN,
            "run_after": WHEN,
            "reset_dag_run": True,
            "note": "n",
        },
        OK,
        "r",
        {"DAGRUN_ALREADY_EXISTS": DagRunAlreadyExists},
    ),
    Call(
        "UpdateDagRunNote",
        lambda client: client.dag_runs.update_note("n"),
        {"ti_id": TI, "note": "n"},
        version=NEW,
    ),
    Call(
        "GetDag",
        lambda client: client.dags.get(),
        {"dag_id": "d"},
        {
            "type": "DagResult",
            "dag_id": "d",
            "is_paused": False,
            "bundle_name": "b",
            "bundle_version": None,
            "relative_fileloc": "d.py",
            "owners": "me",
            "tags": ["x"],
            "next_dagrun": None,
        },
        DagInfo(dag_id="d", is_paused=False, bundle_name="b", relative_fileloc="d.py", owners="me", tags=["x"]),
    ),
    Call(
        "GetTICount",
        lambda client: client.task_instances.count(task_ids=["t"], task_group_id="g", states=["failed"], map_index=1),
        {"dag_id": "d", "task_ids": ["t"], "task_group_id": "g", "states": ["failed"], "map_index": 1},
        {"type": "TICount", "count": 1},
        1,
    ),
    Call(
        "GetTaskStates",
        lambda client: client.task_instances.states(task_ids="t"),
        {"dag_id": "d", "task_ids": ["t"], "run_ids": ["manual__1"], "logical_dates": None},
        {"type": "TaskStatesResult", "task_states": {"manual__1": {"t": "success"}}},
        {"manual__1": {"t": "success"}},
    ),
    Call(
        "GetPreviousTI",
        lambda client: client.task_instances.previous("up", state="success", logical_date=WHEN, map_index=2),
        {"dag_id": "d", "task_id": "up", "state": "success", "logical_date": WHEN, "map_index": 2},
        {
            "type": "PreviousTIResult",
            "task_instance": {"task_id": "up", "dag_id": "d", "run_id": "r", "try_number": 1, "start_date": WHEN},
        },
        PreviousTaskInstance(dag_id="d", task_id="up", run_id="r", try_number=1, start_date=WHEN),
    ),
    Call(
        "GetPreviousTI",
        lambda client: client.task_instances.previous(),
        {"task_id": "t", "logical_date": None},
        {"type": "PreviousTIResult", "task_instance": None},
    ),
    Call(
        "GetTaskBreadcrumbs",
        lambda client: client.task_instances.breadcrumbs("r"),
        {"dag_id": "d", "run_id": "r"},
        {"type": "TaskBreadcrumbsResult", "breadcrumbs": [{"task_id": "t"}]},
        [{"task_id": "t"}],
    ),
    Call(
        "GetTaskRescheduleStartDate",
        lambda client: client.task_instances.first_reschedule_date(),
        {"ti_id": TI, "try_number": 1},
        {"type": "TaskRescheduleStartDate", "start_date": WHEN},
        WHEN,
    ),
    Call(
        "SkipDownstreamTasks",
        lambda client: client.task_instances.skip_downstream(["a", ("b", 1)]),
        {"tasks": ["a", ["b", 1]]},
    ),
    Call(
        "SetRenderedFields",
        lambda client: client.task_instances.set_rendered_fields({"sql": "select 1", "password": "hunter2"}),
        {"rendered_fields": {"sql": "select 1", "password": "***"}},
    ),
    Call(
        "SetRenderedMapIndex",
        lambda client: client.task_instances.set_rendered_map_index("june"),
        {"rendered_map_index": "june"},
    ),
    Call(
        "SetExecutionTimeout",
        lambda client: client.task_instances.set_execution_timeout(5.5),
        {"timeout_seconds": 5.5},
        version=NEW,
    ),
    Call(
        "CreateHITLDetailPayload",
        lambda client: client.human_input.request(
            "s",
            ["yes", "no"],
            body="b",
            defaults=["no"],
            params={"n": 1, "m": {"value": 2, "schema": {"type": "integer"}}},
            assigned_users=[{"id": "1", "name": "one"}],
        ),
        {
            "ti_id": TI,
            "subject": "s",
            "options": ["yes", "no"],
            "body": "b",
            "defaults": ["no"],
            "multiple": False,
            "params": {
                "n": {"value": 1, "description": None, "schema": {}},
                "m": {"value": 2, "description": None, "schema": {"type": "integer"}},
            },
            "assigned_users": [{"id": "1", "name": "one"}],
        },
        HITL,
    ),
]
IDS = [f"{number}-{call.kind}" for number, call in enumerate(CALLS)]
#: Requests that no call sends: terminal messages, the Dag processor's reply, and what the supervisor refuses.
NOT_CALLS = {
    *TERMINAL_STATES,
    "DagFileParsingResult",
    "GetHITLDetailResponse",
    "TaskHandlerParsingResult",
    "UpdateHITLDetail",
}


def client_of(transport: Any) -> Client:
    """The client of a rescheduled, mapped task instance with an outlet."""
    bundle = Bundle()
    bundle.dag("d").task(task_id="t", outlets=[Asset("a", "s3://shop/a")])(lambda: None)
    running = context(map_index=7)
    running.__dict__["task_reschedule_count"] = 2
    return Client(transport, running, bundle=bundle)


def test_calls_cover_every_request() -> None:
    """The table covers every request of both schemas that a task can send."""
    assert {call.kind for call in CALLS} == set(list_request_names(NEW)) - NOT_CALLS


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_request_and_reply(call: Call) -> None:
    """The request follows the schema and has the call's arguments; the reply becomes the typed result."""
    requests: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> tuple[object, object]:
        requests.append(body)
        return call.reply, None

    with answered(answer, call.version) as comms:
        result = call.call(client_of(comms))
    (body,) = requests
    assert body["type"] == call.kind
    assert violations(body, call.version) == []
    assert {name: body.get(name) for name in call.fields} == call.fields
    assert result == call.result


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_errors(call: Call) -> None:
    """Every documented error raises its typed exception, from the reply's body and from its error field."""
    expected: dict[str, type[Exception]] = {**GENERAL, **call.errors}
    for code, kind in expected.items():
        error = {"type": "ErrorResponse", "error": code, "detail": {"status_code": 404, "message": "m"}}
        for reply in ((error, None), (None, error)):
            with answered(lambda _body, reply=reply: reply, call.version) as comms:  # type: ignore[misc]
                with pytest.raises(kind) as caught:
                    call.call(client_of(comms))
                assert type(caught.value) is kind
            if isinstance(caught.value, SupervisorError):
                assert caught.value.code == code


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (lambda client: client.variables.get("k", None), "VARIABLE_NOT_FOUND"),
        (lambda client: client.xcom.get("up", default=None), "XCOM_NOT_FOUND"),
        (lambda client: client.task_state_store.get("k", None), "TASK_STORE_NOT_FOUND"),
        (lambda client: client.asset_state_store[Asset("a")].get("k", None), "ASSET_STORE_NOT_FOUND"),
    ],
)
def test_defaults(call: Callable[[Client], Any], result: str) -> None:
    """A missing value returns the default, also None."""
    with answered(lambda _body: ({"type": "ErrorResponse", "error": result, "detail": None}, None)) as comms:
        assert call(client_of(comms)) is None


def test_retention() -> None:
    """A state expires after its retention: the argument, Airflow's setting, or 30 days."""
    expiry_dates: list[Any] = []

    def answer(body: dict[str, Any]) -> tuple[object, object]:
        expiry_dates.append(body["expires_at"])
        return OK, None

    with answered(answer) as comms:
        store = client_of(comms).task_state_store
        now = datetime.now(tz=timezone.utc)
        store.set("k", 1, retention=timedelta(hours=1))
        store.set("k", 1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW__STATE_STORE__DEFAULT_RETENTION_DAYS", "7")
            store.set("k", 1)
            patch.setenv("AIRFLOW__STATE_STORE__DEFAULT_RETENTION_DAYS", "0")
            store.set("k", 1)
    assert expiry_dates.pop() is None
    for expires_at, span in zip(expiry_dates, (timedelta(hours=1), timedelta(days=30), timedelta(days=7)), strict=True):
        assert abs(expires_at - now - span) < timedelta(minutes=5)


def test_inactive_assets() -> None:
    """The error for inactive inlets and outlets names them."""
    inactive = {
        "type": "InactiveAssetsResult",
        "inactive_assets": [{"name": "a", "uri": "s3://shop/a", "type": "Asset"}],
    }
    with answered(lambda _body: (inactive, None)) as comms:
        assert client_of(comms).assets.inactive() == inactive["inactive_assets"]
        with pytest.raises(InactiveAssetError, match="not active in Airflow: a;"):
            client_of(comms).assets.validate()


def test_all_keys_page_by_page() -> None:
    """`keys` yields the keys of all pages."""
    keys = [f"k{number:03}" for number in range(25)]

    def answer(body: dict[str, Any]) -> tuple[object, object]:
        page = keys[body["offset"] : body["offset"] + body["limit"]]
        return {"type": "VariableKeysResult", "keys": page, "total_entries": len(keys)}, None

    with answered(answer) as comms:
        assert list(client_of(comms).variables.keys("k", page_size=10)) == keys


def test_waiting_for_a_dag_run() -> None:
    """`wait` polls until an allowed state. A failed state and a timeout are errors."""
    states = iter(["queued", "running", "success", "queued", "failed"])
    with answered(lambda _body: ({"type": "DagRunStateResult", "state": next(states, "running")}, None)) as comms:
        runs = client_of(comms).dag_runs
        assert runs.wait("r", poke_interval=0.001) == "success"
        with pytest.raises(Exception, match="Dag run 'r' ended as failed"):
            runs.wait("r", poke_interval=timedelta(milliseconds=1))
        with pytest.raises(Exception, match=r"Dag run 'r' is still running after 0\.01 s"):
            runs.wait("r", poke_interval=0.001, timeout=0.01)


def test_asking_a_human_suspends_the_task() -> None:
    """The task first sends the question, then frees the worker."""
    with answered(lambda _body: (HITL, None)) as comms, pytest.raises(TaskAwaitingInput) as caught:
        client_of(comms).human_input.ask("s", ["yes", "no"], timeout=5, kwargs={"n": 1}, resume="decided")
    assert (caught.value.timeout, caught.value.kwargs, caught.value.resume) == (5, {"n": 1}, "decided")


def test_ten_threads_with_a_thousand_calls_each() -> None:
    """Every call of many concurrent threads gets its own reply."""

    def answer(body: dict[str, Any]) -> tuple[object, object]:
        return {"type": "VariableResult", "key": body["key"], "value": body["key"][::-1]}, None

    wrong: list[str] = []
    with answered(answer) as comms:
        client = client_of(comms)

        def work(thread: int) -> None:
            for number in range(1000):
                key = f"key-{thread}-{number}"
                if client.variables.get(key) != key[::-1]:
                    wrong.append(key)

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(50)
            assert not thread.is_alive(), "a call hangs"
    assert wrong == []
