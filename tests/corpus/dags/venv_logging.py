"""Isolated tasks that log, print and warn, each in its own way."""

import pendulum

from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def venv_logging():
    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def configured():
        import logging
        import sys

        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
        logging.info("an info of the root logger")
        logging.getLogger("corpus.parts").warning("a warning of %s", "parts")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def not_configured():
        import logging

        log = logging.getLogger("corpus.quiet")
        log.info("too quiet for a process that nobody configured")
        log.error("an error is shown")
        print("printed last")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def prints():
        import sys

        print("one", "two", sep="\n")
        print("no newline", end="")
        print(" and the rest")
        print("to stderr", file=sys.stderr)
        sys.stdout.write("done\n")

    configured() >> not_configured() >> prints()


venv_logging()
