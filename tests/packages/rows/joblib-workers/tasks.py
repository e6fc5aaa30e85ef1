"""joblib: workers in other processes with loky and multiprocessing, threads, and a cache on disk."""

import os
import tempfile

from joblib import Memory, Parallel, delayed

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("joblib")


def plain(number: int) -> int:
    return number + 1


def where(number: int, parent: int) -> tuple[int, bool]:
    return number * number, os.getpid() != parent


@dag.task
def work() -> list:
    parent = os.getpid()
    answers = {
        backend: Parallel(n_jobs=2, backend=backend)(delayed(where)(n, parent) for n in range(4))
        for backend in ("loky", "multiprocessing", "threading")
    }
    memory = Memory(tempfile.mkdtemp(), verbose=0)
    cached = memory.cache(plain)
    return [answers, cached(1), cached(1), cached.check_call_in_cache(1), cached.check_call_in_cache(2)]
