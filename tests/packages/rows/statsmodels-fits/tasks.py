"""statsmodels: a regression by formula, and a data set of its own."""

import statsmodels.api as sm
import statsmodels.formula.api as smf

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("statsmodels")


@dag.task
def work() -> list:
    data = sm.datasets.longley.load_pandas().data
    result = smf.ols("TOTEMP ~ GNP + UNEMP", data=data).fit()
    model = sm.tsa.ARIMA(data["TOTEMP"].to_numpy(), order=(1, 0, 0)).fit()
    return [data.shape, round(float(result.rsquared), 4), sorted(result.params.index), len(model.params)]
