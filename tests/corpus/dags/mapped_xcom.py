"""A task for each item that another task found."""

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def mapped_xcom():
    @task
    def list_files():
        return ["a.csv", "notes.txt", "b.csv"]

    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False, max_active_tis_per_dagrun=2)
    def inspect(name, folder):
        import inflection

        stem, _, suffix = name.partition(".")
        print(f"{folder}/{name}: {inflection.ordinalize(len(stem))} of kind {suffix}")
        return {"name": name, "is_table": suffix == "csv"}

    @task
    def tables(files):
        names = [file["name"] for file in files if file["is_table"]]
        print(names)
        return names

    tables(inspect.partial(folder="inbox").expand(name=list_files()))


mapped_xcom()
