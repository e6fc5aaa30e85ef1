"""The supervisor with real programs, which speak the protocol by hand, correctly and incorrectly."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.local.stop import Stop
from dagfloe.local.store.store import Store
from dagfloe.local.supervise.limits import Limits
from dagfloe.local.supervise.supervisor import run_task
from dagfloe.local.task_run import TaskRun
from support.raw_bundle import write_program

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.supervise.task_result import TaskResult

LIMITS = Limits(startup_s=10, task_s=15, escalation_s=0.3, overtime_s=10, cleanup_s=0.3)


class Runner:
    """Runs programs as tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store()

    def __call__(
        self, body: str, *, limits: Limits = LIMITS, task: dict[str, Any] | None = None, **kwargs: Any
    ) -> TaskResult:
        """Run a program to its end."""
        command = write_program(self.folder / "program", body)
        run = TaskRun(**{"dag_id": "d", "task_id": "t", "run_id": "r", **(task or {})})
        return run_task(command, run, self.store, limits=limits, **kwargs)


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def events(result: TaskResult, logger: str = "") -> list[str]:
    return [record.event for record in result.records if record.logger.startswith(logger)]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - as short as it gets
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_success(run: Runner) -> None:
    """The result of a task has its state, XComs, log records and requests."""
    run.store.set_variable("who", "world")
    result = run(
        """
begin()
log("hello", n=1)
print("printed", flush=True)
os.write(2, b"unfinished")
value, error = ask({"type": "GetVariable", "key": "who"})
assert error is None
ask({"type": "SetXCom", **xcom("return_value"), "value": value["value"]})
succeed()
"""
    )
    assert (result.state, result.exit_code, result.error, result.broken, result.leftovers) == (
        "success",
        0,
        None,
        None,
        (),
    )
    assert [body["type"] for body in result.requests] == ["GetVariable", "SetXCom", "SucceedTask"]
    assert result.terminal == result.requests[-1]
    assert run.store.return_value("d", "r", "t") == "world"
    records = {(record.logger, record.level, record.event) for record in result.records}
    assert records == {
        ("raw", "info", "hello"),
        ("task.stdout", "info", "printed"),
        ("task.stderr", "error", "unfinished"),
    }
    assert 0 < result.seconds < LIMITS.startup_s


def test_environment(run: Runner) -> None:
    """The bundle gets the environment `env`, the two logging settings, and an empty stdin."""
    env = {"PATH": os.environ["PATH"], "WHO": "world", "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"}
    result = run(
        """
begin()
names = ("WHO", "AIRFLOW__LOGGING__LOGGING_LEVEL", "AIRFLOW__LOGGING__NAMESPACE_LEVELS", "HOME")
log(" ".join(str(os.environ.get(name)) for name in names) + sys.stdin.read())
succeed()
""",
        env=env,
    )
    assert events(result) == ["world DEBUG  None"]


def test_errors_in_replies(run: Runner) -> None:
    """A failed lookup gives an error in the body, an unsupported request one in the third element."""
    result = run(
        """
begin()
log(repr(ask({"type": "GetConnection", "conn_id": "c"})))
log(repr(ask({"type": "GetHITLDetailResponse", "ti_id": details["ti"]["id"]})))
ask({"type": "GetVariableKeys", "limit": 0})
ask({"type": "SetXCom", **xcom("k"), "value": float("nan")})
succeed()
"""
    )
    first, second = events(result, "raw")
    assert "'CONNECTION_NOT_FOUND'" in first
    assert first.endswith(", None]")
    assert second.startswith("[None, {")
    assert "Unhandled request" in second
    assert [event.split(": ")[0::2] for event in events(result, "supervisor")] == [
        ["Unhandled request"],
        ["API server error", "GetVariableKeys"],
        ["Unhandled exception while handling task request", "SetXCom"],
    ]


def test_lenient_reading(run: Runner) -> None:
    """As in Airflow, a number can be a string, and unknown fields are ignored."""
    result = run('begin()\nask({"type": "GetVariableKeys", "limit": "5", "more": 1})\nsucceed()')
    assert result.requests[0] == {"type": "GetVariableKeys", "limit": 5}


@pytest.mark.parametrize(
    "body",
    ['{"type": "Nope"}', '{"type": "SucceedTask", "end_date": now(), "extra": 1}', '{"type": "GetVariable"}', "None"],
)
def test_refused_body(run: Runner, body: str) -> None:
    """A body that the schema refuses gets no reply; the next request gets one."""
    result = run(
        f"""
begin()
send(7, {body})
send(8, {{"type": "MaskSecret", "value": "hunter2"}})
log(repr(receive()[0]))
succeed()
"""
    )
    assert result.state == "success"
    assert events(result, "raw") == ["8"]
    assert "gets no reply" in events(result, "supervisor")[0]
    assert [body["type"] for body in result.requests] == ["MaskSecret", "SucceedTask"]


@pytest.mark.parametrize(
    ("terminal", "state"),
    [
        ('{"type": "TaskState", "state": "skipped"}', "skipped"),
        ('{"type": "RetryTask", "end_date": now()}', "up_for_retry"),
        ('{"type": "DeferTask", "classpath": "a.B", "next_method": "m"}', "deferred"),
        ('{"type": "RescheduleTask", "end_date": now(), "reschedule_date": now()}', "up_for_reschedule"),
        ('{"type": "AwaitInputTask", "next_method": "m"}', "awaiting_input"),
    ],
)
def test_terminal_state(run: Runner, terminal: str, state: str) -> None:
    """The terminal message decides the state, and gets a reply like any other message."""
    result = run(f"begin()\nsend(0, {terminal})\nassert receive() == [0, None, None]\n")
    assert (result.state, result.error) == (state, None)


@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("end", ["sys.exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_bad_end(run: Runner, end: str, retry: bool) -> None:
    """A status other than 0, or a signal, fails the task or leads to a retry, whatever it reported before."""
    result = run(f"begin()\nsucceed()\n{end}\n", task={"should_retry": retry})
    assert result.state == ("up_for_retry" if retry else "failed")
    assert result.exit_code == (3 if "exit" in end else -signal.SIGKILL)
    assert result.error is not None
    assert result.error.endswith("after it had reported success")


@pytest.mark.parametrize(
    ("end", "record"),
    [
        ("sys.exit(3)", ("warning", "Process exited abnormally", {"exit_code": 3})),
        ("os.kill(os.getpid(), signal.SIGKILL)", ("warning", "Process exited abnormally", {"exit_code": -9})),
        ("os.kill(os.getpid(), signal.SIGSEGV)", ("critical", "Received SIGSEGV", {})),
    ],
)
def test_record_of_a_bad_end(run: Runner, end: str, record: tuple[str, str, dict[str, int]]) -> None:
    """The task's log says how its process ended."""
    [last] = run(f"begin()\n{end}\n").records
    assert (last.logger, last.level, last.event.partition(":")[0], last.fields) == ("task", *record)


def test_no_terminal_message(run: Runner) -> None:
    """Status 0 without a terminal message fails the task."""
    result = run("begin()\n", task={"should_retry": True})
    assert (result.state, result.exit_code) == ("failed", 0)
    assert "without a terminal message" in str(result.error)


def test_cannot_start(run: Runner, tmp_path: Path) -> None:
    """A file that cannot be executed fails the task, and the error says so."""
    (tmp_path / "text").write_text("x")
    result = run_task([str(tmp_path / "text")], TaskRun(dag_id="d", task_id="t", run_id="r"), run.store)
    assert (result.state, result.exit_code) == ("failed", None)
    assert "cannot be started: Permission denied" in str(result.error)


def test_ends_before_connecting(run: Runner) -> None:
    """A process that ends before it connects fails the task; the error has its output, without secrets."""
    run.store.set_variable("api_key", "hunter2")
    result = run("print('about hunter2'); dial('comm'); sys.exit('no luck')", task={"should_retry": True})
    assert (result.state, result.exit_code) == ("failed", 1)
    assert "status 1, before it had connected; its output:\n" in str(result.error)
    assert "about ***" in str(result.error)
    assert "no luck" in str(result.error)


def test_never_connects(run: Runner) -> None:
    """The supervisor ends a process that does not connect in time."""
    result = run("time.sleep(60)", limits=Limits(startup_s=0.3))
    assert (result.state, result.exit_code) == ("failed", -signal.SIGTERM)
    assert "did not connect to both sockets within 0.3 s" in str(result.error)


def test_grandchild_connects(run: Runner) -> None:
    """A descendant of the started process can connect."""
    result = run(
        """
if os.environ.get("INNER"):
    begin(); succeed()
else:
    sys.exit(subprocess.call([sys.executable, *sys.argv], env={**os.environ, "INNER": "1"}, start_new_session=True))
"""
    )
    assert (result.state, result.leftovers) == ("success", ())


def test_connection_over_ipv6_socket(run: Runner) -> None:
    """The supervisor recognizes the task's connection from an IPv6 socket to the mapped IPv4 address."""
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 sockets here")
    result = run(
        """
def dial(name):
    sock = socket.socket(socket.AF_INET6)
    sock.connect(("::ffff:127.0.0.1", int(flag(name).rsplit(":", 1)[1])))
    return sock
begin()
succeed()
"""
    )
    assert result.state == "success"


def test_foreign_connection(run: Runner, tmp_path: Path) -> None:
    """The supervisor refuses a connection of another process, and still accepts the task's own."""
    fifo, done = tmp_path / "fifo", tmp_path / "done"
    for path in (fifo, done):
        os.mkfifo(path)
    answers: list[bytes] = []

    def intrude() -> None:
        address = fifo.read_text()
        with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=10) as sock:
            answers.append(sock.recv(1))
        done.write_text("done")

    intruder = threading.Thread(target=intrude, daemon=True)
    intruder.start()
    result = run(
        f"""
open({str(fifo)!r}, "w").write(flag("comm"))
open({str(done)!r}).read()
begin()
succeed()
"""
    )
    intruder.join(10)
    assert answers == [b""]
    assert result.state == "success"
    assert "Refused a connection" in events(result, "supervisor")[0]


@pytest.mark.parametrize("data", [b"\0\0\0\5\xc1xxxx", b"\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n"])
def test_malformed_frame(run: Runner, data: bytes) -> None:
    """A malformed frame loses the task: the log says so, the sockets close, and the process ends."""
    result = run(f"begin()\nsucceed()\ncomm.sendall({data!r})\nassert comm.recv(1) == b''\ntime.sleep(60)")
    assert result.state == "failed"
    assert result.broken is not None
    assert result.broken in str(result.error)
    assert any("The task is lost" in event for event in events(result, "supervisor"))


def test_half_a_frame(run: Runner) -> None:
    """The log mentions an incomplete frame at the end; the exit status decides the state."""
    result = run("begin()\nsucceed()\ncomm.sendall(b'\\0\\0\\1\\0abc')\ncomm.close()")
    assert (result.state, result.broken) == ("success", None)
    assert events(result, "supervisor") == ["The comm socket ended after 7 bytes of a frame"]


@pytest.mark.parametrize(
    "line", [b"[]", b'{"event": "x"}', b'{"level": "info", "msg": 1}', b'{"level": "info", "timestamp": 1}']
)
def test_lost_over_a_log_line(run: Runner, line: bytes) -> None:
    """A log line that the real supervisor does not survive loses the task."""
    result = run(f"begin()\nlogs.sendall({line!r} + bytes([10]))\nassert logs.recv(1) == b''\nsucceed()")
    assert result.state == "failed"
    assert "a log line" in str(result.broken)


def test_malformed_log_line(run: Runner) -> None:
    """The task goes on after a log line that is not JSON, which is reported, and one of an unknown level."""
    result = run("begin()\nlogs.sendall(b'oops\\n')\nlog('unseen', level='loud')\nlog('seen')\nsucceed()")
    assert result.state == "success"
    assert events(result) == ["Malformed JSON log line: oops", "seen"]


def test_masking(run: Runner) -> None:
    """After `MaskSecret`, the secret is masked in logs and output, and is not in the result's repr."""
    result = run(
        """
begin()
ask({"type": "MaskSecret", "value": "hunter2"})
log("my hunter2", field="hunter2")
print("hunter2", flush=True)
ask({"type": "SetXCom", **xcom("k"), "value": "hunter2"})
succeed()
"""
    )
    assert sorted(events(result)) == ["***", "my ***"]
    assert "hunter2" not in repr((result, result.records, run.store))


def test_ignores_sigterm(run: Runner) -> None:
    """A stop sends SIGTERM, and SIGKILL to a task that ignores it."""
    with Stop() as stop:

        def on_record(record: LogRecord) -> None:
            if record.event == "ready":
                stop.set()

        result = run(
            "signal.signal(signal.SIGTERM, lambda *_: log('heard'))\nbegin()\nlog('ready')\nwhile True: time.sleep(60)",
            stop=stop,
            on_record=on_record,
        )
    assert (result.state, result.exit_code) == ("failed", -signal.SIGKILL)
    assert events(result, "raw") == ["ready", "heard"]
    assert "Process did not terminate in time; escalating" in events(result, "supervisor")
    assert "a stop was requested" in str(result.error)


def test_orderly_stop(run: Runner) -> None:
    """A task that ends by itself after SIGTERM keeps the state of its terminal message."""
    with Stop() as stop:
        result = run(
            """
def hear(*_): raise KeyboardInterrupt
signal.signal(signal.SIGTERM, hear)
begin()
try:
    log("ready")
    time.sleep(60)
except KeyboardInterrupt:
    send(0, {"type": "TaskState", "state": "skipped"})
    receive()
""",
            stop=stop,
            on_record=lambda record: stop.set() if record.event == "ready" else None,
        )
    assert (result.state, result.exit_code) == ("skipped", 0)


def test_time_limit(run: Runner) -> None:
    """The supervisor ends a task that takes too long."""
    result = run("begin()\nlog('here')\ntime.sleep(60)", limits=Limits(task_s=0.5))
    assert (result.state, result.exit_code) == ("failed", -signal.SIGTERM)
    assert "more than 0.5 s" in str(result.error)


def test_overtime(run: Runner) -> None:
    """The supervisor ends a process that goes on after its terminal message."""
    result = run("begin()\nsucceed()\ntime.sleep(60)", limits=Limits(overtime_s=0.2))
    assert (result.state, result.exit_code) == ("failed", -signal.SIGTERM)
    assert "0.2 s after its terminal message" in str(result.error)
    assert "Process exited abnormally" not in events(result)


def test_time_after_a_deferral(run: Runner) -> None:
    """A process can go on after a deferral."""
    deferral = '{"type": "DeferTask", "classpath": "a.B", "next_method": "m"}'
    result = run(f"begin()\nask({deferral})\ntime.sleep(0.4)", limits=Limits(overtime_s=0.1))
    assert (result.state, result.exit_code, result.error) == ("deferred", 0, None)


def test_orphan_connects(run: Runner) -> None:
    """The supervisor refuses a connection of a process whose parents are gone."""
    result = run(
        """
ready, start = os.pipe(), os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        os.read(start[0], 1)
        assert dial("comm").recv(1) == b""
        os.write(ready[1], b"!")
    os._exit(0)
os.wait()
os.write(start[1], b"!")
os.read(ready[0], 1)
begin()
succeed()
"""
    )
    assert (result.state, result.leftovers) == ("success", ())
    [refused] = events(result, "supervisor")
    assert refused.startswith("Refused a connection from port ")


@pytest.mark.parametrize("daemon", [False, True])
def test_leftover(run: Runner, daemon: bool) -> None:
    """A process that outlives the task is killed and reported, even outside of the session and with the sockets."""
    result = run(
        f"""
begin()
reader, writer = os.pipe()
if os.fork() == 0:
    if {daemon}:
        os.setsid()
        if os.fork():
            os._exit(0)
    log(str(os.getpid()))
    os.write(writer, b"!")
    time.sleep(60)
os.read(reader, 1)
if {daemon}:
    os.wait()
succeed()
"""
    )
    pid = int(events(result, "raw")[0])
    assert result.state == "success"
    assert [left.split()[0] for left in result.leftovers] == [str(pid)]
    assert not is_running(pid)


def test_quick_leftover(run: Runner) -> None:
    """A process that outlives the task for a short time is not a leftover."""
    result = run("begin()\nsucceed()\nsubprocess.Popen(['sleep', '0.05'], stdout=-3, stderr=-3)", limits=Limits())
    assert (result.state, result.leftovers) == ("success", ())


def test_flood(run: Runner) -> None:
    """The supervisor reads a flood on stdout and stderr, and large messages, while it answers requests."""
    result = run(
        """
begin()
def flood(descriptor):
    for _ in range(200):
        os.write(descriptor, b"x" * 999 + b"\\n" + b"y" * 9000 + b"\\n")
threads = [threading.Thread(target=flood, args=(descriptor,)) for descriptor in (1, 2)]
[thread.start() for thread in threads]
for number in range(50):
    ask({"type": "SetXCom", **xcom("k"), "value": "z" * 100_000})
value, _ = ask({"type": "GetXCom", **xcom("k")})
[thread.join() for thread in threads]
log(str(len(value["value"])))
succeed()
"""
    )
    assert result.state == "success"
    assert events(result, "raw") == ["100000"]
    assert len(events(result, "task.stdout")) == len(events(result, "task.stderr")) == 400


def test_replies_not_read(run: Runner) -> None:
    """A task that never reads its replies does not block the supervisor: the deadline still ends it."""
    result = run(
        """
begin()
ask({"type": "SetXCom", **xcom("k"), "value": "z" * 1_000_000})
while True: send(1, {"type": "GetXCom", **xcom("k")})
""",
        limits=Limits(task_s=0.7),
    )
    assert (result.state, result.exit_code) == ("failed", -signal.SIGTERM)


def test_callback_raises(run: Runner) -> None:
    """`run_task` raises the exception of the record callback, after it has ended the process."""
    pids = []

    def on_record(record: LogRecord) -> None:
        pids.append(int(record.event))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run("begin()\nlog(str(os.getpid()))\ntime.sleep(60)", on_record=on_record)
    assert not is_running(pids[0])


def test_no_pidfd(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pidfd, the supervisor still notices the end, even if a descendant holds the sockets."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    result = run("begin()\nsucceed()\nif os.fork() == 0: time.sleep(60)")
    assert result.state == "success"
    assert len(result.leftovers) == 1


def test_no_descriptor_leak(run: Runner) -> None:
    """A run leaves no descriptor open, however it ends."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    run("begin()\nsucceed()")
    run("begin()\ncomm.sendall(bytes(4))")
    run("sys.exit(1)")
    with suppress(ValueError):
        run_task(["\0"], TaskRun(dag_id="d", task_id="t", run_id="r"), run.store)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


def test_refused_success(run: Runner) -> None:
    """Airflow's API server refuses a success without outlets, so the task fails."""
    result = run("""begin(); print(ask({"type": "SucceedTask", "end_date": now()})[1]["error"], flush=True)""")
    assert (result.state, result.terminal) == ("failed", None)
    assert result.error == "Airflow's API server would refuse its SucceedTask and fail the task; see the log"
    assert "API_SERVER_ERROR" in events(result)
    assert "The task's end is lost: SucceedTask was refused" in events(result, "supervisor")
