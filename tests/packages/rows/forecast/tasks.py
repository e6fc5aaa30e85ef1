"""Prophet: a small fit with Stan's programs, and holidays."""

import logging

import pandas as pd
from prophet import Prophet

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("prophet")


@dag.task
def work() -> list:
    logging.getLogger("cmdstanpy").disabled = True
    days = pd.date_range("2024-01-01", periods=60)
    frame = pd.DataFrame({"ds": days, "y": [float(index) + (index % 7) for index in range(60)]})
    model = Prophet(yearly_seasonality=False, daily_seasonality=False)
    model.add_country_holidays("DE")
    model.fit(frame, seed=1)
    forecast = model.predict(model.make_future_dataframe(3))
    return [len(forecast), round(float(forecast["yhat"].iloc[-1])), sorted(model.train_holiday_names)[:3]]
