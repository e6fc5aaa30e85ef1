"""A task that aggregates the result of another bundle, which has an older pandas."""

from __future__ import annotations

import logging

import pandas as pd

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("weather")


@dag.task(queue="pandas2")
def by_year(client: Client, log: logging.Logger) -> dict[str, int]:
    months = pd.DataFrame(client.get_xcom("aggregate"))
    log.info("%d months, pandas %s", len(months), pd.__version__)
    return {str(year): int(count) for year, count in months["month"].str[:4].value_counts().items()}
