"""How tasks end, log and misbehave under the real supervisor."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe import Connection
from dagfloe.runtime.log.render import RESERVED

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

DATABASE = {
    "conn_type": "postgres",
    "host": "db.example",
    "port": 5432,
    "login": "me",
    "password": "pa55-w0rd",
    "extra": '{"mode": "fast", "token": "t0k-en1"}',
}


@pytest.fixture
def run(supervisor: Supervisor, demo_bundles: Path) -> Any:
    """Return a function that runs a task of the bundle `demo`."""

    def run(task_id: str, dag_id: str = "behaviours", **request: Any) -> Answer:
        return supervisor.run(demo_bundles, dag_id, task_id, **request)

    return run


def test_every_method_of_the_client(run: Any) -> None:
    """Variables, connections and XComs are read, written and deleted, from the API and from the environment."""
    answer = run(
        "verbs",
        variables={"given": "text", "json": '{"a": [1]}', "unwanted": "x"},
        connections={"db": DATABASE},
        xcoms={"upstream/return_value": [1, {"b": None}], "verbs/stale": 1},
        env={"AIRFLOW_VAR_FROM_ENV": "env", "AIRFLOW_CONN_ENV_DB": "pg://u:pw-of-env@env.example/x"},
        conf={"who": "me"},
        map_index=3,
        try_number=2,
    )
    assert answer.states == ["success"], answer
    assert answer.xcoms["verbs/return_value"] == {
        "variable": "text",
        "json": {"a": [1]},
        "missing": "fallback",
        "from_env": "env",
        "connection": ["postgres", "db.example", 5432, "fast"],
        "env_connection": "env.example",
        "xcom": [1, {"b": None}],
        "no_xcom": "none",
        "conf": {"who": "me"},
        "ids": ["behaviours", "verbs", "manual__1", 2, 3],
    }
    assert answer.xcoms["verbs/own"] == {"n": [1, 2.5, None, True, "ü"]}
    assert "verbs/stale" not in answer.xcoms
    assert answer.variables == {"given": "text", "json": '{"a": [1]}', "written": "by the task"}
    assert answer.calls("variables") == [("PUT", "variables/written"), ("DELETE", "variables/unwanted")]


@pytest.mark.parametrize(
    ("dag_id", "task_id", "error"),
    [
        ("ends", "fails", "ValueError"),
        ("ends", "gives_up", "TaskFailed"),
        ("behaviours", "exits_0", "SystemExit"),
        ("behaviours", "exits_3", "SystemExit"),
        ("behaviours", "missing_variable", "VariableNotFound"),
        ("behaviours", "forbidden_variable", "PermissionDenied"),
        ("behaviours", "needs", "BindingError"),
    ],
)
def test_failures(run: Any, dag_id: str, task_id: str, error: str) -> None:
    """A failure is one state, one record with the structured exception, and the exit status 0."""
    answer = run(task_id, dag_id, forbidden=["secret_of_others"])
    assert (answer.exit_code, answer.final_state, answer.states) == (0, "failed", ["failed"]), answer
    (failure,) = [record for record in answer.records if "error_detail" in record]
    assert failure["level"] == "error"
    assert failure["error_detail"][0]["exc_type"] == error
    assert "ran" not in answer.events()


def test_values_that_json_lacks(run: Any) -> None:
    """A returned set reaches the API in Airflow's form."""
    form = {"__classname__": "builtins.set", "__version__": 1, "__data__": [1, 2]}
    assert run("not_json").returned("not_json") == {"rows": [{"ok": 1}, {"bad": form}]}


def test_exception_chain(run: Any) -> None:
    """The web page gets the raised exception first, then its cause, with the author's frames."""
    detail = run("fails", "ends").record("Task failed")["error_detail"]
    assert [(part["exc_type"], part["is_cause"]) for part in detail] == [("ValueError", False), ("KeyError", True)]
    assert detail[0]["frames"][-1]["name"] == "fails"
    assert detail[0]["frames"][-1]["filename"].endswith("ends.py")


def test_retry_then_success(run: Any) -> None:
    """A failure with tries left becomes up_for_retry with its reason; the next try succeeds."""
    first = run("flaky", "ends", should_retry=True, max_tries=1)
    assert (first.final_state, first.states) == ("up_for_retry", ["up_for_retry"])
    (call,) = [call for call in first.raw["calls"] if call["path"].endswith("/state")]
    assert call["body"]["retry_reason"] == "RuntimeError: the first try fails"
    second = run("flaky", "ends", try_number=2)
    assert (second.states, second.xcoms["flaky/return_value"]) == (["success"], 2)


@pytest.mark.parametrize(("task_id", "state"), [("skips", "skipped"), ("gives_up", "failed"), ("nowhere", "removed")])
def test_outcomes_without_retry(run: Any, task_id: str, state: str) -> None:
    """Skipped, failed for good and unknown tasks are not retried, whatever tries are left."""
    answer = run(task_id, "ends", should_retry=True, max_tries=3)
    assert (answer.exit_code, answer.final_state, answer.states) == (0, state, [state])


def test_log_of_an_unknown_task_lists_the_registered_tasks(run: Any) -> None:
    """The log of an unknown task lists the registered tasks."""
    record = run("nowhere").record("is not in this bundle")
    assert "verbs" in record["registered"]["behaviours"]


def test_process_that_vanishes(run: Any) -> None:
    """The supervisor sees the exit status that the author chose, but never 0."""
    answer = run("vanishes_7")
    assert (answer.exit_code, answer.final_state, answer.states) == (7, "failed", ["failed"])
    assert answer.record("Process exited abnormally")["exit_code"] == 7
    # The supervisor would count status 0 without a terminal message as a success, and send the API server nothing.
    answer = run("vanishes_0")
    assert (answer.exit_code, answer.final_state, answer.states) == (1, "failed", ["failed"])


def test_registration_failure(supervisor: Supervisor, demo_bundles: Path) -> None:
    """If the module fails to import on the worker, the log has the traceback, and the task fails with status 1."""
    answer = supervisor.run(demo_bundles, "unregistered", "task", env={"UNREGISTERED_FAILS": "1"})
    assert (answer.exit_code, answer.final_state, answer.states) == (1, "failed", ["failed"])
    record = answer.record("The task cannot begin")
    assert record["level"] == "error"
    assert record["error_detail"][0]["exc_value"] == "this host is not supported"
    assert supervisor.run(demo_bundles, "unregistered", "task").states == ["success"]


@pytest.mark.parametrize(("should_retry", "state"), [(True, "up_for_retry"), (False, "failed")])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(run: Any, number: signal.Signals, should_retry: bool, state: str) -> None:
    """A stopped task runs its cleanup, which can use the client, and is retried if it has tries left."""
    answer = run("blocks", signal={"on": "ready", "number": number}, should_retry=should_retry)
    assert (answer.exit_code, answer.states, answer.variables) == (0, [state], {"cleaned": "yes"}), answer
    events = answer.events()
    assert events.index("ready") < events.index("cleanup") < events.index("unwound")
    assert number.name in answer.record("Task stopped")["event"]


def test_kill(run: Any) -> None:
    """The supervisor retries a task that was killed, and no process of the task remains."""
    answer = run("stubborn", signal={"on": "ready", "number": signal.SIGKILL}, should_retry=True)
    assert (answer.exit_code, answer.final_state) == (-signal.SIGKILL, "up_for_retry")


def test_multiprocessing(run: Any) -> None:
    """A task can use spawned workers."""
    assert run("spawns").xcoms["spawns/return_value"] == [0, 1, 4, 9]


def test_programs_get_the_hosts_library_path(run: Any) -> None:
    """Programs that a task starts do not get the frozen program's libraries."""
    assert run("starts_program").xcoms["starts_program/return_value"] == ""


def test_all_output(run: Any) -> None:
    """Records, printed lines, warnings and raw writes have their levels; Airflow's two settings filter them."""
    answer = run("speaks", env={"AIRFLOW__LOGGING__NAMESPACE_LEVELS": "loud=DEBUG"})
    assert answer.states == ["success"]
    records = {record["event"]: (record["logger"], record["level"]) for record in answer.records}
    assert "too quiet" not in records
    assert records["loud enough"] == ("loud.part", "debug")
    assert records["careful"] == ("behaviours", "warning")
    assert records["printed"] == records["raw stdout"] == ("task.stdout", "info")
    assert records["to stderr"] == records["raw stderr"] == ("task.stderr", "error")
    assert ("py.warnings", "warning") in records.values()
    assert answer.record("careful")["nested"] == {"a": [1]}


def test_odd_records_do_not_lose_the_task(run: Any) -> None:
    """No record of an author makes the supervisor lose the task, and all records arrive."""
    answer = run("odd_records")
    assert (answer.raw["error"], answer.states) == (None, ["success"]), answer
    events = answer.events()
    for name in RESERVED - {"msg"}:
        assert f"field {name}" in events
    assert [event for event in events if event.startswith("value ")] == [f"value {number}" for number in range(10)]
    assert "the last one" in events
    assert answer.record("xxx")["event"].endswith("(1000000 characters)")
    assert [entry for entry in answer.raw["supervisor"] if entry["level"] != "warning"] == []


def test_secrets(run: Any) -> None:
    """Passwords, extras and masked values reach neither the records nor the retry reason."""
    answer = run("secretive", connections={"db": DATABASE}, should_retry=True)
    output = json.dumps([answer.records, answer.raw["calls"], answer.raw["supervisor"]])
    for secret in ("pa55-w0rd", "t0k-en1", "open-sesame"):
        assert secret not in output
    assert "db.example" in output
    assert answer.states == ["up_for_retry"]


def test_large_xcom(run: Any) -> None:
    """A task reads and writes an XCom of 5 MB."""
    answer = run("large", xcoms={"upstream/return_value": "x" * 5_000_000})
    assert answer.states == ["success"], answer.events()
    assert answer.xcoms["large/return_value"] == "y" * 5_000_000


def test_missing_and_damaged_bundle(supervisor: Supervisor, demo_bundles: Path, tmp_path: Path) -> None:
    """The real coordinator refuses a folder without the Dag, and a file with a changed executable."""
    assert "cannot find executable bundle" in supervisor.ask(root=str(tmp_path), dag_id="d", task_id="t")["error"]
    damaged = tmp_path / "demo"
    damaged.write_bytes(b"\0" + (demo_bundles / "demo").read_bytes()[1:])
    damaged.chmod(0o755)
    assert (
        "cannot find executable bundle" in supervisor.ask(root=str(tmp_path), dag_id="behaviours", task_id="t")["error"]
    )


def test_failing_api_server(run: Any) -> None:
    """If the API server refuses the terminal message, the status is 0, and the log contains the refusal."""
    answer = run("speaks", refuse_state=True)
    assert answer.exit_code == 0
    assert "was delivered, but not confirmed" in " ".join(answer.events())


URIS = [
    "postgres://u:p%40@h:5432/db?a=1&b=2",
    "postgresql://h",
    "my-type://",
    "sqlite:////tmp/Some%20File.db",
    "sqlite://%2Ftmp%2FSome%20File.db",
    "sqlite:///relative.db",
    "http://https%3A%2F%2FHost/x",
    "http://https://host:8080/x",
    "http://[::1]:80/x",
    "http://h/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A1%7D%7D",
    "gcp://?key=value&empty=",
    "http://user@/p",
    "http://:only-password@h",
    "aws://AKIA%2FX:se%2Fcret@/?region_name=eu%2Dwest",
    "mysql://LOGIN:pw@MixedCase.Example:3306/schema%2Fwith%2Fslash",
]


def test_connection_uris(supervisor: Supervisor) -> None:
    """Connection parses and writes URIs like Airflow's own Connection."""
    fields = ("conn_type", "host", "schema", "login", "password", "port")
    for uri, expected in zip(URIS, supervisor.ask(uris=URIS), strict=True):
        connection = Connection.from_uri("c", uri)
        actual = {name: getattr(connection, name) for name in fields}
        assert actual == {name: expected[name] for name in fields}, uri
        assert connection.extra == json.loads(expected["extra"] or "{}"), uri
        assert connection.uri == expected["uri"], uri
