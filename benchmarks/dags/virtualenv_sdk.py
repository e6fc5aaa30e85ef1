"""The small task in an environment that Airflow creates once, with the Task SDK alone, by which it reads a variable."""

from __future__ import annotations

import os

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG


def work() -> dict[str, str]:
    """The task."""
    import logging  # noqa: PLC0415 - the function runs alone
    import sys  # noqa: PLC0415

    from airflow.sdk import Variable  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, stream=sys.stdout, force=True)
    name = Variable.get("name")
    for number in range(10):
        logging.info("record %d for %s", number, name)  # noqa: LOG015
    return {"greeting": f"Hello, {name}!"}


with DAG("virtualenv_sdk", schedule=None):
    PythonVirtualenvOperator(
        task_id="work",
        python_callable=work,
        requirements=["apache-airflow-task-sdk==1.3.2", "iniconfig"],
        venv_cache_path=os.environ["BENCH_VENVS"],
    )
