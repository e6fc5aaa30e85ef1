"""
### Prices of a shop

Reads the price list, converts it, and prints the sum. The list is a string, so that the Dag needs no network.
"""

from __future__ import annotations

import pendulum

from airflow.sdk import dag, task


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    doc_md=__doc__,
    tags=["corpus", "etl"],
)
def venv_etl():
    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
    def extract(names: list) -> dict:
        """Read the list, and make tidy names of what people typed."""
        import json

        import inflection

        text = '{"GreenTea": 4.5, "BlackTea": 3.25, "HerbTea": 2.75}'
        prices = {inflection.underscore(name): price for name, price in json.loads(text).items()}
        for name, price in prices.items():
            print(f"{name:>10} costs {price:.2f}")
        print("asked for", ", ".join(names))
        return {name: prices[name] for name in names}

    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
    def transform(prices: dict, rate: float = 1.0):
        import inflection

        converted = {inflection.titleize(name): round(price * rate, 2) for name, price in prices.items()}
        print(converted)
        return converted

    @task
    def load(prices: dict) -> float:
        total = sum(prices.values())
        print(f"total: {total:.2f}")
        return total

    load(transform(extract(["green_tea", "herb_tea"]), rate=2.0))


venv_etl()
