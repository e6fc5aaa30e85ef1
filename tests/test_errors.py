"""The tree of exceptions."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from dagfloe import errors
from dagfloe.format import errors as build_errors

CLASSES = [
    value
    for module in (errors, build_errors)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_the_way_between_processes(kind: type[BaseException]) -> None:
    """An exception that a worker process of the author's raises arrives with its message and attributes."""
    if issubclass(kind, errors.SupervisorError):
        error: BaseException = kind("what happened", "API_SERVER_ERROR", {"status_code": 500})
    elif issubclass(kind, errors.ValueNotSerializableError):
        error = kind("what happened", "$.rows[3]")
    elif issubclass(kind, errors.TaskAwaitingInput):
        error = kind(resume="what happened", kwargs={"rows": 3}, timeout=5)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)  # noqa: S301 - our own bytes
        return
    else:
        error = kind("what happened")
    for arrived in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
        assert type(arrived) is kind
        assert str(arrived) == "what happened"
        assert vars(arrived) == vars(error)


def test_a_stop_is_not_swallowed_by_except_exception() -> None:
    """A request to stop is no Exception; what an author raises to end a task is."""
    assert not issubclass(errors.TaskCancelled, Exception)
    assert issubclass(errors.TaskSkipped, errors.TaskOutcome)
    assert not issubclass(errors.TaskOutcome, errors.DagfloeError)


def test_a_late_reply_is_a_timeout() -> None:
    """`except TimeoutError` catches a reply that did not come."""
    assert issubclass(errors.ReplyTimeoutError, TimeoutError)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_what_it_is(kind: type[BaseException]) -> None:
    """Every exception is documented."""
    assert kind.__doc__
