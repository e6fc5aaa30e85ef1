"""The small task in a prepared environment. It has no Airflow, so a template reads the variable."""

from __future__ import annotations

import os

from airflow.providers.standard.operators.python import ExternalPythonOperator
from airflow.sdk import DAG


def work(name: str) -> dict[str, str]:
    """The task."""
    import logging  # noqa: PLC0415 - the function runs alone
    import sys  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    for number in range(10):
        logging.info("record %d for %s", number, name)  # noqa: LOG015
    return {"greeting": f"Hello, {name}!"}


with DAG("external", schedule=None):
    ExternalPythonOperator(
        task_id="work",
        python=os.environ["BENCH_PYTHON"],
        python_callable=work,
        op_args=["{{ var.value.name }}"],
        expect_airflow=False,
    )
