"""Tasks that are mapped over lists in the file: expand, a product of two lists, and expand_kwargs."""

import pendulum

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG, task

CURRENCIES = ["EUR", "USD"]


def convert(amount, currency="EUR"):
    from decimal import Decimal

    rates = {"EUR": Decimal("1"), "USD": Decimal("1.25")}
    result = str(Decimal(amount) * rates[currency])
    print(f"{amount} is {result} {currency}")
    return result


with DAG(
    "mapped_literals",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    tags=["corpus"],
):

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def square(x: int):
        print(x * x)
        return x * x

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def pair(x: int, y: str):
        print(f"{x}{y}")
        return f"{x}{y}"

    @task
    def collect(squares, pairs):
        print(sum(squares), ",".join(pairs))

    converted = PythonVirtualenvOperator.partial(
        task_id="convert",
        python_callable=convert,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
    ).expand(op_args=[["10"], ["2.50"]])

    kwargs = PythonVirtualenvOperator.partial(
        task_id="convert_to",
        python_callable=convert,
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
    ).expand(op_kwargs=[{"amount": "4", "currency": currency} for currency in CURRENCIES])

    collect(square.expand(x=[1, 2, 3]), pair.partial(y="k").expand(x=[7, 8])) >> [converted, kwargs]
