"""Tasks that a test stops at their first try, and that succeed at their second try."""

from __future__ import annotations

import logging
import os
import subprocess
import threading

from dagfloe import Client, Context
from demo.base import SOON, START, bundle

dag = bundle.dag("stops", start_date=START)


@dag.task
def cleared(context: Context, client: Client, log: logging.Logger) -> int:
    if context.try_number == 1:
        context.on_cancel(lambda: log.info("undone", extra={"part": 7}))
        _wait(log)
    return context.try_number


@dag.task(retries=1, retry_delay=SOON)
def killed(context: Context, log: logging.Logger) -> int:
    if context.try_number == 1:
        _wait(log)
    return context.try_number


def _wait(log: logging.Logger) -> None:
    child = subprocess.Popen(["sleep", "300"])  # must end with the task
    log.info("waiting", extra={"pid": os.getpid(), "child": child.pid})
    try:
        threading.Event().wait(300)
    finally:
        log.info("unwound")
