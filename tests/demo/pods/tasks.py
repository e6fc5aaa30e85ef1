"""Tasks for pods that end too early: `tests/pods`. The first try waits, and the second one ends at once."""

from __future__ import annotations

import logging
import os
import subprocess
import time

from dagfloe import Bundle, Context

bundle = Bundle()
patient, stubborn, other = bundle.dag("patient_pod"), bundle.dag("stubborn_pod"), bundle.dag("other_image")


@patient.task(task_id="work")
def wait(context: Context, log: logging.Logger) -> int:
    """Leave a child in a session of its own, and wait."""
    log.info("uid %d, gid %d, try %d", os.getuid(), os.getgid(), context.try_number)
    if context.try_number == 1:
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        context.on_cancel(lambda: log.info("cleaned up"))
        log.info("waiting")
        time.sleep(600)
    return context.try_number


@stubborn.task(task_id="work")
def refuse(context: Context, log: logging.Logger) -> int:
    """Wait in a block that a stop cannot interrupt."""
    if context.try_number == 1:
        with context.shield():
            log.info("waiting")
            time.sleep(600)
    return context.try_number


@other.task(task_id="work")
def succeed() -> None:
    """End at once."""
