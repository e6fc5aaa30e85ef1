"""How a task ends when it is stopped, case by case, under the real supervisor: the table in docs/how-to/outcomes.md.

Other cases: a stop of the process itself and its kill are in test_behaviours.py, a cleared task instance is in
test_troubleshooting.py, and the end of an `execution_timeout` is in test_conformance.py.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Answer, Supervisor  # type: ignore[import-not-found,unused-ignore]

WAIT = """
try:
    log.info("ready")
    time.sleep(60)
finally:
    log.info("unwound")
"""


def caught(action: str) -> str:
    """The code of a task that catches the stop."""
    return f"""
try:
    log.info("ready")
    time.sleep(60)
except TaskCancelled:
    {action}
"""


@pytest.fixture
def stop(supervisor: Supervisor, demo_bundles: Any) -> Any:
    """Return a function that runs a task's code until something stops it."""

    def stop(code: str, **request: Any) -> Answer:
        return supervisor.run(demo_bundles, "d", "t", env={"TRAP": code}, **request)

    return stop


@pytest.mark.parametrize(("should_retry", "state"), [(True, "up_for_retry"), (False, "failed")])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_the_supervisor(stop: Any, number: signal.Signals, should_retry: bool, state: str) -> None:
    """A worker that shuts down sends the signal to the supervisor, or to both: the task is retried elsewhere."""
    answer = stop(WAIT, signal={"on": "ready", "number": number, "to": "supervisor"}, should_retry=should_retry)
    assert (answer.exit_code, answer.states) == (0, [state]), answer
    assert "unwound" in answer.events()


@pytest.mark.parametrize(("should_retry", "state"), [(True, "up_for_retry"), (False, "failed")])
def test_heartbeats_that_fail(stop: Any, should_retry: bool, state: str) -> None:
    """If Airflow's API server does not answer the heartbeats, the supervisor stops the task, which is retried."""
    answer = stop(WAIT, heartbeats={"on": "ready", "status": 500}, should_retry=should_retry)
    assert (answer.exit_code, answer.states) == (0, [state]), answer
    assert "unwound" in answer.events()


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("pass", "success"),
        ("raise TaskFailed('no')", "failed"),
        ("raise TaskSkipped('no')", "skipped"),
        ("raise ValueError('no')", "up_for_retry"),
        ("sys.exit(0)", "up_for_retry"),
    ],
)
def test_stop_that_is_caught(stop: Any, action: str, state: str) -> None:
    """A task that catches the stop decides how it ends."""
    signal_ = {"on": "ready", "number": signal.SIGTERM}
    answer = stop(caught(action), signal=signal_, should_retry=True)
    assert (answer.exit_code, answer.states) == (0, [state]), answer
