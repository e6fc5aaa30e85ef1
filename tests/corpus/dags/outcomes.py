"""All ways in which a task can end: success, skip, failure, failure without a retry, and a retry that succeeds."""

from __future__ import annotations

import logging
from datetime import timedelta

import pendulum

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

logger = logging.getLogger(__name__)


class NotReady(AirflowException):
    """The source is not ready."""


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retry_delay": timedelta(seconds=1)},
    tags=["corpus"],
)
def outcomes():
    @task
    def skips():
        logger.info("nothing new today")
        raise AirflowSkipException("no new rows")

    @task(retries=3)
    def fails_at_once():
        logger.error("the key is wrong")
        raise AirflowFailException("a retry would not help")

    @task(retries=2)
    def succeeds_later(ti):
        logger.info("try %d", ti.try_number)
        if ti.try_number < 3:
            raise NotReady(f"not after {ti.try_number}")
        return ti.try_number

    @task(retries=1)
    def fails_in_the_end():
        logger.warning("about to divide")
        return 1 / 0

    @task
    def after_skip():
        print("never seen")

    @task(trigger_rule="all_done")
    def always():
        print("cleaning up")
        return "clean"

    @task(trigger_rule="one_failed")
    def on_failure():
        print("telling people")

    skipped, failed, retried, broken = skips(), fails_at_once(), succeeds_later(), fails_in_the_end()
    skipped >> after_skip()
    [skipped, failed, retried, broken] >> always()
    [failed, broken] >> on_failure()


outcomes()
