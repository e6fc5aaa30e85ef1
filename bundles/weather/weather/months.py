"""Functions on data frames, which the tasks call."""

from __future__ import annotations

import pandas as pd
from vega_datasets import data


def observations() -> pd.DataFrame:
    """Load daily observations in Seattle, 2012 to 2015: date, precipitation in mm, temperatures in degrees Celsius."""
    return data.seattle_weather()


def by_month(observed: pd.DataFrame) -> pd.DataFrame:
    """Aggregate rain and temperature by month.

    Args:
        observed: daily observations.

    Returns:
        One row for each month: `month` as YYYY-MM, the sum `rain_mm`, the average `temp_max_c`, the number of `days`.
    """
    month = pd.to_datetime(observed["date"]).dt.strftime("%Y-%m").rename("month")
    grouped = observed.groupby(month).agg(
        rain_mm=("precipitation", "sum"), temp_max_c=("temp_max", "mean"), days=("precipitation", "size")
    )
    return grouped.round(2).reset_index()


def wettest(months: pd.DataFrame) -> dict[str, object]:
    """Find the month with the most rain."""
    row = months.loc[months["rain_mm"].idxmax()]
    return {"month": str(row["month"]), "rain_mm": float(row["rain_mm"])}
