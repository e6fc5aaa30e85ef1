"""Tasks that exchange DataFrames and scalars of numpy with ordinary tasks, whose Dag file is airflow_dag.py."""

import numpy as np
import pandas as pd
from frame_values import frames, scalars

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("frames")


@dag.task
def echo(values: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the DataFrames of an ordinary task, which must have arrived unchanged."""
    for expected, frame in zip(frames(), values, strict=True):
        pd.testing.assert_frame_equal(expected, frame)
    return values


@dag.task
def unannotated(values):
    for expected, frame in zip(frames(), values, strict=True):
        pd.testing.assert_frame_equal(expected, frame)


@dag.task
def numbers(values):
    """Return scalars of numpy, which must have arrived with their classes."""
    assert [type(value) for value in values] == [type(value) for value in scalars()]
    assert values == scalars()
    return values


@dag.task
def numbers_again(count: np.int64, values: list[float | int | bool]) -> bool:
    assert values == [scalar.item() for scalar in scalars()]
    return type(count) is np.int64


@dag.task
def count() -> np.int64:
    return np.int64(5)


@dag.task
def moments() -> object:
    """Return what rows of a DataFrame contain."""
    return pd.DataFrame({"at": pd.to_datetime(["2026-07-01T12:00:00Z"]), "n": [1]}).to_dict("records")


with dag:
    echo(dag.xcom("produce"))
    unannotated(dag.xcom("produce"))
    numbers_again(count(), numbers(dag.xcom("scalars")))
    moments()
