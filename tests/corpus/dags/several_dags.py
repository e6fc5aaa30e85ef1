"""Three Dags in one file, which share a function and a set of requirements."""

from datetime import datetime

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG, dag, task

START = datetime(2026, 1, 1)


def shout(word):
    import inflection

    result = inflection.pluralize(word).upper()
    print(result)
    return result


with DAG("several_first", schedule=None, start_date=START, catchup=False, tags=["corpus"]) as first:
    PythonVirtualenvOperator(
        task_id="shout",
        python_callable=shout,
        requirements=["inflection==0.5.1"],
        system_site_packages=False,
        op_args=["octopus"],
    )

with DAG("several_second", schedule=None, start_date=START, catchup=False, tags=["corpus"]) as second:
    PythonVirtualenvOperator(
        task_id="shout",
        python_callable=shout,
        requirements=["inflection==0.5.1"],
        system_site_packages=False,
        op_args=["mouse"],
    )


@dag(dag_id="several_third", schedule=None, start_date=START, catchup=False, tags=["corpus"])
def third():
    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
    def whisper(word):
        import inflection

        result = inflection.singularize(word).lower()
        print(result)
        return result

    whisper("OXEN")


third()
