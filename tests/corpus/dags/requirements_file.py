"""Requirements in a file beside the Dag, and requirements that are a template."""

from datetime import datetime
from pathlib import Path

from airflow import DAG
from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import task

HERE = Path(__file__).parent


def titles(words):
    import inflection

    result = [inflection.titleize(word) for word in words]
    print(result)
    return result


with DAG(
    "requirements_file",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params={"version": "0.5.1"},
    template_searchpath=[str(HERE)],
    tags=["corpus"],
):
    from_file = PythonVirtualenvOperator(
        task_id="from_file",
        python_callable=titles,
        requirements="requirements_file.txt",
        system_site_packages=False,
        op_args=[["one_word", "another"]],
    )

    @task.virtualenv(requirements=["inflection=={{ params.version }}"], system_site_packages=False)
    def from_template(word):
        import inflection

        print(inflection.__version__)
        return inflection.underscore(word)

    @task.virtualenv(requirements=["inflection==0.5.1"], system_site_packages=False)
    def from_list(word):
        import inflection

        print(inflection.dasherize(word))
        return inflection.dasherize(word)

    from_file >> from_template("CamelCase") >> from_list("snake_case")
