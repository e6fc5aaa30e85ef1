"""The branch itself runs in a virtual environment."""

import pendulum

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def branch_virtualenv():
    @task.branch_virtualenv(requirements=["packaging==24.2"], system_site_packages=False)
    def which(version: str):
        from packaging.version import Version

        print("the version is", Version(version))
        return "upgrade" if Version(version) < Version("2") else "keep"

    upgrade = EmptyOperator(task_id="upgrade")

    @task.virtualenv(requirements=["packaging==24.2"], system_site_packages=False)
    def keep():
        print("nothing to do")

    which("1.4.2") >> [upgrade, keep()]


branch_virtualenv()
