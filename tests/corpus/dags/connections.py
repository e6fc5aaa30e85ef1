"""Connections of Airflow: by BaseHook, by Connection, and a parameter from a template."""

from __future__ import annotations

import pendulum

from airflow.sdk import BaseHook, Connection, dag, task

CONN_ID = "corpus_api"


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def connections():
    @task
    def by_hook():
        conn = BaseHook.get_connection(CONN_ID)
        print(conn.conn_id, conn.conn_type, conn.host, conn.port, conn.schema, conn.login)
        print("timeout", conn.extra_dejson["timeout"], "password of", len(conn.password), "characters")
        return conn.get_uri().split("@")[-1]

    @task
    def by_connection():
        conn = Connection.get(CONN_ID)
        return {"host": conn.host, "extra": conn.extra_dejson.get("timeout"), "none": conn.extra_dejson.get("no")}

    @task
    def missing():
        try:
            BaseHook.get_connection("corpus_nowhere")
        except Exception as error:
            print(type(error).__name__)
            raise

    @task(trigger_rule="all_done")
    def after():
        print("after all")

    @task.virtualenv(requirements=["colorama==0.4.6"], system_site_packages=False)
    def templated(address: str):
        print(address)
        return address

    by_hook() >> by_connection() >> missing() >> after()
    templated("https://{{ conn.corpus_api.host }}:{{ conn.corpus_api.port }}/v1")


connections()
