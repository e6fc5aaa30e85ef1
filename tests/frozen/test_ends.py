"""The end of a frozen task whose code used up, replaced or closed what the end needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.peer import Peer, startup

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

TASKS = '''
import ctypes, logging.config, os, resource, sys, threading, time
from dagfloe import *
bundle = Bundle()
dag = bundle.dag("d")

def use_up():
    """Open files until no descriptor is left."""
    files = []
    try:
        while True:
            files.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        return files

def policy(error, number):
    return RetryDecision.retry(5, "policy")

@dag.task(retry_policy=policy)
def t(context: Context):
    names = {}
    exec(context.dag_run.conf["code"], globals(), names)
    return names["end"]()
'''
#: How a task ends, and the state that it ends in.
ENDS = {
    "return": ("def end(): return", "success"),
    "value": ("def end(): return {'a': [1]}", "success"),
    "skip": ("def end(): raise TaskSkipped('s')", "skipped"),
    "fail": ("def end(): raise TaskFailed('f')", "failed"),
    "raise": ("def end(): raise ValueError('v')", "up_for_retry"),
    "syntax": ("def end(): compile('a b', 'x.py', 'exec')", "up_for_retry"),
    "defer": ("def end(): raise TaskDeferred('a.T', {'x': (1,)}, timeout=5)", "deferred"),
    "wait": ("def end(): raise TaskAwaitingInput(timeout=5)", "awaiting_input"),
}
USED_UP = {
    "descriptors": "files = use_up()",
    "a low limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)); files = use_up()",
}


@pytest.fixture(scope="module")
def traps(
    build: Callable[..., subprocess.CompletedProcess[str]], form: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A bundle file whose task runs the code of its Dag run's `conf`."""
    folder = tmp_path_factory.mktemp("traps")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "traps"\nversion = "1"\n[tool.dagfloe]\nbundle = "t:bundle"\n'
    )
    (folder / "t.py").write_text(TASKS)
    answer = build(folder, folder, "--quiet", *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return str(folder / "traps")


def run(traps: str, code: str) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Run a task; return its status, its messages and its records."""
    body = startup(should_retry=True)
    body["ti_context"]["dag_run"]["conf"] = {"code": code}
    with Peer([traps]) as peer:
        peer.send(0, body)
        messages, frame_id = [], -1
        while frame_id:
            try:
                frame_id, message = peer.receive()
            except EOFError:
                break
            messages.append(message)
            peer.send(frame_id)
        return peer.wait(), messages, peer.all_records()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("what", USED_UP)
def test_used_up_descriptors(traps: str, what: str, end: str) -> None:
    """A task that used up its file descriptors ends as it wanted to."""
    code, state = ENDS[end]
    status, messages, records = run(traps, f"global files\n{USED_UP[what]}\n{code}")
    assert (status, messages[-1]["state"]) == (0, state), records
    if state == "up_for_retry":
        assert messages[-1]["retry_reason"] == "policy"
        assert records[0]["exception"][0]["frames"][-1]["name"] == "end"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("last", [51, 1000])
def test_closed_descriptors(traps: str, last: int, end: str) -> None:
    """A task that closes all low descriptors ends as it wanted to, as under Airflow's own runner."""
    code, state = ENDS[end]
    status, messages, records = run(traps, f"os.closerange(3, {last})\n{code}")
    assert (status, messages[-1]["state"]) == (0, state), records


def test_closed_sockets(traps: str) -> None:
    """If the task closes the sockets, no terminal message is sent, and the status is not 0."""
    status, messages, _ = run(traps, "def end(): os.closerange(3, 4096)")
    assert (status, messages) == (1, [])


@pytest.mark.parametrize("child", ["return", "raise ValueError('child')", "sys.exit(0)"])
def test_forked_child_leaves_the_task(traps: str, child: str) -> None:
    """A forked child that leaves the task's function sends nothing, and its parent goes on."""
    code = f"""
def end():
    child = os.fork()
    if child == 0:
        {child}
    else:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
    status, messages, _ = run(traps, code)
    assert [message["type"] for message in messages] == ["SetXCom", "SucceedTask"]
    assert (status, messages[0]["value"]) == (0, int("raise" in child))


@pytest.mark.parametrize(
    "setting",
    ["logging.config.dictConfig({'version': 1})", "logging.disable(50)", "logging.getLogger().handlers.clear()"],
)
def test_traceback_reaches_airflow(traps: str, setting: str) -> None:
    """The traceback arrives whatever the task did to logging."""
    status, messages, records = run(traps, f"def end():\n    {setting}\n    raise ValueError('why')")
    assert (status, messages[-1]["state"]) == (0, "up_for_retry")
    assert records[0]["exception"][0]["exc_value"] == "why"
