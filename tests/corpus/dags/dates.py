"""Dates and other values that are not plain JSON, between ordinary and isolated tasks."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def dates():
    @task
    def values():
        return {
            "at": datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
            "day": date(2026, 2, 3),
            "for": timedelta(hours=36),
            "price": Decimal("12.50"),
        }

    @task.virtualenv(requirements=["python-dateutil==2.9.0.post0", "pendulum>=3"], system_site_packages=False)
    def shift(given):
        from dateutil.relativedelta import relativedelta

        later = given["at"] + relativedelta(months=1)
        print(given["at"].isoformat(), "and a month is", later.isoformat())
        print(given["day"].weekday(), given["for"].total_seconds(), given["price"] * 2)
        return later

    @task.virtualenv(requirements=["python-dateutil==2.9.0.post0", "pendulum>=3"], system_site_packages=False)
    def pair(later):
        from datetime import timedelta

        return (later, later + timedelta(days=1)), {"seconds": timedelta(seconds=90)}

    @task
    def show(pair):
        (first, second), rest = pair
        print(first.isoformat(), second - first, rest["seconds"])
        return {1, 2, 3} == {3, 2, 1}

    show(pair(shift(values())))


dates()
