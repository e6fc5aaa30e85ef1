"""Running a Dag: real processes, several at a time, again after retries, deferrals, reschedules and answers."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.local.schedule.dag_run import DagResult, DagRunOptions
from dagfloe.local.schedule.dag_runner import run_dag
from dagfloe.local.schedule.manifest_graph import Graph
from dagfloe.local.schedule.outcomes import HumanOutcome, TriggerOutcome
from dagfloe.local.store.store import Store
from dagfloe.local.supervise.stop import Stop
from support.raw_bundle import write_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagfloe.local.log.records import LogRecord
    from dagfloe.local.schedule.task_instances import Instance

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
if task_id == "skips":
    end({"type": "TaskState", "state": "skipped"})
if task_id == "picks":
    ask({"type": "SkipDownstreamTasks", "tasks": ["skipped"]})
if task_id == "lists":
    push(["a", "b"])
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


class Log:
    """Writes down what it is told, and knows answers."""

    def __init__(self, trigger: TriggerOutcome | None = None, human: HumanOutcome | None = None) -> None:
        self.lines: list[str] = []
        self.threads: set[int] = set()
        self._trigger, self._human = trigger, human
        self.questions: list[Mapping[str, Any]] = []
        self.stop: Stop | None = None

    def _write(self, instance: Instance, what: str) -> None:
        self.lines.append(f"{instance.name} {what}")
        self.threads.add(threading.get_ident())

    def began(self, instance: Instance) -> None:
        """Write it down."""
        self._write(instance, "began")

    def said(self, instance: Instance, record: LogRecord) -> None:
        """Write nothing; stop when asked for."""
        self.threads.add(threading.get_ident())
        if record.event == "waiting" and self.stop is not None:
            self.stop.set()

    def ended(self, instance: Instance) -> None:
        """Write it down."""
        self._write(instance, str(instance.state))

    def waits(self, instance: Instance, seconds: float, declared: float) -> None:
        """Write it down."""
        self._write(instance, f"waits {seconds:.0f} of {declared:.0f} s")

    def left_out(self, instance: Instance) -> None:
        """Write it down."""
        self._write(instance, f"left out: {instance.state}")

    def trigger(self, _instance: Instance, _terminal: Mapping[str, Any]) -> TriggerOutcome | None:
        """The outcome that is known."""
        return self._trigger

    def human(self, _instance: Instance, question: Mapping[str, Any]) -> HumanOutcome | None:
        """Likewise."""
        self.questions.append(question)
        return self._human


class World:
    """A folder for a program, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store()

    def run(
        self,
        tasks: dict[str, dict[str, Any]],
        log: Log | None = None,
        delay: str = "{}",
        defaults: str = "None",
        **options: Any,
    ) -> DagResult:
        """Run a Dag with these tasks; nothing waits for longer than a moment."""
        program = PROGRAM.replace("**DELAY", f"**{delay}").replace("DEFAULTS", defaults)
        command = write_program(self.folder / "program", program)
        graph = Graph.from_manifest("d", {"tasks": list(tasks), "declaration": {"tasks": tasks}})
        log = log or Log()
        settings = DagRunOptions(**{"max_wait_s": 0.0, "run_id": "r", **options})
        if log.stop is None:
            return run_dag(command, graph, self.store, log, log, settings)
        return run_dag(command, graph, self.store, log, log, settings, log.stop)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def states(result: DagResult) -> dict[str, str | None]:
    return {instance.name: instance.state for instance in result.instances}


def told(result: DagResult, name: str) -> list[list[Any]]:
    """What each process of a task instance was told."""
    (instance,) = (each for each in result.instances if each.name == name)
    return [json.loads(each.result.records[0].event) for each in instance.tries if each.result is not None]


def test_order_and_states(world: World) -> None:
    """Tasks run after those that they depend on; each of the observer's calls comes from the thread that waits."""
    log = Log()
    result = world.run({"a": {}, "skips": {"upstream": ["a"]}, "z": {"upstream": ["a"]}}, log, jobs=1)
    assert (result.state, result.is_good, result.run_id, result.jobs) == ("success", True, "r", 1)
    assert states(result) == {"a": "success", "skips": "skipped", "z": "success"}
    assert log.lines == ["a began", "a success", "skips began", "skips skipped", "z began", "z success"]
    assert log.threads == {threading.get_ident()}


def test_failure(world: World) -> None:
    """What comes after a failure is left out, with the reason in its state."""
    log = Log()
    result = world.run({"fails": {}, "b": {"upstream": ["fails"]}}, log)
    assert (result.state, states(result)) == ("failed", {"fails": "failed", "b": "upstream_failed"})
    assert log.lines == ["fails began", "fails failed", "b left out: upstream_failed"]
    assert result.instances[0].error == "the process ended with status 1"


def test_tasks_at_a_time(world: World, tmp_path: Path) -> None:
    """Tasks that do not depend on each other run at the same time: each of these waits for the other one."""
    (tmp_path / "meeting").mkdir()
    env = {"MEETING": str(tmp_path / "meeting")}
    assert world.run({"meets1": {}, "meets2": {}}, jobs=2, env=env).is_good


def test_mapping(world: World) -> None:
    """A mapped task has an instance for each item, with its map index, its XCom and its label."""
    result = world.run(
        {
            "lists": {},
            "mapped": {"upstream": ["lists"], "mapped": {"x": {"xcom": "lists"}}},
            "mapped2": {"upstream": ["mapped"], "mapped": {"x": {"xcom": "mapped"}}},
        }
    )
    assert states(result) == {
        f"{name}": "success" for name in ("lists", "mapped[0]", "mapped[1]", "mapped2[0]", "mapped2[1]")
    }
    assert [world.store.return_value("d", "r", "mapped", index) for index in range(2)] == [0, 1]
    assert [each.label for each in result.instances] == [None, "item 0", "item 1", "item 0", "item 1"]
    assert [told(result, f"mapped[{index}]")[0][1] for index in range(2)] == [0, 1]


def test_skips(world: World) -> None:
    """A task that another one skips is not run."""
    result = world.run({"picks": {}, "skipped": {"upstream": ["picks"]}, "other": {"upstream": ["picks"]}})
    assert states(result) == {"picks": "success", "skipped": "skipped", "other": "success"}


def test_retries(world: World) -> None:
    """A failed try is followed by another one while there are some, which is told what to clear."""
    log = Log()
    result = world.run({"retries": {"retries": 2, "retry_delay_s": 90}}, log)
    assert states(result) == {"retries": "success"}
    assert [each[0] for each in told(result, "retries")] == [1, 2, 3]
    assert [each[4] for each in told(result, "retries")] == [[], ["return_value"], ["return_value"]]
    assert {each[6] for each in told(result, "retries")} == {2}
    assert [each.state for each in result.instances[0].tries] == ["up_for_retry", "up_for_retry", "success"]


def test_waits_are_told(world: World) -> None:
    """A wait that is shortened is told with what was declared, or with what the task asked for."""
    for delay, declared in (("{}", 90), ('{"retry_delay_seconds": 40.0}', 40)):
        log = Log()
        world.run({"retries": {"retries": 1, "retry_delay_s": 90}}, log, delay, max_wait_s=0.02)
        assert f"retries waits 0 of {declared} s" in log.lines


def test_retries_that_are_used_up(world: World) -> None:
    """After the last try a failure is one."""
    result = world.run({"fails": {"retries": 1}})
    assert states(result) == {"fails": "failed"}
    assert [each.try_number for each in result.instances[0].tries] == [1, 2]


def test_deferral(world: World) -> None:
    """A deferred task resumes with the trigger's event, as the same try."""
    log = Log(TriggerOutcome(task_id="defers", event={"ok": True}))
    result = world.run({"defers": {}}, log)
    assert states(result) == {"defers": "success"}
    assert told(result, "defers")[1][:4] == [1, -1, "resumed", {"rows": 3, "event": {"ok": True}}]
    assert log.lines == ["defers began", "defers deferred", "defers began", "defers success"]


def test_failed_trigger(world: World) -> None:
    """A trigger that fails is told to the task as Airflow does it."""
    result = world.run({"defers": {}}, Log(TriggerOutcome(task_id="defers", error="no such bucket")))
    assert told(result, "defers")[1][2:4] == ["__fail__", {"error": "no such bucket", "traceback": None}]


def test_unknown_trigger(world: World) -> None:
    """Without an outcome the task fails, and the reason says what to write where."""
    result = world.run({"defers": {}})
    assert states(result) == {"defers": "failed"}
    assert result.instances[0].error == (
        "it is deferred to my.Trigger, and nothing says what comes of it: name its event in a seed file, [[triggers]]"
    )


def test_a_trigger_that_waits(world: World) -> None:
    """A trigger that only waits for a moment needs no outcome."""
    result = world.run({"naps": {}})
    assert states(result) == {"naps": "success"}
    assert told(result, "naps")[1][3]["event"]["__classname__"] == "datetime.datetime"


def test_reschedule(world: World) -> None:
    """A rescheduled task runs again as the same try, and is told how often it did."""
    result = world.run({"pokes": {}})
    assert states(result) == {"pokes": "success"}
    assert [(each[0], each[5]) for each in told(result, "pokes")] == [(1, 0), (1, 1), (1, 2)]


def test_human_input(world: World) -> None:
    """A question is put to whoever answers, and the task resumes with the answer."""
    log = Log(human=HumanOutcome(task_id="asks", chosen=("yes",), params={"why": "so"}))
    result = world.run({"asks": {}}, log)
    assert states(result) == {"asks": "success"}
    assert [each["subject"] for each in log.questions] == ["Publish?"]
    event = told(result, "asks")[1][3]["event"]
    assert (event["chosen_options"], event["params_input"], event["timedout"]) == (["yes"], {"why": "so"}, False)


def test_nobody_answers_in_time(world: World) -> None:
    """An answer that does not come is the question's default; without one, the task is told so."""
    late = Log(human=HumanOutcome(task_id="asks", timed_out=True))
    result = world.run({"asks": {}}, late)
    assert told(result, "asks")[1][3]["event"]["error_type"] == "timeout"
    result = world.run({"asks": {}}, late, defaults='["no"]')
    event = told(result, "asks")[1][3]["event"]
    assert (event["chosen_options"], event["responded_by_user"], event["timedout"]) == (["no"], None, True)


def test_a_wrong_answer(world: World) -> None:
    """An answer that is none of the options fails the task, with the reason."""
    result = world.run({"asks": {}}, Log(human=HumanOutcome(task_id="asks", chosen=("maybe",))))
    assert states(result) == {"asks": "failed"}
    assert result.instances[0].error == "['maybe'] is no answer: choose one of ['yes', 'no']"


def test_nobody_answers(world: World) -> None:
    """Where nobody is, the task fails, and the reason says what to do."""
    result = world.run({"asks": {}})
    assert states(result) == {"asks": "failed"}
    assert "nobody is there to answer 'Publish?'" in str(result.instances[0].error)


def test_stopped(world: World) -> None:
    """A stop ends what runs, and leaves out the rest, retries included."""
    with Stop() as stop:
        log = Log()
        log.stop = stop
        result = world.run({"waits": {"retries": 3}, "b": {"upstream": ["waits"]}}, log)
    assert result.state == "interrupted"
    assert states(result) == {"waits": "failed", "b": None}


def test_stopped_while_it_waits(world: World) -> None:
    """A stop ends a wait for a retry as well."""
    with Stop() as stop:

        class Stopping(Log):
            def waits(self, instance: Instance, seconds: float, declared: float) -> None:
                stop.set()

        log = Stopping()
        log.stop = stop
        result = world.run({"fails": {"retries": 3}}, log, max_wait_s=None)
    assert (result.state, states(result)) == ("interrupted", {"fails": "up_for_retry"})


def test_stopped_before(world: World) -> None:
    """When it is stopped already, no task is started."""
    with Stop() as stop:
        stop.set()
        log = Log()
        log.stop = stop
        result = world.run({"a": {}}, log)
    assert (result.state, states(result), log.lines) == ("interrupted", {"a": None}, [])


def test_an_observer_that_raises(world: World) -> None:
    """What an observer raises ends the run, and the tasks with it."""

    class Raising(Log):
        def said(self, instance: Instance, record: LogRecord) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        world.run({"waits": {}, "b": {}}, Raising(), jobs=2)


def test_no_tasks(world: World) -> None:
    """A Dag without tasks is good."""
    assert world.run({}).is_good
