"""All outcomes of a task besides a return and a failure: their terminal messages, and the requests before them."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from dagfloe import (
    Asset,
    AssetAlias,
    Client,
    HumanAnswer,
    RetryDecision,
    TaskAwaitingInput,
    TaskDeferred,
    TaskRescheduled,
    TaskTimeout,
)
from dagfloe.local.supervise.frame_codec import RequestDecoder
from dagfloe.runtime.wire.frames import MAX_FRAME_BYTES, encode_frame
from support.run import Run
from support.schemas import NEW, OLD


class NoOffset(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, _when: datetime | None) -> None:
        """Return None."""

    def dst(self, _when: datetime | None) -> None:
        """Return None."""

    def tzname(self, _when: datetime | None) -> None:
        """Return None."""


WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture
def run() -> Run:
    """A Dag without tasks."""
    return Run()


# Deferral


def test_deferred(run: Run) -> None:
    """A task defers to a trigger by its class path. Kwargs that are not JSON are encoded as Airflow encodes them."""

    @run.dag.task
    def t() -> None:
        raise TaskDeferred(
            "a.b.Trigger", {"moment": WHEN, "n": 1}, resume="done", kwargs={"rows": (1, 2)}, timeout=90, queue="q"
        )

    @t.resume
    def done(event: object) -> None: ...

    message = run()
    assert (message["type"], message["classpath"], message["next_method"]) == ("DeferTask", "a.b.Trigger", "done")
    assert (message["trigger_timeout"], message["queue"]) == ("PT90.000000S", "q")
    assert message["trigger_kwargs"]["n"] == 1
    assert message["trigger_kwargs"]["moment"]["__classname__"] == "datetime.datetime"
    assert message["next_kwargs"]["rows"] == {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]}


def test_resumed(run: Run) -> None:
    """The resumed function gets the event and the passed arguments, decoded. The XComs of the first part stay."""
    seen: list[Any] = []

    @run.dag.task
    def t() -> None:
        raise AssertionError("the task began again")

    @t.resume
    def done(event: dict[str, int], rows: tuple[int, ...], client: Client) -> int:
        seen.extend([event, rows, client])
        return 5

    kwargs = {
        "event": {"status": 1},
        "rows": {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1, 2]},
    }
    assert run(next_method="done", next_kwargs=kwargs)["type"] == "SucceedTask"
    assert seen[:2] == [{"status": 1}, (1, 2)]
    assert run.airflow.sent("SetXCom")[0]["value"] == 5


def test_resumed_in_the_task_itself(run: Run) -> None:
    """Without `resume`, the task's own function is called again, with the event if it has the parameter."""

    @run.dag.task
    def t(event: str | None = None) -> str:
        if event is None:
            raise TaskDeferred("a.Trigger")
        return event

    assert run()["next_method"] == "t"
    run(next_method="t", next_kwargs={"event": "fired"})
    assert run.airflow.sent("SetXCom")[0]["value"] == "fired"


@pytest.mark.parametrize("should_retry", [True, False])
@pytest.mark.parametrize(
    ("cause", "error"), [("Trigger timeout", "TriggerTimeout"), ("Trigger failure", "TriggerFailed")]
)
def test_failed_trigger(run: Run, cause: str, error: str, should_retry: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A failed trigger fails the task without calling it. The log shows the trigger's stack."""
    run.dag.task(task_id="t")(lambda: pytest.fail("the task began again"))
    kwargs = {"error": cause, "traceback": ["Traceback", "KeyError: 'x'"]}
    message = run(should_retry=should_retry, next_method="__fail__", next_kwargs=kwargs)
    assert message["state"] == ("up_for_retry" if should_retry else "failed")
    assert "KeyError: 'x'" in caplog.text
    assert error in caplog.text


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (TaskDeferred("Trigger"), "'Trigger' is not the full name of a trigger's class"),
        (TaskDeferred("a.T", {"x": object()}), "of type object"),
        (TaskDeferred("a.T", resume="nowhere"), "cannot resume in 'nowhere'"),
        (TaskDeferred("a.T", resume=print), "cannot resume in 'print'"),
        (TaskAwaitingInput(kwargs={"x": float("nan")}), "float nan"),
        (TaskRescheduled(WHEN.replace(tzinfo=None)), "needs an aware datetime"),
        (TaskRescheduled("soon"), "needs an aware datetime"),  # type: ignore[arg-type]
        (TaskRescheduled(WHEN.replace(tzinfo=NoOffset())), "needs an aware datetime"),
        (TaskRescheduled(datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))), "in the years 1 to 9999"),
        (TaskRescheduled(datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), "in the years 1 to 9999"),
        (TaskDeferred("a.T", timeout=-5), "the timeout of TaskDeferred is -5 s"),
        (TaskDeferred("a.T", timeout=timedelta(-1)), "the timeout of TaskDeferred is -86400.0 s"),
        (TaskDeferred("a.T", timeout=1e18), "the timeout of TaskDeferred is 1e+18 s"),
        (TaskDeferred("a.T", timeout=timedelta.max), "the timeout of TaskDeferred is"),
        (TaskDeferred("a.T", timeout=float("inf")), "the timeout of TaskDeferred is inf s"),
        (TaskDeferred("a.T", timeout=float("nan")), "the timeout of TaskDeferred is nan s"),
        (TaskDeferred("a.T", timeout="5"), "the timeout of TaskDeferred is of type str"),  # type: ignore[arg-type]
        (TaskDeferred("a.T", queue=5), "the queue of TaskDeferred is 5"),  # type: ignore[arg-type]
        (TaskDeferred("a.T", queue="q\ud800"), "the queue of TaskDeferred is 'q\\ud800'"),
        (TaskDeferred("a.T", queue="q" * 300), "use at most 256 characters"),
        (TaskDeferred("a.T", queue="q\0"), "without NUL"),
        (TaskDeferred(5), "the trigger of TaskDeferred is 5"),  # type: ignore[arg-type]
        (TaskDeferred("a." + "T" * 1000), "use at most 1000 characters"),
        (TaskDeferred("a.T", {"x": 2**64}), "more than 64 bits"),
        (TaskDeferred("a.T", {"x": "\ud800"}), "a lone surrogate"),
        (TaskDeferred("a.T", kwargs={"x": "y" * (MAX_FRAME_BYTES + 1)}), "store large data elsewhere"),
        (TaskAwaitingInput(timeout=-1), "the timeout of TaskAwaitingInput is -1 s"),
        (TaskAwaitingInput(timeout=1e300), "the timeout of TaskAwaitingInput is 1e+300 s"),
    ],
)
def test_suspensions_that_cannot_be_sent(
    run: Run, outcome: Exception, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An outcome that cannot be sent is a failure with the reason in the log. It may be retried."""

    @run.dag.task
    def t() -> None:
        raise outcome

    assert run(should_retry=True)["type"] == "RetryTask"
    assert run()["state"] == "failed"
    assert message in caplog.text
    assert not [record for record in caplog.records if record.levelno < logging.ERROR]


@pytest.mark.parametrize(
    ("timeout", "sent"),
    [
        (0, "PT0.000000S"),
        (0.5, "PT0.500000S"),
        (999_999_999, "PT999999999.000000S"),
        (1_000_000_000, "P11574DT6400.000000S"),
        (timedelta(days=2_000_000), "P2000000DT0.000000S"),
    ],
)
def test_long_timeouts(run: Run, timeout: float | timedelta, sent: str) -> None:
    """Airflow decodes at most nine digits of seconds, so longer timeouts have days."""

    @run.dag.task
    def t() -> None:
        raise TaskDeferred("a.T", timeout=timeout)

    assert run()["trigger_timeout"] == sent


class Pendulum(datetime):
    """A subclass of datetime, such as the one of pendulum or of pandas."""


@pytest.mark.parametrize(
    "when",
    [
        datetime.max.replace(tzinfo=timezone.utc),
        datetime.min.replace(tzinfo=timezone.utc),
        datetime(9999, 12, 31, 10, tzinfo=timezone(timedelta(hours=-13))),
        Pendulum(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2))),
        Pendulum(1, 1, 1, 0, 0, 0, 1, tzinfo=timezone.utc),
    ],
)
def test_far_away_dates(run: Run, when: datetime) -> None:
    """Every date that exists in UTC is sent, also one of a subclass of datetime."""

    @run.dag.task
    def t() -> None:
        raise TaskRescheduled(when)

    message = run()
    (frame,) = RequestDecoder().feed(b"".join(encode_frame(0, message)))
    assert frame.body is not None
    assert frame.body["reschedule_date"] == when


def test_unknown_function_to_resume_in(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """If the bundle was replaced while the task was deferred, the task fails and the log says why."""
    run.dag.task(task_id="t")(lambda: None)
    assert run(next_method="gone", next_kwargs={})["state"] == "failed"
    assert "cannot resume in 'gone', which is not in this bundle" in caplog.text


# Reschedule, human input


def test_rescheduled(run: Run) -> None:
    """A task is rescheduled to the date that it gives."""

    @run.dag.task
    def t() -> None:
        raise TaskRescheduled(WHEN)

    message = run(should_retry=True)
    assert (message["type"], message["reschedule_date"]) == ("RescheduleTask", WHEN)


def test_awaiting_input(run: Run) -> None:
    """A task that waits for a human ends as awaiting input."""

    @run.dag.task
    def t() -> None:
        raise TaskAwaitingInput(resume=decided, timeout=timedelta(hours=1), kwargs={"n": 1})

    @t.resume
    def decided(event: HumanAnswer, n: int) -> list[str]:
        assert n == 1
        return list(event.chosen_options)

    message = run()
    assert (message["type"], message["next_method"], message["timeout"]) == (
        "AwaitInputTask",
        "decided",
        "PT3600.000000S",
    )
    event = {
        "chosen_options": ["yes"],
        "params_input": {},
        "responded_at": {
            "__classname__": "datetime.datetime",
            "__version__": 2,
            "__data__": {"timestamp": 1.0, "tz": None},
        },
        "responded_by_user": None,
        "timedout": False,
    }
    run(next_method="decided", next_kwargs={"event": event, "n": 1})
    assert run.airflow.sent("SetXCom")[0]["value"] == ["yes"]


def test_no_answer_of_a_human(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Without an answer and without defaults, the task fails."""

    @run.dag.task
    def t() -> None: ...

    @t.resume
    def decided(event: HumanAnswer) -> None: ...

    kwargs = {"event": {"error": "nobody came", "error_type": "timeout"}}
    assert run(next_method="decided", next_kwargs=kwargs)["state"] == "failed"
    assert "HumanInputTimeout" in caplog.text


# Branches


def test_branch(run: Run) -> None:
    """The tasks that a branch does not return are skipped before it succeeds."""

    @run.dag.branch
    def t() -> str:
        return "a"

    tasks = [run.dag.task(task_id=name)(lambda: None) for name in ("a", "b", "c")]
    with run.dag:
        t >> tasks
        tasks[0] >> tasks[2]
    assert run()["type"] == "SucceedTask"
    assert run.airflow.sent("SkipDownstreamTasks")[0]["tasks"] == ["b"]
    assert run.sent() == ["SkipDownstreamTasks", "SetXCom"]


@pytest.mark.parametrize("value", [3, [3], {"a": 1}])
def test_branch_that_returns_no_task_ids(run: Run, value: object) -> None:
    """A branch must return task_ids."""
    task = run.dag.branch(task_id="t")(lambda: value)
    with run.dag:
        task >> run.dag.task(task_id="a")(lambda: None)
    assert run()["state"] == "failed"


@pytest.mark.parametrize(("value", "skipped"), [(True, []), (0, [["a", "b"]]), (None, [["a", "b"]])])
def test_short_circuit(run: Run, value: object, skipped: list[list[str]]) -> None:
    """A short circuit that returns a false value skips all tasks after it."""
    task = run.dag.short_circuit(task_id="t")(lambda: value)
    with run.dag:
        task >> run.dag.task(task_id="a")(lambda: None) >> run.dag.task(task_id="b")(lambda: None)
    assert run()["type"] == "SucceedTask"
    assert [body["tasks"] for body in run.airflow.sent("SkipDownstreamTasks")] == skipped


# Retries


@pytest.mark.parametrize(
    ("decision", "should_retry", "expected"),
    [
        (RetryDecision.retry(timedelta(minutes=2), "flaky"), True, ("RetryTask", "flaky", 120.0)),
        (RetryDecision.retry(5), True, ("RetryTask", "ValueError: why", 5.0)),
        (RetryDecision.retry(), False, ("TaskState", None, None)),
        (RetryDecision.fail("no use"), True, ("TaskState", None, None)),
        (RetryDecision.default(), True, ("RetryTask", "ValueError: why", None)),
        (None, True, ("RetryTask", "ValueError: why", None)),
    ],
)
def test_retry_policy(run: Run, decision: RetryDecision | None, should_retry: bool, expected: tuple[Any, ...]) -> None:
    """A policy decides by the exception and the try number. It cannot add tries."""
    seen: list[tuple[str, int]] = []

    def policy(error: BaseException, try_number: int) -> RetryDecision | None:
        seen.append((str(error), try_number))
        return decision

    @run.dag.task(task_id="t", retry_policy=policy)
    def task() -> None:
        raise ValueError("why")

    message = run(should_retry=should_retry, ti={"try_number": 3})
    assert (message["type"], message.get("retry_reason"), message.get("retry_delay_seconds")) == expected
    assert seen == [("why", 3)]


def test_reason_of_a_policy(run: Run) -> None:
    """Airflow 3.4 gets the policy's reason, with secrets masked; 3.3 has no field for it."""
    run.secrets.add("hunter2-hunter2")

    @run.dag.task(task_id="t", retry_policy=lambda _error, _try: RetryDecision.fail("bad key hunter2-hunter2"))
    def task() -> None:
        raise ValueError("why")

    assert run(schema_version=NEW)["retry_reason"] == "bad key ***"
    assert "retry_reason" not in run(schema_version=OLD)


def test_failing_policy(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """If the policy raises an exception, Airflow's own rule applies."""

    def policy(_error: BaseException, _try_number: int) -> RetryDecision:
        raise LookupError("no policy today")

    @run.dag.task(task_id="t", retry_policy=policy)
    def task() -> None:
        raise ValueError("why")

    assert run(should_retry=True)["type"] == "RetryTask"
    assert "no policy today" in caplog.text


# XComs


def test_multiple_outputs(run: Run) -> None:
    """Every key of the dict becomes an XCom, beside the return value."""
    run.dag.task(task_id="t", multiple_outputs=True)(lambda: {"a": 1, "b": [2]})
    run()
    assert [(body["key"], body["value"]) for body in run.airflow.sent("SetXCom")] == [
        ("a", 1),
        ("b", [2]),
        ("return_value", {"a": 1, "b": [2]}),
    ]


def test_values_that_json_lacks(run: Run) -> None:
    """They are pushed in Airflow's form, the same in each XCom; the length of a tuple is that of its items."""
    at = datetime(2026, 7, 1, tzinfo=timezone.utc)
    run.dag.task(task_id="t", multiple_outputs=True)(lambda: {"at": at, "b": [2]})
    run()
    encoded = run.airflow.sent("SetXCom")[0]["value"]
    assert encoded["__classname__"] == "datetime.datetime"
    assert [(body["key"], body["value"]) for body in run.airflow.sent("SetXCom")] == [
        ("at", encoded),
        ("b", [2]),
        ("return_value", {"at": encoded, "b": [2]}),
    ]


def test_mapping_over_a_tuple(run: Run) -> None:
    """Another task can be mapped over a returned tuple."""
    task = run.dag.task(task_id="t")(lambda: (1, 2, 3))
    mapped = run.dag.task(task_id="mapped")(lambda item: item)
    with run.dag:
        mapped.expand(item=task())
    run()
    [body] = run.airflow.sent("SetXCom")
    assert (body["mapped_length"], body["value"]["__classname__"]) == (3, "builtins.tuple")


@pytest.mark.parametrize("value", [1, {"a": 1}, object()])
def test_no_xcom(run: Run, value: object) -> None:
    """With do_xcom_push=False, a task pushes nothing; its value needs no JSON form."""
    run.dag.task(task_id="t", do_xcom_push=False, multiple_outputs=True)(lambda: value)
    assert run()["type"] == "SucceedTask"
    assert run.sent() == []


def test_mapping_needs_an_xcom(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A task over whose return value another task is mapped cannot keep it."""
    task = run.dag.task(task_id="t", do_xcom_push=False)(lambda: [1])
    mapped = run.dag.task(task_id="mapped")(lambda item: item)
    with run.dag:
        mapped.expand(item=task())
    assert run()["state"] == "failed"
    assert "pushes no XCom, and another task is mapped over it: remove do_xcom_push" in caplog.text


@pytest.mark.parametrize("value", [[1], {"a": 1, 2: 3}, {"a": object()}])
def test_invalid_multiple_outputs(run: Run, value: object) -> None:
    """If the value is not a dict of JSON values, no XCom is pushed."""
    run.dag.task(task_id="t", multiple_outputs=True)(lambda: value)
    assert run()["state"] == "failed"
    assert run.airflow.requests == []


def test_xcoms_of_an_earlier_try_are_cleared(run: Run) -> None:
    """The XComs that the server lists are deleted before the task begins."""
    run.dag.task(task_id="t")(lambda: None)
    run(xcom_keys_to_clear=("a", "b"), ti={"map_index": 3})
    deleted = run.airflow.sent("DeleteXCom")
    assert [(body["key"], body["task_id"], body["map_index"]) for body in deleted] == [("a", "t", 3), ("b", "t", 3)]


@pytest.mark.parametrize(("value", "length"), [([1, 2, 3], 3), ({"a": 1}, 1), ((1, 2), 2)])
def test_length_for_mapping(run: Run, value: object, length: int) -> None:
    """A value that another task is mapped over is pushed with its length."""
    task = run.dag.task(task_id="t")(lambda: value)
    other = run.dag.task(task_id="each")(lambda item: item)
    with run.dag:
        other.expand(item=task())
    run()
    assert run.airflow.sent("SetXCom")[0]["mapped_length"] == length


@pytest.mark.parametrize("value", [None, 3, "text"])
def test_value_that_nothing_can_be_mapped_over(run: Run, value: object) -> None:
    """A task that another task is mapped over must return a list or a dict."""
    task = run.dag.task(task_id="t")(lambda: value)
    other = run.dag.task(task_id="each")(lambda item: item)
    with run.dag:
        other.expand(item=task())
    assert run()["state"] == "failed"
    assert run.airflow.requests == []


# Assets


def test_outlets(run: Run) -> None:
    """Outlets are validated first. The success message has their events, with `extra`."""
    asset, alias, ref = Asset("a", "s3://shop/a"), AssetAlias("al"), Asset.ref(name="r")

    @run.dag.task(task_id="t", outlets=[asset, alias, ref])
    def task(client: Client) -> None:
        client.outlet_events[asset].extra["rows"] = 3
        client.outlet_events[alias].add(Asset("x", "s3://shop/x"), {"n": 1})

    run.airflow.replies["ValidateInletsAndOutlets"] = {"type": "InactiveAssetsResult", "inactive_assets": None}
    message = run()
    assert run.sent() == ["ValidateInletsAndOutlets"]
    assert message["task_outlets"] == [
        {"name": "a", "uri": "s3://shop/a", "type": "Asset"},
        {"name": "al", "type": "AssetAlias"},
        {"name": "r", "type": "AssetNameRef"},
    ]
    assert message["outlet_events"] == [
        {"dest_asset_key": {"name": "a", "uri": "s3://shop/a"}, "extra": {"rows": 3}},
        {
            "source_alias_name": "al",
            "dest_asset_key": {"name": "x", "uri": "s3://shop/x"},
            "dest_asset_extra": {},
            "extra": {"n": 1},
        },
    ]


def test_partitions_and_references(run: Run) -> None:
    """There is one event per partition. An asset reference is looked up first."""

    @run.dag.task(task_id="t", outlets=[Asset.ref(uri="s3://shop/a")])
    def task(client: Client) -> None:
        client.outlet_events[Asset.ref(uri="s3://shop/a")].add_partitions(["p", "q"])

    run.airflow.replies["ValidateInletsAndOutlets"] = {"type": "InactiveAssetsResult"}
    run.airflow.replies["GetAssetByUri"] = {"type": "AssetResult", "name": "a", "uri": "s3://shop/a", "group": "g"}
    key = {"dest_asset_key": {"name": "a", "uri": "s3://shop/a"}, "extra": {}}
    assert run()["outlet_events"] == [{**key, "partition_key": "p"}, {**key, "partition_key": "q"}]


@pytest.mark.parametrize(
    "mistake", ["undeclared", "no alias", "alias partitions", "empty partition", "no json", "no dict", "surrogate"]
)
def test_invalid_outlet_events(run: Run, mistake: str) -> None:
    """An event that Airflow would drop or refuse fails the task."""
    asset, alias = Asset("a"), AssetAlias("al")

    @run.dag.task(task_id="t", outlets=[asset, alias])
    def task(client: Client) -> None:
        if mistake == "undeclared":
            client.outlet_events[Asset("other")].extra["x"] = 1
        elif mistake == "no alias":
            client.outlet_events[asset].add(Asset("x"))
        elif mistake == "alias partitions":
            client.outlet_events[alias].add_partitions("p")
        elif mistake == "empty partition":
            client.outlet_events[asset].add_partitions(" ")
        elif mistake == "no dict":
            client.outlet_events[asset].extra = [1]  # type: ignore[assignment]
        elif mistake == "surrogate":
            client.outlet_events[asset].extra["x"] = "\ud800"
        else:
            client.outlet_events[asset].extra["x"] = object()

    run.airflow.replies["ValidateInletsAndOutlets"] = {"type": "InactiveAssetsResult"}
    assert run()["state"] == "failed"
    assert run.sent() == ["ValidateInletsAndOutlets"]


def test_inactive_assets_fail_the_task(run: Run) -> None:
    """A task whose outlet is not active does not begin."""
    run.dag.task(task_id="t", outlets=[Asset("a")])(lambda: pytest.fail("the task began"))
    run.airflow.replies["ValidateInletsAndOutlets"] = {
        "type": "InactiveAssetsResult",
        "inactive_assets": [{"name": "a", "uri": "a", "type": "Asset"}],
    }
    assert run(should_retry=True)["type"] == "RetryTask"


# Label and time limit


@pytest.mark.parametrize("label", [5, "", "x" * 251, "a\0b", None, ["x"]])
def test_labels_that_airflow_cannot_store(run: Run, label: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A label that Airflow's database cannot store is refused when it is set."""

    @run.dag.task(task_id="t")
    def task(client: Client) -> None:
        client.task_instances.set_rendered_map_index(label)

    assert run()["state"] == "failed"
    assert run.sent() == []
    assert "1 to 250 characters" in caplog.text


def test_every_terminal_message_has_the_rendered_map_index(run: Run) -> None:
    """Every terminal message repeats the label. Without it, the server would remove the label."""

    def task(client: Client, error: Exception | None) -> None:
        client.task_instances.set_rendered_map_index("june")
        if error:
            raise error

    for number, (error, kind) in enumerate(
        [
            (None, "SucceedTask"),
            (ValueError("why"), "TaskState"),
            (TaskDeferred("a.T"), "DeferTask"),
            (TaskAwaitingInput(), "AwaitInputTask"),
        ]
    ):
        run.dag.task(task_id=f"t{number}")(lambda client, error=error: task(client, error))
        run.dag.tasks[f"t{number}"].parameters[0].injected = Client
        message = run(task_id=f"t{number}")
        assert (message["type"], message["rendered_map_index"]) == (kind, "june")


def test_execution_timeout(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A task that runs too long gets TaskTimeout after its cleanup callbacks. It may be retried."""
    cleaned: list[str] = []

    @run.dag.task(task_id="t", execution_timeout=0.05)
    def task(client: Client) -> None:
        from dagfloe import current_context  # noqa: PLC0415 - as in an author's task

        current_context().on_cancel(lambda: cleaned.append("cleaned"))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            time.sleep(0.01)

    with caplog.at_level(logging.ERROR):
        message = run(should_retry=True)
    assert message["retry_reason"] == "TaskTimeout: the task ran longer than its execution_timeout of 0.05 s"
    assert cleaned == ["cleaned"]
    assert run.sent() == []


def test_execution_timeout_is_sent_to_a_newer_supervisor(run: Run) -> None:
    """Airflow 3.4 gets the timeout of the task, so that it can end a process that hangs."""
    run.dag.task(task_id="t", execution_timeout=timedelta(minutes=1))(lambda: 1)
    assert run(schema_version=NEW)["type"] == "SucceedTask"
    assert run.airflow.sent("SetExecutionTimeout") == [{"type": "SetExecutionTimeout", "timeout_seconds": 60.0}]


def test_no_timeout_inside_a_shield(run: Run) -> None:
    """A shielded block is not interrupted. The timeout is raised at its end."""
    seen: list[str] = []

    @run.dag.task(task_id="t", execution_timeout=0.02)
    def task() -> None:
        from dagfloe import current_context  # noqa: PLC0415

        try:
            with current_context().shield():
                deadline = time.monotonic() + 0.1
                while time.monotonic() < deadline:
                    time.sleep(0.01)
                seen.append("whole")
        except TaskTimeout:
            seen.append("late")
            raise

    assert run()["state"] == "failed"
    assert seen == ["whole", "late"]
