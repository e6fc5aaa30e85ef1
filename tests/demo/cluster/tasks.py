"""Tasks for an Airflow with several workers: `tests/cluster`."""

from __future__ import annotations

from datetime import timedelta

from steps import record, step

from dagfloe import Asset, Bundle, Context, TaskDeferred

bundle = Bundle()
STEPS = Asset("cluster_steps", "file:///cluster/steps")
RETRIES = {"retries": 3, "retry_delay": timedelta(seconds=1)}


def ids(context):
    return {
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "task_id": context.task_id,
        "map_index": context.map_index,
        "try_number": context.try_number,
    }


def add(dag):
    @dag.task
    def numbers(context: Context) -> list[int]:
        return list(range(context.dag_run.conf["count"]))

    @dag.task(task_id="step")
    def one_step(number: int, context: Context) -> int:
        return step(number, context.dag_run.conf, ids(context))

    with dag:
        one_step.expand(number=numbers())


add(bundle.dag("steps", default_args=RETRIES))
add(bundle.dag("edge_steps", default_args={**RETRIES, "executor": "EdgeExecutor"}))

producer = bundle.dag("makes", default_args=RETRIES)


@producer.task(outlets=[STEPS])
def make(context: Context) -> None:
    step(0, {}, ids(context))


consumer = bundle.dag("follows", schedule=[STEPS], default_args=RETRIES)


@consumer.task
def shares() -> list[int]:
    return list(range(16))


@consumer.task
def wait(share: int, context: Context) -> None:
    record("begin", ids(context))
    trigger = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"
    raise TaskDeferred(trigger, {"delta": timedelta(seconds=2)}, resume=resumed, kwargs={"share": share})


@wait.resume
def resumed(event: object, share: int, context: Context) -> int:
    record("end", ids(context))
    return share


with consumer:
    wait.expand(share=shares())
