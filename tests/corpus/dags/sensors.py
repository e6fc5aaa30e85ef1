"""A sensor that polls, its value, and an isolated task that uses the value."""

from __future__ import annotations

import pendulum

from airflow.sdk import PokeReturnValue, Variable, dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def sensors():
    @task.sensor(poke_interval=1, timeout=60, mode="poke")
    def wait_for_region() -> PokeReturnValue:
        region = Variable.get("corpus_region", default=None)
        print("region is", region)
        return PokeReturnValue(is_done=region is not None, xcom_value={"region": region})

    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
    def use(found):
        import inflection

        print(inflection.humanize(found["region"]))
        return inflection.humanize(found["region"])

    use(wait_for_region())


sensors()
