"""MLflow: a run with a metric in a SQLite store, whose tables its own migrations make."""

import os
import tempfile

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("mlflow")


@dag.task
def work() -> list:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    import mlflow

    folder = tempfile.mkdtemp()
    mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
    mlflow.create_experiment("desk", artifact_location=f"file://{folder}/artifacts")
    mlflow.set_experiment("desk")
    with mlflow.start_run() as run:
        mlflow.log_param("depth", 2)
        mlflow.log_metric("error", 0.5)
        mlflow.log_text("hello", "note.txt")
    found = mlflow.search_runs(experiment_names=["desk"])
    note = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/note.txt")
    return [len(found), found["metrics.error"].tolist(), found["params.depth"].tolist(), note]
