"""Airflow's conformance list for language SDKs, and more: frozen bundles run under the real supervisor.

Every test belongs to one dimension. `make conformance` runs the tests, and those of test_native_conformance.py, under
every supported Airflow. It writes docs/evidence/conformance.md from the results.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from support.dimensions import DIMENSIONS
from support.stub_dags import read_dags
from support.tool import run_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
SALES = {"name": "sales", "uri": "s3://bucket/sales", "group": "asset", "extra": {}}
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def run(supervisor: Supervisor, demo_bundles: Path, request: pytest.FixtureRequest) -> Callable[..., Answer]:
    """Return a function that runs a task, or skip the test if this supervisor does not offer its dimension."""
    (marker,) = request.node.iter_markers("dimension")
    dimension = DIMENSIONS[marker.args[0]]
    if not supervisor.can(dimension.since):
        pytest.skip(f"this supervisor is of {supervisor.version}; the first that can is {dimension.since}")

    def run(task_id: str, dag_id: str = "conformance", **request: Any) -> Answer:
        return supervisor.run(demo_bundles, dag_id, task_id, **request)

    return run


def state(answer: Answer) -> dict[str, Any]:
    """The body of the only state that the API server received."""
    body: dict[str, Any] = answer.call("PATCH", "/state")["body"]
    return body


def returned(answer: Answer, task_id: str) -> Any:
    """The return value of a task that succeeded."""
    return answer.returned(task_id)


# States


@pytest.mark.dimension("success")
def test_success(run: Callable[..., Answer]) -> None:
    """For a task that returns, the API receives success with its end date."""
    answer = run("succeeds", "ends")
    assert returned(answer, "succeeds")["rows"] == 3
    assert abs(datetime.now(timezone.utc) - datetime.fromisoformat(state(answer)["end_date"])) < timedelta(minutes=5)


@pytest.mark.dimension("failed")
def test_failed(run: Callable[..., Answer]) -> None:
    """A task that raises fails without tries left, and a task that raises TaskFailed fails with tries left."""
    for answer in (run("fails", "ends"), run("gives_up", "ends", should_retry=True)):
        assert (answer.final_state, answer.exit_code, state(answer)["state"]) == ("failed", 0, "failed")


@pytest.mark.dimension("up_for_retry")
def test_up_for_retry(run: Callable[..., Answer]) -> None:
    """For a task that raises with tries left, the API receives up_for_retry with the reason."""
    answer = run("fails", "ends", should_retry=True)
    assert (answer.final_state, answer.exit_code) == ("up_for_retry", 0)
    assert (state(answer)["state"], state(answer)["retry_reason"]) == (
        "up_for_retry",
        "ValueError: the order has no key",
    )


@pytest.mark.dimension("skipped")
def test_skipped(run: Callable[..., Answer]) -> None:
    """For a task that skips itself, the API receives skipped, even with tries left."""
    answer = run("skips", "ends", should_retry=True)
    assert (answer.final_state, answer.exit_code, state(answer)["state"]) == ("skipped", 0, "skipped")


@pytest.mark.dimension("deferred")
def test_deferred(run: Callable[..., Answer], supervisor: Supervisor) -> None:
    """For a deferral, the API receives kwargs in the format of Airflow's own serialization."""
    answer = run("defers")
    assert (answer.final_state, answer.exit_code) == ("deferred", 0)
    date, rows = supervisor.ask(
        expressions=["datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=zoneinfo.ZoneInfo('UTC'))", "(1, 2)"]
    )
    body = state(answer)
    assert body["classpath"] == "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
    assert body["trigger_kwargs"]["end_from_trigger"] is False
    assert body["trigger_kwargs"]["moment"]["__data__"]["timestamp"] == date["__data__"]["timestamp"]
    assert (body["next_method"], body["next_kwargs"]["rows"], body["trigger_timeout"]) == ("resumed", rows, "PT5M")


@pytest.mark.dimension("up_for_reschedule")
def test_up_for_reschedule(run: Callable[..., Answer]) -> None:
    """For a reschedule, from the exception or from polling, the API receives the date."""
    for task_id, minutes in (("reschedules", 10), ("sensor", 1)):
        answer = run(task_id)
        assert (answer.final_state, answer.exit_code) == ("up_for_reschedule", 0)
        ahead = datetime.fromisoformat(state(answer)["reschedule_date"]) - datetime.now(timezone.utc)
        assert timedelta(minutes=minutes - 0.9) < ahead < timedelta(minutes=minutes + 0.1)


@pytest.mark.dimension("awaiting_input")
def test_awaiting_input(run: Callable[..., Answer]) -> None:
    """The API receives the question. Then the task waits for input, or defers to a trigger that polls."""
    answer = run("asks")
    question = answer.call("POST", answer.raw["calls"][-1]["path"].split("/")[1])["body"]
    assert (question["subject"], question["options"], question["defaults"]) == ("Publish?", ["yes", "no"], ["no"])
    assert question["params"]["why"]["value"] == "no reason"
    assert (answer.final_state, answer.exit_code, state(answer)["state"]) == ("awaiting_input", 0, "awaiting_input")
    assert (state(answer)["next_method"], state(answer)["timeout"]) == ("answered", "PT1M")
    polled = run("polls")
    assert polled.final_state == "deferred"
    assert state(polled)["classpath"] == "airflow.providers.standard.triggers.hitl.HITLTrigger"
    assert state(polled)["trigger_kwargs"]["poke_interval"] == 5


@pytest.mark.dimension("removed")
def test_removed(run: Callable[..., Answer]) -> None:
    """For a task that is not in the bundle, the API receives removed."""
    answer = run("nowhere", should_retry=True)
    assert (answer.final_state, answer.exit_code, state(answer)["state"]) == ("removed", 0, "removed")


@pytest.mark.dimension("task-logging")
def test_task_logging(run: Callable[..., Answer]) -> None:
    """The task's log contains records, printed lines and warnings with their levels; lower levels are not sent."""
    answer = run("speaks")
    record = answer.record("a warning with arguments")
    assert (record["level"], record["logger"], record["rows"]) == ("warning", "conformance", 3)
    assert answer.record("printed")["level"] == "info"
    assert answer.record("warned")["level"] == "warning"
    assert not any("too quiet" in event for event in answer.events())


@pytest.mark.dimension("xcom-read-write")
def test_xcoms(run: Callable[..., Answer], supervisor: Supervisor) -> None:
    """A task reads and deletes XComs of any task, run and map index, and writes its own."""
    (encoded,) = supervisor.ask(expressions=["(1, 'two')"])
    answer = run(
        "xcoms",
        xcoms={"up/return_value": "theirs", "up/a_tuple": encoded, "mapped/return_value": None},
        prior_xcoms={"up/prior": "from before"},
        mapped_xcoms={"mapped/return_value": [10, 20, 30]},
    )
    values = returned(answer, "xcoms")
    assert (values["other run"], values["map index"], values["prior"]) == ("theirs", 20, "from before")
    assert (values["none"], values["airflow's own"]) == ("none", [1, "two"])
    assert answer.read("xcoms/elsewhere/then/up/return_value")
    assert answer.xcoms["xcoms/own"] == {"n": [1, 2.5, None, True, "ü"]}
    deleted = [call["path"] for call in answer.raw["calls"] if call["method"] == "DELETE"]
    assert deleted == ["xcoms/conformance/manual__1/xcoms/stale", "xcoms/elsewhere/then/other/theirs"]


@pytest.mark.dimension("connection-read")
def test_connection(run: Callable[..., Answer]) -> None:
    """A task reads a connection by its id; no record contains the password."""
    connections = {
        "db": {"conn_type": "postgres", "host": "h", "login": "u", "password": "open-sesame", "extra": '{"mode": "ro"}'}
    }
    answer = run("connection", connections=connections)
    assert returned(answer, "connection") == ["postgres", "h", "ro", "h/?mode=ro"]
    assert "the password is ***" in answer.events()


@pytest.mark.dimension("variable-read-write")
def test_variables(run: Callable[..., Answer]) -> None:
    """A task reads, writes, deletes and lists variables, in pages."""
    answer = run("variables", variables={"given": "v", "p1": "", "p2": "", "p3": "", "unwanted": "x"})
    assert returned(answer, "variables") == ["v", ["p1", "p2", "p3"]]
    assert answer.call("PUT", "variables/written")["body"] == {
        "val": "by the task",
        "description": "why",
        **({"team_name": None} if "team_name" in answer.call("PUT", "variables/written")["body"] else {}),
        **({"key": "written"} if "key" in answer.call("PUT", "variables/written")["body"] else {}),
    }
    assert "unwanted" not in answer.variables


@pytest.mark.dimension("self-contained-bundle")
def test_self_contained(supervisor: Supervisor, demo_bundles: Path, tmp_path: Path) -> None:
    """The coordinator needs only the bundle file in a folder."""
    (tmp_path / "any-name").symlink_to(demo_bundles / "demo")
    assert returned(supervisor.run(tmp_path, "ends", "succeeds"), "succeeds")["rows"] == 3


@pytest.mark.dimension("retry-policy")
def test_retry_policy(run: Callable[..., Answer]) -> None:
    """A policy retries with a delay and a reason, or fails with tries left."""
    body = state(run("policed", should_retry=True, try_number=2))
    assert (body["state"], body["retry_delay_seconds"]) == ("up_for_retry", 90.0)
    assert body["retry_reason"] == "try 2 was flaky"
    failed = run("policed", should_retry=True, variables={"fatal": "yes"})
    assert (failed.final_state, state(failed)["state"]) == ("failed", "failed")


@pytest.mark.dimension("task-state-store")
def test_task_state_store(run: Callable[..., Answer]) -> None:
    """A task reads, writes with an expiry, deletes and clears its own values through the API."""
    answer = run("task_state", task_store={"cursor": 4, "stale": 1})
    assert returned(answer, "task_state") == [4, 5, "not there"]
    assert answer.raw["task_store"] == {"cursor": 5, "other": {"a": 1}}
    assert answer.call("PUT", "/cursor")["body"]["expires_at"] is None
    ahead = datetime.fromisoformat(answer.call("PUT", "/other")["body"]["expires_at"]) - datetime.now(timezone.utc)
    assert timedelta(days=1.9) < ahead < timedelta(days=2.1)
    assert run("clears_task_state", task_store={"a": 1}).raw["task_store"] == {}


@pytest.mark.dimension("asset-state-store")
def test_asset_state_store(run: Callable[..., Answer]) -> None:
    """A task reads, writes, deletes and clears an asset's values through the API, by name and by URI."""
    answer = run("asset_state", asset_store={"s3://bucket/other": {"stale": 1}, "old": {"x": 1}})
    assert returned(answer, "asset_state") == [3, [4], None]
    assert answer.raw["asset_store"] == {"sales": {"rows": 3}, "s3://bucket/other": {"rows": [4]}, "old": {}}


@pytest.mark.dimension("asset-event-emit")
def test_asset_event_emit(run: Callable[..., Answer]) -> None:
    """The API receives the outlets with their extra, and events under an alias."""
    body = state(run("emits"))
    assert [(outlet.get("name"), outlet["type"]) for outlet in body["task_outlets"]] == [
        ("sales", "Asset"),
        ("daily", "AssetAlias"),
    ]
    assert body["outlet_events"] == [
        {"dest_asset_key": {"name": "sales", "uri": "s3://bucket/sales"}, "extra": {"rows": 3}},
        {
            "source_alias_name": "daily",
            "dest_asset_key": {"name": "june", "uri": "s3://bucket/june"},
            "dest_asset_extra": {},
            "extra": {"n": 1},
        },
    ]


@pytest.mark.dimension("asset-event-read")
def test_asset_event_read(run: Callable[..., Answer]) -> None:
    """A task reads events of assets and aliases through the API; the startup details have the triggering events."""
    events = [
        {"id": n, "timestamp": (WHEN + timedelta(hours=n)).isoformat(), "asset": SALES, "extra": {"n": n}}
        for n in (1, 2, 3)
    ]
    consumed = {
        "asset": {"name": "sales", "uri": "s3://bucket/sales", "extra": {}},
        "extra": {},
        "source_task_id": None,
        "source_dag_id": None,
        "source_run_id": None,
        "source_map_index": None,
        "source_aliases": [{"name": "daily"}],
        "timestamp": WHEN.isoformat(),
    }
    answer = run(
        "reads_events",
        assets=[SALES],
        asset_aliases={"daily": ["sales"]},
        asset_events=[{**event, "created_dagruns": []} for event in events],
        dag_run={"consumed_asset_events": [consumed, consumed]},
    )
    assert returned(answer, "reads_events") == {
        "latest": [3, 2],
        "alias": 3,
        "asset": "s3://bucket/sales",
        "by uri": "sales",
        "of alias": ["sales"],
        "triggered by": {"sales": 2},
    }
    assert answer.read("asset-events/by-asset")["query"]["limit"] == "2"


@pytest.mark.dimension("object-store")
def test_object_store(run: Callable[..., Answer], tmp_path: Path) -> None:
    """A task writes and reads a file with fsspec from its own bundle file; place and options are in a connection."""
    connection = {"conn_type": "file", "schema": str(tmp_path / "bucket"), "extra": '{"auto_mkdir": true}'}
    answer = run("object_store", connections={"store": connection})
    assert returned(answer, "object_store") == ["orders.csv", 3]
    assert (tmp_path / "bucket" / "june" / "orders.csv").read_text() == "1,2,3\n"


# Stub task handlers

#: A stub Dag with arguments, for the Dag in tests/demo/newer that takes them.
WITH_ARGUMENTS = """
from airflow.sdk import DAG, task

with DAG("conformance34"):

    @task.stub(queue="dagfloe")
    def up(): ...

    @task.stub(queue="dagfloe")
    def by_name(country: str, total: dict, limit: int = 5): ...

    by_name("uk", up())
"""


@pytest.fixture(scope="session")
def stub_dags(supervisor: Supervisor, demo_bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The Dags in a stub Dag file, as Airflow reads it: `dagfloe stub` writes it, and 3.4 gets one more Dag."""
    dag_file = run_tool("stub", str(demo_bundles / "demo")) + (WITH_ARGUMENTS if supervisor.can("3.4") else "")
    folder = read_dags(tmp_path_factory.mktemp("stubs"), dag_file, demo_bundles)
    assert (folder.errors, folder.warnings) == ([], [])
    return folder.dags


@pytest.mark.dimension("mixed-lang-stub-target")
def test_stub_target(run: Callable[..., Answer], stub_dags: dict[str, Any], demo_bundles: Path) -> None:
    """The coordinator finds the bundle by the stub's Dag and starts it, and the API receives running."""
    dag = stub_dags["ends"]
    assert dag["runs"] == str(demo_bundles / "demo")
    stub = dag["tasks"]["succeeds"]
    assert (stub["is_stub"], stub["queue"]) == (True, "dagfloe")
    answer = run("succeeds", "ends", dag_file=dag["file"])
    assert answer.call("PATCH", "/run")["body"]["state"] == "running"
    assert returned(answer, "succeeds")["rows"] == 3


@pytest.mark.dimension("taskflow-binding")
def test_taskflow_binding(run: Callable[..., Answer], supervisor: Supervisor, stub_dags: dict[str, Any]) -> None:
    """Parameters get literal and XCom arguments. An argument of the wrong type fails the task before its body.

    Under 3.3, only the bundle binds arguments. Under 3.4, Airflow sends those of the stub's call.
    """
    file = {"dag_file": stub_dags["arguments"]["file"]}
    rows = [{"country": "uk", "amount": 2.5}]
    answer = run("transform", "arguments", xcoms={"extract/return_value": rows}, **file)
    assert returned(answer, "transform") == {"country": "uk", "amount": 5.0}
    bad = run(
        "transform", "arguments", xcoms={"extract/return_value": [{"country": "uk", "amount": "hunter2"}]}, **file
    )
    assert bad.states == ["failed"]
    assert "hunter2" not in str(bad.records)
    error = bad.record("BindingError")["error_detail"][0]["exc_value"]
    assert "parameter 'rows' expects float at $[0].amount and got str" in error
    assert "from XCom 'return_value' of task 'extract'" in error
    if supervisor.can("3.4"):
        bindings = stub_dags["conformance34"]["bindings"]["by_name"]
        assert [binding["name"] for binding in bindings] == ["country", "total", "limit"]
        xcoms = {"up/return_value": {"country": "fr", "amount": 3}}
        answer = run("by_name", "conformance34", ti_context={"arg_bindings": bindings}, xcoms=xcoms, **file)
        assert returned(answer, "by_name") == "uk fr 3.0 5"


# Beyond the list


@pytest.mark.dimension("resume")
def test_resume(run: Callable[..., Answer], supervisor: Supervisor) -> None:
    """The resumed function gets the values that Airflow serialized, with their types."""
    date, rows = supervisor.ask(
        expressions=["datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=zoneinfo.ZoneInfo('UTC'))", "(1, 2)"]
    )
    kwargs = {"event": date, "rows": rows, "since": date}
    answer = run("defers", ti_context={"next_method": "resumed", "next_kwargs": kwargs}, try_number=2)
    assert returned(answer, "defers") == {
        "event": WHEN.isoformat(),
        "rows": [1, 2],
        "since": WHEN.isoformat(),
        "try": 2,
    }


@pytest.mark.dimension("failed-trigger")
def test_failed_trigger(run: Callable[..., Answer]) -> None:
    """If a trigger fails, the task fails and is retried, and the log contains the trigger's traceback."""
    kwargs = {"error": "Trigger timeout", "traceback": ["Traceback (most recent call last):", "KeyError: 'x'"]}
    answer = run("defers", ti_context={"next_method": "__fail__", "next_kwargs": kwargs}, should_retry=True)
    assert answer.states == ["up_for_retry"]
    assert "KeyError: 'x'" in answer.record("The trigger failed")["event"]
    assert state(answer)["retry_reason"].startswith("TriggerTimeout")


@pytest.mark.dimension("human-answer")
def test_human_answer(run: Callable[..., Answer], supervisor: Supervisor) -> None:
    """The resumed task reads the answer; without an answer and without defaults it fails."""
    (date,) = supervisor.ask(expressions=["datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('UTC'))"])
    event = {
        "chosen_options": ["yes"],
        "params_input": {},
        "responded_at": date,
        "responded_by_user": {"id": "1", "name": "one"},
        "timedout": False,
    }
    answer = run("asks", ti_context={"next_method": "answered", "next_kwargs": {"event": event}})
    assert returned(answer, "asks") == {"chosen": ["yes"], "by": "one"}
    late = {"error": "nobody came", "error_type": "timeout"}
    answer = run("asks", ti_context={"next_method": "answered", "next_kwargs": {"event": late}})
    assert answer.states == ["failed"]
    assert answer.record("HumanInputTimeout")


@pytest.mark.dimension("sensor")
def test_sensor(run: Callable[..., Answer]) -> None:
    """A sensor returns its value. Its timeout counts from its first reschedule, and can skip the task."""
    assert returned(run("sensor", variables={"arrived": "file"}), "sensor") == "file"
    first = (datetime.now(timezone.utc) - timedelta(hours=2)).isoformat()
    late = {"ti_context": {"task_reschedule_count": 3}, "first_reschedule_date": first, "should_retry": True}
    answer = run("sensor", **late)
    assert answer.states == ["failed"], "a sensor's timeout is not retried"
    assert answer.record("did not hold within 3600 s")
    assert run("soft_sensor", **late).states == ["skipped"]


@pytest.mark.dimension("declared-wiring")
def test_declared_wiring(run: Callable[..., Answer]) -> None:
    """The bundle's own wiring, with literals and nested values, reads every XCom once."""
    xcoms = {
        "transform/return_value": {"country": "uk", "amount": 5},
        "extract/return_value": [{"country": "uk", "amount": 2.5}],
    }
    answer = run("load", "arguments", xcoms=xcoms)
    assert returned(answer, "load") == "sales: uk 5.0 2.5"
    pulled = [read["path"] for read in answer.raw["reads"] if read["path"].startswith("xcoms/")]
    assert sorted(pulled) == sorted(set(pulled))
    assert len(pulled) == 2
    missing = run("load", "arguments")
    assert "no XCom: the task pushed none" in str(missing.record("BindingError"))


@pytest.mark.dimension("mapped-tasks")
def test_mapped_tasks(run: Callable[..., Answer]) -> None:
    """A mapped task instance gets its item; the XCom that it is mapped over is pushed with its length."""
    answer = run("scaled", map_index=2, xcoms={"numbers/return_value": [1, 2, 3]})
    assert returned(answer, "scaled") == 30
    assert answer.call("POST", "scaled/return_value")["query"]["map_index"] == "2"
    assert run("numbers").call("POST", "numbers/return_value")["query"]["mapped_length"] == "3"


@pytest.mark.dimension("xcom-sequences")
def test_sequences(run: Callable[..., Answer]) -> None:
    """The XComs of a mapped upstream task are a lazy sequence."""
    answer = run("xcoms", xcoms={"up/a_tuple": []}, mapped_xcoms={"mapped/return_value": [10, 20, 30]})
    values = returned(answer, "xcoms")
    assert (values["all"], values["len"], values["item"]) == ([10, 20, 30], 3, 30)
    assert (values["slice"], values["reversed"], values["listed"]) == ([20, 30], [30, 20, 10], [10, 20, 30])
    joined = run("join", mapped_xcoms={"scaled/return_value": [10, 20, 30]})
    assert returned(joined, "join") == ["LazyXComs", 3, 10, [20, 30], 60]


@pytest.mark.dimension("xcom-cleared-on-retry")
def test_cleared_on_retry(run: Callable[..., Answer]) -> None:
    """A new try deletes the XComs of the earlier try before the task starts."""
    answer = run("succeeds", "ends", ti_context={"xcom_keys_to_clear": ["a", "b"]}, try_number=2)
    changes = [(method, path.rpartition("/")[2]) for method, path in answer.calls("xcoms/")]
    assert changes == [("DELETE", "a"), ("DELETE", "b"), ("POST", "return_value")]


@pytest.mark.dimension("multiple-outputs")
def test_multiple_outputs(run: Callable[..., Answer]) -> None:
    """Every key of the returned dict is an XCom, and the dict is one too."""
    answer = run("outputs")
    assert returned(answer, "outputs") == {"a": 1, "b": [2]}
    assert (answer.xcoms["outputs/a"], answer.xcoms["outputs/b"]) == (1, [2])


@pytest.mark.dimension("large-xcom")
def test_large_xcom(run: Callable[..., Answer]) -> None:
    """A task reads and writes an XCom of 50 MB."""
    value = "x" * 50_000_000
    answer = run("large", xcoms={"up/large": value})
    assert returned(answer, "large") == value


@pytest.mark.dimension("branch")
def test_branch(run: Callable[..., Answer]) -> None:
    """The API skips the task that was not chosen, and not the task after both; then the branch succeeds."""
    answer = run("chooses")
    assert returned(answer, "chooses") == "left"
    assert answer.call("PATCH", "/skip-downstream")["body"]["tasks"] == ["right"]


@pytest.mark.dimension("short-circuit")
def test_short_circuit(run: Callable[..., Answer]) -> None:
    """The API skips all tasks after the short circuit."""
    assert sorted(run("stops").call("PATCH", "/skip-downstream")["body"]["tasks"]) == ["after", "right"]


@pytest.mark.dimension("dag-run-queries")
def test_queries(run: Callable[..., Answer]) -> None:
    """A task reads Dag runs, task instances and the Dag through the API."""
    answer = run(
        "queries",
        dag_runs={"conformance/manual__1": {"state": "running"}, "elsewhere/then": {"state": "success"}},
        previous_run={"run_id": "before"},
        previous_successful={"start_date": WHEN.isoformat()},
        previous_ti={"task_id": "extract", "dag_id": "conformance", "run_id": "before", "try_number": 2},
        task_states={"manual__1": {"extract": "success"}},
        breadcrumbs=[{"task_id": "extract"}],
        counts={"dag_runs": 3, "task_instances": 4},
        dags={
            "conformance": {
                "is_paused": False,
                "bundle_name": None,
                "bundle_version": None,
                "relative_fileloc": None,
                "owners": None,
                "tags": ["x"],
                "next_dagrun": None,
            }
        },
    )
    assert returned(answer, "queries") == {
        "run": "manual__1",
        "state": "success",
        "previous": "before",
        "successful": WHEN.isoformat(),
        "runs": 3,
        "instances": 4,
        "states": {"manual__1": {"extract": "success"}},
        "previous ti": 2,
        "breadcrumbs": [{"task_id": "extract"}],
        "dag": ["x"],
    }


@pytest.mark.dimension("dag-run-trigger")
def test_trigger(run: Callable[..., Answer]) -> None:
    """A task triggers a Dag run through the API and waits for it; an existing run raises its own exception."""
    runs = {"elsewhere/then": {"state": "success"}, "elsewhere/waited": {"states": ["queued", "running", "success"]}}
    answer = run("triggers", dag_runs=runs)
    assert returned(answer, "triggers") == ["now", "success", "exists"]
    assert answer.call("POST", "dag-runs/elsewhere/now")["body"] == {"conf": {"a": 1}, "note": "by a task"}


@pytest.mark.dimension("inlets-outlets-validation")
def test_validation(run: Callable[..., Answer]) -> None:
    """A task with an inactive inlet fails before it starts."""
    assert run("validated").states == ["success"]
    inactive = [{"name": "sales", "uri": "s3://bucket/sales", "type": "Asset"}]
    answer = run("validated", inactive_assets=inactive)
    assert answer.states == ["failed"]
    assert "not active in Airflow: sales" in str(answer.record("InactiveAssetError"))


@pytest.mark.dimension("mask-secret")
def test_mask_secret(run: Callable[..., Answer]) -> None:
    """No record contains a value that the author masked."""
    answer = run("masks")
    assert "the word is ***" in answer.events()
    assert "open-sesame" not in str(answer.records)


@pytest.mark.dimension("rendered-fields")
def test_rendered(run: Callable[..., Answer]) -> None:
    """The API receives the masked fields, and the label of the map index at once and at the end."""
    answer = run("rendered", map_index=0)
    assert answer.call("PUT", "/rtif")["body"] == {"sql": "select 1", "word": "***"}
    assert answer.call("PATCH", "/rendered-map-index")["body"] == "june"
    assert state(answer)["rendered_map_index"] == "june"


@pytest.mark.dimension("trace-context")
def test_trace_context(run: Callable[..., Answer]) -> None:
    """The task can read its trace, and the supervisor's calls for its requests belong to the trace."""
    answer = run("traced", context_carrier=TRACE, variables={"given": "v"})
    assert returned(answer, "traced") == TRACE["traceparent"]
    trace_id = TRACE["traceparent"].split("-")[1]
    assert trace_id in str(answer.read("variables/given")["traceparent"])
    assert trace_id in str(answer.call("POST", "return_value")["traceparent"])


@pytest.mark.dimension("execution-timeout")
def test_execution_timeout(run: Callable[..., Answer]) -> None:
    """A task that runs longer than its timeout ends, and is retried."""
    answer = run("too_long", should_retry=True)
    assert (answer.final_state, answer.exit_code) == ("up_for_retry", 0)
    assert state(answer)["retry_reason"].startswith("TaskTimeout")
    assert answer.raw["seconds"] < 15


# Airflow 3.4


@pytest.mark.dimension("arg-bindings")
def test_arg_bindings(run: Callable[..., Answer]) -> None:
    """The stub Dag's arguments are bound by name, or by position if the names differ."""
    xcoms = {"up/return_value": {"country": "fr", "amount": 3}}

    def bindings(country: str, total: str, limit: str, value: object) -> dict[str, Any]:
        literal = {"kind": "literal", "name": country, "value": value, "value_schema": {"type": "string"}}
        pulled = {"kind": "xcom", "name": total, "task_id": "up"}
        return {"arg_bindings": [literal, pulled, {"kind": "literal", "name": limit, "value": 7, "from_default": True}]}

    for names in (("country", "total", "limit"), ("land", "sum", "most")):
        answer = run("by_name", "conformance34", ti_context=bindings(*names, "uk"), xcoms=xcoms)
        assert returned(answer, "by_name") == "uk fr 3.0 7"
    bad = run("by_name", "conformance34", ti_context=bindings("country", "total", "limit", 3))
    assert "parameter 'country' expects str and got int" in str(bad.record("BindingError"))


@pytest.mark.dimension("dag-run-note")
def test_note(run: Callable[..., Answer]) -> None:
    """The API receives the run's new note."""
    answer = run("notes", "conformance34")
    assert answer.states == ["success"]
    assert "written by a task" in str(answer.call("PATCH", "/dag-run-note")["body"])


@pytest.mark.dimension("supervised-timeout")
def test_supervised_timeout(run: Callable[..., Answer]) -> None:
    """The supervisor ends a hanging process after its execution timeout."""
    answer = run("stuck", "conformance34")
    assert answer.record("did not stop before execution_timeout")["timeout_seconds"] == 0.5
    assert answer.final_state == "failed"
    assert answer.raw["seconds"] < 30


@pytest.mark.dimension("newer-filters")
def test_newer_filters(run: Callable[..., Answer]) -> None:
    """The API receives the filters that only 3.4 has."""
    answer = run("filtered", "conformance34")
    assert returned(answer, "filtered") == []
    assert answer.read("asset-events/by-asset")["query"]["partition_key"] == "june"
    assert run("iterated", "conformance34", xcoms={"up/return_value": 3}).states == ["success"]


@pytest.mark.dimension("policy-reason")
def test_policy_reason(run: Callable[..., Answer]) -> None:
    """The API receives the policy's reason with the failure."""
    assert state(run("refused", "conformance34", should_retry=True))["retry_reason"] == "no such key"
