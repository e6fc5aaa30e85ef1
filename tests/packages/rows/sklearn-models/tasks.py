"""scikit-learn: a forest with n_jobs=2, a grid search in loky's processes, and a pickle through joblib."""

import tempfile
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("sklearn")


@dag.task
def work() -> list:
    x, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(20, random_state=0, n_jobs=2).fit(x, y)
    line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    grid = GridSearchCV(line, {"logisticregression__C": [0.1, 1.0]}, cv=3, n_jobs=2).fit(x, y)
    scores = cross_val_score(line, x, y, cv=3, n_jobs=2)
    path = Path(tempfile.mkdtemp(), "model.joblib")
    joblib.dump(grid.best_estimator_, path)
    return [
        round(forest.score(x, y), 3),
        grid.best_params_,
        [round(float(score), 3) for score in scores],
        joblib.load(path).predict(x[:3]).tolist(),
    ]
