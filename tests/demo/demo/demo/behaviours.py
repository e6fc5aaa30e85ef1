"""Tasks that exit, log and misbehave in ways that the supervisor must survive."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings

from dagfloe import Client, Context, current_context
from dagfloe.runtime.log.render import RESERVED
from demo.base import bundle

dag = bundle.dag("behaviours")
log = logging.getLogger("behaviours")


@dag.task
def verbs(client: Client, context: Context) -> dict[str, object]:
    connection = client.get_connection("db")
    client.set_variable("written", "by the task", "a description")
    client.delete_variable("unwanted")
    client.set_xcom("own", {"n": [1, 2.5, None, True, "ü"]})
    client.delete_xcom("stale")
    return {
        "variable": client.get_variable("given"),
        "json": client.get_variable("json", deserialize_json=True),
        "missing": client.get_variable("missing", default="fallback"),
        "from_env": client.get_variable("from_env"),
        "connection": [connection.conn_type, connection.host, connection.port, connection.extra["mode"]],
        "env_connection": client.get_connection("env_db").host,
        "xcom": client.get_xcom("upstream"),
        "no_xcom": client.get_xcom("nobody", default="none"),
        "conf": dict(current_context().dag_run.conf),
        "ids": [context.dag_id, context.task_id, context.run_id, context.try_number, context.map_index],
    }


@dag.task
def missing_variable(client: Client) -> None:
    client.get_variable("missing")


@dag.task
def forbidden_variable(client: Client) -> None:
    client.get_variable("secret_of_others")


@dag.task
def exits_0() -> None:
    sys.exit(0)


@dag.task
def exits_3() -> None:
    sys.exit(3)


@dag.task
def vanishes_0() -> None:
    os._exit(0)


@dag.task
def vanishes_7() -> None:
    os._exit(7)


@dag.task
def blocks(context: Context, client: Client) -> None:
    context.on_cancel(lambda: log.info("cleanup"))
    context.on_cancel(lambda: client.set_variable("cleaned", "yes"))
    try:
        log.info("ready")
        threading.Event().wait()
    finally:
        log.info("unwound")


@dag.task
def stubborn() -> None:
    try:
        log.info("ready")
        threading.Event().wait()
    except BaseException:
        log.info("ignored")
    threading.Event().wait()


def square(number: int) -> int:
    return number * number


@dag.task
def spawns() -> list[int]:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(square, range(4))


@dag.task
def starts_program() -> str:
    answer = subprocess.run(["env"], capture_output=True, text=True, check=True)
    return ",".join(line for line in answer.stdout.splitlines() if line.startswith("LD_LIBRARY_PATH"))


@dag.task
def speaks() -> None:
    log.debug("too quiet")
    logging.getLogger("loud.part").debug("loud enough")
    log.warning("careful", extra={"rows": 3, "nested": {"a": [1]}})
    print("printed")
    print("to stderr", file=sys.stderr)
    warnings.warn("warned", stacklevel=1)
    os.write(1, b"raw stdout\n")
    os.write(2, b"raw stderr\n")


@dag.task
def odd_records() -> None:
    cycle: list[object] = []
    cycle.append(cycle)

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    for name in sorted(RESERVED):
        record = logging.makeLogRecord({"name": "odd", "msg": f"field {name}", "levelno": 20, "levelname": "INFO"})
        if name not in ("exc_info", "stack_info", "msg"):
            setattr(record, name, "x")
        logging.getLogger("odd").handle(record)
    values = [
        float("nan"),
        float("inf"),
        "\ud800",
        2**200,
        cycle,
        Hostile(),
        b"\xff",
        {1: {2}},
        object,
        "\0\n\r\x1b[0m",
    ]
    for number, value in enumerate(values):
        log.info("value %d", number, extra={"value": value})
    log.info("arguments %d", "do not fit")
    log.info("x" * 1_000_000)
    log.log(5, "very low")
    log.log(35, "between")
    log.info(Hostile())  # type: ignore[arg-type]
    log.info("the last one")


@dag.task
def secretive(client: Client) -> None:
    connection = client.get_connection("db")
    client.mask_secret("open-sesame")
    log.info("password %s extra %s", connection.password, connection.extra_text)
    log.info("in a field", extra={"uri": connection.uri, "token": connection.extra["token"]})
    print("open-sesame")
    raise RuntimeError(f"cannot log in with {connection.password} or {connection.extra['token']} or open-sesame")


@dag.task
def not_json() -> object:
    return {"rows": [{"ok": 1}, {"bad": {1, 2}}]}


@dag.task
def large(client: Client) -> str:
    assert len(client.get_xcom("upstream")) == 5_000_000
    return "y" * 5_000_000


@dag.task
def needs(country: str, year: int = 2020) -> None:
    log.info("ran")
