"""Tasks that use hooks and operators of providers beside an isolated one."""

import pendulum

from airflow.providers.standard.hooks.filesystem import FSHook
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def provider_hooks():
    @task
    def base_path():
        hook = FSHook("corpus_files")
        print("files are in", hook.get_path())
        return hook.get_path()

    @task.virtualenv(requirements=["humanize==4.9.0"], system_site_packages=False)
    def say(path, files):
        import humanize

        text = f"{humanize.apnumber(len(files))} files in {path}"
        print(text)
        return text

    echo = BashOperator(task_id="echo", bash_command="echo said: {{ ti.xcom_pull(task_ids='say') }}")

    say(base_path(), ["a", "b"]) >> echo


provider_hooks()
