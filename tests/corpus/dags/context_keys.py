"""What tasks read from the context: by a parameter's name, from **context, and from get_current_context()."""

from __future__ import annotations

import logging

import pendulum

from airflow.sdk import dag, get_current_context, task

log = logging.getLogger("corpus.context")


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    params={"mode": "fast"},
    tags=["corpus"],
)
def context_keys():
    @task
    def by_name(ds, ds_nodash, ts, run_id, logical_date, data_interval_start, data_interval_end):
        log.info("%s %s %s of %s", ds, ds_nodash, ts, run_id)
        print(logical_date.isoformat(), data_interval_start, data_interval_end)
        return logical_date.add(days=1).to_date_string()

    @task
    def by_kwargs(prefix, **context):
        ti = context["ti"]
        log.info("%s %s.%s try %d map %d", prefix, ti.dag_id, ti.task_id, ti.try_number, ti.map_index)
        print(context["task"].task_id, context["dag_run"].run_id, context["dag"].dag_id)
        print(context["params"]["mode"], context["task_instance_key_str"], context["ts_nodash"])
        return sorted({"ds", "ti", "params", "dag_run", "macros", "var"} & set(context))

    @task
    def by_call():
        context = get_current_context()
        log.warning("run %s of %s", context["run_id"], context["ti"].dag_id)
        return context["ds"]

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def in_virtualenv(ds, ts_nodash, **context):
        print(ds, ts_nodash, context["run_id"])
        return context["ds_nodash"]

    by_name() >> by_kwargs("seen by") >> by_call() >> in_virtualenv()


context_keys()
