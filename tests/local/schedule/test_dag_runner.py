"""Dag runs with real processes: several at the same time, retries, deferrals, reschedules and answers."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.local.schedule.dag_run_options import DagRunOptions
from dagfloe.local.schedule.dag_runner import run_dag
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
from dagfloe.local.stop import Stop
from dagfloe.local.store.store import Store
from support.raw_bundle import write_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.dag_result import DagResult
    from dagfloe.local.schedule.instances import Instance

PROGRAM = """
begin()
ti, context = details["ti"], details["ti_context"]
task_id = ti["task_id"]
log(json.dumps([ti["try_number"], ti["map_index"], context["next_method"], context["next_kwargs"],
                context["xcom_keys_to_clear"], context["task_reschedule_count"], context["max_tries"]], default=str))
def push(value, **fields):
    ask({"type": "SetXCom", **xcom("return_value", **fields), "value": value})
def end(body):
    send(0, body); receive(); sys.exit(0)
if task_id == "fails":
    sys.exit(1)
if task_id == "fails_later":
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.01)
    sys.exit(1)
if task_id == "skips":
    end({"type": "TaskState", "state": "skipped"})
if task_id == "picks":
    ask({"type": "SkipDownstreamTasks", "tasks": ["skipped"]})
if task_id == "lists":
    push(["a", "b"])
if task_id == "tuples":
    push({"__classname__": "builtins.tuple", "__version__": 1, "__data__": ["a", "b", "c", "d"]})
if task_id.startswith("mapped"):
    push(ti["map_index"], map_index=ti["map_index"])
    send(0, {"type": "SucceedTask", "end_date": now(), "rendered_map_index": "item " + str(ti["map_index"]),
             "task_outlets": [], "outlet_events": []})
    receive(); sys.exit(0)
if task_id == "retries" and ti["try_number"] < 3:
    push(ti["try_number"])
    end({"type": "RetryTask", "state": "up_for_retry", "end_date": now(), "retry_reason": "again", **DELAY})
if task_id == "defers" and context["next_method"] is None:
    end({"type": "DeferTask", "state": "deferred", "classpath": "my.Trigger", "trigger_kwargs": {},
         "next_method": "resumed", "next_kwargs": {"rows": 3}})
if task_id == "naps" and context["next_method"] is None:
    moment = {"__classname__": "datetime.datetime", "__version__": 2, "__data__": {
        "timestamp": time.time() + 3600, "tz": None}}
    end({"type": "DeferTask", "state": "deferred", "next_method": "naps", "next_kwargs": {},
         "trigger_kwargs": {"moment": moment},
         "classpath": "airflow.providers.standard.triggers.temporal.DateTimeTrigger"})
if task_id == "pokes" and context["task_reschedule_count"] < 2:
    end({"type": "RescheduleTask", "state": "up_for_reschedule", "end_date": now(),
         "reschedule_date": now() + datetime.timedelta(hours=1)})
if task_id == "asks" and context["next_method"] is None:
    ask({"type": "CreateHITLDetailPayload", "ti_id": ti["id"], "options": ["yes", "no"], "subject": "Publish?",
         "body": None, "defaults": DEFAULTS, "multiple": False, "params": {"why": {"value": "x", "schema": {}}},
         "assigned_users": []})
    end({"type": "AwaitInputTask", "state": "awaiting_input", "next_method": "told", "next_kwargs": {}})
if task_id.startswith("meets"):
    open(os.environ["MEETING"] + "/" + task_id, "w").close()
    while len(os.listdir(os.environ["MEETING"])) < 2:
        time.sleep(0.01)
if task_id == "waits":
    log("waiting")
    time.sleep(60)
succeed()
"""


class EventLog:
    """Logs the events of a Dag run, and knows outcomes."""

    def __init__(self, trigger: TriggerOutcome | None = None, human: HumanOutcome | None = None) -> None:
        self.lines: list[str] = []
        self.threads: set[int] = set()
        self._trigger, self._human = trigger, human
        self.questions: list[Mapping[str, Any]] = []
        self.stop: Stop | None = None

    def _log(self, instance: Instance, event: str) -> None:
        self.lines.append(f"{instance.name} {event}")
        self.threads.add(threading.get_ident())

    def on_start(self, instance: Instance) -> None:
        """Log the start."""
        self._log(instance, "started")

    def on_record(self, instance: Instance, record: LogRecord) -> None:
        """Set the stop once a task waits."""
        self.threads.add(threading.get_ident())
        if record.event == "waiting" and self.stop is not None:
            self.stop.set()

    def on_end(self, instance: Instance) -> None:
        """Log the state."""
        self._log(instance, str(instance.state))

    def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
        """Log both durations."""
        self._log(instance, f"waits {seconds:.0f} of {declared_s:.0f} s")

    def on_skip(self, instance: Instance) -> None:
        """Log the state."""
        self._log(instance, f"does not run: {instance.state}")

    def find_trigger_outcome(self, _instance: Instance, _terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """Return the trigger's outcome."""
        return self._trigger

    def find_human_outcome(self, _instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """Return the human's answer, and keep the question."""
        self.questions.append(question)
        return self._human


class DagRunner:
    """Runs Dags of one program, with one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store()

    def run(
        self,
        tasks: dict[str, dict[str, Any]],
        log: EventLog | None = None,
        delay: str = "{}",
        defaults: str = "None",
        declared: Mapping[str, Any] = {},
        **options: Any,
    ) -> DagResult:
        """Run a Dag with these tasks. By default it never waits."""
        program = PROGRAM.replace("**DELAY", f"**{delay}").replace("DEFAULTS", defaults)
        command = write_program(self.folder / "program", program)
        graph = Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks, **declared}})
        log = log or EventLog()
        settings = DagRunOptions(**{"max_wait_s": 0.0, "run_id": "r", **options})
        if log.stop is None:
            return run_dag(command, graph, self.store, log, log, settings)
        return run_dag(command, graph, self.store, log, log, settings, log.stop)


@pytest.fixture
def runner(tmp_path: Path) -> DagRunner:
    return DagRunner(tmp_path)


def states(result: DagResult) -> dict[str, str | None]:
    return {instance.name: instance.state for instance in result.instances}


def startups(result: DagResult, name: str) -> list[list[Any]]:
    """Return what the processes of a task instance read from their startup details."""
    (instance,) = (instance for instance in result.instances if instance.name == name)
    return [json.loads(attempt.result.records[0].event) for attempt in instance.tries if attempt.result is not None]


def test_order_and_states(runner: DagRunner) -> None:
    """Tasks run after their upstream tasks. All calls of the observer come from the thread that called `run_dag`."""
    log = EventLog()
    result = runner.run({"a": {}, "skips": {"upstream": ["a"]}, "z": {"upstream": ["a"]}}, log, jobs=1)
    assert (result.state, result.run_id, result.jobs) == ("success", "r", 1)
    assert states(result) == {"a": "success", "skips": "skipped", "z": "success"}
    assert log.lines == ["a started", "a success", "skips started", "skips skipped", "z started", "z success"]
    assert log.threads == {threading.get_ident()}


def test_failure(runner: DagRunner) -> None:
    """A task after a failed one does not run, and its state says why."""
    log = EventLog()
    result = runner.run({"fails": {}, "b": {"upstream": ["fails"]}}, log)
    assert (result.state, states(result)) == ("failed", {"fails": "failed", "b": "upstream_failed"})
    assert log.lines == ["fails started", "fails failed", "b does not run: upstream_failed"]
    assert result.instances[0].error == "the process ended with status 1"


def test_tasks_at_a_time(runner: DagRunner, tmp_path: Path) -> None:
    """Independent tasks run at the same time: both of these wait for the other one."""
    (tmp_path / "meeting").mkdir()
    env = {"MEETING": str(tmp_path / "meeting")}
    assert runner.run({"meets1": {}, "meets2": {}}, jobs=2, env=env).state == "success"


def test_mapping_over_a_tuple(runner: DagRunner) -> None:
    """A tuple has its own length, not that of its form."""
    result = runner.run({"tuples": {}, "mapped": {"upstream": ["tuples"], "mapped": {"x": {"xcom": "tuples"}}}})
    assert states(result) == dict.fromkeys(("tuples", *(f"mapped[{index}]" for index in range(4))), "success")


def test_mapping(runner: DagRunner) -> None:
    """A mapped task has one instance for each item, with its own map index, XCom and label."""
    result = runner.run(
        {
            "lists": {},
            "mapped": {"upstream": ["lists"], "mapped": {"x": {"xcom": "lists"}}},
            "mapped2": {"upstream": ["mapped"], "mapped": {"x": {"xcom": "mapped"}}},
        }
    )
    assert states(result) == {
        f"{name}": "success" for name in ("lists", "mapped[0]", "mapped[1]", "mapped2[0]", "mapped2[1]")
    }
    assert [runner.store.return_value("d", "r", "mapped", index) for index in range(2)] == [0, 1]
    assert [instance.rendered_map_index for instance in result.instances] == [
        None,
        "item 0",
        "item 1",
        "item 0",
        "item 1",
    ]
    assert [startups(result, f"mapped[{index}]")[0][1] for index in range(2)] == [0, 1]


def test_skips(runner: DagRunner) -> None:
    """A task does not run if another one skips it."""
    result = runner.run({"picks": {}, "skipped": {"upstream": ["picks"]}, "other": {"upstream": ["picks"]}})
    assert states(result) == {"picks": "success", "skipped": "skipped", "other": "success"}


def test_retries(runner: DagRunner) -> None:
    """A retry follows a failed try while retries are left, and gets the XCom keys to clear."""
    log = EventLog()
    result = runner.run({"retries": {"retries": 2, "retry_delay_s": 90}}, log)
    assert states(result) == {"retries": "success"}
    assert [startup[0] for startup in startups(result, "retries")] == [1, 2, 3]
    assert [startup[4] for startup in startups(result, "retries")] == [[], ["return_value"], ["return_value"]]
    assert {startup[6] for startup in startups(result, "retries")} == {2}
    assert [attempt.state for attempt in result.instances[0].tries] == ["up_for_retry", "up_for_retry", "success"]


def test_shortened_waits(runner: DagRunner) -> None:
    """The observer gets a shortened wait together with the delay that the Dag or the task asked for."""
    for delay, declared in (("{}", 90), ('{"retry_delay_seconds": 40.0}', 40)):
        log = EventLog()
        runner.run({"retries": {"retries": 1, "retry_delay_s": 90}}, log, delay, max_wait_s=0.02)
        assert f"retries waits 0 of {declared} s" in log.lines


def test_last_retry(runner: DagRunner) -> None:
    """A failure of the last try fails the task."""
    result = runner.run({"fails": {"retries": 1}})
    assert states(result) == {"fails": "failed"}
    assert [attempt.try_number for attempt in result.instances[0].tries] == [1, 2]


def test_deferral(runner: DagRunner) -> None:
    """A deferred task resumes with the event of its trigger, as the same try."""
    log = EventLog(TriggerOutcome(task_id="defers", event={"ok": True}))
    result = runner.run({"defers": {}}, log)
    assert states(result) == {"defers": "success"}
    assert startups(result, "defers")[1][:4] == [1, -1, "resumed", {"rows": 3, "event": {"ok": True}}]
    assert log.lines == ["defers started", "defers deferred", "defers started", "defers success"]


def test_failed_trigger(runner: DagRunner) -> None:
    """A task gets the error of its trigger in Airflow's form."""
    result = runner.run({"defers": {}}, EventLog(TriggerOutcome(task_id="defers", error="no such bucket")))
    assert startups(result, "defers")[1][2:4] == ["__fail__", {"error": "no such bucket", "traceback": None}]


def test_unknown_trigger(runner: DagRunner) -> None:
    """Without an outcome the task fails, and the reason says where to put one."""
    result = runner.run({"defers": {}})
    assert states(result) == {"defers": "failed"}
    assert result.instances[0].error == (
        "it is deferred to my.Trigger, whose event is not known: put the event into a seed file, [[triggers]]"
    )


def test_time_trigger(runner: DagRunner) -> None:
    """A trigger that only waits for a time needs no outcome."""
    result = runner.run({"naps": {}})
    assert states(result) == {"naps": "success"}
    assert startups(result, "naps")[1][3]["event"]["__classname__"] == "datetime.datetime"


def test_reschedule(runner: DagRunner) -> None:
    """A rescheduled task runs again as the same try, and gets the number of its reschedules."""
    result = runner.run({"pokes": {}})
    assert states(result) == {"pokes": "success"}
    assert [(startup[0], startup[5]) for startup in startups(result, "pokes")] == [(1, 0), (1, 1), (1, 2)]


def test_human_input(runner: DagRunner) -> None:
    """A human gets the question, and the task resumes with the answer."""
    log = EventLog(human=HumanOutcome(task_id="asks", chosen=("yes",), params={"why": "so"}))
    result = runner.run({"asks": {}}, log)
    assert states(result) == {"asks": "success"}
    assert [question["subject"] for question in log.questions] == ["Publish?"]
    event = startups(result, "asks")[1][3]["event"]
    assert (event["chosen_options"], event["params_input"], event["timedout"]) == (["yes"], {"why": "so"}, False)


def test_answer_timeout(runner: DagRunner) -> None:
    """After the timeout, the question's defaults are the answer; without defaults, the task gets an error."""
    late = EventLog(human=HumanOutcome(task_id="asks", timed_out=True))
    result = runner.run({"asks": {}}, late)
    assert startups(result, "asks")[1][3]["event"]["error_type"] == "timeout"
    result = runner.run({"asks": {}}, late, defaults='["no"]')
    event = startups(result, "asks")[1][3]["event"]
    assert (event["chosen_options"], event["responded_by_user"], event["timedout"]) == (["no"], None, True)


def test_invalid_answer(runner: DagRunner) -> None:
    """An answer that is not among the options fails the task, and the reason shows the options."""
    result = runner.run({"asks": {}}, EventLog(human=HumanOutcome(task_id="asks", chosen=("maybe",))))
    assert states(result) == {"asks": "failed"}
    assert result.instances[0].error == "['maybe'] is not an answer: choose one of ['yes', 'no']"


def test_no_human(runner: DagRunner) -> None:
    """If nobody can answer, the task fails, and the reason says what to do."""
    result = runner.run({"asks": {}})
    assert states(result) == {"asks": "failed"}
    assert "nobody is there to answer 'Publish?'" in str(result.instances[0].error)


def test_stop(runner: DagRunner) -> None:
    """A stop ends the running tasks; no retry and no other task starts."""
    with Stop() as stop:
        log = EventLog()
        log.stop = stop
        result = runner.run({"waits": {"retries": 3}, "b": {"upstream": ["waits"]}}, log)
    assert result.state == "interrupted"
    assert states(result) == {"waits": "failed", "b": None}


def test_stop_of_the_last_task(runner: DagRunner) -> None:
    """A stop that ends the last task interrupts the run, too: the task did not fail by itself."""
    with Stop() as stop:
        log = EventLog()
        log.stop = stop
        result = runner.run({"waits": {}}, log)
    assert (result.state, states(result)) == ("interrupted", {"waits": "failed"})


def test_stop_during_a_wait(runner: DagRunner) -> None:
    """A stop ends the wait for a retry."""
    with Stop() as stop:

        class Stopping(EventLog):
            def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
                stop.set()

        log = Stopping()
        log.stop = stop
        result = runner.run({"fails": {"retries": 3}}, log, max_wait_s=None)
    assert (result.state, states(result)) == ("interrupted", {"fails": "up_for_retry"})


@pytest.mark.parametrize("delay", ["{}", '{"retry_delay_seconds": 1e300}', '{"retry_delay_seconds": float("inf")}'])
def test_an_endless_wait(delay: str, runner: DagRunner) -> None:
    """A wait may be longer than Python can wait. A stop ends it."""
    with Stop() as stop:

        class Stopping(EventLog):
            def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
                assert seconds == declared_s >= 1e300
                threading.Timer(0.1, stop.set).start()

        log = Stopping()
        log.stop = stop
        result = runner.run({"retries": {"retries": 3, "retry_delay_s": 1e300}}, log, delay, max_wait_s=None)
    assert (result.state, states(result)) == ("interrupted", {"retries": "up_for_retry"})


def test_a_wait_that_is_not_a_number(runner: DagRunner) -> None:
    """A wait that is not a number fails the task instance, and the run ends."""
    result = runner.run({"retries": {"retries": 1}}, delay='{"retry_delay_seconds": float("nan")}', max_wait_s=None)
    assert states(result) == {"retries": "failed"}
    assert "a wait is not a number" in str(result.instances[0].error)


def test_stop_before_the_start(runner: DagRunner) -> None:
    """If the stop is set already, no task starts."""
    with Stop() as stop:
        stop.set()
        log = EventLog()
        log.stop = stop
        result = runner.run({"a": {}}, log)
    assert (result.state, states(result), log.lines) == ("interrupted", {"a": None}, [])


def test_observer_raises(runner: DagRunner) -> None:
    """An exception of the observer ends the run and its tasks."""

    class Raising(EventLog):
        def on_record(self, instance: Instance, record: LogRecord) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        runner.run({"waits": {}, "b": {}}, Raising(), jobs=2)


def test_no_tasks(runner: DagRunner) -> None:
    """A Dag without tasks succeeds."""
    assert runner.run({}).state == "success"


def test_clock(runner: DagRunner) -> None:
    """The dates of a Dag run and of its task instances are those of the clock."""
    noon = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
    result = runner.run({"a": {}}, run_id=None, clock=lambda: noon)
    assert (result.start_date, result.run_id) == (noon, f"manual__{noon.isoformat()}")
    assert [attempt.start_date for attempt in result.instances[0].tries] == [noon]
    run = runner.store.runs["d", result.run_id]
    assert (run.start_date, run.end_date) == (noon, noon)


# A Dag with fail_fast


def test_fail_fast(runner: DagRunner) -> None:
    """A failure stops what runs, and skips what waits or has not begun. Then teardowns run, as in Airflow."""

    class FailWhenAllWait(EventLog):
        """Lets `fails_later` end only once `waits` runs and `retries` waits for its retry."""

        def __init__(self) -> None:
            super().__init__()
            self.waiting: set[str] = set()

        def add(self, name: str) -> None:
            self.waiting.add(name)
            if self.waiting == {"waits", "retries"}:
                (runner.folder / "go").touch()

        def on_record(self, instance: Instance, record: LogRecord) -> None:
            if record.event == "waiting":
                self.add(instance.name)

        def on_wait(self, instance: Instance, seconds: float, declared_s: float) -> None:
            self.add(instance.name)

    tasks: dict[str, dict[str, Any]] = {
        "open": {"kind": "setup"},
        "retries": {"retries": 1, "upstream": ["open"]},
        "waits": {"retries": 3, "upstream": ["open"]},
        "fails_later": {"upstream": ["open"]},
        "after": {"upstream": ["waits"]},
        "close": {"kind": "teardown", "upstream": ["open", "after", "fails_later"]},
    }
    log = FailWhenAllWait()
    env = {**os.environ, "GO": str(runner.folder / "go")}
    result = runner.run(tasks, log, max_wait_s=None, env=env, jobs=4, declared={"fail_fast": True})
    assert states(result) == {
        "open": "success",
        "retries": "skipped",
        "waits": "failed",
        "fails_later": "failed",
        "after": "skipped",
        "close": "success",
    }
    assert result.state == "failed"
    assert [instance.error for instance in result.instances if instance.task.task_id == "after"] == [
        "another task failed, and the Dag has fail_fast"
    ]
    assert log.lines[-2:] == ["close started", "close success"]


def test_fail_fast_of_a_mapped_task(runner: DagRunner) -> None:
    """Other instances of the failed task go on. A run whose last tasks were skipped succeeds, as in Airflow."""
    tasks: dict[str, dict[str, Any]] = {"fails": {"mapped": {"n": {"values": [1, 2]}}}, "b": {"upstream": ["fails"]}}
    result = runner.run(tasks, jobs=1, declared={"fail_fast": True})
    assert states(result) == {"fails[0]": "failed", "fails[1]": "failed", "b": "skipped"}
    assert result.state == "success"


def test_fail_fast_with_a_full_pool(runner: DagRunner) -> None:
    """A task instance that waits for a free place never starts."""
    log = EventLog()
    result = runner.run({"fails": {}, "b": {}, "c": {}}, log, jobs=1, declared={"fail_fast": True})
    assert states(result)["fails"] == "failed"
    assert log.lines[:2] == ["fails started", "fails failed"]
    assert {line for line in log.lines if "does not run" in line} >= {"c does not run: skipped"}


def test_stop_with_fail_fast(runner: DagRunner) -> None:
    """A stop of the run ends all tasks, whose state is not blamed on fail_fast."""
    with Stop() as stop:
        log = EventLog()
        log.stop = stop
        result = runner.run({"waits": {}, "b": {"upstream": ["waits"]}}, log, declared={"fail_fast": True})
    assert (result.state, states(result)) == ("interrupted", {"waits": "failed", "b": None})
    assert "fail_fast" not in str(result.instances[0].error)
