"""Variables of Airflow: read, read as JSON, with a default, and written."""

import pendulum

from airflow.sdk import Variable, dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def variables():
    @task
    def read():
        region = Variable.get("corpus_region")
        limits = Variable.get("corpus_limits", deserialize_json=True)
        fallback = Variable.get("corpus_missing", default="default")
        print(region, limits["rows"], fallback)
        return [region, limits, fallback]

    @task
    def missing():
        try:
            Variable.get("corpus_missing")
        except Exception as error:
            print("missing:", type(error).__name__)

    @task
    def write(value):
        Variable.set("corpus_written", value, description="Written by a task")
        Variable.set("corpus_written_json", {"value": value}, serialize_json=True)
        print(Variable.get("corpus_written"), Variable.get("corpus_written_json", deserialize_json=True))
        Variable.delete("corpus_written_json")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def templated(region, rows):
        print(f"{rows} rows of {region}")
        return f"{region}:{rows}"

    found = read()
    found >> missing() >> write("v1")
    found >> templated("{{ var.value.corpus_region }}", rows="{{ var.json.corpus_limits.rows }}")


variables()
