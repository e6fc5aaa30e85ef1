"""numba: compiled loops, one with its cache on disk and one in parallel."""

import numba
import numpy as np

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("numba")


@numba.njit
def total(values):
    result = 0
    for value in values:
        result += value * value
    return result


@numba.njit(cache=True)
def cached(values):
    return values.sum() + 1


@numba.njit(parallel=True)
def spread(values):
    result = 0.0
    for index in numba.prange(values.size):
        result += values[index]
    return result


@numba.vectorize(["float64(float64)"])
def half(value):
    return value / 2


@dag.task
def work() -> list:
    values = np.arange(10)
    again = int(cached(values))
    stats = cached.stats
    return [
        int(total(values)),
        again,
        len(stats.cache_hits) + len(stats.cache_misses) > 0,
        float(spread(values.astype(float))),
        half(np.array([1.0, 3.0])).tolist(),
    ]
