"""The Dag file: ordinary tasks that make DataFrames and check what the tasks of the bundle return."""

import datetime as dt

from airflow.sdk import DAG, task
from frame_values import frames

with DAG("frames", schedule=None):

    @task
    def produce():
        return frames()

    @task
    def check(values):
        import pandas as pd

        for expected, frame in zip(frames(), values, strict=True):
            pd.testing.assert_frame_equal(expected, frame)

    @task
    def scalars():
        import frame_values

        return frame_values.scalars()

    @task
    def check_numbers(values):
        import frame_values

        assert values == [scalar.item() for scalar in frame_values.scalars()]
        assert {type(value) for value in values} == {int, float, bool}

    @task
    def check_moments(values):
        assert values == [{"at": dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone.utc), "n": 1}]

    @task.stub(queue="dagfloe")
    def echo(): ...

    @task.stub(queue="dagfloe")
    def unannotated(): ...

    @task.stub(queue="dagfloe")
    def numbers(): ...

    @task.stub(queue="dagfloe")
    def numbers_again(): ...

    @task.stub(queue="dagfloe")
    def count(): ...

    @task.stub(queue="dagfloe")
    def moments(): ...

    produced, echoed = produce(), echo()
    produced >> [echoed, unannotated()]
    check(echoed)
    numbered = numbers()
    again = numbers_again()
    scalars() >> numbered >> again
    count() >> again
    check_numbers(numbered)
    check_moments(moments())
