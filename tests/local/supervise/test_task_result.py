"""A task instance's final state."""

from __future__ import annotations

import pytest

from dagfloe.local.supervise.task_result import decide_final_state


@pytest.mark.parametrize(
    ("exit_code", "terminal", "retry", "expected"),
    [
        (0, "success", False, "success"),
        (0, "skipped", True, "skipped"),
        (0, None, True, "failed"),
        (3, "success", False, "failed"),
        (3, None, True, "up_for_retry"),
        (-9, "success", True, "up_for_retry"),
        (None, None, False, "failed"),
    ],
)
def test_final_state(exit_code: int | None, terminal: str | None, retry: bool, expected: str) -> None:
    """Status 0 keeps the terminal message's state; any other end fails or retries the task, with a reason."""
    state, reason = decide_final_state(exit_code, terminal, should_retry=retry)
    assert state == expected
    assert (reason is None) == (exit_code == 0 and terminal is not None)
