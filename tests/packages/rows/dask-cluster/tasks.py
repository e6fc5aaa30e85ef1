"""dask: a data frame on a local cluster of two processes."""

import os

import dask.array as da
import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client, LocalCluster

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("dask")


def where(_: int) -> int:
    return os.getpid()


@dag.task
def work() -> list:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        frame = dd.from_pandas(pd.DataFrame({"name": list("aabb"), "x": [1, 2, 3, 4]}), npartitions=2)
        sums = frame.groupby("name").x.sum().compute().to_dict()
        total = int(da.ones((100, 100), chunks=50).sum().compute())
        pids = set(client.gather(client.map(where, range(8), pure=False)))
    return [sums, total, os.getpid() not in pids]
