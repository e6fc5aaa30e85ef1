"""A whole task process over real sockets, unfrozen: the order of its frames, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, pack, startup, write_project
from support.schemas import NEW, violations

if TYPE_CHECKING:
    from pathlib import Path

PARSE_REQUEST = {
    "type": "DagFileParseRequest",
    "file": "/bundles/test",
    "bundle_path": "/bundles",
    "bundle_name": "bundles",
    "callback_requests": [],
}

HANDLERS_REQUEST = {**PARSE_REQUEST, "type": "TaskHandlerParseRequest"}


def test_success(tmp_path: Path) -> None:
    """A task's value is pushed before the terminal message, which has an aware UTC end_date and the frame id 0."""
    command = write_project(tmp_path, "@dag.task\ndef t(context: Context): return {'who': context.dag_run.conf['who']}")
    with Peer(command) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        assert frame_id == 1
        assert (body["key"], body["value"], body["task_id"]) == ("return_value", {"who": "world"}, "t")
        peer.send(frame_id)
        terminal = peer.finish()
        assert terminal["type"] == "SucceedTask"
        assert terminal["end_date"].utcoffset().total_seconds() == 0
        assert peer.events() == []


def test_trace_context_goes_with_every_frame(tmp_path: Path) -> None:
    """Every request and the terminal message carry the task instance's trace context, but only its strings."""
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"}
    tasks = "@dag.task\ndef t(context: Context): return [context.traceparent, dict(context.ti.context_carrier)]"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(ti={"context_carrier": {**carrier, "odd": 5}})
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == [carrier["traceparent"], {**carrier, "odd": 5}]
        peer.send(frame_id)
        peer.finish()
        assert peer.carriers == [carrier, carrier]


def test_dag_processor_gets_no_dags(tmp_path: Path) -> None:
    """A Dag processor that asks the file for its Dags gets none, and no error. The exit status is 0."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass")) as peer:
        peer.send(0, PARSE_REQUEST)
        answer = peer.finish()
        assert violations(answer, NEW) == []
        assert answer["fileloc"] == "/bundles/test"
        assert (answer["serialized_dags"], answer["import_errors"]) == ([], {})
        assert peer.events() == []


def test_dag_processor_gets_the_import_error(tmp_path: Path) -> None:
    """A Dag processor gets the import error, under the file's path in its Dag bundle. The exit status is 0."""
    with Peer(write_project(tmp_path, "raise RuntimeError('boom')")) as peer:
        peer.send(0, PARSE_REQUEST)
        answer = peer.finish()
        assert violations(answer, NEW) == []
        assert answer["serialized_dags"] == []
        ((place, error),) = answer["import_errors"].items()
        assert place == "test"
        assert "tasks.py" in error
        assert error.endswith("RuntimeError: boom\n")


def test_dag_processor_gets_an_import_error_that_cannot_be_shown(tmp_path: Path) -> None:
    """If an attribute of the exception raises, the Dag processor still gets the names of both exceptions."""
    tasks = "class Odd(Exception):\n    __cause__ = property(lambda self: 1 / 0)\nraise Odd('boom')"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.send(0, PARSE_REQUEST)
        answer = peer.finish()
        assert answer["import_errors"] == {"test": "Odd (ZeroDivisionError while it was shown)"}


def test_dag_processor_gets_the_task_handlers(tmp_path: Path) -> None:
    """A Dag processor that asks for the task handlers gets all of them. The exit status is 0."""
    with Peer(write_newer(tmp_path, "@dag.task\ndef t(day: str): pass")) as peer:
        peer.send(0, HANDLERS_REQUEST)
        answer = peer.finish()
        assert violations(answer, NEW) == []
        (param,) = answer["task_handlers"]["d"][0]["params"]
        assert param == {"name": "day", "value_schema": {"type": "string"}, "exact_name": True}
        assert peer.events() == []


def test_dag_processor_that_asks_for_task_handlers_gets_the_import_error(tmp_path: Path) -> None:
    """If the module cannot be imported, the Dag processor gets the import error instead. The exit status is 0."""
    with Peer(write_newer(tmp_path, "raise RuntimeError('boom')")) as peer:
        peer.send(0, HANDLERS_REQUEST)
        answer = peer.finish()
        assert violations(answer, NEW) == []
        assert answer["task_handlers"] == {}
        assert answer["import_errors"]["test"].endswith("RuntimeError: boom\n")


def write_newer(folder: Path, tasks: str) -> list[str]:
    """Write a project that speaks the schema of Airflow 3.4; return the command that runs it."""
    command = write_project(folder, tasks)
    entry = folder / "entry.py"
    entry.write_text(entry.read_text().replace('("tasks",)', '("tasks",), "2026-10-30"'))
    return command


def test_none_is_not_pushed(tmp_path: Path) -> None:
    """A task that returns nothing pushes no XCom."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass")) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"


def test_first_frame_may_come_in_any_pieces(tmp_path: Path) -> None:
    """TCP may split the first frame at every byte."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass")) as peer:
        peer.comm.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in pack([0, startup(), None]):
            peer.comm.sendall(bytes([byte]))
        assert peer.finish()["type"] == "SucceedTask"


def test_context_is_complete(tmp_path: Path) -> None:
    """The context has the ids, the numbers, aware datetimes and the Dag bundle, also deep in the call stack."""
    tasks = """
def helper():
    c = current_context()
    return [c.dag_id, c.task_id, c.run_id, c.try_number, c.map_index, c.logical_date.isoformat(), c.bundle_info.name,
            c.dag_run.run_type, c.max_tries, c.ti.hostname, c.start_date.tzinfo is not None]
@dag.task
def t():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(helper()))
    thread.start(); thread.join()
    return [helper(), answers[0]]
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(max_tries=3, ti={"try_number": 2, "map_index": 7})
        frame_id, body = peer.expect("SetXCom")
        expected = ["d", "t", "manual__1", 2, 7, "2026-01-02T03:04:05.678901+00:00", "bundles", "manual", 3, "worker"]
        assert body["value"] == [[*expected, True]] * 2
        assert body["map_index"] == 7
        peer.send(frame_id)
        peer.finish()


@pytest.mark.parametrize(("task_id", "dag_id"), [("nope", "d"), ("t", "nope")])
def test_unknown_task_is_removed(tmp_path: Path, task_id: str, dag_id: str) -> None:
    """A task that the bundle does not have ends as removed, and the log lists the tasks of the bundle."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass")) as peer:
        peer.send(0, startup(task_id, dag_id))
        assert peer.finish()["state"] == "removed"
        assert peer.record("not in this bundle")["registered"] == {"d": ["t"]}


def test_malformed_task_instance_id_fails(tmp_path: Path) -> None:
    """A task instance id that is not a UUID fails the task."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): log.info('ran')")) as peer:
        peer.start(ti={"id": "not-a-uuid"})
        assert peer.finish()["state"] == "failed"
        assert "ran" not in peer.events()


@pytest.mark.parametrize(
    "raised", ["ValueError('no')", "SystemExit(0)", "SystemExit(3)", "KeyboardInterrupt()", "BaseException('odd')"]
)
def test_any_exception_fails_the_task(tmp_path: Path, raised: str) -> None:
    """Any exception fails the task, with its stack in the log and exit status 0."""
    with Peer(write_project(tmp_path, f"@dag.task\ndef t():\n    inner()\ndef inner(): raise {raised}")) as peer:
        peer.start()
        assert peer.finish() | {"end_date": None} == {"type": "TaskState", "state": "failed", "end_date": None}
        details = peer.record("Task failed")["exception"]
        assert details[0]["exc_type"] == raised.partition("(")[0]
        assert [frame["name"] for frame in details[0]["frames"]][-2:] == ["t", "inner"]


def test_failure_with_tries_left_is_retried(tmp_path: Path) -> None:
    """If the supervisor allows a retry, an exception leads to RetryTask with the reason."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): raise ValueError('flaky ' * 200)")) as peer:
        peer.start(should_retry=True)
        terminal = peer.finish()
        assert (terminal["type"], terminal["state"]) == ("RetryTask", "up_for_retry")
        assert terminal["retry_reason"].startswith("ValueError: flaky flaky")
        assert len(terminal["retry_reason"]) == 500


@pytest.mark.parametrize(("outcome", "state"), [("TaskSkipped('why')", "skipped"), ("TaskFailed('why')", "failed")])
def test_outcomes_are_not_retried(tmp_path: Path, outcome: str, state: str) -> None:
    """TaskSkipped and TaskFailed end the task without a retry, even if tries are left."""
    with Peer(write_project(tmp_path, f"@dag.task\ndef t(): raise {outcome}")) as peer:
        peer.start(should_retry=True)
        assert peer.finish()["state"] == state
        assert "why" in peer.record("Task")["event"]


def test_missing_parameter_fails_before_the_body(tmp_path: Path) -> None:
    """A parameter without a value or a default fails the task before its body runs. The message names it."""
    tasks = "@dag.task\ndef t(client: Client, country, year=2020): log.info('ran')"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        events = peer.events()
        assert "'country'" in peer.records[-1]["exception"][0]["exc_value"]
        assert "ran" not in events


def test_value_without_json_form_fails(tmp_path: Path) -> None:
    """A return value that is not JSON fails the task. The message shows the path and the type."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): return {'rows': [1, {'when': object()}]}")) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        assert "$.rows[1].when is of type object" in peer.record("failed")["exception"][0]["exc_value"]


@pytest.mark.parametrize(
    "module",
    ["raise RuntimeError('boom')", "raise SystemExit(0)", "bundle = 3", "bundle.dag('d')", "import nowhere_to"],
)
def test_registration_failure(tmp_path: Path, module: str) -> None:
    """A module that cannot be imported is an error with its stack in the log, status 1 and no frame."""
    with Peer(write_project(tmp_path, module)) as peer:
        peer.start()
        peer.silent_end()
        record = peer.record("The task cannot begin")
        assert record["level"] == "error"
        assert record["exception"][0]["frames"]


def test_registration_failure_waits_for_the_supervisor(tmp_path: Path) -> None:
    """After an import error, the process waits for the first frame. Without it, the log could be lost."""
    with Peer(write_project(tmp_path, "raise RuntimeError('boom')")) as peer:
        peer.record("The task cannot begin")
        with pytest.raises(subprocess.TimeoutExpired):
            peer.process.wait(0.3)
        peer.start()
        peer.silent_end()


def test_registration_failure_without_a_supervisor_ends(tmp_path: Path) -> None:
    """If the supervisor closes the connection instead, the process ends at once."""
    with Peer(write_project(tmp_path, "raise RuntimeError('boom')")) as peer:
        peer.comm.close()
        assert peer.wait() == 1


def test_registration_comes_before_the_first_frame(tmp_path: Path) -> None:
    """The module is imported before the supervisor sends the first frame."""
    with Peer(write_project(tmp_path, "log.warning('imported')\n@dag.task\ndef t(): pass")) as peer:
        peer.record("imported")
        peer.start()
        peer.finish()


BAD_FIRST_FRAMES: dict[str, bytes] = {
    "truncated length": b"\0\0",
    "truncated body": pack([0, startup()])[:-1],
    "oversized": b"\xff\xff\xff\xff",
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "not msgpack": b"\0\0\0\1\xc1",
    "empty": b"\0\0\0\0",
    "not an array": pack({"id": 0}),
    "an error": pack([0, None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": None}]),
    "no body": pack([0, None, None]),
    "unknown type": pack([0, HANDLERS_REQUEST, None]),
    "no file": pack([0, {**PARSE_REQUEST, "file": None}, None]),
    "no folder": pack([0, {"type": "DagFileParseRequest", "file": "/f", "bundle_name": "b"}, None]),
    "odd file": pack([0, {**PARSE_REQUEST, "file": 5}, None]),
    "empty folder": pack([0, {**PARSE_REQUEST, "bundle_path": ""}, None]),
    "missing field": pack([0, {**startup(), "ti": {}}, None]),
    "ill-typed field": pack([0, {**startup(), "ti_context": 3}, None]),
    "wrong id": pack([5, startup(), None]),
}


@pytest.mark.parametrize("kind", BAD_FIRST_FRAMES)
def test_bad_first_frame(tmp_path: Path, kind: str) -> None:
    """A first frame other than StartupDetails is one plain line in the log, status 1 and no frame."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): log.info('ran')")) as peer:
        peer.comm.sendall(BAD_FIRST_FRAMES[kind])
        peer.comm.shutdown(socket.SHUT_WR)
        peer.silent_end()
        record = peer.record("The task cannot begin")
        assert record["level"] == "error"
        assert "exception" not in record
        assert len(peer.events()) == 1


@pytest.mark.parametrize("missing", ["comm", "logs"])
def test_failed_dial(tmp_path: Path, missing: str) -> None:
    """If one address does not answer, the other socket is closed and one line on stderr says what to do."""
    command = write_project(tmp_path, "@dag.task\ndef t(): pass")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as dead:
        ports = {"comm": server.getsockname()[1], "logs": server.getsockname()[1]}
        ports[missing] = dead.getsockname()[1]
        dead.close()
        process = subprocess.run(
            [*command, *(f"--{name}=127.0.0.1:{port}" for name, port in ports.items())],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        server.settimeout(5)
        with server.accept()[0] as other:
            assert other.recv(1) == b""
    assert process.returncode == 1
    (line,) = process.stderr.splitlines()
    assert f"--{missing} 127.0.0.1:{ports[missing]}: Connection refused" in line


def test_supervisor_gone_before_the_end(tmp_path: Path) -> None:
    """If the terminal message cannot be delivered, the exit status is 1 and the log says why."""
    tasks = "@dag.task\ndef t(client: Client):\n    client.set_variable('k', 'v')"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.expect("PutVariable")
        peer.comm.close()
        assert peer.wait() == 1
        assert "The terminal message could not be delivered" in peer.events()[-1]


def test_terminal_message_waits_for_its_answer(tmp_path: Path) -> None:
    """The process waits until the supervisor has answered the terminal message."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass")) as peer:
        peer.start()
        peer.expect("SucceedTask")
        with pytest.raises(subprocess.TimeoutExpired):
            peer.process.wait(0.5)
        peer.send(0)
        assert peer.wait() == 0


@pytest.mark.parametrize("answer", ["error", "nothing"])
def test_terminal_message_without_a_good_answer_was_delivered(tmp_path: Path, answer: str) -> None:
    """The exit status is 0 even if the supervisor answers the terminal message with an error, or not at all."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass"), {"DAGFLOE_REPLY_TIMEOUT_S": "0.3"}) as peer:
        peer.start()
        peer.expect("SucceedTask")
        if answer == "error":
            peer.send(0, None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": {"status_code": 500}})
        assert peer.wait() == 0
        assert "was delivered, but not confirmed" in peer.events()[-1]


@pytest.mark.parametrize(("status_code", "is_kept"), [(409, True), (500, False)])
def test_state_that_airflow_keeps(tmp_path: Path, status_code: int, is_kept: bool) -> None:
    """After a stop, a refusal because somebody has marked the task instance is not a warning; any other one is."""
    tasks = "@dag.task\ndef t():\n    log.info('ready')\n    time.sleep(60)"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        peer.record("ready")
        peer.process.send_signal(signal.SIGTERM)
        peer.expect("RetryTask")
        detail = {"status_code": status_code, "message": "Invalid state"}
        peer.send(0, None, {"type": "ErrorResponse", "error": "API_SERVER_ERROR", "detail": detail})
        assert peer.wait() == 0
        records = peer.all_records()
    kept = [record["level"] for record in records if record["event"].startswith("Airflow keeps the state")]
    refused = [record["level"] for record in records if "was delivered, but not confirmed" in record["event"]]
    assert (kept, refused) == ((["info"], []) if is_kept else ([], ["warning"]))


def test_bad_reply_timeout_is_reported(tmp_path: Path) -> None:
    """A malformed DAGFLOE_REPLY_TIMEOUT_S is a warning, not a failure."""
    with Peer(write_project(tmp_path, "@dag.task\ndef t(): pass"), {"DAGFLOE_REPLY_TIMEOUT_S": "soon"}) as peer:
        peer.start()
        peer.finish()
        assert "DAGFLOE_REPLY_TIMEOUT_S is 'soon'" in peer.events()[0]


def test_all_output_is_in_the_log(tmp_path: Path) -> None:
    """Log calls, prints, warnings, writes to stderr and exceptions in threads arrive as records, in order."""
    tasks = """
import warnings
log.warning("while importing")
@dag.task
def t(logger: logging.Logger):
    logger.info("injected")
    logging.getLogger("deep.library").error("plain", extra={"rows": 3})
    print("printed")
    print("to stderr", file=sys.stderr)
    warnings.warn("careful")
    logger.debug("too quiet")
    logging.getLogger("loud").debug("loud enough")
    thread = threading.Thread(target=lambda: 1 / 0, name="worker"); thread.start(); thread.join()
    print("unfinished", end="")
"""
    env = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO", "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "loud=DEBUG bad= =x"}
    with Peer(write_project(tmp_path, tasks), env) as peer:
        peer.start()
        peer.finish()
        said = [(record["logger"], record["level"], record["event"]) for record in peer.all_records()]
    assert said[:5] == [
        ("tasks", "warning", "while importing"),
        ("d.t", "info", "injected"),
        ("deep.library", "error", "plain"),
        ("task.stdout", "info", "printed"),
        ("task.stderr", "error", "to stderr"),
    ]
    assert said[5][:2] == ("py.warnings", "warning")
    assert "careful" in said[5][2]
    assert said[6:] == [
        ("loud", "debug", "loud enough"),
        ("dagfloe", "error", "Uncaught exception in thread worker"),
        ("task.stdout", "info", "unfinished"),
    ]
    assert peer.records[2]["rows"] == 3
    assert peer.records[7]["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_logging_that_the_module_reconfigures_still_arrives(tmp_path: Path) -> None:
    """If the author's module replaces the root logger's handlers, the task's records still arrive, once."""
    tasks = """
logging.basicConfig(force=True, level=logging.CRITICAL)
@dag.task
def t(): log.info("still here")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        peer.finish()
        assert [(record["level"], record["event"]) for record in peer.all_records()] == [("info", "still here")]


def test_broken_logs_socket_falls_back_to_stderr(tmp_path: Path) -> None:
    """If the logs socket breaks, records go to stderr and the task continues."""
    tasks = """
@dag.task
def t(client: Client):
    client.delete_variable("x")
    for number in range(100): log.info("record %d", number)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, _ = peer.expect("DeleteVariable")
        peer.logs.shutdown(socket.SHUT_RDWR)
        peer._log_file.close()
        peer.logs.close()
        peer.send(frame_id, {"type": "OKResponse", "ok": True})
        peer.expect("SucceedTask")
        peer.send(0)
        _, stderr = peer.process.communicate(timeout=20)
        assert peer.process.returncode == 0
        assert json.loads(stderr.splitlines()[-1])["event"] == "record 99"


def test_secrets_are_masked(tmp_path: Path) -> None:
    """No record, exception or retry reason contains a password, a secret part of `extra`, or a masked value."""
    tasks = """
@dag.task
def t(client: Client):
    connection = client.get_connection("db")
    client.mask_secret("sesame")
    print(connection, connection.password)
    log.info("uri %s", connection.uri, extra={"key": connection.extra["api_key"], "host": connection.host})
    raise ValueError(f"bad login {connection.password} {connection.extra_text} sesame")
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        frame_id, _ = peer.expect("GetConnection")
        connection: dict[str, object] = {
            "conn_id": "db",
            "conn_type": "pg",
            "host": "h.example",
            "schema": None,
            "login": "me",
        }
        connection |= {"password": "pa$$w0rd", "port": 5432, "extra": '{"api_key": "k-12345", "mode": "fast"}'}
        peer.send(frame_id, {"type": "ConnectionResult", **connection})
        frame_id, body = peer.expect("MaskSecret")
        assert body["value"] == "sesame"
        peer.send(frame_id)
        terminal = peer.finish()
        said = json.dumps(peer.all_records()) + terminal["retry_reason"]
        for secret in ("pa$$w0rd", "k-12345", "sesame"):
            assert secret not in said
        assert "h.example" in said
        assert terminal["retry_reason"] == "ValueError: bad login *** *** ***"


def test_author_thread_does_not_keep_the_process(tmp_path: Path) -> None:
    """A thread that never ends does not keep the process alive after the end of the task."""
    tasks = """
import dagfloe.cli.frozen.main, dagfloe.runtime.server as server
server.exit_soon.__defaults__ = (0.2,)
@dag.task
def t(): threading.Thread(target=threading.Event().wait).start()
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"


def test_forked_child_may_log_and_end_but_not_use_the_client(tmp_path: Path) -> None:
    """A forked child can log and is ended by SIGTERM, but it cannot use the client."""
    tasks = """
import multiprocessing, signal
def child(client):
    log.info("child logs")
    try: client.delete_variable("x")
    except Exception as error: log.info("refused: %s", error)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
@dag.task
def t(client: Client):
    process = multiprocessing.get_context("fork").Process(target=child, args=(client,))
    process.start(); process.join()
    return process.exitcode
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == -signal.SIGTERM
        peer.send(frame_id)
        peer.finish()
        events = peer.events()
    assert "child logs" in events
    assert any("used in a forked process" in event for event in events)


def test_client_calls_on_the_wire(tmp_path: Path) -> None:
    """The client's methods send exactly these bodies, with rising ids, and read their replies."""
    tasks = """
@dag.task
def t(client: Client):
    got = [client.get_variable("a"), client.get_variable("b", default=1), client.get_xcom("up")]
    client.set_variable("a", "1", "what it is")
    client.delete_variable("a")
    client.delete_xcom("k")
    return got
"""
    missing = {"type": "ErrorResponse", "error": "VARIABLE_NOT_FOUND", "detail": {"key": "b"}}
    own = {"key": "k", "dag_id": "d", "run_id": "manual__1", "task_id": "t", "map_index": -1}
    exchanges: list[tuple[dict[str, Any], object]] = [
        ({"type": "GetVariable", "key": "a"}, {"type": "VariableResult", "key": "a", "value": "x"}),
        ({"type": "GetVariable", "key": "b"}, missing),
        (
            {
                "type": "GetXCom",
                "key": "return_value",
                "dag_id": "d",
                "run_id": "manual__1",
                "task_id": "up",
                "map_index": None,
                "include_prior_dates": False,
            },
            {"type": "XComResult", "key": "return_value", "value": [1]},
        ),
        ({"type": "PutVariable", "key": "a", "value": "1", "description": "what it is"}, None),
        ({"type": "DeleteVariable", "key": "a"}, {"type": "OKResponse", "ok": True}),
        ({"type": "DeleteXCom", **own}, None),
        ({"type": "SetXCom", "value": ["x", 1, [1]], **own, "key": "return_value"}, None),
    ]
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        for number, (request, reply) in enumerate(exchanges, 1):
            assert peer.receive() == (number, request)
            peer.send(number, reply)
        assert peer.finish()["type"] == "SucceedTask"
