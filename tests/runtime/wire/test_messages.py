"""Message bodies: terminal messages follow the schema, and every StartupDetails that the schema allows can be read."""

from __future__ import annotations

import copy
import functools
import operator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cancellation import Cancellation
from dagfloe.errors import RemoteProtocolError
from dagfloe.runtime.wire.messages import end_task, read_startup, retry_task, succeed_task
from dagfloe.runtime.wire.requests import check_request
from support.peer import startup
from support.strategies import SCHEMA, aware, from_schema, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.model.context import Context

DEFINITIONS = SCHEMA["$defs"]


@pytest.mark.parametrize(
    ("make", "kind", "state"),
    [
        (succeed_task, "SucceedTask", "success"),
        (functools.partial(end_task, "failed"), "TaskState", "failed"),
        (functools.partial(end_task, "skipped"), "TaskState", "skipped"),
        (functools.partial(end_task, "removed"), "TaskState", "removed"),
        (functools.partial(retry_task, "why"), "RetryTask", "up_for_retry"),
    ],
)
def test_terminal_messages(make: Callable[[], dict[str, Any]], kind: str, state: str) -> None:
    """Every terminal message follows the schema, with the time of its making as end date, in UTC."""
    before = datetime.now(tz=timezone.utc)
    body = make()
    check_request(body)
    assert (body["type"], body["state"]) == (kind, state)
    assert before <= body["end_date"] <= datetime.now(tz=timezone.utc)
    assert body["end_date"].utcoffset() == timedelta(0)


def test_outlets_of_a_success() -> None:
    """A success without outlets has empty lists, because the API server refuses a message without them."""
    assert (succeed_task()["task_outlets"], succeed_task()["outlet_events"]) == ([], [])
    outlets = {"task_outlets": [{"name": "a", "type": "AssetNameRef"}], "outlet_events": [{"extra": {}}]}
    assert outlets.items() <= succeed_task(outlets=outlets).items()


@given(st.text(max_size=600))
def test_retry_reason_is_at_most_500_characters(reason: str) -> None:
    """A long reason is cut to the length that Airflow accepts, and holds no NUL, which its database cannot store."""
    sent = retry_task(reason)["retry_reason"]
    expected = reason.replace("\0", "\\x00")
    assert expected.startswith(sent)
    assert len(sent) == min(len(expected), 500)


# StartupDetails

iso_texts = aware.map(datetime.isoformat) | aware.map(
    lambda when: when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
)


def read(body: dict[str, Any]) -> Context:
    """The context of a first frame's body."""
    return read_startup(body, Cancellation()).context


@given(from_schema(DEFINITIONS["StartupDetails"], aware | iso_texts, unknown_fields=True))
def test_whatever_the_schema_allows_can_be_read(body: dict[str, Any]) -> None:
    """Every StartupDetails that the schema allows can be read, also with unknown fields."""
    context = read(body)
    ti, run = body["ti"], body["ti_context"]["dag_run"]
    assert (context.ti.id, context.dag_id, context.task_id) == (ti["id"], ti["dag_id"], ti["task_id"])
    assert (context.run_id, context.try_number) == (ti["run_id"], ti["try_number"])
    assert context.map_index == ti.get("map_index", -1)
    assert context.ti.queue == ti.get("queue", "default")
    assert context.ti.hostname == ti.get("hostname")
    assert context.ti.dag_version_id == ti["dag_version_id"]
    assert context.max_tries == body["ti_context"]["max_tries"]
    assert context.should_retry == body["ti_context"].get("should_retry", False)
    assert (context.dag_rel_path, context.bundle_info.name) == (body["dag_rel_path"], body["bundle_info"]["name"])
    assert context.bundle_info.version == body["bundle_info"].get("version")
    assert context.dag_run.conf == (run.get("conf") or {})
    for name in ("run_id", "run_type", "state", "partition_key"):
        assert getattr(context.dag_run, name) == run[name]
    for name in ("note", "triggering_user_name"):
        assert getattr(context.dag_run, name) == run.get(name)
    assert context.dag_run.clear_number == run.get("clear_number", 0)
    for name in ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date"):
        check_same_date(getattr(context.dag_run, name), run[name])
    check_same_date(context.start_date, body["start_date"])


def check_same_date(read_value: Any, sent: Any) -> None:
    """Check that a date is equal and aware."""
    if isinstance(sent, str):
        sent = datetime.fromisoformat(sent.replace("Z", "+00:00"))
    assert read_value == sent
    assert read_value is None or read_value.tzinfo is not None


#: Required fields that this runtime does not use.
UNREAD = {"sentry_integration", "consumed_asset_events", "type"}


def required_paths(kind: str, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """The paths and schemas of the required fields of a type, including nested types."""
    paths = []
    for name in DEFINITIONS[kind]["required"]:
        field = DEFINITIONS[kind]["properties"][name]
        if name not in UNREAD:
            paths.append(((*path, name), field))
            inner = field.get("$ref", "").rpartition("/")[2]
            if "required" in DEFINITIONS.get(inner, {}):
                paths += required_paths(inner, (*path, name))
    return paths


REQUIRED = required_paths("StartupDetails")
NOT_NULL = [path for path, field in REQUIRED if {"type": "null"} not in field.get("anyOf", [])]


def with_field(path: tuple[str, ...], *value: Any) -> dict[str, Any]:
    """A StartupDetails with one field changed or removed."""
    body = copy.deepcopy(startup())
    parent = functools.reduce(operator.getitem, path[:-1], body)
    if value:
        parent[path[-1]] = value[0]
    else:
        del parent[path[-1]]
    return body


@pytest.mark.parametrize("path", NOT_NULL, ids=".".join)
def test_missing_field_is_named(path: tuple[str, ...]) -> None:
    """A required field that is missing or null is an error that shows its path."""
    with pytest.raises(RemoteProtocolError, match=rf"StartupDetails\.{'.'.join(path)} is nothing"):
        read(with_field(path))
    with pytest.raises(RemoteProtocolError, match=rf"StartupDetails\.{'.'.join(path)} is NoneType"):
        read(with_field(path, None))


@pytest.mark.parametrize("path", [path for path, _ in REQUIRED], ids=".".join)
@pytest.mark.parametrize("value", [b"bytes", 1.5, True, ["list"]], ids=repr)
def test_ill_typed_field_is_named(path: tuple[str, ...], value: Any) -> None:
    """A required field of another type is an error that shows its path."""
    with pytest.raises(
        RemoteProtocolError, match=rf"StartupDetails\.{'.'.join(path)} is {type(value).__name__}, expected"
    ):
        read(with_field(path, value))


def test_required_fields_are_many() -> None:
    """The two tests above cover all required fields."""
    assert {path[-1] for path in NOT_NULL} >= {"id", "dag_id", "try_number", "dag_version_id", "max_tries", "run_after"}
    assert len(REQUIRED) - len(NOT_NULL) == 6


@pytest.mark.parametrize(
    "field", ["logical_date", "data_interval_start", "start_date", "partition_key", "conf", "note"]
)
def test_field_that_may_be_null_may_be_missing(field: str) -> None:
    """A nullable field is null if the supervisor leaves it out."""
    body = with_field(("ti_context", "dag_run", field), None)
    del body["ti_context"]["dag_run"][field]
    assert not getattr(read(body).dag_run, field)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ("2026-01-02t03:04:05.5z", datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=timezone.utc)),
        ("2026-01-02T03:04:05.123456789+00:00", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=timezone.utc)),
        ("2026-01-02T05:04:05.678901+02:00", datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone.utc)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=timezone.utc)),
        (datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)),  # noqa: DTZ001
    ],
)
def test_dates(sent: Any, expected: datetime) -> None:
    """Dates are read from ISO strings and timestamps, and are always aware. Naive dates are UTC."""
    date = read(with_field(("start_date",), sent)).start_date
    assert date == expected
    assert date.utcoffset() is not None


@given(text)
def test_string_that_is_not_a_date(sent: str) -> None:
    """Any string is a date or an error that names the field. The error does not show the string, which may be long."""
    try:
        read(with_field(("ti_context", "dag_run", "logical_date"), sent))
    except RemoteProtocolError as error:
        assert str(error) == "StartupDetails.ti_context.dag_run.logical_date is not a date in ISO form"  # noqa: PT017


@pytest.mark.parametrize("body", [None, {}, {"type": None}, {"type": "DagFileParseRequest"}, {"type": ["x"]}])
def test_other_first_messages(body: dict[str, Any] | None) -> None:
    """A first frame that does not start a task is an error that names its type."""
    with pytest.raises(RemoteProtocolError, match="which this bundle does not know"):
        read_startup(body, Cancellation())
