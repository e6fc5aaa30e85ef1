"""The bundle."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import sys

from faults import stage
from faults.hows import HOWS, in_thread_after_main

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("faults")
log = logging.getLogger("faults")

LARGE = 16 << 20


fired = False


def fire():
    """Fail now, if this is the first time."""
    global fired
    if fired:
        return
    fired = True
    stage.reach(stage.WHEN)
    HOWS[stage.HOW]()


class Text:
    """Fails when somebody formats it."""

    def __str__(self):
        fire()
        return "formatted"


class Value(dict):
    """Fails when somebody reads it, as the runtime does with a return value."""

    def items(self):
        fire()
        return super().items()


def on_signal(function):
    """Call a function in a handler of the author's, and a file says that it was called."""

    def handler(*_):
        fire()

    signal.signal(signal.SIGUSR1, handler)


if os.environ.get("TRAP_TASK") == "author" and stage.WHEN == "at import":
    fire()
elif os.environ.get("TRAP_TASK") == "stages" and stage.WHEN == "at import":
    stage.reach("at import")
    stage.hold()


@dag.task
def author(client: Client) -> object:
    """The author's code fails, at the moment that TRAP_WHEN names."""
    log.info("the task runs")
    if stage.WHEN == "in the task":
        fire()
    elif stage.WHEN == "in a client call":
        on_signal(fire)
        client.get_variable("call")
    elif stage.WHEN == "in a large push":
        on_signal(fire)
        client.xcom.set("large", "x" * LARGE)
    elif stage.WHEN == "while logging":
        log.info("%s", Text())
    elif stage.WHEN == "at the return":
        return Value(a=1)
    elif stage.WHEN == "after the terminal message":
        in_thread_after_main(fire)
    elif stage.WHEN == "in atexit":
        atexit.register(fire)
    return None


@dag.task
def child(client: Client) -> None:
    """The task starts processes, and one of them fails or stays."""
    from faults.children import CHILDREN

    log.info("the task runs")
    own = os.getpid()
    CHILDREN[stage.HOW]()
    if os.getpid() == own:
        stage.reach("returns")
        client.get_variable("call")


@dag.task
def stages(client: Client) -> None:
    """The task goes through all moments, and waits at the one that TRAP_WHEN names."""
    log.info("the task runs")
    if stage.WHEN == "in the task":
        stage.reach("in the task")
        stage.hold()
    if stage.WHEN == "in a client call":
        client.get_variable("call")
    if stage.WHEN == "in a large push":
        client.xcom.set("large", "x" * LARGE)
    if stage.WHEN == "while logging":
        stage.reach("while logging")
        for number in range(int(os.environ.get("TRAP_RECORDS", "400"))):
            log.info("<0-%d>%s", number, "y" * 50_000)
    if stage.WHEN == "after the terminal message":
        in_thread_after_main(lambda: (stage.reach("after the terminal message"), stage.hold()))
    if stage.WHEN == "in atexit":
        atexit.register(lambda: (stage.reach("in atexit"), stage.hold()))


@dag.task
def torture() -> None:
    """Many records from many writers."""
    from faults.outputs import TORTURES

    TORTURES[stage.HOW]()


@dag.task
def secrets(client: Client) -> None:
    """A secret leaves in every form and through every output."""
    from faults.outputs import OUTPUTS, forms

    connection = client.get_connection("db")
    output = OUTPUTS[stage.HOW]
    for text in forms(connection.password).values():
        output(text)
    if stage.WHEN == "in atexit":
        atexit.register(output, connection.password)
    if stage.WHEN == "at the return":
        raise RuntimeError(f"cannot log in with {connection.password}")


@dag.task
def host() -> dict[str, object]:
    """What the task sees of its host."""
    import encodings.idna
    import sqlite3

    print("ä prints")
    return {"encoding": sys.getfilesystemencoding(), "database": sqlite3.sqlite_version_info[0], "argv": len(sys.argv)}


@dag.task
def environment() -> str:
    """The environment that the task and its programs get."""
    import subprocess

    code = "import json, os; print(json.dumps(dict(os.environ)))"
    child = json.loads(subprocess.run(["/usr/bin/env", "python3", "-c", code], capture_output=True, check=True).stdout)
    names = [name for name in child if name.startswith(("LD_", "PYTHON"))]
    return json.dumps({name: child[name] for name in sorted(names)})
