"""Functions that run with another Python on the worker, which has the libraries of the reports."""

import os

import pendulum

from airflow.sdk import dag, task

REPORTS_PYTHON = os.environ.get("REPORTS_PYTHON", "/opt/reports/bin/python")


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def external_taskflow():
    @task
    def measure():
        return [3, 1, 4, 1, 5, 9, 2, 6]

    @task.external_python(python=REPORTS_PYTHON, expect_airflow=False)
    def summarize(values: list[int], label: str):
        import statistics

        summary = {
            "label": label,
            "mean": statistics.fmean(values),
            "median": statistics.median(values),
            "spread": max(values) - min(values),
        }
        for name in sorted(summary):
            print(name, "=", summary[name])
        return summary

    @task.external_python(task_id="render", python=REPORTS_PYTHON, expect_airflow=False)
    def render_table(summary):
        lines = [f"| {name} | {value} |" for name, value in summary.items()]
        print("\n".join(lines))
        return "\n".join(lines)

    @task
    def publish(table: str):
        print(f"{len(table.splitlines())} lines")

    publish(render_table(summarize(measure(), label="digits")))


external_taskflow()
