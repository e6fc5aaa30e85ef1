"""Children of `os.fork()` that come back out of the author's code: only the task's own process speaks to Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.peer import Peer, write_project

if TYPE_CHECKING:
    from pathlib import Path

#: How a forked child leaves the author's code, the status that it ends with, and its line in the log.
CHILDREN = {
    "returns": ("return {'who': 'child'}", 0, "returned from the task, and ends"),
    "raises": ("raise ValueError('of the child')", 1, "failed, and ends"),
    "skips": ("raise TaskSkipped('child')", 1, "failed, and ends"),
    "exits": ("sys.exit(3)", 3, None),
    "prints": ("print('unfinished', end=''); return", 0, "returned from the task, and ends"),
}


@pytest.mark.parametrize("child", CHILDREN)
def test_child_leaves_the_task(tmp_path: Path, child: str) -> None:
    """The child ends with its output and a line in the log. The task goes on in its parent."""
    code, status, event = CHILDREN[child]
    tasks = f"""
import sys
@dag.task
def t():
    child = os.fork()
    if child == 0:
        {code}
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == status
        peer.send(frame_id)
        assert peer.finish()["state"] == "success"
        events = peer.events()
        assert [line for line in events if "forked process" in line] == [
            line for line in events if event and event in line
        ]
        if event is not None:
            assert any(event in line for line in events)
        if child == "prints":
            assert "unfinished" in events
        if child == "raises":
            (record,) = (record for record in peer.records if "forked" in record["event"])
            assert record["exception"][0]["exc_value"] == "of the child"


def test_supervisor_that_vanishes_after_a_fork(tmp_path: Path) -> None:
    """A child that left the task does not keep its parent from noticing that the supervisor is gone."""
    tasks = """
@dag.task
def t(client: Client):
    child = os.fork()
    if child == 0:
        return
    os.waitpid(child, 0)
    client.set_variable("forked", "yes")
    time.sleep(60)
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, _ = peer.expect("PutVariable")
        peer.send(frame_id)
        peer.comm.close()
        assert peer.wait() == 1
        assert peer.record("Task stopped: the task was asked to stop: the supervisor is gone")


@pytest.mark.parametrize("ending", ["pass", "raise ValueError('of the child')", "raise SystemExit(0)"])
def test_child_leaves_the_module(tmp_path: Path, ending: str) -> None:
    """A child that was forked while the module was imported takes no frame from its parent."""
    tasks = f"""
child = os.fork()
if child == 0:
    {ending}
else:
    os.waitpid(child, 0)
@dag.task
def t(): return 1
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start()
        frame_id, body = peer.expect("SetXCom")
        assert body["value"] == 1
        peer.send(frame_id)
        assert peer.finish()["state"] == "success"


def test_child_leaves_a_retry_policy(tmp_path: Path) -> None:
    """A child that was forked in a retry policy sends no terminal message."""
    tasks = """
def policy(error, number):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return RetryDecision.retry(5, "parent" if child else "child")
@dag.task(retry_policy=policy)
def t(): 1 / 0
"""
    with Peer(write_project(tmp_path, tasks)) as peer:
        peer.start(should_retry=True)
        assert peer.finish()["retry_reason"] == "parent"
