"""Questions to humans, and their answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dagfloe import (
    Client,
    DagfloeError,
    HumanAnswer,
    HumanInputError,
    HumanInputTimeout,
    TaskAwaitingInput,
    TaskDeferred,
)
from dagfloe.errors import RemoteProtocolError, ValueNotSerializableError
from support.memory import Airflow, context
from support.schemas import OLD, violations


@pytest.mark.parametrize("time", [{"timeout": 1e18}, {"timeout": -1}, {"poll": float("nan")}, {"poll": "5"}])
def test_times_that_nobody_can_wait(time: dict[str, Any]) -> None:
    """A question with a time that is not valid is not sent."""
    airflow = Airflow()
    with pytest.raises(DagfloeError, match=f"the {next(iter(time))} of a question is"):
        Client(airflow, context()).human_input.ask("?", ["a"], **time)
    assert airflow.requests == []


@pytest.fixture
def airflow() -> Airflow:
    """An Airflow that accepts questions."""
    airflow = Airflow()
    airflow.replies["CreateHITLDetailPayload"] = {"type": "HITLDetailRequestResult", "ti_id": "t", "options": []}
    return airflow


def question(airflow: Airflow) -> dict[str, Any]:
    """The question that was sent."""
    (body,) = airflow.sent("CreateHITLDetailPayload")
    assert violations(body, OLD) == []
    return body


def test_question(airflow: Airflow) -> None:
    """The question, its options, its form and its users reach Airflow; then the task is suspended."""
    with pytest.raises(TaskAwaitingInput) as caught:
        Client(airflow, context()).human_input.ask(
            "Publish?",
            ("yes", "no"),
            body="**Now?**",
            defaults={"no"},
            params={"why": "none", "rows": {"value": 3, "schema": {"type": "integer"}}},
            assigned_users=[{"id": "1", "name": "ann", "other": "left out"}],
            timeout=timedelta(minutes=5),
            resume="decide",
            kwargs={"n": 1},
        )
    body = question(airflow)
    assert (body["subject"], body["body"], body["options"], body["defaults"]) == (
        "Publish?",
        "**Now?**",
        ["yes", "no"],
        ["no"],
    )
    assert body["params"] == {
        "why": {"value": "none", "description": None, "schema": {}},
        "rows": {"value": 3, "description": None, "schema": {"type": "integer"}},
    }
    assert body["assigned_users"] == [{"id": "1", "name": "ann"}]
    assert (caught.value.resume, caught.value.kwargs, caught.value.timeout) == (
        "decide",
        {"n": 1},
        timedelta(minutes=5),
    )


def test_polling(airflow: Airflow) -> None:
    """With `poll`, the task is deferred to the trigger that polls for the answer."""
    before = datetime.now(tz=timezone.utc)
    with pytest.raises(TaskDeferred) as caught:
        Client(airflow, context()).human_input.ask("?", ["a", "b"], multiple=True, timeout=60, poll=5)
    assert question(airflow)["multiple"] is True
    kwargs: dict[str, Any] = caught.value.trigger_kwargs
    assert caught.value.trigger.endswith(".HITLTrigger")
    assert (kwargs["options"], kwargs["defaults"], kwargs["multiple"], kwargs["poke_interval"]) == (
        ["a", "b"],
        None,
        True,
        5.0,
    )
    assert timedelta(seconds=60) <= kwargs["timeout_datetime"] - before < timedelta(seconds=90)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"options": []}, "at least one option"),
        ({"options": ["a"], "defaults": ["b"]}, "not all among its options"),
        ({"options": ["a", "b"], "defaults": ["a", "b"]}, "at most one default"),
        ({"options": ["a"], "params": {"x": object()}}, "JSON"),
    ],
)
def test_invalid_questions(airflow: Airflow, question: dict[str, Any], message: str) -> None:
    """A question that Airflow would refuse is an error; nothing is sent."""
    with pytest.raises((DagfloeError, ValueNotSerializableError), match=message):
        Client(airflow, context()).human_input.ask("?", **question)
    assert airflow.requests == []


def test_answer() -> None:
    """The event with which a task resumes becomes a HumanAnswer."""
    event = {
        "chosen_options": ["yes"],
        "params_input": {"why": "because"},
        "responded_at": "2026-01-02T03:04:05Z",
        "responded_by_user": {"id": "1", "name": "ann"},
        "timedout": False,
    }
    answer = HumanAnswer.from_event(event)
    assert answer.chosen_options == ("yes",)
    assert answer.params_input == {"why": "because"}
    assert answer.responded_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert (answer.responded_by_user, answer.timedout) == ({"id": "1", "name": "ann"}, False)
    assert HumanAnswer.from_event(answer) is answer


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"error": "too late", "error_type": "timeout"}, HumanInputTimeout),
        ({"error": "no such option", "error_type": "validation"}, HumanInputError),
        ({"error": "unknown"}, HumanInputError),
        (None, RemoteProtocolError),
        ("yes", RemoteProtocolError),
        ({"chosen_options": "yes"}, RemoteProtocolError),
        ({"responded_at": "hunter2"}, RemoteProtocolError),
    ],
)
def test_invalid_answers(event: object, error: type[Exception]) -> None:
    """An invalid answer raises its own error; a timeout is also a TimeoutError."""
    with pytest.raises(error) as caught:
        HumanAnswer.from_event(event)
    assert type(caught.value) is error
    assert isinstance(caught.value, TimeoutError) == (error is HumanInputTimeout)
    assert "hunter2" not in str(caught.value)
