"""Tests of the example `orders`: each task alone, in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest
from orders import ORDERS, TOTALS, approve, convert, currencies, extract, is_large, publish, rate, wait_for_closing

from dagfloe.testing import TaskEnvironment


def test_chain(dagfloe_env: TaskEnvironment) -> None:
    """The chain of tasks converts the orders to a total in euros."""
    assert dagfloe_env.run(extract).raise_for_state().value == ORDERS
    assert dagfloe_env.run(currencies).raise_for_state().value == ["EUR", "JPY", "USD"]
    for map_index in range(3):
        dagfloe_env.run(rate, map_index=map_index, try_number=2).raise_for_state()
    assert dagfloe_env.run(convert).raise_for_state().value == pytest.approx(1501.26)


def test_a_slow_exchange(dagfloe_env: TaskEnvironment) -> None:
    """The rate of the yen needs two tries, and the others need one."""
    dagfloe_env.xcoms["prices.currencies"] = ["EUR", "JPY"]
    assert [run.state for run in dagfloe_env.run(rate, map_index=0, retries=2).tries] == ["success"]
    result = dagfloe_env.run(rate, map_index=1, retries=2)
    assert [run.state for run in result.tries] == ["up_for_retry", "success"]
    assert result.value == ["JPY", "0.0062"]


@pytest.mark.parametrize(
    ("total", "skipped"), [(999.0, ["approve"]), (1000.0, ["approve"]), (1000.5, ["wait_for_closing"])]
)
def test_branch(dagfloe_env: TaskEnvironment, total: float, skipped: list[str]) -> None:
    """A total above the limit needs approval; any other total waits for the closing."""
    dagfloe_env.xcoms["convert"] = total
    assert dagfloe_env.run(is_large).raise_for_state().skipped == skipped


def test_another_limit(dagfloe_env: TaskEnvironment) -> None:
    """A param of the Dag run sets the limit."""
    dagfloe_env.xcoms["convert"] = 1500.0
    dagfloe_env.dag_run.conf = {"limit": 2000}
    assert dagfloe_env.run(is_large).raise_for_state().skipped == ["approve"]


def test_approval(dagfloe_env: TaskEnvironment) -> None:
    """The task succeeds after the answer yes, and is skipped after no or without an answer."""
    dagfloe_env.xcoms["convert"] = 1500.0
    waiting = dagfloe_env.run(approve)
    assert waiting.question is not None
    assert waiting.question["subject"] == "Publish 1500.00 euros?"
    assert dagfloe_env.answer(waiting, "yes").value == "approved"
    assert [dagfloe_env.answer(waiting, answer).state for answer in ("no", None)] == ["skipped", "skipped"]


def test_closing(dagfloe_env: TaskEnvironment) -> None:
    """The task defers itself, and resumes after the trigger's event."""
    deferred = dagfloe_env.run(wait_for_closing)
    assert deferred.trigger_kwargs == {"delta": timedelta(minutes=10)}
    assert dagfloe_env.resume(deferred, event=None).raise_for_state().log.has("the day is over")


def test_publishing(dagfloe_env: TaskEnvironment) -> None:
    """The task creates an asset event with the total."""
    dagfloe_env.xcoms["convert"] = 1500.0
    result = dagfloe_env.run(publish).raise_for_state()
    assert result.value == {"euros": 1500.0}
    assert [(event["dest_asset_key"]["name"], event["extra"]) for event in result.outlet_events] == [
        (TOTALS.name, {"euros": 1500.0})
    ]
