"""LightGBM: a small regression through both interfaces."""

import lightgbm as lgb
import numpy as np

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("lightgbm")


@dag.task
def work() -> list:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = (x[:, 0] > 0).astype(int)
    booster = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lgb.Dataset(x, y), 5)
    model = lgb.LGBMClassifier(n_estimators=5, n_jobs=2, verbose=-1).fit(x, y)
    return [booster.num_trees(), round(float(model.score(x, y)), 3), booster.feature_name()]
