"""The tree of exceptions."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from dagfloe import call_errors, errors
from dagfloe.format import errors as build_errors

CLASSES = [
    value
    for module in (errors, call_errors, build_errors)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_survive_pickle_and_copy(kind: type[BaseException]) -> None:
    """An exception from an author's worker process keeps its message and attributes."""
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
    """A request to stop is not an Exception; the outcomes that authors raise are."""
    assert not issubclass(errors.TaskCancelled, Exception)
    assert issubclass(errors.TaskSkipped, errors.TaskOutcome)
    assert not issubclass(errors.TaskOutcome, errors.DagfloeError)


def test_a_late_reply_is_a_timeout() -> None:
    """`except TimeoutError` catches a missing reply."""
    assert issubclass(errors.ReplyTimeoutError, TimeoutError)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_a_docstring(kind: type[BaseException]) -> None:
    """Every exception has a docstring."""
    assert kind.__doc__
