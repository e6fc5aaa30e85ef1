"""Options of the environment: the version of Python, a cache, variables of the environment."""

import tempfile
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG, task

VENVS = Path(tempfile.gettempdir()) / "venvs"


def which_python():
    import sys

    print("Python", ".".join(map(str, sys.version_info[:2])))
    return list(sys.version_info[:2])


with DAG("venv_options", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, tags=["corpus"]):
    version = PythonVirtualenvOperator(
        task_id="which_python",
        python_callable=which_python,
        python_version="3.11",
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
    )

    @task.virtualenv(
        requirements=["colorama==0.4.6"],
        system_site_packages=False,
        venv_cache_path=str(VENVS),
        pip_install_options=["--no-deps"],
    )
    def cached(python: list[int]):
        import colorama

        print(colorama.__version__, "with", python)
        return colorama.__version__

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False, env_vars={"CORPUS_REGION": "south"})
    def environment():
        import os

        print(os.environ["CORPUS_REGION"])
        return os.environ["CORPUS_REGION"]

    cached(version.output) >> environment()
