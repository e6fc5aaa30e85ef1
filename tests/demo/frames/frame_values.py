"""DataFrames and scalars of numpy. Bundle and Dag file import it."""

import numpy as np
import pandas as pd


def frames():
    """DataFrames with columns and indexes of many types."""
    at = pd.date_range("2026-07-01", periods=3, tz="UTC")
    mixed = pd.DataFrame(
        {
            "i": [1, -(2**62), 3],
            "f": [0.5, float("nan"), float("inf")],
            "s": ["a", None, "é😀"],
            "b": [True, False, True],
            "at": at,
            "day": pd.to_timedelta([1, 2, 3], unit="h"),
            "kind": pd.Categorical(["x", "y", "x"]),
            "small": np.array([1, 2, 3], dtype="int8"),
        },
        index=pd.Index(list(at), name="when"),  # Parquet does not keep the freq of an index
    )
    several = pd.DataFrame({"n": range(4)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "i"]))
    return [mixed, several, pd.DataFrame({"a": []}, dtype="float64"), pd.DataFrame({"n": range(1000)})]


def scalars():
    """Scalars of numpy."""
    return [np.int8(-5), np.int64(2**62), np.uint64(2**64 - 1), np.float32(0.1), np.float64(0.1), np.bool_(True)]
