"""The smallest useful bundle: two tasks, no dependencies."""

from __future__ import annotations

import logging
import platform

from dagfloe import Bundle, Client, Context

bundle = Bundle()
dag = bundle.dag("hello")


def greeting(name: str) -> str:
    """Return the greeting for a name."""
    return f"Hello, {name}!"


@dag.task
def greet(client: Client, context: Context, log: logging.Logger) -> dict[str, str]:
    """Greet the name in the variable `hello_name`."""
    text = greeting(client.get_variable("hello_name", default="world"))
    log.info("%s This is try %d of run %s.", text, context.try_number, context.run_id)
    return {"greeting": text, "python": platform.python_version()}


@dag.task
def count(greeted: dict[str, str], log: logging.Logger) -> int:
    """Count the letters of the greeting."""
    letters = sum(map(str.isalpha, greeted["greeting"]))
    log.info("%r has %d letters", greeted["greeting"], letters)
    return letters


with dag:
    count(greet())
