"""XGBoost: a small classifier, and its model as JSON."""

import numpy as np
import xgboost as xgb

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("xgboost")


@dag.task
def work() -> list:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    model = xgb.XGBClassifier(n_estimators=10, max_depth=2, n_jobs=2, random_state=0).fit(x, y)
    booster = xgb.train({"max_depth": 2, "objective": "reg:squarederror"}, xgb.DMatrix(x, y), 5)
    return [round(float(model.score(x, y)), 3), sorted(booster.get_score()), len(booster.get_dump(dump_format="json"))]
