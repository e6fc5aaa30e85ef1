"""Tasks that are coroutines: their values, their calls, and how a stop and a time limit reach them."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from dagfloe import Bundle, Client, Context, DagfloeError, TaskCancelled, TaskTimeout, task_group
from dagfloe.cancellation import Cancellation
from dagfloe.errors import RegistrationError
from dagfloe.runtime.process.event_loop import run_coroutine
from support.peer import PREAMBLE, Peer, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from dagfloe.testing import TaskEnvironment

ASYNC = PREAMBLE + "import asyncio, functools\n"

bundle = Bundle()
dag = bundle.dag("d")


@dag.task
async def gathers(client: Client, context: Context) -> dict[str, object]:
    """Calls from the coroutine, from its tasks and from threads."""

    async def read(number: int) -> object:
        await asyncio.sleep(0)
        return await asyncio.to_thread(client.variables.get, f"v{number}")

    return {
        "threads": await asyncio.gather(*map(read, range(8))),
        "coroutine": client.variables.get("v0"),
        "task": context.ti.task_id,
    }


@dag.branch
async def branches() -> str:
    await asyncio.sleep(0)
    return "left"


@dag.task
def left() -> None: ...


with dag:
    branches() >> left()


def test_calls(dagfloe_env: TaskEnvironment) -> None:
    """A coroutine makes calls itself, or in threads."""
    dagfloe_env.variables.update({f"v{number}": str(number) for number in range(8)})
    result = dagfloe_env.run(gathers)
    assert result.value == {"threads": list("01234567"), "coroutine": "0", "task": "gathers"}


def test_branch(dagfloe_env: TaskEnvironment) -> None:
    """Tasks of every kind may be coroutines."""
    assert dagfloe_env.run(branches).value == "left"


def test_task_inside_an_event_loop(dagfloe_env: TaskEnvironment) -> None:
    """A test that is a coroutine itself awaits the function: the task cannot run in its event loop."""

    async def test() -> str:
        assert await branches() == "left"
        return dagfloe_env.run(branches).state

    assert asyncio.run(test()) == "failed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "wait",
    [
        "await asyncio.sleep(60)",
        "await asyncio.gather(asyncio.sleep(60), asyncio.sleep(50))",
        "await asyncio.wait_for(asyncio.sleep(60), 50)",
        "time.sleep(60)",
        "client.get_variable('slow')",
        "await asyncio.gather(asyncio.sleep(60), block())",
    ],
)
def test_stop_signal(tmp_path: Path, number: signal.Signals, wait: str) -> None:
    """A stop cancels the coroutine, wherever it is. It can clean up with calls that wait."""
    tasks = f"""
async def block():
    time.sleep(60)

@dag.task
async def t(client: Client, context: Context):
    context.on_cancel(lambda: log.info("cleanup, cancelled=%s", context.cancelled))
    try:
        log.info("ready")
        {wait}
    except Exception:
        log.info("swallowed")
    finally:
        await asyncio.sleep(0.01)
        client.delete_xcom("partial")
        log.info("unwound")
"""
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start(should_retry=True)
        peer.record("ready")
        if "client" in wait:
            peer.expect("GetVariable")
        peer.process.send_signal(number)
        frame_id, _ = peer.expect("DeleteXCom")
        peer.send(frame_id)
        assert peer.finish()["type"] == "RetryTask"
        events = peer.events()
    assert events[1:3] == ["cleanup, cancelled=True", "unwound"]
    assert f"Task stopped: the task was asked to stop: {number.name}" in events


def test_stop_that_is_swallowed(tmp_path: Path) -> None:
    """A coroutine that goes on after a stop ends as it ends, as any other task does."""
    tasks = """
@dag.task
async def t():
    log.info("ready")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        log.info("swallowed")
    await asyncio.sleep(0.01)
"""
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start()
        peer.record("ready")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.finish()["type"] == "SucceedTask"
        assert "swallowed" in peer.events()


@pytest.mark.parametrize("wait", ["await asyncio.sleep(60)", "time.sleep(60)"])
def test_time_limit(tmp_path: Path, wait: str) -> None:
    """The end of the time limit cancels the coroutine, and Airflow retries the task."""
    tasks = f"""
@dag.task(execution_timeout=0.3)
async def t():
    try:
        {wait}
    finally:
        await asyncio.sleep(0.01)
        log.info("unwound")
"""
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start(should_retry=True)
        message = peer.finish()
        events = peer.events()
    assert message["type"] == "RetryTask"
    assert message["retry_reason"].startswith("TaskTimeout: the task ran longer than its execution_timeout of 0.3 s")
    assert "unwound" in events


def test_shield(tmp_path: Path) -> None:
    """A stop waits for the end of a shield, also across an `await`."""
    tasks = """
@dag.task
async def t(context: Context):
    with context.shield():
        log.info("ready")
        while not context.cancelled:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        log.info("whole")
    await asyncio.sleep(60)
"""
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start()
        peer.record("ready")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.finish()["state"] == "failed"
        assert "whole" in peer.events()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("raise ValueError('no')", "Task failed with ValueError"),
        ("raise asyncio.CancelledError('own')", "Task failed with CancelledError"),
        ("raise TaskSkipped('why')", "Task skipped: why"),
        ("raise TaskFailed('why')", "Task failed, and is not retried: why"),
        ("raise SystemExit(3)", "Task failed with SystemExit"),
        ("await asyncio.wait_for(asyncio.sleep(60), 0.01)", "Task failed with TimeoutError"),
    ],
)
def test_outcomes(tmp_path: Path, body: str, shown: str) -> None:
    """What a coroutine raises has the effect that it has in any other task; its line is in the stack."""
    tasks = f"\n@dag.task\nasync def t():\n    await asyncio.sleep(0)\n    {body}\n"
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start()
        assert peer.finish()["type"] == "TaskState"
        record = peer.record(shown)
    if "skipped" not in shown:
        assert any(frame["name"] == "t" for frame in record["exception"][0]["frames"])


def test_exception_group(tmp_path: Path) -> None:
    """The exceptions of an `asyncio.TaskGroup` are all in the log."""
    if sys.version_info < (3, 11):
        pytest.skip("TaskGroup is new in Python 3.11")
    tasks = """
async def fail(number):
    raise ValueError(number)

@dag.task
async def t():
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(fail(number))
"""
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start()
        assert peer.finish()["state"] == "failed"
        record = peer.record("Task failed with ExceptionGroup")
    assert len(record["exception"][0]["exceptions"]) == 3


@pytest.mark.parametrize(
    "task",
    [
        "def t():\n    return wait()\n",
        "@functools.wraps(wait)\ndef t():\n    return wait()\n",
    ],
)
def test_functions_that_return_a_coroutine(tmp_path: Path, task: str) -> None:
    """So do decorated functions, which are not coroutine functions themselves."""
    tasks = f"\nasync def wait():\n    await asyncio.sleep(0)\n    return 42\n\n{task}\ndag.task(task_id='t')(t)\n"
    with Peer(write_project(tmp_path, tasks, ASYNC)) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        peer.send(frame_id)
        assert body["value"] == 42
        assert peer.finish()["type"] == "SucceedTask"


def test_ordinary_tasks_do_not_import_asyncio(tmp_path: Path) -> None:
    """Only a task that is a coroutine imports asyncio."""
    tasks = "\n@dag.task\ndef t():\n    log.info('imported: %s', 'asyncio' in sys.modules)\n"
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        assert peer.finish()["type"] == "SucceedTask"
        assert "imported: False" in peer.events()


@pytest.mark.parametrize(
    ("request_stop", "kind"),
    [
        (lambda cancellation: cancellation.request("a test"), TaskCancelled),
        (lambda cancellation: cancellation.time_out("late"), TaskTimeout),
    ],
)
def test_requests_in_the_event_loop(request_stop: Callable[[Cancellation], None], kind: type[BaseException]) -> None:
    """A request that arrives while the coroutine runs is raised when the coroutine has ended."""
    cancellation = Cancellation()
    cancellation.arm()
    steps = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(request_stop, cancellation)
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise

    with pytest.raises(kind):
        run_coroutine(work(), cancellation)
    assert steps == ["cancelled"]
    assert cancellation.redirect is None


async def wait() -> bool:
    return False


class Waits:
    """An object whose call makes a coroutine."""

    async def __call__(self, *_: object) -> bool:
        """Wait for nothing."""
        return False


def declare_group(name: str) -> Callable[[], object]:
    """Declare a function of another kind than a task."""
    kinds: dict[str, Callable[[], Any]] = {
        "function of Dag": lambda: Bundle().dag("x")(wait),
        "@task_group": lambda: task_group(wait),
        "retry_policy": lambda: Bundle().dag("x").task(task_id="t", retry_policy=Waits())(lambda: None),  # type: ignore[arg-type]
    }
    return kinds[name]


@pytest.mark.parametrize("name", ["function of Dag", "@task_group", "retry_policy"])
def test_functions_that_may_not_wait(name: str) -> None:
    """Functions that declare or decide something cannot be asynchronous: the error says so where they are declared."""
    with pytest.raises(RegistrationError, match=f"{name}.* asynchronous"):
        declare_group(name)()


def test_callbacks_that_may_not_wait(dagfloe_env: TaskEnvironment) -> None:
    """Nor can a cleanup callback or the condition of a sensor."""
    bundle = Bundle()
    dag = bundle.dag("d")

    @dag.task
    def cleans(context: Context) -> None:
        with pytest.raises(DagfloeError, match=r"on_cancel got the asynchronous function .*Waits"):
            context.on_cancel(Waits())

    @dag.task
    def pokes(client: Client) -> None:
        with pytest.raises(DagfloeError, match=r"poke got the asynchronous function .*wait"):
            client.poke(wait)

    for task in (cleans, pokes):
        assert dagfloe_env.run(task).state == "success"
