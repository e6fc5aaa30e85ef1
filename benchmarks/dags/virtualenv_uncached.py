"""The small task in an environment that Airflow creates for every run."""

from __future__ import annotations

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG


def work(name: str) -> dict[str, str]:
    """The task."""
    import logging  # noqa: PLC0415 - the function runs alone
    import sys  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    for number in range(10):
        logging.info("record %d for %s", number, name)  # noqa: LOG015
    return {"greeting": f"Hello, {name}!"}


with DAG("virtualenv_uncached", schedule=None):
    PythonVirtualenvOperator(
        task_id="work",
        python_callable=work,
        op_args=["{{ var.value.name }}"],
        requirements=["iniconfig"],
        system_site_packages=False,
        expect_airflow=False,
    )
