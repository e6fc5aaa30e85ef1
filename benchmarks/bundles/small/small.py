"""A task with one variable, ten log records, one XCom and no dependencies."""

from __future__ import annotations

import logging

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("small")
RECORDS = 10


@dag.task
def work(client: Client, log: logging.Logger) -> dict[str, str]:
    """Read a variable, write log records and return an XCom."""
    name = client.get_variable("name")
    for number in range(RECORDS):
        log.info("record %d for %s", number, name)
    return {"greeting": f"Hello, {name}!"}
