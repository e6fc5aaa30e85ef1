"""The limits of terminal messages: what the runtime refuses, Airflow cannot process, and what it sends, Airflow can."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

import msgpack
import pytest

from dagfloe import DagfloeError, RetryDecision, TaskDeferred, TaskRescheduled
from dagfloe.authoring.bundle import Bundle
from dagfloe.runtime.outcomes import check_decision, suspend
from dagfloe.runtime.wire.frames import encode_frame
from dagfloe.runtime.wire.messages import defer_task, reschedule_task, retry_task
from dagfloe.runtime.wire.requests import find_problem

#: Decodes frames as the supervisor does, passes them to the models of the API server, and does what these and the
#: scheduler do with the values. Prints one word for each frame.
CODE = """
import json, sys
from datetime import datetime, timedelta, timezone
import msgspec
from airflow.api_fastapi.execution_api.datamodels import taskinstance as server
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.sdk.api.datamodels import _generated as client
from airflow.sdk.execution_time.comms import _RequestFrame
from airflow.sdk.execution_time.supervisor import ToSupervisor
from pydantic import TypeAdapter

frames, messages = msgspec.msgpack.Decoder(_RequestFrame), TypeAdapter(ToSupervisor)
MODELS = {
    "DeferTask": "TIDeferredStatePayload",
    "RescheduleTask": "TIRescheduleStatePayload",
    "RetryTask": "TIRetryStatePayload",
}
COLUMNS = {
    "queue": Trigger.__table__.c.queue,
    "classpath": Trigger.__table__.c.classpath,
    "next_method": TaskInstance.__table__.c.next_method,
    "rendered_map_index": TaskInstance.__table__.c.rendered_map_index,
    "retry_reason": TaskInstance.__table__.c.retry_reason,
}

def judge(frame):
    try:
        body = frames.decode(bytes.fromhex(frame)).body
    except Exception:
        return "breaks the supervisor"
    try:
        message = messages.validate_python(body)
    except Exception:
        return "is not answered"
    fields = message.model_dump(exclude_unset=True, exclude={"type"})
    sent = getattr(client, MODELS[message.type])(**fields).model_dump_json()
    received = getattr(server, MODELS[message.type]).model_validate_json(sent).model_dump()
    try:
        for name in ("trigger_timeout", "timeout"):
            datetime.now(timezone.utc) + (received.get(name) or timedelta())
        datetime.now(timezone.utc) + timedelta(seconds=received.get("retry_delay_seconds") or 0)
    except (OverflowError, ValueError):
        return "overflows"
    for name, column in COLUMNS.items():
        value = received.get(name) or ""
        if len(value) > column.type.length or "\\0" in value:
            return "does not fit into the database"
    return "is processed"

print(json.dumps([judge(frame) for frame in json.load(sys.stdin)]))
"""
TASK = Bundle().dag("d").task(task_id="t")(lambda: None)
UTC = timezone.utc


DATES = [
    *(datetime.max.replace(tzinfo=timezone(timedelta(hours=hours))) for hours in (-14, -1, 0, 1, 14)),
    *(datetime.min.replace(tzinfo=timezone(timedelta(hours=hours))) for hours in (-14, -1, 0, 1, 14)),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 16, 1, tzinfo=UTC),
    datetime(2514, 5, 30, 1, 53, 4, tzinfo=UTC),
]
DURATIONS: list[timedelta | float] = [
    *(0, 0.0, 1e-6, 0.5, 90, 4_294_967_295, 4_294_967_296, 999_999_999, 1_000_000_000, 9_999_999_999, 1e11, 2.5e11),
    *(2.6e11, 1e12, 8.64e13, 1e18, 1e300, float("inf"), float("nan"), -1, -0.5, timedelta.max, timedelta.min),
    *(timedelta(days=1), timedelta(days=20_000), timedelta(days=2_900_000), timedelta(days=3_000_000)),
]
STRINGS = ["q", "q" * 256, "q" * 257, "é" * 256, "a\0b", "\U0001f600" * 256]


def judge(frames: list[bytes]) -> list[str]:
    """What Airflow does with each frame."""
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE],
        input=json.dumps([frame.hex() for frame in frames]),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    verdicts: list[str] = json.loads(answer.stdout.splitlines()[-1])
    return verdicts


def frame(message: dict[str, Any]) -> bytes:
    """The frame of a message that the runtime sends, without its length."""
    assert find_problem(message, outgoing=True) is None
    return b"".join(encode_frame(0, message))[4:]


def is_refused(outcome: TaskDeferred | TaskRescheduled | RetryDecision) -> bool:
    """Whether the runtime refuses an outcome or a decision."""
    try:
        if isinstance(outcome, RetryDecision):
            check_decision(outcome)
        else:
            suspend(TASK, outcome, None)
    except DagfloeError:
        return True
    return False


def test_dates() -> None:
    """Exactly the dates that do not exist in UTC are refused: they would break the supervisor."""
    verdicts = judge([msgpack.packb([0, reschedule_task(date)], datetime=True) for date in DATES])
    assert set(verdicts) == {"breaks the supervisor", "is processed"}
    assert [is_refused(TaskRescheduled(date)) for date in DATES] == [verdict != "is processed" for verdict in verdicts]


def test_durations() -> None:
    """Every duration that is not refused is processed, as a timeout and as the delay of a retry."""
    sent = [value for value in DURATIONS if not is_refused(TaskDeferred("a.T", timeout=value))]
    frames = [frame(defer_task("a.T", {}, "t", {}, timeout=value)) for value in sent]
    assert dict(zip(sent, judge(frames), strict=True)) == dict.fromkeys(sent, "is processed")
    delays = [value for value in DURATIONS if not is_refused(RetryDecision.retry(value))]
    assert delays == sent
    frames = [frame(retry_task("why", delay=value)) for value in sent]
    assert dict(zip(sent, judge(frames), strict=True)) == dict.fromkeys(sent, "is processed")


@pytest.mark.parametrize("value", [2.6e11, 1e12, timedelta.max, timedelta(days=3_000_000)])
def test_refused_durations(value: timedelta | float) -> None:
    """Durations beyond the year 9999 are refused, because Airflow cannot add them to the present time."""
    assert is_refused(TaskDeferred("a.T", timeout=value))
    assert judge([frame(defer_task("a.T", {}, "t", {}, timeout=value))]) != ["is processed"]


def test_strings() -> None:
    """Exactly the names of queues that Airflow's database cannot store are refused."""
    frames = [frame(defer_task("a.T", {}, "t", {}, queue=value)) for value in STRINGS]
    verdicts = dict(zip(STRINGS, judge(frames), strict=True))
    assert {value for value in STRINGS if is_refused(TaskDeferred("a.T", queue=value))} == {
        value for value, verdict in verdicts.items() if verdict != "is processed"
    }
    assert judge([frame(retry_task("r\0" * 400))]) == ["is processed"]
