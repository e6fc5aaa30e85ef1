"""Values that are pickled on their way into and out of an isolated task: a set, a class of the standard library."""

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def serializers():
    @task.virtualenv(requirements=["dill==0.3.9"], serializer="dill", system_site_packages=False)
    def with_dill(names):
        print(sorted(names))
        return {name: len(name) for name in names}

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def with_pickle(lengths: dict, minimum: int = 4):
        chosen = tuple(name for name, length in sorted(lengths.items()) if length >= minimum)
        print(chosen)
        return chosen

    @task
    def show(chosen):
        print(type(chosen).__name__, list(chosen))

    show(with_pickle(with_dill(["ann", "bert", "chris"])))


serializers()
