"""Tasks that use variables, connections and secrets, and a task that exchanges XComs with ordinary Python tasks."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dagfloe import Client
from demo.base import START, bundle

dag = bundle.dag("talks", start_date=START)


@dag.task
def variables(client: Client) -> dict[str, object]:
    client.set_variable("e2e_written", "by the task", "a description")
    client.delete_variable("e2e_unwanted")
    return {
        "given": client.get_variable("e2e_given"),
        "json": client.get_variable("e2e_json", deserialize_json=True),
        "missing": client.get_variable("e2e_missing", default="fallback"),
        "written": client.get_variable("e2e_written"),
    }


@dag.task
def connections(client: Client, log: logging.Logger) -> list[object]:
    warehouse = client.get_connection("e2e_warehouse")
    log.info("the password is %s", warehouse.password)
    log.info("the extra is %s", warehouse.extra, extra={"token": warehouse.extra["token"]})
    return [warehouse.conn_type, warehouse.host, warehouse.port, warehouse.login, warehouse.extra["mode"]]


@dag.task
def secretive(client: Client, log: logging.Logger) -> None:
    client.mask_secret("open-sesame")
    log.info("the word is %s", "open-sesame", extra={"word": "open-sesame"})
    print("printed: open-sesame")  # noqa: T201 - goes into the task's log
    log.info("the key is %s", client.get_variable("e2e_api_key"))
    raise PermissionError("nobody opens with open-sesame")


mixed = bundle.dag("mixed")


@mixed.task
def later(client: Client) -> dict[str, object]:
    """Read the XCom of an ordinary Python task, with a datetime."""
    pushed = client.get_xcom("pushes")
    when: datetime = pushed["when"]
    return {"next day": (when + timedelta(days=1)).isoformat(), "twice": 2 * pushed["n"]}
