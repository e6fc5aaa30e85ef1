"""Tables of pandas: made, filtered and summed in isolated tasks, and passed on as a frame and as records."""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, task

PANDAS = ["pandas==2.2.3", "pyarrow==18.1.0"]


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def frames():
    @task.virtualenv(requirements=["pandas==2.2.3", "pyarrow==18.1.0"], system_site_packages=False)
    def read():
        import io

        import pandas as pd

        frame = pd.read_csv(io.StringIO("city,month,rain\nRome,1,70\nRome,2,62\nOslo,1,54\nOslo,2,41\n"))
        print(frame.to_string())
        print(frame.dtypes.to_string())
        return frame

    @task.virtualenv(requirements=["pandas==2.2.3", "pyarrow==18.1.0"], system_site_packages=False)
    def sums(frame, at_least):
        grouped = frame.groupby("city")["rain"].sum()
        print(grouped.to_dict())
        return grouped[grouped > at_least].to_dict()

    @task.virtualenv(requirements=["pandas==2.2.3", "pyarrow==18.1.0"], system_site_packages=False)
    def mean(frame):
        value = frame["rain"].mean()
        print(type(value).__name__, value)
        return value

    @task
    def show(sums, mean):
        print(sums, round(float(mean), 2))

    table = read()
    show(sums(table, 100), mean(table))


frames()
